#!/usr/bin/env bash
# Makes the input of examples/HashJoin with the TPC-H generator (dbgen): orders.parquet and lineitem.parquet, only the columns the join needs.
# Needs Node 18 or newer and npm on Linux x64. DuckDB is installed into a temporary folder and removed again.
set -euo pipefail

usage() {
    echo "usage: make.sh [--scale SF] [--out DIR]   (defaults: --scale 0.01, --out the folder of this script)" >&2
    exit 2
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
scale=0.01
out=$here
while [ $# -gt 0 ]; do
    case "$1" in
        --scale) [ $# -ge 2 ] || usage; scale=$2; shift 2 ;;
        --out) [ $# -ge 2 ] || usage; out=$2; shift 2 ;;
        -h|--help) usage ;;
        *) echo "make.sh: unknown option '$1'" >&2; usage ;;
    esac
done
[[ $scale =~ ^[0-9]+(\.[0-9]+)?$ ]] && [[ $scale =~ [1-9] ]] || { echo "make.sh: --scale takes a positive number, not '$scale'" >&2; exit 2; }
command -v npm >/dev/null || { echo "make.sh: npm was not found; install Node.js" >&2; exit 1; }

mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Newer versions of this package do not contain the tpch extension, so the version is pinned.
npm install --prefix "$work" --silent --no-audit --no-fund @duckdb/node-api@1.1.3-alpha.11

cp "$here/make.mjs" "$work/make.mjs"
cd "$work"
node make.mjs "$scale" "$out" "$work"
