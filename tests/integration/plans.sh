#!/usr/bin/env bash
# EXPLAIN of every kind of question, on both databases with data in them: none reads the quotes or trades from end to end.
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

quotes_file y23.txt 40000 --year 2023
quotes_file y24.txt 60000 --year 2024
trades_file t1.txt 40000 --date 2024-11-08
trades_file t2.txt 40000 --date 2024-11-11 --seed 2

for backend in $(backends); do
    fresh "$backend"
    expect 0 import --quiet y23.txt y24.txt t1.txt t2.txt
    # What autovacuum does within a minute.
    [ "$backend" = sqlite ] || sql "ANALYZE" >/dev/null
    "${TICKER_BUILD:?names the build folder}/tests/integration/plans" "$DATABASE_URL" PETR4 2024-11-08 2024-02-01 >"$work/out" 2>"$work/err" ||
        fail "$backend: a plan reads too much"
    tail -n 1 "$work/out"
done
