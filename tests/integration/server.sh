#!/usr/bin/env bash
# ticker-server as a program: flags, a whole system from an empty environment, signals, the access log, tokens, CGI's arguments.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
: "${TICKER_SERVER:?names the program under test}"
command -v curl >/dev/null || { echo "SKIPPED: no curl"; exit 77; }
unset GATEWAY_INTERFACE LISTEN_FDS LISTEN_PID NOTIFY_SOCKET

# CODE ARGUMENT...: as expect, of the server.
serve_expect() {
    local wanted=$1 code=0
    shift
    timeout 20 "$TICKER_SERVER" "$@" >out 2>err || code=$?
    [ "$code" -eq "$wanted" ] || fail "ticker-server $*: exit $code, not $wanted"
}

serve_expect 0 --version
grep -q "^ticker-server " out || fail "$(cat out)"
serve_expect 0 --help
for flag in listen fastcgi tokens max-upload access-log threads; do
    grep -q -- "--$flag" out || fail "--help does not have --$flag"
done
serve_expect 2 --listn :1
expect_error "did you mean --listen"
serve_expect 2 somewhere
expect_error "unknown argument"
serve_expect 2 --max-upload many
serve_expect 2 --private
expect_error "TICKER_TOKENS"
serve_expect 2 --cors-origin example.com
expect_error "is no origin"
serve_expect 2 --tokens "$work/none" --listen none
DATABASE_URL=mysql://h/x serve_expect 2
expect_error "DATABASE_URL|postgres://"
serve_expect 2 --listen none --access-log none
expect_error "nothing to listen at"
for name in here 127.0.0.1:70000 ::1:80 unix: "unix:$work/s?mode=9"; do
    serve_expect 2 --listen "$name" --access-log none
    expect_error "no name of a socket"
done
serve_expect 2 --fastcgi here --access-log none
serve_expect 1 --listen "unix:$work/none/s" --access-log none
expect_error "cannot listen there"
for name in here database:queue SQS:quotes; do
    QUEUE_URL=$name serve_expect 2 --listen "unix:$work/s" --access-log none
    expect_error "QUEUE_URL"
done
for shell in bash zsh fish; do
    serve_expect 0 --completion $shell
    grep -q -- "max-upload" out || fail "$shell: no --max-upload"
    ! command -v $shell >/dev/null || $shell -n out || fail "$shell does not take its script"
done

# start ARGUMENT...: the server at unix:$work/s, its process in $server.
start() {
    "$TICKER_SERVER" --listen "unix:$work/s" --access-log "$work/access.log" "$@" >server.out 2>server.err &
    server=$!
    for _ in {1..100}; do
        [ "$(get /health/live -o live -w '%{http_code}' 2>/dev/null)" != 200 ] || return 0
        kill -0 "$server" 2>/dev/null || fail "the server ended: $(cat server.err)"
        sleep 0.1
    done
    fail "the server does not answer: $(cat server.err)"
}
get() {
    local target=$1
    shift
    curl -sS --max-time 20 --unix-socket "$work/s" "$@" "http://localhost$target"
}
code_of() {
    : >body # curl leaves it alone when there is nothing to write
    get "$1" -o body -w '%{http_code}' "${@:2}"
}
# SIGNAL: ends it, well.
stop() {
    local code=0
    kill "-$1" "$server"
    wait "$server" || code=$?
    [ "$code" -eq 0 ] || fail "the server ended with $code after $1: $(cat server.err)"
    [ ! -S s ] || fail "its socket is still there"
}

