#!/usr/bin/env bash
# The largest resident memory of an import of a big file, on each database.
#
#   memory.sh [MEGABYTES [LIMIT]]   of the generated file (default 150); the limit in MiB (default 64)
#
# scripts/bench runs it with 650. A program with sanitizers is not measured: they take memory of their own.
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
megabytes=${1:-150}
limit=${2:-64}
if grep -qa __asan_init "$TICKER_CLI"; then
    echo "not measured: the program was built with sanitizers"
    exit 0
fi

peak() {
    python3 - "$TICKER_CLI" "$@" <<'END'
import resource, subprocess, sys, time
start = time.monotonic()
code = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL).returncode
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(code, peak, f"{time.monotonic() - start:.1f}")
END
}

# KIND FILE
measure() {
    local code kilobytes seconds backend
    for backend in $(backends); do
        fresh "$backend"
        read -r code kilobytes seconds <<<"$(peak import --quiet "$2")"
        [ "$code" -eq 0 ] || fail "$backend: the import of $1 ended with $code"
        echo "$backend: $1, $(($(wc -c <"$2") / 1000000)) MB: peak $((kilobytes / 1024)) MiB, $seconds s"
        [ "$kilobytes" -lt $((limit * 1024)) ] || fail "$backend: more than $limit MiB"
        case $DATABASE_URL in
        sqlite:*) rm -f "${DATABASE_URL#sqlite:}"* ;;
        *) psql -q -X "$TICKER_TEST_POSTGRES" -c "DROP DATABASE ${DATABASE_URL##*/} WITH (FORCE)" >/dev/null ;;
        esac
    done
}

quotes_file quotes.txt $((megabytes * 1000000 / 247))
measure quotes quotes.txt
rm quotes.txt
trades_file trades.txt $((megabytes * 1000000 / 75))
measure trades trades.txt
rm trades.txt
reports_file reports.xml $((megabytes * 1000000 / 1220 / 2))
measure "price reports" reports.xml
