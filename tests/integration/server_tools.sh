# shellcheck shell=bash
# A server on a socket of its own, and requests to it; sourced after common.sh by tests of uploads.
: "${work:?is set by common.sh}" "${TICKER_SERVER:?names the server under test}"

socket=$work/http
base=http://ticker
server=

# [NAME=VALUE...]: starts a server on the socket and waits until it answers.
start() {
    env TICKER_LISTEN="unix:$socket" TICKER_ACCESS_LOG="$work/access.log" "$@" "$TICKER_SERVER" 2>"$work/server.err" &
    server=$!
    for _ in $(seq 200); do
        ! curl -s -o "$work/ready" --unix-socket "$socket" $base/health/live || return 0
        kill -0 "$server" 2>/dev/null || fail "the server ended: $(cat "$work/server.err")"
        sleep 0.05
    done
    fail "the server does not answer: $(cat "$work/server.err")"
}

stop() {
    local code=0
    kill -TERM "$server"
    wait "$server" || code=$?
    is "$code" 0 "the server's exit"
}

# STATUS ARGUMENT...: a request by curl; the answer's body is in out, its head in head.
request() {
    local wanted=$1 status
    shift
    status=$(curl -sS -o "$work/out" -D "$work/head" -w '%{http_code}' --unix-socket "$socket" "$@" 2>"$work/err") || true
    [ "$status" = "$wanted" ] || fail "curl $*: $status, not $wanted"
}

has_header() {
    tr -d '\r' <"$work/head" | grep -qiE -- "$1" || fail "no header matches \"$1\": $(cat "$work/head")"
}

# ID STATUS: until the ledger says so of an import.
wait_for() {
    for _ in $(seq 400); do
        request 200 "$base/api/imports/$1"
        [ "$(text status)" != "$2" ] || return 0
        sleep 0.05
    done
    fail "import $1 is $(text status), not $2"
}
