# shellcheck shell=bash
# A ticker-server of a test's own; sourced after common.sh.
#
#   start_server [ARGUMENT...]   on a free port of loopback, its files in the test's folder; sets server_url and server_id
#   stop_server                  ends it and waits
: "${TICKER_BUILD:?names the build folder}"
: "${work:?is made by common.sh}"
: "${TICKER_SERVER:=$TICKER_BUILD/ticker-server}"

free_port() {
    local port
    for ((port = 20000 + RANDOM % 10000; ; port++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

start_server() {
    local try port i
    for try in 1 2 3 4 5; do
        port=$(free_port)
        server_url=http://127.0.0.1:$port
        "$TICKER_SERVER" --listen "127.0.0.1:$port" --access-log "$work/access.log" "$@" >"$work/server.log" 2>&1 </dev/null &
        server_id=$!
        for ((i = 0; i < 200; i++)); do
            ! curl -fsS -o "$work/live" --max-time 5 "$server_url/health/live" 2>/dev/null || return 0
            # Somebody else may have taken the port meanwhile.
            kill -0 "$server_id" 2>/dev/null || continue 2
            sleep 0.05
        done
    done
    cat "$work/server.log" >&2
    fail "the server does not answer at $server_url (try $try)"
}

stop_server() {
    kill "$server_id"
    wait "$server_id" || fail "the server ended with $?: $(tail -n 20 "$work/server.log")"
}
