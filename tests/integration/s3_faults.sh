#!/usr/bin/env bash
# Uploads and downloads through a connection on which anything goes wrong: each object is whole or there is a clear error, and no
# upload is left behind. TICKER_TEST_TRANSFERS says how often (default 20), TICKER_TEST_SEED which faults (default: others each time).
wants_aws=yes
# shellcheck source=common.sh
source "$(dirname "$0")/common.sh"
: "${TICKER_S3:?names bench/ticker-s3}"

rounds=${TICKER_TEST_TRANSFERS:-20}
seed=${TICKER_TEST_SEED:-$RANDOM}
bucket=ticker-faults-$$
part=$((5 * 1024 * 1024))
RANDOM=$seed
echo "rounds $rounds, seed $seed"

faults() {
    curl -fsS -X POST --data "$1" "$TICKER_TEST_S3_PROXY/_test/faults" >/dev/null
}

# PERCENT: about so many requests go wrong, each in a way of its own.
go_wrong() {
    faults "[{\"probability\": 0.$(printf '%02d' "$1"), \"seed\": $RANDOM, \"kind\":
        [\"500\", \"503\", \"slowdown\", \"reset\", \"lost\", \"half-request\", \"half-response\", \"slow\"]},
        {\"probability\": 0.05, \"seed\": $RANDOM, \"match\": \"^GET\", \"slow\": 20000000}]"
}

# ARGUMENT...: one call through the proxy; its exit code is in `code`, and what it says of a failure is one clear line.
call() {
    code=0
    AWS_ENDPOINT_URL_S3=$TICKER_TEST_S3_PROXY timeout 300 "$TICKER_S3" --option s3-part-size=5MiB "$@" >out 2>err || code=$?
    case $code in
    0) ;;
    3)
        [ "$(wc -l <err)" -eq 1 ] || fail "not one line of what went wrong"
        grep -qE 's3://.*(failed|stopped|broke|aborted|did not say)' err || fail "not a clear error"
        ;;
    *) fail "ticker-s3 $*: exit $code" ;;
    esac
}

whole=0
failed=0
count() {
    if [ "$code" -eq 0 ]; then
        whole=$((whole + 1))
    else
        failed=$((failed + 1))
        cat err >>errors
    fi
}

# Whatever was said of the upload: what is there is whole.
round() {
    local key=round-$1 percent=$((2 + RANDOM % 45)) size=$((RANDOM * 700 % (4 * part)))
    dd if=random of=one bs=64K skip=$((RANDOM % 100)) count="${size}B" iflag=fullblock,count_bytes status=none
    go_wrong "$percent"
    if [ $((RANDOM % 2)) -eq 0 ]; then
        call put "$bucket" "$key" one
    else
        call put "$bucket" "$key" - <one
    fi
    count
    faults '[]'
    if "$TICKER_S3" get "$bucket" "$key" two >out 2>err; then
        cmp one two || fail "round $1: the object is another one"
    else
        [ "$code" -ne 0 ] || fail "round $1: the object is not there"
        grep -q NoSuchKey err || fail "round $1: the object cannot be read"
        "$TICKER_S3" put "$bucket" "$key" one >out 2>err || fail "round $1: put without faults"
    fi
    go_wrong "$percent"
    rm -f two
    call get "$bucket" "$key" two
    count
    [ "$code" -ne 0 ] || cmp one two || fail "round $1: other bytes came"
    faults '[]'
    "$TICKER_S3" delete "$bucket" "$key" || fail "round $1: delete"
}

head -c $((5 * part)) /dev/urandom >random
: >errors
"$TICKER_S3" make-bucket "$bucket" >out
for ((i = 0; i < rounds; i++)); do
    round "$i"
done
left=$("$TICKER_S3" abort "$bucket" "" 0)
[ "$left" = 0 ] || fail "$left uploads were left behind"
"$TICKER_S3" delete-bucket "$bucket"
echo "$whole transfers whole, $failed with an error"
sed -E 's/.*: ([A-Za-z]+ failed|the [a-z]+).*\((.*), .*/\1/' errors | cut -c 1-100 | sort | uniq -c
# Three attempts are enough for most of them.
[ "$whole" -gt $((rounds)) ] || fail "too few transfers were whole"
