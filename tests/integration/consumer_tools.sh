# shellcheck shell=bash
# What the tests of the consumer share: the program consumer_run, its commands and what it says. Sourced after common.sh; the test sets $bucket.

: "${work:?is set by common.sh}" "${TICKER_BUILD:?names the folder of the build}"
bucket=

program=$TICKER_BUILD/tests/integration/consumer_run
consumers=0

# NAME=VALUE...: another consumer in the background; its events are in the file $said, commands go to the descriptor $say, its process is $job.
start_consumer() {
    consumers=$((consumers + 1))
    said=$work/events$consumers
    : >"$said"
    mkfifo "$work/commands$consumers"
    exec {say}<>"$work/commands$consumers"
    "$program" "$@" <"$work/commands$consumers" >"$said" 2>"$said.err" &
    job=$!
}

# CODE: the consumer has ended so.
end_consumer() {
    local code=0
    wait "$job" || code=$?
    exec {say}>&-
    is "$code" "$1" "exit status of a consumer that said $(cat "$said" "$said.err"):"
}

# FILE PATTERN [COUNT]: waits until so many of its lines match, at most half a minute.
heard_in() {
    local try
    for ((try = 0; try < 600; try++)); do
        [ "$(grep -cE -- "$2" "$1" || true)" -lt "${3:-1}" ] || return 0
        sleep 0.05
    done
    fail "\"$2\" was not said ${3:-1} times: $(cat "$1" "$1.err")"
}
heard() {
    heard_in "$said" "$@"
}

# PATTERN COUNT: the consumer said that so many times.
said_times() {
    is "$(grep -cE -- "$1" "$said" || true)" "$2" "\"$1\" in $(cat "$said"):"
}

# KEY...: an event of these objects of the bucket $bucket, one message.
event_of() {
    local key records=
    for key in "$@"; do
        records+="${records:+,}{\"eventVersion\":\"2.1\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":{\"name\":\"$bucket\"},\"object\":{\"key\":\"$key\",\"size\":1}}}"
    done
    echo "{\"Records\":[$records]}"
}

# Each line of standard input becomes a message.
send() {
    "$program" send || fail "sending"
}

# SECONDS: keeps every import of the current database from its end for so long, from now on.
hold_imports() {
    psql -X -q "$DATABASE_URL" -c "BEGIN; LOCK TABLE quotes IN ACCESS EXCLUSIVE MODE; SELECT 'held'; SELECT pg_sleep($1); COMMIT" >/dev/null 2>&1 &
    holder=$!
    local try
    for ((try = 0; try < 200; try++)); do
        [ "$(sql "SELECT count(*) FROM pg_locks WHERE relation = 'quotes'::regclass AND mode = 'AccessExclusiveLock' AND granted")" = 0 ] || return 0
        sleep 0.05
    done
    fail "imports cannot be held"
}

release_imports() {
    sql "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE query LIKE '%pg_sleep%' AND pid <> pg_backend_pid()" >/dev/null
    wait "$holder" 2>/dev/null || true
}
