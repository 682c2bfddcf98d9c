# shellcheck shell=bash
# A PostgreSQL server of a test's own, which it may stop and break; sourced after common.sh. A test without one to start is skipped.
#
#   own_postgres      starts it; sets and exports DATABASE_URL, sets $port. It is removed when the test ends
#   stop_postgres     in order, with all sessions
#   start_postgres    again, on the same port
#   also_gone         what else is to be done when the test ends: a function that a test may define
: "${work:?is set by common.sh}" "${here:?is set by common.sh}"
if ! ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 && [ -z "${TICKER_POSTGRES_BIN:-}" ]; then
    echo "SKIPPED: no PostgreSQL server is installed"
    exit 77
fi
port=

# shellcheck disable=SC2317 # the trap calls it
gone() {
    local status=$?
    [ "$(type -t also_gone)" != function ] || also_gone >/dev/null 2>&1 || true
    "$here/../services/postgres" remove "$work/postgres" >/dev/null 2>&1 || true
    clean_up "$status"
}

start_postgres() {
    "$here/../services/postgres" start "$work/postgres" ${port:+"$port"} >/dev/null
}
stop_postgres() {
    "$here/../services/postgres" stop "$work/postgres"
}

own_postgres() {
    chmod 755 "$work" # the server's own user must get to its folder
    trap gone EXIT
    start_postgres
    port=$(cat "$work/postgres/port")
    DATABASE_URL=$("$here/../services/postgres" dsn "$work/postgres")
    export DATABASE_URL
}
