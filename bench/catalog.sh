#!/usr/bin/env bash
# Calls to the catalog: 100,000 events from 1,000 users about 5,000 entities, drawn at random, one a POST, first with a cold cache and
# then as many again. Usage: bench/catalog.sh [events, 100000]
. "$(dirname "$0")/lib.sh"
events=${1:-100000}
start_stand_in
start_relay batch
for part in first next; do
  set_stand_in reset
  load /api/backstage-insights/events/app 1 32 600 "BENCH_COUNT=$events" "BENCH_SEED=$RANDOM" > /dev/null
  await_drained
  calls=$(seen catalog.calls)
  say "$part $(seen events) events: $calls calls about $(seen catalog.refs) refs, in $(seen requests) batches"
  most=150; [ $part = first ] || most=20
  result "catalog calls, the $part $events events" "$calls" "one look-up an event: $events" "$(calc "$calls / $events" %.5f)" "at most $most" "$calls <= $most"
done
