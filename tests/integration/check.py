#!/usr/bin/env python3
"""Looks at what ticker-cli printed. Standard library only, no floating point.

check.py inspect EXPECTED.json FILE.json    an inspect --json object against what the independent reader found
check.py quotes  EXPECTED.json FILE.csv     quotes (csv of all columns): the order-free canonical hash
check.py trades  EXPECTED.json FILE.csv SOURCE   trades (rows of the table): the same; SOURCE is the file they came from
check.py ticks   FILE.csv SOURCE            trades (rows of the table) against the NEG_ file SOURCE, field by field
check.py consolidated FILE.csv SOURCE       quotes (csv of all columns) against the consolidated file SOURCE, field by field
check.py reports FILE.csv SOURCE            quotes (csv of all columns) against the price reports (XML) of SOURCE, field by field
check.py json    FILE KEY...                every line is an object with exactly these keys first, in this order
"""
import csv
import gzip
import hashlib
import io
import json
import sys
import xml.etree.ElementTree
import zipfile
from decimal import Decimal

CENTS = ("open", "high", "low", "average", "close", "bid", "ask")


def fail(text):
    sys.exit("check: " + text)


def load(path):
    with open(path, encoding="utf-8") as stream:
        return json.load(stream, parse_float=Decimal)


def same(what, found, wanted):
    if found != wanted:
        fail(f"{what} is {found!r}, not {wanted!r}")


def hash_of(lines):
    digest = hashlib.sha256()
    for line in sorted(lines):
        digest.update(line)
    return digest.hexdigest()


def scaled(text, places):
    """The exact number times ten to `places`, as an integer; 0 for null."""
    if text == "":
        return 0
    value = Decimal(text).scaleb(places)
    if value != value.to_integral_value():
        fail(f"{text} has more than {places} decimals")
    return int(value)


def quote_line(row):
    term = row["term_days"]
    fields = [
        row["date"].replace("-", ""), row["bdi"], row["ticker"], row["market"], row["name"], row["specification"],
        term if term == "" else term.zfill(3), row["currency"],
        *(scaled(row[name], 2) for name in CENTS),
        int(row["trades"]), int(row["volume"]), scaled(row["turnover"], 2), scaled(row["strike"], 2),
        row["correction"] or "0", (row["expiry"] or "9999-12-31").replace("-", ""), int(row["factor"]),
        scaled(row["strike_points"], 6), row["isin"], row["distribution"],
    ]
    return "|".join(str(field) for field in fields).encode("latin-1") + b"\n"


def check_quotes(expected_path, dump_path):
    expected = load(expected_path)
    with open(dump_path, encoding="utf-8", newline="") as stream:
        lines = [quote_line(row) for row in csv.DictReader(stream)]
    same("number of quotes", len(lines), expected["records"])
    if expected["unusual_bytes"].get("0x00"):
        return  # PRAZOT of NUL bytes: kept as blank, which the reader of the expected hash does not do
    same("canonical hash", hash_of(lines), expected["canonical_sorted_sha256"])


def members(data):
    if data[:2] == b"PK":
        archive = zipfile.ZipFile(io.BytesIO(data))
        names = [n for n in sorted(archive.namelist()) if not n.startswith("__MACOSX") and not n.endswith("/")]
        return members(archive.read(names[-1]))
    return gzip.decompress(data) if data[:2] == b"\x1f\x8b" else data


def number(text):
    """Digits of a price without zeros that say nothing: "5,970" and "5.97" are the same."""
    text = text.replace(",", ".")
    return text.rstrip("0").rstrip(".") if "." in text else text


def clock(text):
    """HHMMSSmmm; PostgreSQL leaves out the zeros at the end of a fraction."""
    whole, _, part = text.partition(".")
    return whole.replace(":", "") + part.ljust(3, "0")


def trade_lines(source):
    with open(source, "rb") as stream:
        text = members(stream.read()).decode("utf-8-sig")
    for line in text.split("\n")[1:]:
        line = line.rstrip("\r")
        if line:
            yield line.split(";")


