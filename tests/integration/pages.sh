#!/usr/bin/env bash
# Cursors, candles and summaries on both databases: all pages together are the whole answer, and the numbers are those that an
# independent reader works out from the rows (pages.py). Cursors that were changed or belong to another question are refused.
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
export TICKER_CLI

python3 "$here/pages.py" files

# Occurrences of rows with equal keys are no column for people, so they come from the table itself.
quotes_sql() {
    local rest=""
    [ "$1" = postgres ] || rest="printf('%d', occurrence)"
    echo "SELECT ticker, trade_date, market, term_days, ${rest:-occurrence}, open, high, low, close, trades, volume, turnover, factor FROM quotes"
}

for backend in $(backends); do
    fresh "$backend"
    distribute_when_asked
    expect 0 import --quiet quotes.txt huge*.txt long.txt trades.txt trades2.txt
    sql "$(quotes_sql "$backend")" >quotes.csv
    sql "SELECT ticker, trade_date, trade_time, price, volume, trade_id, action, session, reference_date FROM trades" >trades.csv
    python3 "$here/pages.py" check quotes.csv trades.csv || fail "$backend: an answer is wrong"

    # What the cut says, and cursors that nobody handed out.
    expect 0 quotes HUGE3 --limit 2 --format csv
    one_line_error "the limit of 2 rows cut the answer; it goes on with --cursor c"
    cursor=$(sed -n 's/.*--cursor //p' err)
    expect 0 quotes HUGE3 --cursor "$cursor" --format csv
    expect 0 quotes HUGE3 --cursor "$cursor" --format csv --limit 3
    expect 0 quotes HUGE3 --order asc --cursor "$cursor" --format csv
    for other in "ABCD4" "HUGE3 --order desc" "HUGE3 --from 2020-01-01" "HUGE3,ABCD4" "HUGE3 --interval 1d" "--all" "HUGE3 --market 010"; do
        # shellcheck disable=SC2086
        expect 2 quotes $other --cursor "$cursor"
        one_line_error "the cursor is damaged, or of another question"
    done
    expect 2 trades HUGE3 --date 2020-02-06 --cursor "$cursor"
    expect 2 tickers --cursor "$cursor"
    expect 2 imports --cursor "$cursor"
    for hostile in "" c "$cursor=" "${cursor%?}" "${cursor%??}" "${cursor%????}" "x${cursor#c}" "$cursor$cursor" "c'; DROP TABLE quotes; --" \
        "cAAAAAAAAAAA" "cAAAAAAAAAAAxLDIsMyw0LDU" "$(printf 'c%0700d' 0)" "${cursor:0:9}A${cursor:10}" "${cursor:0:20}B${cursor:21}"; do
        [ "$hostile" != "$cursor" ] || continue
        expect 2 quotes HUGE3 --cursor "$hostile"
        expect_error "cursor"
    done
    # A row that goes, and one that comes, between two pages: nothing twice, nothing left out.
    expect 0 quotes ABCD4 --limit 5 --format csv
    cursor=$(sed -n 's/.*--cursor //p' err)
    tail -n +2 out >seen
    day=$(tail -n 1 seen | cut -d, -f2)
    case $backend in
    postgres) sql "DELETE FROM quotes WHERE ticker = 'ABCD4' AND trade_date = '$day'" >/dev/null ;;
    *) sql "DELETE FROM quote_rows WHERE instrument_id = (SELECT id FROM instruments WHERE ticker = 'ABCD4') AND
            trade_date = (SELECT day FROM days WHERE iso = '$day')" ;;
    esac
    expect 0 quotes ABCD4 --cursor "$cursor" --format csv
    tail -n +2 out >>seen
    is "$(cut -d, -f2 seen | sort -u | wc -l)" "$(wc -l <seen)" "$backend: days over the pages"
    is "$(wc -l <seen)" "$(($(grep -c '^"*ABCD4"*,' quotes.csv)))" "$backend: rows over the pages"
done
echo "pages, candles and summaries"
