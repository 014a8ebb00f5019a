# What the benchmarks share; they source it. It leaves one work folder under target/, on the disk of the tree, and no process behind.
#   JAVA_HOME   the JDK, of the relay and of what stands around it
#   JAVA_OPTS   flags of the relay's JVM, -Xmx256m unless set
#   BENCH_PORT  first of four ports, 18080 unless set: relay, its management, stand-in, collector
#   BENCH_TABLE a file that the results are also appended to, as rows of a Markdown table
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

die() { echo "$*" >&2; exit 1; }
for tool in wrk curl mvn; do command -v $tool > /dev/null || die "$tool is missing: apt-get install wrk curl maven"; done
[ -f target/insights-relay.jar ] || die "build first: mvn -q -DskipTests package"

java=${JAVA_HOME:+$JAVA_HOME/bin/}java
flags=${JAVA_OPTS:--Xmx256m}
port=${BENCH_PORT:-18080}
relay_url=http://127.0.0.1:$port
management=http://127.0.0.1:$((port + 1))
stand_in_url=http://127.0.0.1:$((port + 2))
work=$(mktemp -d -p "$PWD/target")
export BENCH_WORK=$work
relay= stand_in= collector= other=
trap '{ kill -9 $relay $stand_in $collector $other $(cat "$work"/wrk.pid "$work"/load-*/wrk.pid 2> /dev/null); wait; } 2> /dev/null || true; rm -rf "$work"' EXIT

jvm=$("$java" -XshowSettings:properties -version 2>&1 | awk '/java.vm.name/ {n=$0; sub(/.*= /, "", n)} /java.runtime.version/ {v=$3} END {print n " " v}')
class_path=target/bench.classpath
[ $class_path -nt pom.xml ] || mvn -q -B dependency:build-classpath -Dmdep.includeScope=runtime -Dmdep.outputFile=$class_path > "$work/mvn.log" \
  || { cat "$work/mvn.log"; exit 1; }

say() { echo "$(basename "$0" .sh): $*"; }
say "$jvm, relay's flags: $flags, $(nproc) cores, $(wrk --version 2>&1 | head -1 | cut -d' ' -f1-2)"

# single-file Java program on the relay's class path: aid <main> <heap> [arguments]
aid() { local main=$1 heap=$2; shift 2; exec "$java" "-Xmx$heap" -XX:+UseSerialGC -cp "$(< $class_path)" "bench/$main.java" "$@"; }

wait_for() { # url, pid, log
  local url=$1 pid=$2 log=$3
  for _ in $(seq 6000); do
    curl -fs -o /dev/null "$url" && return
    kill -0 "$pid" 2> /dev/null || { cat "$log" >&2; exit 1; }
    sleep 0.02
  done
  die "$url does not answer: $(cat "$log")"
}

start_stand_in() {
  aid StandIn 256m $((port + 2)) "$work" > "$work/stand-in.log" 2>&1 &
  stand_in=$!
  wait_for "$stand_in_url/stats" "$stand_in" "$work/stand-in.log"
}

# as docs/operating.md says: a further destination takes the routes of Spotify's consumers under its own name
from_kafka() {
  local file=$work/routes/engine/kafka/spool.camel.yaml batch=$work/routes/http-batch.camel.yaml
  sed 's/spotify/http-batch/g' "$file" > "$work/file" && mv "$work/file" "$file"
  # they hand batches on to what were the consumers of its example
  sed -i 's/id: take-batches-for-http-batch/id: deliver-to-http-batch/; s/id: take-retries-for-http-batch/id: retry-to-http-batch/' "$batch"
  awk '/uri: spool:/ {print "      uri: direct:" (/retry/ ? "retry" : "deliver") "-to-http-batch"; skip = 1} /^      steps:/ {skip = 0} !skip' "$batch" > "$work/file" && mv "$work/file" "$batch"
}

