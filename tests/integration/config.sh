#!/usr/bin/env bash
# Options: the flag before the environment before the configuration file before the default.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

quotes_file good.txt 20
count() {
    sqlite3 -batch "$1" 'SELECT count(*) FROM quotes' 2>/dev/null || echo none
}

# The default: in the data folder.
expect 0 import good.txt
is "$(count "$XDG_DATA_HOME/ticker/ticker.db")" 20 "rows in the default database"

# The file alone.
echo "database_url = sqlite:$work/file.db" >given.conf
expect 0 import --config given.conf good.txt
is "$(count file.db)" 20
# The environment before the file.
DATABASE_URL=sqlite:$work/environment.db expect 0 import --config given.conf good.txt
is "$(count environment.db)" 20
# The flag before both.
DATABASE_URL=sqlite:$work/other.db expect 0 import --config=given.conf --database-url "sqlite:$work/flag.db" good.txt
is "$(count flag.db)" 20
[ ! -e other.db ] || fail "the environment was used although there is a flag"
# An empty variable counts as none.
rm file.db
DATABASE_URL='' expect 0 import --config given.conf good.txt
is "$(count file.db)" 20

# The usual place; --config replaces it.
mkdir -p "$XDG_CONFIG_HOME/ticker"
echo "database_url=sqlite:$work/usual.db" >"$XDG_CONFIG_HOME/ticker/config"
expect 0 import good.txt
is "$(count usual.db)" 20
rm -f file.db
expect 0 import --config given.conf good.txt
is "$(count file.db)" 20
# Without XDG_CONFIG_HOME: ~/.config.
rm usual.db
(unset XDG_CONFIG_HOME && expect 0 import good.txt)
is "$(count usual.db)" 20
rm -r "$XDG_CONFIG_HOME"

# Comments, blanks, quotes, CRLF, options without an environment, keys of the other programs.
printf '# a comment\r\n\r\n  database_url  =  "sqlite:%s/odd name#1.db"  \r\non_error = reject\nredis_url = redis://:secret@h/0\naws_region=sa-east-1\nticker_max_upload = 1GiB\n' \
    "$work" >full.conf
expect 0 import --config full.conf good.txt
is "$(count "odd name#1.db")" 20
quotes_file dirty.txt 200 --dirty 0.05
expect 1 import --config full.conf dirty.txt
expect 0 import --config full.conf --on-error skip dirty.txt

# The file to start from: every key once, all of them comments; with the # away the same defaults, which are values that the keys can have.
expect 0 help ticker.conf
cp out sample.conf
[ ! -s err ] || fail "words on standard error"
is "$(grep -cvE '^#|^$' sample.conf || true)" 0 "lines that set something"
is "$(sed -n 's/^#\([a-z0-9_]*\) =.*/\1/p' sample.conf | sort)" "$(cli help config | sed -n '/^Keys:/,/^$/s/^  \([a-z][a-z0-9_]*\)\( .*\)\?$/\1/p' | sort)" "keys"
is "$(sed -n 's/^#[a-z0-9_]* =.*/x/p' sample.conf | grep -c .)" "$(grep -c '^OPTION(' "$here/../../lib/base/options.def")" "number of keys"
is "$(grep -c '^#### ' sample.conf)" 8 "parts"
is "$(awk '{ gsub(/[\x80-\xbf]/, "") } length > 88' sample.conf)" "" "lines that are too long"
grep -B 1 -x '#on_error = skip' sample.conf | grep -q '^# skip|reject: a row that cannot be read' || fail "on_error is not explained"
sed 's/^#\([a-z0-9_]* =\)/\1/' sample.conf >all.conf
rm -r "$XDG_DATA_HOME"
for file in sample.conf all.conf; do
    expect 0 import --config "$file" good.txt
    is "$(count "$XDG_DATA_HOME/ticker/ticker.db")" 20 "rows in the default database, with $file"
done

wrong() {
    printf '%s\n' "$2" >wrong.conf
    expect 2 import --config wrong.conf good.txt
    one_line_error "$1"
}
wrong 'wrong.conf:1: unknown key "databse_url"; did you mean "database_url"' "databse_url = x"
wrong 'wrong.conf:2: unknown key "nonsense_here"' $'# first\nnonsense_here = x'
wrong 'wrong.conf:1: .*key = value' "just words"
wrong 'wrong.conf:1: .*key = value' "= value"
wrong 'wrong.conf:3: .*on-error' $'\n\non_error = maybe'
wrong 'wrong.conf:1: .*jobs' "jobs = several"
expect 2 import --config missing.conf good.txt
one_line_error "missing.conf"
expect 2 import --config . good.txt
one_line_error "directory"
head -c 100000 /dev/zero >zero.conf
expect 2 import --config zero.conf good.txt
one_line_error "zero.conf:1"
# No value of a secret may come out with the message.
printf 'database_url = postgres://user:hunter2@127.0.0.1:1/db\n' >secret.conf
expect 3 import --config secret.conf good.txt
! grep -q hunter2 out err || fail "the password is in a message"
echo "configuration"
