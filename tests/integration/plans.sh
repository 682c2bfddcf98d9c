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
    [ "$backend" != sqlite ] || continue

    # The index that docs/operations.md speaks of: a page of trades is found by its time, and imports go on with it.
    sql "CREATE INDEX trades_by_time ON trades (ticker, trade_date, trade_time)" >/dev/null
    trades_file t3.txt 40000 --date 2024-11-12 --seed 3
    expect 0 import --quiet t3.txt
    is "$(sql "SELECT count(*) FROM pg_index WHERE indrelid = 'trades_20241112'::regclass")" 2 "indexes of a new day"
    sql "ANALYZE" >/dev/null
    PLANS_SHOW=1 "$TICKER_BUILD/tests/integration/plans" "$DATABASE_URL" PETR4 2024-11-12 2024-02-01 >"$work/out" 2>"$work/err" ||
        fail "$backend: a plan reads too much with an index more"
    for order in "" " order=desc"; do
        # Both pages, the first one and the one behind a cursor.
        sed -n "/^trades ticker={t} date={d} limit=50$order:/,/^$/p" "$work/out" >page
        is "$(grep -c 'Incremental Sort' page)" 2 "pages of trades$order that come from the index"
        is "$(grep -cE 'Index Scan( Backward)? using trades_20241112_ticker_trade_date_trade_time_idx' page)" 2 "index scans$order"
    done
    echo "with an index on the time pages of trades read what they show"
done
