#!/usr/bin/env bash
# The end-to-end tests: installs Backstage, its backend and frontends, where it is missing, then runs them against the built jar. Arguments are test
# files, such as test/app-events.test.mjs; none means all.
set -euo pipefail
cd "$(dirname "$0")"

# npm leaves a copy of the lock file in node_modules; it is older than the lock file after a change, and missing after an
# installation that broke off.
for folder in . frontend; do
  if ! [ $folder/node_modules/.package-lock.json -nt $folder/package-lock.json ]; then
    npm --prefix $folder ci
  fi
done

[ $# -gt 0 ] || set -- test/*.test.mjs
# One file at a time: each starts a Backstage and a relay of its own. The limit is for what hangs in spite of all others.
exec timeout --kill-after=30 900 node --test --test-concurrency=1 --test-reporter=spec "$@"
