#!/usr/bin/env bash
# What redaction takes for a short value in which nothing is found, of up to 64 characters: the look-alikes of the corpus's reported half, on their own, in
# sentences, URLs and JSON. The best of 25 rounds, beside copying the value and looking for one character in it. Usage: bench/redact.sh
. "$(dirname "$0")/lib.sh"
test_path=target/bench.test.classpath
mvn -q -B test-compile dependency:build-classpath -Dmdep.includeScope=test -Dmdep.outputFile=$test_path > "$work/mvn.log" || { cat "$work/mvn.log"; exit 1; }
"$java" -XX:+UseSerialGC -cp "target/test-classes:target/classes:$(< $test_path)" io.insightsrelay.redact.RedactionSpeed 2> "$work/speed.log" | grep '^SPEED' > "$work/speed" \
  || { cat "$work/speed.log"; exit 1; }
while IFS='|' read -r _ kind values length ns copy; do
  goal= condition=
  [ "$kind" != all ] || { goal="at most 1000 ns" condition="$ns <= 1000"; }
  result "redaction, $kind: $values values of $length characters on average" "$ns ns a value" "copy and one indexOf: $copy ns" "$(calc "$ns / $copy" %.0f)" "$goal" "$condition"
done < "$work/speed"
