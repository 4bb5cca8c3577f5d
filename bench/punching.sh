#!/usr/bin/env bash
# How long links through NATs take, of ranks that are real processes, each on a host behind a NAT of its own. Needs root, nftables and jq.
#
#   bench/punching.sh [--repeats R] [--kinds LIST] [--delays LIST] [--jobs LIST] [--builds LIST] [--out FILE.md]
#
# --repeats  runs of each job (3); a mesh of 32 has 496 links, so three of them are over 1,000
# --kinds    kind of the NATs (cone: what functions of cloud services are taken to be behind); cone,remap deals them out in turn
# --delays   round-trip times in ms (0,20)
# --jobs     RANKS:TOPOLOGY (32:mesh,64:grid)
# --builds   aot,jit
#
# A link's time goes from the first step of either end until both ends have it, the longer of the two: connections through both NATs,
# proofs, and a block of 64 KiB there and back. 'After the last join' goes from then until the last rank has all its links.
# Prints a markdown table; exit code 1 when a job failed or a link was not punched.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
repeats=3 kinds=cone delays=0,20 jobs=32:mesh,64:grid builds=aot,jit out=

while [ $# -gt 0 ]; do
    case $1 in
        --repeats) repeats=$2 ;;
        --kinds) kinds=$2 ;;
        --delays) delays=$2 ;;
        --jobs) jobs=$2 ;;
        --builds) builds=$2 ;;
        --out) out=$2 ;;
        *) echo "punching.sh: unknown option $1; see the head of the file" >&2; exit 2 ;;
    esac
    shift 2
done

command -v jq > /dev/null || { echo "punching.sh: jq is missing: apt-get install jq" >&2; exit 1; }
reports=$(mktemp -d)
trap 'rm -rf "$reports"' EXIT
dotnet build "$root/launcher/launcher.csproj" -c Release -v q -nologo >&2
boxer=$root/launcher/bin/Release/net10.0/boxer

# The program of bench/startup.sh: join, wire-up, a barrier, a line each.
run() { # ranks topology build delay report
    local aot=()
    [ "$3" = jit ] || aot=(--aot)
    "$boxer" run -n "$1" --topology "$2" --on natlab --nat "$kinds" --delay "$4" --timeout 120 ${aot[@]+"${aot[@]}"} --report "$5" "$here/Startup" > /dev/null
}

row() { # ranks topology build delay reports…
    local title="$1 hosts, $2 | $3 | $4"
    shift 4
    jq -rs --arg title "$title" '
        def part(p): sort | .[((p * length | ceil) - 1)];
        def ms: . * 1e4 | round / 10;
        [.[].wireUp.pairs[]] as $links | [$links[].seconds] as $times | [.[].wireUpSeconds] as $wired
        | ($links | map(select(.way == "punched")) | length) as $punched
        | "| \($title) | \(length) | \($punched) of \([.[].topology.links] | add) | \($links | map(.attempts) | add) | "
          + "\($times | part(0.5) | ms) | \($times | part(0.99) | ms) | \($times | max | ms) | \($wired | part(0.5) | . * 1000 | round) | \($wired | max | . * 1000 | round) |"' "$@"
}

failed=0
table=$(
    echo "| job | ranks | RTT, ms | runs | links punched | connections tried | link, ms: median | p99 | slowest | after the last join, ms: median | worst |"
    echo "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |"
    for build in ${builds//,/ }; do
        # Builds, publishes and fills the page cache; not counted.
        run 2 mesh "$build" 0 "$reports/first.json"
        for job in ${jobs//,/ }; do
            ranks=${job%%:*} topology=${job#*:}
            for delay in ${delays//,/ }; do
                files=()
                for ((r = 1; r <= repeats; r++)); do
                    file=$reports/$build-$ranks-$topology-$delay-$r.json
                    run "$ranks" "$topology" "$build" "$delay" "$file"
                    files+=("$file")
                done
                row "$ranks" "$topology" "$build" "$delay" "${files[@]}"
            done
        done
    done
) || failed=1
echo "$table"
[ -z "$out" ] || echo "$table" > "$out"
awk -F'|' '/^\| [0-9]/ { split($6, n, " of "); if (n[1] + 0 != n[2] + 0) bad = 1 } END { exit bad }' <<< "$table" || failed=1
exit $failed
