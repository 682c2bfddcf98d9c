#!/usr/bin/env bash
# pg.sh start|stop: the benchmarks' own PostgreSQL on loopback, everything in $BENCH_TMP. It syncs to disk, as a real one does.
# BENCH_PGPORT chooses the port; without it a free one is taken. BENCH_PG_OPTIONS: more of the server's options, as
# "-c wal_level=minimal -c max_wal_senders=0". TICKER_POSTGRES_BIN: the programs, when not where Debian puts them.
set -euo pipefail
# shellcheck source=/dev/null
. "$(dirname "$0")/common.sh"
data=$BENCH_WORK/pgdata

for folder in "${TICKER_POSTGRES_BIN:-}" /usr/lib/postgresql/*/bin; do
    [ ! -x "$folder/postgres" ] || bin=$folder
done
[ -n "${bin:-}" ] || {
    echo "pg.sh: no PostgreSQL server is installed; apt-get install postgresql" >&2
    exit 1
}

# A server refuses to run as root.
as_owner() {
    if [ "$(id -u)" -eq 0 ]; then
        runuser -u postgres -- "$@"
    else
        "$@"
    fi
}

free_port() {
    local port
    for ((port = 25432; port < 25532; port++)); do
        if ! (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; then
            echo "$port"
            return
        fi
    done
    echo "pg.sh: no free port from 25432 to 25531" >&2
    return 1
}

make_cluster() {
    mkdir -p "$data" "$BENCH_DUMP"
    chmod 755 "$BENCH_WORK" "$BENCH_DUMP"
    [ "$(id -u)" -ne 0 ] || chown postgres: "$data" "$BENCH_DUMP"
    as_owner test -w "$data" || {
        echo "pg.sh: the user postgres cannot write in $data: choose another BENCH_TMP" >&2
        exit 1
    }
    as_owner "$bin/initdb" --pgdata="$data" --username=postgres --auth=trust --encoding=UTF8 --locale=C >"$BENCH_WORK/initdb.log"
    cat >>"$data/postgresql.conf" <<'END'
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
shared_buffers = 1GB
maintenance_work_mem = 512MB
max_wal_size = 8GB
checkpoint_timeout = 15min
autovacuum = off
END
}

start() {
    [ -f "$data/PG_VERSION" ] || make_cluster
    if as_owner "$bin/pg_ctl" status --pgdata="$data" >/dev/null; then
        return
    fi
    PGPORT=${BENCH_PGPORT:-$(free_port)}
    # The server must not hold the caller's pipes open.
    as_owner "$bin/pg_ctl" start --pgdata="$data" --log="$data/server.log" --wait --timeout=120 --options="-p $PGPORT ${BENCH_PG_OPTIONS:-}" \
        >/dev/null </dev/null || {
        tail -n 20 "$data/server.log" >&2
        exit 1
    }
    echo "$PGPORT" >"$BENCH_WORK/port"
}

case ${1:-} in
start) start ;;
stop)
    [ ! -f "$data/postmaster.pid" ] || as_owner "$bin/pg_ctl" stop --pgdata="$data" --mode=fast --wait --timeout=300 >/dev/null
    ;;
*)
    echo "usage: pg.sh start|stop" >&2
    exit 2
    ;;
esac
