#!/usr/bin/env bash
# What people do who have parsed the file already: psql's \copy of a clean CSV of our rows into a plain table of the same shape; then the
# same unique key.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "$0")/../common.sh"
kind=$1

fresh_same_table "$kind"
from=$(now)
sql -c "\\copy $(table_of "$kind") FROM '$BENCH_DUMP/$kind.csv' WITH (FORMAT csv)"
copied=$(now)
sql -f "$BENCH_DUMP/$kind.key.sql"
to=$(now)
rows=$(count "$kind")
result psql-copy "$rows" "$from" "$copied"
result psql-copy+key "$rows" "$from" "$to"
