#!/usr/bin/env bash
# Ingest of one-event POSTs, token checked and fsynced before the 202, beside a route that only answers 202, on the same
# server in the same run. Usage: bench/ingest.sh [connections] [seconds] [rounds]. Needs wrk (apt-get install wrk) and the built jar.
set -euo pipefail
cd "$(dirname "$0")/.."
connections=${1:-32} seconds=${2:-10} rounds=${3:-3}
command -v wrk > /dev/null || { echo "wrk is missing: apt-get install wrk" >&2; exit 1; }
[ -f target/insights-relay.jar ] || { echo "build first: mvn -q -DskipTests package" >&2; exit 1; }

work=$(mktemp -d)
relay=
trap '[ -z "$relay" ] || kill "$relay" 2> /dev/null || true; wait 2> /dev/null || true; rm -rf "$work"' EXIT
cp -r routes "$work"
cp bench/bare.camel.yaml "$work/routes"
java_command=${JAVA_HOME:+$JAVA_HOME/bin/}java
"$java_command" -version 2>&1 | head -1
echo "flags: ${JAVA_OPTS:--Xmx256m}"
# nothing is delivered meanwhile: the port of the destination is closed, events wait in the spool
RELAY_PORT=18080 RELAY_MANAGEMENT_PORT=18081 RELAY_DATA_DIR="$work/data" RELAY_ROUTES_DIR="$work/routes" \
  BACKSTAGE_BASE_URL=http://127.0.0.1:9 SPOTIFY_BASE_URL=http://127.0.0.1:9 SPOTIFY_BACKSTAGE_API_TOKEN=bench \
  "$java_command" ${JAVA_OPTS:--Xmx256m} -jar target/insights-relay.jar \
  '--auth.staticTokens[0].token=bench-token' '--auth.staticTokens[0].subject=user:default/bench' > "$work/log" 2>&1 &
relay=$!
for _ in $(seq 120); do
  curl -fs http://127.0.0.1:18081/actuator/health/readiness > /dev/null && break
  kill -0 "$relay" 2> /dev/null || { cat "$work/log" >&2; exit 1; }
  sleep 0.5
done

measure() { # path
  wrk -t1 -c"$connections" -d"${seconds}s" --latency -s bench/events.lua "http://127.0.0.1:18080$1" > "$work/out"
  ! grep "Non-2xx" "$work/out" >&2
  awk '/Requests\/sec/ {r=$2} $1=="50%" {a=$2} $1=="99%" {b=$2} END {print r, a, b}' "$work/out"
}
echo "$connections connections, $seconds s a round; wrk beside the relay on $(nproc) cores"
measure /bare > /dev/null; measure /api/backstage-insights/events/app > /dev/null # warm-up
for round in $(seq "$rounds"); do
  read -r bare _ bare99 <<< "$(measure /bare)"
  read -r ingest p50 p99 <<< "$(measure /api/backstage-insights/events/app)"
  awk -v n="$round" -v b="$bare" -v b99="$bare99" -v i="$ingest" -v p50="$p50" -v p99="$p99" \
    'BEGIN {printf "round %d: bare %.0f/s (p99 %s), ingest %.0f/s (p50 %s, p99 %s), ratio %.2f\n", n, b, b99, i, p50, p99, i / b}'
done
curl -fs http://127.0.0.1:18081/management/spool
echo
