#!/usr/bin/env bash
# Prometheus's own tool has nothing to say about the metrics that the library writes, and does about ones that are broken.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

: "${TICKER_BUILD:?names the build folder}"
command -v promtool >/dev/null || { echo "SKIPPED: promtool is missing (scripts/install-packages test)"; exit 77; }

"$TICKER_BUILD/tests/integration/metrics_text" >written.txt || fail "metrics_text"
said=$(promtool check metrics <written.txt 2>&1) || fail "promtool: $said"
[ -z "$said" ] || fail "promtool: $said"
[ "$(grep -c '^# TYPE ticker_' written.txt)" -ge 26 ] || fail "families are missing"
echo "ok 1 - promtool check metrics is clean"

sed 's/^# HELP ticker_cache_up .*/# HELP ticker_cache_up/; s/ticker_upload_bytes_total/ticker_upload_bytes/' written.txt >broken.txt
! promtool check metrics <broken.txt >judged.txt 2>&1 || fail "promtool takes anything"
echo "ok 2 - promtool looks"
