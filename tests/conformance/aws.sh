#!/usr/bin/env bash
# The suites of the storage in S3 and of the queue in SQS on stand-ins for AWS of their own (or on those of TICKER_TEST_AWS).
set -euo pipefail
programs=${TICKER_BUILD:?names the build folder}/tests/conformance

if [ -z "${TICKER_TEST_AWS:-}" ] && ! command -v radosgw >/dev/null; then
    echo "SKIPPED: no stand-ins for AWS (scripts/install-packages test)"
    exit 77
fi
# shellcheck disable=SC2016 # for the inner shell
exec "$(dirname "$0")/../services/with-aws" bash -c '
    worst=0
    for program; do
        "$program" || worst=$?
    done
    exit "$worst"' suites "$programs/storage_s3" "$programs/queue_sqs"
