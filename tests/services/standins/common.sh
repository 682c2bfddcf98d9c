# shellcheck shell=bash
# What the launchers of test servers share; sourced by each. They set $dir, the own folder of a server, where NAME.pid and NAME.out are.
# shellcheck disable=SC2154
fail() {
    echo "$(basename "$0"): $*" >&2
    exit 1
}

# PORT: somebody listens there already.
is_taken() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Below the ports that the kernel gives to clients.
free_port() {
    local port try
    for ((try = 0; try < 100; try++)); do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        if ! is_taken "$port"; then
            echo "$port"
            return
        fi
    done
    fail "no free port between 20000 and 32000"
}

# A process id alone may belong to somebody else by now: the time when the process began tells.
began() {
    [ -r "/proc/$1/stat" ] && sed 's/.*) //' "/proc/$1/stat" | cut -d ' ' -f 20
}

# NAME COMMAND...: in a session of its own, so that an interrupt at the terminal is for the caller alone, and without the caller's
# pipes and locks, or the caller waits for it for ever. An interrupt of this script waits until it is written down what to stop. What the
# process before it said is kept in NAME.out.old.
background() {
    local name=$1 interrupted=
    shift
    [ ! -s "$dir/$name.out" ] || mv "$dir/$name.out" "$dir/$name.out.old"
    trap 'interrupted=yes' INT TERM HUP
    setsid "$@" >"$dir/$name.out" 2>&1 </dev/null 9>&- &
    echo "$! $(began $!)" >"$dir/$name.pid"
    disown $!
    trap - INT TERM HUP
    [ -z "$interrupted" ] || exit 130
}

# Starting and stopping exclude each other, however the one who started is ended.
lock() {
    mkdir -p "$(dirname "$dir")"
    exec 9>"$dir.lock"
    flock 9
}

is_running() {
    local pid start
    [ -f "$dir/$1.pid" ] && read -r pid start <"$dir/$1.pid" && [ -n "$start" ] && [ "$(began "$pid" 2>/dev/null)" = "$start" ] &&
        ! grep -q '^State:[[:space:]]*Z' "/proc/$pid/status" 2>/dev/null
}

# NAME [SIGNAL [SECONDS]]: and waits until it is gone; after so many (default: ten) it does not ask any more.
stop_process() {
    local pid start try patience=$((${3:-10} * 10))
    if is_running "$1"; then
        read -r pid start <"$dir/$1.pid"
        kill "-${2:-TERM}" "$pid" 2>/dev/null || true
        for ((try = 0; try < patience + 100; try++)); do
            is_running "$1" || break
            [ "$try" -ne "$patience" ] || kill -KILL "$pid" 2>/dev/null || true
            sleep 0.1
        done
        ! is_running "$1" || fail "process $pid ($1 in $dir) does not stop"
    fi
    rm -f "$dir/$1.pid"
}

# SECONDS NAME COMMAND...: until the command succeeds; fails when the process NAME ends.
wait_for() {
    local deadline=$((SECONDS + $1)) name=$2
    shift 2
    until "$@"; do
        is_running "$name" || return 1
        [ "$SECONDS" -lt "$deadline" ] || return 1
        sleep 0.1
    done
    is_running "$name"
}

http_answers() { curl -s -o /dev/null --noproxy '*' --max-time 2 "$1"; }

# What makes a program believe in another time; nothing when it is not installed. (There may be folders that only root may look into.)
faketime_library() { find /usr/lib -name libfaketimeMT.so.1 -print -quit 2>/dev/null || true; }
