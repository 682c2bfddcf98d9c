#!/usr/bin/env bash
# SIGINT and SIGTERM roll the current file back and end with 130; the second signal ends at once.
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

quotes_file small.txt 50 --day 2023-11-07
rows=$(many_or_few 60000 24000)
quotes_file big.txt "$rows"

# Waits until a file holds something that matches, at most ten seconds.
wait_for() {
    local try
    for ((try = 0; try < 200; try++)); do
        ! grep -q -- "$1" "$2" 2>/dev/null || return 0
        sleep 0.05
    done
    fail "\"$1\" did not appear in $2"
}

# The input stops half-way: the signal surely meets the program at work.
for backend in $(backends); do
    for signal in INT TERM; do
        fresh "$backend"
        rm -f slow out # what the one before said must not be taken for this one's
        mkfifo slow
        { head -c 5000000 big.txt; exec sleep 20; } >slow &
        writer=$!
        "$TICKER_CLI" import --json small.txt slow small.txt >out 2>err &
        program=$!
        wait_for '"imported"' out
        sleep 0.3
        kill -"$signal" "$program"
        code=0
        wait "$program" || code=$?
        kill "$writer" 2>/dev/null || true
        wait "$writer" 2>/dev/null || true
        is "$code" 130 "exit code after SIG$signal on $backend is"
        is "$(wc -l <out)" 1 "objects"
        expect_error "^ticker-cli: interrupted: 1 imported before, 1 not begun"
        is "$(sql 'SELECT count(*) FROM quotes')" 50 "rows on $backend"
        is "$(sql 'SELECT count(*) FROM imports')" 1 "ledger rows on $backend"
        [ "$backend" != postgres ] ||
            is "$(sql "SELECT count(*) FROM pg_class WHERE relname ~ 'ticker_loading'")" 0 "tables that are left"
        # And it can be imported afterwards.
        expect 0 import --json big.txt
        is "$(sql 'SELECT count(*) FROM quotes')" $((rows + 50))
    done
done

# At any moment of a usual import: all of it, or nothing of it.
fresh sqlite
cli import --quiet big.txt
whole=$(dump | sha256sum)
for pause in $(many_or_few "0.00 0.01 0.02 0.05 0.08 0.12 0.16 0.2 0.3" "0.00 0.02 0.08 0.2 0.3"); do
    fresh sqlite
    "$TICKER_CLI" import --json big.txt >out 2>err &
    program=$!
    sleep "$pause"
    kill -INT "$program" 2>/dev/null || true
    code=0
    wait "$program" || code=$?
    case $code in
    0) is "$(dump | sha256sum)" "$whole" "an import that was not interrupted is" ;;
    130)
        left=0
        [ ! -e "${DATABASE_URL#sqlite:}" ] || left=$(sql 'SELECT count(*) FROM quotes' 2>/dev/null || echo 0)
        is "$left" 0 "rows after an interruption are"
        ;;
    *) fail "interrupted after $pause s: exit $code" ;;
    esac
    expect 0 import --json big.txt
    is "$(dump | sha256sum)" "$whole" "the second import after an interruption is"
done

# inspect, waiting for more of a pipe.
rm -f slow
mkfifo slow
{ head -c 3000 big.txt; exec sleep 20; } >slow &
"$TICKER_CLI" inspect slow >out 2>err &
program=$!
sleep 0.4 # it waits for more of the pipe by now
kill -INT "$program"
code=0
wait "$program" || code=$?
is "$code" 130 "exit code of an interrupted inspect is"
echo "interruptions"
