#!/usr/bin/env bash
# Keys from where AWS gives them to programs, over real connections: instance metadata, the endpoint of containers, STS, processes.
. "$(dirname "$0")/common.sh"

: "${TICKER_BUILD:?names the build folder}"
keys=$TICKER_BUILD/tests/integration/aws_keys
python=/usr/bin/python3
[ -x "$python" ] || python=python3

# --- The stand-in ---

port=$("$python" -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
start_standin() {
    "$python" -B "$here/../services/credentials.py" --port "$port" >"$work/standin.log" 2>&1 &
    standin=$!
    for _ in $(seq 100); do
        ! curl -sf "$url/_test/health" >/dev/null || return 0
        sleep 0.1
    done
    fail "the stand-in does not start: $(cat "$work/standin.log")"
}
stop_standin() {
    kill "$standin"
    wait "$standin" 2>/dev/null || true
}
set_standin() { curl -sf -d "$1" "$url/_test/settings" >/dev/null || fail "the stand-in does not take $1"; }
# PATTERN: how many requests of this kind there were.
asked() {
    curl -sf "$url/_test/log" | "$python" -c '
import json, re, sys
print(sum(bool(re.search(sys.argv[1], request["operation"])) for request in json.load(sys.stdin)))' "$1"
}
forget() {
    curl -sf -X DELETE "$url/_test/log" >/dev/null
    curl -sf -X DELETE "$url/_test/settings" >/dev/null
}

# --- The program ---

# One that is asked again and again; its environment is that of the moment.
begin() {
    coproc looking { exec "$keys"; }
}
look() {
    echo look >&"${looking[1]}"
    IFS= read -r -t 60 answer <&"${looking[0]}" || fail "no answer"
    echo "$answer" >>"$work/answers"
}
end() {
    # shellcheck disable=SC2154 # set by coproc
    local pid=$looking_PID
    eval "exec ${looking[1]}>&-"
    wait "$pid" || fail "the program ended with $?"
}
# PATTERN
look_for() {
    look
    [[ $answer =~ $1 ]] || fail "not \"$1\" but: $answer"
}
# PATTERN: one look of a program of its own.
once() {
    begin
    look_for "$1"
    end
}
is() { [ "$1" -eq "$2" ] || fail "$3: $1, not $2"; }
good='^[a-z ]+ ASIATEMP$'

start_standin
export AWS_CONFIG_FILE=$work/config AWS_SHARED_CREDENTIALS_FILE=$work/credentials AWS_EC2_METADATA_DISABLED=true

# --- Nothing ---

once '^TICKER_FATAL: no AWS credentials: '
AWS_ACCESS_KEY_ID=half once '^TICKER_FATAL: .*secret access key is missing'
AWS_PROFILE=nobody "$keys" </dev/null >"$work/out" && fail "a profile that does not exist is taken"
grep -q 'no AWS profile "nobody"' "$work/out" || fail "$(cat "$work/out")"

# --- Instance metadata ---

unset AWS_EC2_METADATA_DISABLED
export AWS_EC2_METADATA_SERVICE_ENDPOINT=$url
begin
look_for '^instance ASIATEMP$'
look_for '^instance ASIATEMP$'
is "$(asked api/token)" 1 "tokens asked for"
is "$(asked security-credentials/ticker-role)" 1 "keys asked for"
end

# Keys that live for two seconds are renewed half-way; the token stays. Then the service has forgotten the token.
forget
set_standin '{"lifetime": 2}'
begin
look_for '^instance ASIATEMP$'
sleep 1.3
set_standin '{"keys": {"id": "SECOND", "secret": "tempsecret", "token": "temptoken"}}'
look_for '^instance SECOND$'
is "$(asked api/token)" 1 "tokens asked for"
curl -sf -X DELETE "$url/_test/settings" >/dev/null
sleep 1.3
look_for '^instance ASIATEMP$'
is "$(asked api/token)" 2 "tokens asked for"
end

# The service goes away: the keys serve on past their end. It comes back.
forget
set_standin '{"lifetime": 2}'
begin
look_for '^instance ASIATEMP$'
stop_standin
sleep 2.5
look_for '^instance ASIATEMP$'
end
start_standin

set_standin '{"lifetime": -600}'
once '^instance ASIATEMP$'
set_standin '{"lifetime": -60000}'
once '^TICKER_RETRY: .*ended at .*clock'
forget
set_standin '{"code": "AssumeRoleUnauthorizedAccess"}'
once '^TICKER_RETRY: instance metadata: .*AssumeRoleUnauthorizedAccess'
set_standin '{"role": null}'
once '^TICKER_FATAL: no AWS credentials: .*no role'
set_standin '{"imds": false}'
once '^TICKER_FATAL: no AWS credentials: '
forget
curl -sf -d '[{"match": "api/token", "status": 500, "count": 1}]' "$url/_test/faults" >/dev/null
once "$good"
curl -sf -d '[{"match": "ticker-role", "drop": "before", "count": 1}]' "$url/_test/faults" >/dev/null
once "$good"
# Nobody there at all does not take long.
seconds=$SECONDS
AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:1 once '^TICKER_FATAL: no AWS credentials: .*http://127.0.0.1:1'
[ $((SECONDS - seconds)) -lt 8 ] || fail "looking for no metadata took $((SECONDS - seconds)) s"
export AWS_EC2_METADATA_DISABLED=true

# --- Containers ---

export AWS_CONTAINER_CREDENTIALS_FULL_URI=$url/v2/credentials/ticker AWS_CONTAINER_AUTHORIZATION_TOKEN=Bearer-of-tests
once '^container ASIATEMP$'
AWS_CONTAINER_AUTHORIZATION_TOKEN=wrong-one once '^TICKER_FATAL: container credentials: .*HTTP 401, AccessDenied'
AWS_CONTAINER_CREDENTIALS_FULL_URI=http://192.0.2.1/x once '^TICKER_FATAL: .*without TLS'
# The proxy of the network is not asked for what is on this machine.
http_proxy=http://127.0.0.1:1 once '^container ASIATEMP$'
set_standin '{"lifetime": 2}'
printf 'Bearer-of-tests\n' >"$work/token"
export AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=$work/token
begin
look_for '^container ASIATEMP$'
set_standin '{"authorization": "another"}'
printf 'another' >"$work/token.new"
mv "$work/token.new" "$work/token"
sleep 1.3
set_standin '{"keys": {"id": "SECOND", "secret": "tempsecret", "token": "temptoken"}}'
look_for '^container SECOND$'
# Unlike an instance's, these end with their end.
stop_standin
sleep 2.5
look_for '^TICKER_RETRY: container credentials: '
end
start_standin
unset AWS_CONTAINER_CREDENTIALS_FULL_URI

# --- Web identity ---

export AWS_ENDPOINT_URL_STS=$url AWS_WEB_IDENTITY_TOKEN_FILE=$work/token AWS_ROLE_ARN=arn:aws:iam::000000000000:role/ticker
set_standin '{"web_tokens": ["first", "second"], "lifetime": 2}'
printf 'first\n' >"$work/token"
begin
look_for '^web identity ASIATEMP$'
printf 'second\n' >"$work/token"
set_standin '{"web_tokens": ["second"], "keys": {"id": "SECOND", "secret": "tempsecret", "token": "temptoken"}}'
sleep 1.3
look_for '^web identity SECOND$'
end
printf 'expired-token' >"$work/token"
once '^TICKER_FATAL: web identity .*ExpiredTokenException.*still running'
printf 'bad-token' >"$work/token"
once '^TICKER_FATAL: .*InvalidIdentityToken'
printf 'second' >"$work/token"
AWS_ROLE_ARN=arn:aws:iam::000000000000:role/other once '^TICKER_FATAL: .*AccessDenied.*trust policy'
curl -sf -d '[{"match": "STS", "status": 503, "count": 2}]' "$url/_test/faults" >/dev/null
once '^web identity SECOND$'
curl -sf -d '[{"match": "STS", "status": 400, "code": "IDPCommunicationError", "count": 1}]' "$url/_test/faults" >/dev/null
once '^web identity SECOND$'
curl -sf -d '[{"match": "STS", "half": "response", "count": 1}]' "$url/_test/faults" >/dev/null
once '^web identity SECOND$'
rm "$work/token"
once "^TICKER_FATAL: $work/token: .*does not exist"

# --- Profiles ---

cat >"$work/config" <<'END'
[profile process]
credential_process = /bin/sh -c 'echo tempsecret >&2; printf "{\"Version\": 1, \"AccessKeyId\": \"PROCESS\", \"SecretAccessKey\": \"tempsecret\"}"'
[profile failing]
credential_process = /bin/sh -c 'echo tempsecret >&2; exit 7'
END
printf '[keys]\naws_access_key_id = FILE\naws_secret_access_key = tempsecret\n' >"$work/credentials"
AWS_PROFILE=keys once '^profile FILE$'
AWS_PROFILE=process once '^process PROCESS$'
AWS_PROFILE=failing once "^TICKER_FATAL: $work/config: .*status 7; .*standard error"

# --- What no answer may say ---

! grep -E 'tempsecret|temptoken|Bearer-of-tests|wrong-one' "$work/answers" || fail "a secret is shown"
[ "$(grep -c . "$work/answers")" -ge 36 ] || fail "only $(grep -c . "$work/answers") answers"
echo "ok 1 - $(grep -c . "$work/answers") looks for keys"
