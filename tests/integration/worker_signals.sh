#!/usr/bin/env bash
# What the worker tells systemd, and how it stops in the midst of an import: in time, at the deadline, at once; nothing is half done, and the
# message comes again at once.
# shellcheck source-path=SCRIPTDIR source=common.sh
wants_postgres=1
. "$(dirname "$0")/common.sh"
# shellcheck source=with_worker.sh
. "$here/with_worker.sh"
unset NOTIFY_SOCKET WATCHDOG_USEC WATCHDOG_PID
has_listener || { echo "SKIPPED: no listener in this build"; exit 77; }

python3 "$here/notify_listen.py" "$work/notify" "$work/notes" &
eventually 20 test -S notify
export NOTIFY_SOCKET=$work/notify
notes() {
    cut -f 2- notes
}
noted() {
    notes | grep -qE -- "$1"
}

# --- The life of a service on SQLite.
fresh sqlite
export STORAGE_URL=file://$work/uploads
quotes_file good.txt 300
WATCHDOG_USEC=2000000 start_worker --receive-wait 1
eventually 30 noted '^READY=1$'
eventually 30 noted '^STATUS=waiting for files; 0 files, 0 rows/min$'
expect 0 upload good.txt
eventually 60 noted '^STATUS=waiting for files; 1 files, [0-9.]+ rows/min$'
kill -HUP "$worker"
eventually 30 noted '^RELOADING=1.MONOTONIC_USEC=[0-9]+$'
reloaded() {
    [ "$(notes | grep -c '^READY=1$')" -eq 2 ]
}
eventually 30 reloaded
# Fed at half of its time, all the time.
sleep 3
first=$(grep -m 1 -P '\tWATCHDOG=1$' notes | cut -f 1)
fed=$(grep -cP '\tWATCHDOG=1$' notes)
past=$(($(tail -n 1 notes | cut -f 1) - first))
[ "$fed" -ge $((past / 2000)) ] || fail "the watchdog was fed $fed times in $past ms"
stop_worker TERM
noted '^STOPPING=1.EXTEND_TIMEOUT_USEC=45000000$' || fail "$(notes)"
is "$(notes | tail -n 1 | cut -c 1-8 | grep -c '^STOPPING\|^STATUS')" 1 "last note"
echo "ok 1 - systemd is told"

# For another process this is not.
: >notes
WATCHDOG_USEC=1000000 WATCHDOG_PID=1 start_worker --receive-wait 1
sleep 1.5
! noted WATCHDOG || fail "a watchdog of somebody else is fed"
stop_worker TERM
echo "ok 2 - the watchdog of another process"

[ -n "$TICKER_TEST_POSTGRES" ] || { echo "worker_signals: no PostgreSQL"; exit 0; }
# --- An import that waits for a lock lasts as long as the test likes.
fresh postgres
quotes_file first.txt 500 --year 2023
quotes_file slow.txt 500 --year 2024
expect 0 import --quiet first.txt
lock() {
    mkfifo "$work/locker"
    psql -q -X "$DATABASE_URL" <"$work/locker" >locker.out 2>&1 &
    locker=$!
    exec 9>"$work/locker"
    echo "BEGIN; LOCK TABLE quotes IN ACCESS EXCLUSIVE MODE; SELECT 'locked';" >&9
    eventually 30 grep -q locked locker.out
}
unlock() {
    exec 9>&-
    wait "$locker" || true
    rm -f "$work/locker"
}
at_work() {
    [ "$(sql "SELECT count(*) FROM imports WHERE status = 'running'")" = 1 ] && noted '^STATUS=importing 1: slow.txt|^STATUS=importing 1: .*slow.txt'
}
# What is there while nothing of it is imported.
untouched() {
    is "$(sql "SELECT count(*) FROM imports WHERE status = 'imported'")" 1 "imported files"
    is "$(sql "SELECT count(*) FROM quotes")" 500 "rows"
    is "$(sql "SELECT count(*) FROM queue_dead")" 0 "dead letters"
}
# ARGUMENT...: a worker in the midst of slow.txt.
begin() {
    lock
    : >notes
    start_worker --receive-wait 1 --concurrency 1 "$@" 9>&-
    eventually 30 at_work
    is "$(series ticker_queue_in_flight)" 1 "messages in flight"
}
has_ended() {
    ! kill -0 "$worker" 2>/dev/null
}
# SECONDS: waits for the worker's end; it must be well and in time.
ends_within() {
    local code=0
    eventually "$1" has_ended
    wait "$worker" || code=$?
    is "$code" 0 "the worker's exit ($(tail -n 5 "$worker_log"))"
}
expect 0 upload --quiet slow.txt
begin --stop-timeout 2
kill -TERM "$worker"
ends_within 40
unlock
untouched
grep -q '"message":"stopping"' "$worker_log" || fail "$(cat "$worker_log")"
echo "ok 3 - rolled back at the deadline"

begin --stop-timeout 600
kill -TERM "$worker"
eventually 20 noted '^STOPPING=1.EXTEND_TIMEOUT_USEC=615000000$'
eventually 20 noted '^STATUS=stopping, [0-9]+ s left; importing 1: '
is "$(curl -sS -o ready -w '%{http_code}' "$worker_url/health/ready")" 503
grep -q stopping ready || fail "$(cat ready)"
kill -INT "$worker"
ends_within 40
unlock
untouched
echo "ok 4 - rolled back at once by the second signal"

begin --stop-timeout 600
kill -TERM "$worker"
eventually 20 noted '^STOPPING=1'
sleep 0.5
unlock
ends_within 60
is "$(sql "SELECT count(*) FROM imports WHERE status = 'imported'")" 2 "imported files"
is "$(sql "SELECT count(*) FROM quotes")" 1000 "rows"
is "$(sql "SELECT count(*) FROM queue_messages")" 0 "messages"
echo "ok 5 - what runs may end"

# Released messages were seen at once: no time-out was waited for, and no attempt beyond these three was counted.
grep -q '"attempt":3\|"event":"file"' "$worker_log" || fail "$(cat "$worker_log")"

# A killed one leaves nothing but a message that comes again.
quotes_file killed.txt 500 --year 2025
expect 0 upload --quiet killed.txt
lock
: >notes
start_worker --receive-wait 1 --concurrency 1 --visibility 3 9>&-
killed_at_work() {
    [ "$(sql "SELECT count(*) FROM imports WHERE status = 'running'")" = 1 ]
}
eventually 30 killed_at_work
kill -9 "$worker"
wait "$worker" 2>/dev/null || true
unlock
is "$(sql "SELECT count(*) FROM quotes")" 1000 "rows"
all_there() {
    drain 0
    [ "$(sql "SELECT count(*) FROM quotes")" = 1500 ]
}
eventually 60 all_there
is "$(sql "SELECT count(*) FROM imports WHERE status = 'running'")" 0 "rows that say running"
echo "ok 6 - killed"

# A server that hangs keeps nobody from stopping.
start_worker --receive-wait 1 --stop-timeout 0
eventually 30 noted '^STATUS=waiting for files'
mapfile -t hung < <(sql "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND datname = current_database()
    AND pid <> pg_backend_pid()")
[ "${#hung[@]}" -ge 3 ] || fail "the worker has ${#hung[@]} connections"
kill -STOP "${hung[@]}"
sleep 1.5
kill -TERM "$worker"
ends_within 40
kill -CONT "${hung[@]}" 2>/dev/null || true
# It gives the server up by itself, or the process is ended without it.
grep -qE 'does not answer|"event":"stop"' "$worker_log" || fail "$(cat "$worker_log")"
echo "ok 7 - a server that hangs"
rm -f notify
