#!/usr/bin/env bash
# The whole way over the real stack: curl -> nginx -> ticker-server (FastCGI) -> S3 -> SNS -> SQS -> ticker-worker -> PostgreSQL -> Redis -> curl,
# with Prometheus looking on. Uploads as a form, as a body and straight to S3 with a signed request; what is asked for afterwards is exactly what
# was in the files. Then parts of it are killed and come back.
# shellcheck source-path=SCRIPTDIR source=common.sh
for program in prometheus prometheus-postgres-exporter prometheus-redis-exporter redis-server radosgw /usr/sbin/nginx; do
    command -v "$program" >/dev/null || { echo "SKIPPED: $program is missing (scripts/install-packages stack)"; exit 77; }
done
. "$(dirname "$0")/common.sh"
# shellcheck source=with_stack.sh
. "$here/with_stack.sh"
# shellcheck source=with_worker.sh
. "$here/with_worker.sh"
# shellcheck source=end_to_end.sh
. "$here/end_to_end.sh"
[ "$("$TICKER_CLI" --version | grep -c 'postgresql aws redis')" -gt 0 ] || { echo "SKIPPED: built without PostgreSQL, AWS or Redis"; exit 77; }
has_listener || { echo "SKIPPED: built without libmicrohttpd"; exit 77; }

stack_up --scrape 1
whole_way
straight_to_storage
all_is_quiet
is "$(psql -X -q -A -t "$DATABASE_URL" -c "SELECT count(*) FROM pg_class WHERE relpersistence = 't'")" 0 "temporary tables"
"$TICKER_S3" abort "${STORAGE_URL#s3://}" "" 0 >aborted
is "$(cat aborted)" 0 "uploads in parts that were left"
[ "$(series 'ticker_aws_requests_total{service="sqs",operation="ReceiveMessage",result="ok"}')" -gt 0 ] || fail "$(grep aws series)"
[ "$(series 'ticker_cache_bumps_total{result="done"}')" -gt 0 ] || fail "Redis was not told: $(grep cache series)"
echo "ok 1 - the whole way"

# What PostgreSQL has is what Prometheus was told.
rows=$(psql -X -q -A -t "$DATABASE_URL" -c 'SELECT count(*) FROM quotes')
[ "$rows" -gt 8000 ] || fail "$rows rows"
eventually 60 is_now 'count(up == 1)' 5
eventually 60 is_now 'sum(ticker_import_rows_total{result="imported"})' "$rows"
eventually 60 is_now 'sum(ticker_http_requests_total{route=~"/api/quotes/upload.*",status="201"}) > bool 0' 1
# The worker looks once a minute.
eventually 180 is_now 'max(ticker_queue_depth{state="dead"})' 1
is "$(prometheus_value 'min(ticker_db_up) * min(ticker_cache_up) * min(ticker_queue_up)')" 1 "what both reach"
expect_stack 0 status
is "$(grep -c ' healthy ' out)" 11 "services"
python3 "$here/stack.py" check "$stack_folder" >out || fail "outside of its folder, or of loopback"
echo "ok 2 - and its numbers"

# What they held is still there.
look
kill -9 "$(pid_of sqs)" "$(pid_of worker)" "$(pid_of s3)" "$(sed 's/ .*//' "$stack_folder/aws/ceph/osd.pid")"
expect_stack 1 status
stack_up
look
is "$(jq .healthy services)" true
expect 0 queue list
is "$(wc -l <out)" 1 "dead letters"
quotes_file "$work/after.txt" 1000 --year 2017 --seed 3
upload_form "$work/after.txt" COTAHIST_A2017.TXT
follow "$id"
echo "ok 3 - after a kill -9"

# What is wrong with the configuration ends a worker; a service that is away only when it is to drain the queue.
QUEUE_URL=sqs:none-$$ drain 2
grep -q "none-$$" worker.err || fail "$(cat worker.err)"
AWS_SECRET_ACCESS_KEY=wrong drain 2
! grep -q wrong worker.err || fail "a secret in the log"
AWS_ENDPOINT_URL_SQS=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 drain 3
drain 0
expect_stack 0 down
grep -q '"event":"stop"' "$stack_folder/worker.out" || fail "the worker's end: $(tail -n 3 "$stack_folder/worker.out")"
nothing_is_left
expect_stack 0 down --remove
[ ! -e "$stack_folder" ] || fail "the folder is still there"
echo "ok 4 - the end"
