#!/usr/bin/env bash
# A stack (scripts/stack, without AWS) while files come in and questions are asked: every panel of every dashboard has data then. And what the
# alerts watch is broken for real, so that they fire, and mended, so that they are silent again. (The other alerts: alerts_for_real.sh.)
# shellcheck source-path=SCRIPTDIR source=common.sh
for program in prometheus prometheus-postgres-exporter prometheus-redis-exporter redis-server /usr/sbin/nginx; do
    command -v "$program" >/dev/null || { echo "SKIPPED: $program is missing (scripts/install-packages stack)"; exit 77; }
done
. "$(dirname "$0")/common.sh"
# shellcheck source=with_stack.sh
. "$here/with_stack.sh"
# shellcheck source=with_worker.sh
. "$here/with_worker.sh"
# shellcheck source=alert_tools.sh
. "$here/alert_tools.sh"
[ "$("$TICKER_CLI" --version | grep -c 'postgresql.*redis')" -gt 0 ] || { echo "SKIPPED: built without PostgreSQL or Redis"; exit 77; }
has_listener || { echo "SKIPPED: built without libmicrohttpd"; exit 77; }

questions() {
    local i
    for ((i = 0; i < 40; i++)); do
        curl -fsS -o answer "$base/api/tickers?limit=$((i % 10 + 1))" -o answer "$base/api/quotes?limit=$((i % 5 + 1))" -o answer "$base/api/imports"
        curl -sS -o answer "$base/api/nothing"
    done
}
has_data() {
    PROMETHEUS=$prometheus python3 "$here/dashboards.py" "$TICKER_SOURCE/lib/metrics/metrics.def" "$TICKER_SOURCE/deploy/prometheus/rules/recording.yml" \
        "$TICKER_SOURCE"/deploy/grafana/dashboards/*.json >out 2>err
}

shorten_rules "$work/rules"
stack_up --without aws --scrape 1 --rules "$work/rules"
eventually 60 is_now 'count(up == 1)' 5
eventually 60 is_now 'sum(ticker_import_files_total)' 0
eventually 60 is_now ticker_queue_up 1
eventually 60 is_now pg_up 1
eventually 60 is_now redis_up 1
only_firing

trades_file TRADES.txt 3000
break_files
upload TRADES.txt
eventually 120 is_now 'sum(ticker_import_files_total)' 4
questions
for ((try = 0; try < 10; try++)); do
    ! has_data || break
    questions
done
cp out "${TICKER_TEST_KEEP:-$work}/monitoring.out"
has_data || fail "panels without data"
[ -z "${TICKER_TEST_PICTURES:-}" ] || "$TICKER_TEST_PICTURES" "$prometheus" "$TICKER_SOURCE"/deploy/grafana/dashboards/*.json
echo "ok 1 - every panel has data: $(tail -n 1 out)"

is_now 'sum(ticker_import_files_total{result="failed"})' 1 || fail "failed files: $(prometheus_value 'sum(ticker_import_files_total{result="failed"})')"
fires "${alerts_of_files[@]}"
only_firing "${alerts_of_files[@]}"
mend_files
clears "${alerts_of_files[@]}"
echo "ok 2 - a file that is broken, its dead letter, rejected rows, days that are missing"

break_services
start_traffic
fires "${alerts_of_services[@]}"
mend_services
clears "${alerts_of_services[@]}"
stop_traffic
only_firing
table
echo "ok 3 - Redis, the worker and the database away"
