#!/usr/bin/env bash
# Imports into PostgreSQL that meet a fault at a random moment (faults.py says which, and what must be true afterwards).
# TICKER_TEST_FAULTS: how many (default 15), TICKER_TEST_SEED: which (default: always the same).
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=disk_tools.sh
. "$here/disk_tools.sh"
# shellcheck source=postgres_tools.sh
. "$here/postgres_tools.sh"

chmod 755 "$work" # the server's own user must get to its folder
trap gone EXIT
make_disk
code=0
FAULTS_SERVICES=$here/../services FAULTS_FOLDER=$work FAULTS_DISK=$disk_library python3 -B "$here/faults.py" "${TICKER_TEST_FAULTS:-$(many_or_few 15 7)}" \
    "${TICKER_TEST_SEED:-1}" || code=$?
[ "$code" -eq 0 ] || tail -n 60 "$work/postgres/server.log"
exit "$code"
