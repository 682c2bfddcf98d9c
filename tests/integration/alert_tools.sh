# shellcheck shell=bash
# Alerts that fire because something is broken; sourced after with_stack.sh and with_worker.sh.
#
#   shorten_rules DIR     deploy/prometheus/rules in the folder DIR, for people who do not wait for hours: "for: 5m" is 5 seconds, a range of 5m is
#                         10 seconds, 1h is 30 seconds. Expressions and thresholds stay as they are
#   break_it WHAT         says what is broken next, and starts the clock
#   fires NAME...         waits until all of these do
#   mend_it; clears NAME...
#   only_firing NAME...   no others fire (these may be over already)
#   table                 what was broken, how soon each fired and cleared
: "${TICKER_SOURCE:?names the folder of the sources}" "${prometheus=}" "${base=}" "${work:?is set by common.sh}"

declare -A broken_by=() fired_after=() cleared_after=()
names_of_alerts=()
what=
since=0

shorten_rules() {
    local file rules=$TICKER_SOURCE/deploy/prometheus/rules without_times='s/\[[0-9]+[smhd]\]/[]/g; s/offset [0-9]+[smhd]/offset/; s/^( *for:) .*/\1/'
    mkdir -p "$1"
    for file in alerts.yml recording.yml; do
        sed -E 's/^( *for: [0-9]+)m$/\1s/; s/\[1h\]/[30s]/g; s/\[5m\]/[10s]/g; s/\[10m\]/[20s]/g; s/\[15m\]/[30s]/g; s/offset 15m/offset 30s/' "$rules/$file" >"$1/$file"
        cmp -s <(sed -E "$without_times" "$rules/$file") <(sed -E "$without_times" "$1/$file") || fail "$file is not what it was"
        ! grep -E '\[[0-9]+[mh]\]|(for:|offset) [0-9]+[mh]' "$1/$file" || fail "a time in $file that is not shortened"
    done
}

seconds_since() { awk -v now="$EPOCHREALTIME" -v then="$1" 'BEGIN { printf "%.0f", now - then }'; }

firing() {
    curl -fsS --max-time 30 --get --data-urlencode 'query=count by (alertname) (ALERTS{alertstate="firing"})' "$prometheus/api/v1/query" |
        jq -r '.data.result[].metric.alertname' | sort
}

break_it() {
    what=$*
    since=$EPOCHREALTIME
    echo "# $what"
}

mend_it() { since=$EPOCHREALTIME; }

# yes|no NAME...: until each of these has fired, or has stopped to.
wait_for_alerts() {
    local wanted=$1 end=$((SECONDS + 120)) name now left=("${@:2}") rest
    while :; do
        now=" $(firing | xargs) "
        rest=()
        for name in "${left[@]}"; do
            if [[ $wanted == yes && $now == *" $name "* ]]; then
                has_fired "$name"
            elif [[ $wanted == no && $now != *" $name "* ]]; then
                cleared_after[$name]=${cleared_after[$name]:-$(seconds_since "$since")}
            else
                rest+=("$name")
            fi
        done
        left=("${rest[@]}")
        [ "${#left[@]}" -gt 0 ] || return 0
        [ "$SECONDS" -lt "$end" ] || fail "$what: waited for ${left[*]} (to fire: $wanted); firing:$now"
        sleep 0.5
    done
}

# The first time counts.
has_fired() {
    [ -z "${fired_after[$1]:-}" ] || return 0
    fired_after[$1]=$(seconds_since "$since")
    broken_by[$1]=$what
    names_of_alerts+=("$1")
}

fires() { wait_for_alerts yes "$@"; }
# One may fire again when what came up together is scraped one after the other.
clears() {
    wait_for_alerts no "$@"
    eventually 60 silent
}
silent() { firing >"$work/out" && [ ! -s "$work/out" ]; }

only_firing() {
    local others
    others=$(comm -23 <(firing) <(printf '%s\n' "$@" | sort) | xargs)
    [ -z "$others" ] || fail "$what: these fire too: $others"
}

table() {
    local name
    printf '%-26s %8s %8s  %s\n' alert "fired, s" "clear, s" "what was broken"
    for name in "${names_of_alerts[@]}"; do
        printf '%-26s %8s %8s  %s\n' "$name" "${fired_after[$name]}" "${cleared_after[$name]:--}" "${broken_by[$name]}"
    done
}

# Questions all the time, each another one.
traffic=
start_traffic() {
    curl -s -o /dev/null --max-time 30 --rate 10/s "$base/api/quotes?to=20[30-50]-01-$((RANDOM % 19 + 10))&limit=[1-900]" &
    traffic=$!
}

stop_traffic() {
    kill "$traffic" 2>/dev/null || true
    wait "$traffic" 2>/dev/null || true
}

upload() { curl -fsS --max-time 60 -o answer -F "file=@$1" "$base/api/quotes/upload" || fail "upload of $1"; }
try_upload() { curl -sS --max-time 60 -o answer -F "file=@$1" "$base/api/quotes/upload" || true; }

# A good file, one that has rows that cannot be read, one that was cut; all of them old.
break_files() {
    quotes_file GOOD.TXT 3000 --year 2024
    quotes_file DIRTY.TXT 3000 --year 2023 --dirty 0.05
    { cat GOOD.TXT; tail -n 1 GOOD.TXT; } >BROKEN.TXT
    break_it "uploaded: an old file, one with 5 % unreadable rows, one that is broken"
    upload GOOD.TXT
    upload DIRTY.TXT
    upload BROKEN.TXT
}

# The dead letter dropped, and the file that should be there.
mend_files() {
    local day
    day=$(date -u -d "@$(prometheus_value 'ticker:expected_trading_day:timestamp_seconds')" +%F)
    mend_it
    quotes_file TODAY.TXT 1000 --day "$day"
    upload TODAY.TXT
    expect 0 queue drop --all
}
# shellcheck disable=SC2034 # for the caller
alerts_of_files=(TickerImportsFailing TickerRejects TickerNoNewTradingDay TickerDeadLetters)

break_services() {
    look
    break_it "killed: Redis, the worker, PostgreSQL"
    kill -9 "$(pid_of redis)" "$(pid_of worker)" "$(pid_of postgres)"
    quotes_file LOST.TXT 100 --year 2016
    try_upload LOST.TXT
}

mend_services() {
    mend_it
    stack_up
}
# shellcheck disable=SC2034 # for the caller
alerts_of_services=(TickerCacheOff TickerRedisDown TickerDown TickerDatabaseUnreachable TickerPostgresDown TickerErrors TickerUploadErrors)
