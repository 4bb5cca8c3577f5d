#!/usr/bin/env bash
# Sets `boxer bench` beside Open MPI over TCP: same operations, same method, same machine, interleaved in one run.
#
#   bench/compare.sh [--ops LIST] [--ranks LIST] [--bytes LIST] [--repeats N] [--seconds S] [--warmup S]
#                    [--out FILE.md] [--raw FILE.tsv] [--boxer COMMAND] [--mpich]
#
# --ops     default: all; e.g. pingpong,allreduce
# --ranks   default 2,4,8,16; the point-to-point operations run where 2 is among them
# --bytes   default: per operation, the sizes that have a target; e.g. 8,64K
# --repeats default 5; a repeat runs the peer, then ours; a ratio is always taken within one repeat
# --seconds timed per operation and size (0.15); --warmup per operation, the first of a process twice that (0.3 times the ranks a
#           core: they share the time in which .NET compiles what runs hot)
# --out     also write the table as markdown; --raw keeps every measurement
# --boxer   the command to measure; default: this repository's, published ReadyToRun as `boxer run` does it with programs
# --mpich   at 2 ranks also run MPICH over TCP; the ratio is then to the faster of the two
#
# All of it takes about 20 minutes on 2 quiet cores. The table names the target of the first release and the final one.
#
# Exit code 0 when everything was measured, whatever the verdicts; 1 when a measurement is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
build=${TMPDIR:-/tmp}/boxer-bench-$(id -u)
ops= ranks=2,4,8,16 bytes= repeats=5 seconds=0.15 warmup= out= raw= boxer= mpich=
command_line="bench/compare.sh${*:+ $*}"

while [ $# -gt 0 ]; do
    case $1 in
        --ops) ops=$2 ;;
        --ranks) ranks=$2 ;;
        --bytes) bytes=$2 ;;
        --repeats) repeats=$2 ;;
        --seconds) seconds=$2 ;;
        --warmup) warmup=$2 ;;
        --out) out=$2 ;;
        --raw) raw=$2 ;;
        --boxer) boxer=$2 ;;
        --mpich) mpich=1; shift; continue ;;
        -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        *) echo "compare.sh: unknown option $1; see --help" >&2; exit 2 ;;
    esac
    shift 2
done

mkdir -p "$build"
raw=${raw:-$build/raw.tsv}
: > "$raw"

