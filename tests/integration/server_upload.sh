#!/usr/bin/env bash
# Uploads through the built-in listener into a folder, on each database, until they are imported; everything that is refused; and what is
# left of an upload whose client or server goes away in the middle: nothing.
# shellcheck source-path=SCRIPTDIR source=common.sh
wants_postgres=yes
. "$(dirname "$0")/common.sh"
: "${TICKER_SERVER:?names the server under test}"

socket=$work/http
base=http://ticker
server=

# [NAME=VALUE...]: starts a server on the socket and waits until it answers.
start() {
    env TICKER_LISTEN="unix:$socket" TICKER_ACCESS_LOG="$work/access.log" "$@" "$TICKER_SERVER" 2>"$work/server.err" &
    server=$!
    for _ in $(seq 200); do
        ! curl -s -o "$work/ready" --unix-socket "$socket" $base/health/live || return 0
        kill -0 "$server" 2>/dev/null || fail "the server ended: $(cat "$work/server.err")"
        sleep 0.05
    done
    fail "the server does not answer: $(cat "$work/server.err")"
}

stop() {
    local code=0
    kill -TERM "$server"
    wait "$server" || code=$?
    is "$code" 0 "the server's exit"
}

# STATUS ARGUMENT...: a request by curl; the answer's body is in out, its head in head.
request() {
    local wanted=$1 status
    shift
    status=$(curl -sS -o "$work/out" -D "$work/head" -w '%{http_code}' --unix-socket "$socket" "$@" 2>"$work/err") || true
    [ "$status" = "$wanted" ] || fail "curl $*: $status, not $wanted"
}

has_header() {
    tr -d '\r' <"$work/head" | grep -qiE -- "$1" || fail "no header matches \"$1\": $(cat "$work/head")"
}

# ID STATUS: until the ledger says so of an import.
wait_for() {
    for _ in $(seq 400); do
        request 200 "$base/api/imports/$1"
        [ "$(text status)" != "$2" ] || return 0
        sleep 0.05
    done
    fail "import $1 is $(text status), not $2"
}

uploads() {
    find "$uploads" -type f 2>/dev/null | wc -l
}

# Nothing but so many files, ledger rows and messages.
holds() {
    for _ in $(seq 100); do
        [ "$(uploads)" -ne "$1" ] || break
        sleep 0.05
    done
    is "$(uploads)" "$1" "stored files"
    is "$(sql "SELECT count(*) FROM imports")" "$1" "ledger rows"
    is "$(sql "SELECT count(*) FROM queue_messages")" "${2:-0}" "messages"
}

quotes_file COTAHIST_A2024.TXT 3000
trades_file 29-04-2025_NEGOCIOSAVISTA.txt 500
zip -q trades.zip 29-04-2025_NEGOCIOSAVISTA.txt
echo "PETR4;10" >rubbish.txt
zip -q rubbish.zip rubbish.txt
printf '\x89PNG' >picture.png
sum=$(sha256sum <COTAHIST_A2024.TXT | cut -d ' ' -f 1)

# Uploaded, imported, there.
taken() {
    request 201 -F "file=@COTAHIST_A2024.TXT" $base/api/quotes/upload
    is "$(text status)" queued
    id=$(value id)
    has_header "^location: /api/imports/$id$"
    is "$(check get "$work/out" file.sha256)" "\"$sum\"" "sha256"
    is "$(check get "$work/out" file.format)" '"cotahist"' "format"
    is "$(check get "$work/out" file.name)" '"COTAHIST_A2024.TXT"' "name"
    is "$(check get "$work/out" file.bytes)" "$(stat -c %s COTAHIST_A2024.TXT)" "bytes"
    wait_for "$id" imported
    is "$(value imported)" 3000 "rows"
    is "$(sql "SELECT count(*) FROM quotes")" 3000 "quotes"
    request 200 -F "file=@COTAHIST_A2024.TXT;filename=another name.txt" $base/api/quotes/upload
    is "$(value id)" "$id" "the import that is there"
    is "$(text status)" imported
    has_header "^location: /api/imports/$id$"
    request 201 -T trades.zip $base/api/quotes/upload/
    is "$(check get "$work/out" file.name)" '"trades.zip"' "name"
    is "$(check get "$work/out" file.format)" '"trades"' "format"
    wait_for "$(value id)" imported
    request 201 -F "file=@-;filename=../../up.txt" $base/api/quotes/upload \
        < <(head -n 1 COTAHIST_A2024.TXT; echo rubbish)
    is "$(check get "$work/out" file.name)" '"up.txt"' "name"
    wait_for "$(value id)" failed
    holds 3
}

