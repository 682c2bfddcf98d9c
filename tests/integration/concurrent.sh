#!/usr/bin/env bash
# Several processes at once: the same file goes in once, different files all go in.
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

quotes_file quotes.txt "$(many_or_few 20000 5000)"
trades_file trades.txt "$(many_or_few 20000 5000)"
mkdir days
for day in 04 05 06 07; do
    quotes_file days/q$day.txt 3000 --day 2024-11-$day
    trades_file days/t$day.txt 3000 --date 2024-11-$day
done

statuses() {
    cat "$@" | python3 -c 'import json,sys; print(" ".join(sorted(json.loads(l)["status"] for l in sys.stdin)))'
}

for backend in $(backends); do
    for file in quotes.txt trades.txt; do
        fresh "$backend"
        cli import --quiet "$file"
        clean=$(dump | sha256sum)
        # The schema is made by whoever comes first as well.
        for round in 1 2 3; do
            fresh "$backend"
            pids=()
            for process in 1 2 3; do
                "$TICKER_CLI" import --json "$file" >"out$process" 2>"err$process" &
                pids+=($!)
            done
            for process in 1 2 3; do
                wait "${pids[process - 1]}" || { cat err*; fail "$backend: $file: process $process of round $round failed"; }
            done
            is "$(statuses out1 out2 out3)" "duplicate duplicate imported" "$backend: $file"
            is "$(dump | sha256sum)" "$clean" "$backend: $file imported by three at once"
        done
    done

    fresh "$backend"
    cli import --quiet days
    clean=$(dump | sha256sum)
    fresh "$backend"
    pids=()
    for day in 04 05 06 07; do
        "$TICKER_CLI" import --json days/*"$day".txt >"out$day" 2>"err$day" &
        pids+=($!)
    done
    for pid in "${pids[@]}"; do
        wait "$pid" || { cat err*; fail "$backend: different files at once"; }
    done
    is "$(statuses out04 out05 out06 out07)" "$(printf 'imported %.0s' 1 2 3 4 5 6 7 8 | sed 's/ $//')" "$backend"
    is "$(dump | sha256sum)" "$clean" "$backend: different files at once"
    # Threads of one process: the same, and the same file named twice is one import.
    fresh "$backend"
    expect 0 import --json --jobs 4 days days/q04.txt
    is "$(statuses out)" "duplicate $(printf 'imported %.0s' 1 2 3 4 5 6 7 8 | sed 's/ $//')" "$backend: --jobs"
    is "$(dump | sha256sum)" "$clean" "$backend: --jobs"
done
echo "concurrent imports"
