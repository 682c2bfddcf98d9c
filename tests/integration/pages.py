#!/usr/bin/env python3
"""Pages, candles and summaries against what is worked out here from the rows that SQL shows. Standard library only, no floating point.

pages.py files                       writes quotes.txt, trades.txt and others: made so that keys, terms and cancellations matter
pages.py check QUOTES.csv TRADES.csv asks ticker-cli and compares; the files are dumps of the tables (see pages.sh)
"""
import csv
import datetime
import os
import re
import subprocess
import sys
from decimal import ROUND_HALF_UP, Decimal

CLI = os.environ["TICKER_CLI"]
FEW = os.environ.get("TICKER_TEST_FEW") == "yes"


# --- Files ------------------------------------------------------------------------------------------------------------------------

def quote(day, ticker, market, term, prices, trades, volume, turnover, factor=1):
    out = "01" + day + "02" + ticker.ljust(12) + market + "NAME".ljust(12) + "ON".ljust(10) + term.rjust(3) + "R$  "
    out += "".join(f"{p:013d}" for p in prices + [0, 0]) + f"{trades:05d}{volume:018d}{turnover:018d}{0:013d}0"
    out += f"99991231{factor:07d}{0:013d}BRABCDACNOR1101"
    assert len(out) == 245, len(out)
    return out


def write_file(name, rows):
    head = "00COTAHIST.2020BOVESPA 20200205".ljust(245)
    tail = ("99COTAHIST.2020BOVESPA 20200205" + f"{len(rows) + 2:011d}").ljust(245)
    with open(name, "w", newline="") as file:
        file.write("\r\n".join([head, *rows, tail, ""]))


def write_quotes():
    rows, huge = [], []
    first = datetime.date(2019, 12, 27)
    for i in range(40):
        day = first + datetime.timedelta(days=i)
        if day.weekday() > 4:
            continue
        text = day.strftime("%Y%m%d")
        price = 1000 + i * 7 % 31
        # Sums that pass 64 bits, an ordinary one, and one whose factor changes on the way.
        huge.append(quote(text, "HUGE3", "010", "", [price, price + 9, price - 9, price, price + 1], 99999, 999999999999999999 - i,
                          999999999999999999 - i))
        rows.append(quote(text, "ABCD4", "010", "", [price + 1, price + 12, price - 4, price, price + i % 3], i, 100 * i + 7, 31 * i + 1))
        rows.append(quote(text, "FACT3", "010", "", [price, price, price, price, price], 1, 10, 100, 1000 if i < 9 else 1))
        # Rows that only the term, the market or nothing tells apart.
        for term in ("", "000", "030", "030", "030", "060"):
            n = len(rows)
            rows.append(quote(text, "ABCD4T", "030", term, [price + n % 7, price + n % 5, price - n % 3, price, price + n % 11], 2, 20, 200))
        rows.append(quote(text, "ABCD4T", "010", "", [price - 2, price + 40, price - 40, price, price], 3, 30, 300))
    write_file("quotes.txt", rows)
    for i in range(0, len(huge), 8):  # the totals of one file fit 64 bits
        write_file(f"huge{i}.txt", huge[i:i + 8])


def write_trades():
    """Two files: of 2020-02-06, and of the day after, which lists trades of the day before again."""
    head = ("DataReferencia;CodigoInstrumento;AcaoAtualizacao;PrecoNegocio;QuantidadeNegociada;HoraFechamento;"
            "CodigoIdentificadorNegocio;TipoSessaoPregao;DataNegocio;CodigoParticipanteComprador;CodigoParticipanteVendedor")

    def row(reference, action, price, volume, time, number, session, day="2020-02-06"):
        return f"{reference};WXYZ3;{action};{price // 1000},{price % 1000:03d};{volume};{time:09d};{number};{session};{day};1;2"

    one, two = [head], [head]
    for i in range(400):
        minute = 600 + i // 3 * 2
        time = minute // 60 * 10000000 + minute % 60 * 100000 + i * 37 % 60000
        one.append(row("2020-02-06", 0, 5970 + i * 13 % 101, 100 + i, time, 10 * i + 10, 6 if i % 50 == 9 else 1))
        if i % 11 == 0:
            one.append(row("2020-02-06", 2, 5970 + i * 13 % 101, 100 + i, time + 5, 10 * i + 10, 1))
        if i % 7 == 0:  # the same number in another session, at the same moment
            one.append(row("2020-02-06", 0, 6100, 1, time, 10 * i + 10, 6))
        if i % 17 == 0:  # listed again: counts once
            two.append(row("2020-02-07", 0, 5970 + i * 13 % 101, 100 + i, time, 10 * i + 10, 1))
    for i in range(20):  # listed for the first time on the day after
        two.append(row("2020-02-07", 0, 5000 + i, 3, 170000000 + 1000 * i, 90000 + i, 1))
    two.append(row("2020-02-07", 2, 5003, 3, 170100000, 90003, 1))
    two.append(row("2020-02-07", 0, 6000, 5, 100000000, 10, 1, "2020-02-07"))
    for name, lines in (("trades.txt", one), ("trades2.txt", two)):
        with open(name, "w") as file:
            file.write("\n".join([*lines, ""]))


