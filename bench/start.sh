#!/usr/bin/env bash
# From the start of the process to ready (the first 200 of /actuator/health/readiness), of the relay and of Spring Boot with
# its actuator, Camel and one route (bench/one-route), in turns: the same JDK, flags and packaging. On JDK 25 and later also both
# as the Dockerfile has the relay, unpacked and with an AOT cache, and what the relay takes when idle.
# Usage: bench/start.sh [rounds] [home of a JDK]... Needs the built jar. FIRST_PORT (20080) and the next must be free.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD rounds=${1:-5}
shift || true
[ $# -gt 0 ] || set -- "${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v java)")")")}"
[ -f target/insights-relay.jar ] || { echo "build first: mvn -q -DskipTests package" >&2; exit 1; }
version() { sed -n "s:.*<$1.version>\(.*\)</$1.version>.*:\1:p" pom.xml; }
grep -q "<version>$(version spring-boot)</version>" bench/one-route/pom.xml && grep -q ">$(version camel)<" bench/one-route/pom.xml ||
  { echo "bench/one-route/pom.xml has other versions than pom.xml" >&2; exit 1; }
mvn -q -B -f bench/one-route package
port=${FIRST_PORT:-20080}
export RELAY_PORT=$port RELAY_MANAGEMENT_PORT=$((port + 1)) RELAY_STOPDELAY=0s RELAY_ROUTES_DIR=$root/routes
unset BACKSTAGE_BASE_URL SPOTIFY_BACKSTAGE_API_TOKEN SPOTIFY_BASE_URL JDK_JAVA_OPTIONS JAVA_TOOL_OPTIONS

work=$(mktemp -d)
process=
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
stop() {
  kill -9 "$process"
  wait "$process" 2> /dev/null || true
  process=
}
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
medians() { # file of lines "clock CPU"
  echo "$(cut -d' ' -f1 "$1" | median) $(cut -d' ' -f2 "$1" | median)"
}
compare() { # times of one route, times of the relay, what to say of both
  echo "$(medians "$1") $(medians "$2")" | awk -v how="$3" '{
    printf "  one route%s: %d ms to ready, %d ms of CPU\n  relay%s: %d ms to ready, %d ms of CPU; ratio %.2f, of CPU %.2f\n", how, $1, $2, how, $3, $4, $3 / $1, $4 / $2}'
}

for jdk in "$@"; do
  java=$jdk/bin/java
  flags=${JAVA_OPTS:--Xmx256m}
  echo "$("$java" -version 2>&1 | sed -n 2p), $flags, $(nproc) cores, median of $rounds"
  rm -f "$work"/*.times
  for _ in $(seq "$rounds"); do
    start "$java" $flags -jar "$root/target/one-route/one-route.jar" --server.port="$RELAY_MANAGEMENT_PORT"
    echo "$took" >> "$work/one.times"
    stop
    start "$java" $flags -jar "$root/target/insights-relay.jar"
    echo "$took" >> "$work/relay.times"
    stop
  done
  compare "$work/one.times" "$work/relay.times" ""

  [ "$("$java" -XshowSettings:properties -version 2>&1 | awk '/java.specification.version/ {print $3}')" -ge 25 ] || continue
  JDK_JAVA_OPTIONS=$(sed -n 's/^ENV JDK_JAVA_OPTIONS="\([^"]*\)".*/\1/p' Dockerfile)
  MALLOC_ARENA_MAX=$(sed -n 's/^ENV .* MALLOC_ARENA_MAX=\([0-9]*\).*/\1/p' Dockerfile)
  export JDK_JAVA_OPTIONS MALLOC_ARENA_MAX
  echo "  as in the Dockerfile: $JDK_JAVA_OPTIONS, MALLOC_ARENA_MAX=$MALLOC_ARENA_MAX"
  rm -rf "$work/app"
  JAVA_HOME=$jdk bash aot-cache.sh target/insights-relay.jar "$work/app" 2> /dev/null
  # the one route likewise
  rm -rf "$work/one"
  "$java" -Djarmode=tools -jar "$root/target/one-route/one-route.jar" extract --destination "$work/one" 2> /dev/null
  one_route=("$work/one/one-route.jar" --server.port="$RELAY_MANAGEMENT_PORT")
  start "$java" -XX:AOTCacheOutput="$work/one/one.aot" -jar "${one_route[@]}"
  kill "$process"
  wait "$process" 2> /dev/null || true
  for _ in $(seq "$rounds"); do
    start "$java" -XX:AOTCache="$work/one/one.aot" -jar "${one_route[@]}"
    echo "$took" >> "$work/one-cached.times"
    stop
    start "$java" -XX:AOTCache="$work/app/insights-relay.aot" -jar "$work/app/insights-relay.jar"
    echo "$took" >> "$work/cached.times"
    [ "$(wc -l < "$work/cached.times")" -lt "$rounds" ] && stop
  done
  compare "$work/one-cached.times" "$work/cached.times" " with AOT cache"
  sleep "${IDLE:-40}"
  echo "  idle for ${IDLE:-40} s: $(awk '/VmRSS/ {printf "RSS %d MB", $2 / 1024}' "/proc/$process/status"), $(ls "/proc/$process/task" | wc -l) threads," \
    "$("$jdk/bin/jcmd" "$process" GC.class_histogram 2> /dev/null | awk '/^Total/ {printf "%d MB of live objects", $3 / 1048576}')"
  stop
  unset JDK_JAVA_OPTIONS MALLOC_ARENA_MAX
done
