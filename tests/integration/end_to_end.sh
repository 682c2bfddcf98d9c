# shellcheck shell=bash
# From an upload to exact answers; sourced after common.sh and with_worker.sh by worker_end_to_end*.sh. `base` is the server's URL.
: "${TICKER_SERVER:?names the server under test}" "${STORAGE_URL=}" "${work:?is set by common.sh}" "${here:?is set by common.sh}"

base=
front=

# ARGUMENT...: a server at a FastCGI socket.
start_fastcgi() {
    "$TICKER_SERVER" --fastcgi "unix:$work/fastcgi.sock" --access-log "$work/access.log" "$@" >"$work/front.out" 2>"$work/front.err" </dev/null &
    front=$!
    for _ in $(seq 400); do
        [ ! -S "$work/fastcgi.sock" ] || return 0
        kill -0 "$front" 2>/dev/null || break
        sleep 0.05
    done
    fail "the server does not start: $(cat "$work/front.err")"
}

# ARGUMENT...: a server at a port.
start_http() {
    base=http://127.0.0.1:$(worker_port)
    "$TICKER_SERVER" --listen "${base#http://}" --access-log "$work/access.log" "$@" >"$work/front.out" 2>"$work/front.err" </dev/null &
    front=$!
    for _ in $(seq 400); do
        ! curl -fsS -o "$work/live" --max-time 5 "$base/health/live" 2>/dev/null || return 0
        kill -0 "$front" 2>/dev/null || break
        sleep 0.05
    done
    fail "the server does not start: $(cat "$work/front.err")"
}

stop_front() {
    local code=0
    kill "$front"
    wait "$front" || code=$?
    is "$code" 0 "the server's exit"
}

# STATUS ARGUMENT...: a request; the answer's body is in out, its head in head.
ask() {
    local wanted=$1 status
    shift
    status=$(curl -sS --max-time 120 -o "$work/out" -D "$work/head" -w '%{http_code}' "$@" 2>"$work/err") || true
    [ "$status" = "$wanted" ] || fail "curl $*: $status, not $wanted"
}

# ID: follows the row until it is imported; each state on the way must be one of those that there are.
follow() {
    local end=$(($(date +%s) + 120)) status
    while :; do
        ask 200 "$base/api/imports/$1"
        status=$(text status)
        case $status in
        imported) return 0 ;;
        queued | running) ;;
        *) fail "import $1 is $status" ;;
        esac
        [ "$(date +%s)" -lt "$end" ] || fail "import $1 stays $status"
        sleep 0.1
    done
}

# FILE TICKER: rows, units and money of one ticker, read from a COTAHIST file by its columns: nothing of ours is asked.
wanted_totals() {
    LC_ALL=C awk -v ticker="$2" 'BEGIN { CONVFMT = OFMT = "%.0f" }
        substr($0, 1, 2) == "01" { name = substr($0, 13, 12); sub(/ +$/, "", name) }
        substr($0, 1, 2) == "01" && name == ticker { rows++; units += substr($0, 153, 18); money += substr($0, 171, 18) }
        END { print rows + 0, units + 0, money + 0 }' "$1"
}

# TICKER: the same of what the server answers, by Python's exact decimals.
answered_totals() {
    ask 200 "$base/api/quotes/$1?limit=all"
    python3 - "$work/out" <<'END'
import decimal, json, sys
rows = json.load(open(sys.argv[1], encoding="utf-8"), parse_float=decimal.Decimal)
print(len(rows), sum(row["volume"] for row in rows), int(sum(decimal.Decimal(row["turnover"]) for row in rows) * 100))
END
}

# FILE NAME: an upload as a form, which the server answers with 201 and the place of its row. S3 tells of a file before the server does:
# the worker may be done by then.
upload_form() {
    ask 201 -F "file=@$1;filename=$2" "$base/api/quotes/upload"
    text status | grep -qxE 'queued|running|imported|failed' || fail "status $(text status)"
    id=$(value id)
    tr -d '\r' <"$work/head" | grep -qi "^location: /api/imports/$id\$" || fail "no Location of $id: $(cat "$work/head")"
}

