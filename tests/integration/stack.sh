#!/usr/bin/env bash
# scripts/stack itself, in its small form (no AWS): what it says works, twice is as once, what was killed comes back, what fails half way leaves
# nothing, and the end is one. (The whole of it is in worker_end_to_end.sh.)
# shellcheck source-path=SCRIPTDIR source=common.sh
for program in prometheus prometheus-postgres-exporter prometheus-redis-exporter redis-server /usr/sbin/nginx; do
    command -v "$program" >/dev/null || { echo "SKIPPED: $program is missing (scripts/install-packages stack)"; exit 77; }
done
. "$(dirname "$0")/common.sh"
# shellcheck source=with_stack.sh
. "$here/with_stack.sh"
# shellcheck source=with_worker.sh
. "$here/with_worker.sh"
[ "$("$TICKER_CLI" --version | grep -c 'postgresql.*redis')" -gt 0 ] || { echo "SKIPPED: built without PostgreSQL or Redis"; exit 77; }
has_listener || { echo "SKIPPED: built without libmicrohttpd"; exit 77; }

expect_stack 2 upp
expect_stack 2 up --ports many
expect_stack 2 status --remove
expect_stack 0 up --help
grep -q -- '--without PART' out || fail "no help"
expect_stack 3 status
expect_stack 0 down
mkdir stack
touch stack/mine
expect_stack 1 up --build "$TICKER_BUILD"
expect_error 'holds something else'
[ "$(ls stack)" = mine ] || fail "it wrote into a folder of others: $(ls stack)"
rm -r stack
echo "ok 1 - usage"

# A worker that does not start.
mkdir broken
ln -s "$TICKER_BUILD/ticker-cli" "$TICKER_BUILD/ticker-server" broken/
printf '#!/bin/sh\necho it is not to be >&2\nexit 1\n' >broken/ticker-worker
chmod +x broken/ticker-worker
expect_stack 1 up --without aws --scrape 1 --build "$work/broken"
expect_error 'worker did not start'
expect_error 'it is not to be'
expect_error "the log: $stack_folder/worker.out"
expect_error 'stopped again: postgres redis server worker'
nothing_is_left
expect_stack 3 status
echo "ok 2 - what fails half way is stopped again"

stack_up --scrape 1
look
has_three=$(pid_of postgres)-$(pid_of server)-$(pid_of prometheus)
expect_stack 0 status
is "$(grep -c ' healthy ' out)" 8 "services"
expect_stack 0 up
look
is "$(pid_of postgres)-$(pid_of server)-$(pid_of prometheus)" "$has_three" "processes"
grep '^  curl ' up >commands
is "$(wc -l <commands)" 2 "commands that it suggests"
imported_by_now() {
    cli imports --format csv >listed && grep -q ',imported,5000,5000,0,' listed
}
bash -e -c "$(sed -n 1p commands)" >out 2>err || fail "$(sed -n 1p commands)"
eventually 60 imported_by_now
bash -e -c "$(sed -n 2p commands)" >out 2>err || fail "$(sed -n 2p commands)"
is "$(jq -r '.[0].ticker' out) $(jq length out)" "PETR4 3" "what it suggests to ask"
python3 "$here/stack.py" check "$stack_folder" >out || fail "outside of its folder, or of loopback"
eventually 60 is_now 'count(up == 1)' 5
eventually 60 is_now 'sum(ticker_import_rows_total{result="imported"})' 5000
echo "ok 3 - it does what it says, on loopback, in its folder"

expect_stack 0 logs worker -n 3
expect_output '"event":"file"'
expect_stack 1 logs nobody
expect_error 'they are: postgres redis'
look
for service in redis nginx postgres server worker; do
    kill -9 "$(pid_of $service)"
done
expect_stack 1 status
look
for service in redis nginx postgres server worker; do
    is "$(state_of $service)" died "$service"
done
is "$(state_of prometheus)" healthy
before=$(pid_of prometheus)
expect_stack 0 up
look
is "$(jq .healthy services)" true
is "$(pid_of prometheus)" "$before" "what was well"
curl -fsS -o answer "$base/api/quotes/PETR4?limit=1" || fail "the port changed"
echo "ok 4 - what was killed comes back where it was"

mkdir other
taken=$(sed -n 's/^postgres //p' stack/ports)
! "$TICKER_SOURCE/scripts/stack" up --dir "$work/other" --build "$TICKER_BUILD" --without aws --without monitoring --ports $((taken - 4)) >out 2>err ||
    fail "it shares a port"
expect_error 'postgres did not start'
expect_stack 0 down
nothing_is_left
expect_stack 3 status
expect_stack 0 up
curl -fsS -o answer "$base/api/quotes/PETR4?limit=1" || fail "the data is gone"
expect_stack 0 down --remove
nothing_is_left
[ ! -e "$stack_folder" ] || fail "the folder is still there"
[ -z "$(find "$HOME" -type f)" ] || fail "files outside of its folder: $(find "$HOME" -type f)"
echo "ok 5 - its end"