# start_relay none|spotify|batch [arguments]: until it is ready, which took $ready ms. none: nothing listens where events should go,
# so they wait in the spool. batch: the route of routes/destinations/http-batch.camel.yaml in place of Spotify's.
ready=
start_relay() {
  local destination=$1; shift
  local events_url=$stand_in_url/events spotify_url=$stand_in_url/insights file
  rm -rf "$work/routes"
  cp -r routes "$work"
  cp bench/bare.camel.yaml bench/floor.camel.yaml "$work/routes"
  [ -d "$work/classes" ] || "${java}c" -d "$work/classes" -cp "$(< $class_path)" bench/Floor.java bench/SqliteFloor.java
  case $destination in
    none) spotify_url=http://127.0.0.1:9 ;;
    batch)
      cp routes/destinations/http-batch.camel.yaml "$work/routes"
      [ "${RELAY_ENGINE:-embedded}" = embedded ] || from_kafka
      # without the routes that take Spotify's events out of the spool
      for file in "$work"/routes/*.camel.yaml "$work"/routes/engine/embedded/*.camel.yaml; do
        awk 'function flush() { if (!(route ~ /uri: spool:/ && route ~ /group: spotify/)) printf "%s", route; route = "" }
          /^- / { flush() } { route = route $0 "\n" } END { flush() }' "$file" > "$work/file" && mv "$work/file" "$file"
      done
      ;;
  esac
  local begin; begin=$(now)
  RELAY_PORT=$port RELAY_MANAGEMENT_PORT=$((port + 1)) RELAY_DATA_DIR="$work/data" RELAY_ROUTES_DIR="$work/routes" RELAY_STOPDELAY=0s \
    BACKSTAGE_BASE_URL=$stand_in_url BACKSTAGE_TOKEN=catalog-token SPOTIFY_BASE_URL=$spotify_url SPOTIFY_BACKSTAGE_API_TOKEN=bench EVENTS_URL=$events_url \
    DELIVER_RETRY_MAXBACKOFF=1s "$java" $flags "-Xlog:gc:file=$work/gc.log:uptime" -Dbench.file="$work/floor" \
    -cp "target/insights-relay.jar:$work/classes" io.insightsrelay.InsightsRelay "$@" > "$work/relay.log" 2>&1 &
  relay=$!
  wait_for "$management/actuator/health/readiness" "$relay" "$work/relay.log"
  ready=$(($(now) - begin))
}

stop_relay() { kill "$relay"; wait "$relay" 2> /dev/null || true; relay=; }
forget_data() { rm -rf "$work/data"; }

# metric <name> [text in its labels]: what the relay says of itself, the sum of a metric of /actuator/prometheus, as an integer
metric() {
  curl -fs "$management/actuator/prometheus" \
    | awk -v name="$1" -v label="${2:-}" '{m = $1; sub(/\{.*/, "", m)} m == name && index($0, label) {sum += $NF} END {printf "%.0f\n", sum}'
}
waiting() { metric relay_spool_waiting; }
await_drained() { until [ "$(waiting)" = 0 ]; do kill -0 "$relay" || die "the relay ended"; sleep 0.2; done; }
# what the stand-in has seen: catalog.calls, catalog.refs, requests or events
seen() { curl -fs "$stand_in_url/stats" | awk -v name="$1" '$1 == name {print $2}'; }
set_stand_in() { curl -fs "$stand_in_url/set?$1"; }

