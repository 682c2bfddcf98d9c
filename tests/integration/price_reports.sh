#!/usr/bin/env bash
# Price reports (BVBG.086): every field is stored as it stands in the XML, however it is packed; of several reports of a day the latest one
# stands, in whatever order they come; what is no day's end is refused; and nothing outside of the file is opened.
wants_postgres=1
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
reports_file probe.xml 300
code=0
"$TICKER_CLI" inspect probe.xml >out 2>err || code=$?
if [ "$code" -ne 0 ] && grep -q "has no libxml2" err; then
    echo "SKIPPED: built without libxml2"
    exit 77
fi

pack() { python3 -c 'import sys, zipfile
with zipfile.ZipFile(sys.argv[1], "w", zipfile.ZIP_DEFLATED) as archive:
    for name in sys.argv[2:]: archive.write(name)' "$@"; }
quotes_of() { cli quotes --all --format csv --quiet >"$1" || fail "no quotes"; }

reports_file early.xml 600 --time 18:10:00 --seed 1
reports_file later.xml 630 --time 19:28:00 --seed 2
reports_file latest.xml 630 --time 19:51:04 --seed 3 --lf
pack forwards.zip early.xml later.xml latest.xml
pack backwards.zip latest.xml later.xml early.xml
pack nested.zip backwards.zip

for backend in $(backends); do
    fresh "$backend"
    distribute_when_asked
    expect 0 import --json latest.xml
    quotes_of latest.csv
    check reports latest.csv latest.xml || fail "$backend: not what the file says"
    expect 0 import --json latest.xml
    expect_output '"status":"duplicate"'
    for files in forwards.zip nested.zip "latest.xml early.xml later.xml" "early.xml latest.xml later.xml"; do
        fresh "$backend"
        distribute_when_asked
        # shellcheck disable=SC2086 # names without blanks
        expect 0 import --quiet $files
        quotes_of found.csv
        cmp -s latest.csv found.csv || fail "$backend: after $files other rows stand than those of the latest report"
        [ "$(sql "SELECT sum(superseded) FROM imports")" = 1230 ] || { sql "SELECT id, file, member, records, superseded, snapshot, status FROM imports ORDER BY id" >out; fail "$backend: $files: the ledger does not say what gave way"; }
        [ "$(sql "SELECT superseded FROM imports WHERE snapshot LIKE '2024-11-08T19:51:04%'")" = 0 ] || fail "$backend: the latest gave way"
        [ "$backend" = sqlite ] || break # each way to load once
    done
done

fresh sqlite
# Cut off anywhere, or with other reports than it says.
head -c 100000 early.xml >cut.xml
expect 1 import cut.xml
one_line_error 'cut\.xml:[0-9]+: the document ends within an element: it is truncated'
expect 0 import --force --json cut.xml
expect_output '"rejected":0'
grep -v '<TckrSymb>VALE3</TckrSymb>' early.xml | sed 's/<TtlNbOfMsg>600</<TtlNbOfMsg>601</' >other.xml
expect 1 import other.xml
expect_error 'says that it has 601 reports and has 600'
# Not well-formed: where.
sed '1000s/.*/<a><\/b>/' early.xml >broken.xml
expect 1 import --force broken.xml
one_line_error 'broken\.xml:1000: the XML cannot be read: Opening and ending tag mismatch'
[ "$(sql "SELECT count(*) FROM quotes WHERE trade_date = '2024-11-08' AND import_id IN (SELECT id FROM imports WHERE file LIKE '%broken%')")" = 0 ] ||
    fail "rows of a broken file"

# A file that another one names is not opened.
secret=$work/secret
echo secret >"$secret"
{
    echo "<?xml version=\"1.0\"?><!DOCTYPE Document SYSTEM \"$secret\" [<!ENTITY a SYSTEM \"file://$secret\">]>"
    echo "<Document xmlns=\"urn:bvmf.052.01.xsd\"><BizFileHdr>&a;</BizFileHdr></Document>"
} >entity.xml
if command -v strace >/dev/null && strace -o trace true 2>/dev/null; then
    code=0
    strace -f -qq -e trace=%file,%network -o trace "$TICKER_CLI" import --dry-run entity.xml >out 2>err || code=$?
    if grep -q secret trace; then fail "the file of an entity was looked for"; fi
    if grep -qE 'AF_INET' trace; then fail "the network was asked"; fi
    [ "$code" -eq 1 ] || fail "exit $code for a document type"
else
    expect 1 import --dry-run entity.xml
fi
expect_error 'it has a document type \(DOCTYPE\)'
expect 1 inspect --format cotahist early.xml
echo "price reports on $(backends | tr '\n' ' ')"
