#!/usr/bin/env bash
# Every real file: inspect's totals and the stored rows equal what an independent reader found, on both databases.
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
needs_data

# What is read is the same for both, so few means one.
wanted=$(many_or_few "$(backends | tr '\n' ' ')" sqlite)
files=0
for expected in "$TICKER_TEST_DATA"/expected/cotahist__*.json "$TICKER_TEST_DATA"/expected/trades__*.json \
    "$TICKER_TEST_DATA"/expected/bvbg086__*.json \
    "$TICKER_TEST_DATA"/expected/neg_legacy__*.json "$TICKER_TEST_DATA"/expected/consolidated__*.json; do
    name=$(basename "$expected" .json)
    source=$TICKER_TEST_DATA/${name//__//}
    kind=${name%%__*}
    files=$((files + 1))

    # Some of the odd ones are refused; their totals are reported all the same.
    code=0
    cli inspect --json "$source" >out 2>err || code=$?
    [ "$code" -le 1 ] || fail "$name: inspect ended with $code"
    check inspect "$expected" out "$source" || fail "$name: inspect"

    for backend in $wanted; do
        fresh "$backend"
        force=()
        [ "$code" -eq 0 ] || {
            expect 1 import --json "$source"
            [ "$(sql 'SELECT count(*) FROM quotes')" = 0 ] || fail "$name: rows of a refused file"
            force=(--force)
        }
        expect 0 import --json "${force[@]}" "$source"
        [ "$(check get out status)" = '"imported"' ] || fail "$name: not imported into $backend"
        if [ "$kind" = cotahist ]; then
            cli quotes --all --format csv >dump.csv 2>err || [ ! -s err ] || fail "$name: dump"
            check quotes "$expected" dump.csv || fail "$name: the quotes in $backend"
        elif [ "$kind" = bvbg086 ]; then
            cli quotes --all --format csv >dump.csv 2>err || [ ! -s err ] || fail "$name: dump"
            check reports dump.csv "$source" || fail "$name: the quotes in $backend"
        elif [ "$kind" = consolidated ]; then
            cli quotes --all --format csv >dump.csv 2>err || [ ! -s err ] || fail "$name: dump"
            check consolidated dump.csv "$source" || fail "$name: the quotes in $backend"
        elif [ "$kind" = neg_legacy ]; then
            columns="ticker, trade_date, reference_date, session, trade_id, action, trade_time, price, volume, buyer, seller, channel"
            columns+=", buyer_aggressor, seller_aggressor, cross_trade"
            { echo "${columns//, /,}" | sed 's/trade_date/date/; s/trade_time/time/'; sql "SELECT $columns FROM trades"; } >dump.csv
            check ticks dump.csv "$source" || fail "$name: the trades in $backend"
        else
            columns="ticker, trade_date, reference_date, session, trade_id, action, trade_time, price, volume, buyer, seller, channel"
            { echo "${columns//, /,}" | sed 's/trade_date/date/; s/trade_time/time/'; sql "SELECT $columns FROM trades"; } >dump.csv
            check trades "$expected" dump.csv "$source" || fail "$name: the trades in $backend"
        fi
        # The same bytes again change nothing.
        cp dump.csv before.csv
        expect 0 import --json "${force[@]}" "$source"
        [ "$(check get out status)" = '"duplicate"' ] || fail "$name: the second import into $backend is no duplicate"
    done
done
[ "$files" -gt 0 ] || fail "no expected contents in $TICKER_TEST_DATA/expected"
echo "$files files"
