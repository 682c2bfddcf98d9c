#!/usr/bin/env bash
# S3 against a real server: what goes in comes out, of any size and under any key; one version only; nothing is left behind.
wants_aws=yes
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"
: "${TICKER_S3:?names bench/ticker-s3}"

bucket=ticker-s3-$$
part=$((5 * 1024 * 1024))

s3() {
    "$TICKER_S3" --option s3-part-size=5MiB "$@"
}

# CODE ARGUMENT...
expect_s3() {
    local wanted=$1 code=0
    shift
    s3 "$@" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq "$wanted" ] || fail "ticker-s3 $*: exit $code, not $wanted"
}

sum() {
    sha256sum "$@" | cut -d ' ' -f 1
}

proxied() {
    AWS_ENDPOINT_URL_S3=$TICKER_TEST_S3_PROXY "$@"
}

# JSON: the rules of the proxy.
faults() {
    curl -fsS -X POST --data "$1" "$TICKER_TEST_S3_PROXY/_test/faults" >/dev/null
}

# Uploads that nobody ended would be counted and aborted here.
no_uploads() {
    expect_s3 0 abort "$bucket" "" 0
    [ "$(cat out)" = 0 ] || fail "$1: $(cat out) uploads were left behind"
}

buckets() {
    expect_s3 2 head-bucket "$bucket"
    expect_s3 0 make-bucket "$bucket"
    expect_output '^made$'
    expect_s3 0 make-bucket "$bucket"
    expect_output '^there$'
    expect_s3 0 head-bucket "$bucket"
    AWS_ACCESS_KEY_ID=stranger AWS_SECRET_ACCESS_KEY=strangersecret expect_s3 2 head-bucket "$bucket"
    AWS_ACCESS_KEY_ID=stranger AWS_SECRET_ACCESS_KEY=strangersecret expect_s3 2 list "$bucket" "" 0
    expect_error AccessDenied
}

# Paths are never normalised, names never decoded twice.
odd_keys() {
    local key keys=('plain' 'in/a b' 'a+b' 'a%2Bb' '%' 'a//b' '/a' 'a/' 'a/../b' './a' '..' 'a?b=c&d' 'a#b' "it's" '"x"' '<&>' 'a:b@c'
        $'\u00e9\u4e2d\U0001f600' 'a=b;c,d!e*f(g)$' '~._-' 'a\b' '{x}|^`' $'tab\there')
    for key in "${keys[@]}"; do
        printf '%s' "$key" >one
        expect_s3 0 put "$bucket" "odd/$key" one
        expect_s3 0 get "$bucket" "odd/$key" two
        cmp one two || fail "object odd/$key came back as another one"
        expect_s3 0 head "$bucket" "odd/$key"
    done
    expect_s3 0 list "$bucket" odd/ 0
    printf '%s\n' "${keys[@]}" | sort >wanted
    sed -E 's#^[0-9]+ odd/##' out | sort >found
    cmp wanted found || fail "the listing has other keys: $(diff wanted found || true)"
    for key in "${keys[@]}"; do
        expect_s3 0 delete "$bucket" "odd/$key"
        expect_s3 0 delete "$bucket" "odd/$key"
    done
    expect_s3 0 list "$bucket" odd/ 0
    [ ! -s out ] || fail "objects are still there: $(cat out)"
}

sizes() {
    local size
    head -c $((5 * part)) /dev/urandom >random
    for size in 0 1 $((part - 1)) $part $((part + 1)) $((2 * part)) $((5 * part)); do
        head -c "$size" random >one
        expect_s3 0 put "$bucket" size one
        expect_output "^$size [0-9a-f]{32}(-[0-9]+)?$"
        expect_s3 0 get "$bucket" size two
        [ "$(sum one)" = "$(sum two)" ] || fail "$size bytes came back as others"
        # The length is not known beforehand.
        s3 put "$bucket" size - <one >out 2>err || fail "put of $size bytes from a pipe"
        s3 get "$bucket" size - 2>err | cmp - one || fail "$size bytes from a pipe came back as others"
        expect_s3 0 head "$bucket" size
        expect_output "^$size "
    done
    no_uploads sizes
}

