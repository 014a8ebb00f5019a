#!/usr/bin/env bash
# The whole pipeline to Spotify's interface, one event a request, with a receiver that answers at once or after 100 ms. A backlog
# is there first, so that only delivery is measured. Usage: bench/spotify.sh [seconds measured, 10]
. "$(dirname "$0")/lib.sh"
seconds=${1:-10}
start_stand_in
drain() { # latency in ms, concurrency, backlog
  local latency=$1 concurrency=$2 backlog=$3
  set_stand_in "open=false&latency=$latency"
  start_relay spotify "--deliver.concurrency=$concurrency"
  fill "$backlog"
  set_stand_in "open=true&reset"
  local until=$(($(now) + 60000))
  while [ "$(seen events)" -lt 500 ]; do [ "$(now)" -lt $until ] || die "nothing is delivered"; sleep 0.1; done
  sleep 50 # JIT: its one thread shares the cores with those that deliver
  local t0 e0 c0 t1 e1 c1 left
  read -r t0 e0 c0 <<< "$(now) $(seen events) $(cpu "$relay")"
  sleep "$seconds"
  read -r t1 e1 c1 <<< "$(now) $(seen events) $(cpu "$relay")"
  left=$(waiting)
  [ "$left" -gt 0 ] || die "the backlog was gone before the end: it has to be larger"
  rate=$(calc "($e1 - $e0) * 1000 / ($t1 - $t0)" %.0f)
  say "receiver answers after $latency ms, concurrency $concurrency: $rate/s delivered, CPU of the relay $(calc "($c1 - $c0) * 1000 / ($e1 - $e0)" %.0f) us an event, $left of $backlog still wait, heap after GC at most $(heap_after_gc) MB"
  kill -9 "$relay"; wait "$relay" 2> /dev/null || true; relay=
  forget_data
}
drain 0 16 2000000
result "to Spotify's interface, receiver answers at once" "$rate/s delivered" "" "" "at least 4,000/s" "$rate >= 4000"
for concurrency in 16 128; do
  drain 100 $concurrency 100000
  result "to Spotify's interface, receiver answers after 100 ms, concurrency $concurrency" "$rate/s delivered" "concurrency/latency: $((concurrency * 10))/s" \
    "$(calc "$rate / $((concurrency * 10))")" "at least 0.95" "$rate / $((concurrency * 10)) >= 0.95"
done
