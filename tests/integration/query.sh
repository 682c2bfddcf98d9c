#!/usr/bin/env bash
# quotes, trades, summary, tickers, imports, db: formats, filters, exit codes, on both databases.
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

quotes_file year.txt 3000
trades_file trades.txt 2000 --date 2024-11-08

# Made of digits, so that what must come out is known: PETR4 on two days, one forward, one option.
python3 - <<'END'
def row(day, bdi, ticker, market, name, spec, term, prices, trades, volume, turnover, strike=0, expiry="99991231", points=0):
    out = "01" + day + bdi + ticker.ljust(12) + market + name.ljust(12) + spec.ljust(10) + term.rjust(3) + "R$  "
    out += "".join(f"{p:013d}" for p in prices) + f"{trades:05d}{volume:018d}{turnover:018d}{strike:013d}0{expiry}0000001{points:013d}"
    return out + "BRPETRACNPR6" + "101"
rows = [
    row("20160105", "02", "PETR4", "010", "PETROBRAS", "PN", "", [687, 701, 650, 675, 680, 679, 681], 35480, 60127200, 40585860000),
    row("20160104", "02", "PETR4", "010", "PETROBRAS", "PN", "", [670, 699, 669, 680, 687, 0, 0], 100, 5000, 3400000),
    row("20160105", "62", "PETR4T", "030", "PETROBRAS", "PN", "030", [690, 690, 690, 690, 690, 0, 0], 1, 100, 69000),
    row("20160105", "78", "PETRA7", "070", "PETRE", "PN", "000", [1, 2, 1, 1, 1, 0, 1], 2, 300, 300, 700, "20160118", 7000000),
]
for r in rows:
    assert len(r) == 245, len(r)
head = "00COTAHIST.2016BOVESPA 20160105".ljust(245)
tail = ("99COTAHIST.2016BOVESPA 20160105" + f"{len(rows) + 2:011d}").ljust(245)
open("known.txt", "w", newline="").write("\r\n".join([head, *rows, tail, ""]))
END

for backend in $(backends); do
    fresh "$backend"
    # Nothing there yet.
    expect 1 quotes PETR4
    one_line_error "no quotes for PETR4; nothing has been imported"
    expect 1 quotes PETR4 --json
    is "$(cat out)" "[]"
    expect 0 imports
    expect 1 db status
    expect_output "^found +0$"
    expect 0 db migrate
    expect 0 db status
    expect_output "^backend  (sqlite|postgresql)$"
    expect 0 db migrate
    if [ -n "${TICKER_TEST_DISTRIBUTE:-}" ]; then
        expect 0 db distribute
        expect 0 db distribute
        one_line_error "quotes and trades are distributed by ticker"
    else
        expect 2 db distribute
        one_line_error "SQLite does not distribute tables; name a PostgreSQL server|this database has no Citus; install Citus"
        expect 2 db undistribute
        one_line_error "db cannot do \"undistribute\"; use status, migrate or distribute"
    fi
    expect 1 quotes PETR4 --json
    is "$(cat out)" "[]"
    one_line_error "no quotes for PETR4"

    expect 0 import --quiet known.txt
    expect 0 quotes PETR4 --format json
    python3 - <<'END' || fail "$backend: the quotes of PETR4 in JSON"
import json
rows = json.load(open("out"), parse_float=str)
assert [r["date"] for r in rows] == ["2016-01-04", "2016-01-05"], rows
wanted = {"ticker": "PETR4", "date": "2016-01-05", "market": "010", "bdi": "02", "name": "PETROBRAS", "specification": "PN",
          "term_days": None, "currency": "R$", "open": "6.87", "high": "7.01", "low": "6.50", "average": "6.75", "close": "6.80",
          "bid": "6.79", "ask": "6.81", "trades": 35480, "volume": 60127200, "turnover": "405858600.00", "strike": None,
          "strike_points": None, "correction": None, "expiry": None, "factor": 1, "isin": "BRPETRACNPR6",
          "distribution": "101", "source": "cotahist", "segment": None, "reference_price": None, "oscillation": None,
          "settlement": None, "settlement_tax": None, "open_interest": None}
