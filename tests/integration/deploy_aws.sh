#!/usr/bin/env bash
# deploy/aws: template and policies are what they should be (deploy_aws.py), and work: everything is built from the template at the
# stand-ins, and a real S3 server lets the server and the worker do what they need and nothing else.
# shellcheck disable=SC2034
wants_aws=yes
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"
python=(/usr/bin/python3 -B "$here/deploy_aws.py" "${TICKER_SOURCE:-$here/../..}/deploy/aws")
export PYTHONPATH=$here/../services/standins

"${python[@]}" read || fail "deploy/aws is not what it should be"
# Its own rules are those of CloudFormation; not in Debian.
if command -v cfn-lint >/dev/null && cfn-lint --version >/dev/null 2>&1; then
    cfn-lint -c I -- "${TICKER_SOURCE:-$here/../..}/deploy/aws/ticker.yaml" || fail "cfn-lint does not like the template"
fi

"${python[@]}" policies "$work" example-bucket
for name in server worker; do
    "$here/../services/radosgw" user "$TICKER_TEST_AWS/ceph" "$name" "$name-secret" "$work/$name-s3.json"
done
"${python[@]}" use example-bucket || fail "deploy/aws does not work"
