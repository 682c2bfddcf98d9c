#!/usr/bin/env bash
# import and inspect: the JSON objects, the lines for people, the exit codes.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

import_keys=(file format sha256 bytes records imported rejected first_date last_date status import_id seconds error)
inspect_keys=(file format member bytes records rejected first_date last_date tickers markets trades volume turnover
    declared_records complete errors)
shape() {
    check json out "$@" || fail "the shape of the JSON object"
}
values() {
    local key wanted
    while [ $# -gt 0 ]; do
        key=$1 wanted=$2
        shift 2
        is "$(value "$key")" "$wanted" "$key is"
    done
}

quotes_file good.txt 100 --day 2024-11-08
sha=$(sha256sum good.txt | cut -d' ' -f1)
fresh sqlite

expect 0 import --json --dry-run good.txt
shape "${import_keys[@]}"
values file '"good.txt"' format '"cotahist"' sha256 "\"$sha\"" bytes "$(wc -c <good.txt)" records 100 imported 0 rejected 0 \
    first_date '"2024-11-08"' last_date '"2024-11-08"' status '"checked"' import_id null error null
[ ! -e "${DATABASE_URL#sqlite:}" ] || fail "--dry-run made a database"
expect 0 import --json good.txt
shape "${import_keys[@]}"
values records 100 imported 100 rejected 0 status '"imported"' import_id 1 error null
grep -qE '"seconds":[0-9]+\.[0-9]{6}[,}]' out || fail "seconds"
stage='[0-9]+\.[0-9]{6}'
grep -qE "\"stages\":\{\"reading\":$stage,\"parsing\":$stage,\"loading\":$stage,\"settling\":$stage,\"committing\":$stage,\"telling\":0\.000000\}" out ||
    fail "stages"
[ ! -s err ] || fail "words on standard error"
expect 0 import --json good.txt
shape "${import_keys[@]}"
values records 100 imported 0 status '"duplicate"' import_id 1 sha256 "\"$sha\"" error null
is "$(sql 'SELECT count(*) FROM quotes')" 100
expect 0 import good.txt
expect_output "^duplicate good.txt: "

# For people.
fresh sqlite
expect 0 import good.txt
expect_output "^imported good.txt: 100 records, 0 rejected, 2024-11-08 in [0-9.]+ s \([0-9,]+ records/s\)$"
fresh sqlite
expect 0 import --quiet good.txt
is "$(cat out err)" "" "with --quiet"

# Rejected rows are told, with place and reason, and do not fail the import; with reject they do.
quotes_file dirty.txt 500 --dirty 0.05
fresh sqlite
expect 0 import --json dirty.txt
shape "${import_keys[@]}"
rejected=$(value rejected)
[ "$rejected" -gt 3 ] || fail "too few dirty rows to test with"
is "$(($(value imported) + rejected))" 500 "imported and rejected"
is "$(value records)" 500
one_line_error "warning: dirty.txt: $rejected rows rejected: line [0-9]+, column [0-9]+: .*; line .*; line .* more, see 'ticker-cli imports 1'"
is "$(sql 'SELECT count(*) FROM quotes')" "$(value imported)"
expect 0 import --json dirty.txt
[ ! -s err ] || fail "a duplicate is warned of"
fresh sqlite
expect 1 import --json --on-error reject dirty.txt
shape "${import_keys[@]}"
values status '"failed"' imported 0
one_line_error "^ticker-cli: dirty.txt:[0-9]+:[0-9]+: "
is "$(sql 'SELECT count(*) FROM quotes')" 0
is "$(sql 'SELECT status FROM imports')" failed

# One wrong file does not stop the others; the exit code tells of it.
echo "<html>no such day</html>" >page.txt
fresh sqlite
expect 1 import --json page.txt good.txt missing.txt
shape "${import_keys[@]}"
is "$(wc -l <out)" 3 "objects"
is "$(grep -c '"status":"imported"' out)" 1
is "$(grep -c '"status":"failed"' out)" 2
is "$(wc -l <err)" 2 "error lines"
expect_error "^ticker-cli: missing.txt: cannot open: No such file"
grep '"file":"missing.txt"' out | grep -q '"format":null,"sha256":null,"bytes":null,.*"import_id":null' || fail "an unknown file's nulls"
fresh sqlite
expect 1 import page.txt good.txt
expect_output "^imported good.txt"

# inspect.
expect 0 inspect --json good.txt
shape "${inspect_keys[@]}"
values format '"cotahist"' member null records 100 rejected 0 complete true errors '[]' declared_records 102 error null
grep -qE '"turnover":"[0-9]+\.[0-9]{2}"' out || fail "turnover is no decimal string with two digits"
expect 0 inspect good.txt
expect_output "^  records +100$"
expect 1 inspect --json page.txt
shape "${inspect_keys[@]}"
values format null complete false records 0
[ "$(value error)" != null ] || fail "no reason why page.txt is refused"
[ "$(value errors)" != '[]' ] || fail "no reason among the errors why page.txt is refused"
expect 1 inspect --json missing.txt
shape "${inspect_keys[@]}"
head -c $((247 * 50)) good.txt >cut.txt
expect 1 inspect --json cut.txt
values complete false records 49
[ "$(value error)" != null ] || fail "no error for a file that is cut off"
expect 1 import --json cut.txt
fresh sqlite
expect 0 import --json --force cut.txt
values imported 49 status '"imported"'

# Nobody to connect to, and nowhere to write to.
DATABASE_URL=postgres://nobody@127.0.0.1:1/none expect 3 import --json good.txt
one_line_error "127.0.0.1"
DATABASE_URL=postgres://nobody@127.0.0.1:1/none expect 3 import good.txt dirty.txt
expect_error "1 more file was not tried"
if [ -e /dev/full ]; then
    code=0
    cli inspect --json good.txt >/dev/full 2>err || code=$?
    is "$code" 1 "exit code with a full disk"
    expect_error "standard output: No space left"
    code=0
    cli help >/dev/full 2>err || code=$?
    is "$code" 1 "exit code of help with a full disk"
fi
code=0
cli help >&- 2>err || code=$?
is "$code" 1 "exit code without standard output"

# Names that no JSON and no terminal would take as they are.
bad=$(printf 'a\xff\x1b[31mb.txt')
cp page.txt "$bad"
expect 1 import --json "$bad"
python3 -c 'import json,sys; assert json.load(open("out"))["file"] == "a\ufffd\x1b[31mb.txt"' || fail "the name in JSON"
! grep -q "$(printf '\x1b')" err || fail "a control character on standard error"
echo "reports"
