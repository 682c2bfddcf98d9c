#!/usr/bin/env bash
# A file cut off at every byte: it imports completely or is refused. Never a crash, never half a file.
. "$(dirname "$0")/common.sh"

quotes_file quotes.txt 3 --day 2024-11-08
trades_file trades.txt 4
gzip -9 -k quotes.txt
python3 - <<'END'
import zipfile
with zipfile.ZipFile("quotes.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    archive.write("quotes.txt")
END

# FILE ROWS: what each cut of it does; prints how many were taken and refused.
every_cut() {
    local file=$1 rows=$2 size taken=0 refused=0 code count length
    size=$(wc -c <"$file")
    fresh sqlite
    for ((length = 0; length < size; length++)); do
        head -c "$length" "$file" >piece
        code=0
        cli import --json piece >out 2>err || code=$?
        count=$(sql 'SELECT (SELECT count(*) FROM quotes) + (SELECT count(*) FROM trades)')
        case $code in
        0)
            [ "$count" -eq "$rows" ] || fail "$file cut at $length of $size: $count rows of $rows"
            taken=$((taken + 1))
            fresh sqlite
            ;;
        1)
            # An archive cut behind a whole member: that one is in, and says so; what follows it is what failed.
            if [ "$count" -eq "$rows" ] && grep -q '"status":"imported"' out; then
                [ "$file" = quotes.zip ] || fail "$file cut at $length of $size: imported and refused"
                fresh sqlite
                continue
            fi
            [ "$count" -eq 0 ] || fail "$file cut at $length of $size: refused, but $count rows are there"
            refused=$((refused + 1))
            ;;
        *) fail "$file cut at $length of $size: exit $code" ;;
        esac
    done
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
for ((length = 0; length < size; length++)); do
    head -c "$length" trades.txt >piece
    fresh sqlite
    code=0
    cli import --json piece >out 2>err || code=$?
    [ "$code" -le 1 ] || fail "trades cut at $length: exit $code"
    count=$(sql 'SELECT count(*) FROM trades')
    if [ "$code" -eq 1 ]; then
        is "$count" 0 "rows of trades cut at $length, refused, are"
    else
        is "$count" "$(value imported)" "rows of trades cut at $length are"
        whole=$(head -c "$length" trades.txt | tail -n +2 | grep -cE '^([^;]*;){8}[0-9]{4}-[0-9]{2}-[0-9]{2};[0-9]*;[0-9]*' || true)
        [ "$count" -le "$whole" ] || fail "trades cut at $length: $count rows of $whole"
    fi
    [ "$length" -ge "$header" ] || is "$count" 0 "rows of a cut header"
done
echo "trades.txt: $size cuts"
