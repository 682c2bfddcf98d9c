#!/usr/bin/env bash
# Imports into PostgreSQL that meet a fault at a random moment (faults.py says which, and what must be true afterwards).
# TICKER_TEST_FAULTS: how many (default 15), TICKER_TEST_SEED: which (default: always the same).
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=disk_tools.sh
. "$here/disk_tools.sh"
ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 || [ -n "${TICKER_POSTGRES_BIN:-}" ] || { echo "SKIPPED: no PostgreSQL server"; exit 77; }

services=$(cd "$here/../services" && pwd)
chmod 755 "$work" # the server's own user must get to its folder
# shellcheck disable=SC2317 # the trap calls it
gone() {
    local status=$?
    "$services/postgres" remove "$work/postgres" >/dev/null 2>&1 || true
    clean_up "$status"
}
trap gone EXIT
make_disk
code=0
FAULTS_SERVICES=$services FAULTS_FOLDER=$work FAULTS_DISK=$disk_library python3 -B "$here/faults.py" "${TICKER_TEST_FAULTS:-$(many_or_few 15 7)}" \
    "${TICKER_TEST_SEED:-1}" || code=$?
[ "$code" -eq 0 ] || tail -n 60 "$work/postgres/server.log"
exit "$code"
