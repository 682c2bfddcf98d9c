#!/usr/bin/env python3
"""Drives the page of a running server with headless Chromium through chromedriver, as a person would.

    page.py URL FOLDER GOOD BAD DATABASE     GOOD: a file to import, BAD: one that is none of B3's; screenshots go to FOLDER.
                                             DATABASE: the server's SQLite file

Only Python's own library: WebDriver is JSON over HTTP.
"""
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request

ELEMENT = "element-6066-11e4-a52e-4f735466cecf"  # the name that WebDriver's standard gives to references
FLAGS = [
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--window-size=1100,1500",
]


class Browser:
    def __init__(self, folder, language, dark=False):
        self.profile = os.path.join(folder, "profile-" + language)
        self.driver = subprocess.Popen(["chromedriver", "--port=0"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                                       start_new_session=True)
        port = None
        for line in self.driver.stdout:
            if "started successfully on port" in line:
                port = line.rstrip().rstrip(".").rsplit(" ", 1)[1]
                break
        if port is None:
            raise SystemExit("chromedriver does not start")
        self.base = f"http://127.0.0.1:{port}"
        flags = [*FLAGS, f"--user-data-dir={self.profile}", f"--lang={language}"]
        if dark:
            flags.append("--force-dark-mode")
        options = {"args": flags, "prefs": {"intl.accept_languages": language}, "binary": shutil.which("chromium")}
        answer = self.call("POST", "/session", {"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL"}}}})
        self.base += "/session/" + answer["sessionId"]

    def call(self, method, path, data=None):
        request = urllib.request.Request(self.base + path, method=method, headers={"Content-Type": "application/json"},
                                         data=None if data is None else json.dumps(data).encode())
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode(errors='replace')[:500]}") from None

    def script(self, text, *arguments):
        return self.call("POST", "/execute/sync", {"script": text, "args": list(arguments)})

    def find(self, selector):
        return self.call("POST", "/element", {"using": "css selector", "value": selector})[ELEMENT]

    def type(self, selector, text):
        self.call("POST", f"/element/{self.find(selector)}/value", {"text": text})

    def click(self, selector):
        self.call("POST", f"/element/{self.find(selector)}/click", {})

    def text(self, selector):
        return self.script("const n = document.querySelector(arguments[0]); return n === null ? '' : n.textContent", selector)

    def wait(self, what, check, seconds=30):
        end = time.monotonic() + seconds
        while True:
            value = check()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {seconds} seconds; the page says: " +
                                     self.script("return document.body.innerText")[:2000])
            time.sleep(0.1)

    def screenshot(self, path):
        import base64
        with open(path, "wb") as file:
            file.write(base64.b64decode(self.call("GET", "/screenshot")))

    def complaints(self):
        """What the console holds: a broken policy shows here, and a script that failed. Answers of 4xx are meant."""
        return [entry["message"] for entry in self.call("POST", "/se/log", {"type": "browser"})
                if "Failed to load resource" not in entry["message"]]

    def close(self):
        try:
            self.call("DELETE", "")
        except (AssertionError, OSError):
            pass
        os.killpg(self.driver.pid, signal.SIGTERM)
        self.driver.wait()


def check(condition, what):
    if not condition:
        raise AssertionError(what)


def passed(number, what):
    print(f"ok {number} - {what}", flush=True)


def state_of(browser, name):
    """The state of the newest upload of that name, as the page's own word for it."""
    return browser.script("""
        for (const item of document.querySelectorAll("#uploads li"))
            if (item.querySelector(".name").textContent === arguments[0])
                return item.querySelector(".state").dataset.state;
        return "";""", name)


def tell(database, statement, *values):
    """Does to the ledger what another process, a worker, would do."""
    with sqlite3.connect(database, timeout=60) as ledger:
        ledger.execute(statement, values)


