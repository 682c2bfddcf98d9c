#!/usr/bin/env bash
# What is no quote file is refused with one clear line, soon, and leaves nothing behind but a ledger row.
# shellcheck source-path=SCRIPTDIR source=common.sh
. "$(dirname "$0")/common.sh"

refused() { # PATTERN FILE [FLAG...]
    fresh sqlite
    expect 1 import "${@:3}" "$2"
    one_line_error "$1"
    expect_error "^ticker-cli: $2"
    is "$(sql 'SELECT count(*) FROM quotes')" 0 "rows of $2"
    is "$(sql 'SELECT count(*) FROM trades')" 0 "rows of $2"
    expect 1 inspect --json "${@:3}" "$2"
    check get out complete | grep -qx false || fail "$2 is complete"
}

quotes_file good.txt 50
trades_file trades.txt 50
: >empty.txt
printf '<!DOCTYPE html>\n<html><body>Arquivo inexistente</body></html>\n' >page.html
printf '{"error": "not found"}' >answer.json
head -c 300000 /dev/urandom >noise.bin
head -c 5000000 /dev/zero >zero.bin
head -c 5000000 /dev/zero | tr '\0' 'A' >endless.txt
head -c 200 good.txt >only_header_part.txt
head -n 1 good.txt >only_header.txt
head -n 1 trades.txt >only_columns.txt
printf 'PK\003\004garbage' >broken.zip
printf '\037\213\010garbage' >broken.gz
gzip -k good.txt
head -c 700 good.txt.gz >cut.gz
python3 - <<'END'
import gzip, random, zipfile
def pack(path, name, data):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, data)
good = open("good.txt", "rb").read()
header = good[:247]
row = good[247:494]
pack("good.zip", "good.txt", good)
whole = open("good.zip", "rb").read()
open("cut.zip", "wb").write(whole[:len(whole) // 2])
data = bytearray(whole)
data[len(data) // 3] ^= 0x55
open("flipped.zip", "wb").write(bytes(data))
# 300 MB of one row in some hundred kilobytes.
with zipfile.ZipFile("bomb.zip", "w", zipfile.ZIP_DEFLATED) as archive:
    with archive.open("bomb.txt", "w", force_zip64=True) as member:
        member.write(header)
        for _ in range(1200):
            member.write(row * 1000)
with gzip.open("bomb.gz", "wb") as member:
    member.write(header)
    for _ in range(1200):
        member.write(row * 1000)
# A zip of zeros in a zip of zeros.
pack("zeros.zip", "zeros", bytes(30_000_000))
pack("zeros2.zip", "zeros.zip", open("zeros.zip", "rb").read())
with zipfile.ZipFile("crowd.zip", "w") as archive:
    for i in range(3000):
        archive.writestr(f"__MACOSX/{i}", b"")
END

refused "" empty.txt
refused "" page.html
refused "" answer.json
refused "" noise.bin
refused "" zero.bin
refused "" endless.txt
refused "" only_header_part.txt
refused "" only_header.txt
refused "" broken.zip
refused "" broken.gz
refused "" cut.gz
refused "" cut.zip
refused "" flipped.zip
refused "" crowd.zip
refused "ratio|expand|grow|bomb|times" bomb.zip
refused "ratio|expand|grow|bomb|times" bomb.gz
refused "" zeros.zip
refused "" zeros2.zip
refused "max-input-bytes|larger|limit" good.txt --max-input-bytes 4KiB
refused "nest" good.zip --max-nesting 0
# A file of one format named as the other one.
refused "" good.txt --format trades
refused "" trades.txt --format cotahist
# A device, a directory within a directory, a file that may not be read.
expect 1 import /dev/null
mkdir -p outer/inner
expect 1 import outer
expect_error "no file"
if [ "$(id -u)" -ne 0 ]; then
    cp good.txt closed.txt
    chmod 0 closed.txt
    expect 1 import closed.txt
    one_line_error "Permission denied"
fi
echo "hostile inputs"
