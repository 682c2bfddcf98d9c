#!/usr/bin/env python3
"""Compares answers of a running server with docs/openapi.yaml: status, media type, headers and the schema of every body.

    responses.py OPENAPI URL FILE...     against a server with an empty database, to which the FILEs are uploaded first
    responses.py --without OPENAPI URL   against a server whose database cannot be reached
    responses.py --token OPENAPI URL TOKEN   against a private server, with a token that may only read
"""
import http.client
import json
import os
import re
import sys
import time
import urllib.parse

import jsonschema
import yaml

BOUNDARY = "a-boundary-of-the-test"


class Description:
    def __init__(self, path):
        # Days in examples stay texts.
        loader = type("Loader", (yaml.SafeLoader,), {})
        loader.yaml_implicit_resolvers = {key: [(tag, expression) for tag, expression in resolvers if "timestamp" not in tag]
                                          for key, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
        with open(path, encoding="utf-8") as file:
            self.root = yaml.load(file, loader)
        self.resolver = jsonschema.RefResolver("", self.root)
        self.seen = set()
        jsonschema.Draft202012Validator.check_schema({"$defs": self.root["components"]["schemas"]})

    def follow(self, node):
        while "$ref" in node:
            node = self.resolver.resolve(node["$ref"])[1]
        return node

    def operation(self, method, path):
        """The operation that a request belongs to: literal paths before those with {…}."""
        for pattern, item in sorted(self.root["paths"].items(), key=lambda pair: pair[0].count("{")):
            if re.fullmatch(re.sub(r"\\{[^/]*\\}", "[^/]+", re.escape(pattern)), path) and method in item:
                return item[method]
        return None

    def check(self, schema, value, what):
        errors = list(jsonschema.Draft202012Validator(schema, resolver=self.resolver, format_checker=jsonschema.FormatChecker())
                      .iter_errors(value))
        if errors:
            error = min(errors, key=lambda one: len(one.absolute_path))
            raise AssertionError(f"{what}: {list(error.absolute_path)}: {error.message[:500]}")


class Client:
    def __init__(self, description, url):
        self.description = description
        self.host = urllib.parse.urlsplit(url).netloc
        self.count = 0

    def ask(self, method, target, body=None, **headers):
        connection = http.client.HTTPConnection(self.host, timeout=60)
        connection.request(method, target, body, {name.replace("_", "-"): value for name, value in headers.items()})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer, data

    def expect(self, status, method, target, body=None, **headers):
        """Asks, and compares all of the answer with what is described. Returns the body, read as JSON where it is."""
        what = f"{method} {target[:100]} {({**headers} if headers else '')}"
        answer, data = self.ask(method, target, body, **headers)
        assert answer.status == status, f"{what}: {answer.status}, not {status}: {data[:300]!r}"
        path = urllib.parse.urlsplit(target).path
        operation = self.description.operation(method.lower(), path)
        assert operation is not None, f"{what}: not described"
        self.description.seen.add((operation["operationId"], str(status)))
        described = operation["responses"].get(str(status))
        assert described is not None, f"{what}: {status} is not described"
        described = self.description.follow(described)
        self.headers(described, answer, what)
        self.count += 1
        return answer, self.body(described, answer, data, what)

    def headers(self, described, answer, what):
        streamed = answer.getheader("Transfer-Encoding") == "chunked"
        for name, header in described.get("headers", {}).items():
            value = answer.getheader(name)
            if value is None:
                assert name == "Link" or (streamed and name in ("ETag", "X-Row-Count")), f"{what}: no {name}"
                continue
            header = self.description.follow(header)
            if header["schema"].get("type") == "integer":
                value = int(value)
            self.description.check(header["schema"], value, f"{what}: {name}")
        assert answer.getheader("X-Content-Type-Options") == "nosniff", f"{what}: no nosniff"

    def body(self, described, answer, data, what):
        content = described.get("content")
        if content is None:
            assert data == b"", f"{what}: a body that is not described"
            return None
        media = answer.getheader("Content-Type").split(";")[0]
        assert media in content, f"{what}: {media} is not described"
        schema = content[media]["schema"]
        if media not in ("application/json", "application/problem+json"):
            return data.decode()
        value = json.loads(data)
        self.description.check(schema, value, what)
        if media == "application/problem+json":
            assert value["status"] == answer.status and value["request_id"] == answer.getheader("X-Request-Id"), f"{what}: {value}"
        return value


def passed(number, what):
    print(f"ok {number} - {what}", flush=True)


def form(name, data, field="file"):
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{field}"; filename="{name}"\r\nContent-Type: text/plain\r\n\r\n'
    return head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


FORM = {"Content_Type": f"multipart/form-data; boundary={BOUNDARY}"}


def upload_all(client, files):
    for number, path in enumerate(files):
        name = os.path.basename(path)
        with open(path, "rb") as file:
            data = file.read()
        if number == 0:
            answer, upload = client.expect(201, "POST", "/api/quotes/upload", form(name, data), **FORM)
        elif number == 1:
            answer, upload = client.expect(201, "PUT", f"/api/quotes/upload/{name}", data)
        else:
            answer, upload = client.expect(201, "PUT", f"/api/quotes/upload?name={name}", data, Content_Type="application/octet-stream")
        assert answer.getheader("Location") == f"/api/imports/{upload['id']}", "the Location is of something else"
        assert upload["file"]["name"] == name and upload["file"]["bytes"] == len(data), upload
        end = time.monotonic() + 60
        while True:
            _, row = client.expect(200, "GET", answer.getheader("Location"))
            if row["status"] not in ("queued", "running"):
                break
            assert time.monotonic() < end, f"the import does not end: {row}"
            time.sleep(0.1)
        assert row["status"] == "imported", row
    passed(1, f"{len(files)} files by form and by body, followed to the end of their imports")
    with open(files[0], "rb") as file:
        data = file.read()
    _, again = client.expect(200, "POST", f"/api/quotes/upload?name={os.path.basename(files[0])}", data, Content_Type="text/plain")
    assert again["id"] == 1, again
    client.expect(200, "PUT", "/api/quotes/upload/again.txt", data)
    client.expect(200, "PUT", "/api/quotes/upload?name=again.txt", data, Content_Type="text/plain")
    passed(2, "the same bytes again are answered with the import that there is")


def csv_columns(client, target):
    _, rows = client.expect(200, "GET", target)
    _, csv = client.expect(200, "GET", target, Accept="text/csv")
    first = rows[0] if isinstance(rows, list) else rows
    assert csv.split("\n")[0].split(",") == list(first), f"{target}: the columns of CSV are not the members of JSON"
    _, lines = client.expect(200, "GET", target, Accept="application/x-ndjson")
    lines = [json.loads(line) for line in lines.splitlines()]
    assert lines == (rows if isinstance(rows, list) else [rows]), f"{target}: NDJSON is not JSON"
    return rows


def pages(client, target):
    """Follows Link to the end; the pages together are what `limit=all` gives."""
    _, whole = client.expect(200, "GET", target + "&limit=all")
    step = max(len(whole) // 3, 1)
    rows, at = [], f"{target}&limit={step}"
    while at is not None:
        answer, page = client.expect(200, "GET", at)
        assert int(answer.getheader("X-Row-Count")) == len(page) <= step, f"{at}: X-Row-Count"
        rows += page
        link = answer.getheader("Link")
        at = re.fullmatch(r'<([^>]+)>; rel="next"', link)[1] if link is not None else None
    assert rows == whole, f"{target}: the pages are not the whole"
    return len(whole)


def data_of(client):
    _, tickers = client.expect(200, "GET", "/api/tickers")
    ticker = tickers[0]["ticker"]
    _, trades = client.expect(200, "GET", "/api/tickers?limit=all")
    quotes = csv_columns(client, f"/api/quotes/{ticker}")
    day = quotes[0]["date"]
    for target in (f"/api/quotes?ticker={ticker}", f"/api/quotes?date={day}&limit=20", f"/api/quotes/{ticker}?interval=1w",
                   f"/api/quotes?ticker={ticker}&interval=1mo&order=desc", f"/api/quotes/{ticker}/summary?from={day}", "/api/tickers?limit=5",
                   f"/api/tickers?q={ticker}", "/api/tickers?pattern=*3", "/api/imports", "/api/imports?status=imported", "/api/imports/1"):
        csv_columns(client, target)
    passed(3, "quotes, candles, summaries, tickers and imports, as JSON, NDJSON and CSV")
    rows = pages(client, f"/api/quotes?date={day}")
    rows += pages(client, f"/api/tickers?market={quotes[0]['market']}")
    passed(4, f"{rows} rows page by page")
    return ticker, day


def trades_of(client, day):
    """The ticker with trades on the day comes from the tickers of that file."""
    _, tickers = client.expect(200, "GET", "/api/tickers?limit=all")
    for one in tickers:
        answer, data = client.ask("GET", f"/api/trades/{one['ticker']}?date={day}&limit=5")
        if answer.status == 200 and json.loads(data):
            csv_columns(client, f"/api/trades/{one['ticker']}?date={day}")
            csv_columns(client, f"/api/trades/{one['ticker']}?date={day}&interval=15m&from=10:00&to=18:00:00")
            rows = pages(client, f"/api/trades/{one['ticker']}?date={day}")
            answer, _ = client.expect(200, "GET", f"/api/trades/{one['ticker']}?date={day}")
            client.expect(304, "GET", f"/api/trades/{one['ticker']}?date={day}", If_None_Match=answer.getheader("ETag"))
            passed(5, f"{rows} trades of {one['ticker']} on {day}, and candles")
            return
    raise AssertionError(f"no trades on {day}")


def conditions(client, ticker):
    for target in (f"/api/quotes/{ticker}", f"/api/quotes?ticker={ticker}", f"/api/quotes/{ticker}/summary", "/api/tickers", "/api/imports",
                   "/api/imports/1", "/openapi.yaml", "/"):
        answer, _ = client.expect(200, "GET", target)
        client.expect(304, "GET", target, If_None_Match=answer.getheader("ETag"))
    client.expect(200, "GET", "/api/tickers", If_None_Match='"another"')
    passed(6, "ETag and If-None-Match")


def refusals(client, ticker, day):
    lists = ["/api/quotes", f"/api/quotes/{ticker}", f"/api/trades/{ticker}?date={day}", "/api/tickers", "/api/imports"]
    for target in [*lists, f"/api/quotes/{ticker}/summary", "/api/imports/1", "/health/live", "/health/ready", "/metrics", "/openapi.yaml", "/"]:
        mark = "&" if "?" in target else "?"
        client.expect(400, "GET", f"{target}{mark}misspelt=1")
        client.expect(414, "GET", f"{target}{mark}x={'x' * 4097}")
        client.expect(431, "GET", target, X_Long="x" * 16384)
    for target in [*lists, f"/api/quotes/{ticker}/summary", "/api/imports/1"]:
        client.expect(406, "GET", target, Accept="image/png")
    for target in lists:
        mark = "&" if "?" in target else "?"
        for wrong in ("limit=0", "limit=10001", "limit=many", "cursor=none", "order=up", "format=pdf"):
            client.expect(400, "GET", f"{target}{mark}{wrong}")
    for wrong in ("from=2024-02-30", "to=soon", "market=10", "interval=1y", "ticker=", "date=1"):
        client.expect(400, "GET", f"/api/quotes?{wrong}")
    client.expect(400, "GET", f"/api/trades/{ticker}")
    client.expect(400, "GET", "/api/imports/first")
    for target in ("/api/quotes/NOSUCH99", "/api/quotes/NOSUCH99/summary", f"/api/trades/NOSUCH99?date={day}", "/api/imports/999999"):
        client.expect(404, "GET", target)
    passed(7, "what cannot be asked for")


def bad_uploads(client):
    for method, target in (("POST", "/api/quotes/upload"), ("PUT", "/api/quotes/upload/x.txt"), ("PUT", "/api/quotes/upload")):
        client.expect(422, method, target, b"no file of B3\n" * 100, Content_Type="text/plain")
        client.expect(415, method, target, b"x" * 100, Content_Type="image/png")
        client.expect(414, method, target + "?name=" + "x" * 4097, b"x")
        client.expect(431, method, target, b"x", X_Long="x" * 16384)
    client.expect(400, "POST", "/api/quotes/upload", form("a.txt", b"x", field="other"), **FORM)
    client.expect(400, "PUT", "/api/quotes/upload/x.txt?other=1", b"x")
    client.expect(400, "PUT", "/api/quotes/upload?other=1", b"x")
    client.expect(413, "POST", "/api/quotes/upload", b"x" * 4_200_000, Content_Type="text/plain")
    client.expect(413, "PUT", "/api/quotes/upload/x.txt", b"x" * 4_200_000)
    client.expect(413, "PUT", "/api/quotes/upload", b"x" * 4_200_000)
    client.expect(403, "POST", "/api/quotes/upload", form("a.txt", b"x"), Origin="http://elsewhere.invalid", **FORM)
    client.expect(501, "POST", "/api/quotes/upload-url", b'{"name":"a.zip","bytes":100}', Content_Type="application/json")
    client.expect(400, "POST", "/api/quotes/upload-url", b'{"bytes":0}', Content_Type="application/json")
    client.expect(413, "POST", "/api/quotes/upload-url", b'{"name":"a.zip","bytes":9000000000000}', Content_Type="application/json")
    client.expect(415, "POST", "/api/quotes/upload-url", b"name", Content_Type="text/plain")
    client.expect(414, "POST", "/api/quotes/upload-url?x=" + "x" * 4097, b"{}")
    client.expect(431, "POST", "/api/quotes/upload-url", b"{}", X_Long="x" * 16384)
    passed(8, "uploads that are refused")


def operations(client):
    client.expect(200, "GET", "/health/live")
    _, ready = client.expect(200, "GET", "/health/ready")
    assert ready["parts"]["database"] == "ready", ready
    _, metrics = client.expect(200, "GET", "/metrics")
    for family in ("ticker_http_requests_total{", "ticker_http_request_duration_seconds_bucket{", "ticker_build_info{", "process_open_fds "):
        assert family in metrics, f"/metrics has no {family}"
    with open("metrics", "w", encoding="utf-8") as file:
        file.write(metrics)
    _, described = client.expect(200, "GET", "/openapi.yaml")
    assert yaml.safe_load(described)["info"] == client.description.root["info"], "/openapi.yaml is another one"
    _, page = client.expect(200, "GET", "/")
    assert page.startswith("<!doctype html>"), page[:100]
    passed(9, "health, metrics, description and page")


# Only faults make these; other tests look at them.
NOT_HERE = {"500", "503", "408", "401", "403"}


def coverage(description, number):
    left = [(operation["operationId"], status) for item in description.root["paths"].values() for operation in item.values()
            for status in operation["responses"] if status not in NOT_HERE and (operation["operationId"], status) not in description.seen]
    # A folder cannot sign requests.
    left = [pair for pair in left if pair != ("presignUpload", "201")]
    assert left == [], f"described, but not seen: {left}"
    passed(number, f"{len(description.seen)} kinds of answers, all that are described")


def everything(description, url, files):
    client = Client(description, url)
    upload_all(client, files)
    ticker, day = data_of(client)
    trades_of(client, re.search(r"\d{4}-\d{2}-\d{2}", files[1])[0])
    conditions(client, ticker)
    refusals(client, ticker, day)
    bad_uploads(client)
    operations(client)
    coverage(description, 10)
    print(f"{client.count} answers compared")


def without_database(description, url):
    client = Client(description, url)
    for target in ("/api/quotes", "/api/quotes/PETR4", "/api/quotes/PETR4/summary", "/api/trades/PETR4?date=2024-11-08", "/api/tickers",
                   "/api/imports", "/api/imports/1", "/health/ready"):
        client.expect(503, "GET", target)
    for method, target in (("POST", "/api/quotes/upload"), ("PUT", "/api/quotes/upload/x.txt"), ("PUT", "/api/quotes/upload")):
        client.expect(503, method, target, b"x" * 100, Content_Type="text/plain")
    client.expect(200, "GET", "/health/live")
    client.expect(200, "GET", "/metrics")
    passed(11, "without a database: 503 and when to come back")


def with_tokens(description, url, token):
    client = Client(description, url)
    bearer = f"Bearer {token}"
    lists = ["/api/quotes", "/api/quotes/PETR4", "/api/quotes/PETR4/summary", "/api/trades/PETR4?date=2024-11-08", "/api/tickers",
             "/api/imports", "/api/imports/1", "/metrics"]
    for target in lists:
        client.expect(401, "GET", target)
        client.expect(401, "GET", target, Authorization="Bearer nonsense")
    client.expect(200, "GET", "/api/tickers", Authorization=bearer)
    for method, target in (("POST", "/api/quotes/upload"), ("PUT", "/api/quotes/upload/x.txt"), ("PUT", "/api/quotes/upload"),
                           ("POST", "/api/quotes/upload-url")):
        client.expect(401, method, target, b"x" * 100)
        client.expect(403, method, target, b"x" * 100, Authorization=bearer)
    for target in ("/health/live", "/health/ready", "/openapi.yaml", "/"):
        client.expect(200, "GET", target)
    passed(12, "with tokens: 401 and 403")


def main():
    if sys.argv[1] == "--without":
        without_database(Description(sys.argv[2]), sys.argv[3])
    elif sys.argv[1] == "--token":
        with_tokens(Description(sys.argv[2]), *sys.argv[3:5])
    else:
        everything(Description(sys.argv[1]), sys.argv[2], sys.argv[3:])


if __name__ == "__main__":
    try:
        main()
    except AssertionError as wrong:
        sys.exit(f"FAILED: {wrong}")
