#!/usr/bin/env bash
# ticker-server against what people would use instead, on one machine, taking turns.
#
#   serve.sh SERVER CLI FILE REPEATS SECONDS UPLOAD [WAY]...
#
# FILE: COTAHIST, imported first into the benchmark's PostgreSQL (database "serve"). UPLOAD: a file for the uploads. Prints lines
#   WAY NAME COUNT SECONDS PEAK_KIB P50_US P99_US
# with tabs; COUNT is requests, rows or MiB. Everything listens on loopback, in $BENCH_TMP/serve, and is stopped by process id.
#
#   nginx     cached answers behind one nginx: a FastCGI program that only writes the same bytes, ours over FastCGI, Fastify as a proxy
#   listener  without one: the same bytes as a static file of nginx, ours, ours with If-None-Match, Fastify
#   uncached  from PostgreSQL: pgbench with our own prepared statement on as many connections, ours, Fastify
#   csv       all rows as CSV: psql COPY TO STDOUT, ours
#   upload    nginx that spools a body into a file, as it comes and with the buffer that ours gets, ours behind it into the directory
#             storage. Alone it wants no rows: FILE stays out of the database
#
# All of them without a WAY.
set -euo pipefail
# shellcheck source=common.sh
. "$(dirname "$0")/common.sh"

