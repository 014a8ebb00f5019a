#!/usr/bin/env bash
# With Kafka beside the embedded engine, in one run: durable ingest with 1 and 20 events a POST, and the whole pipeline. Three brokers, each a
# process of its own (KRaft, 3 replicas, min.insync.replicas=2), and 1, 2 and 3 relays share the machine with the load and the receiver.
# Usage: bench/kafka.sh [seconds a measurement, 10] [ingest|pipeline|all] [relays, "1 2 3"]
. "$(dirname "$0")/lib.sh"
seconds=${1:-10} part=${2:-all} counts=${3:-1 2 3}
connections=96
# seconds until the compilers are through: one relay's, then those of three brokers as well
warm=20 warm_up=20
top=$work base=$port
relays=() brokers=()
trap '{ kill -9 $relay "${relays[@]}" "${brokers[@]}" $stand_in $other $(cat "$top"/load-*/wrk.pid 2> /dev/null); wait; } 2> /dev/null || true; rm -rf "$top"' EXIT

kafka_path=target/bench-kafka.classpath
[ $kafka_path -nt pom.xml ] || mvn -q -B dependency:build-classpath -Dmdep.includeScope=test -Dmdep.outputFile=$kafka_path > "$work/mvn.log" || { cat "$work/mvn.log"; exit 1; }

