#!/usr/bin/env python3
"""The table of requests through a real nginx with deploy/nginx/ticker.conf: the same answers as without it; uploads that break off behind
it; answers that cannot be finished; and errors of nginx's own as JSON."""
import gzip
import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import wire
from rows import BIG, TABLE
from scene import Server, check, eventually, main

SERVICE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "services", "nginx")
UPLOAD = "/api/quotes/upload/"
# What nginx adds by itself.
ADDED = {"vary"}


class Nginx:
    def __init__(self, server):
        os.chmod(server.folder, 0o755)
        self.folder = server.folder + "/nginx"
        self.server = server

    def command(self, name, *arguments):
        return subprocess.run([SERVICE, name, self.folder, *arguments], stdout=subprocess.PIPE, text=True, check=True, timeout=60).stdout

    def __enter__(self):
        self.command("check", self.server.socket)
        return self, self.command("start", self.server.socket).strip()

    def __exit__(self, kind, value, trace):
        self.command("remove")


def without_added(answer):
    status, headers, body, whole = answer.compared()
    return status, [(n, v) for n, v in headers if n not in ADDED], body, whole


def without_length(compared):
    """nginx sends an answer of unknown length in chunks and one of known length as it is; HEAD knows neither."""
    status, headers, body, whole = compared
    return status, [(n, v) for n, v in headers if n != "content-length"], body, whole


def the_table_through_nginx():
    with Server() as server, Nginx(server) as (_, address):
        for method, target, headers, body, status, _ in TABLE:
            target = UPLOAD + target[1:] if body else target
            name = f"{method} {target[:60]} ({len(headers)} headers, {len(body)} bytes)"
            through = wire.http(address, method, target, headers, body)
            direct = wire.fcgi(server.socket, method, target, headers, body)
            check(through is not None and through.status == status, f"{name}: {through}")
            compared = [without_added(a) for a in (through, direct)]
            if method == "HEAD" or status in (204, 304):
                compared = [without_length(c) for c in compared]
            check(compared[0] == compared[1], f"{name}: differs: {through} and {direct}")
        check(wire.http(address, "PUT", UPLOAD + "upload", (), BIG, chunked=True).body == b"1024000\n", "an upload in chunks")
        # The connections of all that were kept.
        with wire.connect(address) as s:
            reader = wire.HttpReader(s)
            for target in ["/hello", "/work?n=9", "/stream?n=70000", "/missing"] * 25:
                wire.send(s, wire.http_head("GET", target))
                check(reader.answer().whole, f"kept {target}")
        zipped = wire.http(address, "GET", "/stream?n=100000", (("Accept-Encoding", "gzip"),))
        check(zipped.header("content-encoding") == "gzip" and len(zipped.body) < 50000, f"text is compressed: {zipped.headers}")
        check(gzip.decompress(zipped.body) == wire.http(address, "GET", "/stream?n=100000").body, "and is the same")
        server.quiet()


def uploads_that_break_off_behind_nginx():
    with Server() as server, Nginx(server) as (_, address):
        target, before = UPLOAD + "upload", server.stats()
        for chunked in (False, True):
            for how in ("close", "reset"):
                with wire.connect(address) as s:
                    wire.send(s, wire.http_head("PUT", target, (), BIG, chunked))
                    wire.send(s, wire.chunks(BIG, end=False) if chunked else BIG[:-1])
                    eventually(lambda: server.running() == 1, "it is on its way")
                    if how == "reset":
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                eventually(lambda: server.running() == 0, "and over when the client is gone")
        eventually(lambda: server.stats()["broken"] == before["broken"] + 4, "all four were seen to break off")
        check(server.stats()["whole"] == before["whole"], "none looked complete")
        server.quiet()
        # The body is on its way while it still comes: nothing is spooled.
        with wire.connect(address) as s:
            wire.send(s, wire.http_head("PUT", target, (), BIG) + BIG[:500000])
            eventually(lambda: server.running() == 1, "the server has an upload that nginx has not seen the end of")
            wire.send(s, BIG[500000:])
            check(wire.HttpReader(s).answer().body == b"1024000\n", "and it ends well")


def answers_that_end_badly_behind_nginx():
    with Server() as server, Nginx(server) as (_, address):
        for size in (100, 100000, 5000000):
            answer = wire.http(address, "GET", f"/stream?n={size}&fail=1")
            check(answer is None or not answer.whole or answer.status == 502, f"{size} bytes and no good end: {answer}")
        with wire.connect(address) as s: # a client that leaves
            wire.send(s, wire.http_head("GET", "/stream?n=4000000000"))
            check(wire.receive(s), "it began")
        server.quiet()


def errors_of_nginx_itself():
    def problem(answer, status):
        check(answer is not None and answer.status == status, f"{status}: {answer}")
        check(answer.header("content-type") == "application/problem+json", f"{status}: {answer}")
        check(json.loads(answer.body)["status"] == status, f"{status}: {answer}")
        return answer

    with Server() as server, Nginx(server) as (_, address):
        problem(wire.http(address, "PUT", "/hello", (), BIG), 413)
        with wire.connect(address) as s:
            wire.send(s, wire.http_head("PUT", UPLOAD + "x", (("Content-Length", "3000000000"),), None))
            problem(wire.HttpReader(s).answer(), 413)
        problem(wire.http(address, "GET", "/" + "x" * 9000), 414)
        problem(wire.http(address, "GET", "/hello", (("X-Large", "y" * 9000),)), 400)
        with wire.connect(address) as s:
            wire.send(s, b"GET /hello HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n")
            problem(wire.HttpReader(s).answer(), 400)
        problem(wire.http(address, "GET", "/.problem/500"), 404)
        answers = []

        def flood():
            with wire.connect(address) as s:
                wire.send(s, wire.http_head("GET", "/hello") * 300)
                reader = wire.HttpReader(s)
                answers.extend(reader.answer() for _ in range(300))

        threads = [threading.Thread(target=flood) for _ in range(10)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        refused = [a for a in answers if a.status != 200]
        check(refused and len(refused) < len(answers) and problem(refused[0], 429).header("retry-after"), "too many at once")
        # At once again: the server is restarted behind nginx.
        time.sleep(2)
        server.stop()
        check(problem(wire.http(address, "GET", "/hello"), 502).header("retry-after") == "2", "the server is away")
        other = Server.at(server)
        check(wire.http(address, "GET", "/hello").body == b"hello\n", "and is back")
        other.stop()


if shutil.which("nginx", path=os.environ["PATH"] + ":/usr/sbin") is None:
    print("SKIPPED: no nginx (scripts/install-packages test)")
    sys.exit(77)
main([the_table_through_nginx, uploads_that_break_off_behind_nginx, answers_that_end_badly_behind_nginx, errors_of_nginx_itself])