def check_trades(expected_path, dump_path, source):
    """The raw lines hash to what is expected, and the stored rows equal the raw lines field by field."""
    expected = load(expected_path)
    raw = list(trade_lines(source))
    same("hash of the source", hash_of(("|".join(f) + "\n").encode() for f in raw), expected["canonical_sorted_sha256"])
    wanted = sorted((f[0], f[1], f[2], number(f[3]), f[4], f[5], f[6].lstrip("0") or "0", f[7], f[8], f[9].lstrip("0"),
                     f[10].lstrip("0"), f[11] if len(f) > 11 else "") for f in raw)
    with open(dump_path, encoding="utf-8", newline="") as stream:
        found = sorted((row["reference_date"], row["ticker"], row["action"], number(row["price"]), row["volume"],
                        clock(row["time"]), row["trade_id"], row["session"], row["date"],
                        row["buyer"], row["seller"], row["channel"]) for row in csv.DictReader(stream))
    same("number of trades", len(found), len(wanted))
    for left, right in zip(found, wanted):
        same("trade", left, right)


def neg_lines(source):
    with open(source, "rb") as stream:
        for line in members(stream.read()).decode("ascii").splitlines():
            if line and line[:2] not in ("RH", "RT"):
                yield [cell.strip() for cell in line.split(";")]


def whole(text):
    return text.lstrip("0") or "0"


def check_ticks(dump_path, source):
    wanted = sorted((f[0], f[0], f[1], whole(f[2]), number(f[3].lstrip("0").replace(".", "0.", f[3].lstrip("0").startswith("."))),
                     whole(f[4]), clock(f[5]), {"1": "0", "2": "2"}[f[6]], f[10], f[14], f[15], whole(f[16]), whole(f[17]), "1", "")
                    for f in neg_lines(source))
    with open(dump_path, encoding="utf-8", newline="") as stream:
        found = sorted((r["date"], r["reference_date"], r["ticker"], r["trade_id"], number(r["price"]), r["volume"],
                        clock(r["time"]), r["action"], r["buyer_aggressor"], r["seller_aggressor"], r["cross_trade"], r["buyer"],
                        r["seller"], r["session"], r["channel"]) for r in csv.DictReader(stream))
    same("number of trades", len(found), len(wanted))
    for left, right in zip(found, wanted):
        same("trade", left, right)


CONSOLIDATED = {
    "RptDt": "date", "TckrSymb": "ticker", "ISIN": "isin", "SgmtNm": "segment", "MinPric": "low", "MaxPric": "high",
    "TradAvrgPric": "average", "LastPric": "close", "OscnPctg": "oscillation", "AdjstdQt": "settlement",
    "AdjstdQtTax": "settlement_tax", "RefPric": "reference_price", "TradQty": "trades", "FinInstrmQty": "volume",
    "NtlFinVol": "turnover",
}
MARKETS = {"CASH": "010", "ODD LOT": "020", "EQUITY CALL": "070", "EQUITY PUT": "080"}


def plain(text):
    """An exact number without zeros that say nothing; any other text as it is."""
    text = text.replace(",", ".")
    return str(Decimal(text).normalize() + 0) if text.lstrip("-").replace(".", "").isdigit() else text


def check_consolidated(dump_path, source):
    with open(source, "rb") as stream:
        lines = members(stream.read()).decode("latin-1").splitlines()
    rows = list(csv.DictReader(lines[lines[0].startswith("Status"):], delimiter=";"))
    wanted = sorted([plain(row[name]) for name in CONSOLIDATED] + [MARKETS.get(row["SgmtNm"], "")] for row in rows)
    with open(dump_path, encoding="utf-8", newline="") as stream:
        found = list(csv.DictReader(stream))
    for row in found:
        same("source", row["source"], "consolidated")
        for column, value in row.items():
            if value and column not in ("market", "source", *CONSOLIDATED.values()):
                fail(f"{row['ticker']} has a {column}: {value!r}")
    same("quotes", sorted([plain(row[column]) for column in CONSOLIDATED.values()] + [row["market"]] for row in found), wanted)


