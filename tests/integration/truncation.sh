#!/usr/bin/env bash
# A file cut off at every byte: it imports completely or is refused. Never a crash, never half a file.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

quotes_file quotes.txt 3 --day 2024-11-08
trades_file trades.txt 4
gzip -9 -k quotes.txt
python3 - <<'END'
import zipfile
with zipfile.ZipFile("quotes.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.write("quotes.txt")
END

rows() {
    sql 'SELECT (SELECT count(*) FROM quotes) + (SELECT count(*) FROM trades)'
}

# FILE ROWS: what each cut of it does; prints how many were taken and refused.
every_cut() {
    local file=$1 wanted=$2 size taken=0 refused=0 code length
    size=$(wc -c <"$file")
    fresh sqlite
    for ((length = 0; length < size; length++)); do
        head -c "$length" "$file" >piece
        code=0
        cli import --json piece >out 2>err || code=$?
        # Rows that a refused cut left behind would show at the next look.
        if [ "$code" -eq 0 ] || { [ "$file" = quotes.zip ] && grep -q '"status":"imported"' out; }; then
            # An archive cut behind a whole member: that one is in, and said so, and what follows it is what failed.
            is "$(rows)" "$wanted" "$file cut at $length of $size: imported, and the rows there are"
            taken=$((taken + 1))
            fresh sqlite
        elif [ "$code" -eq 1 ]; then
            refused=$((refused + 1))
            [ $((length % 50)) -ne 0 ] || is "$(rows)" 0 "$file cut at $length of $size or a little before: refused, and the rows there are"
        else
            fail "$file cut at $length of $size: exit $code"
        fi
    done
    [ ! -e "${DATABASE_URL#sqlite:}" ] || is "$(rows)" 0 "$file: rows of refused cuts"
    echo "$file: $taken cuts imported completely, $refused refused"
    [ "$refused" -gt $((size / 2)) ] || fail "$file: hardly any cut was refused"
}

every_cut quotes.txt 3
every_cut quotes.txt.gz 3
every_cut quotes.zip 3

# Trades have no trailer: a cut between two rows cannot be seen. What is reported is what is there, and a row cut short is
# never taken for a whole one unless it looks like one.
size=$(wc -c <trades.txt)
header=$(head -n 1 trades.txt | wc -c)
fresh sqlite
for ((length = 0; length < size; length++)); do
    head -c "$length" trades.txt >piece
    code=0
    cli import --json piece >out 2>err || code=$?
    [ "$code" -le 1 ] || fail "trades cut at $length: exit $code"
    if [ "$code" -eq 0 ]; then
        count=$(sql 'SELECT count(*) FROM trades')
        is "$count" "$(grep -o '"imported":[0-9]*' out | cut -d: -f2)" "rows of trades cut at $length are"
        whole=$(tail -n +2 piece | grep -cE '^([^;]*;){8}[0-9]{4}-[0-9]{2}-[0-9]{2};[0-9]*;[0-9]*' || true)
        [ "$count" -le "$whole" ] || fail "trades cut at $length: $count rows of $whole"
        [ "$length" -ge "$header" ] || is "$count" 0 "rows of a cut header"
        fresh sqlite
    fi
done
[ ! -e "${DATABASE_URL#sqlite:}" ] || is "$(sql 'SELECT count(*) FROM trades')" 0 "rows of refused cuts of trades"
echo "trades.txt: $size cuts"
