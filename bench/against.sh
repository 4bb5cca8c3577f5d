#!/usr/bin/env bash
# Sets today's code beside an earlier commit: the same operations, run in turns on the same machine. For changes of the data path.
#
#   bench/against.sh COMMIT [--ops LIST] [--ranks LIST] [--bytes LIST] [--repeats N] [--seconds S] [--out FILE.md]
#
# --ops     default: mrate,pingpong,barrier,allreduce
# --ranks   default 2,4; mrate and pingpong run where 2 is among them
# --bytes   default 8,1K,64K,1M; a barrier has one size
# --repeats default 9; a repeat runs both, and who goes first alternates
# --seconds timed per operation and size (0.3)
# --out     also write the table to a file
#
# Prints a markdown table: the median over the repeats of each one's median and 99th percentile, and the median of the ratios within a
# repeat, below 1.00 where today's code takes less time. Needs jq. Exit code 1 when a measurement is missing.
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
commit= ops=mrate,pingpong,barrier,allreduce ranks=2,4 bytes=8,1K,64K,1M repeats=9 seconds=0.3 out=

while [ $# -gt 0 ]; do
    case $1 in
        --ops) ops=$2 ;;
        --ranks) ranks=$2 ;;
        --bytes) bytes=$2 ;;
        --repeats) repeats=$2 ;;
        --seconds) seconds=$2 ;;
        --out) out=$2 ;;
        -h | --help) sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
        -*) echo "against.sh: unknown option $1; see --help" >&2; exit 2 ;;
        *) commit=$1; shift; continue ;;
    esac
    shift 2
done
[ -n "$commit" ] || { echo "against.sh: which commit? See --help" >&2; exit 2; }
commit=$(git -C "$root" rev-parse --short "$commit^{commit}")
command -v jq > /dev/null || { echo "against.sh: needs jq (Debian: apt-get install jq)" >&2; exit 2; }

build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT

publish() { # folder of sources, name
    dotnet publish "$1/launcher/launcher.csproj" -c Release --use-current-runtime --self-contained false -p:PublishReadyToRun=true \
        -o "$build/$2" -v q -nologo >&2
}
mkdir "$build/source"
git -C "$root" archive "$commit" | tar x -C "$build/source"
publish "$build/source" before
publish "$root" after

failures=0
measure() { # who repeat ranks op
    local sizes=$bytes
    [ "$4" != barrier ] || sizes=8
    rm -f "$build/lines"
    if ! timeout 300 "$build/$1/boxer" bench "$4" -n "$3" --bytes "$sizes" --seconds "$seconds" --quiet --json "$build/lines" > "$build/log" 2>&1; then
        echo "$1 failed: $4 at $3 ranks" >&2
        tail -5 "$build/log" >&2
        failures=$((failures + 1))
    fi
    [ ! -e "$build/lines" ] || jq -c --arg who "$1" --argjson repeat "$2" '. + {who: $who, repeat: $repeat}' "$build/lines" >> "$build/all"
}

for repeat in $(seq "$repeats"); do
    order="before after"
    [ $((repeat % 2)) = 1 ] || order="after before"
    for n in ${ranks//,/ }; do
        for op in ${ops//,/ }; do
            case $n:$op in 2:*) ;; *:mrate | *:pingpong | *:stream) continue ;; esac
            for who in $order; do measure "$who" "$repeat" "$n" "$op"; done
        done
    done
    echo "$repeat of $repeats" >&2
done

table() {
    echo "| operation | ranks | bytes | $commit: median, p99 (µs) | today: median, p99 (µs) | ratio of medians | of p99 |"
    echo "| --- | --- | --- | --- | --- | --- | --- |"
    jq -rs '
        def median: sort | if length % 2 == 1 then .[length / 2 | floor] else (.[length / 2 - 1] + .[length / 2]) / 2 end;
        def short: . * 1000 | round / 1000;
        def both(f): (map(select(.who == "before")) | INDEX(.repeat)) as $before
            | [.[] | select(.who == "after" and $before["\(.repeat)"] != null) | (f) / ($before["\(.repeat)"] | f)] | median * 1000 | round / 1000;
        def side($who): map(select(.who == $who)) | "\(map(.us_median) | median | short), \(map(.us_p99) | median | short)";
        group_by([.op, .ranks, .bytes])[] | select((map(.who) | unique | length) == 2)
        | "| \(.[0].op) | \(.[0].ranks) | \(.[0].bytes) | \(side("before")) | \(side("after")) | \(both(.us_median)) | \(both(.us_p99)) |"' "$build/all"
}
table | if [ -n "$out" ]; then tee "$out"; else cat; fi
[ "$failures" = 0 ]
