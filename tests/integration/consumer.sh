#!/usr/bin/env bash
# A consumer over the queue in the database: messages that are worked on for long, several importers, time limits, stopping, messages that
# are no longer ours, and a database that goes away.
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
: "${TICKER_BUILD:?names the folder of the build}"
# shellcheck source=consumer_tools.sh
. "$here/consumer_tools.sh"

bucket="file"
export STORAGE_URL=file://$work/uploads TICKER_RECEIVE_WAIT=1
mkdir uploads
for file in 1 2 3 4 5; do
    quotes_file uploads/q$file.txt 50 --day 2023-11-0$file
done
trades_file uploads/late-t.txt 20
mv uploads/late-t.txt late.txt

# A message with several records, one of which fails: only that one is imported when it comes again.
for backend in $(backends); do
    fresh "$backend"
    expect 0 db migrate
    event_of q1.txt late.txt q2.txt | send
    start_consumer
    heard '^message retried .* attempt 1 .*late\.txt'
    cp late.txt uploads/late.txt
    heard '^message done .* attempt 2 '
    rm uploads/late.txt
    echo "stop 10000" >&"$say"
    end_consumer 0
    said_times '^file imported' 3
    said_times '^file' 3
done
echo "ok 1 - several records"

# Events of an object that is replaced come in the wrong order: the older one changes nothing any more.
for backend in $(backends); do
    fresh "$backend"
    expect 0 db migrate
    for sequencer in 0055AED6DCD90282 0055AED6DCD90281; do
        cp "uploads/q${sequencer: -1}.txt" uploads/same.txt
        event_of same.txt | sed "s/\"size\":1/&,\"sequencer\":\"$sequencer\"/" | send
        start_consumer once=yes
        end_consumer 0
        said_times '^message done .* attempt 1 ' 1
    done
    said_times '^file duplicate' 1
    is "$(sql "SELECT count(*) FROM imports WHERE status = 'imported'")" 1
    is "$(sql "SELECT count(DISTINCT trade_date) FROM quotes")" 1
done
rm uploads/same.txt
echo "ok 2 - newer versions"
[ -n "$TICKER_TEST_POSTGRES" ] || exit 0

# An import that takes much longer than a message is hidden: nobody else gets it.
fresh postgres
expect 0 db migrate
event_of q1.txt | send
hold_imports 30
start_consumer visibility=2 concurrency=1
first=$said first_say=$say first_job=$job
sleep 0.5
start_consumer visibility=2
sleep "${TICKER_TEST_HOLD:-6}"
echo "files" >&"$first_say"
heard_in "$first" '^running .*q1\.txt row [0-9]+ [0-9]+ of [0-9]+ bytes'
echo "idle" >&"$first_say"
heard_in "$first" '^idle [0-9]{1,4}$'
echo "ready" >&"$first_say"
heard_in "$first" '^ready 1$'
release_imports
heard_in "$first" '^message done .* attempt 1 '
echo "stop 1000" >&"$say"
end_consumer 0
said_times '^(message|file)' 0
said=$first say=$first_say job=$first_job
echo "stop 1000" >&"$say"
end_consumer 0
said_times '^message' 1
echo "ok 3 - long imports"

# As many as there are importers, no more; at the end of its time what runs is rolled back, and all can be had at once.
event_of q2.txt | send
event_of q3.txt | send
event_of q4.txt | send
event_of q5.txt | send
hold_imports 30
start_consumer concurrency=3
for _ in {1..200}; do
    echo "files" >&"$say"
    ! grep -q '^3 files' "$said" || break
    sleep 0.05
done
heard '^3 files'
is "$("$program" receive)" "1 messages"
echo "stop 1000" >&"$say"
end_consumer 0
said_times '^message released .* attempt 1 ' 3
is "$("$program" receive)" "4 messages"
release_imports
is "$(sql "SELECT count(*) FROM imports WHERE status = 'imported'")" 1
echo "ok 4 - as many as there are importers"

