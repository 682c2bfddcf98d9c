#!/usr/bin/env bash
# Where files may come from: plain, gzip, zip, zip in zip, standard input, pipes, directories.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

quotes_file COTAHIST_D08112024.TXT 300 --day 2024-11-08
quotes_file COTAHIST_D11112024.TXT 200 --day 2024-11-11
trades_file 08-11-2024_NEGOCIOSAVISTA.txt 100
fresh sqlite
cli import --quiet COTAHIST_D08112024.TXT
plain=$(cli quotes --all --format csv | sha256sum)

# ARGUMENTS: they import the same rows as the plain file.
same_rows() {
    fresh sqlite
    expect 0 import --json "$@"
    is "$(value status)" '"imported"'
    is "$(cli quotes --all --format csv | sha256sum)" "$plain" "rows from $*"
}
gzip -k COTAHIST_D08112024.TXT
python3 - <<'END'
import zipfile
name = "COTAHIST_D08112024.TXT"
def pack(path, *entries, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for entry, source in entries:
            if source is None:
                archive.writestr(entry, b"")
            elif isinstance(source, bytes):
                archive.writestr(entry, source)
            else:
                archive.write(source, entry)
pack("one.zip", ("ANY.NAME", name))
pack("stored.zip", (name, name), method=zipfile.ZIP_STORED)
pack("mac.zip", ("folder/", None), (name, name), ("__MACOSX/", None), ("__MACOSX/._" + name, b"\0\5\26\7junk"))
pack("inner.zip", (name, name))
pack("nested.zip", ("inner.zip", "inner.zip"))
pack("nested3.zip", ("nested.zip", "nested.zip"))
pack("nested4.zip", ("nested3.zip", "nested3.zip"))
pack("several.zip", (name, name), ("COTAHIST_D11112024.TXT", "COTAHIST_D11112024.TXT"),
     ("trades.txt", "08-11-2024_NEGOCIOSAVISTA.txt"))
pack("half.zip", (name, name), ("readme.txt", b"hello\n"))
pack("nothing.zip", ("__MACOSX/._x", b"junk"), ("folder/", None))
END
same_rows COTAHIST_D08112024.TXT
same_rows COTAHIST_D08112024.TXT.gz
for archive in one stored mac nested nested3; do
    same_rows $archive.zip
done
same_rows - <COTAHIST_D08112024.TXT
same_rows - <one.zip
same_rows - <nested.zip
same_rows - < <(cat COTAHIST_D08112024.TXT)
same_rows - < <(cat one.zip)
same_rows - < <(gzip -c COTAHIST_D08112024.TXT)
same_rows <(cat COTAHIST_D08112024.TXT)
mkfifo pipe
cat mac.zip >pipe &
same_rows pipe
# A byte at a time, slowly.
same_rows - < <(head -c 3000 COTAHIST_D08112024.TXT; sleep 0.2; tail -c +3001 COTAHIST_D08112024.TXT)

# Standard input has its name and its hash; the same bytes from a file are a duplicate.
fresh sqlite
expect 0 import --json - < <(cat one.zip)
is "$(value file)" '"-"'
is "$(value sha256)" "\"$(sha256sum one.zip | cut -d' ' -f1)\""
expect 0 import --json one.zip
is "$(value status)" '"duplicate"'
expect 0 import --json - <one.zip
is "$(value status)" '"duplicate"'

# Several members are several imports.
fresh sqlite
expect 0 import --json several.zip
is "$(wc -l <out)" 3 "objects"
is "$(sql "SELECT count(*) FROM imports WHERE status = 'imported'")" 3
is "$(sql "SELECT count(*) FROM quotes WHERE source = 'cotahist'")" 500
is "$(sql 'SELECT count(*) FROM trades')" "$(grep -c '"format":"trades"' out | sed "s/1/$(($(wc -l <08-11-2024_NEGOCIOSAVISTA.txt) - 1))/")"
expect 0 import --json several.zip
is "$(grep -c '"status":"duplicate"' out)" 3
expect 0 inspect --json several.zip
is "$(wc -l <out)" 3 "objects of inspect"
# A member that is no B3 file is refused, the other one is in.
fresh sqlite
expect 1 import --json half.zip
is "$(sql "SELECT count(*) FROM quotes")" 300
is "$(grep -c '"status":"failed"' out)" 1
expect 1 import nothing.zip
one_line_error "nothing.zip"
expect 1 import nested4.zip
one_line_error "nested4.zip"

# Directories: regular files, sorted, not hidden ones, not entered.
mkdir -p folder/inside
cp COTAHIST_D11112024.TXT folder/2.txt
cp one.zip folder/1.zip
cp 08-11-2024_NEGOCIOSAVISTA.txt folder/3.txt
echo junk >folder/.hidden
echo junk >folder/inside/junk
ln -s nowhere folder/broken
mkdir empty
fresh sqlite
expect 0 import --json folder/
is "$(python3 -c 'import json; print([json.loads(l)["file"] for l in open("out")])')" "['folder/1.zip', 'folder/2.txt', 'folder/3.txt']"
expect 0 import folder
expect_error "0 imported, 3 duplicate, 0 failed"
expect 1 import empty
one_line_error "empty: there is no file"
expect 1 import --json empty COTAHIST_D08112024.TXT
is "$(value status)" '"imported"'

# Several at once: the same result as one after the other.
mkdir many
for day in 04 05 06 07 08 11 12 13; do
    quotes_file many/$day.txt 400 --day 2024-11-$day
done
fresh sqlite
cli import --quiet many
dump >one_by_one
fresh sqlite
expect 0 import --json --jobs 4 many
is "$(grep -c '"status":"imported"' out)" 8
dump >at_once
cmp one_by_one at_once || fail "four jobs give other rows than one"
echo "inputs"