install_missing() {
    local missing=()
    command -v mpirun.openmpi > /dev/null && command -v mpicc.openmpi > /dev/null || missing+=(openmpi-bin libopenmpi-dev)
    [ -z "$mpich" ] || command -v mpirun.mpich > /dev/null || missing+=(mpich libmpich-dev)
    [ ${#missing[@]} -gt 0 ] || return 0
    echo "Installing ${missing[*]}" >&2
    local sudo=
    [ "$(id -u)" = 0 ] || sudo=sudo
    $sudo apt-get update -qq && DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -qq --no-install-recommends "${missing[@]}" >&2
}

install_missing
mpicc.openmpi -O2 -std=c11 -o "$build/mpi_bench" "$here/peers/mpi_bench.c" -lm
gcc -O2 -std=c11 -o "$build/plain_tcp" "$here/peers/plain_tcp.c"
[ -z "$mpich" ] || mpicc.mpich -O2 -std=c11 -o "$build/mpi_bench.mpich" "$here/peers/mpi_bench.c" -lm
if [ -z "$boxer" ]; then
    dotnet publish "$root/launcher/launcher.csproj" -c Release --use-current-runtime --self-contained false -p:PublishReadyToRun=true \
        -o "$build/boxer" -v q -nologo >&2
    boxer=$build/boxer/boxer
fi

warmup_of() { # ranks
    [ -n "$warmup" ] && echo "$warmup" || awk -v ranks="$1" -v cores="$(nproc)" 'BEGIN { print 0.3 * (ranks > cores ? ranks / cores : 1) }'
}

run_openmpi() { # ranks ops bytes
    timeout 120 mpirun.openmpi --allow-run-as-root --oversubscribe --mca pml ob1 --mca btl tcp,self --mca btl_tcp_if_include lo \
        -n "$1" "$build/mpi_bench" "$2" --bytes "$3" --seconds "$seconds" --warmup "$(warmup_of "$1")"
}
run_mpich() {
    MPIR_CVAR_NOLOCAL=1 UCX_TLS=tcp,self UCX_NET_DEVICES=lo timeout 60 mpirun.mpich -n "$1" "$build/mpi_bench.mpich" "$2" \
        --bytes "$3" --seconds "$seconds" --warmup "$(warmup_of "$1")"
}
run_plain() { "$build/plain_tcp" --bytes "$3" --seconds "$seconds"; }
run_boxer() {
    # shellcheck disable=SC2086 # COMMAND may carry arguments
    timeout 120 $boxer bench "$2" -n "$1" --bytes "$3" --json "$build/boxer.json" --seconds "$seconds" --warmup "$(warmup_of "$1")" > "$build/boxer.out" 2>&1 ||
        { tail -5 "$build/boxer.out" >&2; return 1; }
    cat "$build/boxer.json"
}

failures=0
measure() { # who repeat ranks ops bytes
    local lines
    rm -f "$build/boxer.json"
    if ! lines=$("run_$1" "$3" "$4" "$5"); then
        echo "$1 failed: $4 at $3 ranks, $5 bytes" >&2
        failures=$((failures + 1))
        lines=$(cat "$build/boxer.json" 2> /dev/null || true)
    fi
    # {"op":"x","ranks":2,"bytes":8,"us_min":…,"us_median":…} → who repeat op ranks bytes us_median
    printf '%s\n' "$lines" | sed -n 's/.*"op":"\([a-z_]*\)","ranks":\([0-9]*\),"bytes":\([0-9]*\),.*"us_median":\([0-9.]*\).*/\1\t\2\t\3\t\4/p' |
        sed "s/^/$1\t$2\t/" >> "$raw"
}

wanted() { # from a list of operations those that --ops allows
    local kept=() op
    for op in ${1//,/ }; do
        case ",${ops:-$1}," in *",$op,"*) kept+=("$op") ;; esac
    done
    (IFS=,; echo "${kept[*]:-}")
}

group() { # ranks "op,op" bytes: one process a side and repeat
    local chosen r
    chosen=$(wanted "$2")
    [ -n "$chosen" ] || return 0
    for ((r = 1; r <= repeats; r++)); do
        measure openmpi "$r" "$1" "$chosen" "${bytes:-$3}"
        [ -z "$mpich" ] || [ "$1" != 2 ] || measure mpich "$r" "$1" "$chosen" "${bytes:-$3}"
        [ "$chosen" != pingpong ] || measure plain "$r" 2 pingpong "${bytes:-$3}"
        measure boxer "$r" "$1" "$chosen" "${bytes:-$3}"
    done
    echo "$1 ranks: $chosen done after $SECONDS s" >&2
}

case ",$ranks," in
    *,2,*)
        group 2 pingpong 8,1K,16K,64K,256K,1M,4M
        group 2 stream 64K
        group 2 mrate 8,256,1K
        ;;
esac
for n in ${ranks//,/ }; do
    group "$n" barrier,bcast,allreduce 8,1K,64K,1M
    group "$n" reduce 8,64K,1M
    group "$n" allgather,reduce_scatter_block 8,64K
    group "$n" alltoall,alltoallv 64,1K,64K,1M
done

report=$(awk -F'\t' '
    function median(list, n,    i, j, t, a) {
        n = split(list, a, " ")
        for (i = 2; i <= n; i++) { t = a[i] + 0; for (j = i - 1; j > 0 && a[j] + 0 > t; j--) a[j + 1] = a[j]; a[j + 1] = t }
        low = a[1]; high = a[n]
        return n % 2 ? a[(n + 1) / 2] : (a[n / 2] + a[n / 2 + 1]) / 2
    }
    # docs/benchmarks.md, "Targets": time ratios; a message rate of five times is a ratio of 0.2.
    function target(op, bytes) {
        if (op == "pingpong") return bytes <= 16384 ? 1.0 : bytes < 1048576 ? 0.8 : 1.4
        if (op == "stream") return 1.0
        if (op == "mrate") return 0.2
        return 1.3
    }
    function final(op, bytes, ranks) {
        if (op == "pingpong") return bytes <= 16384 ? 0.85 : bytes <= 65536 ? 0.45 : bytes < 1048576 ? 0.58 : 0.95
        if (op == "stream") return 0.55
        if (op == "mrate") return bytes < 1024 ? 1 / 25 : 1 / 18
        if (op == "barrier") return ranks <= 2 ? 0.75 : ranks <= 4 ? 0.8 : ranks <= 8 ? 0.6 : 0.5
        if (op == "allreduce") return bytes <= 1024 ? (ranks <= 4 ? 0.85 : 0.6) : bytes < 1048576 ? 0.5 : 0.7
        if (op == "bcast") return bytes <= 1024 ? 0.8 : bytes < 1048576 ? 0.5 : 0.7
        if (op == "allgather") return bytes <= 1024 ? 0.7 : 0.45
        if (op ~ /^alltoall/) return bytes <= 1024 ? 0.75 : bytes < 1048576 ? 0.4 : 0.8
        return 0.7
    }
    function human(b) { return b >= 1048576 && b % 1048576 == 0 ? b / 1048576 " MiB" : b >= 1024 && b % 1024 == 0 ? b / 1024 " KiB" : b " B" }
    {
        key = $3 FS $5 FS $4
        if (!(key in seen)) { seen[key] = 1; order[++keys] = key }
        time[$1, $2, key] = $6
        times[$1, key] = times[$1, key] " " $6
        if ($2 > repeats) repeats = $2
    }
    END {
        print "| op | bytes | ranks | ours, µs | peer, µs | ratio | range | target | final | |"
        print "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | --- |"
        for (k = 1; k <= keys; k++) {
            key = order[k]; split(key, part, FS); ratios = ""; plain = ""
            for (r = 1; r <= repeats; r++) {
                ours = time["boxer", r, key]; best = time["openmpi", r, key]; other = time["mpich", r, key]
                if (other != "" && (best == "" || other < best)) best = other
                if (ours != "" && best != "") ratios = ratios " " ours / best
                if (ours != "" && time["plain", r, key] != "") plain = plain " " ours / time["plain", r, key]
            }
            if (ratios == "") {
                printf "| %s | %s | %s | – | – | – | – | %.2f | %.2f | not measured |\n",
                    part[1], human(part[2]), part[3], target(part[1], part[2]), final(part[1], part[2], part[3])
                missing++
                continue
            }
            ratio = median(ratios); range = sprintf("%.2f–%.2f", low, high); goal = target(part[1], part[2])
            last = final(part[1], part[2], part[3])
            verdict = ratio <= last ? "met, final too" : ratio <= goal ? "met" : "**missed**"
            if (ratio <= goal) met++
            if (ratio <= last) metFinal++
            compared++
            if (plain != "") verdict = verdict sprintf(" (%.2f × plain C)", median(plain))
            printf "| %s | %s | %s | %.1f | %.1f | %.2f | %s | %.2f | %.2f | %s |\n", part[1], part[1] == "barrier" ? "" : human(part[2]), part[3],
                median(times["boxer", key]), median(times["openmpi", key]), ratio, range, goal, last, verdict
        }
        printf "\n%d of %d targets met, %d of them the final one too; %d not measured. Median of the ratios of %d interleaved repeats, ours / peer; below 1 is faster.\n",
            met, compared, metFinal, missing, repeats
    }' "$raw")

echo "$report"
if [ -n "$out" ]; then
    {
        echo "Machine: $(nproc) × $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), Linux $(uname -r), loopback; .NET $(dotnet --version 2> /dev/null || echo '?') SDK;"
        echo "peer: $(mpirun.openmpi --version | head -1)${mpich:+, at 2 ranks also MPICH $(mpirun.mpich --version | sed -n 's/.*Version: *//p')}, over TCP on \`lo\`."
        echo "Command: \`$command_line\`; took $SECONDS s."
        echo
        echo "$report"
    } > "$out"
fi
[ "$failures" = 0 ] || { echo "$failures runs failed" >&2; exit 1; }
