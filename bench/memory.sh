#!/usr/bin/env bash
# Memory of a relay that has nothing to do, with the image's flags unless JAVA_OPTS is set. Usage: bench/memory.sh [seconds after the start, 60]
export JAVA_OPTS=${JAVA_OPTS:-$(sed -n 's/.*JDK_JAVA_OPTIONS="\([^"]*\)".*/\1/p' "$(dirname "$0")/../Dockerfile")} MALLOC_ARENA_MAX=${MALLOC_ARENA_MAX:-2}
. "$(dirname "$0")/lib.sh"
seconds=${1:-60}
start_stand_in
start_relay none
sleep "$seconds"
rss=$(rss "$relay")
say "$seconds s after the start: RSS $rss MB, heap $(calc "$(metric jvm_memory_used_bytes '"heap"') / 1048576" %.0f) MB in use of $(calc "$(metric jvm_memory_committed_bytes '"heap"') / 1048576" %.0f)"
result "memory, idle, $seconds s after the start" "RSS $rss MB" "" "" "at most 250 MB" "$rss <= 250"
