#!/usr/bin/env bash
# What an import reported as done is there after a crash of PostgreSQL, also when the server lets commits wait (synchronous_commit = off).
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=postgres_tools.sh
. "$here/postgres_tools.sh"
own_postgres
# What waits, waits for long.
for setting in "synchronous_commit = off" "wal_writer_delay = '10s'"; do
    psql -q -X "$DATABASE_URL" -c "ALTER SYSTEM SET $setting"
done
psql -q -X "$DATABASE_URL" -c "SELECT pg_reload_conf()" >/dev/null
quotes_file COTAHIST_A2023.TXT 300
trades_file trades.txt 300
expect 0 db migrate

crash() {
    local pid
    pid=$(head -n 1 "$work/postgres/data/postmaster.pid")
    kill -QUIT "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.05; done
    start_postgres
}

for file in COTAHIST_A2023.TXT trades.txt; do
    expect 0 import --json "$file"
    crash
    is "$(sql "SELECT count(*) FROM imports WHERE status = 'imported' AND file = '$file'")" 1 "ledger rows of $file"
done
is "$(sql "SELECT count(*) FROM trades")" 300 "trades"
is "$(sql "SELECT count(*) FROM quotes WHERE source = 'cotahist'")" 300 "quotes"
expect 0 import --json COTAHIST_A2023.TXT
is "$(text status)" duplicate
echo "durable"
