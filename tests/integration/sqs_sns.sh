#!/usr/bin/env bash
# SQS and SNS against servers (the program sqs_sns): with a quiet gateway, and with one that fails now and then.
wants_aws=yes
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
program=$TICKER_BUILD/tests/integration/sqs_sns

control() {
    curl -sS --fail --noproxy '*' -X "$1" "$AWS_ENDPOINT_URL/_test/$2" ${3:+-d "$3"}
}

control DELETE log >/dev/null
"$program"
# The gateway let nothing through that was not signed; what was refused was meant to be.
control GET log >requests.json
python3 - requests.json <<'END' || fail "the gateway's log"
import json, sys
log = json.load(open(sys.argv[1]))
unsigned = [e['operation'] for e in log if not e['signed']]
assert len(log) > 50, len(log)
assert sorted(set(unsigned)) == ['CreateTopic', 'GetQueueUrl'] and len(unsigned) == 2, unsigned
END

# Answers that are lost, requests that are refused, bodies that break off: calls are repeated and nothing is lost. (A queue or
# message may be asked for twice, which these tests would take for a fault; so it is the answers of reading calls that get lost.)
control POST faults '[{"match":"^(Send|Publish|Subscribe|CreateTopic|List)","kind":["500","503","throttle","reset","half-request"],"probability":0.15,"seed":7},
    {"match":"^(Get|List)","kind":["lost","half-response","torn-response"],"probability":0.2,"seed":8}]' >/dev/null
AWS_MAX_ATTEMPTS=10 "$program"
control GET faults >hits.json
python3 -c 'import json, sys; hits = [rule["hits"] for rule in json.load(open(sys.argv[1]))]; assert min(hits) > 3, hits' hits.json ||
    fail "the faults did not happen: $(cat hits.json)"
control POST faults '[]' >/dev/null
echo "ok 1 - sqs_sns"
