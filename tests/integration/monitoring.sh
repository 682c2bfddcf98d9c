#!/usr/bin/env bash
# A real Prometheus scrapes a server, a worker and the exporters of PostgreSQL and Redis while files come in and questions are asked: every panel
# of every dashboard has data then. And what the alerts watch is broken for real.
# shellcheck source-path=SCRIPTDIR source=common.sh
for program in prometheus prometheus-postgres-exporter prometheus-redis-exporter redis-server; do
    command -v "$program" >/dev/null || { echo "SKIPPED: $program is missing (scripts/install-packages test)"; exit 77; }
done
wants_postgres=1
. "$(dirname "$0")/common.sh"
# shellcheck source=with_server.sh
. "$here/with_server.sh"
# shellcheck source=with_worker.sh
. "$here/with_worker.sh"
[ -n "$TICKER_TEST_POSTGRES" ] || { echo "SKIPPED: no PostgreSQL"; exit 77; }
[ "$("$TICKER_CLI" --version | grep -c redis)" -gt 0 ] || { echo "SKIPPED: built without Redis"; exit 77; }
has_listener || { echo "SKIPPED: built without libmicrohttpd"; exit 77; }

: "${TICKER_SOURCE:?names the folder of the sources}"
prometheus=$here/../services/prometheus
redis=$here/../services/redis
# shellcheck disable=SC2154 # status is set there
trap 'status=$?; "$prometheus" remove "$work/prometheus" >/dev/null 2>&1 || true; "$redis" remove "$work/redis" >/dev/null 2>&1 || true; (exit $status); clean_up' EXIT

# QUERY: its first value, "" when there is none.
value() {
    curl -fsS --max-time 30 --get --data-urlencode "query=$1" "$url/api/v1/query" |
        python3 -c 'import json, sys; r = json.load(sys.stdin)["data"]["result"]; print(r[0]["value"][1] if r else "")'
}
is_now() {
    [ "$(value "$1")" = "$2" ]
}
# NAME STATE: of an alert; pending is as good as firing, for nobody waits here for minutes.
alerts() {
    [ -n "$(value "ALERTS{alertname=\"$1\"}")" ]
}
quiet() {
    ! alerts "$1"
}
upload() {
    curl -fsS --max-time 60 -o answer -F "file=@$1" "$server_url/api/quotes/upload" || fail "upload of $1"
}
questions() {
    local i
    for ((i = 0; i < 40; i++)); do
        curl -fsS -o answer "$server_url/api/tickers?limit=$((i % 10 + 1))" -o answer "$server_url/api/quotes?limit=$((i % 5 + 1))" \
            -o answer "$server_url/api/imports"
        curl -sS -o answer "$server_url/api/nothing"
    done
}
has_data() {
    PROMETHEUS=$url python3 "$here/dashboards.py" "$TICKER_SOURCE/lib/metrics/metrics.def" "$TICKER_SOURCE/deploy/prometheus/rules/recording.yml" \
        "$TICKER_SOURCE"/deploy/grafana/dashboards/*.json >out 2>err
}

fresh postgres
REDIS_URL=$("$redis" start "$work/redis")
export REDIS_URL STORAGE_URL=file://$work/files QUEUE_URL=database:
start_server --importer=no
start_worker --concurrency 2
url=$("$prometheus" start "$work/prometheus" "$TICKER_SOURCE/deploy/prometheus/rules" "ticker-server=${server_url#http://}" "ticker-worker=${worker_url#http://}" \
    "postgres=$("$prometheus" postgres "$work/prometheus" "$DATABASE_URL")" "redis=$("$prometheus" redis "$work/prometheus" "${REDIS_URL%/0}")")
eventually 60 is_now "count(up == 1)" 4
eventually 60 is_now 'sum(ticker_import_files_total)' 0
eventually 60 is_now ticker_queue_up 1
eventually 60 is_now pg_up 1
eventually 60 is_now redis_up 1

quotes_file GOOD.TXT 3000 --year 2024
quotes_file DIRTY.TXT 3000 --year 2023 --dirty 0.05
trades_file TRADES.txt 3000
{ cat GOOD.TXT; tail -n 1 GOOD.TXT; } >BROKEN.TXT
for file in GOOD DIRTY BROKEN; do
    upload $file.TXT
done
upload TRADES.txt
eventually 120 is_now 'sum(ticker_import_files_total)' 4
questions
for ((try = 0; try < 10; try++)); do
    ! has_data || break
    questions
done
cp out "${TICKER_TEST_KEEP:-$work}/monitoring.out"
has_data || fail "panels without data"
[ -z "${TICKER_TEST_PICTURES:-}" ] || "$TICKER_TEST_PICTURES" "$url" "$TICKER_SOURCE"/deploy/grafana/dashboards/*.json
echo "ok 1 - every panel has data: $(tail -n 1 out)"

is_now 'sum(ticker_import_files_total{result="failed"})' 1 || fail "failed files: $(value 'sum(ticker_import_files_total{result="failed"})')"
eventually 30 alerts TickerImportsFailing
eventually 60 alerts TickerDeadLetters
eventually 30 alerts TickerRejects
echo "ok 2 - a file that is broken, its dead letter, rejected rows"

for alert in TickerDown TickerCacheOff TickerDatabaseUnreachable TickerRedisDown TickerErrors TickerQueueUnreachable; do
    quiet $alert || fail "$alert without a reason"
done
"$redis" stop "$work/redis"
for ((i = 0; i < 20; i++)); do
    curl -fsS -o answer "$server_url/api/tickers?limit=$((100 + i))"
done
eventually 60 alerts TickerCacheOff
eventually 60 alerts TickerRedisDown
kill "$worker"
eventually 60 alerts TickerDown
psql -q -X "$TICKER_TEST_POSTGRES" -c "ALTER DATABASE ${databases[0]} ALLOW_CONNECTIONS false" \
    -c "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = '${databases[0]}'" >/dev/null
fails() {
    local i
    for ((i = 0; i < 20; i++)); do
        curl -sS -o answer --max-time 60 "$server_url/api/tickers?limit=$((200 + i))"
    done
    alerts "$1"
}
eventually 60 fails TickerDatabaseUnreachable
eventually 120 fails TickerErrors
echo "ok 3 - Redis, the worker and the database away"