[ $# -ge 6 ] || { echo "usage: serve.sh SERVER CLI FILE REPEATS SECONDS UPLOAD [WAY]..." >&2; exit 2; }
server=$1
cli=$2
file=$3
repeats=$4
seconds=$5
upload=$6
ways=("${@:7}")
[ "${#ways[@]}" -gt 0 ] || ways=(nginx listener uncached csv upload)
work=$BENCH_WORK/serve
clients=64
connections=8 # to the database: ours, pgbench's, Fastify's
rows=250
ticker=PETR4
export PGDATABASE=serve

started=()
clean_up() {
    local id
    for id in "${started[@]}"; do
        kill "$id" 2>/dev/null || true
    done
    wait 2>/dev/null || true
    rm -rf "$work/storage" "$work/spool" "$work"/*.sock
}
trap clean_up EXIT
trap 'exit 130' INT TERM

die() {
    echo "serve.sh: $*" >&2
    exit 1
}

# WAY...: whether one of them is measured.
wants() {
    local way
    for way in "$@"; do
        [[ " ${ways[*]} " != *" $way "* ]] || return 0
    done
    return 1
}

# Whether anything is that asks for quotes.
wants_answers() {
    wants nginx listener uncached csv
}

taken=()
free_port() {
    for ((port = 28000; port < 28200; port++)); do
        if [[ " ${taken[*]} " != *" $port "* ]] && ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            taken+=("$port")
            return
        fi
    done
    die "no free port from 28000 to 28199"
}

# NAME COMMAND...: in the background, with a log.
launch() {
    local name=$1
    shift
    "$@" >"$work/$name.log" 2>&1 </dev/null 9>&- &
    last=$!
    started+=("$last")
}

# NAME URL: until it answers.
wait_for() {
    local i
    for ((i = 0; i < 200; i++)); do
        ! curl -fsS -o /dev/null --max-time 5 "$2" 2>/dev/null || return 0
        sleep 0.1
    done
    tail -n 20 "$work/$1.log" >&2
    die "$1 does not answer at $2"
}

ours_url() {
    echo "postgresql://$PGUSER@$PGHOST:$PGPORT/serve"
}

# NAME REDIS ARGUMENT...: a ticker-server that imports nothing by itself.
launch_ours() {
    local name=$1 redis=$2
    shift 2
    launch "$name" env DATABASE_URL="$(ours_url)" REDIS_URL="$redis" STORAGE_URL="file://$work/storage" QUEUE_URL=database: \
        TICKER_ACCESS_LOG=none TICKER_IMPORTER=no TICKER_THREADS=$connections "$server" "$@"
}

prepare_data() {
    fresh_database serve
    if ! wants_answers; then
        DATABASE_URL=$(ours_url) "$cli" db migrate >"$work/migrate.log" 2>&1 || die "db migrate failed: $(cat "$work/migrate.log")"
        return
    fi
    DATABASE_URL=$(ours_url) "$cli" import --quiet --progress never "$file"
    sql -c "ANALYZE"
    [ "$(sql -c "SELECT count(*) FROM quotes WHERE ticker = '$ticker'")" -ge $rows ] || rows=$(sql -c "SELECT count(*) FROM quotes WHERE ticker = '$ticker'")
}

# What goes where: nginx's own configuration, in one worker, as the machine is shared with the clients.
write_nginx() {
    cat >"$work/nginx.conf" <<END
worker_processes 1; pid $work/nginx.pid; error_log $work/nginx.log warn; daemon off;
events { worker_connections 4096; }
http {
    access_log off; default_type application/json; sendfile on; tcp_nopush on; keepalive_requests 100000000;
    client_body_temp_path $work/spool; fastcgi_temp_path $work/fct; proxy_temp_path $work/pt; uwsgi_temp_path $work/ut; scgi_temp_path $work/st;
    client_max_body_size 0;
    upstream hello { server unix:$work/hello.sock; keepalive $clients; }
    upstream ours { server unix:$work/ours.sock; keepalive $clients; }
    upstream fastify { server 127.0.0.1:$fastify_port; keepalive $clients; }
    fastcgi_buffers 64 16k; fastcgi_buffer_size 16k; proxy_buffers 64 16k; proxy_buffer_size 16k;
    include /etc/nginx/fastcgi_params;
    server {
        listen 127.0.0.1:$nginx_port reuseport;
        location /static/ { alias $work/www/; open_file_cache max=100; }
        location = /hello { fastcgi_pass hello; fastcgi_keep_conn on; }
        location /api/ { fastcgi_pass ours; fastcgi_keep_conn on; }
        location /fastify/ { proxy_pass http://fastify/; proxy_http_version 1.1; proxy_set_header Connection ""; }
        location = /api/quotes/upload { fastcgi_pass ours; fastcgi_keep_conn on; fastcgi_request_buffering off; client_body_buffer_size 256k; }
        location = /spool { client_body_in_file_only clean; proxy_pass http://127.0.0.1:$nginx_port/taken; proxy_pass_request_body off;
            proxy_set_header Content-Length ""; proxy_set_header Content-Type ""; }
        location = /spool-256k { client_body_buffer_size 256k; client_body_in_file_only clean; proxy_pass http://127.0.0.1:$nginx_port/taken;
            proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_set_header Content-Type ""; }
        location = /taken { return 204; }
    }
}
END
}

# The numbers of the ports are known before anything starts.
start_all() {
    mkdir -p "$work/www" "$work/storage" "$work/spool"
    echo '{}' >"$work/www/answer.json"
    free_port; redis_port=$port
    free_port; ours_port=$port
    free_port; uncached_port=$port
    free_port; fastify_port=$port
    free_port; fastify_uncached_port=$port
    free_port; nginx_port=$port
    launch redis redis-server --port "$redis_port" --bind 127.0.0.1 --save '' --appendonly no --dir "$work"
    launch_ours ours "redis://127.0.0.1:$redis_port/0" --listen "127.0.0.1:$ours_port" --fastcgi "unix:$work/ours.sock?mode=0666"
    ours_id=$last
    wait_for ours "http://127.0.0.1:$ours_port/health/ready"
    path="/api/quotes/$ticker?limit=$rows"
    ! wants_answers || start_peers
    write_nginx
    chmod 755 "$work" "$work/www"
    [ "$(id -u)" -ne 0 ] || chown www-data "$work/spool"
    launch nginx nginx -p "$work" -e "$work/nginx.log" -c "$work/nginx.conf"
    wait_for nginx "http://127.0.0.1:$nginx_port/static/answer.json"
}

start_peers() {
    local node
    launch_ours uncached none: --listen "127.0.0.1:$uncached_port"
    wait_for uncached "http://127.0.0.1:$uncached_port/health/ready"
    curl -fsS -o "$work/www/answer.json" "http://127.0.0.1:$ours_port$path"
    cc -O2 -o "$work/hello" "$BENCH_PEERS/serve_hello.c" -lfcgi -lpthread || die "serve_hello.c does not compile"
    launch hello "$work/hello" "$work/hello.sock" "$work/www/answer.json" $clients
    node=$(command -v node)
    cp -r "$BENCH_PEERS/serve_fastify/." "$work/fastify"
    [ -d "$work/fastify/node_modules/fastify" ] || (cd "$work/fastify" && npm ci --ignore-scripts --no-audit --no-fund >"$work/npm.log" 2>&1) ||
        die "npm ci failed; see $work/npm.log"
    launch fastify "$node" "$work/fastify/server.mjs" "$fastify_port" "$redis_port"
    launch fastify-uncached "$node" "$work/fastify/server.mjs" "$fastify_uncached_port"
    for ((i = 0; i < 100; i++)); do
        [ ! -S "$work/hello.sock" ] || break
        sleep 0.1
    done
    chmod 666 "$work/hello.sock"
    wait_for fastify "http://127.0.0.1:$fastify_port$path"
    wait_for fastify-uncached "http://127.0.0.1:$fastify_uncached_port$path"
}

# Nobody is timed on bytes that were not looked at.
same_bytes() {
    local url
    for url in "$nginx_port/static/answer.json" "$nginx_port/hello" "$nginx_port$path" "$ours_port$path" "$uncached_port$path"; do
        curl -fsS "http://127.0.0.1:$url" | cmp - "$work/www/answer.json" || die "other bytes at $url"
    done
    for url in "$fastify_port$path" "$fastify_uncached_port$path" "$nginx_port/fastify$path"; do
        curl -fsS "http://127.0.0.1:$url" | python3 -c '
import json, sys
ours, theirs = json.load(open(sys.argv[1])), json.load(sys.stdin)
sys.exit(ours != theirs)' "$work/www/answer.json" || die "other quotes at $url"
    done
}

# WAY NAME PORT PATH [ARGUMENT of wrk...]: one run. Every answer must be the one that is expected: with 304, all of them are.
load() {
    local way=$1 name=$2 url=http://127.0.0.1:$3$4
    shift 4
    wrk -t 1 -c "$clients" -d "${seconds}s" -s "$BENCH_PEERS/serve_wrk.lua" "$@" "$url" >"$work/wrk.out" 2>&1 || die "wrk failed: $(cat "$work/wrk.out")"
    awk -v way="$way" -v name="$name" -v OFS='\t' '/^ticker-bench / { if ($5 > 0) { print "serve.sh: errors from " name > "/dev/stderr"; exit 1 }
        printf "%s\t%s\t%d\t%.6f\t\t%d\t%d\n", way, name, $2, $3 / 1e6, $6, $7; found = 1 } END { exit !found }' "$work/wrk.out" ||
        die "$way by $name: $(cat "$work/wrk.out")"
}

# Our own statement and its values, as the server's log shows them, for pgbench.
find_statement() {
    local log=$BENCH_WORK/pgdata/server.log before
    before=$(wc -l <"$log")
    sql -d postgres -c "ALTER SYSTEM SET log_min_duration_statement = 0" -c "SELECT pg_reload_conf()" >/dev/null
    sleep 0.5
    curl -fsS -o /dev/null "http://127.0.0.1:$uncached_port$path"
    sql -d postgres -c "ALTER SYSTEM RESET log_min_duration_statement" -c "SELECT pg_reload_conf()" >/dev/null
    sleep 0.5
    tail -n "+$((before + 1))" "$log" | python3 "$BENCH_PEERS/serve_statement.py" "$ticker" "$work/statement.sql" >"$work/values" ||
        die "our statement is not in $log"
}

pgbench_run() {
    local arguments=()
    mapfile -t arguments <"$work/values"
    pgbench -n -M prepared -f "$work/statement.sql" -c $connections -j 1 -T "$seconds" "${arguments[@]}" >"$work/pgbench.out" 2>&1 ||
        die "pgbench failed: $(cat "$work/pgbench.out")"
    awk -v OFS='\t' -v seconds="$seconds" '/^tps = / { printf "uncached\tpgbench\t%d\t%d.000000\n", $3 * seconds, seconds; found = 1 }
        END { exit !found }' "$work/pgbench.out" || die "pgbench: $(cat "$work/pgbench.out")"
}

peak_of() {
    awk '/^VmHWM:/ { print $2 }' "/proc/$1/status"
}

# All rows, in one answer.
csv_round() {
    local from to count columns
    columns=$(curl -fsS "http://127.0.0.1:$ours_port$path&format=csv" | sed -n 1p)
    columns=${columns/,date,/,trade_date AS date,}
    from=$(now)
    sql -c "COPY (SELECT $columns FROM quotes ORDER BY trade_date, ticker) TO STDOUT (FORMAT csv, HEADER)" >"$work/psql.csv"
    to=$(now)
    count=$(($(wc -l <"$work/psql.csv") - 1))
    printf 'csv\t%s\n' "$(result psql-copy "$count" "$from" "$to")"
    from=$(now)
    curl -fsS -o "$work/ours.csv" "http://127.0.0.1:$ours_port/api/quotes?format=csv&limit=all"
    to=$(now)
    [ "$(wc -l <"$work/ours.csv")" -eq $((count + 1)) ] || die "ours.csv has $(wc -l <"$work/ours.csv") lines in place of $((count + 1))"
    printf 'csv\t%s\t%s\n' "$(result ticker-http "$count" "$from" "$to")" "$(peak_of "$ours_id")"
    rm -f "$work/psql.csv" "$work/ours.csv"
}

# Some hypervisors take free memory back two seconds after it was freed (free page reporting), and then a page's first use costs several times
# as much as filling it. So that nobody pays for what others left, a file as long as the upload is written and removed just before.
settle_memory() {
    sleep 3
    cat -- "$upload" >"$work/settle"
    rm -f "$work/settle"
}

upload_to_spool() {
    local from to
    from=$(now)
    curl -fsS -o /dev/null -H 'Expect:' -F "file=@$upload" "http://127.0.0.1:$nginx_port/$1"
    to=$(now)
    printf 'upload\t%s\n' "$(result "nginx-$1" "$mib" "$from" "$to")"
}

upload_to_ours() {
    local from to id
    from=$(now)
    id=$(curl -fsS -H 'Expect:' -F "file=@$upload" "http://127.0.0.1:$nginx_port/api/quotes/upload" | sed -n 's/^{"id": *\([0-9]*\).*"status": *"queued".*/\1/p')
    to=$(now)
    [ -n "$id" ] || die "the upload was not taken"
    printf 'upload\t%s\t%s\n' "$(result ticker-nginx "$mib" "$from" "$to")" "$(peak_of "$ours_id")"
    # As if it had never been, for the next round.
    sql -c "DELETE FROM imports WHERE id = $id" -c "DELETE FROM queue_messages" >/dev/null
    find "$work/storage" -type f -delete
}

# Each round begins with another one.
upload_round() {
    local mib=$(($(stat -c %s "$upload") / 1048576)) to=(spool spool-256k ours) i where
    [ "$mib" -gt 0 ] || mib=1
    for ((i = 0; i < 3; i++)); do
        where=${to[(round + i) % 3]}
        settle_memory
        case $where in
        ours) upload_to_ours ;;
        *) upload_to_spool "$where" ;;
        esac
    done
}