# Somebody puts another object there while it is read slowly.
replaced() {
    local code=0
    head -c $((5 * part)) /dev/urandom >one
    head -c $((5 * part)) /dev/urandom >two
    expect_s3 0 put "$bucket" replaced one
    mkfifo slow
    s3 --option s3-concurrency=1 get "$bucket" replaced - >slow 2>err &
    reader=$!
    exec 5<slow
    head -c 100000 <&5 >/dev/null
    s3 put "$bucket" replaced two >/dev/null
    cat <&5 >rest
    exec 5<&-
    wait "$reader" || code=$?
    [ "$code" -eq 3 ] || fail "reading a replaced object: exit $code, not 3"
    expect_error 'was replaced while it was read'
    expect_s3 0 get "$bucket" replaced three
    cmp two three
}

presigned() {
    local url
    head -c 100000 /dev/urandom >one
    url=$(s3 presign PUT "$bucket" 'pre/a b+%' 60)
    curl -fsS -T one "$url" || fail "a presigned PUT was refused"
    url=$(s3 presign GET "$bucket" 'pre/a b+%' 60)
    curl -fsS "$url" | cmp - one || fail "a presigned GET gave something else"
    [ "$(curl -s -o out -w '%{http_code}' "${url}0")" = 403 ] || fail "a wrong signature was taken"
    [ "$(curl -s -o out -w '%{http_code}' -T one "$url")" = 403 ] || fail "the signature for GET was good for PUT"
    url=$(s3 presign GET "$bucket" 'pre/a b+%' 1)
    sleep 2.5
    [ "$(curl -s -o out -w '%{http_code}' "$url")" = 403 ] || fail "an old signature was taken"
}

# FILE KEY: posts a file with the form in form.json and prints the status.
post() {
    python3 - "$1" <<'END' >form.curl
import json, sys
form = json.load(open('form.json'))
for name, value in form['fields'].items():
    print('form-string = "%s=%s"' % (name, value.replace('\\', '\\\\').replace('"', '\\"')))
print('form = "file=@%s"' % sys.argv[1])
print('url = "%s"' % form['url'])
END
    curl -s -o out -w '%{http_code}' -K form.curl
}

# KEY: a form into form.json. The server does not know who posts before it has read the form, so the tenant is named in the address.
make_form() {
    s3 form "$bucket" "$1" 1000 60 >form.json
    sed -i "s#/$bucket\"#/000000000000:$bucket\"#" form.json
}

forms() {
    head -c 1000 /dev/urandom >one
    head -c 1001 /dev/urandom >two
    make_form 'form/a b+%'
    [ "$(post one)" = 204 ] || fail "a form was refused"
    expect_s3 0 get "$bucket" 'form/a b+%' three
    cmp one three
    [ "$(post two)" != 204 ] || fail "a form took a file that is too large"
    sed 's#form/a b#form/c#' form.json >other.json
    mv other.json form.json
    [ "$(post one)" = 403 ] || fail "a form was good for another key"
    # shellcheck disable=SC2016 # the server puts the name in
    make_form 'below/${filename}'
    [ "$(post one)" = 204 ] || fail "a form with the file's name was refused"
    expect_s3 0 get "$bucket" below/one three
    cmp one three
}

many_keys() {
    expect_s3 0 fill "$bucket" many/ 2500
    expect_s3 0 list "$bucket" many/ 0
    seq -f '1 many/%06g' 0 2499 | cmp - out || fail "2,500 objects are not listed as they are"
    expect_s3 0 list "$bucket" many/ 1500
    [ "$(wc -l <out)" -eq 1500 ] || fail "1,500 objects were asked for, $(wc -l <out) came"
    expect_s3 0 list "$bucket" many/0024 0
    [ "$(wc -l <out)" -eq 100 ] || fail "$(wc -l <out) objects of a prefix, not 100"
    expect_s3 0 list "$bucket" none/ 0
    [ ! -s out ]
}

