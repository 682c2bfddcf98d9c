#!/usr/bin/env bash
# The page at /, in headless Chromium: a real upload, its import, the ledger, a search; in English and in Portuguese. The screenshots
# stay when TICKER_TEST_SCREENSHOTS names a folder for them.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=with_server.sh
. "$here/with_server.sh"

for program in chromium chromedriver; do
    command -v $program >/dev/null || { echo "SKIPPED: $program is missing (scripts/install-packages test)"; exit 77; }
done

"$TICKER_GENERATE" cotahist 3000 COTAHIST_A2024.TXT --year 2024
printf 'this;is;no\nfile;of;B3\n' >notes.txt
export DATABASE_URL=sqlite:$work/page.db
start_server --verbose
python3 "$here/page.py" "$server_url" "$work" "$work/COTAHIST_A2024.TXT" "$work/notes.txt" "$work/page.db" || fail "$(tail -n 20 server.log)"
for image in page-en.png page-pt.png; do
    [ -s $image ] || fail "no screenshot $image"
done
[ -z "${TICKER_TEST_SCREENSHOTS:-}" ] || cp page-en.png page-pt.png "$TICKER_TEST_SCREENSHOTS/"
stop_server
