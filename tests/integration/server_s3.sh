#!/usr/bin/env bash
# Uploads through the server into S3: with the queue in the database, which the server tells and imports from; and into a folder with the
# queue in SQS. What breaks off leaves no parts behind.
# shellcheck source-path=SCRIPTDIR source=common.sh
wants_aws=yes
. "$(dirname "$0")/common.sh"
# shellcheck source=server_tools.sh
. "$here/server_tools.sh"
: "${TICKER_S3:?names bench/ticker-s3}"

fresh sqlite
bucket=uploads-$$
queue=server-$$
"$TICKER_S3" make-bucket "$bucket" >"$work/out"
export STORAGE_URL=s3://$bucket/b3
quotes_file COTAHIST_A2024.TXT 60000
trades_file few.txt 20

objects() {
    "$TICKER_S3" list "$bucket" "" 0 | wc -l
}

start
request 201 -F "file=@COTAHIST_A2024.TXT" $base/api/quotes/upload
id=$(value id)
[[ $(text location) == s3://$bucket/b3/*/COTAHIST_A2024.TXT ]] || fail "unexpected location $(text location)"
wait_for "$id" imported
is "$(value imported)" 60000 "rows"
request 200 -T COTAHIST_A2024.TXT $base/api/quotes/upload
is "$(value id)" "$id"
is "$(objects)" 1 "objects"

# Past the server: the request that it signs is enough.
request 201 -H 'Content-Type: application/json' -d "{\"name\":\"a b.txt\",\"bytes\":$(stat -c %s few.txt)}" $base/api/quotes/upload-url
key=$(text key)
curl -fsS -X PUT -H "Content-Length: $(stat -c %s few.txt)" --data-binary @few.txt -H 'Content-Type:' "$(text url)" >put.out
"$TICKER_S3" get "$bucket" "b3/$key" - | cmp - few.txt || fail "the object differs"
is "$(objects)" 2 "objects"

# A client that goes after some parts: they are taken back.
mkfifo pipe
curl -sS -o broken.out --unix-socket "$socket" -T - $base/api/quotes/upload <pipe 2>broken.err &
client=$!
exec 3>pipe
{ head -n 1 COTAHIST_A2024.TXT; head -c 30000000 /dev/zero | tr '\0' ' '; } >&3
kill -9 "$client"
exec 3>&-
wait "$client" 2>/dev/null || true
for _ in $(seq 100); do
    ! grep -q '"status":400' "$work/access.log" || break
    sleep 0.1
done
"$TICKER_S3" abort "$bucket" "" 0 >out
is "$(cat out)" 0 "uploads that were left behind"
is "$(objects)" 2 "objects"
is "$(sql "SELECT count(*) FROM imports")" 1 "ledger rows"
stop

# S3 is away.
AWS_MAX_ATTEMPTS=1 start AWS_ENDPOINT_URL_S3=http://127.0.0.1:1
request 503 -F "file=@few.txt" $base/api/quotes/upload
has_header '^retry-after: [1-9]'
is "$(sql "SELECT count(*) FROM imports")" 1 "ledger rows"
stop

# A folder, and SQS: the server tells it, and leaves the import to others.
expect 0 aws setup --bucket "$bucket" --queue "$queue" --topic "topic-$$"
start STORAGE_URL="file://$work/uploads" QUEUE_URL="sqs:$queue"
request 201 -F "file=@few.txt" $base/api/quotes/upload
for _ in $(seq 100); do
    expect 0 queue list --queue-url "sqs:$queue"
    ! grep -q "1 waiting" err || break
    sleep 0.1
done
expect_error "1 waiting"
request 200 -F "file=@few.txt" $base/api/quotes/upload
is "$(text status)" queued
stop
echo "server_s3"
