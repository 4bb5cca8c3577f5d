#!/usr/bin/env bash
# Measures every algorithm of every collective for jobs of 2 to 16 ranks, and reports for how many calls the chosen one is within 1.25 of
# the best. About seven minutes on two quiet cores; run nothing else meanwhile. The report is the table of bench/RESULTS.md.
#
#   bench/selection.sh [--ranks LIST] [--topologies LIST] [--ops LIST] [--points FILE] [--model MODEL]
#
# --points keeps the measurements (default: a new file under /tmp); a file that is there already is added to.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
ranks=2,3,4,6,8,12,16 topologies=mesh,grid ops= model=local points=

while [ $# -gt 0 ]; do
    case $1 in
        --ranks) ranks=$2 ;;
        --topologies) topologies=$2 ;;
        --ops) ops=$2 ;;
        --points) points=$2 ;;
        --model) model=$2 ;;
        *) echo "selection.sh: unknown option $1; see the head of the file" >&2; exit 2 ;;
    esac
    shift 2
done

points=$(realpath "${points:-$(mktemp --suffix=.jsonl)}")
dotnet build "$root/launcher/launcher.csproj" -c Release -v q -nologo >&2
for topology in ${topologies//,/ }; do
    for n in ${ranks//,/ }; do
        "$root/launcher/bin/Release/net10.0/boxer" run -n "$n" --topology "$topology" --no-tag --timeout 300 "$here/Selection" measure "$points" ${ops:+"$ops"}
    done
done
echo "points: $points"
dotnet run -c Release --project "$here/Selection" -- report "$points" "$model"