nginx_round() {
    load nginx fcgi-hello "$nginx_port" /hello
    load nginx ticker-fastcgi "$nginx_port" "$path"
    load nginx fastify "$nginx_port" "/fastify$path"
}

listener_round() {
    local etag
    load listener nginx-static "$nginx_port" /static/answer.json
    load listener ticker-http "$ours_port" "$path"
    etag=$(curl -fsS -o /dev/null -D - "http://127.0.0.1:$ours_port$path" | tr -d '\r' | sed -n 's/^[Ee][Tt]ag: *//p')
    load listener ticker-http-304 "$ours_port" "$path" -H "If-None-Match: $etag"
    load listener fastify "$fastify_port" "$path"
}

uncached_round() {
    local clients=$connections
    pgbench_run
    load uncached ticker-http "$uncached_port" "$path"
    load uncached fastify "$fastify_uncached_port" "$path"
}

for way in "${ways[@]}"; do
    [[ $way =~ ^(nginx|listener|uncached|csv|upload)$ ]] || die "no such way: $way"
done
mkdir -p "$work"
ulimit -n 16384 2>/dev/null || true
prepare_data
start_all
! wants_answers || same_bytes
! wants uncached || find_statement
for ((round = 0; round < repeats; round++)); do
    for way in "${ways[@]}"; do
        "${way}_round"
    done
done
