# Sourced by scripts/bench and the peers: where things are, and how time is taken.
#
# A peer is called as: PEER KIND FILE, with KIND cotahist or trades. It prepares what it needs, takes the time of the work alone, leaves
# its rows in the database "bench" and prints one or more lines: NAME <tab> ROWS <tab> SECONDS.
# shellcheck shell=bash
export LC_ALL=C

BENCH_PEERS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/peers
BENCH_WORK=${BENCH_TMP:-/tmp/ticker-bench}
BENCH_DUMP=$BENCH_WORK/dump # written by the server, so that it can read it back
export BENCH_PEERS BENCH_WORK BENCH_DUMP
export PGHOST=127.0.0.1 PGUSER=postgres PGDATABASE=bench PGCLIENTENCODING=UTF8
export PGOPTIONS='-c client_min_messages=warning'
if [ -f "$BENCH_WORK/port" ]; then
    PGPORT=$(cat "$BENCH_WORK/port")
    export PGPORT
fi

sql() {
    psql -X -q -A -t -v ON_ERROR_STOP=1 "$@"
}

# The table a kind of file goes into.
table_of() {
    case $1 in
    cotahist) echo quotes ;;
    trades) echo trades ;;
    *) return 1 ;;
    esac
}

# Microseconds.
now() {
    echo "${EPOCHREALTIME/./}"
}

# NAME ROWS FROM [TO]
result() {
    local micros=$((${4:-$(now)} - $3))
    printf '%s\t%s\t%d.%06d\n' "$1" "$2" $((micros / 1000000)) $((micros % 1000000))
}

# An empty database; dropping the old one also ends in a checkpoint, so that everybody begins alike.
fresh_database() {
    sql -d postgres -c "DROP DATABASE IF EXISTS $1 WITH (FORCE)" -c "CREATE DATABASE $1"
}

# The tables of the peers that read B3's files themselves.
fresh_raw_tables() {
    fresh_database bench
    sql -f "$BENCH_PEERS/schema.sql" -c CHECKPOINT
}

# Their unique key, the same columns as ours.
raw_key() {
    case $1 in
    cotahist) echo "CREATE UNIQUE INDEX ON quotes (ticker, trade_date, market, term_days) NULLS NOT DISTINCT" ;;
    trades) echo "CREATE UNIQUE INDEX ON trades (ticker, trade_date, ref_date, session, trade_id, action)" ;;
    esac
}

# KIND: our own table's shape without a row, as scripts/bench wrote it down.
fresh_same_table() {
    fresh_database bench
    sql -f "$BENCH_DUMP/$1.create.sql" -c CHECKPOINT
}

count() {
    sql -c "SELECT count(*) FROM $(table_of "$1")"
}