def progress(browser, bad, database):
    """An import that a worker runs, from its beginning to its end."""
    tell(database, """INSERT INTO import_rows (file, member, format, sha256, bytes, status, records, imported, rejected, repaired, forced,
        error, problems, microseconds, created_at, attempts) VALUES ('far.zip', '', 'trades', '', 0, 'running', 0, 0, 0, 0, 0, '', '[]', 0,
        '2024-01-02T00:00:00.000Z', 1)""")
    bar = "#imports-body tr progress"
    browser.type("#file", bad)  # at its end the page looks at the ledger
    browser.wait("the running import", lambda: browser.text("#imports-body .state") == "Importing", 60)
    check(browser.script("return document.querySelector(arguments[0])", bar) is None, "a bar of what nobody knows")
    browser.script("document.querySelector('#imports-body tr:nth-child(2)').id = 'kept'")
    change = "UPDATE import_rows SET progress_bytes = ?, total_bytes = ?, progress_records = ? WHERE file = 'far.zip'"
    tell(database, change, 999, 4000, 1234)
    browser.wait("the progress", lambda: browser.text("#imports-body td.reason") == "24 %, 1,234 records read")
    check(browser.script("return document.querySelector(arguments[0]).value", bar) == 24, "the bar is elsewhere")
    check(browser.script("return document.querySelector(arguments[0]).getAttribute('aria-label')", bar) == "Import of far.zip",
          "the bar says not what it is of")
    check(browser.script("return document.querySelector('#kept') !== null"), "rows that did not change were replaced")
    tell(database, change, 5000, None, 20000)
    browser.wait("progress of what has no end", lambda: browser.text("#imports-body td.reason") == "20,000 records read")
    check(browser.script("return document.querySelector(arguments[0]).hasAttribute('value')", bar) is False, "the bar shows a value")
    tell(database, """UPDATE import_rows SET status = 'duplicate', duplicate_of = 1, error = 'a newer version of this object was imported',
        progress_bytes = NULL, total_bytes = NULL, progress_records = NULL WHERE file = 'far.zip'""")
    browser.wait("the end", lambda: browser.text("#imports-body .state") == "Already there")
    check(browser.text("#imports-body td.reason") == "A newer version of it is there: import 1", "no reason")
    check(browser.script("return document.querySelector(arguments[0])", bar) is None, "the bar is still there")
    passed(7, "an import of another process is followed with a bar, in percent and records")


def english(folder, url, good, bad, database):
    browser = Browser(folder, "en-US")
    try:
        browser.call("POST", "/url", {"url": url})
        browser.wait("health", lambda: browser.text("#health") == "Ready")
        check(browser.script("return document.documentElement.lang") == "en", "the language is not English")
        browser.wait("an empty ledger", lambda: browser.text("#imports-status") == "Nothing has been imported yet.")
        passed(1, "the page opens in English, with an empty ledger")

        name = os.path.basename(good)
        browser.type("#file", good)
        browser.wait("the import", lambda: state_of(browser, name) == "imported")
        check("rows imported" in browser.text("#uploads li"), "the page does not say how many rows")
        browser.wait("the ledger", lambda: browser.text("#imports-body tr th") == name)
        check(browser.text("#imports-body .state") == "Imported", "the ledger's row says something else")
        passed(2, "a file that is chosen is uploaded and imported, and stands in the ledger")

        browser.type("#file", bad)
        browser.wait("the refusal", lambda: state_of(browser, os.path.basename(bad)) == "failed")
        check(len(browser.text("#uploads li .reason")) > 10, "no reason")
        passed(3, "a file that is none of B3's is refused with a reason: " + browser.text("#uploads li .reason"))

        browser.script("""
            const data = new DataTransfer();
            data.items.add(new File(["quote;of;nothing\\n".repeat(100)], "<img src=x onerror=alert(1)>.txt"));
            const drop = document.getElementById("drop");
            for (const type of ["dragenter", "dragover", "drop"])
                drop.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));""")
        browser.wait("the dropped file", lambda: state_of(browser, "<img src=x onerror=alert(1)>.txt") == "failed")
        check(browser.script("return document.querySelectorAll('#uploads img').length") == 0, "a name was taken for HTML")
        passed(4, "files can be dropped, and their names are only texts")

        browser.type("#file", good)
        browser.wait("the duplicate", lambda: state_of(browser, name) == "duplicate")
        check("import 1" in browser.text("#uploads li"), "the page does not say which import it is")
        passed(5, "the same bytes again are said to be there: " + browser.text("#uploads li"))

        cut = os.path.join(folder, "COTAHIST_A2024_" + "with_a_long_name_" * 4 + "cut_off.TXT")
        with open(good, "rb") as whole, open(cut, "wb") as part:
            part.writelines(whole.readlines()[:-1])
        browser.type("#file", cut)
        browser.wait("the refused import", lambda: browser.text("#imports-body .state") == "Refused")
        check("trailer" in browser.text("#imports-body td.reason"), "the ledger does not say why")
        hidden = browser.script("""
            const view = document.querySelector("#imports-body").closest(".scroll").getBoundingClientRect();
            return document.querySelector("#imports-body td.reason").getBoundingClientRect().right - view.right;""")
        check(hidden < 1, f"the ledger's reasons are {hidden} pixels out of view")
        passed(6, "the ledger says why a file was refused, where it can be seen")
        progress(browser, bad, database)

        ticker = browser.script("""
            const answer = new XMLHttpRequest();
            answer.open("GET", "/api/tickers?limit=1", false);
            answer.send();
            return JSON.parse(answer.responseText)[0].ticker;""")
        browser.type("#q", ticker.lower())
        browser.wait("quotes", lambda: browser.text("#quotes-title") == f"Last quotes of {ticker}")
        check(browser.text("#quotes-body tr th").startswith("20"), "no quotes")
        closes = browser.script("return [...document.querySelectorAll('#quotes-body tr')].map((row) => row.children[6].textContent)")
        days = browser.script("return [...document.querySelectorAll('#quotes-body tr th')].map((cell) => cell.textContent)")
        quotes = json.load(urllib.request.urlopen(f"{url}/api/quotes/{ticker}?order=desc&limit=12"), parse_float=str, parse_int=str)
        check(days == [quote["date"] for quote in quotes], "other days than the API's")
        check([close.replace(",", "") for close in closes] == [quote["close"] for quote in quotes], "other digits than the API's")
        check(len(browser.script("return document.querySelector('#chart:not([hidden]) polyline').getAttribute('points')").split()) > 1, "no chart")
        passed(8, f"{ticker} is found, with {len(days)} quotes and every digit of them")
        browser.script("window.scrollTo(0, 0)")
        browser.screenshot(os.path.join(folder, "page-en.png"))

        browser.script("document.getElementById('file').focus()")
        check(browser.script("return document.activeElement.id") == "file", "the keyboard cannot reach the files")
        unlabelled = browser.script("""
            return [...document.querySelectorAll("input, button, a, svg, [role=region]")].filter((node) => !node.closest("[hidden]") &&
                !(node.labels && node.labels.length > 0) && !node.getAttribute("aria-label") && !node.getAttribute("aria-labelledby") &&
                node.textContent.trim() === "").map((node) => node.outerHTML);""")
        check(unlabelled == [], f"without a name for screen readers: {unlabelled}")
        check(browser.complaints() == [], f"the console says: {browser.complaints()}")
        passed(9, "everything has a name, the keyboard reaches the files, and the console is silent")
    finally:
        browser.close()


