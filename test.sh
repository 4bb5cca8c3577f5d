#!/usr/bin/env bash
# Builds everything, checks formatting and runs all tests. Usage: ./test.sh [SUITE...]   (a suite is a folder of tests/)
# Needs the .NET SDK named in global.json; installs what Native AOT and the NAT lab need when it may (Debian, root).
set -uo pipefail
cd "$(dirname "$0")"
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1
# Tests count on nobody else's job settings.
unset $(env | sed -n 's/^\(BOXER_[A-Z_]*\)=.*/\1/p')

fail() { echo "test.sh: $*" >&2; echo "0 passed, 1 failed"; exit 1; }

command -v dotnet >/dev/null || fail "dotnet is not on PATH; install the .NET SDK $(sed -n 's/.*"version": "\([^"]*\)".*/\1/p' global.json) (https://dot.net)"
missing=()
command -v gcc >/dev/null || command -v clang >/dev/null || missing+=(gcc libc6-dev)
[ -e /usr/include/zlib.h ] || missing+=(zlib1g-dev)
# The NAT lab: nftables, and iperf3 to measure what a rate comes to. It needs root whatever is installed.
if [ "$(id -u)" = 0 ]; then
  [ -x /usr/sbin/nft ] || missing+=(nftables)
  command -v iperf3 >/dev/null || missing+=(iperf3)
fi
# The peers that prove the local Lambda service: curl for functions in shell, AWS's CLI, and what AWS's runtime client for Node is built with.
peers=0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  peers=1
  [ -x /usr/bin/aws ] || missing+=(awscli)
  command -v npm >/dev/null || missing+=(nodejs npm libnode-dev)
  command -v g++ >/dev/null || missing+=(g++)
  for tool in curl cmake make python3 autoconf automake libtoolize; do
    command -v $tool >/dev/null || missing+=("${tool/libtoolize/libtool}")
  done
  command -v libtool >/dev/null || missing+=(libtool-bin)
elif ! command -v curl >/dev/null; then
  missing+=(curl)
fi
if [ ${#missing[@]} -gt 0 ]; then
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null || fail "could not install ${missing[*]}"
  else
    fail "Native AOT, the NAT lab or functions in tests need ${missing[*]}: install them first"
  fi
fi

# AWS's npm packages: installed once for each lock file, a minute for the native part. PeerTools looks for them there.
install_peers() {
  local source=tests/LambdaService.Tests/Peers/npm
  local folder="${XDG_CACHE_HOME:-$HOME/.cache}/boxermpi/lambda-peers-$(sha256sum $source/package-lock.json | cut -c1-16)"
  [ -e "$folder/complete" ] && return
  rm -rf "$folder" && mkdir -p "$folder" && cp $source/package.json $source/package-lock.json "$folder" || return
  # Node's headers where they are installed; otherwise node-gyp fetches them.
  [ -e /usr/include/node/node.h ] && export npm_config_nodedir=/usr
  (cd "$folder" && npm ci --no-audit --no-fund >install.log 2>&1 && [ -e node_modules/aws-lambda-ric/dist/rapid-client.node ]) || { tail -n 30 "$folder/install.log"; return 1; }
  touch "$folder/complete"
}
if [ $peers = 1 ]; then
  install_peers || fail "could not install AWS's npm packages (tests/LambdaService.Tests/Peers/npm)"
fi

started=$SECONDS
dotnet build BoxerMPI.sln -c Release -v q -nologo || fail "the build failed"
dotnet format BoxerMPI.sln --verify-no-changes --no-restore || fail "dotnet format would change files: run dotnet format BoxerMPI.sln"
echo "built and checked in $((SECONDS - started)) s"

suites=("$@")
[ ${#suites[@]} -gt 0 ] || for folder in tests/*.Tests; do suites+=("$(basename "$folder")"); done

passed=0 failed=0 skipped=0
logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
for suite in "${suites[@]}"; do
  started=$SECONDS
  log="$logs/$suite.log"
  timeout --kill-after=10 1200 dotnet "tests/$suite/bin/Release/net10.0/$suite.dll" -noColor >"$log" 2>&1
  code=$?
  summary=$(grep -E 'Total: [0-9]+, Errors: [0-9]+, Failed: [0-9]+, Skipped: [0-9]+' "$log" | tail -n 1)
  if [ -z "$summary" ]; then
    tail -n 100 "$log"
    echo "$suite: no result, exit code $code"
    failed=$((failed + 1))
    continue
  fi
  count() { echo "$summary" | sed -n "s/.*$1: \([0-9]*\).*/\1/p"; }
  total=$(($(count Total) - $(count 'Not Run'))) errors=$(count Errors) bad=$(count Failed) left=$(count Skipped)
  [ "$total" -gt 0 ] || errors=$((errors + 1))
  if [ $((bad + errors)) -gt 0 ] || [ "$code" != 0 ]; then
    grep -v '^\s*$' "$log" | tail -n 200
    [ $((bad + errors)) -gt 0 ] || errors=1
  fi
  passed=$((passed + total - bad - left)) failed=$((failed + bad + errors)) skipped=$((skipped + left))
  echo "$suite: $((total - bad - left)) passed, $((bad + errors)) failed, $left skipped in $((SECONDS - started)) s"
done

if [ "$skipped" -gt 0 ]; then
  echo "$passed passed, $failed failed, $skipped skipped"
else
  echo "$passed passed, $failed failed"
fi
[ "$failed" = 0 ] && { [ "${CI:-}" != true ] || [ "$skipped" = 0 ]; }
