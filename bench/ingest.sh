#!/usr/bin/env bash
# Ingest: POSTs of one event, the user's token verified, fsynced before the 202, beside a route of the same process that only answers
# 202. Nothing is delivered meanwhile. Usage: bench/ingest.sh [seconds a round, 8] [rounds, 3]
. "$(dirname "$0")/lib.sh"
seconds=${1:-8} rounds=${2:-3}
app=/api/backstage-insights/events/app
start_stand_in
start_relay none
for path in $app /bare $app; do load $path 1 64 "$seconds" > /dev/null; done # JIT
for connections in 32 128; do
  : > "$work/rounds"
  for round in $(seq "$rounds"); do
    read -r bare b50 b99 <<< "$(load /bare 1 $connections "$seconds")"
    read -r ingest p50 p99 <<< "$(load $app 1 $connections "$seconds")"
    say "$connections connections, round $round: bare $bare/s (p50 $b50, p99 $b99), ingest $ingest/s (p50 $p50, p99 $p99), ratio $(calc "$ingest / $bare")"
    echo "$bare $ingest" >> "$work/rounds"
  done
  read -r bare ingest <<< "$(awk '{b += $1; i += $2} END {printf "%.0f %.0f\n", b / NR, i / NR}' "$work/rounds")"
  result "ingest, one event a POST, $connections connections" "$ingest/s" "a route that only answers 202: $bare/s" "$(calc "$ingest / $bare")" \
    "at least 0.75 of its requests/s" "$ingest / $bare >= 0.75"
done
say "heap after GC at most $(heap_after_gc) MB"
