#!/usr/bin/env bash
# Ingest of batches: 100 events a POST, fsynced before the 202, beside what the disk syncs by itself. Nothing is delivered meanwhile.
# Usage: bench/batches.sh [seconds a round, 8] [rounds, 3]
. "$(dirname "$0")/lib.sh"
seconds=${1:-8} rounds=${2:-3}
# writes of 1 MB, each synced; MB/s
disk() { LC_ALL=C dd if=/dev/zero of="$work/disk" bs=1M count=300 oflag=dsync 2>&1 | awk '/copied/ {for (i = 1; i <= NF; i++) if ($i == "s,") printf "%.0f\n", 314.57 / $(i - 1)}'; rm -f "$work/disk"; }
start_stand_in
start_relay none
load /v1/events 100 32 "$seconds" > /dev/null # JIT
: > "$work/rounds"
for round in $(seq "$rounds"); do
  raw=$(disk)
  cpu_before=$(cpu "$relay") before=$(metric relay_events_accepted_total) size_before=$(metric relay_spool_size_bytes) from=$(now)
  read -r requests p50 p99 <<< "$(load /v1/events 100 32 "$seconds")"
  took=$(($(now) - from)) events=$(($(metric relay_events_accepted_total) - before)) bytes=$(($(metric relay_spool_size_bytes) - size_before))
  cpu_us=$(calc "($(cpu "$relay") - $cpu_before) * 1000 / $events" %.1f)
  rate=$(calc "$requests * 100" %.0f) mb=$(calc "$bytes / $took / 1000" %.0f)
  say "round $round: $rate events/s durable (p50 $p50, p99 $p99 a POST), spool grew by $mb MB/s, relay's CPU $cpu_us us an event; disk alone $raw MB/s"
  echo "$rate $mb $raw $cpu_us" >> "$work/rounds"
done
read -r rate mb raw cpu_us <<< "$(awk '{r += $1; m += $2; d += $3; c += $4} END {printf "%.0f %.0f %.0f %.1f\n", r / NR, m / NR, d / NR, c / NR}' "$work/rounds")"
result "ingest, 100 events a POST, 32 connections" "$rate events/s durable, $mb MB/s, $cpu_us us CPU an event" "the disk, writes of 1 MB each synced: $raw MB/s" \
  "$(calc "$mb / $raw")" "at least 150,000 events/s" "$rate >= 150000"
say "heap after GC at most $(heap_after_gc) MB"