# --- What is there ----------------------------------------------------------------------------------------------------------------

def read_quotes(name):
    rows = []
    with open(name, newline="") as file:
        for r in csv.reader(file):
            rows.append({"ticker": r[0], "date": r[1], "market": r[2], "term": int(r[3]) if r[3] else -1, "occurrence": int(r[4]),
                         "open": number(r[5]), "high": number(r[6]), "low": number(r[7]), "close": number(r[8]),
                         "trades": int(r[9] or 0), "volume": int(r[10] or 0), "turnover": Decimal(r[11] or 0),
                         "factor": int(r[12]) if r[12] else None})
    return sorted(rows, key=lambda r: (r["date"], r["ticker"].encode(), r["market"], r["term"], r["occurrence"]))


def number(text):
    return Decimal(text) if text else None


def read_trades(name):
    rows = []
    with open(name, newline="") as file:
        for r in csv.reader(file):
            time = (r[2] + ".000")[:12] if "." not in r[2] else r[2].ljust(12, "0")
            rows.append({"ticker": r[0], "date": r[1], "time": time, "price": Decimal(r[3]), "volume": int(r[4]), "id": int(r[5]),
                         "action": int(r[6]), "session": r[7], "reference": r[8]})
    return sorted(rows, key=lambda r: (r["time"], r["id"], r["action"], r["session"], r["reference"]))


# --- What it should be ------------------------------------------------------------------------------------------------------------

def period(interval, date):
    day = datetime.date.fromisoformat(date)
    if interval == "1w":
        day -= datetime.timedelta(days=day.isoweekday() - 1)
    elif interval == "1mo":
        day = day.replace(day=1)
    return day.isoformat()


def some(values):
    return [v for v in values if v is not None]


def quote_candles(rows, interval):
    groups = {}
    for r in rows:
        groups.setdefault((period(interval, r["date"]), r["ticker"].encode()), []).append(r)
    result = []
    for (date, _), group in sorted(groups.items()):
        opens = [r for r in group if r["open"] is not None]
        closes = [r for r in group if r["close"] is not None]
        last = [r["close"] for r in closes if r["date"] == closes[-1]["date"]][0] if closes else None
        factors = {r["factor"] for r in group if r["factor"] is not None}
        days = sorted({r["date"] for r in group})
        result.append([group[0]["ticker"], date, opens[0]["open"] if opens else None, max(some(r["high"] for r in group), default=None),
                       min(some(r["low"] for r in group), default=None), last, sum(r["trades"] for r in group),
                       sum(r["volume"] for r in group), sum((r["turnover"] for r in group), Decimal(0)),
                       factors.pop() if len(factors) == 1 else None, len(days), days[0], days[-1]])
    return result


def counting(rows):
    """The trades of a (ticker, day) that count, by the rules of the day's quote."""
    cancelled = {(r["id"], r["session"]) for r in rows if r["action"] == 2}
    result = []
    for r in rows:
        before = any(o["id"] == r["id"] and o["reference"] < r["reference"] and o["price"] == r["price"] and o["volume"] == r["volume"]
                     for o in rows)
        if r["action"] == 0 and (r["id"], r["session"]) not in cancelled and not (r["reference"] > r["date"] and before):
            result.append(r)
    return sorted(result, key=lambda r: (r["time"], r["id"], r["reference"], r["session"]))


