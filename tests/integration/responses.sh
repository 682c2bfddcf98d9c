#!/usr/bin/env bash
# Every kind of answer of a running server is as docs/openapi.yaml says it.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
# shellcheck source=with_server.sh
. "$here/with_server.sh"

python=/usr/bin/python3
[ -x "$python" ] || python=python3
"$python" -c 'import jsonschema, yaml' 2>/dev/null || { echo "SKIPPED: jsonschema or yaml is missing (scripts/install-packages test)"; exit 77; }
openapi=$here/../../docs/openapi.yaml
compare() {
    "$python" "$here/responses.py" "$@" || fail "$(tail -n 5 "$work/server.log")"
}

"$TICKER_GENERATE" cotahist 3000 COTAHIST_A2024.TXT --year 2024
"$TICKER_GENERATE" trades 3000 2024-11-08_NEGOCIOSAVISTA.txt --date 2024-11-08
"$TICKER_GENERATE" cotahist 500 DIRTY.TXT --year 2023 --dirty 0.02
start_server --max-upload 4MiB
compare "$openapi" "$server_url" COTAHIST_A2024.TXT 2024-11-08_NEGOCIOSAVISTA.txt DIRTY.TXT
if command -v promtool >/dev/null; then
    said=$(promtool check metrics 2>&1 <"$work/metrics") || fail "promtool: $said"
    [ -z "$said" ] || fail "promtool: $said"
fi
stop_server

start_server --database-url "postgresql://nobody@127.0.0.1:1/nothing?connect_timeout=1"
compare --without "$openapi" "$server_url"
stop_server

token=$(cli token new --tokens tokens --name reader --scopes read 2>err) || fail "token new"
start_server --tokens tokens --private
compare --token "$openapi" "$server_url" "$token"
stop_server
! grep -q "$token" access.log server.log || fail "the token is in a log"
