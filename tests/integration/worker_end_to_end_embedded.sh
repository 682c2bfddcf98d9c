#!/usr/bin/env bash
# The whole way without any service: SQLite, a folder, the queue in the database; a server and a worker, and then a server alone.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=with_worker.sh
. "$here/with_worker.sh"
# shellcheck source=end_to_end.sh
. "$here/end_to_end.sh"
has_listener || { echo "SKIPPED: no listener in this build"; exit 77; }

# Nothing is set: all of it is in the data folder.
unset DATABASE_URL STORAGE_URL QUEUE_URL REDIS_URL
start_http --importer=no
start_worker --receive-wait 1
database=sqlite:$XDG_DATA_HOME/ticker/ticker.db
whole_way
all_is_quiet
stop_worker TERM
stop_front
echo "ok 1 - a server and a worker"

rm -rf "$XDG_DATA_HOME/ticker"
start_http
whole_way
all_is_quiet
stop_front
echo "ok 2 - a server alone"