start_brokers() {
  local node voters servers="" id=YmVuY2hiZW5jaGJlbmNoYg
  voters=$(for node in 1 2 3; do echo "$node@127.0.0.1:$((base + 60 + node))"; done | paste -sd,)
  cat > "$top/logback.xml" <<< '<configuration><appender name="out" class="ch.qos.logback.core.ConsoleAppender"><encoder><pattern>%d %level %msg%n</pattern></encoder></appender><root level="WARN"><appender-ref ref="out"/></root></configuration>'
  for node in 1 2 3; do
    servers=$servers,127.0.0.1:$((base + 50 + node))
    cat > "$top/broker-$node.properties" << PROPERTIES
process.roles=broker,controller
node.id=$node
controller.quorum.voters=$voters
listeners=PLAINTEXT://127.0.0.1:$((base + 50 + node)),CONTROLLER://127.0.0.1:$((base + 60 + node))
controller.listener.names=CONTROLLER
log.dirs=$top/broker-$node
offsets.topic.replication.factor=3
offsets.topic.num.partitions=6
transaction.state.log.replication.factor=3
transaction.state.log.min.isr=2
transaction.state.log.num.partitions=6
group.initial.rebalance.delay.ms=0
auto.create.topics.enable=false
PROPERTIES
    "$java" -XX:+UseSerialGC -XX:TieredStopAtLevel=1 "-Dlogback.configurationFile=$top/logback.xml" -cp "$(< $kafka_path)" kafka.tools.StorageTool format \
      --cluster-id $id --config "$top/broker-$node.properties" > "$top/format.log" 2>&1 || die "$(cat "$top/format.log")"
    "$java" -Xmx512m -XX:+UseSerialGC "-Dlogback.configurationFile=$top/logback.xml" -cp "$(< $kafka_path)" kafka.Kafka "$top/broker-$node.properties" > "$top/broker-$node.log" 2>&1 &
    brokers+=($!)
  done
  export KAFKA_BOOTSTRAP_SERVERS=${servers#,} RELAY_ENGINE=kafka
}

# start_next none|batch: one relay more, with ports, routes and data of its own; all of them in $relays and $urls
start_next() {
  local number=$((${#relays[@]} + 1))
  work=$top/relay-$number port=$((base + 10 * number))
  relay_url=http://127.0.0.1:$port management=http://127.0.0.1:$((port + 1))
  mkdir -p "$work"
  start_relay "$1"
  relays+=("$relay") urls="${urls:-} $relay_url" relay=${relays[0]}
  # the counts are the same on each
  work=$top management=http://127.0.0.1:$((base + 11))
}
stop_all() { kill "${relays[@]}"; wait "${relays[@]}" 2> /dev/null || true; relays=() relay= urls=; rm -rf "$top"/relay-*; }

# ingest <what>: one event a POST and 20, sets $ones and $twenties, in events/s; what it costs is printed
ingest() {
  local events path requests p50 p99 c0 c1 b0 b1 n
  for events in 1 20; do
    path=/api/backstage-insights/events/app; [ "$events" = 1 ] || path=/v1/events
    load_each "$(for url in $urls; do echo "$url$path"; done)" "$events" $connections $warm > /dev/null # JIT
    c0=$(cpu "${relays[*]}") b0=$(cpu "${brokers[*]}")
    read -r requests p50 p99 <<< "$(load_each "$(for url in $urls; do echo "$url$path"; done)" "$events" $connections "$seconds")"
    c1=$(cpu "${relays[*]}") b1=$(cpu "${brokers[*]}") n=$((requests * events))
    say "$1, $events a POST: $n events/s durable (p50 $p50, p99 $p99 a POST, the last relay's); CPU an event: relays $(calc "($c1 - $c0) * 1000 / ($n * $seconds)" %.1f) us," \
      "brokers $(calc "($b1 - $b0) * 1000 / ($n * $seconds)" %.1f) us"
    [ "$events" = 1 ] && ones=$n || twenties=$n
  done
}

# pipeline <what>: sets $rate
pipeline() {
  local b0 b1 before
  b0=$(cpu "${brokers[*]}") before=$(seen events)
  sustain "$(for url in $urls; do echo "$url/v1/events"; done)" "${relays[*]}" "$seconds" BENCH_WINDOW=20000
  b1=$(cpu "${brokers[*]}")
  broker_us=$(calc "($b1 - $b0) * 1000 / ($(seen events) - $before)" %.1f)
  say "$1: delivered $rate/s, $batch events a batch; waiting at the start, in the middle, at the end: $level; CPU an event: relays $us us," \
    "brokers $broker_us us, receiver and catalog $receiver_us us"
}

start_stand_in
if [ "$part" != pipeline ]; then
  start_next none; ingest embedded; embedded_ones=$ones embedded_twenties=$twenties; stop_all
fi
if [ "$part" != ingest ]; then
  start_next batch; pipeline embedded; embedded_rate=$rate; stop_all
fi
start_brokers
warm=40 warm_up=40
if [ "$part" != pipeline ]; then
  export KAFKA_PREFIX=ingest.
  for count in $counts; do
    while [ ${#relays[@]} -lt "$count" ]; do start_next none; done
    ingest "Kafka, $count relays"
    result "Kafka, $count relays, durable ingest, 1 event a POST" "$ones events/s" "embedded, one relay: $embedded_ones events/s" "$(calc "$ones / $embedded_ones")" "" ""
    result "Kafka, $count relays, durable ingest, 20 events a POST" "$twenties events/s" "embedded, one relay: $embedded_twenties events/s" "$(calc "$twenties / $embedded_twenties")" "" ""
  done
  stop_all
fi
if [ "$part" != ingest ]; then
  export KAFKA_PREFIX=pipeline.
  for count in $counts; do
    while [ ${#relays[@]} -lt "$count" ]; do start_next batch; done
    pipeline "Kafka, $count relays"
    result "Kafka, $count relays, pipeline, 20 events a POST, batches over HTTP" "$rate events/s delivered, $us us CPU an event" "embedded, one relay: $embedded_rate events/s" \
      "$(calc "$rate / $embedded_rate")" "" ""
  done
  # the size is measured every two seconds while somebody asks
  metric relay_spool_size_bytes > /dev/null; sleep 5
  bytes=$(calc "$(metric relay_spool_size_bytes) / $(metric relay_events_received_total) / 3" %.0f)
  say "a stored event takes $bytes bytes of each of three replicas' disks"
  say "SIZING for 1,000,000 events/s, a core being one of this machine's, two thirds of it used: relays $(calc "$us * 1.5" %.0f) cores, brokers $(calc "$broker_us * 1.5" %.0f) cores;" \
    "brokers take in $(calc "$bytes * 3" %.0f) MB/s (3 replicas) and give $(calc "$bytes * 3" %.0f) MB/s (2 to each other, 1 to a destination's group);" \
    "disk $(calc "$bytes * 3 * 3.6 / 1000" %.2f) TB an hour of retention"
  stop_all
fi
