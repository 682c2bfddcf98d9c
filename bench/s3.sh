#!/usr/bin/env bash
# Moves one file to an S3 server and back: ours against curl, the AWS command line and s3cmd, taking turns.
#
#   s3.sh PROGRAM CLI FILE REPEATS     PROGRAM: ticker-s3, CLI: ticker-cli. Prints lines: upload|download NAME MIB SECONDS KIB, with tabs.
#
# The server is Ceph's gateway on loopback with its objects in memory (tests/services/radosgw), the file is in the page cache, and what
# comes back goes into memory too (/dev/shm), so that no disk is measured. Every tool runs with its own defaults. curl gets presigned URLs.
# Between two runs the server has the time to throw away what was replaced.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

[ $# -eq 4 ] || { echo "usage: s3.sh PROGRAM CLI FILE REPEATS" >&2; exit 2; }
program=$1
cli=$2
file=$3
repeats=$4
service=$(cd "$(dirname "$0")/.." && pwd)/tests/services/radosgw
server=$BENCH_WORK/radosgw
fetched=$(mktemp "$([ -d /dev/shm ] && echo /dev/shm || echo "$BENCH_WORK")/ticker-bench.XXXXXX")
bucket=ticker-bench
mib=$(($(stat -c %s "$file") / 1048576))
pause=8 # seconds; the server begins to clean up after 2 and looks every 5

clean_up() {
    rm -f "$fetched"
    "$service" remove "$server"
}
trap clean_up EXIT
trap 'exit 130' INT TERM

# What other tools on this machine were set up with is not for them here. This Python's awscli is Debian's.
unset "${!AWS_@}" http_proxy HTTP_PROXY all_proxy ALL_PROXY
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1
export AWS_CONFIG_FILE=/dev/null AWS_SHARED_CREDENTIALS_FILE=/dev/null AWS_EC2_METADATA_DISABLED=true
aws=/usr/bin/aws
[ -x "$aws" ] || aws=$(command -v aws)
TICKER_TEST_S3_BYTES=17179869184 "$service" start "$server" >"$BENCH_WORK/s3.log" 2>&1 </dev/null ||
    { tail -n 5 "$BENCH_WORK/s3.log" >&2; exit 1; }
AWS_ENDPOINT_URL_S3=$("$service" url "$server")
export AWS_ENDPOINT_URL_S3
host=${AWS_ENDPOINT_URL_S3#http://}

s3cmd=(s3cmd -c /dev/null -q --no-progress --no-ssl --access_key=test --secret_key=test --host="$host" --host-bucket="$host"
    --region=us-east-1)

# upload|download NAME COMMAND...: one run. What is printed goes to a log.
run() {
    local way=$1 name=$2 from to
    shift 2
    from=$(now)
    command time -f '%M' -o "$BENCH_WORK/peak" "$@" >"$BENCH_WORK/s3.out" 2>"$BENCH_WORK/s3.err" </dev/null ||
        { echo "s3.sh: $way by $name failed:" >&2; cat "$BENCH_WORK/s3.out" "$BENCH_WORK/s3.err" >&2; exit 1; }
    to=$(now)
    printf '%s\t%s\t%s\n' "$way" "$(result "$name" "$mib" "$from" "$to")" "$(tail -n 1 "$BENCH_WORK/peak")"
}

# NAME: what it uploaded is looked at in the first round, and goes away.
uploaded() {
    if [ "$round" -eq 0 ]; then
        curl -fsS "$("$program" presign GET "$bucket" "$1" 600)" | cmp - "$file"
    fi
    "$program" delete "$bucket" "$1"
    sleep "$pause"
}

# ticker-cli chooses the key itself. It also hashes the file and writes the upload down in its database.
upload_by_cli() {
    local key
    export STORAGE_URL=s3://$bucket-cli DATABASE_URL=sqlite:$BENCH_WORK/uploads.sqlite
    rm -f "$BENCH_WORK"/uploads.sqlite*
    "$cli" db migrate >/dev/null 2>&1
    run upload ticker-cli "$cli" upload "$file"
    key=$("$program" list "$bucket-cli" "" 0)
    if [ "$round" -eq 0 ]; then
        curl -fsS "$("$program" presign GET "$bucket-cli" "${key#* }" 600)" | cmp - "$file"
    fi
    "$program" empty "$bucket-cli"
    sleep "$pause"
}

downloaded() {
    [ "$round" -ne 0 ] || cmp "$fetched" "$file"
    : >"$fetched"
}

one_round() {
    run upload ticker-s3 "$program" put "$bucket" ours "$file"
    uploaded ours
    upload_by_cli
    run upload curl curl -sS -f -T "$file" "$("$program" presign PUT "$bucket" curl 600)"
    uploaded curl
    run upload aws-s3-cp "$aws" --endpoint-url "$AWS_ENDPOINT_URL_S3" s3 cp --quiet "$file" "s3://$bucket/aws"
    uploaded aws
    run upload s3cmd "${s3cmd[@]}" put "$file" "s3://$bucket/s3cmd"
    uploaded s3cmd
    run download ticker-s3 "$program" get "$bucket" object "$fetched"
    downloaded
    run download curl curl -sS -f -o "$fetched" "$("$program" presign GET "$bucket" object 600)"
    downloaded
    run download aws-s3-cp "$aws" --endpoint-url "$AWS_ENDPOINT_URL_S3" s3 cp --quiet "s3://$bucket/object" "$fetched"
    downloaded
    run download s3cmd "${s3cmd[@]}" --force get "s3://$bucket/object" "$fetched"
    downloaded
}

"$program" make-bucket "$bucket" >/dev/null
"$program" make-bucket "$bucket-cli" >/dev/null
cat "$file" >/dev/null
curl -sS -f -T "$file" "$("$program" presign PUT "$bucket" object 600)"
for ((round = 0; round < repeats; round++)); do
    one_round
done