quotes_file good.txt 300
start
[ "$(code_of /health/ready)" = 200 ] || fail "not ready: $(cat body)"
jq -e '.status == "ready" and .parts.database == "ready"' body >/dev/null || fail "$(cat body)"
[ "$(code_of /api/imports)" = 200 ] || fail "$(cat body)"
[ "$(cat body)" = "[]" ] || fail "$(cat body)"
expect 0 import good.txt
ticker=$(cli tickers --format csv | sed -n '2s/,.*//p')
[ "$(code_of "/api/quotes/$ticker" -D head)" = 200 ] || fail "$(cat body)"
cli quotes "$ticker" --format json >wanted
cmp -s body wanted || fail "the server and ticker-cli do not say the same: $(head -c 300 body)"
grep -qi '^x-row-count: ' head || fail "no count of rows"
etag=$(sed -n 's/^[Ee][Tt]ag: \(.*\)\r$/\1/p' head)
[ "$(code_of "/api/quotes/$ticker" -H "If-None-Match: $etag")" = 304 ] || fail "no 304 for $etag"
[ ! -s body ] || fail "304 with a body"
cli quotes "$ticker" --format csv >wanted
get "/api/quotes/$ticker" -H 'Accept: text/csv' >body
cmp -s body wanted || fail "CSV differs"
get '/api/quotes?limit=all&format=ndjson' >body
cli quotes --all --format ndjson >wanted
cmp -s <(sort body) <(sort wanted) || fail "all quotes differ"
[ "$(code_of /api/quotes/NONE)" = 404 ] || fail "$(cat body)"
[ "$(code_of /openapi.yaml)" = 200 ] || fail "no description"
grep -q '^openapi: 3.1' body || fail "another description"
[ "$(code_of /)" = 200 ] || fail "no page"
[ "$(code_of /metrics)" = 200 ] || fail "no metrics"
grep -q 'ticker_http_requests_total{method="GET",route="/api/quotes/{ticker}",status="304"} 1' body ||
    fail "$(grep http_requests body)"

# The access log: whole lines of JSON, renamed and opened anew.
mv access.log old.log
kill -HUP "$server"
for _ in {1..50}; do
    [ ! -e access.log ] || break
    sleep 0.1
done
get '/health/live?token=hidden' -H 'Authorization: Bearer ticker_hidden' -o body
stop TERM
jq -se 'any(.path == "/api/quotes/NONE" and .status == 404 and .route == "/api/quotes/{ticker}")' old.log >/dev/null ||
    fail "the log lacks a line: $(tail -3 old.log)"
jq -e . old.log access.log >/dev/null || fail "a broken line"
jq -se 'any(.path == "/health/live" and .status == 400)' access.log >/dev/null || fail "not logged after SIGHUP"
! grep -q hidden old.log access.log || fail "a secret in the log"

# Tokens: needed as soon as they are there, gone when they are revoked.
cli token new --tokens tokens --name reader --scopes read --quiet >key
start --tokens tokens --private --listen "unix:$work/s"
[ "$(code_of "/api/quotes/$ticker")" = 401 ] || fail "read without a token"
[ "$(code_of "/api/quotes/$ticker" -H "Authorization: Bearer $(cat key)")" = 200 ] || fail "$(cat body)"
[ "$(code_of /metrics)" = 401 ] || fail "metrics without a token"
[ "$(code_of /health/ready)" = 200 ] || fail "health needs a token"
cli token revoke --tokens tokens reader --quiet
kill -HUP "$server"
for _ in {1..50}; do
    [ "$(code_of "/api/quotes/$ticker" -H "Authorization: Bearer $(cat key)")" = 200 ] || break
    sleep 0.1
done
[ "$(code_of "/api/quotes/$ticker" -H "Authorization: Bearer $(cat key)")" = 401 ] || fail "revoked and still good"
stop INT

# What a client of a CGI program can make an argument of: "?--help" and the like. They are not looked at.
GATEWAY_INTERFACE=CGI/1.1 REQUEST_METHOD=GET REQUEST_URI=/health/live SCRIPT_NAME='' PATH_INFO=/health/live QUERY_STRING=--help \
    SERVER_PROTOCOL=HTTP/1.1 REMOTE_ADDR=127.0.0.1 TICKER_ACCESS_LOG=none "$TICKER_SERVER" --help </dev/null >out 2>err || true
grep -q '^Status: 400' out || fail "an argument from the network was read"
echo "server"
