#!/usr/bin/env bash
# Answers through Redis and through memory: imports of the command line make cached ones stale, also when Redis was away meanwhile.
command -v redis-server >/dev/null || { echo "SKIPPED: no Redis server is installed"; exit 77; }
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

redis=$here/../services/redis
trap 'status=$?; "$redis" remove "$work/redis"; (exit $status); clean_up' EXIT
REDIS_URL=$("$redis" start "$work/redis")
export REDIS_URL DATABASE_URL=sqlite:$work/quotes.db
example=${TICKER_BUILD:?names the build folder}/examples/08_cached_query

# TICKER...: one answer each; they are in the file out.
ask() {
    printf '%s\n' "$@" | "$example" close >out 2>err || fail "08_cached_query: $(cat err)"
}
# The first field of the answers, such as "cache database".
sources() {
    awk '$2 == "cache" || $2 == "database" || $2 == "unknown" { printf "%s%s", n++ ? " " : "", $2 }' out
}

quotes_file first.txt 300 --seed 1 --year 2023
quotes_file second.txt 300 --seed 2 --year 2024
ticker=$(cut -c 13-24 second.txt | sed -n 2p | tr -d ' ')
expect 0 import first.txt
ask "$ticker" "$ticker" NONE3 NONE3
is "$(sources)" "database cache unknown unknown" "answers of one process"
ask "$ticker" NONE3
is "$(sources)" "cache unknown" "answers of the next process"

# An import that tells Redis: everything it touched is asked for anew, and nothing is left to do.
expect 0 import second.txt
is "$(sqlite3 quotes.db 'SELECT count(*) FROM cache_bumps')" 0 "imports that Redis has not heard of"
ask "$ticker" "$ticker"
is "$(sources)" "database cache" "answers after an import"
rows=$(awk 'NR == 1 { print $3 }' out)
is "$rows" "$(sqlite3 quotes.db "SELECT count(*) FROM quotes WHERE ticker = '$ticker'")" "rows of $ticker"
grep -q "^$ticker close [0-9]" out || fail "no close of $ticker"

# One that does not know of Redis: whoever comes later than a second makes up for it.
quotes_file third.txt 300 --seed 3 --year 2022
REDIS_URL=memory: expect 0 import third.txt
is "$(sqlite3 quotes.db 'SELECT count(*) FROM cache_bumps')" 1 "imports that Redis has not heard of"
sleep 1.2
ask "$ticker" "$ticker"
is "$(sources)" "database cache" "answers after an import without Redis"
is "$(sqlite3 quotes.db 'SELECT count(*) FROM cache_bumps')" 0 "imports that Redis has not heard of"

# Redis hangs: the import is good, says so, and is made up for when Redis is back.
"$redis" pause "$work/redis"
quotes_file fourth.txt 300 --seed 4 --year 2021
expect 0 import fourth.txt
expect_error 'Redis did not answer'
ask "$ticker"
is "$(sources)" "database" "answers without Redis"
"$redis" resume "$work/redis"
sleep 1.2
ask "$ticker" "$ticker"
is "$(sources)" "database cache" "answers when Redis is back"

# Redis is gone: nobody minds, and a wrong URL is the user's.
"$redis" stop "$work/redis"
ask "$ticker" "$ticker"
is "$(sources)" "database database" "answers when Redis is gone"
quotes_file fifth.txt 300 --seed 5 --year 2020
expect 0 import fifth.txt
REDIS_URL=redis://:s3cret@127.0.0.1:port expect 2 import fifth.txt
one_line_error 'Redis URL'
! grep -q s3cret err || fail "the password is in the message"

# Memory follows what other processes import.
export REDIS_URL=memory:
quotes_file sixth.txt 300 --seed 6 --year 2019
mkfifo questions
"$example" <questions >answers 2>errors &
exec 7>questions
# NUMBER: asks, and waits until there are so many answers.
ask_running() {
    local try
    echo "$ticker" >&7
    for ((try = 0; try < 100; try++)); do
        [ "$(grep -c . answers)" -lt "$1" ] || return 0
        sleep 0.05
    done
    fail "no answer number $1: $(cat errors)"
}
ask_running 1
ask_running 2
expect 0 import sixth.txt
ask_running 3
exec 7>&-
wait %1
is "$(awk '{ printf "%s ", $2 }' answers)" "database cache database " "answers around another's import"
