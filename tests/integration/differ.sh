#!/usr/bin/env bash
# The same questions, made up at random, to SQLite and to PostgreSQL: the same answers, byte for byte.
#
#   differ.sh [SEED [QUESTIONS]]
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
[ -n "$TICKER_TEST_POSTGRES" ] || { echo "SKIPPED: no PostgreSQL"; exit 77; }
seed=${1:-$RANDOM}

python3 "$here/pages.py" files
quotes_file y20.txt 2000 --year 2020
quotes_file y21.txt 1000 --year 2021
trades_file t.txt 2000 --date 2020-02-07
urls=()
for backend in $(backends); do
    fresh "$backend"
    expect 0 import --quiet quotes.txt huge*.txt long.txt trades.txt trades2.txt y20.txt y21.txt t.txt
    urls+=("$DATABASE_URL")
done
echo "seed $seed"
"${TICKER_BUILD:?names the build folder}/tests/integration/differ" "${urls[@]}" "$seed" "${2:-250}" >"$work/out" 2>"$work/err" ||
    fail "answers differ (seed $seed)"
tail -n 1 "$work/out"
