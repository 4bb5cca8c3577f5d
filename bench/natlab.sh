#!/usr/bin/env bash
# How long NAT labs take to make and remove, and what their networks carry. Needs root, nftables, jq and iperf3.
#
#   bench/natlab.sh [--repeats R] [--hosts LIST] [--delays LIST] [--rate RATE] [--out FILE.md]
#
# --repeats  labs of each size, of which the median is shown (5); iperf3 runs of each delay (3 at most)
# --hosts    sizes of labs (2,8,32,64,128)
# --delays   round-trip times in ms (0,0.5,1,20)
# --rate     a rate that is measured as well, without a delay and with 0.5 ms (621mbit)
#
# 'Made' is what boxer says, the other times are those of whole commands. A round trip is twice what boxer bench pingpong prints;
# iperf3 sends for 4 s from a host behind a cone gateway to the seed's host.
# Prints two markdown tables; exit code 1 when something failed.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(dirname "$here")
repeats=5 hosts=2,8,32,64,128 delays=0,0.5,1,20 rate=621mbit out=

while [ $# -gt 0 ]; do
    case $1 in
        --repeats) repeats=$2 ;;
        --hosts) hosts=$2 ;;
        --delays) delays=$2 ;;
        --rate) rate=$2 ;;
        --out) out=$2 ;;
        *) echo "natlab.sh: unknown option $1; see the head of the file" >&2; exit 2 ;;
    esac
    shift 2
done

for tool in jq iperf3; do
    command -v $tool > /dev/null || { echo "natlab.sh: $tool is missing: apt-get install $tool" >&2; exit 1; }
done
dotnet build "$root/launcher/launcher.csproj" -c Release -v q -nologo >&2
boxer=$root/launcher/bin/Release/net10.0/boxer
lab=bench$$
trap '"$boxer" natlab down --prefix $lab > /dev/null 2>&1 || true' EXIT

median() { sort -g | awk '{ all[NR] = $1 } END { print all[int((NR + 1) / 2)] }'; }
seconds() { awk -v from="$1" -v to="$2" 'BEGIN { printf "%.2f\n", (to - from) / 1e6 }'; }
now() { echo "${EPOCHREALTIME/./}"; }

sizes() { # hosts
    local made=() up=() down=() start said
    for ((r = 1; r <= repeats; r++)); do
        start=$(now)
        said=$("$boxer" natlab up "$1" --prefix $lab)
        up+=("$(seconds "$start" "$(now)")")
        made+=("$(sed -n 's/.*(\([0-9.]*\) s)$/\1/p' <<< "$said")")
        start=$(now)
        "$boxer" natlab down --prefix $lab
        down+=("$(seconds "$start" "$(now)")")
    done
    echo "| $1 | $(printf '%s\n' "${made[@]}" | median) | $(printf '%s\n' "${up[@]}" | median) | $(printf '%s\n' "${down[@]}" | median) |"
}

throughput() { # options of the lab…
    local all=()
    "$boxer" natlab up 1 --prefix $lab "$@" > /dev/null
    for ((r = 1; r <= (repeats < 3 ? repeats : 3); r++)); do
        "$boxer" natlab exec-seed --prefix $lab -- iperf3 -s -1 -D
        all+=("$("$boxer" natlab exec --prefix $lab 0 -- iperf3 -c 198.18.0.1 -t 4 -J | jq '.end.sum_received.bits_per_second / 1e9')")
    done
    "$boxer" natlab down --prefix $lab
    printf '%s\n' "${all[@]}" | median | awk '{ printf "%.3g", $1 }'
}

carried() { # title options…
    local title=$1 ball
    shift
    ball=$("$boxer" bench pingpong -n 2 --on natlab --nat none "$@" --bytes 1K --seconds 2 | tail -n 1)
    echo "| $title | $(awk '{ printf "%.0f / %.0f", 2 * $3, 2 * $4 }' <<< "$ball") | $(throughput "$@") |"
}

table=$(
    echo "| hosts behind \`cone\` gateways | made, s | \`up\`, s | \`down\`, s |"
    echo "| ---: | ---: | ---: | ---: |"
    for size in ${hosts//,/ }; do sizes "$size"; done
    echo
    echo "| lab | 1 KiB round trip, µs: least / median | iperf3, Gbit/s |"
    echo "| --- | ---: | ---: |"
    for delay in ${delays//,/ }; do carried "\`--delay $delay\`" --delay "$delay"; done
    for delay in 0 0.5; do carried "\`--rate $rate --delay $delay\`" --rate "$rate" --delay "$delay"; done
)
echo "$table"
[ -z "$out" ] || echo "$table" > "$out"
