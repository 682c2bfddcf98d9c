#!/usr/bin/env bash
# A file cut off at every byte: it imports completely or is refused. Never a crash, never half a file.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

quotes_file quotes.txt 3 --day 2024-11-08
trades_file trades.txt 4
gzip -9 -k quotes.txt
python3 - <<'END'
import zipfile
with zipfile.ZipFile("quotes.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.write("quotes.txt")
END

# FILE: its cuts in the folder "pieces", named by their lengths; few means at every third byte.
cut() {
    rm -rf pieces
    mkdir pieces
    python3 - "$1" "$(many_or_few 1 3)" <<'END'
import sys
data = open(sys.argv[1], "rb").read()
for length in range(0, len(data), int(sys.argv[2])):
    with open("pieces/%06d" % length, "wb") as piece:
        piece.write(data[:length])
END
}

# TABLE: imports the pieces into a fresh database, a hundred at a time, the shortest first; one line of each in "report": LENGTH STATUS ROWS,
# LENGTH being what its name says. After each hundred the database has the rows of the last one that was taken, and no others: what
# one cut has, all longer ones have too.
import_pieces() {
    local table=$1 code last group list
    fresh sqlite
    : >report
    list=(pieces/*)
    for ((group = 0; group < ${#list[@]}; group += 100)); do
        code=0
        cli import --json "${list[@]:group:100}" >out 2>err || code=$?
        [ "$code" -le 1 ] || fail "cuts from $group on: exit $code"
        python3 - >>report <<'END'
import json
for line in open("out"):
    piece = json.loads(line)
    length = piece["file"].split("/")[1].split(":")[0].split("!")[0]
    print(int(length), piece["status"], piece["imported"])
END
        last=$(awk '$2 == "imported" { n = $3 } END { print n + 0 }' report)
        is "$(sql "SELECT count(*) FROM $table")" "$last" "the rows there are after cuts of up to $((group + 100)) bytes"
    done
    [ "$(awk '{ print $1 }' report | sort -un | wc -l)" -eq "${#list[@]}" ] || fail "not every cut was reported"
}

# FILE ROWS: each cut of it is taken as a whole or refused. (An archive cut behind a whole member: that one is in, and said so, and
# what follows it is what failed.)
every_cut() {
    local file=$1 wanted=$2 taken refused
    cut "$file"
    import_pieces quotes
    # Where the bytes that were cut off say nothing, as at an archive's end, what is left is the same again.
    awk -v wanted="$wanted" -v file="$file" '
        $2 == "imported" { seen = 1; if ($3 != wanted) print; next }
        $2 == "duplicate" { if (!seen || file ~ /txt$/) print; next }
        $2 != "failed"' report >wrong
    [ ! -s wrong ] || fail "$file: length, status and rows of wrong cuts: $(head -n 3 wrong)"
    taken=$(grep -cE 'imported|duplicate' report || true)
    refused=$(grep -c failed report || true)
    echo "$file: $taken cuts imported completely, $refused refused"
    [ "$refused" -gt $(($(wc -l <report) / 2)) ] || fail "$file: hardly any cut was refused"
}

every_cut quotes.txt 3
every_cut quotes.txt.gz 3
every_cut quotes.zip 3

# Trades have no trailer: a cut between two rows cannot be seen. What is reported is what is there, and a row cut short is
# never taken for a whole one unless it looks like one.
cut trades.txt
import_pieces trades
python3 - <<'END' || fail "cuts of trades.txt"
import re, sys
data = open("trades.txt", "rb").read()
header = data.index(b"\n") + 1
row = re.compile(rb"([^;]*;){8}[0-9]{4}-[0-9]{2}-[0-9]{2};[0-9]*;[0-9]*")
for line in open("report"):
    length, status, rows = line.split()
    length, rows = int(length), int(rows)
    whole = sum(1 for each in data[:length].split(b"\n")[1:] if row.match(each))
    if status == "imported" and (rows > whole or (length < header and rows)):
        sys.exit("cut at %d: %d rows of %d" % (length, rows, whole))
END
echo "trades.txt: $(wc -l <report) cuts"
