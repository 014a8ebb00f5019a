#!/usr/bin/env bash
# The whole pipeline: accepted (20 events a POST), enriched, redacted, sent in batches over HTTP to a receiver. The load follows the
# receiver: as much is sent as arrives, with at most some 20,000 events under way, so what is measured is what the pipeline sustains.
# Usage: bench/pipeline.sh [seconds measured, 30]
. "$(dirname "$0")/lib.sh"
start_stand_in
start_relay batch
sustain /v1/events "$relay" "${1:-30}" BENCH_WINDOW=20000
say "delivered $rate/s for ${1:-30} s, $batch events a batch; waiting at the start, in the middle, at the end: $level"
say "CPU of the relay $us us an event ($(calc "$rate * $us / 1e6") cores), of the receiver and catalog $receiver_us us ($(calc "$rate * $receiver_us / 1e6") cores)"
say "allocated $allocated bytes an event; heap after GC at most $(heap_after_gc) MB; RSS $(rss "$relay") MB"
result "pipeline, 20 events a POST, batches over HTTP" "$rate events/s delivered, $us us CPU an event" "" "" "at least 20,000 events/s" "$rate >= 20000"
result "pipeline, allocation" "$allocated bytes an event" "" "" "half of where it stood" ""