refused() {
    request 415 -H 'Content-Type: application/json' -d '{}' $base/api/quotes/upload
    request 415 -F "file=@picture.png" $base/api/quotes/upload
    request 415 --data-binary @COTAHIST_A2024.TXT $base/api/quotes/upload
    has_header '^content-type: application/problem\+json$'
    request 422 -F "file=@rubbish.txt" $base/api/quotes/upload
    request 422 -T rubbish.txt $base/api/quotes/upload
    request 422 -F "file=@rubbish.zip" $base/api/quotes/upload
    request 422 -F "file=@/dev/null;filename=empty.txt" $base/api/quotes/upload
    request 400 -F "other=@COTAHIST_A2024.TXT" $base/api/quotes/upload
    request 400 -H 'Content-Type: multipart/form-data; boundary=b' -d '--b' $base/api/quotes/upload
    request 413 -H 'Content-Length: 3000000000000' -H 'Content-Type: text/plain' -X POST $base/api/quotes/upload
    request 501 -H 'Content-Type: application/json' -d '{"name":"a.zip","bytes":10}' $base/api/quotes/upload-url
    request 405 -X DELETE $base/api/quotes/upload
    holds 3
}

# An upload of which only a part comes, through a pipe; its curl is in $client.
begin_upload() {
    rm -f pipe
    mkfifo pipe
    curl -sS -o /dev/null --unix-socket "$socket" -T - -H 'Expect:' $base/api/quotes/upload <pipe 2>/dev/null &
    client=$!
    exec 3>pipe
    { head -n 1 COTAHIST_A2024.TXT; head -c 3000000 /dev/zero | tr '\0' ' '; } >&3
    for _ in $(seq 200); do
        [ "$(uploads)" -eq "$1" ] || return 0
        sleep 0.05
    done
    fail "nothing of the upload is there"
}

for backend in $(backends); do
    fresh "$backend"
    uploads=$work/uploads-$backend
    export STORAGE_URL=file://$uploads

    start
    taken
    refused

    # The client goes.
    begin_upload 3
    kill -9 "$client"
    exec 3>&-
    wait "$client" 2>/dev/null || true
    holds 3

    # The server goes: what is there of the file nobody sees, and the storage clears it away (here at once, as if a day had passed).
    begin_upload 3
    kill -9 "$server"
    wait "$server" 2>/dev/null || true
    exec 3>&-
    wait "$client" 2>/dev/null || true
    is "$(find "$uploads" -type f -not -path '*/.incoming/*' | wc -l)" 3 "files that can be seen"
    find "$uploads/.incoming" -exec touch -d '2 days ago' {} +
    rm -f "$socket"
    start TICKER_MAX_UPLOAD=100KiB TICKER_IMPORTER=no
    holds 3

    # With limits, and without an importer: the message waits for a worker.
    request 413 -F "file=@COTAHIST_A2024.TXT" $base/api/quotes/upload
    request 413 -T COTAHIST_A2024.TXT $base/api/quotes/upload
    request 413 -H 'Transfer-Encoding: chunked' -T - $base/api/quotes/upload <COTAHIST_A2024.TXT
    holds 3
    head -n 100 29-04-2025_NEGOCIOSAVISTA.txt >few.txt
    request 201 -F "file=@few.txt" $base/api/quotes/upload
    id=$(value id)
    request 200 -F "file=@few.txt" $base/api/quotes/upload
    is "$(value id)" "$id" "the upload that waits"
    is "$(text status)" queued
    holds 4 1
    stop
    start
    wait_for "$id" imported
    holds 4

    # The storage goes, and comes back.
    mv "$uploads" "$uploads-away"
    echo file >"$uploads"
    tail -n +2 few.txt | head -n 20 | cat <(head -n 1 few.txt) - >fewer.txt
    request 503 -F "file=@fewer.txt" $base/api/quotes/upload
    has_header '^retry-after: [1-9]'
    rm "$uploads"
    mv "$uploads-away" "$uploads"
    request 201 -F "file=@fewer.txt" $base/api/quotes/upload
    wait_for "$(value id)" imported
    stop
done
echo "server_upload"
