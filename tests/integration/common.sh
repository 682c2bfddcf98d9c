# shellcheck shell=bash
# What the integration tests share; sourced by each. A test is a program: 0 passed, 1 failed, 77 skipped.
#
#   TICKER_CLI            the program under test
#   TICKER_GENERATE       bench/ticker-generate
#   TICKER_TEST_DATA      folder with real files and their expected contents; empty: such tests skip
#   TICKER_TEST_AWS       folder of the stand-ins for AWS that are to be used; not set: some of the test's own
#   TICKER_TEST_POSTGRES  URL of a PostgreSQL server; empty: SQLite only; not set: a server of the test's own
set -euo pipefail
export LC_ALL=C.UTF-8

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
: "${TICKER_CLI:?names the program under test}"
: "${TICKER_GENERATE:?names the generator of sample files}"
: "${TICKER_TEST_DATA:=}"

# A test that uses PostgreSQL says so before it sources this file.
if [ -n "${wants_postgres:-}" ] && [ -z "${TICKER_TEST_POSTGRES+set}" ]; then
    if [ -x "$here/../services/with-postgres" ] && ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1; then
        exec "$here/../services/with-postgres" "$0" "$@"
    fi
    TICKER_TEST_POSTGRES=
fi
: "${TICKER_TEST_POSTGRES:=}"

# A test that uses AWS says so too (wants_aws=yes) and gets stand-ins of its own, so that it may break them and move their clocks.
# No other test sees anything of AWS.
if [ -z "${wants_aws:-}" ]; then
    mapfile -t variables < <(compgen -v AWS_)
    [ "${#variables[@]}" -eq 0 ] || unset "${variables[@]}"
elif [ -z "${TICKER_TEST_AWS:-}" ]; then
    command -v radosgw >/dev/null || { echo "SKIPPED: no stand-ins for AWS (scripts/install-packages test)"; exit 77; }
    exec "$here/../services/with-aws" "$0" "$@"
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/ticker-test.XXXXXX")
databases=()
# [STATUS]: what the test ends with, for a trap that does something before.
clean_up() {
    local status=${1:-$?} name job
    for job in $(jobs -p); do
        kill -9 "$job" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    for name in "${databases[@]}"; do
        if [ -n "${TICKER_TEST_DISTRIBUTE:-}" ]; then
            psql -q -X "$TICKER_TEST_POSTGRES" -c "DROP SCHEMA IF EXISTS $name CASCADE" >/dev/null 2>&1 || true
        else
            psql -q -X "$TICKER_TEST_POSTGRES" -c "DROP DATABASE IF EXISTS $name WITH (FORCE)" >/dev/null 2>&1 || true
        fi
    done
    rm -rf "$work"
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT TERM
cd "$work"

# Nothing of the machine's own configuration may reach the program.
unset DATABASE_URL STORAGE_URL QUEUE_URL REDIS_URL NO_COLOR COLUMNS
export HOME=$work/home XDG_CONFIG_HOME=$work/home/.config XDG_DATA_HOME=$work/home/.local/share
mkdir -p "$HOME"

fail() {
    echo "FAILED: $*" >&2
    for file in "$work/out" "$work/err"; do
        [ ! -s "$file" ] || { echo "--- $(basename "$file")" >&2; head -c 2000 "$file" >&2; }
    done
    exit 1
}

# In the background use "$TICKER_CLI" itself: there $! would be a shell.
cli() {
    "$TICKER_CLI" "$@"
}

# CODE ARGUMENT...: runs the program; its output is in the files out and err.
expect() {
    local wanted=$1 code=0
    shift
    "$TICKER_CLI" "$@" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq "$wanted" ] || fail "ticker-cli $*: exit $code, not $wanted"
}

# The last expect's standard error has one line (of messages), which matches.
one_line_error() {
    [ "$(wc -l <"$work/err")" -eq 1 ] || fail "not one line on standard error: $(cat "$work/err")"
    grep -qE -- "$1" "$work/err" || fail "standard error does not match \"$1\""
}

expect_error() {
    grep -qE -- "$1" "$work/err" || fail "standard error does not match \"$1\""
}

