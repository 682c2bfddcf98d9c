#!/usr/bin/env bash
# Uploads without any service: into a folder, with a message in the database's queue, on each database.
# shellcheck source-path=SCRIPTDIR source=common.sh
wants_postgres=yes
. "$(dirname "$0")/common.sh"

quotes_file COTAHIST_A2024.TXT 50
sum=$(sha256sum <COTAHIST_A2024.TXT | cut -d ' ' -f 1)

for backend in $(backends); do
    fresh "$backend"
    export STORAGE_URL=file://$work/uploads-$backend

    expect 0 upload --json COTAHIST_A2024.TXT
    is "$(text status)" uploaded
    is "$(text sha256)" "$sum" "sha256"
    is "$(value bytes)" "$(stat -c %s COTAHIST_A2024.TXT)" "bytes"
    key=$(text key)
    [[ $key == */COTAHIST_A2024.TXT ]] || fail "the key does not end with the file's name: $key"
    cmp COTAHIST_A2024.TXT "$work/uploads-$backend/$key" || fail "the stored file differs"

    # Each upload is a key and a message of its own; standard input has a name too.
    expect 0 upload --quiet - <COTAHIST_A2024.TXT
    [ ! -s out ] || fail "--quiet prints"
    expect 0 upload COTAHIST_A2024.TXT
    expect_output "^uploaded COTAHIST_A2024.TXT: file://$work/uploads-$backend/"
    is "$(find "$work/uploads-$backend" -type f | wc -l)" 3 "files"
    is "$(find "$work/uploads-$backend" -type f -name 'COTAHIST*' | wc -l)" 2 "files with the name"
    expect 0 queue list
    [ ! -s out ] || fail "there are dead letters"
    expect_error "^ticker-cli: 3 waiting, 0 being worked on, 0 dead"

    # What is not there is not stored, and no message says so.
    expect 1 upload no-such-file
    one_line_error "no-such-file"
    expect 0 queue list
    expect_error "3 waiting"
    expect 1 queue retry 12345
    one_line_error "no dead letter"
    expect 0 queue drop --all
    expect_error "0 dropped"
done

# A folder that cannot be made is a service that cannot be reached.
echo "file" >plain
export STORAGE_URL=file://$work/plain/uploads
expect 3 upload COTAHIST_A2024.TXT
one_line_error "plain"

# Full disks and interruptions leave nothing behind.
export STORAGE_URL=file://$work/interrupted
mkfifo pipe
"$TICKER_CLI" upload pipe >out 2>err &
upload=$!
exec 3>pipe
head -c 300000 COTAHIST_A2024.TXT >&3
for _ in $(seq 100); do
    [ -z "$(find "$work/interrupted" -type f 2>/dev/null)" ] || break
    sleep 0.05
done
kill -INT "$upload"
code=0
wait "$upload" || code=$?
exec 3>&-
is "$code" 130 "exit"
is "$(find "$work/interrupted" -type f | wc -l)" 0 "files after an interruption"
echo "upload"
