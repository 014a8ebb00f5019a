#!/usr/bin/env bash
# Latency of ingest at a fixed rate, beside the route that only answers 202 and the one that
# only syncs the bytes, measured from the moment at which a request was due.
# Usage: bench/latency.sh [seconds a round, 10] [rounds, 3] [requests a second, 3000]
. "$(dirname "$0")/lib.sh"
seconds=${1:-10} rounds=${2:-3} rate=${3:-3000}
app=/api/backstage-insights/events/app
start_stand_in
start_relay none
for path in /bare /floor $app $app; do load $path 1 32 10 > /dev/null; done # JIT
(aid FixedRate 128m "$rate" 64 "$seconds" "$rounds" "$work/tokens" "$relay_url/bare" "$relay_url/floor" "$relay_url$app") > "$work/latencies" || die "the load failed"
{ read -r bad1 b50 b99 b999 bmax; read -r bad3 f50 f99 f999 fmax; read -r bad2 p50 p99 p999 pmax; } < "$work/latencies"
[ "$bad1 $bad2 $bad3" = "0 0 0" ] || die "$bad1, $bad3 and $bad2 requests were refused"
say "at $rate/s over 64 connections, ms: bare p50 $b50, p99 $b99, p99.9 $b999, longest $bmax; floor p50 $f50, p99 $f99, p99.9 $f999, longest $fmax; ingest p50 $p50, p99 $p99, p99.9 $p999, longest $pmax"
result "a route that only syncs the bytes, at $rate/s, p99" "$f99 ms" "bare route: $b99 ms" "$(calc "$f99 / $b99" %.1f)" "" ""
result "ingest at $rate/s, p50" "$p50 ms" "bare route: $b50 ms" "$(calc "$p50 / $b50" %.1f)" "" ""
result "ingest at $rate/s, p99" "$p99 ms" "bare route: $b99 ms" "$(calc "$p99 / $b99" %.1f)" "at most 10 ms, at most 4 times" "$p99 <= 10 && $p99 <= 4 * $b99"
result "ingest at $rate/s, p99.9" "$p999 ms" "bare route: $b999 ms" "$(calc "$p999 / $b999" %.1f)" "at most 50 ms, at most 4 times" "$p999 <= 50 && $p999 <= 4 * $b999"