# A time limit: rolled back and tried again; at the last attempt dead, and failed in the ledger.
sql "UPDATE queue_messages SET attempts = 0" >/dev/null
hold_imports 30
start_consumer concurrency=4 import-timeout=1 queue-max-attempts=2
heard '^message retried .* attempt 1 .*longer than 1 seconds' 4
heard '^message dead .* attempt 2 .*longer than 1 seconds' 4
release_imports
echo "stop 1000" >&"$say"
end_consumer 0
is "$(sql "SELECT count(*) FROM imports WHERE status = 'failed' AND error LIKE '%longer than%'")" 4
expect 0 queue list --json
is "$(grep -c 'longer than 1 seconds' out)" 4
echo "ok 5 - time limit"

# Who no longer has a message finds out when the queue is told.
expect 0 queue drop --all
event_of q2.txt | send
hold_imports 30
start_consumer
for _ in {1..200}; do
    echo "files" >&"$say"
    ! grep -q '^1 files' "$said" || break
    sleep 0.05
done
sql "DELETE FROM queue_messages" >/dev/null
release_imports
heard '^message lost .* no longer held'
heard '^file imported'
echo "metrics" >&"$say"
heard '^metrics end'
grep -q '^ticker_queue_messages_total{result="lost"} 1' "$said" || fail "no message was counted as lost"
echo "stop 1000" >&"$say"
end_consumer 0
echo "ok 6 - messages that are lost"

# FILE: a consumer is killed while it imports it.
killed_within() {
    event_of "$1" | send
    hold_imports 30
    start_consumer visibility=2
    for _ in {1..200}; do
        echo "files" >&"$say"
        ! grep -qE '^running .* row [1-9]' "$said" || break
        sleep 0.05
    done
    kill -9 "$job"
    wait "$job" 2>/dev/null || true
    release_imports
}

# A consumer that is killed: another one has the message when its time is over, and takes the ledger's row over.
killed_within q3.txt
is "$(sql "SELECT count(*) FROM imports WHERE status = 'running'")" 1
start_consumer
heard '^message done .* attempt 2 '
echo "stop 1000" >&"$say"
end_consumer 0
is "$(sql "SELECT count(*) FROM imports WHERE status = 'running'")" 0
echo "ok 7 - a consumer that was killed"

# Such a row whose message is gone meanwhile, as when the queue has buried it: it is imported all the same, and not for ever.
killed_within q4.txt
sql "DELETE FROM queue_messages" >/dev/null
for end in imported failed; do
    start_consumer visibility=1 receive-wait=0
    heard '^left '
    for _ in {1..200}; do
        [ "$(sql "SELECT count(*) FROM imports WHERE status = 'running'")" != 0 ] || break
        sleep 0.05
    done
    echo "stop 1000" >&"$say"
    end_consumer 0
    is "$(sql "SELECT status FROM imports WHERE location LIKE '%q4.txt'")" "$end" "an import that was at work for ever is"
    sql "UPDATE imports SET status = 'running', attempts = 1000 WHERE location LIKE '%q4.txt'"
done
is "$(sql "SELECT count(*) FROM imports WHERE error LIKE '%never came to an end%'")" 1
echo "ok 8 - imports that are left behind"

# Two consumers with two importers each: every file once.
fresh postgres
expect 0 db migrate
mkdir -p uploads/many
for number in {10..39}; do
    trades_file "uploads/many/$number.txt" 10 --date 2024-03-$((number % 20 + 10))
    event_of "many/$number.txt"
done | send
start_consumer
first=$said first_say=$say first_job=$job
start_consumer once=yes receive-wait=1
end_consumer 0
cp "$said" both
said=$first say=$first_say job=$first_job
for _ in {1..200}; do
    [ "$(sql "SELECT count(*) FROM queue_messages")" != 0 ] || break
    sleep 0.05
done
echo "stop 10000" >&"$say"
end_consumer 0
cat "$said" >>both
is "$(grep -c '^message done .* attempt 1 ' both)" 30
is "$(sort both | grep '^file' | cut -d ' ' -f 3 | uniq | wc -l)" 30
echo "ok 9 - several consumers"
