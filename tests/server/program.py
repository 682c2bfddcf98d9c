#!/usr/bin/env python3
"""ticker-server itself over HTTP, FastCGI and CGI: the same answers, with quotes from a database."""
import os
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import wire
from scene import check, main

SERVER, CLI, GENERATE = (os.environ[name] for name in ("TICKER_SERVER", "TICKER_CLI", "TICKER_GENERATE"))
# So that answers name the same request; and what a process makes up for itself.
HEADERS = (("X-Request-Id", "the-same"),)
ROWS = [
    # method, path, headers, body, status
    ("GET", "/health/live", (), b"", 200),
    ("GET", "/", (), b"", 200),
    ("HEAD", "/", (), b"", 200),
    ("GET", "/openapi.yaml", (), b"", 200),
    ("GET", "/api/quotes?limit=7", (), b"", 200),
    ("GET", "/api/quotes?limit=7&order=desc&format=csv", (), b"", 200),
    ("GET", "/api/quotes?limit=3", (("Accept", "text/csv"),), b"", 200),
    ("GET", "/api/quotes?limit=0", (), b"", 400),
    ("GET", "/api/quotes?nonsense=1", (), b"", 400),
    ("GET", "/api/quotes/@", (), b"", 200),
    ("GET", "/api/quotes/@?format=ndjson", (), b"", 200),
    ("HEAD", "/api/quotes/@", (), b"", 200),
    ("GET", "/api/quotes/@/summary", (), b"", 200),
    ("GET", "/api/quotes/NONE", (), b"", 404),
    ("GET", "/api/quotes/%00", (), b"", 400),
    ("GET", "/api/quotes/%ZZ", (), b"", 400),
    ("GET", "/api/tickers?q=@", (), b"", 200),
    ("GET", "/api/imports/1", (), b"", 200),
    ("GET", "/api/imports/99", (), b"", 404),
    ("GET", "/missing", (), b"", 404),
    ("GET", "/" + "x" * 2000, (), b"", 414),
    ("DELETE", "/api/quotes", (), b"", 405),
    ("OPTIONS", "/api/quotes", (), b"", None),
    ("PUT", "/api/quotes/upload/rubbish.txt", (), b"rubbish\n" * 1000, 422),
    ("PUT", "/api/quotes/upload/x.json", (("Content-Type", "application/json"),), b"{}", 415),
]


def compared(answer, but=()):
    status, headers, body, whole = answer.compared()
    return status, [(n, v) for n, v in headers if n not in but], body, whole


def ask_all(http, fcgi, environment, row, ticker):
    method, target, headers, body, status = row
    target, headers = target.replace("@", ticker), HEADERS + headers
    answers = [wire.http(http, method, target, headers, body), wire.fcgi(fcgi, method, target, headers, body)]
    v = dict(environment, **wire.variables(method, target, headers, body))
    answers.append(wire.cgi([SERVER], method, target, body=body, environment=v))
    for answer, transport in zip(answers, ("HTTP", "FastCGI", "CGI")):
        check(answer is not None and answer.whole, f"{method} {target[:60]}: {transport}: {answer}")
        check(status in (None, answer.status), f"{method} {target[:60]}: {transport}: {answer}")
    # HTTP and FastCGI are one process; what a process of its own knows of the data has other tags.
    check(compared(answers[0]) == compared(answers[1]), f"{method} {target[:60]}: {answers[0]} and {answers[1]}")
    check(compared(answers[0], ("etag",)) == compared(answers[2], ("etag",)), f"{method} {target[:60]}: {answers[0]} and {answers[2]}")
    return answers


def fill(folder, environment):
    """A file of quotes in the database, and a ticker of it."""
    with open(folder + "/quotes.txt", "wb") as file:
        subprocess.run([GENERATE, "cotahist", "3000", "-"], stdout=file, check=True)
    subprocess.run([CLI, "import", "--quiet", folder + "/quotes.txt"], env=environment, check=True)
    done = subprocess.run([CLI, "quotes", "--all", "--limit", "1", "--format", "csv"], env=environment, stdout=subprocess.PIPE, check=True,
                          text=True)
    return done.stdout.splitlines()[1].split(",")[0].strip('"')


def the_same_answers_over_all_transports():
    with tempfile.TemporaryDirectory(prefix="ticker-program-") as folder:
        environment = {n: v for n, v in os.environ.items() if n in ("PATH", "LD_LIBRARY_PATH") or n.endswith("SAN_OPTIONS")}
        environment.update(HOME=folder, XDG_DATA_HOME=folder + "/data", XDG_CONFIG_HOME=folder + "/config", TICKER_ACCESS_LOG="none")
        ticker = fill(folder, environment)
        http, fcgi = f"unix:{folder}/http", f"unix:{folder}/fcgi"
        with subprocess.Popen([SERVER, "--listen", http, "--fastcgi", fcgi, "--quiet"], env=environment) as process:
            try:
                end = time.monotonic() + 20
                while not (os.path.exists(folder + "/http") and os.path.exists(folder + "/fcgi")):
                    check(process.poll() is None and time.monotonic() < end, "the server starts")
                    time.sleep(0.05)
                tags = [ask_all(http, fcgi, environment, row, ticker)[0].header("etag") for row in ROWS]
                check(tags[9] is not None, "quotes have a tag")
                for ask, place in ((wire.http, http), (wire.fcgi, fcgi)):
                    answer = ask(place, "GET", f"/api/quotes/{ticker}", HEADERS + (("If-None-Match", tags[9]),))
                    check((answer.status, answer.body) == (304, b""), f"a tag that is current: {answer}")
            finally:
                process.terminate()
                check(process.wait(30) == 0, "it ends well")


main([the_same_answers_over_all_transports])
