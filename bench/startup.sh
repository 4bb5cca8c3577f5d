#!/usr/bin/env bash
# How long a job takes from the command to its end: start the ranks, wire the topology, one barrier, a line each, exit.
# Interleaved with Open MPI's mpirun of the same program in C. Prints a markdown table: time, and peak memory over all processes.
#
#   bench/startup.sh [--ranks N] [--repeats R] [--topology T] [--no-aot] [--out FILE.md]
#
# --ranks default 64; --topology default mesh, so ours wires every pair before the barrier. MPI libraries connect a pair at
# its first message: 'mpirun, wired' is the same program after each rank has also exchanged a byte with every other.
# Memory is the sum of proportional set sizes (shared pages counted once), sampled in a run of its own.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
build=${TMPDIR:-/tmp}/boxer-bench-$(id -u)
ranks=64 repeats=5 topology=mesh aot=1 out=

while [ $# -gt 0 ]; do
    case $1 in
        --ranks) ranks=$2 ;;
        --repeats) repeats=$2 ;;
        --topology) topology=$2 ;;
        --out) out=$2 ;;
        --no-aot) aot=; shift; continue ;;
        *) echo "startup.sh: unknown option $1; see the head of the file" >&2; exit 2 ;;
    esac
    shift 2
done

command -v mpirun.openmpi > /dev/null && command -v mpicc.openmpi > /dev/null ||
    { echo "startup.sh: Open MPI is missing: apt-get install openmpi-bin libopenmpi-dev" >&2; exit 1; }
mkdir -p "$build"
mpicc.openmpi -O2 -o "$build/mpi_hello" "$here/peers/mpi_hello.c"
dotnet build "$root/launcher/launcher.csproj" -c Release -v q -nologo >&2
boxer=$root/launcher/bin/Release/net10.0/boxer
hello=$here/Startup

run_mpirun() {
    mpirun.openmpi --allow-run-as-root --oversubscribe --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include lo -n "$ranks" "$build/mpi_hello" "$@"
}
run_wired() { run_mpirun --wire; }
run_jit() { "$boxer" run -n "$ranks" --topology "$topology" "$hello"; }
run_aot() { "$boxer" run -n "$ranks" --topology "$topology" --aot "$hello"; }

variants=(mpirun wired jit ${aot:+aot})
declare -A title=([mpirun]="mpirun, C" [wired]="mpirun, C, wired" [jit]="boxer run" [aot]="boxer run --aot")

timed() { # variant: seconds; fails unless every rank said hello
    local begin end lines
    begin=$(date +%s%N)
    lines=$("run_$1" 2> "$build/startup.err" | grep -c "Hello from rank") || true
    end=$(date +%s%N)
    [ "$lines" = "$ranks" ] || { echo "$1: $lines of $ranks ranks said hello" >&2; tail -5 "$build/startup.err" >&2; exit 1; }
    awk -v ns=$((end - begin)) 'BEGIN { printf "%.3f", ns / 1e9 }'
}

# Everything below a process, itself included.
descendants() {
    ps -e -o pid=,ppid= | awk -v top="$1" '
        { parent[$1] = $2 }
        END { for (pid in parent) for (p = pid; p in parent; p = parent[p]) if (p == top) { print pid; break } }'
}

peak_memory() { # variant: MiB
    local peak=0 now pid
    "run_$1" > /dev/null 2>&1 &
    pid=$!
    while kill -0 "$pid" 2> /dev/null; do
        now=$(descendants "$pid" | sed 's|.*|/proc/&/smaps_rollup|' | xargs cat 2> /dev/null | awk '/^Pss:/ { sum += $2 } END { print int(sum / 1024) }') || true
        [ "${now:-0}" -le "$peak" ] || peak=$now
    done
    wait "$pid" || true
    echo "$peak"
}

# The first run of each builds, publishes and fills the page cache; it is not counted.
for variant in "${variants[@]}"; do timed "$variant" > /dev/null; done

declare -A times ratios
for ((r = 1; r <= repeats; r++)); do
    for variant in "${variants[@]}"; do
        t=$(timed "$variant")
        times[$variant]+="$t "
        [ "$variant" = mpirun ] && base=$t
        ratios[$variant]+="$(awk -v a="$t" -v b="$base" 'BEGIN { printf "%.3f", a / b }') "
    done
done

median() { tr ' ' '\n' | sed '/^$/d' | sort -g | awk '{ a[NR] = $1 } END { printf "%.2f", NR % 2 ? a[(NR + 1) / 2] : (a[NR / 2] + a[NR / 2 + 1]) / 2 }'; }

report=$(
    echo "| $ranks ranks, $topology | median time, s | ratio to mpirun | peak memory, MiB |"
    echo "| --- | ---: | ---: | ---: |"
    for variant in "${variants[@]}"; do
        echo "| ${title[$variant]} | $(median <<< "${times[$variant]}") | $(median <<< "${ratios[$variant]}") | $(peak_memory "$variant") |"
    done
    echo
    echo "Median of $repeats interleaved repeats; ratios within a repeat. Target: at most 2 for both of ours."
)
echo "$report"
[ -z "$out" ] || echo "$report" > "$out"
