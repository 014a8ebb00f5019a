#!/usr/bin/env bash
# What ingest.rateLimit takes of an ingest request: POSTs of one event without limits, then with limits of the address and of 1,000 users that nobody reaches.
# Rounds alternate, each in a relay of its own. Usage: bench/limits.sh [seconds a round, 10] [rounds, 3]
. "$(dirname "$0")/lib.sh"
seconds=${1:-10} rounds=${2:-3}
app=/api/backstage-insights/events/app
start_stand_in
for round in $(seq "$rounds"); do
  for limit in 0 1000000; do
    start_relay none --ingest.rateLimit.perAddress=$limit --ingest.rateLimit.perUser=$limit
    load $app 1 64 15 > /dev/null # JIT
    before=$(thread_cpu "$relay" vert.x-eventloop-thread-0)
    read -r rate p50 p99 <<< "$(load $app 1 32 "$seconds")"
    us=$(calc "($(thread_cpu "$relay" vert.x-eventloop-thread-0) - $before) * 1000 / ($rate * $seconds)" %.1f)
    say "round $round, limit $limit: $rate/s (p50 $p50, p99 $p99), $us us of the event loop's CPU a request"
    echo "$rate $us" >> "$work/limit-$limit"
    stop_relay
    forget_data
  done
done
mean() { awk -v column="$2" '{sum += $column} END {printf "%.1f\n", sum / NR}' "$work/limit-$1"; }
with=$(mean 1000000 2) without=$(mean 0 2)
result "ingest with limits of address and user, the event loop's CPU a request" "$with us, $(mean 1000000 1)/s" "without limits: $without us, $(mean 0 1)/s" \
  "$(calc "$with / $without")" "" ""
