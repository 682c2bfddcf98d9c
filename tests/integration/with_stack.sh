# shellcheck shell=bash
# The whole stack (scripts/stack) of a test's own; sourced after common.sh.
#
#   stack COMMAND [ARGUMENT...]   scripts/stack with the test's folder; its output is in the files out and err
#   stack_up [ARGUMENT...]        starts it; sets base, prometheus and worker_url, and the environment of a client
#   look                          how all are now; then pid_of SERVICE and state_of SERVICE
#   prometheus_value QUERY        its first value, "" when there is none; is_now QUERY VALUE
#   nothing_is_left               no process of it
: "${TICKER_SOURCE:?names the folder of the sources}" "${TICKER_BUILD:?names the build folder}"
: "${work:?is made by common.sh}" "${here:?is set by common.sh}"

stack_folder=$work/stack
base=
prometheus=
# PostgreSQL runs as another user when this is root.
chmod 755 "$work"
# shellcheck disable=SC2154 # status is set there
trap 'status=$?; trap "" INT TERM; "$TICKER_SOURCE/scripts/stack" down --dir "$stack_folder" --remove >/dev/null 2>&1 || true; clean_up $status' EXIT
# Nobody can clean up after a kill -9 but somebody else.
# shellcheck disable=SC2016
setsid bash -c 'while kill -0 "$1" 2>/dev/null && [ -d "$2" ]; do sleep 1; done; [ ! -d "$2" ] || "$3" down --dir "$2/stack" --remove' \
    watch $$ "$work" "$TICKER_SOURCE/scripts/stack" >/dev/null 2>&1 </dev/null &
disown $!

stack() {
    "$TICKER_SOURCE/scripts/stack" "$@" --dir "$stack_folder" >"$work/out" 2>"$work/err"
}

# CODE COMMAND...
expect_stack() {
    local wanted=$1 code=0
    shift
    stack "$@" || code=$?
    [ "$code" -eq "$wanted" ] || fail "scripts/stack $*: exit $code, not $wanted"
}

stack_up() {
    expect_stack 0 up --build "$TICKER_BUILD" "$@"
    cp "$work/out" "$work/up"
    eval "$("$TICKER_SOURCE/scripts/stack" env --dir "$stack_folder")"
    # shellcheck disable=SC2034 # for the caller
    base=$TICKER_STACK_URL
    prometheus=${TICKER_STACK_PROMETHEUS:-}
    # shellcheck disable=SC2034 # for with_worker.sh
    worker_url=http://127.0.0.1:$(sed -n 's/^worker //p' "$stack_folder/ports")
}

# How it is; that some are not well is for the caller. pid_of and state_of tell what it found.
look() {
    stack status --json || true
    cp "$work/out" "$work/services"
}

pid_of() { jq -r --arg name "$1" '.services[] | select(.name == $name) | .pid // empty' "$work/services"; }
state_of() { jq -r --arg name "$1" '.services[] | select(.name == $name) | .state' "$work/services"; }

prometheus_value() {
    curl -fsS --max-time 30 --get --data-urlencode "query=$1" "$prometheus/api/v1/query" |
        jq -r '.data.result[0].value[1] // ""'
}

# Prometheus asks once a second: who asks it more often only takes the processor from others.
is_now() {
    [ "$(prometheus_value "$1")" = "$2" ] || { sleep 0.5; return 1; }
}

nothing_is_left() {
    python3 "$here/stack.py" processes "$stack_folder" >"$work/left"
    [ ! -s "$work/left" ] || fail "still there: $(cat "$work/left")"
    # In a build with sanitizers.
    ! grep -hE 'Sanitizer|runtime error' "$stack_folder"/server.out* "$stack_folder"/worker.out* 2>/dev/null || fail "a program had an error"
}
