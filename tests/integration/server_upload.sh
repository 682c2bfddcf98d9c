#!/usr/bin/env bash
# Uploads through the built-in listener into a folder, on each database, until they are imported; everything that is refused; and what is
# left of an upload whose client or server goes away in the middle: nothing.
# shellcheck source-path=SCRIPTDIR source=common.sh
wants_postgres=yes
. "$(dirname "$0")/common.sh"
# shellcheck source=server_tools.sh
. "$here/server_tools.sh"

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

# STATUS FILE LENGTH: as a CGI program, with the body on standard input.
as_cgi() {
    GATEWAY_INTERFACE=CGI/1.1 SERVER_PROTOCOL=HTTP/1.1 REQUEST_METHOD=PUT REQUEST_URI="/api/quotes/upload/$2" REMOTE_ADDR=127.0.0.1 \
        CONTENT_LENGTH=$3 TICKER_ACCESS_LOG=none "$TICKER_SERVER" <"$2" >out 2>err || true
    grep -q "^Status: $1" out || fail "as a CGI program: not $1"
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

    # By CGI; a body that is shorter than was said is not whole, though its end looks like one.
    head -n 200 29-04-2025_NEGOCIOSAVISTA.txt >more.txt
    as_cgi 400 more.txt $(($(stat -c %s more.txt) + 1))
    holds 4
    as_cgi 201 more.txt "$(stat -c %s more.txt)"
    id=$(tail -n 1 out | python3 -c 'import json, sys; print(json.load(sys.stdin)["id"])')
    wait_for "$id" imported # by the server
    holds 5

    # The storage goes, and comes back.
    mv "$uploads" "$uploads-away"
    echo file >"$uploads"
    head -n 21 few.txt >fewer.txt
    request 503 -F "file=@fewer.txt" $base/api/quotes/upload
    has_header '^retry-after: [1-9]'
    rm "$uploads"
    mv "$uploads-away" "$uploads"
    request 201 -F "file=@fewer.txt" $base/api/quotes/upload
    wait_for "$(value id)" imported
    stop
done
echo "server_upload"
