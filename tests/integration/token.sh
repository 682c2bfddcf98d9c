#!/usr/bin/env bash
# API tokens: printed once, kept as hashes, listed and revoked.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

wrong() {
    expect "$1" "${@:3}"
    one_line_error "$2"
    [ ! -s out ] || fail "${*:3}: something on standard output"
}

wrong 2 "TICKER_TOKENS" token new
export TICKER_TOKENS=$work/tokens
wrong 2 "token cannot" token make
wrong 2 "scopes cannot be" token new --scopes write
wrong 1 "No such file" token list
wrong 1 "not \"a b\"" token new --name "a b"
[ ! -e tokens ] || fail "a refused token left a file"

expect 0 token new --name laptop
first=$(cat out)
[[ $first =~ ^ticker_[A-Za-z0-9_-]{43}$ ]] || fail "what is this: $first"
expect 0 token new --quiet --scopes read,admin
[ ! -s err ] || fail "--quiet and still words"
! grep -qF "${first#ticker_}" tokens || fail "the token itself is in the file"
printf %s "$first" | sha256sum | cut -d' ' -f1 | grep -qFf - tokens || fail "its hash is not in the file"
[ "$(stat -c %a tokens)" = 600 ] || fail "others may read the file"
wrong 1 "already" token new --name laptop
chmod 640 tokens
expect 0 token list
[ "$(awk '$1 == "laptop" { print $2 }' out)" = read,upload ] || fail "$(cat out)"
[ "$(wc -l <out)" = 2 ] || fail "$(cat out)"
expect 0 token list --json
[ "$(jq -r 'select(.name != "laptop") | .scopes' out)" = read,admin ] || fail "$(cat out)"
expect 0 token revoke laptop
[ "$(stat -c %a tokens)" = 640 ] || fail "the file's mode changed"
for mode in 644 640; do
    chmod $mode tokens
    expect 0 token new --tokens tokens --name "mode-$mode"
    [ "$(stat -c %a tokens)" = $mode ] || fail "the file's mode changed from $mode"
    expect 0 token revoke --tokens tokens "mode-$mode"
done
wrong 1 "no token" token revoke laptop
wrong 2 "which token" token revoke
! grep -q laptop tokens || fail "it is still there"

# Many at once: none is lost.
for i in {1..12}; do
    "$TICKER_CLI" token new --quiet --name "robot$i" >/dev/null &
done
wait
[ "$(grep -c '^robot' tokens)" = 12 ] || fail "tokens were lost: $(cat tokens)"

chmod 666 tokens
wrong 1 "everybody may write" token list
