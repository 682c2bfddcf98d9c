#!/usr/bin/env bash
# The command line against servers that check every signature: setup, status, upload, import from S3, and what it says when something is wrong.
# shellcheck source-path=SCRIPTDIR source=common.sh
wants_aws=yes
. "$(dirname "$0")/common.sh"

fresh sqlite
bucket=quotes-$$
queue=imports-$$
topic=uploads-$$
names=(--bucket "s3://$bucket/b3" --queue "$queue" --topic "$topic")

# A dry run asks nobody: it works without any server.
AWS_ENDPOINT_URL=http://127.0.0.1:1 AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 expect 0 aws setup "${names[@]}" --dry-run
grep -v '^#' out | while read -r line; do
    python3 -c 'import json, sys; json.loads(sys.argv[1])' "$line" || fail "a policy is no JSON: $line"
done
is "$(grep -vc '^#' out)" 5 "policies"

# Before anything is there, status names each thing that is missing.
expect 1 aws status "${names[@]}"
expect_output "^FAIL bucket +$bucket"
expect_output "^FAIL queue +$queue"
expect_output "^ok   keys +"

expect 0 aws setup "${names[@]}"
expect_output "^STORAGE_URL=s3://$bucket/b3$"
expect_output "^QUEUE_URL=sqs:$queue$"
expect_error "bucket +$bucket: made"
cp out settings
expect 0 aws setup "${names[@]}"
expect_error "bucket +$bucket: was there"
cmp -s out settings || fail "a second setup prints other settings"
expect 0 aws status "${names[@]}"
if grep -q FAIL out; then fail "status is not content after setup"; fi
expect 0 aws status "${names[@]}" --json
is "$(value ok)" true

set -a
# shellcheck source=/dev/null
. ./settings
set +a

# Up, down, and into the database.
quotes_file COTAHIST_A2024.TXT 60000
zip -q COTAHIST_A2024.ZIP COTAHIST_A2024.TXT
expect 0 upload --json COTAHIST_A2024.TXT
url=$(text url)
[[ $url == s3://$bucket/b3/*/COTAHIST_A2024.TXT ]] || fail "unexpected URL $url"
expect 0 upload COTAHIST_A2024.ZIP --s3-part-size 5MiB --s3-concurrency 2
expect 0 import --json "$url"
is "$(text status)" imported
is "$(value imported)" 60000 "imported"
is "$(text file)" "$url" "file"
is "$(text sha256)" "$(sha256sum <COTAHIST_A2024.TXT | cut -d ' ' -f 1)" "sha256"
expect 0 import --json "$url"
is "$(text status)" duplicate
expect 0 inspect --json "s3://$bucket/b3/"
is "$(wc -l <out)" 2 "objects below the prefix"

# The bucket told the topic, the topic the queue.
for _ in $(seq 100); do
    expect 0 queue list
    ! grep -q "2 waiting" err || break
    sleep 0.1
done
expect_error "2 waiting"

# A bucket cannot tell a queue in the database: then the upload does.
expect 0 upload --queue-url database: COTAHIST_A2024.TXT
expect 0 queue list --queue-url database:
expect_error "1 waiting"
is "$(sql "SELECT count(*) FROM queue_messages WHERE body LIKE '%\"name\":\"$bucket\"%\"key\":\"b3/%'")" 1 "messages of the key"

# Each mistake has its own words.
expect 1 import "s3://$bucket/b3/no-such-key"
one_line_error "no-such-key"
expect 2 import s3://no-such-bucket-here/key
one_line_error "no-such-bucket-here"
AWS_SECRET_ACCESS_KEY=wrong expect 2 import "$url"
one_line_error "(secret|SECRET)"
AWS_ACCESS_KEY_ID=unknown expect 2 import "$url"
one_line_error "unknown|access key"
AWS_ENDPOINT_URL_S3=http://127.0.0.1:1 AWS_MAX_ATTEMPTS=1 expect 3 import "$url"
one_line_error "127.0.0.1:1"
AWS_ACCESS_KEY_ID='' AWS_SECRET_ACCESS_KEY='' AWS_EC2_METADATA_DISABLED=true expect 2 import "$url"
one_line_error "AWS_ACCESS_KEY_ID"
if grep -rq "$AWS_SECRET_ACCESS_KEY" out err; then fail "a secret in a message"; fi
echo "aws"
