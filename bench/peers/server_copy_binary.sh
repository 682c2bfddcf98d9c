#!/usr/bin/env bash
# The limit of one PostgreSQL backend: server-side COPY of our rows from a binary file that was made before, into a plain table of
# the same shape; then the same unique key; then the other indexes that ours has, if any.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "$0")/../common.sh"
kind=$1

fresh_same_table "$kind"
from=$(now)
# As one transaction: with wal_level = minimal the server then writes no log of it, as for ours.
sql -1 -c "TRUNCATE $(table_of "$kind")" -c "COPY $(table_of "$kind") FROM '$BENCH_DUMP/$kind.bin' WITH (FORMAT binary)"
copied=$(now)
sql -f "$BENCH_DUMP/$kind.key.sql"
keyed=$(now)
sql -f "$BENCH_DUMP/$kind.others.sql"
to=$(now)
rows=$(count "$kind")
result server-copy "$rows" "$from" "$copied"
result server-copy+key "$rows" "$from" "$keyed"
[ ! -s "$BENCH_DUMP/$kind.others.sql" ] || result server-copy+all "$rows" "$from" "$to"
