#!/usr/bin/env bash
# NEG_ and consolidated files: every field is stored as it stands in the file, packed or not; a cancelled trade counts nowhere; what nobody
# traded makes no candle and no summary; what is not final or cut off is refused unless forced.
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

"$TICKER_GENERATE" neg 900 ticks.txt --date 2015-11-26 --cancel 0.05 --lf --stats 2>stats
"$TICKER_GENERATE" consolidated 1500 day.csv --date 2026-09-29
gzip -k ticks.txt
cancelled=$(check get stats cancelled)
[ "$cancelled" -gt 0 ] || fail "no cancelled trade"
sed '1s/Final/Preliminar/' day.csv >preliminary.csv
head -c 100000 ticks.txt >cut.txt
: >empty.csv
echo '<!DOCTYPE html><html>no file for this day</html>' >page.csv

for backend in $(backends); do
    fresh "$backend"
    distribute_when_asked
    expect 0 import --json ticks.txt.gz day.csv
    is "$(cut -d'"' -f8 out | tr '\n' ' ')" "neg consolidated "
    is "$(sql 'SELECT count(*) FROM trades WHERE action = 2')" "$cancelled" "$backend: cancelled trades"
    columns="ticker, trade_date, reference_date, session, trade_id, action, trade_time, price, volume, buyer, seller, channel"
    columns+=", buyer_aggressor, seller_aggressor, cross_trade"
    { echo "${columns//, /,}" | sed 's/trade_date/date/; s/trade_time/time/'; sql "SELECT $columns FROM trades"; } >dump.csv
    check ticks dump.csv ticks.txt || fail "$backend: the trades"
    is "$(sql "SELECT sum(trades) FROM quotes WHERE source = 'trades'")" "$((900 - cancelled))" "$backend: trades of the quotes"
    cli quotes --all --from 2026-09-29 --format csv >dump.csv 2>err || fail "$backend: dump"
    check consolidated dump.csv day.csv || fail "$backend: the quotes"

    # An option that nobody traded is a row, and neither a candle nor a summary.
    idle=$(grep -m1 ';;;;;;;;' day.csv | cut -d';' -f2)
    expect 0 quotes "$idle" --format ndjson
    is "$(check get out close trades turnover source segment | tr '\n' ' ')" 'null null null "consolidated" "EQUITY CALL" '
    expect 1 quotes "$idle" --interval 1d
    expect 1 summary "$idle"
    expect 0 quotes PETR4 --interval 1d --format ndjson
    is "$(check get out days open)" "$(printf '1\nnull')"

    # Refused, and taken when forced.
    fresh "$backend"
    distribute_when_asked
    expect 1 import preliminary.csv
    expect_error 'the file.s status is "Preliminar", not Final'
    expect 1 import cut.txt
    expect_error 'truncated'
    expect 1 import empty.csv
    expect_error 'the file is empty'
    expect 1 import page.csv
    expect_error 'web page'
    is "$(sql 'SELECT count(*) FROM quotes')" 0 "$backend: quotes of refused files"
    is "$(sql 'SELECT count(*) FROM trades')" 0 "$backend: trades of refused files"
    expect 0 import --quiet --force preliminary.csv cut.txt
    is "$(sql "SELECT count(*) FROM quotes WHERE source = 'consolidated'")" 1500 "$backend: a forced file"
    is "$(sql 'SELECT count(*) FROM trades')" "$(($(grep -c '^2015.*[0-9]$' cut.txt) - 1))" "$backend: whole rows of a cut file"
done
