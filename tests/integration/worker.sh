#!/usr/bin/env bash
# ticker-worker as a program: flags, --once and its exit codes, log lines, metrics and health, reloading, stopping. Without AWS.
# shellcheck source-path=SCRIPTDIR source=common.sh
wants_postgres=1
. "$(dirname "$0")/common.sh"
# shellcheck source=with_worker.sh
. "$here/with_worker.sh"
command -v curl >/dev/null || { echo "SKIPPED: no curl"; exit 77; }
unset NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID

# CODE ARGUMENT...: as expect, of the worker.
work_expect() {
    local wanted=$1 code=0
    shift
    timeout 60 "$TICKER_WORKER" "$@" >out 2>err </dev/null || code=$?
    [ "$code" -eq "$wanted" ] || fail "ticker-worker $*: exit $code, not $wanted"
}
# Every line of a log is an object with time and level, and has an event or a message.
whole_log() {
    jq -e . "$1" >/dev/null || fail "a line that is no JSON: $(cat "$1")"
    [ "$(jq -s 'map(select((.time | test("^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.][0-9]{3}Z$")) and
        (.level | test("^(debug|info|warning|error)$")) and ((.event // .message) | type == "string")) | not) | any' "$1")" = false ] ||
        fail "a line without its fields: $(cat "$1")"
}
# FILTER FILE: whether some line is such.
logged() {
    jq -se "any($1)" "$2" >/dev/null || fail "no line with $1: $(cat "$2")"
}

# --- Flags.
work_expect 0 --version
grep -q "^ticker-worker " out || fail "$(cat out)"
work_expect 0 --help
for flag in once concurrency visibility receive-wait import-timeout stop-timeout missing-object prometheus-url log-format queue-url; do
    grep -q -- "--$flag" out || fail "--help does not have --$flag"
done
work_expect 2 --onc=yes
expect_error "did you mean --once"
work_expect 2 somewhere
expect_error "unknown argument"
work_expect 2 --concurrency 0
work_expect 2 --log-format xml
for url in ftp://h/ https://127.0.0.1:9/metrics "http://u:p@127.0.0.1:9/" "http://" "http://h/a?b" 127.0.0.1:9464; do
    work_expect 2 --once --prometheus-url "$url"
    expect_error "PROMETHEUS_URL"
done
work_expect 2 --once --prometheus-url http://127.0.0.1:70000/metrics
for name in here database:queue SQS:quotes; do
    QUEUE_URL=$name work_expect 2 --once --prometheus-url none:
    expect_error "QUEUE_URL|queue"
done
DATABASE_URL=mysql://h/x work_expect 2 --once --prometheus-url none:
for shell in bash zsh fish; do
    work_expect 0 --completion $shell
    grep -q -- "stop-timeout" out || fail "$shell: no --stop-timeout"
    ! command -v $shell >/dev/null || $shell -n out || fail "$shell does not take its script"
done
echo "ok 1 - flags"

# --- A queue is drained: what is good, what is bad, what is there already.
quotes_file good.txt 300
quotes_file other.txt 200 --year 2022
cp good.txt again.txt
head -c 20000 other.txt >cut.txt
echo "no file of B3" >foreign.txt
number=1
for backend in $(backends); do
    fresh "$backend"
    export STORAGE_URL=file://$work/uploads-$backend
    drain 0
    whole_log worker.err
    logged '.event == "start"' worker.err
    logged '.event == "stop" and .files == 0' worker.err
    expect 0 upload good.txt again.txt other.txt
    drain 0
    whole_log worker.err
    logged '.event == "file" and .status == "imported" and .rows == 300 and .format == "cotahist" and .rejected == 0 and
        (.import_id | type) == "number" and .seconds >= ([.stages[]] | add) - 0.00001 and .stages.reading > 0 and .bytes > 70000 and (.file | test("good.txt|again.txt"))' worker.err
    logged '.event == "stop" and .files == 3 and .failed == 0 and .rows == 500' worker.err
    is "$(jq -s 'map(select(.event == "file" and .status == "duplicate")) | length' worker.err)" 1 "duplicates"
    is "$(sql 'SELECT count(*) FROM quotes')" 500 "rows"
    expect 0 upload cut.txt foreign.txt
    drain 1
    whole_log worker.err
    is "$(jq -s 'map(select(.event == "message" and .result == "dead" and .attempt == 1 and (.reason | length) > 10)) | length' worker.err)" \
        2 "dead letters in the log: $(cat worker.err)"
    is "$(jq -s 'map(select(.event == "file" and .status == "failed")) | length' worker.err)" 2 "failed files in the log"
    expect 0 queue list --json
    is "$(wc -l <out)" 2 "dead letters"
    is "$(sql "SELECT count(*) FROM imports WHERE status = 'failed'")" 2 "failed rows"
    drain 0
    # As text, for people.
    expect 0 upload --quiet foreign.txt
    TICKER_LOG_FORMAT=text drain 1
    expect 0 queue drop --all
    ! grep -q '^{' worker.err || fail "JSON in a text log"
    grep -q '^ticker-worker: stopped after' worker.err || fail "$(cat worker.err)"
    number=$((number + 1))
    echo "ok $number - a queue in $backend is drained"
done

# --- A service that is away: 3 with --once.
DATABASE_URL=postgres://127.0.0.1:1/none work_expect 3 --once --prometheus-url none: --log-format text
expect_error "127.0.0.1"
number=$((number + 1))
echo "ok $number - a database that is away"

# --- As a service: health, metrics, a reload, an address that is taken.
has_listener || { echo "worker: no listener in this build"; exit 0; }
fresh sqlite
export STORAGE_URL=file://$work/uploads-service
cat >worker.conf <<'END'
ticker_receive_wait = 1
on_error = skip
END
start_worker --config worker.conf --verbose
ready() {
    [ "$(curl -sS -o ready --max-time 20 -w '%{http_code}' "$worker_url/health/ready")" = 200 ]
}
eventually 30 ready
grep -qx '{"status":"ready"}' ready || fail "$(cat ready)"
is "$(curl -sS -o live -w '%{http_code} %{content_type}' "$worker_url/health/live")" "200 application/json"
is "$(curl -sS -o none -w '%{http_code}' "$worker_url/nothing")" 404
is "$(curl -sS -o none -X POST -d x -D head -w '%{http_code}' "$worker_url/metrics")" 405
grep -qi '^allow: GET, HEAD' head || fail "405 without Allow"
is "$(curl -sS -I -o head -w '%{http_code} %{content_type}' "$worker_url/metrics")" "200 text/plain; version=0.0.4; charset=utf-8"
expect 0 upload good.txt foreign.txt
imported() {
    [ "$(series 'ticker_queue_messages_total{result="done"}')" = 1 ] && [ "$(series 'ticker_queue_messages_total{result="dead"}')" = 1 ]
}
eventually 60 imported
is "$(series 'ticker_import_files_total{format="cotahist",result="imported"}')" 1
is "$(series 'ticker_import_rows_total{format="cotahist",result="imported"}')" 300
is "$(series ticker_queue_in_flight)" 0
is "$(series ticker_queue_message_age_seconds_count)" 2
is "$(series ticker_db_up)" 1
for family in import_files_total import_rows_total import_bytes_total import_duration_seconds queue_messages_total queue_in_flight \
    queue_message_age_seconds cache_requests_total aws_requests_total build_info; do
    grep -q "^# TYPE ticker_$family " series || fail "ticker_$family is not announced"
done
if command -v promtool >/dev/null; then
    said=$(promtool check metrics <series 2>&1) || fail "promtool: $said"
    [ -z "$said" ] || fail "promtool: $said"
fi

# Somebody else at the same address.
work_expect 2 --prometheus-url "$worker_url/metrics" --log-format text
one_line_error "cannot listen there.*PROMETHEUS_URL"

reloads() {
    [ "$(grep -c 'was read again' "$worker_log")" -ge "$1" ]
}
echo 'on_error = reject' >worker.conf
kill -HUP "$worker"
eventually 30 reloads 1
quotes_file dirty.txt 200 --dirty 0.05 --year 2020
expect 0 upload dirty.txt
rejected() {
    [ "$(sql "SELECT count(*) FROM imports WHERE status = 'failed' AND file LIKE '%dirty.txt'")" = 1 ]
}
eventually 60 rejected
# A configuration that is wrong changes nothing, and ends nothing.
echo 'no_such_key = 1' >worker.conf
kill -HUP "$worker"
stays() {
    grep -q 'stays as it was' "$worker_log"
}
eventually 30 stays
kill -0 "$worker" || fail "a wrong configuration ended the worker"
is "$(curl -sS -o live -w '%{http_code}' "$worker_url/health/live")" 200
stop_worker TERM
whole_log "$worker_log"
logged '.event == "stop" and .files == 3' "$worker_log"
start_worker
eventually 30 ready
stop_worker INT
number=$((number + 1))
echo "ok $number - as a service"