REPORTED = {
    "ticker": "TckrSymb", "date": "Dt", "term_days": "DaysToSttlm", "open": "FrstPric", "high": "MaxPric", "low": "MinPric",
    "average": "TradAvrgPric", "close": "LastPric", "bid": "BestBidPric", "ask": "BestAskPric", "trades": "TradQty",
    "volume": "FinInstrmQty", "turnover": "NtlFinVol", "oscillation": "OscnPctg", "settlement": "AdjstdQt",
    "settlement_tax": "AdjstdQtTax", "open_interest": "OpnIntrst",
}
PARTS = {"TradQty": "TxsQty", "FinInstrmQty": "TraddCtrcts"}
PRICED = ("FrstPric", "MaxPric", "MinPric", "TradAvrgPric", "LastPric", "BestBidPric", "BestAskPric", "AdjstdQt", "AdjstdQtTax")


def exact(text):
    return text if text == "" or not text.lstrip("-").replace(".", "").isdigit() else str(Decimal(text).normalize() + 0)


def reported(report):
    """A price report as the row that it should become."""
    found = {element.tag.rpartition("}")[2]: element for element in report.iter()}
    values = {name: (element.text or "").strip() for name, element in found.items()}
    for total, part in PARTS.items():
        parts = [int(values[name]) for name in ("Rglr" + part, "NonRglr" + part) if name in values]
        if total not in values and parts:
            values[total] = str(sum(parts))
    row = {column: exact(values.get(name, "")) for column, name in REPORTED.items()}
    currencies = {found[name].get("Ccy") for name in PRICED if name in found}
    row["currency"] = currencies.pop() if currencies else ""
    row["source"] = "bvbg086"
    return row


