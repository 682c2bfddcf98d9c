#!/usr/bin/env bash
# What /metrics counts is what happened.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=with_server.sh
. "$here/with_server.sh"

# SERIES VALUE: of the last look.
counts() {
    grep -qxF "$1 $2" metrics || fail "not $2: $1; $(grep -F "${1%%\{*}" metrics)"
}
look() {
    curl -fsS "$server_url/metrics" >metrics
}

"$TICKER_GENERATE" cotahist 500 GOOD.TXT --year 2024
"$TICKER_GENERATE" cotahist 500 DIRTY.TXT --year 2023 --dirty 0.05
start_server --verbose
look
for family in http_requests_total http_request_duration_seconds upload_bytes_total import_files_total import_rows_total \
    import_bytes_total import_duration_seconds queue_messages_total queue_in_flight queue_message_age_seconds \
    cache_requests_total db_query_duration_seconds aws_requests_total build_info; do
    grep -q "^# TYPE ticker_$family " metrics || fail "a new server does not announce ticker_$family"
done
counts 'ticker_upload_bytes_total' 0
counts 'ticker_queue_message_age_seconds_count' 0
for file in GOOD.TXT DIRTY.TXT; do
    id=$(curl -fsS -F "file=@$file" "$server_url/api/quotes/upload" | sed -n 's/^{"id":\([0-9]*\),.*/\1/p')
    for ((i = 0; i < 200; i++)); do
        curl -fsS "$server_url/api/imports/$id" >row
        grep -q '"status":"imported"' row && break
        sleep 0.05
    done
    grep -q '"status":"imported"' row || fail "$(cat row)"
done
bytes=$(($(stat -c %s GOOD.TXT) + $(stat -c %s DIRTY.TXT)))
rejected=$(sed -n 's/.*"rejected":\([0-9]*\).*/\1/p' row)
[ "$rejected" -gt 0 ] || fail "nothing was rejected"
for i in 1 2 3; do
    curl -fsS -o /dev/null "$server_url/api/tickers"
    curl -sS -o /dev/null "$server_url/secret-path-$i"
    curl -sS -o /dev/null -X "METHOD$i" "$server_url/api/tickers"
done
look
counts 'ticker_http_requests_total{method="POST",route="/api/quotes/upload",status="201"}' 2
counts 'ticker_http_requests_total{method="GET",route="/api/tickers",status="200"}' 3
counts 'ticker_http_request_duration_seconds_count{method="POST",route="/api/quotes/upload"}' 2
counts 'ticker_upload_bytes_total' "$bytes"
counts 'ticker_import_files_total{format="cotahist",result="imported"}' 2
counts 'ticker_import_rows_total{format="cotahist",result="imported"}' $((1000 - rejected))
counts 'ticker_import_rows_total{format="cotahist",result="rejected"}' "$rejected"
counts 'ticker_import_bytes_total{format="cotahist"}' "$bytes"
counts 'ticker_import_duration_seconds_count{format="cotahist"}' 2
counts 'ticker_queue_message_age_seconds_count' 2
counts 'ticker_queue_in_flight' 0
counts 'ticker_db_up' 1
! grep -q 'secret-path\|METHOD1' metrics || fail "what clients write becomes labels: $(grep 'secret-path\|METHOD1' metrics)"
echo "ok 1 - requests, uploads, imports and the queue"
stop_server

# Nobody listens there.
export AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_MAX_ATTEMPTS=2
start_server --storage-url s3://bucket
curl -sS "$server_url/health/ready" >ready
grep -q '"storage":"unreachable"' ready || fail "$(cat ready)"
look
counts 'ticker_aws_requests_total{service="s3",operation="GetObject",result="unanswered"}' 2
echo "ok 2 - requests to AWS"
stop_server
