#!/usr/bin/env bash
# pgloader: LOAD FIXED and LOAD CSV; then the key.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "$0")/../common.sh"
kind=$1
file=$2
script=$BENCH_WORK/pgloader.load
target="postgresql://$PGUSER@$PGHOST:$PGPORT/$PGDATABASE"

# It compiles what it loads and leaves the result beside it.
cp "$BENCH_PEERS/pgloader.lisp" "$BENCH_WORK/pgloader.lisp"

load() {
    pgloader --load-lisp-file "$BENCH_WORK/pgloader.lisp" --root-dir "$BENCH_WORK/pgloader" --logfile "$BENCH_WORK/pgloader.log" \
        --quiet "$script" >"$BENCH_WORK/pgloader.out" 2>&1
}

fresh_raw_tables
case $kind in
cotahist)
    cat >"$script" <<END
LOAD FIXED FROM stdin WITH ENCODING utf-8
 (trade_date from 2 for 8, bdi from 10 for 2, ticker from 12 for 12 [trim right whitespace], market from 24 for 3,
  company from 27 for 12 [trim right whitespace], spec from 39 for 10 [trim right whitespace],
  term_days from 49 for 3 [null if blanks], currency from 52 for 4 [trim right whitespace], open from 56 for 13,
  high from 69 for 13, low from 82 for 13, avg from 95 for 13, last from 108 for 13, bid from 121 for 13,
  ask from 134 for 13, trades from 147 for 5, quantity from 152 for 18, volume from 170 for 18, strike from 188 for 13,
  opt_ind from 201 for 1, expiry from 202 for 8, factor from 210 for 7, strike_pts from 217 for 13,
  isin from 230 for 12 [trim right whitespace], dist from 242 for 3)
 INTO $target TARGET TABLE quotes
 (trade_date, bdi, ticker, market, company, spec, term_days, currency, open text using (cents open),
  high text using (cents high), low text using (cents low), avg text using (cents avg), last text using (cents last),
  bid text using (cents bid), ask text using (cents ask), trades, quantity, volume text using (cents volume),
  strike text using (cents strike), opt_ind, expiry, factor, strike_pts text using (micros strike_pts), isin, dist)
 WITH batch rows = 25000, prefetch rows = 50000 SET work_mem to '64MB';
END
    from=$(now)
    # It has no row filter, and the header and trailer have no date; from a pipe it reads nothing but UTF-8.
    grep -a '^01' "$file" | iconv -f latin1 -t utf-8 | LC_ALL=C.UTF-8 load
    ;;
trades)
    cat >"$script" <<END
LOAD CSV FROM '$file' WITH ENCODING latin-1
 (ref_date, ticker, action, price, quantity, close_time, trade_id, session, trade_date, buyer, seller)
 INTO $target TARGET TABLE trades
 (ref_date, ticker, action, price text using (comma price), quantity, close_time text using (clock close_time), trade_id, session,
  trade_date, buyer, seller)
 WITH skip header = 1, fields terminated by ';', fields not enclosed, batch rows = 25000, prefetch rows = 50000;
END
    from=$(now)
    load
    ;;
esac
sql -c "$(raw_key "$kind")"
to=$(now)
result pgloader+key "$(count "$kind")" "$from" "$to"