def check_reports(dump_path, source):
    with open(source, "rb") as stream:
        root = xml.etree.ElementTree.fromstring(members(stream.read()))
    wanted = [reported(report) for report in root.iter("{urn:bvmf.217.01.xsd}PricRpt")]
    with open(dump_path, encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    columns = [*REPORTED, "currency", "source"]
    for row in rows:
        for column, value in row.items():
            if column not in columns and value != "":
                fail(f"{row['ticker']} has a {column}: {value!r}")
    left = sorted(tuple(exact(row[column]) for column in columns) for row in rows)
    right = sorted(tuple(row[column] for column in columns) for row in wanted)
    same("number of quotes", len(left), len(right))
    for one, other in zip(left, right):
        same("quote", one, other)


def money(cents):
    return f"{cents // 100}.{cents % 100:02d}"


def check_inspect_cotahist(expected, found):
    same("markets", found["markets"], {code: row["records"] for code, row in expected["per_market"].items()})
    same("turnover", found["turnover"], money(expected["total_volume_cents"]))
    same("trades", found["trades"], expected["total_trades"])
    same("volume", found["volume"], expected["total_quantity"])
    same("first_date", found["first_date"], expected["min_date"])
    same("last_date", found["last_date"], expected["max_date"])
    same("tickers", found["tickers"], expected["distinct_tickers"])
    same("declared_records", found["declared_records"], (expected["trailer"] or {}).get("total_registros"))


def check_inspect_trades(expected, found, source):
    live = [f for f in trade_lines(source) if f[2] != "2"]
    turnover = sum((Decimal(f[3].replace(",", ".")) * int(f[4]) for f in live), Decimal(0))
    same("trades", found["trades"], len(live))
    same("volume", found["volume"], sum(int(f[4]) for f in live))
    same("turnover", Decimal(found["turnover"]), turnover)
    same("decimals of turnover", len(found["turnover"].partition(".")[2]) >= 2, True)
    same("first_date", found["first_date"], expected["min_trade_date"])
    same("last_date", found["last_date"], expected["max_trade_date"])
    same("tickers", found["tickers"], expected["instruments"])
    same("markets", found["markets"], {})


def check_inspect_reports(expected, found):
    sums = expected["sums"]
    same("trades", found["trades"], int(sums.get("TradQty", sums["RglrTxsQty"])))
    same("volume", found["volume"], int(sums.get("FinInstrmQty", 0)))
    same("turnover", Decimal(found["turnover"]), Decimal(sums.get("NtlFinVol", 0)))
    same("first_date", found["first_date"], min(expected["trade_dates"]))
    same("last_date", found["last_date"], max(expected["trade_dates"]))
    same("declared_records", found["declared_records"], int(expected["TtlNbOfMsg"]))
    same("complete", found["complete"], True)


def check_inspect_consolidated(expected, found):
    sums = expected["sums"]
    same("trades", found["trades"], int(sums["TradQty"]))
    same("volume", found["volume"], int(sums["FinInstrmQty"]))
    same("turnover", Decimal(found["turnover"]), Decimal(sums["NtlFinVol"]))
    wanted = {MARKETS[name]: count for name, count in expected["segments"].items() if name in MARKETS}
    same("markets", found["markets"], wanted)
    same("declared_records", found["declared_records"], None)
    same("complete", found["complete"], True)


def check_inspect_neg(expected, found, source):
    rows = list(neg_lines(source))
    live = [f for f in rows if f[6] == "1"]
    same("all units", sum(int(f[4]) for f in rows), expected["total_quantity"])
    same("trades", found["trades"], expected["indicators"]["1"])
    same("volume", found["volume"], sum(int(f[4]) for f in live))
    same("turnover", Decimal(found["turnover"]), sum((Decimal(f[3]) * int(f[4]) for f in live), Decimal(0)))
    same("tickers", found["tickers"], expected["instruments"])
    same("declared_records", found["declared_records"], int(expected["trailer"].split()[-1]))
    same("complete", found["complete"], True)


def check_inspect(expected_path, found_path, source):
    expected, found = load(expected_path), load(found_path)
    same("bytes", found["bytes"], expected["file_bytes"])
    same("sha256", found["sha256"], expected["file_sha256"])
    same("format", found["format"], expected["kind"])
    plain = expected["members"][0]["name"] == expected["file"]
    member = found["member"]
    if member is not None and expected["kind"] == "bvbg086":
        member = member.rpartition("/")[2]  # a zip in a zip; the other reader names the inner one's member
    same("member", member, None if plain else expected["member_read"])
    same("records", found["records"], expected["records"])
    if expected["kind"] == "bvbg086":
        same("rejected", found["rejected"], 0)
        check_inspect_reports(expected, found)
        return
    if expected["kind"] in ("neg", "consolidated"):
        same("rejected", found["rejected"], 0)
        if expected["kind"] == "neg":
            check_inspect_neg(expected, found, source)
        else:
            check_inspect_consolidated(expected, found)
        return
    same("rejected", found["rejected"], expected["rejected_count"])
    if expected["kind"] == "cotahist":
        check_inspect_cotahist(expected, found)
    else:
        check_inspect_trades(expected, found, source)
    lines = {problem["line"] for problem in found["errors"]}
    for bad in expected["rejected"]:
        if bad["line"] not in lines:
            fail(f"line {bad['line']} ({bad['why']}) is not among the errors")


def check_json(path, keys):
    with open(path, encoding="utf-8") as stream:
        lines = stream.read().splitlines()
    if not lines:
        fail("no JSON line")
    for line in lines:
        found = list(json.loads(line))
        same("keys", found[:len(keys)], list(keys))


def main():
    arguments = sys.argv[1:]
    commands = {
        "inspect": (check_inspect, 3), "quotes": (check_quotes, 2), "trades": (check_trades, 3),
        "reports": (check_reports, 2), "ticks": (check_ticks, 2), "consolidated": (check_consolidated, 2),
        "json": (lambda path, *keys: check_json(path, keys), None),
    }
    if not arguments or arguments[0] not in commands:
        sys.exit(__doc__)
    function, count = commands[arguments[0]]
    if count is not None and len(arguments) - 1 != count:
        sys.exit(__doc__)
    function(*arguments[1:])


main()
