#!/usr/bin/env bash
# Two servers that share a Redis: what one has answered the other knows, an import is seen by both at once, and a Redis that is killed,
# stopped or started again under load is noticed by no client.
command -v redis-server >/dev/null || { echo "SKIPPED: no Redis server is installed"; exit 77; }
command -v curl >/dev/null || { echo "SKIPPED: no curl"; exit 77; }
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
: "${TICKER_SERVER:?names the program under test}"
unset GATEWAY_INTERFACE LISTEN_FDS LISTEN_PID NOTIFY_SOCKET

redis=$here/../services/redis
trap 'status=$?; "$redis" remove "$work/redis" >/dev/null 2>&1 || true; set +e; (exit $status); clean_up' EXIT
REDIS_URL=$("$redis" start "$work/redis")
export REDIS_URL DATABASE_URL=sqlite:$work/quotes.db
[ "$("$TICKER_CLI" --version | grep -c redis)" -gt 0 ] || { echo "SKIPPED: built without Redis"; exit 77; }

# SERVER TARGET: the status; the body is in the file body.
ask() {
    : >body
    curl -sS --max-time 20 --unix-socket "$work/$1" -o body -w '%{http_code}' "http://localhost$2"
}
count_of() {
    ask "$1" /metrics >/dev/null
    awk -v name="$2" '$1 == name { print $2 }' body
}

quotes_file first.txt 400 --seed 1 --year 2023
quotes_file second.txt 400 --seed 2 --year 2024
quotes_file third.txt 400 --seed 3 --year 2025
expect 0 import first.txt
ticker=$(cut -c 13-24 second.txt | sed -n 2p | tr -d ' ')
for name in a b; do
    "$TICKER_SERVER" --listen "unix:$work/$name" --access-log "$name.log" --importer=no >"$name.out" 2>"$name.err" &
    servers+=($!)
    for _ in {1..100}; do
        [ "$(ask $name /health/ready 2>/dev/null)" != 200 ] || break
        sleep 0.1
    done
    grep -q '"cache":"ready"' body || fail "$name is not ready: $(cat body "$name.err")"
done

[ "$(ask a "/api/quotes/$ticker")" = 200 ] || fail "$(cat body)"
cp body first
[ "$(ask b "/api/quotes/$ticker")" = 200 ] || fail "$(cat body)"
cmp -s body first || fail "two servers, two answers"
[ "$(count_of b 'ticker_cache_requests_total{result="hit"}')" = 1 ] || fail "b did not get it from Redis: $(grep ticker_cache body)"
expect 0 import second.txt
for name in a b; do
    [ "$(ask $name "/api/quotes/$ticker")" = 200 ] || fail "$(cat body)"
    ! cmp -s body first || fail "$name: an old answer after the import"
    [ "$(jq length body)" = "$(sqlite3 quotes.db "SELECT count(*) FROM quotes WHERE ticker = '$ticker'")" ] || fail "$name: not all rows"
done

# Clients that never stop asking, while Redis goes and comes.
for i in 1 2; do
    while [ ! -e enough ]; do
        curl -sS --max-time 20 --unix-socket "$work/a" -o "body$i" -w '%{http_code} %{time_total}\n' \
            "http://localhost/api/quotes/$ticker?limit=$((i + RANDOM % 50))" || echo 'none 0'
    done >"codes$i" 2>"errors$i" &
    clients[i]=$!
done
sleep 0.3
"$redis" kill "$work/redis"
sleep 0.5
[ "$(ask a "/api/quotes/$ticker")" = 200 ] || fail "no answer without Redis: $(cat body)"
sleep 1
[ "$(ask a /health/ready)" = 200 ] || fail "not ready without a cache"
grep -q '"cache":"un' body || fail "nobody says that Redis is away: $(cat body)"
"$redis" start "$work/redis" >/dev/null
for _ in {1..100}; do
    [ "$(ask a /health/ready)" = 200 ] || fail "$(cat body)"
    ! grep -q '"cache":"ready"' body || break
    sleep 0.1
done
grep -q '"cache":"ready"' body || fail "Redis is back, and nobody noticed: $(cat body)"
"$redis" pause "$work/redis"
sleep 0.7
"$redis" resume "$work/redis"
sleep 0.3
touch enough
for i in 1 2; do wait "${clients[i]}" || true; done
cat codes? >codes
[ "$(cut -d' ' -f1 codes | sort -u)" = 200 ] || fail "answers: $(cut -d' ' -f1 codes | sort | uniq -c)"
awk '$2 > 3 { exit 1 }' codes || fail "a client waited long: $(sort -k2n codes | tail -1)"

# An import that could not tell Redis: the servers make up for it.
[ "$(ask a "/api/quotes/$ticker")" = 200 ] || fail "$(cat body)"
cp body second
REDIS_URL=none: expect 0 import third.txt
for _ in {1..50}; do
    [ "$(ask a "/api/quotes/$ticker")" = 200 ] || fail "$(cat body)"
    cmp -s body second || break
    sleep 0.1
done
! cmp -s body second || fail "an old answer long after the import"

for server in "${servers[@]}"; do
    kill -TERM "$server"
    wait "$server" || fail "a server ended with $?"
done
echo "server_redis: $(wc -l <codes) answers"
