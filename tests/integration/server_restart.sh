#!/usr/bin/env bash
# The database goes and comes back while clients ask: 503 that says when to try again, nothing else, and within two seconds of its return
# answers as before. systemd is told when the server is ready and when it stops.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
: "${TICKER_SERVER:?names the program under test}"
# shellcheck source=postgres_tools.sh
. "$here/postgres_tools.sh"
for program in curl python3; do
    command -v "$program" >/dev/null || { echo "SKIPPED: no $program"; exit 77; }
done
unset GATEWAY_INTERFACE LISTEN_FDS LISTEN_PID

own_postgres

# What the server tells systemd, a message a line.
python3 -c '
import socket, sys
with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as s:
    s.bind("notify")
    while True:
        text = s.recv(4096).decode()
        print(text.replace("\n", " "), flush=True)
        if text.startswith("STOPPING"):
            break
' >notified &
listener=$!
for _ in {1..50}; do [ ! -S notify ] || break; sleep 0.1; done

quotes_file good.txt 2000
expect 0 import good.txt
ticker=$(cli tickers --format csv | sed -n '2s/,.*//p')
NOTIFY_SOCKET=$work/notify "$TICKER_SERVER" --listen "unix:$work/s" --access-log access.log --redis-url none: --stop-seconds 5 >server.out 2>server.err &
server=$!
for _ in {1..100}; do
    ! grep -q '^READY=1' notified || break
    sleep 0.1
done
grep -q '^READY=1' notified || fail "systemd was not told that it is ready: $(cat server.err)"

# TARGET: status and Retry-After.
ask() {
    curl -sS --max-time 10 --unix-socket "$work/s" -o body -D head -w '%{http_code}' "http://localhost$1"
}
now() {
    date +%s%N | sed 's/.\{6\}$//'
}
[ "$(ask "/api/quotes/$ticker")" = 200 ] || fail "$(cat body)"
cp body wanted

# Clients that never stop asking.
for i in 1 2 3 4; do
    while [ ! -e enough ]; do
        curl -sS --max-time 10 --unix-socket "$work/s" -o "body$i" -w '%{http_code} %{time_total}\n' \
            "http://localhost/api/quotes/$ticker?limit=$((i + RANDOM % 100))" || echo 'none'
    done >"codes$i" 2>"errors$i" &
    clients[i]=$!
done
sleep 0.5
stop_postgres
for _ in {1..30}; do
    [ "$(ask "/api/quotes/$ticker")" != 200 ] && break
    sleep 0.1
done
[ "$(ask "/api/quotes/$ticker")" = 503 ] || fail "$(cat head body)"
grep -qi '^retry-after: [0-9]' head || fail "no Retry-After: $(cat head)"
grep -qi '^content-type: application/problem+json' head || fail "$(cat head)"
! grep -qE '127\.0\.0\.1|postgres' body || fail "the inside is told: $(cat body)"
sleep 1.1 # a check does for a second
[ "$(ask /health/ready)" = 503 ] || fail "ready without a database"
grep -q '"database":"unreachable"' body || fail "$(cat body)"
[ "$(ask /health/live)" = 200 ] || fail "not alive"

start_postgres
begin=$(now)
until [ "$(ask "/api/quotes/$ticker")" = 200 ]; do
    [ $(($(now) - begin)) -lt 3000 ] || fail "no answer 3 seconds after the database came back" # 2, and one for a busy machine
    sleep 0.05
done
after=$(($(now) - begin))
cmp -s body wanted || fail "another answer than before"
sleep 0.5
touch enough
for i in 1 2 3 4; do wait "${clients[i]}" || true; done
cat codes? >codes
[ "$(cut -d' ' -f1 codes | sort -u | tr '\n' ' ')" = "200 503 " ] || fail "answers: $(cut -d' ' -f1 codes | sort | uniq -c)"
awk '$2 > 5 { exit 1 }' codes || fail "a client waited long: $(sort -k2n codes | tail -1)"
# What a check found is said for a second.
for ((i = 0; i < 50; i++)); do
    [ "$(ask /health/ready)" != 200 ] || break
    sleep 0.1
done
[ "$(ask /health/ready)" = 200 ] || fail "not ready again: $(cat body)"

kill -TERM "$server"
code=0
wait "$server" || code=$?
[ "$code" -eq 0 ] || fail "it ended with $code"
wait "$listener" || true
grep -q '^STOPPING=1' notified || fail "systemd was not told that it stops"
echo "server_restart: $(wc -l <codes) answers; back after $after ms"
