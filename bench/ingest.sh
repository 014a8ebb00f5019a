#!/usr/bin/env bash
# Ingest: POSTs of one event, the user's token verified, fsynced before the 202, beside routes of the same process that only answer
# 202, only read the request, only sync its bytes, and only commit them to SQLite. Nothing is delivered meanwhile. Also where the CPU goes, and what the disk syncs by itself.
# Usage: bench/ingest.sh [seconds a round, 8] [rounds, 3]
. "$(dirname "$0")/lib.sh"
seconds=${1:-8} rounds=${2:-3}
app=/api/backstage-insights/events/app
cpus() { echo "$(thread_cpu "$relay" vert.x-eventloop-thread-0) $(($(thread_cpu "$relay" spool-writer) + $(thread_cpu "$relay" floor-writer))) $(cpu "$relay") $(busy)"; }
# shares <requests/s> <cpus before> <cpus after>: microseconds of CPU a request
shares() {
  awk -v n="$(($1 * seconds))" -v cores="$(nproc)" -v s="$seconds" '{for (i = 1; i <= 4; i++) d[i] = ($(i + 4) - $i) * 1000 / n
    printf "%.1f us of CPU a request: event loop %.1f, writer %.1f, rest of the relay %.1f, load and kernel %.1f; %.0f %% of %d cores busy\n",
      d[4], d[1], d[2], d[3] - d[1] - d[2], d[4] - d[3], d[4] * n / (s * 10000 * cores), cores}' <<< "$2 $3"
}
read -r sync_p50 sync_p99 sync_cpu <<< "$(aid Sync 64m "$work/sync" 16480 5000)" || die "the disk could not be measured"
say "the disk by itself: 16 KB written in place and fsynced take p50 $sync_p50 us, p99 $sync_p99 us, $sync_cpu us of CPU"
start_stand_in
start_relay none
for path in $app /bare /read /floor /sqlite $app /read $app; do load $path 1 64 "$seconds" > /dev/null; done # JIT
for connections in 32 128; do
  : > "$work/rounds"
  for round in $(seq "$rounds"); do
    rates=
    for what in bare read floor sqlite ingest; do
      path=/$what; [ $what != ingest ] || path=$app
      before=$(cpus)
      read -r rate p50 p99 <<< "$(load "$path" 1 $connections "$seconds")"
      say "$connections connections, round $round: $what $rate/s (p50 $p50, p99 $p99), $(shares "$rate" "$before" "$(cpus)")"
      rates="$rates $rate"
    done
    echo "$rates" >> "$work/rounds"
  done
  read -r bare read floor sqlite ingest <<< "$(awk '{for (i = 1; i <= NF; i++) sum[i] += $i} END {for (i = 1; i <= NF; i++) printf "%.0f ", sum[i] / NR; print ""}' "$work/rounds")"
  result "ingest, one event a POST, $connections connections" "$ingest/s" "a route that only answers 202: $bare/s" "$(calc "$ingest / $bare")" \
    "at least 0.75 of its requests/s" "$ingest / $bare >= 0.75"
  say "$connections connections, beside the bare route: all but the storing $(calc "$read / $bare"), only synced $(calc "$floor / $bare"), only committed to SQLite $(calc "$sqlite / $bare")"
  # what a request takes longer than on the bare route for being read, and for being committed, added up
  result "the most there can be with these parts" "$(calc "1 / (1 / $read + 1 / $sqlite - 1 / $bare)" %.0f)/s" \
    "the same route but for the storing: $read/s; one that only commits the bytes to SQLite: $sqlite/s" \
    "$(calc "1 / ($bare / $read + $bare / $sqlite - 1)")" "" ""
done
say "heap after GC at most $(heap_after_gc) MB"
