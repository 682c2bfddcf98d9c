#!/usr/bin/env bash
# sqlite3's .import into a staging table, then SELECT with casts; no journal, no sync, no key: its fastest.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "$0")/../common.sh"
kind=$1
file=$2
database=$BENCH_WORK/peer.sqlite

rm -f "$database"*
from=$(now)
case $kind in
cotahist)
    sqlite3 -bail "$database" >/dev/null <<END
PRAGMA journal_mode = off;
PRAGMA synchronous = off;
CREATE TABLE raw (l text);
.mode csv
.separator "\001" "\n"
.import $file raw
CREATE TABLE quotes AS SELECT
    substr(l,3,4) || '-' || substr(l,7,2) || '-' || substr(l,9,2) trade_date, cast(substr(l,11,2) AS int) bdi,
    rtrim(substr(l,13,12)) ticker, cast(substr(l,25,3) AS int) market, rtrim(substr(l,28,12)) company,
    rtrim(substr(l,40,10)) spec, nullif(trim(substr(l,50,3)), '') term_days, rtrim(substr(l,53,4)) currency,
    cast(substr(l,57,13) AS int) open, cast(substr(l,70,13) AS int) high, cast(substr(l,83,13) AS int) low,
    cast(substr(l,96,13) AS int) avg, cast(substr(l,109,13) AS int) last, cast(substr(l,122,13) AS int) bid,
    cast(substr(l,135,13) AS int) ask, cast(substr(l,148,5) AS int) trades, cast(substr(l,153,18) AS int) quantity,
    cast(substr(l,171,18) AS int) volume, cast(substr(l,189,13) AS int) strike, cast(substr(l,202,1) AS int) opt_ind,
    substr(l,203,8) expiry, cast(substr(l,211,7) AS int) factor, cast(substr(l,218,13) AS int) strike_pts,
    rtrim(substr(l,231,12)) isin, cast(substr(l,243,3) AS int) dist
FROM raw WHERE substr(l,1,2) = '01';
DROP TABLE raw;
END
    ;;
trades)
    sqlite3 -bail "$database" >/dev/null <<END
PRAGMA journal_mode = off;
PRAGMA synchronous = off;
CREATE TABLE trades (ref_date text, ticker text, action int, price text, quantity int, close_time text, trade_id int, session int,
    trade_date text, buyer int, seller int);
.mode csv
.separator ";" "\r\n"
.import --skip 1 $file trades
UPDATE trades SET price = cast(replace(price, ',', '') AS int);
END
    ;;
esac
to=$(now)
result sqlite-import "$(sqlite3 "$database" "SELECT count(*) FROM $(table_of "$kind")")" "$from" "$to"
