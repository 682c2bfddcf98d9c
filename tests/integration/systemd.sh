#!/usr/bin/env bash
# The units of deploy/systemd: systemd understands every line of them, and calls the service hardly exposed.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

command -v systemd-analyze >/dev/null || { echo "SKIPPED: systemd-analyze is missing (scripts/install-packages test)"; exit 77; }
units=$here/../../deploy/systemd

# systemd looks whether the programs are there.
for unit in "$units"/*; do
    sed "s#/usr/local/bin/ticker-server#$(command -v true)#" "$unit" >"$(basename "$unit")"
done
systemd-analyze verify --man=no ./*.service ./*.socket >out 2>&1 || fail "systemd-analyze verify"
[ ! -s out ] || fail "systemd has something to say"
echo "ok 1 - systemd understands them"

mkdir broken
sed 's/^ProtectHome=/ProtectHouse=/' ticker-server.service >broken/ticker-server.service
cp ticker-server.socket broken/
systemd-analyze verify --man=no broken/ticker-server.service >out 2>&1 || true
grep -q ProtectHouse out || fail "systemd-analyze takes anything"
echo "ok 2 - systemd looks"

number=2
for unit in ./*.service; do
    systemd-analyze security --offline=true --no-pager --threshold=20 "$unit" >out 2>&1 || fail "$unit: exposed more than 2.0"
    number=$((number + 1))
    echo "ok $number - $(grep -o 'Overall exposure level for .*: [0-9.]*' out)"
done
