#!/usr/bin/env bash
# Services that go away and come back while a consumer works: nothing is lost, nothing is imported twice, and no message is received in
# vain meanwhile: each is done at its first attempt.
wants_aws=yes
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
: "${TICKER_BUILD:?names the folder of the build}" "${TICKER_S3:?names bench/ticker-s3}"
# shellcheck source=consumer_tools.sh
. "$here/consumer_tools.sh"
# shellcheck source=postgres_tools.sh
. "$here/postgres_tools.sh"

own_postgres

bucket=away-$$
export STORAGE_URL=s3://$bucket QUEUE_URL=sqs:away-$$ TICKER_RECEIVE_WAIT=1
"$TICKER_S3" make-bucket "$bucket" >/dev/null
python3 "$here/../services/standins/client.py" sqs "$AWS_ENDPOINT_URL" CreateQueue "{\"QueueName\":\"away-$$\"}" >/dev/null
for number in {10..29}; do
    quotes_file "q$number.txt" 20 --day "2023-10-$number"
    "$TICKER_S3" put "$bucket" "q$number.txt" "q$number.txt" >put.out
done
start_consumer concurrency=2
for number in 10 11; do event_of "q$number.txt"; done | send
heard '^message done .* attempt 1 ' 2

# The database, for longer than any message is tried.
stop_postgres
for number in {12..15}; do event_of "q$number.txt"; done | "$program" send database-url="sqlite:$work/none.db"
heard '^trouble .*PostgreSQL'
echo "ready" >&"$say"
heard '^ready 0'
sleep 3
echo "idle" >&"$say"
heard '^idle [0-9]{1,4}$'
said_times '^message' 2
start_postgres
heard '^well'
heard '^message done .* attempt 1 ' 6
echo "ok 1 - the database was away"

# It is killed under an import.
hold_imports 60
event_of q16.txt | send
for _ in {1..200}; do
    echo "files" >&"$say"
    ! grep -q '^1 files' "$said" || break
    sleep 0.05
done
heard '^1 files'
stop_postgres
wait "$holder" 2>/dev/null || true
sleep 1
start_postgres
heard '^message done .* attempt 1 ' 7
echo "ok 2 - the database was killed"

# S3, and then SQS.
"$here/../services/aws" kill "$TICKER_TEST_AWS" rgw
for number in {17..20}; do event_of "q$number.txt"; done | send
heard '^trouble ' 2
sleep 2
"$here/../services/aws" restart "$TICKER_TEST_AWS" rgw >/dev/null
heard '^message done .* attempt 1 ' 11
"$here/../services/aws" kill "$TICKER_TEST_AWS" fauxqs
heard '^trouble ' 3
"$here/../services/aws" restart "$TICKER_TEST_AWS" fauxqs >/dev/null
for number in {21..27}; do event_of "q$number.txt"; done | send
heard '^message done ' 18
echo "ok 3 - S3 and SQS were away"

echo "stop 5000" >&"$say"
end_consumer 0
said_times '^message (dead|retried)' 0
is "$(sql "SELECT count(*) FROM imports WHERE status = 'imported'")" 18
is "$(sql "SELECT count(*) FROM imports WHERE status <> 'imported'")" 0

# SQS needs no database: a message is held in it for as long as the database is away, also when that is longer than its visibility.
sleep 2 # the stand-in may give what comes now to the last look of the consumer that has ended
start_consumer concurrency=2 visibility=4
event_of q29.txt | send
heard '^message done .* attempt 1 '
hold_imports 60
event_of q28.txt | send
for _ in {1..200}; do
    echo "files" >&"$say"
    ! grep -q '^1 files' "$said" || break
    sleep 0.05
done
heard '^1 files'
sleep 2
stop_postgres
wait "$holder" 2>/dev/null || true
sleep 10
start_postgres
heard '^message done .* attempt 1 ' 2
echo "stop 5000" >&"$say"
end_consumer 0
said_times '^message' 2
echo "ok 4 - a message was held while the database was away"
