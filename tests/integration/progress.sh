#!/usr/bin/env bash
# The progress line and colours: on a terminal only, within its width, gone in the end.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"
command -v script >/dev/null || { echo "SKIPPED: no script(1)"; exit 77; }

quotes_file big.txt 150000
quotes_file good.txt 10
escape=$(printf '\033')

# COLUMNS COMMAND: what it writes to a terminal of that width.
terminal() {
    TERM=xterm script -qec "stty cols $1; $2" /dev/null >"$work/screen" </dev/null || true
}
cat >slow <<'END'
#!/bin/sh
# The file in pieces, so that there is something to see.
for part in 1 2 3 4 5 6 7; do dd if=big.txt bs=6175000 skip=$((part - 1)) count=1 2>/dev/null; sleep 0.15; done
END
chmod +x slow

fresh sqlite
terminal 100 "./slow | $TICKER_CLI import -"
tr '\r' '\n' <screen | grep -qE "MB/s.*records/s" || fail "no progress of standard input on a terminal"
fresh sqlite
terminal 100 "$TICKER_CLI import big.txt"
terminal 100 "$TICKER_CLI import --database-url sqlite:other.db --progress always big.txt 2>&1"
grep -q "imported big.txt" screen || fail "no result line"

# Not a terminal: nothing; always: a line; never: nothing.
fresh sqlite
./slow | cli import - >out 2>err
[ ! -s err ] || fail "progress although standard error is no terminal"
fresh sqlite
./slow | cli import --progress always - >out 2>err
grep -q "records/s" err || fail "--progress always shows nothing"
[ "$(tail -c 4 err)" = "$(printf '\r\033[K')" ] || fail "the progress line is not taken away"
fresh sqlite
terminal 100 "./slow | $TICKER_CLI import --progress never - >/dev/null"
[ ! -s screen ] || fail "--progress never shows something"
terminal 100 "./slow | $TICKER_CLI import --quiet --database-url sqlite:quiet.db -"
[ ! -s screen ] || fail "--quiet shows something"
terminal 100 "./slow | TERM=dumb $TICKER_CLI import --database-url sqlite:dumb.db - >/dev/null"
[ ! -s screen ] || fail "progress on a terminal that cannot do it"

# A narrow terminal is not overrun; a percentage when the size is known.
mkfifo pipe
for columns in 30 45 60 132; do
    terminal $columns "$TICKER_CLI inspect --progress always big.txt big.txt big.txt big.txt"
    COLUMNS=$columns check_columns=$columns python3 - <<'END' || fail "a progress line is wider than $columns columns"
import os, re
text = open("screen", encoding="utf-8").read()
lines = re.findall(r"\r([^\r\n]*?)\x1b\[K", text)
assert all(len(line) < int(os.environ["check_columns"]) for line in lines), lines
END
done

# Colours.
terminal 100 "$TICKER_CLI inspect missing.txt"
grep -q "${escape}\[31m" screen || fail "no colour on a terminal"
for plain in "NO_COLOR=1 $TICKER_CLI inspect missing.txt" "$TICKER_CLI --no-color inspect missing.txt" \
    "$TICKER_CLI inspect --no-color missing.txt" "TERM=dumb $TICKER_CLI inspect missing.txt"; do
    terminal 100 "$plain"
    grep -q "missing.txt" screen || fail "no message: $plain"
    ! grep -q "$escape" screen || fail "colour in spite of: $plain"
done
expect 1 inspect missing.txt
! grep -q "$escape" err || fail "colour although standard error is no terminal"

# Standard input that is the terminal is a mistake.
terminal 100 "$TICKER_CLI import - </dev/tty"
grep -q "standard input is the terminal" screen || fail "import - waits for the terminal"
echo "progress and colours"
