#!/usr/bin/env bash
# The units of deploy/systemd: systemd understands every line of them, and calls the service hardly exposed.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

command -v systemd-analyze >/dev/null || { echo "SKIPPED: systemd-analyze is missing (scripts/install-packages test)"; exit 77; }
units=$here/../../deploy/systemd

# systemd looks whether the programs are there.
for unit in "$units"/*; do
    sed "s#/usr/local/bin/ticker-[a-z]*#$(command -v true)#" "$unit" >"$(basename "$unit")"
done
mv ticker-worker@.service ticker-worker@1.service
systemd-analyze verify --man=no ./*.service ./*.socket >out 2>&1 || fail "systemd-analyze verify"
[ ! -s out ] || fail "systemd has something to say"
echo "ok 1 - systemd understands them"

mkdir broken
sed 's/^ProtectHome=/ProtectHouse=/' ticker-server.service >broken/ticker-server.service
cp ticker-server.socket broken/
[ "$(find . -maxdepth 1 -name '*.service' | wc -l)" -ge 3 ] || fail "units are missing"
systemd-analyze verify --man=no broken/ticker-server.service >out 2>&1 || true
grep -q ProtectHouse out || fail "systemd-analyze takes anything"
echo "ok 2 - systemd looks"

number=2
for unit in ./*.service; do
    systemd-analyze security --offline=true --no-pager --threshold=15 "$unit" >out 2>&1 || fail "$unit: exposed more than 1.5"
    number=$((number + 1))
    echo "ok $number - $(grep -o 'Overall exposure level for .*: [0-9.]*' out)"
done

# The sockets come from systemd-socket-activate as they would from systemd: a port is HTTP, a file is FastCGI.
# shellcheck source=with_server.sh
. "$here/with_server.sh"
port=$(free_port)
systemd-socket-activate -l "127.0.0.1:$port" -l "$work/fastcgi.sock" --setenv=HOME --setenv=XDG_DATA_HOME --setenv=XDG_CONFIG_HOME \
    "$TICKER_SERVER" --access-log none >server.log 2>&1 </dev/null &
server_id=$!
for ((i = 0; i < 100; i++)); do
    [ ! -S fastcgi.sock ] || break
    sleep 0.05
done
code=$(curl -sS -o out -w '%{http_code}' --retry 5 --retry-connrefused --retry-delay 1 --max-time 20 "http://127.0.0.1:$port/health/ready") ||
    fail "$(cat server.log)"
[ "$code" = 200 ] || fail "ready: $code; $(cat server.log)"
grep -q "HTTP on 127.0.0.1:$port" server.log || fail "$(cat server.log)"
grep -q "FastCGI on unix:$work/fastcgi.sock" server.log || fail "$(cat server.log)"
stop_server
echo "ok $((number + 1)) - the sockets that systemd hands over are served"
