#!/usr/bin/env python3
"""Makes a COTAHIST file of a day from trades files, with some things changed, and says what a verification must find.

    verify.py DAY COTAHIST EXPECTED TRADES...

Knows nothing of the library: a trade of the day counts when no row with its ticker, number and session cancels it, and one that a file of
another day lists counts when no earlier file lists its number, price and quantity."""

import collections
import csv
import decimal
import sys

PRICES = ("open", "high", "low", "close")
CENT = decimal.Decimal("0.01")


def read(names, day):
    rows = {}
    for name in names:
        with open(name, newline="") as file:
            for row in csv.DictReader(file, delimiter=";"):
                if row["DataNegocio"] != day:
                    continue
                key = tuple(row[column] for column in ("CodigoInstrumento", "DataReferencia", "TipoSessaoPregao",
                                                       "CodigoIdentificadorNegocio", "AcaoAtualizacao"))
                rows[key] = (decimal.Decimal(row["PrecoNegocio"].replace(",", ".")), int(row["QuantidadeNegociada"]),
                             row["HoraFechamento"], int(row["CodigoIdentificadorNegocio"]))
    return rows


def days(rows, day):
    cancelled = {(ticker, session, number) for ticker, _, session, number, action in rows if action == "2"}
    listings = collections.defaultdict(list)
    for (ticker, reference, _, number, _), (price, volume, _, _) in rows.items():
        listings[ticker, number, price, volume].append(reference)
    counted = collections.defaultdict(list)
    for (ticker, reference, session, number, action), trade in rows.items():
        price, volume, time, order = trade
        if action != "0" or (ticker, session, number) in cancelled:
            continue
        if reference > day and min(listings[ticker, number, price, volume]) < reference:
            continue
        counted[ticker].append((time, order, session, price, volume))
    made = {}
    for ticker, trades in counted.items():
        trades.sort(key=lambda trade: trade[:2])
        regular = [trade[3] for trade in trades if trade[2] == "1"]
        prices = (regular[0], max(regular), min(regular), regular[-1]) if regular else (None,) * 4
        made[ticker] = dict(zip(PRICES, prices), trades=len(trades), volume=sum(trade[4] for trade in trades),
                            turnover=sum(trade[3] * trade[4] for trade in trades))
    return made


def digits(value, size, decimals=0):
    text = str(int((decimal.Decimal(value) * 10 ** decimals).to_integral_value(decimal.ROUND_DOWN)))
    assert len(text) <= size and text.isdigit(), (value, size)
    return text.rjust(size, "0")


def record(day, ticker, market, term, quote, factor):
    prices = [digits(quote[field], 13, 2) for field in ("open", "high", "low")] + [digits(quote["open"], 13, 2),
                                                                                    digits(quote["close"], 13, 2)]
    line = ("01" + day.replace("-", "") + "02" + ticker.ljust(12) + market + "NAME".ljust(12) + "ON".ljust(10) + term +
            "R$  " + "".join(prices) + digits(0, 26) + digits(quote["trades"] % 100000, 5) + digits(quote["volume"], 18) +
            digits(quote["turnover"] / factor, 18, 2) + digits(0, 13) + "0" + "99991231" + digits(factor, 7) +
            digits(0, 13) + "BRXXXXACNOR0" + "100")
    assert len(line) == 245
    return line


def writable(quote):
    return all(quote[field] is not None and quote[field] > 0 for field in PRICES) and quote["turnover"] < 10 ** 16


def near(ours, theirs):
    return ours == theirs or (ours is not None and theirs is not None and abs(ours - theirs) < CENT)


def change(number, quote):
    """What COTAHIST is made to say of the ticker with this number."""
    said = dict(quote)
    for field in PRICES:
        said[field] = said[field].quantize(CENT, decimal.ROUND_DOWN)
    said["turnover"] = said["turnover"].quantize(CENT, decimal.ROUND_DOWN)
    field = ("open", "high", "low", "close", "trades", "volume", "turnover")[number // 7 % 7]
    if number % 7 == 3 and said["open"] > CENT:
        said[field] += 1 if field in ("trades", "volume") else CENT
        if field == "turnover":
            said[field] += CENT
    return said


def main(day, cotahist, expected, *names):
    ours = days(read(names, day), day)
    lines, differences = [], []

    def differs(ticker, field, left, right):
        show = lambda value: "" if value is None else str(value)
        differences.append((ticker, field, show(left), show(right)))

    for number, ticker in enumerate(sorted(ours)):
        quote = ours[ticker]
        if not writable(quote) or number % 11 == 5:
            differs(ticker, "trades", quote["trades"], None)
            continue
        said = change(number, quote)
        factor = 1000 if number % 13 == 4 else 1
        forwards = number % 17 == 6 and said["volume"] > 1 and said["trades"] > 1 and factor == 1
        if forwards:
            first = dict(said, volume=1, trades=1, turnover=CENT)
            second = dict(said, volume=said["volume"] - 1, trades=said["trades"] - 1, turnover=said["turnover"] - CENT,
                          open=said["high"], close=said["low"])
            lines.append(record(day, ticker, "030", "030", first, 1))
            lines.append(record(day, ticker, "030", "060", second, 1))
        else:
            lines.append(record(day, ticker, "010", "   ", said, factor))
        for field in PRICES:
            if not near(quote[field], said[field]) and not (forwards and field in ("open", "close")):
                differs(ticker, field, quote[field], said[field])
        if (quote["trades"] - said["trades"]) % 100000 != 0:
            differs(ticker, "trades", quote["trades"], said["trades"] % 100000)
        if quote["volume"] != said["volume"]:
            differs(ticker, "volume", quote["volume"], said["volume"])
        stored = (said["turnover"] / factor).quantize(CENT, decimal.ROUND_DOWN)
        if not near(quote["turnover"] / factor, stored):
            differs(ticker, "turnover", quote["turnover"] / factor, stored)
    for ticker in ("0NLY3", "ZZZZ4"):
        lines.append(record(day, ticker, "010", "   ",
                            dict.fromkeys(PRICES, decimal.Decimal(5)) | {"trades": 7, "volume": 7, "turnover": 35}, 1))
        differs(ticker, "trades", None, 7)
    lines.reverse()  # a file has any order
    frame = "COTAHIST." + day[:4] + "BOVESPA " + day.replace("-", "")
    with open(cotahist, "w", newline="") as file:
        for line in ["00" + frame, *lines, "99" + frame + digits(len(lines) + 2, 11)]:
            file.write(line.ljust(245) + "\r\n")
    with open(expected, "w") as file:
        for ticker, field, left, right in sorted(differences, key=lambda row: row[0]):
            file.write(f"{ticker},{field},{plain(left)},{plain(right)}\n")


def plain(text):
    """As few digits as the value has, so that 5.10 and 5.100 are the same."""
    if "." not in text:
        return text
    return text.rstrip("0").rstrip(".")


if __name__ == "__main__":
    main(*sys.argv[1:])
