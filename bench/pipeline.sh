#!/usr/bin/env bash
# The whole pipeline: accepted (20 events a POST), enriched, redacted, sent in batches over HTTP to a receiver. The load follows the
# receiver: as much is sent as arrives, with at most 20,000 events under way, so what is measured is what the pipeline sustains.
# Usage: bench/pipeline.sh [seconds measured, 30] [seconds of warm-up, 15]
. "$(dirname "$0")/lib.sh"
seconds=${1:-30} warm_up=${2:-15}
start_stand_in
start_relay batch
load /v1/events 20 32 $((warm_up + seconds + 4)) BENCH_WINDOW=20000 > "$work/load" &
other=$!
sleep "$warm_up"
snapshot() { echo "$(now) $(seen events) $(seen requests) $(cpu "$relay") $(cpu "$stand_in") $(metric jvm_gc_memory_allocated_bytes_total)"; }
read -r t0 e0 r0 c0 s0 a0 <<< "$(snapshot)"; level=$(waiting)
sleep $((seconds / 2)); level="$level $(waiting)"
sleep $((seconds - seconds / 2))
read -r t1 e1 r1 c1 s1 a1 <<< "$(snapshot)"; level="$level $(waiting)"
wait "$other"; other=
events=$((e1 - e0))
rate=$(calc "$events * 1000 / ($t1 - $t0)" %.0f)
ms=$(calc "($c1 - $c0) / $events" %.4f)
say "delivered $rate/s for $(calc "($t1 - $t0) / 1000" %.0f) s, $(calc "$events / ($r1 - $r0)" %.0f) events a batch; waiting at the start, in the middle, at the end: $level"
say "CPU of the relay $(calc "$ms * 1000" %.1f) us an event ($(calc "($c1 - $c0) / ($t1 - $t0)") cores), of the receiver and catalog $(calc "($s1 - $s0) * 1000 / $events" %.1f) us"
say "allocated $(calc "($a1 - $a0) / $events" %.0f) bytes an event; heap after GC at most $(heap_after_gc) MB; RSS $(rss "$relay") MB"
result "pipeline, 20 events a POST, batches over HTTP" "$rate events/s delivered, $(calc "$ms * 1000" %.1f) us CPU an event" "" "" "at least 20,000 events/s" "$rate >= 20000"
result "pipeline, allocation" "$(calc "($a1 - $a0) / $events" %.0f) bytes an event" "" "" "half of where it stood" ""
