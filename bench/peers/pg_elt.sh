#!/usr/bin/env bash
# The server reads the file itself: raw lines into a staging table, then INSERT … SELECT with substr and casts. Not timed against:
# it is the second opinion that all other contents are compared with.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "$0")/../common.sh"
kind=$1
file=$2

fresh_raw_tables
from=$(now)
case $kind in
cotahist)
    sql <<END
CREATE UNLOGGED TABLE raw (l text);
\copy raw FROM '$file' WITH (FORMAT csv, DELIMITER E'\x01', QUOTE E'\x02', ENCODING 'LATIN1')
INSERT INTO quotes SELECT
    to_date(substr(l,3,8), 'YYYYMMDD'), substr(l,11,2)::smallint, rtrim(substr(l,13,12)), substr(l,25,3)::smallint,
    rtrim(substr(l,28,12)), rtrim(substr(l,40,10)), nullif(trim(substr(l,50,3)), '')::smallint, rtrim(substr(l,53,4)),
    substr(l,57,13)::numeric/100, substr(l,70,13)::numeric/100, substr(l,83,13)::numeric/100, substr(l,96,13)::numeric/100,
    substr(l,109,13)::numeric/100, substr(l,122,13)::numeric/100, substr(l,135,13)::numeric/100, substr(l,148,5)::int,
    substr(l,153,18)::bigint, substr(l,171,18)::numeric/100, substr(l,189,13)::numeric/100, substr(l,202,1)::smallint,
    to_date(substr(l,203,8), 'YYYYMMDD'), substr(l,211,7)::int, substr(l,218,13)::numeric/1000000, rtrim(substr(l,231,12)),
    substr(l,243,3)::smallint
FROM raw WHERE l LIKE '01%';
END
    ;;
trades)
    sql <<END
CREATE UNLOGGED TABLE raw (a text, b text, c text, d text, e text, f text, g text, h text, i text, j text, k text);
\copy raw FROM '$file' WITH (FORMAT csv, DELIMITER ';', HEADER, ENCODING 'LATIN1')
INSERT INTO trades SELECT
    a::date, b, c::smallint, replace(d, ',', '.')::numeric, e::bigint,
    make_time(substr(f,1,2)::int, substr(f,3,2)::int, substr(f,5,5)::numeric/1000), g::bigint, h::smallint, i::date,
    nullif(j, '')::int, nullif(k, '')::int
FROM raw;
END
    ;;
esac
to=$(now)
result pg-elt "$(count "$kind")" "$from" "$to"
