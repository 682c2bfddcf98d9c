#!/usr/bin/env bash
# What PostgreSQL can say no with: for each a line that says what and what to do, the right exit status, no trace in the tables; and when
# the reason is gone the same import works.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=disk_tools.sh
. "$here/disk_tools.sh"
# shellcheck source=postgres_tools.sh
. "$here/postgres_tools.sh"
make_disk
start_server() {
    LD_PRELOAD=$disk_library start_postgres
}
export LD_PRELOAD=$disk_library
own_postgres
unset LD_PRELOAD
admin=$DATABASE_URL
data=$work/postgres/data

# What the database answers to its owner.
ask() {
    psql -X -q -A -t "${1:-$admin}" -v ON_ERROR_STOP=1
}
# USER [DATABASE [MORE]]: the URL of a test.
url() {
    DATABASE_URL=postgresql://$1@127.0.0.1:$port/${2:-tickers}${3:-}
}
quotes_file quotes.txt 300 --day 2024-11-08
quotes_file many.txt 8000 --day 2024-11-07
ask <<'SQL'
CREATE ROLE ours LOGIN;
CREATE DATABASE tickers OWNER ours;
SQL
url ours
count=0

# EXIT PATTERN [FILE]: an import is refused so, and its error says what to do.
refused() {
    count=$((count + 1))
    expect "$1" import --quiet "${3:-quotes.txt}"
    one_line_error "$2"
    grep -q '; [a-z]' err || fail "nothing says what to do: $(cat err)"
}
# [FILE]: now it works, and nothing had been done before.
accepted() {
    expect 0 import --json "${1:-quotes.txt}"
    is "$(text status)" imported "the import that was refused before is"
}
nothing_left() {
    is "$(ask "${1:-postgresql://postgres@127.0.0.1:$port/tickers}" <<<"SELECT count(*) FROM imports")" "${2:-0}" "rows of the ledger"
}

# [SQL...]: a session that has done these and stays until end_session.
session() {
    local try
    rm -f session.in session.out
    mkfifo session.in
    psql -X -q "postgresql://postgres@127.0.0.1:$port/tickers" <session.in >session.out 2>&1 &
    sitter=$!
    exec {typing}>session.in
    printf '%s;\n' "$@" '\echo there' >&"$typing"
    for ((try = 0; try < 400; try++)); do
        ! grep -qs '^there' session.out || return 0
        sleep 0.05
    done
    fail "a session does not come about: $(cat session.out)"
}
end_session() {
    echo "\\q" >&"$typing" # its end of file does not come while a program that was started meanwhile has it
    exec {typing}>&-
    wait "$sitter" 2>/dev/null || true
}

# --- Who may come in.

ask <<<"CREATE ROLE locked LOGIN PASSWORD 'right'"
sed -i '1i host all locked 127.0.0.1/32 scram-sha-256' "$data/pg_hba.conf"
ask <<<"SELECT pg_reload_conf()" >/dev/null
url locked:wrong
refused 2 'password authentication failed for user "locked".*check the user and the password'
! grep -q 'wrong' err || fail "the password is told"
url nobody
refused 2 'role "nobody" does not exist.*check the user'
url ours nowhere
refused 2 'database "nowhere" does not exist.*create the database'
url ours tickers '?options=-csearch_path%3Dmissing'
refused 2 'no schema has been selected.*search_path'
ask <<<"ALTER ROLE ours CONNECTION LIMIT 0"
url ours
refused 3 'too many connections for role "ours".*the server takes no more connections'
ask <<<"ALTER ROLE ours CONNECTION LIMIT -1"
ask <<<"CREATE ROLE guest LOGIN"
url guest
refused 2 'permission denied for schema public.*needs CREATE'
url ours
accepted
url guest
refused 2 'permission denied for .*needs' many.txt
url ours
nothing_left '' 1
# But for partitions.
tables() {
    sql "SELECT string_agg(relname, ' ' ORDER BY relname) FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
         AND relnamespace::regnamespace::text ~ '^(public|pg_temp)'"
}
clean_tables=$(tables)

# --- A server that starts, stops, or may only be read.

session
kill -TERM "$(head -n 1 "$data/postmaster.pid")" # it waits for the session above
for _ in {1..100}; do
    expect 3 import --quiet many.txt
    ! grep -q 'shutting down' err || break
    sleep 0.05
done
refused 3 'the database system is shutting down.*is the server running' many.txt
end_session
stop_postgres
refused 3 'Connection refused.*is the server running' many.txt
: >"$data/standby.signal"
start_server
refused 3 'read-only transaction.*this server is a standby' many.txt
url ours tickers '?target_session_attrs=read-write'
refused 3 'session is read-only' many.txt
url ours
stop_postgres
echo "hot_standby = off" >>"$data/postgresql.conf"
start_server
refused 3 'not (yet )?accepting connections.*is the server running' many.txt
stop_postgres
rm "$data/standby.signal"
start_server
accepted many.txt

# --- What a role or a database may be set to.

quotes_file more.txt 8000 --day 2024-11-06
ask <<<"ALTER ROLE ours SET default_transaction_read_only = on"
refused 2 'read-only transaction.*default_transaction_read_only is on' more.txt
ask <<<"ALTER ROLE ours RESET default_transaction_read_only"
accepted more.txt

for encoding in LATIN1 SQL_ASCII EUC_JP; do
    ask <<<"CREATE DATABASE other OWNER ours TEMPLATE template0 ENCODING $encoding LC_COLLATE 'C' LC_CTYPE 'C'"
    url ours other
    refused 2 "the database .* has the encoding $encoding; UTF8 is needed; make one with createdb"
    is "$(ask "postgresql://postgres@127.0.0.1:$port/other" <<<"SELECT count(*) FROM pg_class WHERE relname = 'imports'")" 0 "tables"
    ask <<<"DROP DATABASE other"
done
# What clients usually talk is no matter.
ask <<<"CREATE DATABASE other OWNER ours"
url ours
wanted=$(dump | sha256sum)
ask <<<"ALTER ROLE ours SET client_encoding = 'LATIN1'"
url ours other
export PGCLIENTENCODING=SQL_ASCII
expect 0 import --quiet quotes.txt many.txt more.txt
is "$(dump | sha256sum)" "$wanted" "with another encoding of the client the tables are"
unset PGCLIENTENCODING
is "$(dump | sha256sum)" "$wanted" "with another encoding of the role the tables are"
ask <<<"ALTER ROLE ours RESET client_encoding; DROP DATABASE other WITH (FORCE)"
url ours

# Limits that are meant for people's queries do not hold for imports.
for limit in statement_timeout lock_timeout idle_in_transaction_session_timeout; do
    ask <<<"ALTER ROLE ours SET $limit = '250ms'"
done
mkfifo slow
quotes_file slowly.txt 4000 --day 2024-11-05
{ head -c 500000 slowly.txt; sleep 0.7; tail -c +500001 slowly.txt; } >slow &
expect 0 import --quiet slow
session BEGIN "LOCK TABLE quotes IN ACCESS EXCLUSIVE MODE"
quotes_file locked.txt 4000 --day 2024-11-04
"$TICKER_CLI" import --json locked.txt >out 2>err &
program=$!
waits() {
    is "$(ask <<<"SELECT count(*) FROM pg_stat_activity WHERE usename = 'ours' AND wait_event_type = 'Lock'")" "$1" "imports that wait"
}
for _ in {1..200}; do [ "$(ask <<<"SELECT count(*) FROM pg_locks WHERE NOT granted")" -eq 0 ] || break; sleep 0.05; done
sleep 0.5
waits 1
end_session
wait "$program" || fail "an import that waited for a lock: $?"
# Outside of an import they do: here the question whether these bytes are in already. That is tried again for a while.
ask <<<"ALTER ROLE ours RESET statement_timeout"
session BEGIN "LOCK TABLE imports IN ACCESS EXCLUSIVE MODE"
quotes_file later.txt 4000 --day 2024-11-01
refused 1 'canceling statement due to lock timeout.*holds the lock; try again' later.txt
ask <<<"ALTER ROLE ours RESET lock_timeout; ALTER ROLE ours SET statement_timeout = '250ms'"
refused 1 'canceling statement due to statement timeout.*a limit of the server or of its user, or somebody' later.txt
"$TICKER_CLI" import --json later.txt >out 2>err &
program=$!
sleep 0.4
end_session
wait "$program" || fail "an import that was canceled once and tried again: $?"
is "$(text status)" imported

# --- No room.

# LIMIT TEXT EXIT PATTERN
no_room() {
    local code=0
    disk "$1" "$2"
    expect "$3" import --quiet full.txt
    one_line_error "$4"
    disk -1
    for _ in {1..200}; do ! ask <<<"SELECT 1" >/dev/null 2>&1 || break; sleep 0.05; done # after a crash it starts again by itself
    is "$(sql "SELECT count(*) FROM quotes WHERE trade_date = '2024-10-31'")" 0 "rows of a file that found no room"
    accepted full.txt
    ask "postgresql://postgres@127.0.0.1:$port/tickers" <<<"DELETE FROM imports WHERE file = 'full.txt'; DELETE FROM quotes WHERE trade_date = '2024-10-31'"
}
quotes_file full.txt 8000 --day 2024-10-31
no_room 0 /base/ 1 'No space left on device.*the server.s disk is full'

# The folder in which trades are sorted gets full, or nothing can be made there: then they go as they come.
trades_file sorted.txt 200000 --date 2024-10-29
mkdir sorting
export TMPDIR=$work/sorting
disk 1000000 /sorting/
code=0
on_disk "$TICKER_CLI" import --quiet sorted.txt >out 2>err || code=$?
is "$code" 1 "exit status without room for sorting"
one_line_error "a temporary file in $work/sorting cannot be written: No space left on device.*make room there"
is "$(sql "SELECT count(*) FROM trades")" 0 "rows of a file that found no room to be sorted"
count=$((count + 1))
disk -2 /sorting
on_disk "$TICKER_CLI" import --json sorted.txt >out 2>err || fail "without a folder to sort in: $(cat err)"
is "$(text status)" imported
disk -1
export TMPDIR=$work/missing
trades_file sorted.txt 200000 --date 2024-10-28
accepted sorted.txt
unset TMPDIR

# --- A server that says nothing any more: an import can be ended all the same.

signal_server() {
    local parent
    parent=$(head -n 1 "$data/postmaster.pid")
    # shellcheck disable=SC2046 # process ids
    kill -"$1" "$parent" $(ps -o pid= --ppid "$parent") 2>/dev/null || true
}
quotes_file hung.txt 30000 --day 2024-10-30
for bytes in 100000 4000000; do # before the first rows are sent, and while they are
    rm slow
    mkfifo slow
    "$TICKER_CLI" import --quiet slow >out 2>err &
    program=$!
    exec {feeding}>slow
    head -c $bytes hung.txt >&"$feeding"
    for _ in {1..200}; do [ "$(ask <<<"SELECT count(*) FROM pg_stat_activity WHERE usename = 'ours'")" -eq 0 ] || break; sleep 0.05; done
    signal_server STOP
    tail -c +$((bytes + 1)) hung.txt >&"$feeding" &
    feeder=$!
    exec {feeding}>&-
    sleep 0.5
    begin=$SECONDS code=0
    kill -INT "$program"
    wait "$program" || code=$?
    signal_server CONT
    wait "$feeder" 2>/dev/null || true
    is "$code" 130 "exit status of an import that was interrupted while the server said nothing"
    [ $((SECONDS - begin)) -lt 30 ] || fail "an import was interrupted only after $((SECONDS - begin)) seconds"
done
accepted hung.txt

# --- A schema that is newer than the program.

ask "postgresql://postgres@127.0.0.1:$port/tickers" <<<"INSERT INTO ticker_schema (version) VALUES (99)"
refused 2 'the schema of .* has version 99; this library knows [0-9]+; use the newer version'
ask "postgresql://postgres@127.0.0.1:$port/tickers" <<<"DELETE FROM ticker_schema WHERE version = 99"
expect 0 import --json quotes.txt
is "$(text status)" duplicate

# Not one of them left a row in the ledger, nor a table.
is "$(sql "SELECT count(*) FROM imports WHERE status <> 'imported'")" 0 "rows of imports that were refused"
is "$(tables)" "$clean_tables" "tables"
echo "refusals: $count of PostgreSQL"
