#!/usr/bin/env bash
# ticker-worker over the whole way: messages of an SQS server, objects in a folder or in S3, into PostgreSQL.
#
#   worker.sh WORKER CLI MOVER GENERATOR BIG-FILE FILES REPEATS [SOAK-MINUTES]
#
# Prints lines: KIND NAME ROWS SECONDS [KIB], with tabs:
#   files   1,000 small files by two importers, from a folder and from S3; and how long as many rounds of one receive and one delete
#           take a client that does nothing between them, with one connection and with two
#   big     one zipped file of many rows from S3, against ticker-cli import of the same file from the disk
#   memory  resident memory of a worker with four importers after 100 and after all of the files
#   soak    with SOAK-MINUTES: the same after a tenth of the time and at its end, while files keep coming
# SQS is fauxqs, unsigned, in memory; S3 is Ceph's gateway (tests/services/aws); PostgreSQL is the benchmarks' own.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

[ $# -ge 7 ] || { echo "usage: worker.sh WORKER CLI MOVER GENERATOR BIG-FILE FILES REPEATS [SOAK-MINUTES]" >&2; exit 2; }
worker=$1 cli=$2 mover=$3 generator=$4 big=$5 files=$6 repeats=$7 soak=${8:-0}
services=$(cd "$(dirname "$0")/.." && pwd)/tests/services
folder=$BENCH_WORK/worker
running=
clean_up() {
    [ -z "$running" ] || kill -9 "$running" 2>/dev/null || true
    "$services/aws" remove "$folder/aws"
    rm -rf "$folder/uploads"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

unset "${!AWS_@}" http_proxy HTTP_PROXY all_proxy ALL_PROXY
mkdir -p "$folder"
TICKER_TEST_SQS_PERSISTENCE=false "$services/aws" start "$folder/aws" >"$BENCH_WORK/worker.log" 2>&1 </dev/null ||
    { tail -n 5 "$BENCH_WORK/worker.log" >&2; exit 1; }
eval "$("$services/aws" env "$folder/aws")"
export DATABASE_URL=postgresql://postgres@127.0.0.1:$PGPORT/ticker REDIS_URL=none: PROMETHEUS_URL=none:

say() { echo "worker.sh: $*" >&2; }

# NUMBER: so many files of a day each, once.
make_files() {
    local i week
    [ ! -f "$folder/files/$1.complete" ] || return 0
    rm -rf "$folder/files"
    mkdir -p "$folder/files"
    for ((i = 0; i < $1; i++)); do
        week=$((i / 5))
        printf '%s\n' "$(date -u -d "@$((946857600 + week * 604800 + i % 5 * 86400))" +%F)"
    done | while read -r day; do
        "$generator" cotahist 100 "$folder/files/COTAHIST_D$day.TXT" --day "$day"
    done
    touch "$folder/files/$1.complete"
}

# A queue, and a bucket that tells it; the worker itself speaks to the queue unsigned.
names=0
fresh_names() {
    names=$((names + 1))
    bucket=bench-$names
    queue=bench-$names
    "$cli" aws setup --bucket "$bucket" --queue "$queue" --topic "$queue" --visibility 600 >"$BENCH_WORK/worker.log" 2>&1
    export QUEUE_URL=sqs:$queue
    fresh_database ticker
    "$cli" db migrate >>"$BENCH_WORK/worker.log" 2>&1
}

into_folder() {
    rm -rf "$folder/uploads"
    export STORAGE_URL=file://$folder/uploads
    AWS_ENDPOINT_URL=$TICKER_TEST_SQS_PLAIN DATABASE_URL=sqlite:$folder/uploads.sqlite "$cli" upload "$folder"/files/*.TXT >"$BENCH_WORK/worker.log" 2>&1
}

# Each file: its bucket tells the topic, and that the queue.
into_s3() {
    local file
    export STORAGE_URL=s3://$bucket
    for file in "$@"; do
        "$mover" put "$bucket" "$(basename "$file")" "$file" >"$BENCH_WORK/worker.log"
    done
}

# What was thrown away before is written away before, and who is second has no advantage from that.
settle() {
    sql -d ticker -c CHECKPOINT
    sync
    sleep 2
}

# NAME OPTION...: the worker until the queue is empty; how long until the last file was in (then it looks for another second whether
# there is more), and its peak.
drain() {
    local name=$1 from to rows
    shift
    settle
    from=$(now)
    AWS_ENDPOINT_URL=$TICKER_TEST_SQS_PLAIN command time -f '%M' -o "$BENCH_WORK/peak" "$worker" --once "$@" >"$BENCH_WORK/worker.log" 2>&1 </dev/null ||
        { tail -n 5 "$BENCH_WORK/worker.log" >&2; exit 1; }
    to=$(sql -d ticker -c "SELECT round(extract(epoch FROM max(updated_at)) * 1000000) FROM imports")
    rows=$(sql -d ticker -c "SELECT count(*) FROM imports WHERE status = 'imported'")
    [ "$rows" = "$wanted" ] || { say "$name: $rows files imported, not $wanted"; exit 1; }
    [ -z "${rows_too:-}" ] || rows=$(sql -d ticker -c "SELECT count(*) FROM quotes")
    printf '%s\t%s\n' "$(result "$name" "$rows" "$from" "$to")" "$(tail -n 1 "$BENCH_WORK/peak")"
}

small_files() {
    wanted=$files
    fresh_names
    into_folder
    printf 'files\t%s\n' "$(drain worker-folder --concurrency 2)"
    fresh_names
    into_s3 "$folder"/files/*.TXT
    printf 'files\t%s\n' "$(drain worker-s3 --concurrency 2)"
    for clients in 1 2; do
        fresh_names
        /usr/bin/python3 -B "$BENCH_PEERS/sqs_rounds.py" "$TICKER_TEST_SQS_PLAIN" "$queue" "$files" "$clients" |
            sed 's/^/files\t/'
    done
}

big_by_worker() {
    wanted=1
    fresh_names
    into_s3 "$big"
    rows_too=yes
    printf 'big\t%s\n' "$(drain ticker-worker --concurrency 1)"
    rows_too=
}

big_by_cli() {
    local from to
    fresh_names
    settle
    from=$(now)
    "$cli" import --progress never "$big" >"$BENCH_WORK/worker.log" 2>&1
    to=$(now)
    printf 'big\t%s\n' "$(result ticker-cli "$(sql -d ticker -c "SELECT count(*) FROM quotes")" "$from" "$to")"
}

big_file() {
    if [ $((round % 2)) -eq 0 ]; then
        big_by_worker
        big_by_cli
    else
        big_by_cli
        big_by_worker
    fi
}

# NUMBER: waits until so many files are in.
until_imported() {
    while [ "$(sql -d ticker -c "SELECT count(*) FROM imports WHERE status = 'imported'")" -lt "$1" ]; do
        kill -0 "$running" || { tail -n 5 "$BENCH_WORK/worker.log" >&2; exit 1; }
        sleep 0.2
    done
}

resident() { sed -n 's/^VmRSS:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$running/status"; }

memory() {
    local from file early
    fresh_names
    STORAGE_URL=s3://$bucket AWS_ENDPOINT_URL=$TICKER_TEST_SQS_PLAIN "$worker" --concurrency 4 >"$BENCH_WORK/worker.log" 2>&1 </dev/null &
    running=$!
    from=$(now)
    file=("$folder"/files/*.TXT)
    into_s3 "${file[@]:0:files / 10}"
    until_imported $((files / 10))
    early=$(resident)
    printf 'memory\t%s\t%s\n' "$(result "after-$((files / 10))" $((files / 10)) "$from")" "$early"
    into_s3 "${file[@]:files / 10}"
    until_imported "$files"
    printf 'memory\t%s\t%s\n' "$(result "after-$files" "$files" "$from")" "$(resident)"
    kill -TERM "$running"
    wait "$running"
    running=
}

# A file after the other, each with bytes and a key of its own; the same days come again and replace what was there.
soak() {
    local from file end count=0 noted=
    fresh_names
    sql -d postgres -c "ALTER SYSTEM SET autovacuum = on" -c "SELECT pg_reload_conf()" >/dev/null
    STORAGE_URL=s3://$bucket AWS_ENDPOINT_URL=$TICKER_TEST_SQS_PLAIN "$worker" --concurrency 4 >"$BENCH_WORK/worker.log" 2>&1 </dev/null &
    running=$!
    from=$(now)
    end=$((SECONDS + soak * 60))
    while [ "$SECONDS" -lt "$end" ]; do
        "$generator" cotahist 1000 "$folder/soak.TXT" --day "$(date -u -d "@$((946857600 + count % 3000 * 86400))" +%F)" --seed $((count + 2))
        mv "$folder/soak.TXT" "$folder/soak-$count.TXT"
        into_s3 "$folder/soak-$count.TXT"
        rm "$folder/soak-$count.TXT"
        sleep 0.1 # it is about time, not speed
        count=$((count + 1))
        if [ -z "$noted" ] && [ "$SECONDS" -ge $((end - soak * 54)) ]; then
            noted=$(resident)
            printf 'soak\t%s\t%s\n' "$(result after-a-tenth "$count" "$from")" "$noted"
        fi
    done
    until_imported "$count"
    printf 'soak\t%s\t%s\n' "$(result at-the-end "$count" "$from")" "$(resident)"
    sql -d postgres -c "ALTER SYSTEM RESET autovacuum" -c "SELECT pg_reload_conf()" >/dev/null
    kill -TERM "$running"
    wait "$running"
    running=
}

make_files "$files"
for ((round = 0; round < repeats; round++)); do
    small_files
    big_file
done
memory
[ "$soak" -eq 0 ] || soak