notifications() {
    local topic arn
    for topic in one two; do
        "$here/../services/standins/client.py" sns "$AWS_ENDPOINT_URL" Action=CreateTopic "Name=$bucket-$topic" >/dev/null
    done
    arn=arn:aws:sns:us-east-1:000000000000:$bucket
    expect_s3 0 notifications "$bucket"
    [ ! -s out ]
    expect_s3 0 notify "$bucket" first "$arn-one" in/
    expect_output '^changed$'
    expect_s3 0 notify "$bucket" first "$arn-one" in/
    expect_output '^as it was$'
    expect_s3 0 notify "$bucket" second "$arn-two" ""
    expect_s3 0 notify "$bucket" first "$arn-one" other/
    expect_output '^changed$'
    expect_s3 0 notifications "$bucket"
    sort out >found
    printf '%s\n' "first $arn-one s3:ObjectCreated:* other/" "second $arn-two s3:ObjectCreated:* " | cmp - found ||
        fail "other notifications: $(cat found)"
    expect_s3 1 notify "$bucket" third "$arn-none" ""
    expect_error 'policy has to allow'
}

# That nothing is left could also be said by somebody who cannot see.
left_ones_are_seen() {
    "$here/../services/standins/client.py" s3 POST "$AWS_ENDPOINT_URL_S3/$bucket/left?uploads" >/dev/null
    expect_s3 0 abort "$bucket" "" 3600
    expect_output '^0$'
    expect_s3 0 abort "$bucket" other/ 0
    expect_output '^0$'
    expect_s3 0 abort "$bucket" "" 0
    expect_output '^1$'
    no_uploads "aborting"
}

# A part that is refused again and again, an answer to the beginning that is lost, one to the end, and Control-C.
nothing_is_left() {
    local upload
    head -c $((3 * part)) /dev/urandom >one
    faults '[{"match": "partNumber=2", "status": 500, "code": "InternalError", "count": 100}]'
    proxied expect_s3 3 put "$bucket" left one
    expect_error InternalError
    no_uploads "a part that failed"
    faults '[{"match": "POST .*[?]uploads", "drop": "after", "count": 2}]'
    proxied expect_s3 0 put "$bucket" left one
    no_uploads "a lost beginning"
    faults '[{"match": "POST .*[?]uploadId", "drop": "after", "count": 1}]'
    proxied expect_s3 0 put "$bucket" lost one
    expect_s3 0 get "$bucket" lost two
    cmp one two
    no_uploads "a lost end"
    faults '[{"match": "partNumber=", "delay": 20, "count": 100}]'
    AWS_ENDPOINT_URL_S3=$TICKER_TEST_S3_PROXY "$TICKER_S3" --option s3-part-size=5MiB put "$bucket" stopped one >out 2>err &
    upload=$!
    sleep 1
    kill -INT "$upload"
    SECONDS=0
    code=0
    wait "$upload" || code=$?
    [ "$code" -eq 130 ] || fail "interrupted: exit $code, not 130"
    [ "$SECONDS" -lt 5 ] || fail "it took $SECONDS seconds to stop"
    faults '[]'
    no_uploads "an interrupted upload"
    expect_s3 1 head "$bucket" stopped
}

# A connection that breaks in the middle of a part costs only the rest of it.
resumed() {
    faults '[{"match": "GET /[^?]*$", "half": "response", "count": 6}]'
    proxied expect_s3 0 get "$bucket" lost two
    faults '[]'
    cmp one two
}

what_is_wrong() {
    expect_s3 1 get "$bucket" nothing two
    expect_error NoSuchKey
    expect_s3 2 get "$bucket-none" x two
    expect_error NoSuchBucket
    AWS_SECRET_ACCESS_KEY=wrong expect_s3 2 get "$bucket" size two
    expect_error SignatureDoesNotMatch
    AWS_ENDPOINT_URL_S3=http://127.0.0.1:9 expect_s3 3 get "$bucket" size two
    expect_error 'cannot connect'
    expect_s3 2 put 'a b' x one
    expect_error 'cannot be a bucket'
}

clean_bucket() {
    local key
    expect_s3 0 list "$bucket" "" 0
    expect_s3 1 delete-bucket "$bucket"
    expect_error BucketNotEmpty
    expect_s3 0 empty "$bucket"
    expect_s3 0 delete-bucket "$bucket"
    expect_s3 2 head-bucket "$bucket"
}

for test in buckets odd_keys sizes replaced presigned forms many_keys notifications left_ones_are_seen nothing_is_left resumed \
    what_is_wrong clean_bucket; do
    $test
done
