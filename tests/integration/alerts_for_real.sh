#!/usr/bin/env bash
# Every alert of deploy/prometheus/rules/alerts.yml fires because what it watches is really broken, on the whole stack (scripts/stack) with a real
# Prometheus, and is silent again when it is mended. Expressions are as they are; times are shortened (alert_tools.sh says how).
#
# It takes five minutes, most of it waiting, and so is no part of make check; monitoring.sh has eleven of them there. scripts/test alerts, or
#   make check TESTS=tests/integration/alerts_for_real.sh
# shellcheck source-path=SCRIPTDIR source=common.sh
for program in prometheus prometheus-postgres-exporter prometheus-redis-exporter redis-server radosgw sqlite3 /usr/sbin/nginx; do
    command -v "$program" >/dev/null || { echo "SKIPPED: $program is missing (scripts/install-packages test)"; exit 77; }
done
. "$(dirname "$0")/common.sh"
# shellcheck source=with_stack.sh
. "$here/with_stack.sh"
# shellcheck source=with_worker.sh
. "$here/with_worker.sh"
# shellcheck source=alert_tools.sh
. "$here/alert_tools.sh"

# At least so many messages wait. (One that was asked for by a worker that is gone may be on its way to nobody.)
wait_in_queue() {
    expect 0 aws status --json --topic ticker-uploads
    [ "$(jq -r '.queue.detail | split(" ")[0]' out)" -ge "$1" ]
}

# Back to where all is well, which each break begins from.
mend() {
    stack_up
    clears "$@"
    only_firing
}

shorten_rules "$work/rules"
stack_up --scrape 1 --rules "$work/rules"
eventually 60 is_now 'count(up == 1)' 5
eventually 60 is_now ticker_queue_up 1
only_firing

break_files
fires "${alerts_of_files[@]}"
only_firing "${alerts_of_files[@]}"
mend_files
mend "${alerts_of_files[@]}"
echo "ok 1 - files"

break_services
start_traffic
fires "${alerts_of_services[@]}"
mend_it
mend "${alerts_of_services[@]}"
stop_traffic
echo "ok 2 - Redis, the worker, PostgreSQL"

look
break_it "killed: the gateway of SNS and SQS"
kill -9 "$(pid_of gateway)"
fires TickerQueueUnreachable
mend_it
mend TickerQueueUnreachable

look
break_it "killed: S3, with uploads going on"
kill -9 "$(pid_of s3)"
quotes_file UPLOAD.TXT 100 --year 2015
uploads_fail() {
    local end=$((SECONDS + 300))
    while [ "$SECONDS" -lt "$end" ]; do
        curl -s --max-time 60 -o "$work/refused" -F "file=@$work/UPLOAD.TXT" "$base/api/quotes/upload" || true
        sleep 0.2
    done
}
uploads_fail &
uploads=$!
fires TickerAwsErrors
kill "$uploads"
mend_it
mend TickerAwsErrors
echo "ok 3 - AWS"

# Without the database the worker takes no messages, but for those that it had asked for already.
look
break_it "PostgreSQL killed, and files put into S3 meanwhile"
kill -9 "$(pid_of postgres)"
for ((i = 0; i < 6; i++)); do
    quotes_file "STUCK$i.TXT" 100 --year 2014 --seed $((i + 20))
    expect 0 upload "STUCK$i.TXT"
done
fires TickerQueueStuck
mend_it
mend TickerQueueStuck

# The worker away while files come in, for so long as nobody waits here: the queue is told that they came an hour ago.
look
break_it "the worker stopped; files that waited for an hour (the queue's own times set back)"
kill -9 "$(pid_of worker)"
for ((i = 0; i < 8; i++)); do
    quotes_file "OLD$i.TXT" 20000 --year $((2000 + i)) --seed $((i + 50))
    expect 0 upload "OLD$i.TXT"
done
eventually 30 wait_in_queue 6
kill -9 "$(pid_of sqs)"
sqlite3 "$stack_folder"/aws/queues/*.db "UPDATE sqs_messages SET sent_timestamp = sent_timestamp - 3600000"
stack_up
fires TickerQueueOld
mend_it
mend TickerQueueOld TickerDown
echo "ok 4 - the queue"

break_it "the table of quotes locked for 3 seconds, again and again"
( while :; do psql -X -q "$DATABASE_URL" -c "BEGIN; LOCK TABLE quotes IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(3); COMMIT" >"$work/locks" 2>&1 || true; done ) &
locks=$!
start_traffic
fires TickerSlow
kill "$locks"
mend_it
mend TickerSlow
stop_traffic

look
server=$(pid_of server)
files=$(prlimit --nofile --output SOFT --noheadings --pid "$server" | xargs)
break_it "clients that ask nothing hold 130 connections to the server, which may open 180 files"
prlimit --nofile=180: --pid "$server"
python3 "$here/hold.py" "$(sed -n 's/^server //p' "$stack_folder/ports")" 130 >held 2>&1 &
clients=$!
fires TickerFilesRunOut
kill "$clients"
prlimit --nofile="$files:" --pid "$server"
mend_it
mend TickerFilesRunOut
echo "ok 5 - slow answers, no more files"

table
sed -n 's/^ *- alert: //p' "$TICKER_SOURCE/deploy/prometheus/rules/alerts.yml" | sort >wanted
printf '%s\n' "${names_of_alerts[@]}" | sort | cmp - wanted || fail "not every alert fired"
expect_stack 0 down --remove
nothing_is_left
echo "ok 6 - all of them"
