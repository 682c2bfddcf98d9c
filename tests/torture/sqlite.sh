#!/usr/bin/env bash
# Imports into SQLite of which one call after the other fails; TICKER_TEST_TORTURE=all takes every one of them.
set -euo pipefail
exec "${TICKER_BUILD:?names the build folder}/tests/torture/torture" sqlite "$@"
