#!/usr/bin/env bash
# kill -9 at random moments of an import, then the import again: the tables equal those of one clean import, on each database.
#
#   kill.sh [MOMENTS]   of each database (default 15; few: 6)
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
moments=${1:-$(many_or_few 15 6)}

quotes_file before.txt 8000 --seed 7
quotes_file quotes.txt 12000
quotes_file large.txt 25000 # goes over several connections
trades_file before_trades.txt 4000 --seed 7
trades_file trades.txt 12000

tables() {
    case $DATABASE_URL in
    sqlite:*) sql "SELECT type, name, tbl_name FROM sqlite_master ORDER BY 1, 2, 3" ;;
    *) sql "SELECT relkind, relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') ORDER BY 1, 2" ;;
    esac
}
milliseconds() {
    echo $(($(date +%s%N) / 1000000))
}

# FILE [EARLIER]: the state after clean imports, and how long the last one takes, in the variables clean and took.
measure() {
    local start
    fresh "$backend"
    [ $# -lt 2 ] || cli import --quiet "$2"
    start=$(milliseconds)
    cli import --quiet "$1"
    took=$(($(milliseconds) - start))
    clean=$({ dump; tables; } | sha256sum)
}

# FILE MOMENTS [EARLIER]
strike() {
    local file=$1 count=$2 i pause program undone=0
    measure "$file" "${@:3}"
    for ((i = 0; i < count; i++)); do
        fresh "$backend"
        [ $# -lt 3 ] || cli import --quiet "$3"
        pause=$((RANDOM % (took + took / 10 + 1)))
        "$TICKER_CLI" import --quiet "$file" >/dev/null 2>&1 &
        program=$!
        sleep "$(printf '%d.%03d' $((pause / 1000)) $((pause % 1000)))"
        kill -9 "$program" 2>/dev/null || true
        wait "$program" 2>/dev/null || true
        expect 0 import --json "$file"
        [ "$(value status)" != '"imported"' ] || undone=$((undone + 1))
        is "$({ dump; tables; } | sha256sum)" "$clean" "$backend: $file killed after $pause ms, then imported again: the tables are"
    done
    echo "$backend: $file${3:+ over $3}: killed $count times within $took ms, $undone of them undone and repeated"
}

for backend in $(backends); do
    strike quotes.txt $((moments / 3))
    [ "$backend" != postgres ] || strike large.txt $((moments / 3))
    strike trades.txt $((moments / 3))
    strike quotes.txt $((moments / 6)) before.txt
    strike trades.txt $((moments - 2 * (moments / 3) - moments / 6)) before_trades.txt
done
