#!/usr/bin/env bash
# Random requests, signed by the library and by AWS's own two signers: no difference. 2,000 of them, or as many as
# TICKER_TEST_SIGNATURES says; TICKER_TEST_SEED gives others.
. "$(dirname "$0")/common.sh"

: "${TICKER_BUILD:?names the build folder}"
count=${TICKER_TEST_SIGNATURES:-2000}
parts=$(nproc)

# Debian's packages belong to Debian's Python, which need not be the first one.
python=/usr/bin/python3
[ -x "$python" ] || python=python3
"$python" -c 'import awscrt, botocore' 2>/dev/null || {
    echo "SKIPPED: botocore or awscrt is missing (scripts/install-packages test)"
    exit 77
}

jobs_started=()
for part in $(seq "$parts"); do
    (
        set -o pipefail
        "$TICKER_BUILD/tests/integration/sigv4_requests" $((count / parts + 1)) $((${TICKER_TEST_SEED:-1} * 1000 + part)) |
            "$python" "$here/sigv4_oracle.py" >"$work/part-$part" 2>&1
    ) &
    jobs_started+=($!)
done
failed=0
for part in $(seq "$parts"); do
    wait "${jobs_started[$((part - 1))]}" || failed=1
    cat "$work/part-$part"
done
[ "$failed" -eq 0 ] || fail "the signatures differ"
awk '/ requests, / { requests += $1; comparisons += $3; differences += $(NF - 1) }
    END { printf "ok 1 - %d requests, %d comparisons, %d differences\n", requests, comparisons, differences }' "$work"/part-*