now() { date +%s%3N; } # milliseconds
# milliseconds of CPU of a process, or of several
cpu() { for pid in $1; do cat "/proc/$pid/stat"; done | awk -v tick="$(getconf CLK_TCK)" '{sub(/.*\) /, ""); sum += $12 + $13} END {printf "%.0f\n", sum * 1000 / tick}'; }
# milliseconds of CPU of a process's threads of that name
thread_cpu() { for thread in /proc/"$1"/task/*; do [ "$(< "$thread/comm")" != "${2:0:15}" ] || cat "$thread/stat"; done | awk -v tick="$(getconf CLK_TCK)" '{sub(/.*\) /, ""); sum += $12 + $13} END {printf "%.0f\n", sum * 1000 / tick}'; }
busy() { awk -v tick="$(getconf CLK_TCK)" '/^cpu / {printf "%.0f\n", ($2 + $3 + $4 + $7 + $8 + $9) * 1000 / tick}' /proc/stat; } # of all cores
rss() { awk '/VmRSS/ {printf "%.0f\n", $2 / 1024}' "/proc/$1/status"; } # MB
# the most heap in use after a collection, in MB
heap_after_gc() { awk '/Pause/ && match($0, /->[0-9]+M/) {m = substr($0, RSTART + 2, RLENGTH - 3) + 0; if (m > most) most = m} END {print most + 0}' "$work/gc.log"; }
calc() { awk "BEGIN {printf \"${2:-%.2f}\", $1}"; } # expression, format
holds() { awk "BEGIN {exit !($1)}"; }

# load <path, or URL> <events a request> <connections> <seconds> [name=value of load.lua ...]; prints requests/s, p50 and p99
load() {
  local path=$1 events=$2 connections=$3 seconds=$4; shift 4
  [[ $path = http* ]] || path=$relay_url$path
  env "BENCH_EVENTS=$events" "$@" wrk -t1 "-c$connections" "-d${seconds}s" --timeout 30s --latency -s bench/load.lua "$path" > "$work/wrk.out" 2>&1 &
  echo $! > "$work/wrk.pid"
  wait $! || die "$(cat "$work/wrk.out")"
  rm "$work/wrk.pid"
  ! grep -E "Non-2xx|Socket errors" "$work/wrk.out" >&2 || die "the relay refused requests"
  awk '/Requests\/sec/ {r = $2} $1 == "50%" {a = $2} $1 == "99%" {b = $2} END {printf "%.0f %s %s\n", r, a, b}' "$work/wrk.out"
}

# load_each "<url> ..." ...: the same for several relays at once, which share the connections; prints the sum, and p50 and p99 of the last
load_each() {
  local urls=($1) events=$2 connections=$3 seconds=$4 number=0 url pids=(); shift 4
  for url in "${urls[@]}"; do
    number=$((number + 1))
    mkdir -p "$work/load-$number"
    (work=$work/load-$number; load "$url" "$events" $((connections / ${#urls[@]})) "$seconds" BENCH_SEED=$((number + 1)) BENCH_LOADS=${#urls[@]} "$@" > "$work/rate") &
    pids+=($!)
  done
  for number in "${pids[@]}"; do wait "$number" || die "a load failed"; done
  cat "$work"/load-*/rate | awk '{sum += $1} END {print sum, $2, $3}'
  rm -r "$work"/load-*
}

# fill <events>: so many (at least) into the spool, 100 a POST
fill() { load /v1/events 100 8 600 BENCH_COUNT=$(($1 / 100)) > /dev/null; }

# sustain "<url> ..." "<pid> ..." <seconds> [environment of load.lua ...]: loads with 20 events a POST and, after a warm-up, measures what arrives at the
# receiver. Sets $rate (events/s), $us (CPU of the process, us an event), $level (waiting at the start, in the middle, at the end),
# $receiver_us, $batch (events a request of the receiver), $allocated (bytes an event); the last two of a relay.
warm_up=30
sustain() {
  local url=$1 pid=$2 seconds=$3; shift 3
  snapshot() { echo "$(now) $(seen events) $(seen requests) $(cpu "$pid") $(cpu "$stand_in") $([ -z "$relay" ] || metric jvm_gc_memory_allocated_bytes_total)"; }
  level_now() { [ -z "$relay" ] || waiting; }
  local t0 e0 r0 c0 s0 a0 t1 e1 r1 c1 s1 a1 events
  load_each "$url" "${EVENTS:-20}" 32 $((warm_up + seconds + 4)) "$@" > "$work/load" &
  other=$!
  sleep $warm_up
  read -r t0 e0 r0 c0 s0 a0 <<< "$(snapshot)"; level=$(level_now)
  sleep $((seconds / 2)); level="$level $(level_now)"
  sleep $((seconds - seconds / 2))
  read -r t1 e1 r1 c1 s1 a1 <<< "$(snapshot)"; level="$level $(level_now)"
  wait "$other"; other=
  events=$((e1 - e0))
  [ $events -gt 0 ] || die "nothing arrived"
  rate=$(calc "$events * 1000 / ($t1 - $t0)" %.0f)
  us=$(calc "($c1 - $c0) * 1000 / $events" %.1f)
  receiver_us=$(calc "($s1 - $s0) * 1000 / $events" %.1f)
  batch=$(calc "$events / ($r1 - $r0)" %.0f)
  allocated=$(calc "(${a1:-0} - ${a0:-0}) / $events" %.0f)
}

# result <what> <relay's figure> <reference> <ratio> <goal> <condition that meets it, or nothing>
result() {
  local met=
  [ -z "$6" ] || { holds "$6" && met=yes || met=no; }
  echo "RESULT $1: $2; reference: ${3:-none}; ratio: ${4:-none}; goal: ${5:-none}${met:+; met: $met}"
  [ -z "${BENCH_TABLE:-}" ] || echo "| $1 | $2 | ${3:-} | ${4:-} | ${5:-} | ${met:-} |" >> "$BENCH_TABLE"
}
