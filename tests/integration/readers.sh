#!/usr/bin/env bash
# Who reads while a large file is imported waits for no lock and sees none or all of its rows: on PostgreSQL, over one connection and several.
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
[ -n "$TICKER_TEST_POSTGRES" ] || { echo "SKIPPED: no PostgreSQL server"; exit 77; }
[ -z "${TICKER_TEST_DISTRIBUTE:-}" ] || { echo "SKIPPED: Citus makes partitions its own way"; exit 77; }

quotes_file first.txt 25000 --seed 7
quotes_file second.txt 5000 --day 2024-11-09 # a Saturday: no other row of the first file
trades_file trades.txt 60000
lock_milliseconds=100 # of waiting for locks; how long an answer takes besides is a matter of the machine

# TABLE FILE CONNECTIONS ROWS-BEFORE ROWS-AFTER
read_during() {
    local table=$1 file=$2 before=$4 after=$5 rows from took answers=0 longest=0 last=0 program
    "$TICKER_CLI" import --quiet --import-connections "$3" "$file" >out 2>err &
    program=$!
    while kill -0 "$program" 2>/dev/null || [ "$last" = 0 ]; do
        kill -0 "$program" 2>/dev/null || last=1
        from=${EPOCHREALTIME/./}
        echo "SELECT count(*) FROM $table;" >&"${reader[1]}"
        read -r -t 60 rows <&"${reader[0]}" || fail "a reader of $table waited longer than $lock_milliseconds ms for a lock"
        took=$((${EPOCHREALTIME/./} - from))
        answers=$((answers + 1))
        [ "$took" -le "$longest" ] || longest=$took
        [ "$rows" = "$before" ] || [ "$rows" = "$after" ] || fail "a reader of $table sees $rows rows, neither $before nor $after"
    done
    wait "$program" || fail "the import of $file failed"
    is "$rows" "$after" "rows of $table at the end are"
    echo "$file over $3: $answers answers meanwhile, the longest took $((longest / 1000)) ms"
}

for connections in 1 2 3; do
    fresh postgres
    expect 0 db migrate
    coproc reader { psql -X -q -A -t -v ON_ERROR_STOP=1 "$DATABASE_URL"; }
    # shellcheck disable=SC2154 # coproc sets it
    echo "SET lock_timeout = $lock_milliseconds;" >&"${reader[1]}"
    read_during quotes first.txt "$connections" 0 25000
    read_during quotes second.txt "$connections" 25000 30000
    read_during trades trades.txt "$connections" 0 60000
    eval "exec ${reader[1]}>&-"
    # shellcheck disable=SC2154
    wait "$reader_PID" 2>/dev/null || true
    is "$(sql "SELECT count(*) FROM pg_class WHERE relname ~ 'ticker_loading'")" 0 "tables that are left"
done
