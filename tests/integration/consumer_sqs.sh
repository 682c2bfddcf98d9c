#!/usr/bin/env bash
# A consumer over SQS and S3: events through SNS, acknowledgements in batches and when some of them fail, dead letters by the redrive
# policy, messages held while the database is away, keys that expire, and long imports.
wants_postgres=1
wants_aws=yes
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
: "${TICKER_BUILD:?names the folder of the build}" "${TICKER_S3:?names bench/ticker-s3}"
# shellcheck source=consumer_tools.sh
. "$here/consumer_tools.sh"
[ -n "$TICKER_TEST_POSTGRES" ] || { echo "SKIPPED: no PostgreSQL"; exit 77; }

control() {
    curl -sS --fail --noproxy '*' -X "$1" "$AWS_ENDPOINT_URL/_test/$2" ${3:+-d "$3"}
}
# OPERATION: how many requests of it the gateway has seen since its log was emptied.
requests() {
    control GET log | python3 -c 'import json, sys; print(sum(e["operation"] == sys.argv[1] for e in json.load(sys.stdin)))' "$1"
}
# The consumer ends. What it waits for when it is stopped, the server may still give to the connection that is gone: that has to be over.
stop_consumer() {
    echo "stop 0" >&"$say"
    end_consumer 0
    sleep 1.2
}
# FILE: into the bucket.
put() {
    "$TICKER_S3" put "$bucket" "b3/$(basename "$1")" "$1" >put.out
}

bucket=consumer-$$
queue=consumer-$$
export STORAGE_URL=s3://$bucket/b3 QUEUE_URL=sqs:$queue TICKER_RECEIVE_WAIT=1
fresh postgres
expect 0 db migrate
expect 0 aws setup --bucket "$bucket" --queue "$queue" --topic "topic-$$"
for number in {10..29}; do
    quotes_file "q$number.txt" 20 --day "2023-10-$number"
done
quotes_file large.txt 3000 --day 2023-12-05

# S3 tells SNS, and that SQS. What is no import is acknowledged and counted.
control POST test-event "{\"topic\":\"topic-$$\",\"bucket\":\"$bucket\"}" >/dev/null
for number in {10..29}; do
    put "q$number.txt"
done
echo rubbish >rubbish.txt
put rubbish.txt
start_consumer concurrency=3
heard '^message done .* attempt 1 ' 20
heard '^message ignored .* attempt 1 '
heard '^message dead .* attempt 1 .*rubbish'
echo "metrics" >&"$say"
heard '^metrics end'
grep -q '^ticker_aws_requests_total{service="sqs",operation="ReceiveMessage",result="ok"} [1-9]' "$said" || fail "requests are not counted"
is "$(sql "SELECT count(*) FROM imports WHERE status = 'imported'")" 20
is "$(sql "SELECT count(*) FROM imports WHERE status = 'failed' AND location LIKE '%/rubbish.txt'")" 1
expect 0 queue list --json
is "$(wc -l <out)" 1 "dead letters"
stop_consumer
echo "ok 1 - S3, SNS, SQS"

# Fewer requests than messages; and those that fail are made again.
plain=$TICKER_TEST_SQS_PLAIN
for number in {1..60}; do
    echo "{\"number\":$number}"
done >numbers
send <numbers
control DELETE log >/dev/null
start_consumer concurrency=20 once=yes
end_consumer 0
said_times '^message ignored' 60
[ "$(requests DeleteMessageBatch)" -lt 20 ] || fail "$(requests DeleteMessageBatch) requests for 60 messages"
[ "$(requests DeleteMessage)" -lt 10 ] || fail "$(requests DeleteMessage) requests for single messages"
send <numbers
control POST faults '[{"match":"DeleteMessage","kind":["500","reset"],"count":25}]' >/dev/null
start_consumer concurrency=20 once=yes aws-max-attempts=1
end_consumer 0
said_times '^message ignored' 60
grep -q '^trouble' "$said" || fail "nothing was said of trouble"
is "$(grep '^trouble\|^well' "$said" | tail -n 1)" well
control POST faults '[]' >/dev/null
send <numbers
mkfifo hold
"$here/partial_sqs.py" "$plain" <hold >partial &
exec {partial}>hold
for _ in {1..100}; do [ ! -s partial ] || break; sleep 0.1; done
start_consumer concurrency=20 once=yes aws-endpoint-url-sqs="$(head -n 1 partial)"
end_consumer 0
exec {partial}>&-
wait $! 2>/dev/null || true
said_times '^message ignored' 60
for _ in {1..50}; do ! grep -q batches partial || break; sleep 0.1; done
grep -qE '^[1-9][0-9]* of' partial || fail "nothing failed: $(cat partial)"
is "$("$program" receive)" "0 messages"
echo "ok 2 - acknowledgements"

