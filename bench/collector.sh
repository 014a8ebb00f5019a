#!/usr/bin/env bash
# The whole pipeline beside a plain Node/Express collector (collector.mjs) that looks up and forwards each event inside the request: the
# same requests, catalog and receiver. Needs Node 20 or newer and npm. Usage: bench/collector.sh [seconds measured, 20]
. "$(dirname "$0")/lib.sh"
seconds=${1:-20}
[ -d bench/node_modules ] || npm ci --prefix bench --silent
start_stand_in
url=http://127.0.0.1:$((port + 3))
node bench/collector.mjs $((port + 3)) "$stand_in_url" > "$work/collector.log" 2>&1 &
collector=$!
wait_for "$url/health" "$collector" "$work/collector.log"
best=0
for events in 1 20; do
  EVENTS=$events sustain "$url/v1/events" "$collector" "$seconds"
  say "collector, $events events a POST: $rate/s, CPU $us us an event"
  holds "$rate < $best" || { best=$rate best_us=$us best_events=$events; }
done
kill "$collector"; wait "$collector" 2> /dev/null || true; collector=
start_relay batch
sustain /v1/events "$relay" "$seconds" BENCH_WINDOW=20000
say "relay, 20 events a POST: $rate/s, CPU $us us an event; waiting at the start, in the middle, at the end: $level"
result "pipeline beside a Node/Express collector, events/s" "$rate/s" "collector ($(node --version), best with $best_events a POST): $best/s" "$(calc "$rate / $best" %.1f)" \
  "at least 15 times" "$rate / $best >= 15"
result "pipeline beside a Node/Express collector, CPU an event" "$us us" "collector: $best_us us" "$(calc "$us / $best_us" %.3f)" "at most 1/10" "$us / $best_us <= 0.1"
