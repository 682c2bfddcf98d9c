#!/usr/bin/env bash
# Every real file: inspect's totals and the stored rows equal what an independent reader found, on both databases.
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
needs_data

# What is read is the same for both, so few means one.
wanted=$(many_or_few "$(backends | tr '\n' ' ')" sqlite)
many=$(many_or_few yes no)
files=0

# KIND: all rows, as CSV, in dump.csv.
dump_rows() {
    local columns="ticker, trade_date, reference_date, session, trade_id, action, trade_time, price, volume, buyer, seller, channel"
    case $1 in
    trades | neg_legacy)
        [ "$1" = trades ] || columns+=", buyer_aggressor, seller_aggressor, cross_trade"
        { echo "${columns//, /,}" | sed 's/trade_date/date/; s/trade_time/time/'; sql "SELECT $columns FROM trades"; } >dump.csv
        ;;
    *) cli quotes --all --format csv >dump.csv 2>err || [ ! -s err ] || fail "$name: dump" ;;
    esac
}

# KIND IMPORTED: compares them with what an independent reader found in $source. Where it is the program's memory that is looked at, it is enough
# that there are as many as it said, and the reader, which takes longer than the import, is left to others.
check_rows() {
    [ "$many" = yes ] || {
        is "$(python3 -I -S -c 'import csv; print(sum(1 for _ in csv.reader(open("dump.csv"))) - 1)')" "$2" "$name: rows"
        return
    }
    case $1 in
    cotahist) check quotes "$expected" dump.csv ;;
    bvbg086) check reports dump.csv "$source" ;;
    consolidated) check consolidated dump.csv "$source" ;;
    neg_legacy) check ticks dump.csv "$source" ;;
    *) check trades "$expected" dump.csv "$source" ;;
    esac
}

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

    rows=
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
        imported=$(check get out imported)
        dump_rows "$kind"
        # What equals, in any order, the rows that were looked at in another database need not be looked at again.
        sort dump.csv >sorted.csv
        if [ -z "$rows" ] || ! echo "$rows  sorted.csv" | sha256sum --check --status; then
            check_rows "$kind" "$imported" || fail "$name: the rows in $backend"
        fi
        rows=$(sha256sum <sorted.csv | cut -d' ' -f1)
        # The same bytes again change nothing.
        expect 0 import --json "${force[@]}" "$source"
        [ "$(check get out status)" = '"duplicate"' ] || fail "$name: the second import into $backend is no duplicate"
    done
done
[ "$files" -gt 0 ] || fail "no expected contents in $TICKER_TEST_DATA/expected"
echo "$files files"