# The last attempt is the redrive policy's: then it is dead with a row in the ledger.
control DELETE log >/dev/null
event_of b3/none.zip | send
start_consumer once=yes
end_consumer 20
said_times '^message retried .* attempt 1 .*none\.zip' 1
python3 "$here/../services/standins/client.py" sqs "$AWS_ENDPOINT_URL" GetQueueUrl "{\"QueueName\":\"$queue\"}" >url
python3 - "$here/../services/standins" "$(python3 -c 'import json; print(json.load(open("url"))["QueueUrl"])')" <<'END'
import json, os, sys
sys.path.insert(0, sys.argv[1])
import client
endpoint = os.environ['AWS_ENDPOINT_URL']
policy = client.sqs(endpoint, 'GetQueueAttributes', {'QueueUrl': sys.argv[2], 'AttributeNames': ['RedrivePolicy']})
policy = json.loads(policy['Attributes']['RedrivePolicy'])
policy['maxReceiveCount'] = 2
client.sqs(endpoint, 'SetQueueAttributes', {'QueueUrl': sys.argv[2], 'Attributes': {'RedrivePolicy': json.dumps(policy)}})
END
start_consumer
heard '^message dead .* attempt 2 .*none\.zip'
stop_consumer
is "$(sql "SELECT count(*) FROM imports WHERE status = 'failed' AND location LIKE '%/none.zip'")" 1
echo "ok 3 - the last attempt"

# A queue without dead letters: what the ledger knows is acknowledged, poison comes again, rarely.
python3 "$here/../services/standins/client.py" sqs "$AWS_ENDPOINT_URL" CreateQueue "{\"QueueName\":\"plain-$$\"}" >/dev/null
QUEUE_URL=sqs:plain-$$ send < <(echo "no JSON" && event_of b3/rubbish.txt)
start_consumer queue-url="sqs:plain-$$"
heard '^message dead .* attempt 1 .*rubbish'
heard '^message retried .* attempt 1 .*JSON.*redrive policy'
stop_consumer
# There is no such queue: no waiting mends that.
start_consumer queue-url="sqs:none-$$"
end_consumer 30
said_times '^end -30 .*' 1
start_consumer aws-endpoint-url-sqs=http://127.0.0.1:1 aws-max-attempts=1 once=yes
end_consumer 10
# Of a bucket that is allowed and does not exist no waiting makes one: the message is wrong, not the service.
bucket=gone-$$ event_of b3/elsewhere.txt | send
start_consumer allowed-buckets="gone-$$"
heard '^message dead .* attempt 1 .*gone-'
stop_consumer
said_times '^trouble' 0
is "$(sql "SELECT count(*) FROM imports WHERE status = 'failed' AND location = 's3://gone-$$/b3/elsewhere.txt'")" 1
echo "ok 4 - queues and buckets that lack something"

# Keys that are no longer good: it waits for others, and receives nothing meanwhile.
control POST faults '[{"match":"ReceiveMessage","kind":"expired","count":1}]' >/dev/null
start_consumer
heard '^trouble 10000 ms'
echo "ready" >&"$say"
heard '^ready 0'
heard '^well'
stop_consumer
control POST faults '[]' >/dev/null
echo "ok 5 - keys"

# An import that takes much longer than its message is hidden: nobody else gets it.
hold_imports 60
put large.txt
start_consumer visibility=2
first=$said first_say=$say first_job=$job
for _ in {1..200}; do
    echo "files" >&"$say"
    ! grep -q '^1 files' "$said" || break
    sleep 0.05
done
heard '^1 files'
start_consumer visibility=2
sleep "${TICKER_TEST_HOLD:-6}"
release_imports
heard_in "$first" '^message done .* attempt 1 '
stop_consumer
said_times '^(file|message)' 0
said=$first say=$first_say job=$first_job
stop_consumer
said_times '^message' 1
echo "ok 6 - long imports"
