#!/usr/bin/env bash
# The AWS client's engine against servers (the program aws_client): the usual mistakes, clocks that differ, threads, faults, throttling.
wants_aws=yes
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
program=$TICKER_BUILD/tests/integration/aws_client
aws=$here/../services/aws

control() {
    curl -sS --fail --noproxy '*' -X "$1" "$AWS_ENDPOINT_URL/_test/$2" ${3:+-d "$3"}
}

"$program" mistakes
"$program" quiet

# Temporary keys whose time is over.
"$aws" session "$TICKER_TEST_AWS" expired >expired.sh
# shellcheck source=/dev/null
(. ./expired.sh && "$program" expired)

# Twenty minutes before and behind this machine.
for seconds in 1200 -1200; do
    "$aws" clock "$TICKER_TEST_AWS" "$seconds"
    "$program" clock
done
"$aws" clock "$TICKER_TEST_AWS" 0

control POST faults '[{"match":"ListQueues","kind":["500","503","throttle","reset","lost","half-response","torn-response"],"probability":0.2,"seed":7}]' >/dev/null
"$program" faults
control POST faults '[]' >/dev/null

control POST throttle '{"rate":30,"burst":5}' >/dev/null
"$program" throttle
control POST throttle '{}' >/dev/null
echo "ok 1 - aws_client"
