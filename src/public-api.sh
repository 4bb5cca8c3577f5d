#!/usr/bin/env bash
# Lists the public members of all projects anew, in their PublicAPI.Unshipped.txt: after members came or went. About a minute.
#
#   src/public-api.sh [PROJECT...]     # default: all; e.g. Collectives Comm ../hosting/Launching
#
# What a release has shipped is moved to PublicAPI.Shipped.txt by hand; none has yet.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

projects=("$@")
[ ${#projects[@]} -gt 0 ] || for file in {.,../hosting}/*/PublicAPI.Shipped.txt; do projects+=("${file%/*}"); done
for project in "${projects[@]}"; do
    printf '#nullable enable\n' > "$project/PublicAPI.Unshipped.txt"
    dotnet format analyzers "$project/$(basename "$project").csproj" --diagnostics RS0016 --severity warn --include-generated
    echo "$project: $(($(wc -l < "$project/PublicAPI.Unshipped.txt") - 1)) public members"
done
