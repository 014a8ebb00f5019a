#!/usr/bin/env bash
# Has a JVM start the relay fast: leaves an archive of the classes that a training run in sandbox mode needed beside insights-relay.jar and its
# lib/. The Dockerfile calls it; usage, beside routes/: bash aot-cache.sh <folder that holds insights-relay.jar>
# From JDK 25 on it is an AOT cache, start it with:  java -XX:AOTCache=<folder>/insights-relay.aot -jar <folder>/insights-relay.jar
# Before, a CDS archive:             java -XX:SharedArchiveFile=<folder>/insights-relay.jsa -jar <folder>/insights-relay.jar
# It fits this JVM and these jars alone. With others, or without it, the relay starts all the same, only slower.
set -euo pipefail
folder=$1
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
port=${RELAY_PORT:-8080} management=${RELAY_MANAGEMENT_PORT:-8081}
app=$folder/insights-relay.jar
version=$("$java" -XshowSettings:properties -version 2>&1 | sed -n 's/ *java.specification.version = //p')
if [ "$version" -ge 25 ]; then cache=${app%.jar}.aot option=AOTCacheOutput; else cache=${app%.jar}.jsa option=ArchiveClassesAtExit; fi
rm -f "$cache"
data=$(mktemp -d)
relay=
trap '[ -z "$relay" ] || kill -9 "$relay" 2> /dev/null || true; rm -rf "$data"' EXIT

ask() { # port, request; an image need not have curl
  { exec 3<> "/dev/tcp/127.0.0.1/$1"; } 2> /dev/null || return 1
  printf '%b' "$2" >&3
  timeout 10 cat <&3 || true
  exec 3>&-
}
await() { # path on the management port, what its answer has to hold
  for _ in $(seq 600); do
    [[ $(ask "$management" "GET $1 HTTP/1.0\r\n\r\n") == *"$2"* ]] && return
    kill -0 "$relay" || break
    sleep 0.1
  done
  cat "$data/log" >&2
  echo "The training run failed" >&2
  exit 1
}

env -u BACKSTAGE_BASE_URL -u SPOTIFY_BACKSTAGE_API_TOKEN -u SPOTIFY_BASE_URL RELAY_DATA_DIR="$data/relay" RELAY_STOPDELAY=0s \
  RELAY_PORT="$port" RELAY_MANAGEMENT_PORT="$management" "$java" -XX:$option="$cache" -jar "$app" > "$data/log" 2>&1 &
relay=$!
await /actuator/health/readiness " 200"
event='{"action":"navigate","subject":"/catalog","context":{"pluginId":"catalog","entityRef":"component:default/petstore"}}'
ask "$port" "POST /api/backstage-insights/events/app HTTP/1.0\r\nAuthorization: Bearer sandbox-token\r\nContent-Type: application/json\r\nContent-Length: ${#event}\r\n\r\n$event" > /dev/null
await /management/sandbox/received entity.spec.owner
await /actuator/prometheus relay_events_delivered_total
kill "$relay"
wait "$relay" || true
relay=
[ -f "$cache" ] || { cat "$data/log" >&2; echo "The JVM left no $cache" >&2; exit 1; }
