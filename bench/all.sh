#!/usr/bin/env bash
# Every benchmark of this folder, one after the other, and their results as a Markdown table. Usage: bench/all.sh [short|full]: short
# takes about twenty minutes with a backlog of 300,000 events, full most of an hour with 5,000,000.
set -euo pipefail
cd "$(dirname "$0")"
mkdir -p ../target
export BENCH_TABLE=$PWD/../target/bench-$(date +%Y%m%d-%H%M%S).md
echo "| what | the relay | reference in the same run | ratio | goal | met |
|---|---|---|---|---|---|" > "$BENCH_TABLE"
case ${1:-short} in
  short) runs=("ingest.sh 5 2" "latency.sh 8 2" "limits.sh 8 2" "batches.sh 5 2" "pipeline.sh 30" "spotify.sh 8" "collector.sh 10" "catalog.sh" "redact.sh" "backlog.sh 300000" "memory.sh") ;;
  full) runs=("ingest.sh 15 5" "latency.sh 20 5" "limits.sh 15 5" "batches.sh 15 5" "pipeline.sh 120" "spotify.sh 20" "collector.sh 30" "catalog.sh" "redact.sh" "backlog.sh" "memory.sh") ;;
  *) echo "usage: bench/all.sh [short|full]" >&2; exit 2 ;;
esac
failed=0
for run in "${runs[@]}"; do
  # a benchmark that fails does not keep the others from running; the table says so
  bash $run || { failed=1; echo "| ${run%% *} | failed | | | | no |" >> "$BENCH_TABLE"; }
done
echo
cat "$BENCH_TABLE"
exit $failed
