#!/usr/bin/env bash
# From the start of the process to ready (the first 200 of /actuator/health/readiness), of the relay and of Spring Boot with
# its actuator, Camel and one route (bench/one-route), in turns: the same JDK and flags. That application is in one jar, as Spring Boot
# packages it, and again with its libraries beside its own jar, as the relay has them; and likewise with the relay's libraries, each used
# in the least way, and as many routes (bench/same-parts), which is the least that a relay of these parts takes.
# On JDK 25 and later also as the Dockerfile has the relay, with an AOT cache, and what the relay takes when idle.
# Usage: bench/start.sh [rounds] [home of a JDK]... Needs the built jar. FIRST_PORT (20080) and the next must be free.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD rounds=${1:-5}
shift || true
[ $# -gt 0 ] || set -- "${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")}"
[ -f target/insights-relay.jar ] || { echo "build first: mvn -q -DskipTests package" >&2; exit 1; }
version() { sed -n "s:.*<$1.version>\(.*\)</$1.version>.*:\1:p" pom.xml; }
for other in one-route same-parts; do
  grep -q "<version>$(version spring-boot)</version>" bench/$other/pom.xml && grep -q ">$(version camel)<" bench/$other/pom.xml ||
    { echo "bench/$other/pom.xml has other versions than pom.xml" >&2; exit 1; }
  mvn -q -B -f bench/$other package
done
port=${FIRST_PORT:-20080}
export RELAY_PORT=$port RELAY_MANAGEMENT_PORT=$((port + 1)) RELAY_STOPDELAY=0s RELAY_ROUTES_DIR=$root/routes
unset BACKSTAGE_BASE_URL SPOTIFY_BACKSTAGE_API_TOKEN SPOTIFY_BASE_URL JDK_JAVA_OPTIONS JAVA_TOOL_OPTIONS

work=$(mktemp -d)
process=
routes=$(cat routes/*.camel.yaml routes/engine/embedded/*.camel.yaml routes/sandbox/*.camel.yaml | grep -c '^- route:')
mkdir "$work/routes"
for number in $(seq "$routes"); do sed "s/part/part-$number/" bench/same-parts/src/main/resources/camel/part.camel.yaml > "$work/routes/$number.camel.yaml"; done
# what bench/one-route and bench/same-parts are started with
one=(--server.port=$((port + 1)))
same=(--server.port=$((port + 1)) "--camel.main.routesIncludePattern=file:$work/routes/*.camel.yaml")
trap '[ -z "$process" ] || kill -9 "$process" 2> /dev/null || true; rm -rf "$work"' EXIT

start() { # command; sets process, and took to milliseconds of the clock and of CPU
  local begin=${EPOCHREALTIME/./} status=
  rm -rf "$work/run"
  mkdir "$work/run"
  # in a folder of its own: the other application must not find the relay's application.yaml
  (cd "$work/run" && exec "$@" > "$work/log" 2>&1) &
  process=$!
  until [[ $status == *" 200"* ]]; do
    if { exec 3<> "/dev/tcp/127.0.0.1/$RELAY_MANAGEMENT_PORT"; } 2> /dev/null; then
      printf 'GET /actuator/health/readiness HTTP/1.0\r\n\r\n' >&3
      read -r -t 10 status <&3 || true
      exec 3>&-
    fi
    kill -0 "$process" 2> /dev/null || { cat "$work/log" >&2; exit 1; }
    sleep 0.01
  done
  took="$(((${EPOCHREALTIME/./} - begin) / 1000)) $(awk '{print ($14 + $15) * 10}' "/proc/$process/stat")"
}
measure() { # packaged, one, same or relay; command
  local name=$1
  shift
  start "$@"
  echo "$took" >> "$work/$name.times"
}
cached() { # one-route or same-parts, its arguments: makes its AOT cache
  local name=$1
  shift
  rm -f "$work/$name/$name.aot"
  start "$java" -XX:AOTCacheOutput="$work/$name/$name.aot" -jar "$work/$name/$name.jar" "$@"
  kill "$process"
  wait "$process" 2> /dev/null || true
}
stop() {
  kill -9 "$process"
  wait "$process" 2> /dev/null || true
  process=
}
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
medians() { # file of lines "clock CPU"
  echo "$(cut -d' ' -f1 "$1" | median) $(cut -d' ' -f2 "$1" | median)"
}
compare() { # the first to compare with, what all have: the medians of the times that were measured
  local name reference
  reference=$(medians "$work/$1.times")
  for name in packaged one same relay; do
    [ -f "$work/$name.times" ] || continue
    echo "$reference $(medians "$work/$name.times")" | awk -v what="${what[$name]}$2" \
      '{printf "  %s: %d ms to ready, %d ms of CPU; ratio %.2f, of CPU %.2f\n", what, $3, $4, $3 / $1, $4 / $2}'
  done
  rm "$work"/*.times
}
declare -A what=([packaged]="one route, in one jar" [one]="one route" [same]="the same with the relay's libraries and as many routes" [relay]="relay")

for name in one-route same-parts; do
  "$1/bin/java" -Djarmode=tools -jar "target/$name/$name.jar" extract --destination "$work/$name" > /dev/null 2>&1
done
for jdk in "$@"; do
  java=$jdk/bin/java
  flags=${JAVA_OPTS:--Xmx256m}
  echo "$("$java" -version 2>&1 | sed -n 2p), $flags, $(nproc) cores, median of $rounds"
  for _ in $(seq "$rounds"); do
    measure packaged "$java" $flags -jar "$root/target/one-route/one-route.jar" "${one[@]}"
    stop
    measure one "$java" $flags -jar "$work/one-route/one-route.jar" "${one[@]}"
    stop
    measure same "$java" $flags -jar "$work/same-parts/same-parts.jar" "${same[@]}"
    stop
    measure relay "$java" $flags -jar "$root/target/insights-relay.jar"
    stop
  done
  compare packaged ""

  [ "$("$java" -XshowSettings:properties -version 2>&1 | awk '/java.specification.version/ {print $3}')" -ge 25 ] || continue
  JDK_JAVA_OPTIONS=$(sed -n 's/^ENV JDK_JAVA_OPTIONS="\([^"]*\)".*/\1/p' Dockerfile)
  MALLOC_ARENA_MAX=$(sed -n 's/^ENV .* MALLOC_ARENA_MAX=\([0-9]*\).*/\1/p' Dockerfile)
  export JDK_JAVA_OPTIONS MALLOC_ARENA_MAX
  echo "  as in the Dockerfile: $JDK_JAVA_OPTIONS, MALLOC_ARENA_MAX=$MALLOC_ARENA_MAX"
  rm -rf "$work/app"
  mkdir "$work/app"
  cp -r target/insights-relay.jar target/lib "$work/app"
  JAVA_HOME=$jdk bash aot-cache.sh "$work/app" 2> /dev/null
  cached one-route "${one[@]}"
  cached same-parts "${same[@]}"
  for round in $(seq "$rounds"); do
    measure one "$java" -XX:AOTCache="$work/one-route/one-route.aot" -jar "$work/one-route/one-route.jar" "${one[@]}"
    stop
    measure same "$java" -XX:AOTCache="$work/same-parts/same-parts.aot" -jar "$work/same-parts/same-parts.jar" "${same[@]}"
    stop
    measure relay "$java" -XX:AOTCache="$work/app/insights-relay.aot" -jar "$work/app/insights-relay.jar"
    [ "$round" -lt "$rounds" ] && stop
  done
  compare one ", with AOT cache"
  sleep "${IDLE:-40}"
  echo "  idle for ${IDLE:-40} s: $(awk '/VmRSS/ {printf "RSS %d MB", $2 / 1024}' "/proc/$process/status"), $(ls "/proc/$process/task" | wc -l) threads," \
    "$("$jdk/bin/jcmd" "$process" GC.class_histogram 2> /dev/null | awk '/^Total/ {printf "%d MB of live objects", $3 / 1048576}')"
  stop
  unset JDK_JAVA_OPTIONS MALLOC_ARENA_MAX
done
