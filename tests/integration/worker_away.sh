#!/usr/bin/env bash
# The worker while PostgreSQL and Redis go away and come back: it stays, says so once in its log, to systemd and to /health/ready, and goes on
# by itself; what it could not tell Redis is made up for. Nothing is tried in vain.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=with_worker.sh
. "$here/with_worker.sh"
command -v redis-server >/dev/null || { echo "SKIPPED: no Redis server is installed"; exit 77; }
# shellcheck source=postgres_tools.sh
. "$here/postgres_tools.sh"
has_listener || { echo "SKIPPED: no listener in this build"; exit 77; }
[ "$("$TICKER_CLI" --version | grep -c 'postgresql.*redis')" -gt 0 ] || { echo "SKIPPED: built without PostgreSQL or Redis"; exit 77; }
unset WATCHDOG_USEC WATCHDOG_PID

redis=$here/../services/redis
# shellcheck disable=SC2317 # called when the test ends
also_gone() {
    # A server that is stopped cannot end.
    "$redis" resume "$work/redis" || true
    "$redis" remove "$work/redis" || true
}
own_postgres
REDIS_URL=$("$redis" start "$work/redis")
export REDIS_URL STORAGE_URL=file://$work/uploads
for year in 2019 2020 2021 2022 2023; do
    quotes_file "$year.txt" 100 --year $year
done
python3 "$here/notify_listen.py" "$work/notify" "$work/notes" &
eventually 20 test -S notify
export NOTIFY_SOCKET=$work/notify

ready_is() {
    [ "$(curl -sS -o ready --max-time 20 -w '%{http_code}' "$worker_url/health/ready")" = "$1" ]
}
# FILTER NUMBER: so many lines of the log are such.
lines() {
    [ "$(jq -s "map(select($1)) | length" "$worker_log" 2>/dev/null)" = "$2" ]
}
# FILTER: whether some line is such.
some() {
    jq -se "any($1)" "$worker_log" >/dev/null 2>&1
}
rows() {
    [ "$(sql 'SELECT count(*) FROM quotes')" = "$1" ]
}

# --- Nothing is there when it starts: it runs, and waits.
stop_postgres
start_worker --receive-wait 1
eventually 20 grep -qP '\tREADY=1$' notes
eventually 60 lines '.event == "trouble"' 1
eventually 20 ready_is 503
grep -q unavailable ready || fail "$(cat ready)"
is "$(curl -sS -o live -w '%{http_code}' "$worker_url/health/live")" 200
eventually 20 grep -qP '\tSTATUS=waiting for a service: .*nothing at work; 0 files' notes
jq -se 'map(select(.event == "trouble")) | all(.level == "error" and (.reason | test("PostgreSQL")) and .pause_ms > 0)' "$worker_log" >/dev/null ||
    fail "$(cat "$worker_log")"
start_postgres
eventually 60 ready_is 200
eventually 20 lines '.event == "recovered" and .seconds > 0' 1
expect 0 upload 2019.txt
eventually 60 lines '.event == "file" and .status == "imported"' 1
rows 100 || fail "not all rows"
echo "ok 1 - a database that is away at the start"

# --- It goes while the worker waits.
stop_postgres
eventually 60 ready_is 503
start_postgres
eventually 60 ready_is 200
expect 0 upload 2020.txt
eventually 60 rows 200
lines '.event == "message" and .level == "warning"' 0 || fail "messages were tried in vain: $(cat "$worker_log")"
database_is_up() {
    [ "$(series ticker_db_up)" = 1 ]
}
eventually 30 database_is_up
echo "ok 2 - a database that goes and comes"

# --- Redis hangs, and is killed: imports go on, and it learns of them afterwards.
"$redis" pause "$work/redis"
expect 0 upload 2021.txt
eventually 60 rows 300
eventually 60 some '.level == "warning" and ((.message // "") | test("cannot be told.*Redis"))'
ready_is 200 || fail "not ready without Redis"
"$redis" resume "$work/redis"
told() {
    [ "$(sql 'SELECT count(*) FROM cache_bumps')" = 0 ]
}
eventually 60 told
eventually 60 some '.level == "info" and ((.message // "") | test("told of imports again"))'
"$redis" kill "$work/redis"
expect 0 upload 2022.txt
eventually 60 rows 400
"$redis" start "$work/redis" >/dev/null
eventually 60 told
echo "ok 3 - Redis"

expect 0 upload 2023.txt
eventually 60 rows 500
stop_worker TERM
lines '.event == "stop" and .files == 5 and .failed == 0' 1 || fail "$(cat "$worker_log")"
rm -f notify
