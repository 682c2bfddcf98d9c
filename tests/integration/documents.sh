#!/usr/bin/env bash
# Every command of the documents is run as it stands there, over PostgreSQL, Redis and the stand-ins for AWS, or says why it is not; their
# C and SQL too. Placeholders (user@host, db, cache) and the ports are those of this machine.
# shellcheck source-path=SCRIPTDIR source=common.sh
wants_aws=yes
wants_postgres=1
. "$(dirname "$0")/common.sh"

: "${TICKER_SOURCE:?names the folder of the sources}" "${TICKER_BUILD:?}" "${TICKER_SERVER:?}" "${TICKER_WORKER:?}"
command -v redis-server >/dev/null || { echo "SKIPPED: no Redis server is installed"; exit 77; }
[ -n "$TICKER_TEST_POSTGRES" ] || { echo "SKIPPED: no PostgreSQL"; exit 77; }
[ "$("$TICKER_CLI" --version | grep -c 'sqlite postgresql aws redis')" -eq 1 ] || { echo "SKIPPED: built without some of them"; exit 77; }
# shellcheck source=with_server.sh
. "$here/with_server.sh"

redis=$here/../services/redis
trap 'status=$?; "$redis" remove "$work/redis" >/dev/null 2>&1 || true; clean_up $status' EXIT
redis_url=$("$redis" start "$work/redis")
mapfile -t documents < <(cd "$TICKER_SOURCE" && ls -d "$PWD"/*.md "$PWD"/docs/*.md "$PWD"/bench/*.md "$PWD"/deploy/*/*.md)
[ "${#documents[@]}" -ge 10 ] || fail "documents are missing: ${documents[*]}"
mkdir blocks bin
python3 -B "$here/documents.py" blocks "${documents[@]}" >out 2>err || fail "documents that nobody runs"
echo "ok 1 - $(tail -n 1 out)"

# What the documents take for granted: installed programs and some files.
ln -s "$TICKER_CLI" bin/ticker-cli
ln -s "$TICKER_SERVER" bin/ticker-server
ln -s "$TICKER_WORKER" bin/ticker-worker
sample_files() {
    "$TICKER_GENERATE" cotahist 3000 COTAHIST_A2024.TXT
    "$TICKER_GENERATE" trades 3000 08-11-2024_NEGOCIOSAVISTA.txt
    "$TICKER_GENERATE" cotahist 500 COTAHIST_D08112024.TXT --day 2024-11-08
    zip -q -m COTAHIST_A2024.ZIP COTAHIST_A2024.TXT
    zip -q -m 08-11-2024_NEGOCIOSAVISTA.zip 08-11-2024_NEGOCIOSAVISTA.txt
}

# Servers and workers go on beside what follows in their block, and must end well.
cat >prelude <<'END'
set -euo pipefail
shopt -s expand_aliases
jobs_of_block=()
background() {
    "$@" >>"$BLOCK_LOG" 2>&1 </dev/null &
    jobs_of_block+=($!)
}
# URL: until it answers.
answers() {
    for _ in $(seq 400); do
        ! curl -fsS -o /dev/null --max-time 5 "$1" 2>/dev/null || return 0
        kill -0 "${jobs_of_block[-1]}" || return 1
        sleep 0.05
    done
    return 1
}
started_server() {
    case " $* " in *" --help "* | *" --version "* | *" --completion "*) command ticker-server "$@"; return ;; esac
    background ticker-server --access-log none "$@"
    answers "http://$TICKER_LISTEN/health/live"
}
started_worker() {
    case " $* " in *" --help "* | *" --version "* | *" --once "*) command ticker-worker "$@" >>"$BLOCK_LOG" 2>&1; return ;; esac
    background ticker-worker "$@"
    answers "${PROMETHEUS_URL%/metrics}/health/live"
}
# An answer that is an error fails the block, unless its status is what is asked for.
checked_curl() {
    case " $* " in *" -w "* | *" -fsS "*) command curl "$@" ;; *) command curl --fail-with-body "$@" ;; esac
}
alias curl=checked_curl ticker-server=started_server ticker-worker=started_worker
END
cat >epilogue <<'END'

for job in "${jobs_of_block[@]}"; do
    kill "$job"
    wait "$job"
done
END

# FILE: a block, in the folder and the environment of its document.
run_block() {
    local block=$1 document=${1%.[0-9]*.sh} port
    if [ ! -d "$document" ]; then
        mkdir -p "$document/home"
        fresh postgres
        printf '%s\n' "$DATABASE_URL" >"$document/database"
        (cd "$document" && sample_files)
    fi
    port=$(free_port)
    { cat "$work/prelude"; sed -E -e "s#postgres(ql)?://(user@host/database|user@host/db|ticker@db/ticker)#$(cat "$document/database")#g" \
        -e "s#redis://cache/0#$redis_url#g" -e "s#127\.0\.0\.1:4000#127.0.0.1:$port#g" -e "s#my-quotes#my-quotes-$$#g" "$block"; cat "$work/epilogue"; } >"$work/script"
    # shellcheck disable=SC2030,SC2031
    (unset DATABASE_URL && cd "$document" && HOME=$PWD/home XDG_CONFIG_HOME=$PWD/home/.config XDG_DATA_HOME=$PWD/home/.local/share PATH=$work/bin:$PATH \
        TICKER_LISTEN=127.0.0.1:$port PROMETHEUS_URL=http://127.0.0.1:$(free_port)/metrics BLOCK_LOG=$work/log bash "$work/script") >out 2>err </dev/null ||
        fail "$(basename "$block"): $(cat "$block"); $(tail -n 5 log 2>/dev/null)"
}
count=0
for block in "$work"/blocks/*.sh; do
    : >log
    run_block "$block"
    count=$((count + 1))
done
echo "ok 2 - $count blocks of commands"

flags=(-Wall -Wextra -Werror -I "$TICKER_SOURCE/include")
for block in blocks/*.part.c; do
    cc "${flags[@]}" -fsyntax-only "$block" >out 2>err || fail "$block"
done
for block in blocks/*.c; do
    [[ $block != *.part.c ]] || continue
    cc "${flags[@]}" -fsyntax-only "$block" >out 2>err || fail "$block"
done
echo "ok 3 - C"

fresh postgres
expect 0 db migrate
for block in blocks/*.sql; do
    psql -X -q -v ON_ERROR_STOP=1 "$DATABASE_URL" -f "$block" >out 2>err || fail "$block"
done
echo "ok 4 - SQL"

fence='```'
printf 'text\n\n%s\nls\n%s\n<!-- not run: no time -->\n%ssh\nls\n%s\n' $fence $fence $fence $fence >broken.md
! python3 -B "$here/documents.py" blocks broken.md >out 2>err || fail "takes anything"
is "$(grep -c -e "language ''" -e 'no reason not to run it' out)" 2 "what is wrong with broken.md"
echo "ok 5 - what nobody runs is found"
