#!/usr/bin/env bash
# Wrong usage ends with 2 and one line that says what to do; help and version with 0.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

wrong() {
    expect 2 "${@:2}"
    one_line_error "$1"
    [ ! -s out ] || fail "${*:2}: something on standard output"
}
quotes_file good.txt 5

wrong "no command"
wrong 'did you mean "import"' imprt good.txt
wrong 'did you mean "quotes"' quote PETR4
wrong "unknown command \"frobnicate\"" frobnicate
wrong "did you mean --jobs" import --jbos 3 good.txt
wrong "did you mean --on-error" import --on-eror skip good.txt
wrong "unknown flag -z" import -z good.txt
wrong "unknown flag --json" db status --json
wrong "too few arguments" import
wrong "too few arguments" inspect
wrong "too few arguments" db
wrong "too many arguments" db status migrate
wrong "too many arguments" summary PETR4 VALE5
wrong "cannot be \"never-ever\"" import --progress never-ever good.txt
wrong "cannot be \"sometimes\"" import --on-error sometimes good.txt
wrong "cannot be \"pdf\"" quotes PETR4 --format pdf
wrong 'cannot be "0"; use a whole number from 1 to 64' import --jobs 0 good.txt
wrong 'cannot be "65"; use a whole number from 1 to 64' import --jobs 65 good.txt
wrong 'cannot be "4294967296"; use a whole number from 0 to 3' import --max-nesting 4294967296 good.txt
wrong "jobs" import --jobs many good.txt
wrong "takes no value" import --json=yes good.txt
wrong "needs a value" import good.txt --jobs
wrong "s3://bucket/key" import s3:///key
wrong "s3://bucket/key" import "s3://$(printf 'b%.0s' {1..300})/key"
wrong "too few arguments" upload
wrong "STORAGE_URL" upload --storage-url ftp://somewhere good.txt
wrong "aws cannot" aws drop
wrong "no bucket" aws setup
wrong "names no bucket" aws setup --bucket Not_A_Bucket
wrong "queue" aws setup --bucket quotes --queue 'no name'
wrong "max-receives" aws setup --bucket quotes --max-receives 0
wrong "visibility" aws setup --bucket quotes --visibility 43201
wrong "queue cannot" queue purge
wrong "id" queue retry
wrong "id" queue drop --all 7
wrong "takes no id" queue list 7
wrong "limit" queue list --limit 0
wrong "which ticker" quotes
wrong "not both" quotes --all PETR4
wrong "which day" trades PETR4
wrong "from" quotes PETR4 --from 2021-02-30
wrong "to" quotes PETR4 --to yesterday
wrong "limit" quotes PETR4 --limit 0
wrong "market" quotes PETR4 --market ten
wrong "id" imports first
wrong "db cannot" db drop
wrong "no completion" completion tcsh
wrong "no help" help frobnicate
wrong "once" import - - </dev/null
wrong "database URL" import --database-url mysql://somewhere good.txt
DATABASE_URL=mysql://somewhere wrong "database URL" import good.txt

expect 0 help
expect_output "^  import "
expect 0 --help
expect 0 -h
expect 0 help config
expect_output "database_url"
expect 0 --version
expect_output "^ticker-cli [0-9]+\.[0-9]+\.[0-9]+$"
expect 0 -V
commands=$(cli help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
for wanted in import inspect quotes trades summary tickers imports upload db queue aws token completion help; do
    grep -qx "$wanted" <<<"$commands" || fail "no command $wanted"
done
for command in $commands; do
    expect 0 help "$command"
    cp out first
    expect 0 "$command" --help
    cmp -s out first || fail "help $command differs from $command --help"
    expect 0 "$command" -h
    expect_output "^Examples:"
    [ ! -s err ] || fail "help on standard error"
    # An example that the program would not take is no example.
    grep "^  ticker-cli" out | while read -r _ name rest; do
        grep -qx "$name" <<<"$commands" || fail "help $command has an example of \"$name $rest\""
    done
done
# Common flags may stand before the command.
expect 0 --quiet --no-color inspect good.txt
# "--" ends the flags.
quotes_file odd 5
mv -- odd --odd-name
expect 1 import -- --no-such-file
expect_error "no-such-file"
expect 0 inspect -- --odd-name
echo "usage"