assert rows[1] == wanted, rows[1]
assert list(rows[1])[:len(wanted)] == list(wanted), list(rows[1])
assert rows[0]["bid"] is None and rows[0]["ask"] is None
END
    cp out array
    expect 0 quotes PETR4 --json
    cmp -s out array || fail "--json is not --format json"
    expect 0 quotes PETR4 --format ndjson
    is "$(wc -l <out)" 2
    is "$(check get out date)" '"2016-01-05"'
    expect 0 quotes PETR4 --format csv
    is "$(head -n 1 out)" "ticker,date,market,bdi,name,specification,term_days,currency,open,high,low,average,close,bid,ask,trades,volume,turnover,strike,strike_points,correction,expiry,factor,isin,distribution,source,segment,reference_price,oscillation,settlement,settlement_tax,open_interest"
    is "$(tail -n 1 out)" "PETR4,2016-01-05,010,02,PETROBRAS,PN,,R\$,6.87,7.01,6.50,6.75,6.80,6.79,6.81,35480,60127200,405858600.00,,,,,1,BRPETRACNPR6,101,cotahist,,,,,,"
    expect 0 quotes PETR4
    expect_output "6\.80"
    expect 0 quotes PETRA7 --format ndjson
    is "$(check get out strike strike_points expiry term_days | tr '\n' ' ')" '"7.00" "7.000000" "2016-01-18" 0 '
    expect 0 quotes PETR4T --format ndjson
    is "$(value term_days)" 30
    # Filters.
    expect 0 quotes PETR4,PETR4T --format csv --from 2016-01-05 --to 2016-01-05
    is "$(wc -l <out)" 3
    expect 0 quotes --all --format csv --market 070
    is "$(wc -l <out)" 2
    expect 0 quotes PETR4 --format csv --order desc --limit 1
    is "$(tail -n 1 out | cut -d, -f2)" 2016-01-05
    one_line_error "the limit of 1 rows cut the answer"
    expect 0 quotes PETR4 --format csv --limit 2
    [ ! -s err ] || fail "a limit that cuts nothing is told"
    expect 0 quotes --all --date 2016-01-04 --format csv
    is "$(wc -l <out)" 2
    expect 0 quotes PETR4 --interval 1w --format csv
    is "$(tail -n 1 out)" "PETR4,2016-01-04,6.70,7.01,6.50,6.80,35580,60132200,405892600.00,1,2,2016-01-04,2016-01-05"
    expect 2 quotes PETR4 --interval 5m
    one_line_error "--interval cannot be \"5m\"; use one of"
    expect 1 quotes PETR4 --from 2017-01-01
    one_line_error "no quotes for PETR4 from 2017-01-01"
    expect 1 quotes petr4
    one_line_error "capitals: PETR4"
    expect 1 quotes "PETR4'; DROP TABLE quotes; --"
    expect 0 quotes PETR4 --json
    # Summary.
    expect 0 summary PETR4 --json
    is "$(check get out max_range_value max_daily_volume | tr '\n' ' ')" '"7.01" 60127200 '
    expect 0 summary PETR4
    expect 1 summary NONE1
    one_line_error "no quotes for NONE1"
    # Tickers.
    expect 0 tickers --format csv
    is "$(tail -n +2 out | cut -d, -f1 | tr '\n' ' ')" "PETR4 PETR4T PETRA7 "
    expect 0 tickers 'petr4*' --json
    is "$(python3 -c 'import json; print(len(json.load(open("out"))))')" 2
    expect 0 tickers brpetr --format csv
    is "$(wc -l <out)" 4 "$backend: tickers by their ISIN, and a header:"
    expect 0 tickers --market 070 --format csv
    is "$(tail -n +2 out | cut -d, -f1)" PETRA7
    expect 0 tickers petr --market 010 --order desc --format csv
    is "$(tail -n +2 out | cut -d, -f1)" PETR4
    expect 1 tickers ZZZZ
    expect 1 tickers --market 060
    one_line_error "no tickers in market 060"
    # The ledger.
    expect 0 imports --json
    is "$(python3 -c 'import json; print([(r["file"].rsplit("/")[-1], r["status"]) for r in json.load(open("out"))])')" "[('known.txt', 'imported')]"
    expect 0 imports 1 --json
    expect 0 imports 1
    expect_output "known.txt"
    expect 0 imports --status imported --format csv
    is "$(wc -l <out)" 2
    expect 0 imports --status failed --json
    is "$(cat out)" "[]"
    expect 2 imports --status ready
    one_line_error "--status cannot be \"ready\"; use one of"
    expect 1 imports 77
    one_line_error "no import for 77"
    # Trades.
    expect 0 import --quiet trades.txt
    ticker=$(sed -n 2p trades.txt | cut -d';' -f2)
    expect 0 trades "$ticker" --date 2024-11-08 --format csv
    is "$(head -n 1 out)" "ticker,date,time,price,volume,trade_id,action,session,buyer,seller,reference_date,channel,buyer_aggressor,seller_aggressor,cross_trade"
    is "$(($(wc -l <out) - 1))" "$(grep -c ";$ticker;.*;2024-11-08;" trades.txt)" "$backend: trades of $ticker"
    expect 0 trades "$ticker" --date 2024-11-08 --json
    expect 0 trades PETR4 --date 2024-11-08 --format csv --from 11:00 --to 11:59:59.999
    is "$(tail -n +2 out | cut -d, -f3 | cut -d: -f1 | sort -u)" 11
    expect 2 trades "$ticker" --date 2024-11-08 --from noon
    one_line_error "--from: from cannot be \"noon\""
    expect 1 trades "$ticker" --date 2023-01-01
    one_line_error "no trades for $ticker on 2023-01-01"
    expect 0 quotes "$ticker" --format ndjson
    is "$(value source)" '"trades"'
    # Many rows, and a reader that goes away.
    expect 0 import --quiet year.txt
    expect 0 quotes --all --format csv
    [ "$(wc -l <out)" -gt 3000 ] || fail "not all rows"
    cli quotes --all --format csv 2>err | head -n 1 >/dev/null
    is "${PIPESTATUS[0]}" 0 "exit code when the reader goes away is"
    [ ! -s err ] || fail "words on standard error when the reader goes away"
done
echo "queries"
