#!/usr/bin/env bash
# Answers through Redis and through memory: imports of the command line make cached ones stale, also when Redis was away meanwhile.
wants_postgres=1
command -v redis-server >/dev/null || { echo "SKIPPED: no Redis server is installed"; exit 77; }
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

redis=$here/../services/redis
trap 'status=$?; "$redis" remove "$work/redis"; set +e; (exit $status); clean_up' EXIT
example=${TICKER_BUILD:?names the build folder}/examples/08_cached_query

# TICKER...: one answer each; they are in the file out.
ask() {
    printf '%s\n' "$@" | "$example" close >out 2>err || fail "08_cached_query: $(cat err)"
}
# Where the answers came from, such as "cache database".
sources() {
    awk '$2 == "cache" || $2 == "database" || $2 == "unknown" { printf "%s%s", n++ ? " " : "", $2 }' out
}
unheard() {
    sql 'SELECT count(*) FROM cache_bumps'
}

for number in 1 2 3 4 5 6; do
    quotes_file "$number.txt" 300 --seed "$number" --year "202$number"
done
ticker=$(cut -c 13-24 2.txt | sed -n 2p | tr -d ' ')

# Redis, from one end of its life to the other.
through_redis() {
    expect 0 import 1.txt
    ask "$ticker" "$ticker" NONE3 NONE3
    is "$(sources)" "database cache unknown unknown" "answers of one process"
    ask "$ticker" NONE3
    is "$(sources)" "cache unknown" "answers of the next process"

    # An import that tells Redis: what it touched is asked for anew, and nothing is left to do.
    expect 0 import 2.txt
    is "$(unheard)" 0 "imports that Redis has not heard of"
    ask "$ticker" "$ticker"
    is "$(sources)" "database cache" "answers after an import"
    is "$(awk 'NR == 1 { print $3 }' out)" "$(sql "SELECT count(*) FROM quotes WHERE ticker = '$ticker'")" "rows of $ticker"
    grep -q "^$ticker close [0-9]" out || fail "no close of $ticker"

    # One that does not know of Redis: whoever comes later than a second makes up for it.
    REDIS_URL=memory: expect 0 import 3.txt
    is "$(unheard)" 1 "imports that Redis has not heard of"
    sleep 1.2
    ask "$ticker" "$ticker"
    is "$(sources)" "database cache" "answers after an import without Redis"
    is "$(unheard)" 0 "imports that Redis has not heard of"

    # Redis hangs: the import is good, says so, and is made up for when Redis is back.
    "$redis" pause "$work/redis"
    expect 0 import 4.txt
    expect_error 'Redis did not answer'
    ask "$ticker"
    is "$(sources)" "database" "answers without Redis"
    "$redis" resume "$work/redis"
    sleep 1.2
    ask "$ticker" "$ticker"
    is "$(sources)" "database cache" "answers when Redis is back"

    # Redis is gone: nobody minds. A wrong URL is the user's fault.
    "$redis" stop "$work/redis"
    ask "$ticker" "$ticker"
    is "$(sources)" "database database" "answers when Redis is gone"
    expect 0 import 5.txt
    REDIS_URL=redis://:s3cret@127.0.0.1:port expect 2 import 5.txt
    one_line_error 'Redis URL'
    ! grep -q s3cret err || fail "the password is in the message"
}

# NUMBER: asks the program that runs, and waits until there are so many answers.
ask_running() {
    local try
    echo "$ticker" >&7
    for ((try = 0; try < 200; try++)); do
        [ "$(grep -c . answers)" -lt "$1" ] || return 0
        sleep 0.05
    done
    fail "no answer number $1: $(cat errors)"
}

# Memory follows what other processes import.
through_memory() {
    local program
    rm -f questions
    mkfifo questions
    "$example" <questions >answers 2>errors &
    program=$!
    exec 7>questions
    ask_running 1
    ask_running 2
    expect 0 import 6.txt
    sleep 0.3 # PostgreSQL's notice is on its way
    ask_running 3
    ask_running 4
    exec 7>&-
    wait "$program" || fail "08_cached_query: $(cat errors)"
    is "$(awk '{ printf "%s ", $2 }' answers)" "database cache database cache " "answers around another's import"
}

for backend in $(backends); do
    fresh "$backend"
    REDIS_URL=$("$redis" start "$work/redis")
    export REDIS_URL
    through_redis
    export REDIS_URL=memory:
    through_memory
    echo "ok - $backend"
done
