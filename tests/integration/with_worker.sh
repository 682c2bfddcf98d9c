# shellcheck shell=bash
# A ticker-worker of a test's own; sourced after common.sh (and after with_server.sh or server_tools.sh, where those are used).
#
#   start_worker [ARGUMENT...]   its metrics on a free port of loopback; sets worker_url, worker, worker_log. The environment is the caller's
#   stop_worker SIGNAL           ends it and waits; it must end well
#   drain CODE [ARGUMENT...]     a worker with --once; its log is in the files worker.out (nothing) and worker.err
: "${TICKER_BUILD:?names the build folder}"
: "${work:?is made by common.sh}"
: "${TICKER_WORKER:=$TICKER_BUILD/ticker-worker}"

worker_port() {
    local port
    for ((port = 20000 + RANDOM % 10000; ; port++)); do
        (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null || break
    done
    echo "$port"
}

# An empty build cannot show anything.
has_listener() {
    grep -q '^#define TI_WITH_MICROHTTPD' "$TICKER_BUILD/config.h"
}

workers=0
start_worker() {
    local try
    workers=$((workers + 1))
    worker_log=$work/worker.$workers.err
    for try in 1 2 3 4 5; do
        worker_url=http://127.0.0.1:$(worker_port)
        PROMETHEUS_URL=$worker_url/metrics "$TICKER_WORKER" "$@" >"$work/worker.out" 2>"$worker_log" </dev/null &
        worker=$!
        for _ in $(seq 200); do
            # Somebody else may have taken the port meanwhile.
            kill -0 "$worker" 2>/dev/null || break
            ! grep -qs 'metrics at' "$worker_log" || return 0
            has_listener || return 0
            sleep 0.05
        done
        grep -qs 'cannot listen there' "$worker_log" || break
    done
    fail "the worker does not start (try $try): $(cat "$worker_log")"
}

stop_worker() {
    local code=0
    kill -"$1" "$worker"
    wait "$worker" || code=$?
    [ "$code" -eq 0 ] || fail "the worker ended with $code: $(tail -n 20 "$worker_log")"
}

drain() {
    local wanted=$1 code=0
    shift
    PROMETHEUS_URL=none: timeout 120 "$TICKER_WORKER" --once --receive-wait 0 "$@" >"$work/worker.out" 2>"$work/worker.err" </dev/null || code=$?
    [ "$code" -eq "$wanted" ] || fail "ticker-worker --once $*: exit $code, not $wanted: $(cat "$work/worker.err")"
    [ ! -s "$work/worker.out" ] || fail "the worker writes on standard output"
}

# NAME: the value of a series of the worker, "" when it has none.
series() {
    curl -fsS --max-time 20 "$worker_url/metrics" >"$work/series" || return 0
    awk -v name="$1" '$1 == name { print $2 }' "$work/series"
}

# SECONDS COMMAND...: until it succeeds.
eventually() {
    local end=$(($(date +%s) + $1))
    shift
    until "$@"; do
        [ "$(date +%s)" -lt "$end" ] || fail "not within the time: $*"
        sleep 0.1
    done
}
