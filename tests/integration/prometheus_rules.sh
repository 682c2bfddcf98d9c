#!/usr/bin/env bash
# What Prometheus is given: promtool takes configuration and rules, every alert fires and stays silent in a test, and a broken alert is found.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

: "${TICKER_SOURCE:?names the folder of the sources}"
command -v promtool >/dev/null || { echo "SKIPPED: promtool is missing (scripts/install-packages test)"; exit 77; }

cp -r "$TICKER_SOURCE/deploy/prometheus" given
chmod -R u+w given
promtool check config given/prometheus.yml >out 2>err || fail "promtool check config"
echo "ok 1 - promtool check config"

promtool test rules given/tests/alerts.yml given/tests/days.yml >out 2>err || fail "promtool test rules"
echo "ok 2 - promtool test rules"

sed -n 's/^ *- alert: //p' given/rules/alerts.yml | sort >alerts
[ "$(wc -l <alerts)" -ge 17 ] || fail "alerts are missing: $(cat alerts)"
# ALERT: whether a test has it, firing (exp_alerts follows) and silent (it does not).
python3 - alerts given/tests/*.yml <<'END' || fail "an alert is not tested both ways"
import sys
import yaml

fires, silent, known = set(), set(), set(open(sys.argv[1]).read().split())
for path in sys.argv[2:]:
    for test in yaml.safe_load(open(path))["tests"]:
        for case in test["alert_rule_test"]:
            (fires if case.get("exp_alerts") else silent).add(case["alertname"])
# One series of those that are given is all right there: the alert names the other alone.
both = {"TickerRejects"}
for name in sorted(known - fires):
    print(f"{name} never fires", file=sys.stderr)
for name in sorted(known - silent - both):
    print(f"{name} is never silent", file=sys.stderr)
for name in sorted((fires | silent) - known):
    print(f"{name} does not exist", file=sys.stderr)
sys.exit(bool(known - fires or known - silent - both or (fires | silent) - known))
END
echo "ok 3 - every alert is tested both ways"

sed -i 's/ticker_db_up == 0/ticker_db_up == 1/' given/rules/alerts.yml
! promtool test rules given/tests/alerts.yml >out 2>err || fail "the tests take a wrong alert"
grep -q 'alertname: TickerDatabaseUnreachable' out err || fail "another alert failed"
echo "ok 4 - a broken alert is found"
