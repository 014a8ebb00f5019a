#!/usr/bin/env bash
# A backlog: events that wait while the destination is away, a start with them, and their delivery, in batches over HTTP. Usage:
# bench/backlog.sh [events, 5000000]. Takes some 600 bytes of disk an event under target/.
. "$(dirname "$0")/lib.sh"
events=${1:-5000000}
start_stand_in
set_stand_in open=false
start_relay batch
begin=$(now)
fill "$events"
backlog=$(metric relay_events_accepted_total)
say "$backlog events taken in at $(calc "$backlog * 1000 / ($(now) - $begin)" %.0f)/s; the spool has $(calc "$(metric relay_spool_size_bytes) / 1048576" %.0f) MB"
stop_relay
: > "$work/starts"
for _ in 1 2 3; do
  mv "$work/data" "$work/backlog"
  start_relay batch; empty=$ready
  stop_relay
  rm -rf "$work/data"
  mv "$work/backlog" "$work/data"
  start_relay batch
  say "ready after $empty ms when empty, after $ready ms with the backlog"
  echo "$empty $ready" >> "$work/starts"
  stop_relay
done
# the best of three: what else the machine does can only make a start slower
empty=$(cut -d' ' -f1 "$work/starts" | sort -n | head -1) full=$(cut -d' ' -f2 "$work/starts" | sort -n | head -1)
result "start with $backlog events waiting" "ready after $full ms" "when empty: $empty ms" "$(calc "$full / $empty")" "as fast as when empty (10 % of noise)" "$full / $empty <= 1.1"

set_stand_in "open=true&reset"
start_relay batch
from=$(now) last=$(now)
: > "$work/rates"
for fifth in 1 2 3 4 5; do
  until [ "$(< "$work/delivered")" -ge $((backlog * fifth / 5)) ]; do kill -0 "$relay" || die "the relay ended"; sleep 0.05; done
  calc "$backlog / 5 * 1000 / ($(now) - $last)" "%.0f\n" >> "$work/rates"
  last=$(now)
done
rates=$(paste -sd ' ' "$work/rates")
say "delivered at $rates events/s, each for a fifth of the backlog; the first begins with a cold JVM"
result "delivery of $backlog events that waited" "$(calc "$backlog * 1000 / ($last - $from)" %.0f)/s" "first fifth: $(head -1 "$work/rates")/s, last fifth: $(tail -1 "$work/rates")/s" \
  "$(calc "$(tail -1 "$work/rates") / $(head -1 "$work/rates")")" "level from first to last (at least 0.9)" "$(tail -1 "$work/rates") / $(head -1 "$work/rates") >= 0.9"
heap=$(heap_after_gc)
result "heap while $backlog events are delivered ($flags)" "after GC at most $heap MB, RSS $(rss "$relay") MB" "" "" "at most 256 MB" "$heap <= 256"
