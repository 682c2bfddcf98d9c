#!/usr/bin/env bash
# The server's memory does not grow with what is uploaded.
#
#   server_memory.sh [MEGABYTES [LIMIT]]   of the upload (default 200); the limit of the largest resident memory in MiB (default 64)
#
# A program with sanitizers is not measured: they take memory of their own.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
: "${TICKER_SERVER:?names the server under test}"
megabytes=${1:-200}
limit=${2:-64}
if grep -qa __asan_init "$TICKER_SERVER"; then
    echo "not measured: the program was built with sanitizers"
    exit 0
fi

fresh sqlite
export STORAGE_URL=file://$work/uploads
TICKER_LISTEN=unix:$work/http TICKER_IMPORTER=no TICKER_ACCESS_LOG=none "$TICKER_SERVER" 2>server.err &
server=$!
for _ in $(seq 200); do
    ! curl -s -o ready --unix-socket http http://ticker/health/live || break
    sleep 0.05
done
quotes_file COTAHIST_A2024.TXT 10
{ head -n 1 COTAHIST_A2024.TXT; head -c "${megabytes}000000" /dev/zero | tr '\0' ' '; } >large.txt
for way in "-F file=@large.txt" "-T large.txt"; do
    # shellcheck disable=SC2086 # two words
    status=$(curl -sS -o out -w '%{http_code} %{time_total}' --unix-socket http $way http://ticker/api/quotes/upload)
    [[ $status == 20[01]\ * ]] || fail "$way: $status"
    echo "$way: $megabytes MB, status and seconds: $status"
done
peak=$(awk '/^VmHWM:/ { print $2 }' "/proc/$server/status")
echo "peak $((peak / 1024)) MiB"
[ "$peak" -lt $((limit * 1024)) ] || fail "more than $limit MiB"
kill -TERM "$server"
wait "$server" || fail "the server ended with $?"
echo "server_memory"