def portuguese(folder, url):
    browser = Browser(folder, "pt-BR", dark=True)
    try:
        browser.call("POST", "/goog/cdp/execute", {"cmd": "Emulation.setEmulatedMedia", "params": {
            "features": [{"name": "prefers-color-scheme", "value": "dark"}]}})
        browser.call("POST", "/url", {"url": url})
        browser.wait("health", lambda: browser.text("#health") == "Pronto")
        check(browser.script("return document.documentElement.lang") == "pt-BR", "the language is not Portuguese")
        browser.wait("the ledger", lambda: browser.text("#imports-body tr:last-child .state") == "Importado")
        check("/" in browser.text("#imports-body tr:last-child td:nth-child(6)"), "days are not written as in Brazil")
        left = browser.script("""
            return [...document.querySelectorAll("[data-text]")].filter((node) => node.textContent === "").length;""")
        check(left == 0, "texts are missing")
        back = browser.script("return getComputedStyle(document.body).backgroundColor")
        check(back == "rgb(18, 22, 28)", f"not dark: {back}")
        browser.type("#q", "a")
        browser.wait("tickers", lambda: browser.text("#tickers button"))
        browser.click("#tickers button")
        browser.wait("quotes", lambda: browser.text("#quotes-title").startswith("Últimas cotações de "))
        check("," in browser.text("#quotes-body tr td.number"), "numbers are not written as in Brazil")
        browser.script("window.scrollTo(0, 0)")
        browser.screenshot(os.path.join(folder, "page-pt.png"))
        check(browser.complaints() == [], f"the console says: {browser.complaints()}")
        passed(10, "in Portuguese, and dark where the system is")
    finally:
        browser.close()


def main():
    url, folder, good, bad, database = sys.argv[1:6]
    english(folder, url.rstrip("/"), good, bad, database)
    portuguese(folder, url.rstrip("/"))


if __name__ == "__main__":
    try:
        main()
    except AssertionError as wrong:
        sys.exit(f"FAILED: {wrong}")
