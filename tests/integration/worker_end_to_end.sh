#!/usr/bin/env bash
# The whole way over real servers: curl -> nginx -> ticker-server (FastCGI) -> S3 -> SNS -> SQS -> ticker-worker -> PostgreSQL -> Redis -> curl.
# Uploads as a form, as a body and straight to S3 with a signed request; what is asked for afterwards is exactly what was in the files.
# shellcheck source-path=SCRIPTDIR source=common.sh
command -v redis-server >/dev/null || { echo "SKIPPED: no Redis server is installed"; exit 77; }
[ -x /usr/sbin/nginx ] || { echo "SKIPPED: nginx-light is missing (scripts/install-packages test)"; exit 77; }
wants_aws=yes
wants_postgres=1
. "$(dirname "$0")/common.sh"
# shellcheck source=with_worker.sh
. "$here/with_worker.sh"
# shellcheck source=end_to_end.sh
. "$here/end_to_end.sh"
[ -n "$TICKER_TEST_POSTGRES" ] || { echo "SKIPPED: no PostgreSQL"; exit 77; }
[ "$("$TICKER_CLI" --version | grep -c redis)" -gt 0 ] || { echo "SKIPPED: built without Redis"; exit 77; }

redis=$here/../services/redis
nginx=$here/../services/nginx
# shellcheck disable=SC2154 # status is set there
trap 'status=$?; "$nginx" remove "$work/nginx" >/dev/null 2>&1 || true; "$redis" remove "$work/redis" >/dev/null 2>&1 || true; set +e; (exit $status); clean_up' EXIT
REDIS_URL=$("$redis" start "$work/redis")
export REDIS_URL
fresh postgres
expect 0 aws setup --bucket "s3://whole-way-$$/b3" --queue "whole-way-$$" --topic "whole-way-$$"
cp out settings
set -a
# shellcheck source=/dev/null
. ./settings
set +a
start_fastcgi --importer=no
base=http://$("$nginx" start "$work/nginx" "unix:$work/fastcgi.sock")
start_worker --receive-wait 2 --concurrency 2
whole_way
straight_to_storage
all_is_quiet
is "$(psql -X -q -A -t "$DATABASE_URL" -c "SELECT count(*) FROM pg_class WHERE relpersistence = 't'")" 0 "temporary tables"
"$TICKER_S3" abort "whole-way-$$" "" 0 >aborted
is "$(cat aborted)" 0 "uploads in parts that were left"
[ "$(series 'ticker_aws_requests_total{service="sqs",operation="ReceiveMessage",result="ok"}')" -gt 0 ] || fail "$(grep aws series)"
[ "$(series 'ticker_cache_bumps_total{result="done"}')" -gt 0 ] || fail "Redis was not told: $(grep cache series)"
stop_worker TERM

# What is wrong with the configuration ends it; a service that is away only when it is to drain the queue.
QUEUE_URL=sqs:none-$$ drain 2
grep -q "none-$$" worker.err || fail "$(cat worker.err)"
AWS_SECRET_ACCESS_KEY=wrong drain 2
! grep -q wrong worker.err || fail "a secret in the log"
AWS_ENDPOINT_URL_SQS=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 drain 3
drain 0
echo "worker_end_to_end"
