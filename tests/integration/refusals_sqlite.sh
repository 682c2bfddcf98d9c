#!/usr/bin/env bash
# What a SQLite database can say no with: for each a line that says what and what to do, the right exit status, no trace in the tables; and
# when the reason is gone the same import works.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=disk_tools.sh
. "$here/disk_tools.sh"
make_disk

quotes_file before.txt 2000 --day 2024-11-07
quotes_file quotes.txt 4000 --day 2024-11-08
trades_file trades.txt 4000
count=0

# EXIT PATTERN [FILE]: an import is refused so, and its error says what to do.
refused() {
    local code=0
    count=$((count + 1))
    on_disk "$TICKER_CLI" import --quiet "${3:-quotes.txt}" >out 2>err || code=$?
    is "$code" "$1" "import of ${3:-quotes.txt}: $(cat err): exit status"
    one_line_error "$2"
    grep -q '; [a-z]' err || fail "nothing says what to do: $(cat err)"
}
accepted() {
    expect 0 import --json "${1:-quotes.txt}"
    is "$(text status)" imported "the import that was refused before is"
}
database() {
    fresh sqlite
    file=${DATABASE_URL#sqlite:}
    [ $# -eq 0 ] || expect 0 import --quiet "$@"
}
# What nobody may have left behind: a journal that is not empty, and what was sorted.
tidy() {
    local name
    for name in "$file"-*; do
        [ ! -s "$name" ] || case $name in *-wal | *-shm) ;; *) fail "$name was left" ;; esac
    done
    is "$(sqlite3 -batch "$file" 'PRAGMA integrity_check')" ok "the file is"
    is "$(find "$work" -mindepth 1 -name '.ticker-*' | wc -l)" 0 "temporary files"
}

# --- Files that are none, or not to be reached.

database
head -c 100000 quotes.txt >"$file"
refused 2 'is not a SQLite database.*; name another file in DATABASE_URL'
is "$(head -c 100000 quotes.txt | sha256sum)" "$(sha256sum - <"$file")" "a file that is no database is"
rm "$file"
accepted
mkdir folder
DATABASE_URL=sqlite:$work/folder refused 3 'the database file cannot be opened.*; check that its folder'
DATABASE_URL=sqlite:$work/quotes.txt/ticker.db refused 3 'quotes.txt.*; (check that its folder|name a file)'
database before.txt
python3 - "$file" <<'END_OF_PROGRAM'
import sys
with open(sys.argv[1], "r+b") as file:
    data = file.read()
    for page in range(1, len(data) // 8192):  # what stands in the first one is how long it is
        file.seek(8192 * page)
        file.write(bytes([0x77]) * 64)
END_OF_PROGRAM
refused 2 'the database file is damaged.*; restore it from a backup'
database before.txt
sqlite3 -batch "$file" "PRAGMA user_version = 99"
refused 2 'schema has version 99, this program knows versions up to [0-9]+; use the program that made it, or a newer one'

# --- Only to be read.

database before.txt
disk -2 "$file"
refused 3 'the database file cannot be opened.*; check that .* this user may write' # its write-ahead log cannot be made
disk -1
sqlite3 -batch "$file" "PRAGMA journal_mode = DELETE" >/dev/null
disk -2 "$file"
refused 3 'the database can only be read.*; check that this user may write'
is "$(sql 'SELECT count(*) FROM quotes')" 2000 "rows of a database that can only be read"
disk -1
accepted
database
disk -2 "$file"
refused 3 'the database file cannot be opened.*; check that its folder'
disk -1
accepted

# --- No room, in an empty database and in one that has rows, for quotes and for trades: from the first byte on, and in the middle.

for before in "" before.txt; do
    for what in quotes.txt trades.txt; do
        database $before
        expect 0 db migrate
        expect 0 import --quiet $what
        wanted=$(dump | sha256sum)
        size=$(stat -c %s "$file")
        for limit in 0 $((size / 3)); do
            database $before
            expect 0 db migrate
            clean=$(dump | sha256sum)
            disk $limit "$work"/
            refused 1 'no room left for the database.*; make room|cannot be (read or )?written.*; check the disk' $what
            disk -1
            is "$(dump | sha256sum)" "$clean" "$what without room after $limit bytes: the tables are"
            is "$(sql "SELECT count(*) FROM imports WHERE status <> 'imported'")" 0 "rows of the ledger"
            tidy
            accepted $what
            is "$(dump | sha256sum)" "$wanted" "$what imported when there was room: the tables are"
        done
    done
done
# A limit of the process is no full disk, but ends in the same way.
database before.txt
clean=$(dump | sha256sum)
code=0
(trap '' XFSZ; ulimit -f $(($(stat -c %s "$file") / 1024 + 64)); exec "$TICKER_CLI" import --quiet quotes.txt) >out 2>err || code=$?
is "$code" 1 "with a limit of the size of files: $(cat err): exit status"
one_line_error 'cannot be read or written.*; check the disk'
is "$(dump | sha256sum)" "$clean" "with a limit of the size of files the tables are"
accepted

# --- Busy with somebody else.

database before.txt
mkfifo begun
python3 - "$file" >begun <<'END_OF_PROGRAM' &
import sqlite3, sys, time
db = sqlite3.connect(sys.argv[1], isolation_level=None)
db.execute("BEGIN EXCLUSIVE")
print("begun", flush=True)
time.sleep(1)
db.execute("ROLLBACK")
END_OF_PROGRAM
read -r _ <begun
accepted # waits for its turn
tidy
echo "refusals: $count of SQLite"
