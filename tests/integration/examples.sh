#!/usr/bin/env bash
# The examples, compiled against the installed library as their first comment says, and run: on a made-up file and on files written
# here by hand, whose answers are known.
#
#   TICKER_PREFIX   where the library is installed; scripts/test sets it. Without it the test is skipped.
wants_postgres=1
command -v radosgw >/dev/null && wants_aws=yes
: "${TICKER_PREFIX:=}"
[ -n "$TICKER_PREFIX" ] || { echo "SKIPPED: TICKER_PREFIX names no installed library"; exit 77; }
TICKER_CLI=$TICKER_PREFIX/bin/ticker-cli
export TICKER_PREFIX TICKER_CLI
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

package=$(find "$TICKER_PREFIX" -name tickerimport.pc -print -quit)
[ -n "$package" ] || fail "there is no tickerimport.pc below $TICKER_PREFIX"
PKG_CONFIG_PATH=$(dirname "$package")${PKG_CONFIG_PATH:+:$PKG_CONFIG_PATH}
LD_LIBRARY_PATH=$(dirname "$(dirname "$package")")${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
export PKG_CONFIG_PATH LD_LIBRARY_PATH

compiled=0
for source in "$here"/../../examples/*.c; do
    name=$(basename "$source" .c)
    # shellcheck disable=SC2046 # the flags are words
    "${CC:-cc}" -Wall -Wextra -Werror "$source" -o "$name" $(pkg-config --cflags --libs tickerimport) || fail "$name does not compile"
    compiled=$((compiled + 1))
done
is "$compiled" 9 "examples"

# CODE PROGRAM ARGUMENT...: its output is in the files out and err.
run() {
    local wanted=$1 code=0
    shift
    "$@" >"$work/out" 2>"$work/err" || code=$?
    [ "$code" -eq "$wanted" ] || fail "$*: exit $code, not $wanted"
}

# DAY BDI TICKER MARKET NAME ESPECI PRAZOT OPEN HIGH LOW AVERAGE CLOSE BID ASK TRADES VOLUME TURNOVER ISIN: a record of COTAHIST.
record() {
    printf '01%8s%2s%-12s%3s%-12s%-10s%3s%-4s' "$1" "$2" "$3" "$4" "$5" "$6" "$7" 'R$'
    printf '%013d%013d%013d%013d%013d%013d%013d%05d%018d%018d' "$8" "$9" "${@:10:8}"
    printf '%013d%1s%8s%07d%013d%-12s%3s\r\n' 0 0 99991231 1 0 "${18}" 123
}

{
    printf '%-245s\r\n' '00COTAHIST.2024BOVESPA 20241108'
    record 20241108 02 PETR4 010 PETROBRAS 'PN      N2' '' 3600 3650 3590 3621 3642 3641 3642 41234 70000100 253470362100 BRPETRACNPR6
    record 20241108 02 VALE3 010 VALE 'ON      NM' '' 6100 6199 6001 6100 6150 0 6151 29 1000 6100000 BRVALEACNOR0
    record 20241107 02 PETR4 010 PETROBRAS 'PN      N2' '' 3500 3610 3499 3550 3600 3600 3601 12 200 710000 BRPETRACNPR6
    record 20241107 02 VALE3 010 VALE 'ON      NM' '' 6000 6099 5901 6000 6050 0 0 7 1100 6600000 BRVALEACNOR0
    printf '99COTAHIST.2024BOVESPA 20241108%011d%203s\r\n' 6 ''
} >hand.txt
is "$(stat -c %s hand.txt)" $((6 * 247)) "bytes of the fixture"
cat >trades.txt <<'END'
DataReferencia;CodigoInstrumento;AcaoAtualizacao;PrecoNegocio;QuantidadeNegociada;HoraFechamento;CodigoIdentificadorNegocio;TipoSessaoPregao;DataNegocio;CodigoParticipanteComprador;CodigoParticipanteVendedor
2024-11-11;PETR4;0;36,500;100;100000000;10;1;2024-11-11;3;85
2024-11-11;PETR4;0;36,700;200;110000000;20;1;2024-11-11;85;3
2024-11-11;PETR4;0;99,000;900;120000000;30;1;2024-11-11;85;3
2024-11-11;PETR4;2;99,000;900;130000000;30;1;2024-11-11;85;3
END
head -c 700 hand.txt >cut.txt
quotes_file made-up.txt 3000 --year 2024

# 01: one ticker of a file.
run 0 ./01_parse_file hand.txt PETR4
cat >wanted <<'END'
line 2: market 010 date 2024-11-08 open 36.00 high 36.50 low 35.90 close 36.42 volume 70000100 turnover 2534703621.00
line 4: market 010 date 2024-11-07 open 35.00 high 36.10 low 34.99 close 36.00 volume 200 turnover 7100.00
cotahist: 4 records, 0 rejected, 1482 bytes read
2 quotes of PETR4
END
cmp wanted out || fail "01_parse_file"
run 0 ./01_parse_file made-up.txt PETR4
expect_output "^cotahist: 3000 records, 0 rejected, $(stat -c %s made-up.txt) bytes read\$"
expect_output "^$(cut -c 13-24 made-up.txt | grep -c '^PETR4 *$') quotes of PETR4\$"
run 1 ./01_parse_file cut.txt PETR4
one_line_error '^01_parse_file: cut\.txt:3: .*truncated'
run 1 ./01_parse_file missing.txt PETR4
one_line_error 'missing\.txt: cannot open'
run 2 ./01_parse_file

# 02: into SQLite; the second time nothing changes; trades make the quote of a day that no quote file has.
for status in imported duplicate; do
    run 0 ./02_import_sqlite quotes.db PETR4 hand.txt trades.txt
    expect_output "^hand\\.txt: $status, 4 records, 0 rejected, 2024-11-07 to 2024-11-08\$"
    expect_output "^trades\\.txt: $status, 4 records, 0 rejected, 2024-11-11 to 2024-11-11\$"
    expect_output '^PETR4,2024-11-08,010,02,PETROBRAS,PN      N2,,R\$,36\.00,36\.50,35\.90,36\.21,36\.42,36\.41,36\.42,41234,70000100,2534703621\.00,'
    expect_output '^PETR4,2024-11-11,.*,36\.50,36\.70,36\.50,,36\.70,,,2,300,10990\.00,.*,trades,*$'
    expect_output '^3 rows$'
done
is "$(sqlite3 quotes.db 'SELECT count(*) FROM quotes; SELECT count(*) FROM trades; SELECT count(*) FROM imports' | tr '\n' ' ')" '5 4 2 '
run 1 ./02_import_sqlite quotes.db PETR4 cut.txt made-up.txt
expect_output '^cut\.txt: failed, '
expect_output '^made-up\.txt: imported, 3000 records'
one_line_error 'cut\.txt:3: .*truncated'

# 03: into PostgreSQL, when there is one.
run 1 env DATABASE_URL=oracle://nowhere ./03_import_postgres hand.txt
expect_output '^attempt 1: TICKER_FATAL$'
one_line_error 'database URL'
if [ -n "$TICKER_TEST_POSTGRES" ]; then
    fresh postgres
    run 0 ./03_import_postgres hand.txt
    expect_output '^postgresql, schema version 0 of [1-9]'
    expect_output '^attempt 1: TICKER_OK$'
    expect_output '"status":"imported","records":4,"imported":4,"rejected":0,'
    run 0 ./03_import_postgres made-up.txt "$DATABASE_URL"
    expect_output '"records":3000,"imported":3000,'
    is "$(sql 'SELECT count(*) FROM quotes')" 3004 "rows in PostgreSQL"
    run 1 ./03_import_postgres cut.txt
    expect_output '^attempt 1: TICKER_FAILED$'
    expect_error 'truncated'
fi

# 04: bytes of the program's own, plain and compressed.
run 0 ./04_own_source <hand.txt
cat >wanted <<'END'
format cotahist, member "", checked
records 4, tickers 2, trades 41282, volume 70002400, turnover 2534837721.00
market 010: 4
closed after N calls and 1482 bytes
TICKER_OK
END
sed -i 's/after [0-9]* calls/after N calls/' out
cmp wanted out || fail "04_own_source"
gzip -k made-up.txt
for file in made-up.txt made-up.txt.gz; do
    run 0 ./04_own_source <"$file"
    cp out own
    expect 0 inspect --json "$file"
    for key in tickers trades volume; do
        grep -qE "[ ,]$key $(value "$key")(,|\$)" own || fail "04_own_source: $key of $file"
    done
    grep -qF "turnover $(value turnover | tr -d '"')" own || fail "04_own_source: turnover of $file"
done
run 1 ./04_own_source <cut.txt
expect_output '^TICKER_FAILED$'
run 1 ./04_own_source </dev/null
one_line_error 'empty'

# 05: against the same question asked of the file's columns: 18 digits of the same width compare as texts.
run 0 ./05_own_consumer hand.txt
printf '%s\n' 'PETR4 2024-11-08 2534703621.00' 'VALE3 2024-11-07 66000.00' '2 tickers' >wanted
cmp wanted out || fail "05_own_consumer"
awk 'substr($0, 1, 2) == "01" {
    ticker = substr($0, 13, 12); sub(/ +$/, "", ticker); turnover = substr($0, 171, 18) ""; day = substr($0, 3, 8) ""
    if (turnover > best[ticker] || (turnover == best[ticker] && day < when[ticker])) { best[ticker] = turnover; when[ticker] = day }
}
END { for (ticker in best) print best[ticker], ticker, when[ticker] }' made-up.txt | LC_ALL=C sort -k1,1r -k2,2 >sorted
{
    head -n 10 sorted | sed -E 's/^0*([0-9]+)([0-9]{2}) (.*) ([0-9]{4})([0-9]{2})([0-9]{2})$/\3 \4-\5-\6 \1.\2/'
    echo "$(wc -l <sorted) tickers"
} >wanted
run 0 ./05_own_consumer made-up.txt
cmp wanted out || fail "05_own_consumer: $(diff wanted out | head -n 4)"
run 1 ./05_own_consumer trades.txt
one_line_error 'no file of quotes'
run 1 ./05_own_consumer hand.txt cut.txt
[ ! -s out ] || fail "05_own_consumer printed something of a file that is cut off"

# 06 and 07: files are uploaded without keys, S3 tells the queue of them, with and without the envelope of SNS, and they are read.
run 2 ./06_presign_upload put bucket
run 2 ./07_consume_events queue
if [ -n "${TICKER_TEST_AWS:-}" ]; then
    "$here/../services/aws" provision "$TICKER_TEST_AWS" examples-bucket examples-topic examples >"$work/out" 2>"$work/err" ||
        fail "the stand-ins were not provisioned"
    run 0 ./06_presign_upload put examples-bucket in/hand.txt hand.txt
    expect_output "^s3://examples-bucket/in/hand\\.txt: 1482 bytes, ETag $(md5sum hand.txt | cut -c 1-32)\$"
    run 0 ./06_presign_upload put examples-bucket 'in/São Paulo+50%.gz' made-up.txt.gz
    : >empty.txt
    run 0 ./06_presign_upload put examples-bucket in/empty.txt empty.txt
    run 1 ./06_presign_upload put examples-no-bucket in/hand.txt hand.txt
    # shellcheck disable=SC2016 # S3 puts the name in
    run 0 ./06_presign_upload post examples-bucket 'in/${filename}'
    cp out form.json
    # The fields of the form, then the file, as a browser sends them. Without a signature in the head Ceph cannot know the account,
    # so it wants it before the bucket's name.
    python3 - form.json >form.curl <<'END'
import json, sys
form = json.load(open(sys.argv[1]))
print('url = "%s"' % form['url'].replace('/examples-bucket', '/000000000000:examples-bucket'))
for name, value in form['fields'].items():
    print('form-string = "%s=%s"' % (name, value.replace('\\', '\\\\').replace('"', '\\"')))
END
    curl -sS --fail --noproxy '*' --config form.curl --form 'file=@trades.txt' >"$work/out" 2>"$work/err" || fail "the form was not taken"
    for queue in examples examples-raw; do
        run 0 ./07_consume_events "$queue" examples-bucket 3
        sort out >sorted
        cat >wanted <<'END'
  cotahist: checked, 3000 records, N tickers
  cotahist: checked, 4 records, 2 tickers
  trades: checked, 4 records, 1 tickers
5 messages, 3 objects read, 0 messages left
in/São Paulo+50%.gz: N bytes
in/empty.txt: ObjectCreated:Put, nothing to read
in/hand.txt: 1482 bytes
in/trades.txt: N bytes
test event
END
        sed -i -E 's/(3000 records, )[0-9]+/\1N/; s/(gz|trades\.txt): [0-9]+ bytes/\1: N bytes/' sorted
        diff <(sort wanted) sorted >"$work/out" || fail "07_consume_events $queue"
        run 0 ./07_consume_events "$queue" examples-bucket 0
        expect_output '^0 messages, 0 objects read, 0 messages left$'
    done
    # A file that is cut off, a bucket that is not ours and a message that is no event stay in the queue.
    run 0 ./06_presign_upload put examples-bucket in/cut.txt cut.txt
    run 1 ./07_consume_events examples examples-bucket 3
    expect_output '^1 messages, 0 objects read, 1 messages left$'
    one_line_error 'in/cut\.txt: .*truncated'
    run 1 ./07_consume_events examples-raw other-bucket 3
    one_line_error 'is in bucket examples-bucket, which is not ours'
    run 1 ./07_consume_events examples-none examples-bucket 0
    one_line_error 'examples-none: '
else
    echo "without stand-ins for AWS: 06 and 07 were only compiled"
fi
# 08: once from the database, then from memory; with an argument the last close, which the program computes itself.
printf '%s\n' PETR4 PETR4 NONE3 >questions
DATABASE_URL=sqlite:quotes.db run 0 ./08_cached_query close <questions
sed -E 's/tag [0-9a-f]{32}, [0-9]+ bytes/tag T, N bytes/' out >answers
rows=$(sqlite3 quotes.db "SELECT count(*) FROM quotes WHERE ticker = 'PETR4'")
cat >wanted <<END
PETR4 database $rows rows, tag T, N bytes
PETR4 close 36.70
PETR4 cache $rows rows, tag T, N bytes
PETR4 close 36.70
NONE3 unknown
NONE3 close$(printf ' ')
END
diff wanted answers >"$work/err" || fail "08_cached_query"
run 1 env DATABASE_URL=oracle://nowhere ./08_cached_query <questions
expect_error 'database URL'

# 09: what was uploaded, once and until it is told to end.
export DATABASE_URL=sqlite:$work/worker.db STORAGE_URL=file://$work/uploads
expect 0 upload hand.txt trades.txt
run 0 ./09_own_worker once
expect_output '/hand\.txt: imported, 4 rows$'
expect_output '/trades\.txt: imported, [1-9] rows$'
expect 0 upload cut.txt
run 1 ./09_own_worker once
expect_error 'a dead letter: .*cut\.txt:3: .*truncated'
expect_output '^0 rows$'
run 2 ./09_own_worker twice
run 1 env QUEUE_URL=ftp://nowhere ./09_own_worker
expect_error 'queue URL'
./09_own_worker >"$work/out" 2>"$work/err" &
example=$!
sleep 0.5
kill -TERM "$example"
wait "$example" || fail "09_own_worker did not end well"
expect_output '^0 rows$'

echo "ok 1 - examples"
