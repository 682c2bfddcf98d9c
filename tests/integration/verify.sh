#!/usr/bin/env bash
# verify: days made from trades against COTAHIST, on both databases; a model that knows nothing of the library says what it must find.
wants_postgres=yes
# shellcheck source-path=SCRIPTDIR source=common.sh
source "$(dirname "$0")/common.sh"

day=2024-11-08
trades_file one.txt 4000 --date $day --cancel 0.05
trades_file two.txt 1500 --date 2024-11-09 --seed 2
# The next day's file lists trades of the day again: some that its own file has, and some that it has not.
{
    cat two.txt
    tail -n +2 one.txt | tr -d '\r' | awk -F';' -v OFS=';' '$3 == 0 && $9 == "2024-11-08" && NR % 40 == 7 { $1 = "2024-11-09"; if (NR % 80 == 7) $5 += 100; print $0 "\r" }'
} >relisted.txt
# One ticker with more trades than COTAHIST can count.
{
    head -n 1 one.txt
    seq 1 100203 | awk '{ printf "2024-11-08;MANY3;0;1,01;1;%09d;%d;1;2024-11-08;3;3\r\n", 100000000 + $1 % 59 * 1000, $1 * 10 }'
} >many.txt
python3 "$here/verify.py" $day cotahist.txt expected.csv one.txt relisted.txt many.txt
[ "$(wc -l <expected.csv)" -gt 60 ] || fail "the model finds too little"
grep -q '^MANY3,' expected.csv && fail "the model finds a difference in the ticker with many trades"

# Digits behind the point that say nothing are left out, as in the model.
found() {
    tail -n +2 "$work/out" | sed -E 's/(\.[0-9]*[1-9])0+(,|$)/\1\2/g; s/\.0+(,|$)/\1/g'
}

for backend in $(backends); do
    fresh "$backend"
    expect 2 verify
    one_line_error 'which day\? give --date'
    expect 1 verify --date $day
    one_line_error "nothing to compare on $day"
    # The order of the imports must not matter: the quotes of the trades are gone at the end.
    if [ "$backend" = sqlite ]; then
        expect 0 import --quiet one.txt cotahist.txt many.txt relisted.txt
    else
        expect 0 import --quiet cotahist.txt one.txt relisted.txt many.txt
    fi
    expect 1 verify --date $day --format csv
    diff <(found) expected.csv || fail "$backend: not what the model finds"
    one_line_error "^ticker-cli: $day: [0-9,]+ tickers compared, $(wc -l <expected.csv | sed -E 's/([0-9])([0-9]{3})$/\1,\2/') differences$"
    expect 1 verify --date $day --both yes --format csv
    diff <(found) <(grep -v ',,\|,$' expected.csv) || fail "$backend: not what both have"
    expect 1 verify --date $day --market 030 --format csv
    [ "$(found | wc -l)" -lt "$(wc -l <expected.csv)" ] || fail "the market does not matter"

    expect 0 verify --date $day --ticker MANY3
    one_line_error "$day: 1 ticker compared, no differences"
    expect 0 verify --date $day --ticker MANY3 --json
    is "$(cat out)" '[]'
    expect 0 verify --date $day --ticker MANY3 --quiet
    [ ! -s err ] || fail "--quiet says something"
    different=$(grep ',open,' expected.csv | head -n 1 | cut -d, -f1)
    expect 1 verify --date $day --ticker "MANY3,$different" --format ndjson
    is "$(text ticker) $(text field)" "$different open"
    expect 1 verify --date $day --ticker ZZZZ4 --json
    is "$(tr -d '\n' <out)" '[{"ticker":"ZZZZ4","field":"trades","trades":null,"cotahist":7}]'
    expect 1 verify --date 2024-11-10
    expect 2 verify --date tomorrow
    expect 2 verify --date $day --both maybe
done