def trade_candles(rows, minutes):
    groups = {}
    for r in rows:
        of_day = int(r["time"][:2]) * 60 + int(r["time"][3:5])
        groups.setdefault(of_day // minutes * minutes, []).append(r)
    result = []
    for start, group in sorted(groups.items()):
        prices = [r["price"] for r in group if r["session"] == "1"]
        result.append([group[0]["ticker"], group[0]["date"], f"{start // 60:02d}:{start % 60:02d}:00.000",
                       prices[0] if prices else None, max(prices, default=None), min(prices, default=None),
                       prices[-1] if prices else None, len(group), sum(r["volume"] for r in group),
                       sum((r["price"] * r["volume"] for r in group), Decimal(0))])
    return result


def summary(rows, first=None):
    all_rows = rows
    rows = [r for r in rows if first is None or r["date"] >= first]
    days = sorted({r["date"] for r in rows})
    volumes = [sum(r["volume"] for r in rows if r["date"] == d) for d in days]
    last = datetime.date.fromisoformat(days[-1])
    year = [r for r in all_rows if datetime.date.fromisoformat(r["date"]) > last - datetime.timedelta(days=364)]
    total = sum(volumes)
    # Rounded by integers, as the sums have more digits than Decimal's own precision.
    average = Decimal((2 * total * 100 + len(days)) // (2 * len(days))).scaleb(-2)
    assert len(str(total)) > 20 or average == (Decimal(total) / len(days)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return [rows[0]["ticker"], first or days[0], days[-1], max(some(r["high"] for r in rows)), max(volumes), min(some(r["low"] for r in rows)),
            [r["close"] for r in rows if r["date"] == days[-1]][0], days[0], days[-1], len(days), total, average,
            max(some(r["high"] for r in year)), min(some(r["low"] for r in year))]


# --- Asking -----------------------------------------------------------------------------------------------------------------------

def ask(*arguments):
    done = subprocess.run([CLI, *arguments, "--format", "csv"], capture_output=True, text=True)
    assert done.returncode == 0, (arguments, done.stderr)
    cursor = re.search(r"--cursor (\S+)", done.stderr)
    return [*csv.reader(done.stdout.splitlines())][1:], cursor and cursor.group(1)


def same(wanted, cell):
    if wanted is None:
        return cell == ""
    return Decimal(cell) == wanted if isinstance(wanted, (Decimal, int)) else cell == wanted


def compare(rows, wanted, what):
    assert len(rows) == len(wanted), (what, len(rows), len(wanted))
    for row, want in zip(rows, wanted):
        assert len(row) == len(want) and all(map(same, want, row)), (what, row, want)


def pages(size, *arguments):
    """All pages of so many rows, one after the other."""
    rows, cursor = [], None
    while True:
        page, following = ask(*arguments, "--limit", str(size), *(["--cursor", cursor] if cursor else []))
        rows += page
        if following is None:
            assert 0 < len(page) <= size, (arguments, len(page))
            return rows
        assert len(page) == size, (arguments, size, len(page))
        assert re.fullmatch(r"c[A-Za-z0-9_-]+", following), following
        cursor = following


def whole_and_pages(wanted, sizes, *arguments):
    """`wanted`, where it is known, in both orders, at once and in pages."""
    for order in ("asc", "desc"):
        rows, cursor = ask(*arguments, "--order", order)
        assert cursor is None and rows
        if wanted is not None:
            compare(rows, wanted if order == "asc" else wanted[::-1], (arguments, order))
        for size in sizes:
            size *= 4 if FEW and size > 10 else 1  # each page is a process
            assert pages(size, *arguments, "--order", order) == rows, (arguments, order, size)
    return rows


def check(quotes, trades):
    quotes, trades = read_quotes(quotes), read_trades(trades)

    def of(ticker):
        return [r for r in quotes if r["ticker"] in ticker.split(",")]

    # Rows: the oracle knows their order, the first run knows their cells.
    for arguments, chosen, sizes in ((["ABCD4T"], of("ABCD4T"), [41]), (["ABCD4T,HUGE3,NONE1"], of("ABCD4T,HUGE3"), [100]),
                                     (["--all"], quotes, [150]), (["--all", "--date", "2020-01-02"], None, [3])):
        rows = whole_and_pages(None, sizes, "quotes", *arguments)[::-1]
        chosen = [r for r in quotes if r["date"] == "2020-01-02"] if chosen is None else chosen
        assert [(r[1], r[0], r[2], r[6]) for r in rows] == [(r["date"], r["ticker"], r["market"], "" if r["term"] < 0 else str(r["term"]))
                                                            for r in chosen], arguments
        assert [Decimal(r[9] or 0) for r in rows] == [r["high"] or 0 for r in chosen], arguments
    whole_and_pages(None, [70], "quotes", "--all", "--market", "030", "--from", "2020-01-10", "--to", "2020-01-31")

    # Candles of quotes.
    for interval in ("1d", "1w", "1mo"):
        whole_and_pages(quote_candles(of("ABCD4T"), interval), [9], "quotes", "ABCD4T", "--interval", interval)
        whole_and_pages(quote_candles(of("HUGE3,FACT3,ABCD4"), interval), [4 if interval == "1mo" else 15], "quotes", "HUGE3,FACT3,ABCD4", "--interval", interval)
        whole_and_pages(quote_candles(quotes, interval), [120 if interval == "1d" else 25], "quotes", "--all", "--interval", interval)
    inside = [r for r in of("HUGE3") if "2020-01-08" <= r["date"] <= "2020-01-22"]
    whole_and_pages(quote_candles(inside, "1w"), [1], "quotes", "HUGE3", "--interval", "1w", "--from", "2020-01-08", "--to", "2020-01-22")

    # Trades and their candles.
    rows = whole_and_pages(None, [190], "trades", "WXYZ3", "--date", "2020-02-06")[::-1]
    of_day = [r for r in trades if r["date"] == "2020-02-06"]
    assert [(r[2], r[5], r[6], r[7], r[10]) for r in rows] == [(r["time"], str(r["id"]), str(r["action"]), r["session"], r["reference"])
                                                               for r in of_day]
    rows, _ = ask("trades", "WXYZ3", "--date", "2020-02-06", "--from", "11:00", "--to", "11:29:59.999")
    assert [r[2] for r in rows] == [r["time"] for r in of_day if "11:00" <= r["time"] < "11:30"] and rows
    trade_rows = counting(of_day)
    for interval, minutes in (("1m", 1), ("5m", 5), ("15m", 15), ("1h", 60)):
        wanted = trade_candles(trade_rows, minutes)
        whole_and_pages(wanted, [70 if minutes < 15 else 7], "trades", "WXYZ3", "--date", "2020-02-06", "--interval", interval)
    # A candle over all of the day is the day's quote.
    day = next(r for r in quotes if r["ticker"] == "WXYZ3" and r["date"] == "2020-02-06")
    prices = [r["price"] for r in trade_rows if r["session"] == "1"]
    assert [day[k] for k in ("open", "high", "low", "close", "trades", "volume", "turnover")] == [
        prices[0], max(prices), min(prices), prices[-1], len(trade_rows), sum(r["volume"] for r in trade_rows),
        sum(r["price"] * r["volume"] for r in trade_rows)]

    # Summaries.
    for ticker in ("HUGE3", "ABCD4", "ABCD4T", "WXYZ3", "LONG3"):
        compare(ask("summary", ticker)[0], [summary(of(ticker))], ticker)
    compare(ask("summary", "LONG3", "--from", "2018-11-01")[0], [summary(of("LONG3"), "2018-11-01")], "LONG3 from")

    whole_and_pages(None, [2], "tickers")
    whole_and_pages(None, [1], "tickers", "ABCD*")
    whole_and_pages(None, [1], "imports")
    whole_and_pages(None, [1], "imports", "--status", "imported")


def write_long():
    """A ticker with a day in many weeks of two years, whose extremes leave the 52 weeks on their last day."""
    first, rows = datetime.date(2017, 1, 3), []
    for i in sorted([*range(0, 728, 7), 358]):  # 358 is the first of the 364 days that end with the last
        day = first + datetime.timedelta(days=i)
        spike = {357: 500, 358: 400, 364: 300}.get(i, 0)
        rows.append(quote(day.strftime("%Y%m%d"), "LONG3", "010", "", [1000, 1100 + spike, 900 - spike, 1000, 1000 + i], 1, 5 + i % 3, 10))
    write_file("long.txt", rows)


if __name__ == "__main__":
    if sys.argv[1] == "files":
        write_quotes()
        write_long()
        write_trades()
    else:
        check(sys.argv[2], sys.argv[3])