# Everything the server has to say is what the files say.
whole_way() {
    local real=$TICKER_TEST_DATA/cotahist/derived/COTAHIST_D25062021.ZIP plain ticker name
    if [ -n "$TICKER_TEST_DATA" ] && [ -f "$real" ]; then
        plain=$TICKER_TEST_DATA/cotahist/COTAHIST_D25062021.TXT
        expected=$TICKER_TEST_DATA/expected/cotahist__COTAHIST_D25062021.TXT.json
        ticker=PETR4
    else
        quotes_file "$work/COTAHIST_D25062021.TXT" 4000 --day 2021-06-25
        (cd "$work" && rm -f COTAHIST_D25062021.ZIP && zip -q COTAHIST_D25062021.ZIP COTAHIST_D25062021.TXT)
        real=$work/COTAHIST_D25062021.ZIP
        plain=$work/COTAHIST_D25062021.TXT
        expected=
        ticker=$(sed -n 2p "$plain" | cut -c 13-24 | tr -d ' ')
    fi
    ask 404 "$base/api/quotes/$ticker"
    upload_form "$real" COTAHIST_D25062021.ZIP
    follow "$id"
    is "$(value imported)" "$(grep -c ^01 "$plain")" "rows"
    is "$(value rejected)" 0 "rejected rows"
    # The answer 404 from before is in no cache.
    is "$(answered_totals "$ticker")" "$(wanted_totals "$plain" "$ticker")" "rows, units and cents of $ticker"
    if [ -n "$expected" ]; then
        ask 200 -H 'Accept: text/csv' "$base/api/quotes?limit=all"
        check quotes "$expected" "$work/out" || fail "the quotes are not those of $expected"
    fi

    # A second year of the same ticker: what was cached of it is not served again.
    quotes_file "$work/year.txt" 3000 --year 2019 --seed 7
    name=$(sed -n 2p "$work/year.txt" | cut -c 13-24 | tr -d ' ')
    answered_totals "$name" >"$work/before" 2>/dev/null || true
    ask 201 -T "$work/year.txt" "$base/api/quotes/upload/COTAHIST_A2019.TXT"
    id=$(value id)
    follow "$id"
    ask 200 "$base/api/quotes?from=2019-01-01&to=2019-12-31&limit=all&format=csv"
    is "$(($(wc -l <"$work/out") - 1))" 3000 "rows of 2019"

    # The same bytes once more are no second import, and what is no file of B3 says why.
    ask 200 -F "file=@$real;filename=again.zip" "$base/api/quotes/upload"
    echo "no file of B3" >"$work/foreign.txt"
    head -c 30000 "$work/year.txt" >"$work/cut.txt"
    upload_form "$work/cut.txt" cut.txt
    eventually 60 failed "$id"
    [ "$(text error | wc -c)" -gt 10 ] || fail "a failure without a reason: $(cat "$work/out")"
}

# ID: whether its row says so.
failed() {
    ask 200 "$base/api/imports/$1"
    [ "$(text status)" = failed ]
}

# Past the server, straight into S3: the request that it signs is enough.
straight_to_storage() {
    local size method
    quotes_file "$work/straight.txt" 5000 --year 2018 --seed 9
    size=$(stat -c %s "$work/straight.txt")
    ask 201 -H 'Content-Type: application/json' -d "{\"name\":\"COTAHIST_A2018.TXT\",\"bytes\":$size}" "$base/api/quotes/upload-url"
    method=$(text method)
    location=$STORAGE_URL/$(text key)
    is "$method" PUT
    curl -fsS --max-time 120 -X PUT -H 'Content-Type:' --data-binary "@$work/straight.txt" "$(text url)" -o "$work/put" || fail "the signed request: $(cat "$work/put")"
    eventually 120 is_imported_at
    is "$(value imported)" 5000 "rows"
    ask 200 "$base/api/quotes?from=2018-01-01&to=2018-12-31&limit=all&format=csv"
    is "$(($(wc -l <"$work/out") - 1))" 5000 "rows of 2018"
}

# Whether the ledger has what was put at $location; then its row is in out.
is_imported_at() {
    local found
    ask 200 "$base/api/imports?limit=100"
    found=$(jq -r --arg at "$location" '.[] | select(.location == $at and .status == "imported") | .id' "$work/out" | head -n 1)
    [ -n "$found" ] || return 1
    ask 200 "$base/api/imports/$found"
}

# Nothing waits, nothing is at work, and one dead letter: the file that was cut.
quiet() {
    cli queue list --database-url "${database:-$DATABASE_URL}" >"$work/dead" 2>"$work/counts" || fail "$(cat "$work/counts")"
    grep -qE '\b0 waiting, 0 being worked on, 1 dead' "$work/counts"
}
all_is_quiet() {
    eventually 90 quiet
    ask 200 "$base/api/imports?limit=100"
    is "$(jq '[.[] | select(.status == "queued" or .status == "running")] | length' "$work/out")" 0 "rows that are not at their end"
}