expect_output() {
    grep -qE -- "$1" "$work/out" || fail "standard output does not match \"$1\""
}

# Which databases there are to test with.
backends() {
    [ -n "${TICKER_TEST_DISTRIBUTE:-}" ] || echo sqlite
    [ -z "$TICKER_TEST_POSTGRES" ] || echo postgres
}

# BACKEND: a new, empty database, in DATABASE_URL.
fresh() {
    local name
    if [ "$1" = sqlite ]; then
        name=$(mktemp -u "$work/db-XXXXXX.sqlite")
        export DATABASE_URL=sqlite:$name
    elif [ -n "${TICKER_TEST_DISTRIBUTE:-}" ]; then # conformance/citus.sh: a schema, for only that database has Citus
        name=ticker_test_$$_${#databases[@]}
        psql -q -X "$TICKER_TEST_POSTGRES" -c "CREATE SCHEMA $name" >/dev/null
        databases+=("$name")
        export DATABASE_URL="$TICKER_TEST_POSTGRES"
        case $DATABASE_URL in *\?*) DATABASE_URL+='&' ;; *) DATABASE_URL+='?' ;; esac
        DATABASE_URL+="options=-csearch_path%3D$name"
    else
        name=ticker_test_$$_${#databases[@]}
        psql -q -X "$TICKER_TEST_POSTGRES" -c "CREATE DATABASE $name" >/dev/null
        databases+=("$name")
        # The database is the last part of the path of the URL.
        DATABASE_URL=$(sed -E "s#^([a-z]+://[^/?]*)(/[^?]*)?#\1/$name#" <<<"$TICKER_TEST_POSTGRES")
        export DATABASE_URL
    fi
}

# After fresh(), in a test that conformance/citus.sh runs as well.
distribute_when_asked() {
    [ -z "${TICKER_TEST_DISTRIBUTE:-}" ] || expect 0 db distribute
}

# SQL: the answer of the current database, as CSV without a header.
sql() {
    case $DATABASE_URL in
    sqlite:*) sqlite3 -batch -csv "${DATABASE_URL#sqlite:}" "$1" ;;
    *) psql -X -q -A -t --csv "$DATABASE_URL" -c "$1" ;;
    esac
}

# Everything that an import is for, in an order that does not depend on how it came in; the same on both databases. What differs
# between two imports of the same file (ids, times) is left out.
dump() {
    local ledger="SELECT file, format, sha256, bytes, records, imported, rejected, status FROM imports WHERE status = 'imported'"
    cli quotes --all --format csv --quiet | sort
    sql "SELECT ticker, trade_date, reference_date, session, trade_id, action, trade_time, price, volume, buyer, seller FROM trades" |
        sort
    sql "$ledger" | sort
}

# WHAT ARGUMENT...: see check.py; check get FILE KEY...: see get.py
check() {
    if [ "$1" = get ]; then
        python3 -I -S "$here/get.py" "${@:2}"
    else
        python3 "$here/check.py" "$@"
    fi
}

needs_data() {
    [ -n "$TICKER_TEST_DATA" ] || { echo "SKIPPED: no real files (TICKER_TEST_DATA)"; exit 77; }
}

# FILE RECORDS [OPTION...]: a made-up file.
quotes_file() {
    "$TICKER_GENERATE" cotahist "$2" "$1" "${@:3}"
}

trades_file() {
    "$TICKER_GENERATE" trades "$2" "$1" "${@:3}"
}

reports_file() {
    "$TICKER_GENERATE" bvbg086 "$2" "$1" "${@:3}"
}

# MANY FEW: FEW where each takes long, as in the unit tests' support.h.
many_or_few() {
    [ "${TICKER_TEST_FEW:-}" = yes ] && echo "$2" || echo "$1"
}

# KEY: a value of the JSON object that the last expect printed.
value() {
    check get "$work/out" "$1"
}

# The same of a text, without its quotes.
text() {
    value "$1" | sed 's/^"//; s/"$//'
}

is() {
    [ "$1" = "$2" ] || fail "${3:-found} \"$1\", wanted \"$2\""
}
