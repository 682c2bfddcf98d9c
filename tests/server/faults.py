#!/usr/bin/env python3
"""What clients and web servers do wrong, or too slowly, over each transport."""
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import wire
from scene import PROGRAM, Server, check, eventually, main

SHORT = ("--head-ms", "600", "--idle-ms", "1200", "--stall-ms", "600", "--rate", "100000", "--connections", "40")
BODY = bytes(range(256)) * 400


def closed_within(s, seconds):
    """How long the other side took to close the connection."""
    start = time.monotonic()
    s.settimeout(seconds)
    try:
        while wire.receive(s):
            pass
    except TimeoutError:
        check(False, f"the connection is closed within {seconds} seconds")
    return time.monotonic() - start


def heads_that_come_byte_by_byte():
    with Server(*SHORT) as server:
        idle = server.count("fd")
        slow = [wire.connect(server.http) for _ in range(30)]
        head = wire.http_head("GET", "/hello", (("X-Slow", "y" * 200),))
        start, at = time.monotonic(), 0
        while time.monotonic() - start < 1.5:
            for s in slow:
                wire.send(s, head[at:at + 1])
            at += 1
            check(wire.http(server.http, "GET", "/hello").body == b"hello\n", "others are served")
            time.sleep(0.05)
        for s in slow:
            closed_within(s, 3)
            s.close()
        # The same behind a first request that was quick.
        with wire.connect(server.http) as s:
            reader = wire.HttpReader(s)
            wire.send(s, wire.http_head("GET", "/hello"))
            check(reader.answer().body == b"hello\n", "a kept connection")
            wire.send(s, head[:20])
            check(0.5 < closed_within(s, 10) < 8, "half a head on a kept connection ends with its time")
        # A web server that begins a request and does not go on.
        with wire.connect(server.socket) as s:
            wire.send(s, wire.begin(keep=True) + wire.record(wire.PARAMS, 1, wire.pair("A", "b")))
            closed_within(s, 10)
        with wire.connect(server.socket) as s:
            closed_within(s, 10)
        eventually(lambda: server.count("fd") <= idle, "no descriptor is left open")


def uploads_that_stall():
    with Server(*SHORT) as server:
        for send in ("http", "chunks", "fcgi"):
            before = server.stats()
            with wire.connect(server.socket if send == "fcgi" else server.http) as s:
                if send == "fcgi":
                    wire.send(s, wire.fcgi_head(wire.variables("PUT", "/upload", (), BODY)) + wire.record(wire.STDIN, 1, BODY[:1000]))
                elif send == "http":
                    wire.send(s, wire.http_head("PUT", "/upload", (), BODY) + BODY[:1000])
                else:
                    wire.send(s, wire.http_head("PUT", "/upload", (), BODY, chunked=True) + wire.chunks(BODY[:1000], end=False))
                closed_within(s, 15)
            server.quiet()
            after = server.stats()
            check(after["broken"] == before["broken"] + 1 and after["whole"] == before["whole"], f"{send}: {before} {after}")
        check(server.stats()["whole"] == 0, "none of them looked complete")


def uploads_that_break_off():
    with Server() as server:
        head = wire.fcgi_head(wire.variables("PUT", "/upload", (), BODY), keep=True)
        v = wire.variables("PUT", "/upload", (("Transfer-Encoding", "chunked"),), BODY, length="")
        cases = [
            (server.http, wire.http_head("PUT", "/upload", (), BODY) + BODY[:-1]),
            (server.http, wire.http_head("PUT", "/upload", (), BODY)),
            (server.http, wire.http_head("PUT", "/upload", (), BODY, chunked=True) + wire.chunks(BODY, end=False)),
            (server.http, wire.http_head("PUT", "/upload", (), BODY, chunked=True) + wire.chunks(BODY)[:-8]),
            (server.http, wire.http_head("PUT", "/upload", (), BODY, chunked=True) + wire.chunks(BODY, end=False) + b"0\r\n"),
            (server.socket, head + wire.stream(wire.STDIN, 1, BODY[:-1], end=False)),
            (server.socket, head + wire.stream(wire.STDIN, 1, BODY, end=False)),
            (server.socket, head + wire.stream(wire.STDIN, 1, BODY)[:-8]),
            (server.socket, head + wire.stream(wire.STDIN, 1, BODY[:-1])),         # shorter than it says
            (server.socket, head + wire.stream(wire.STDIN, 1, BODY + b"x")),       # longer
            (server.socket, head + wire.stream(wire.STDIN, 1, BODY[:-1], end=False) + wire.record(wire.ABORT, 1)),
            (server.socket, head + wire.stream(wire.STDIN, 1, BODY, end=False) + wire.record(wire.ABORT, 1)),
            (server.socket, wire.fcgi_head(v) + wire.stream(wire.STDIN, 1, BODY, end=False)),
        ]
        for number, (address, data) in enumerate(cases):
            for how in ("shutdown", "close", "reset"):
                with wire.connect(address) as s:
                    wire.send(s, data)
                    if how == "shutdown":
                        s.shutdown(socket.SHUT_WR)
                        closed_within(s, 10)
                    elif how == "reset":
                        s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        server.quiet()
        stats = server.stats()
        check(stats["whole"] == 0, f"none of them looked complete: {stats}")
        check(stats["broken"] > len(cases), f"they were seen to break off: {stats}")
    for data in (b"", BODY[:-1]):
        done = wire.cgi([PROGRAM], "PUT", "/upload", (), data, length=str(len(BODY)))
        check(done.status == 400 and b"ended before" in done.body, f"CGI: {done}")


def an_aborted_request_leaves_the_connection_usable():
    with Server() as server, wire.connect(server.socket) as s:
        reader = wire.FcgiReader(s)
        head = wire.fcgi_head(wire.variables("PUT", "/upload", (), BODY), keep=True)
        for part in (wire.begin(keep=True), head[:40], head, head + wire.record(wire.STDIN, 1, BODY[:99])):
            if part == head[:40]:
                continue
            wire.send(s, part + wire.record(wire.ABORT, 1))
            reader.answer()
            wire.send(s, wire.fcgi_head(wire.variables("GET", "/hello"), keep=True) + wire.record(wire.STDIN, 1))
            check(reader.answer().body == b"hello\n", "the next request on the connection")
        # In the middle of an answer that has no end in sight.
        wire.send(s, wire.fcgi_head(wire.variables("GET", "/stream?n=4000000000"), keep=True) + wire.record(wire.STDIN, 1))
        check(reader.record()[0] == wire.STDOUT, "it began")
        wire.send(s, wire.record(wire.ABORT, 1))
        reader.answer()
        wire.send(s, wire.fcgi_head(wire.variables("GET", "/hello"), keep=True) + wire.record(wire.STDIN, 1))
        check(reader.answer().body == b"hello\n", "the next request after a long answer was aborted")


def clients_that_leave_a_download():
    with Server(*SHORT) as server:
        fds = server.count("fd")
        for address in (server.http, server.socket):
            for target in ("/stream?n=4000000000", "/stream?n=4000000000&length=1", "/bytes?n=8000000", "/work?n=8000000"):
                with wire.connect(address) as s:
                    wire.send(s, wire.http_head("GET", target) if address == server.http
                              else wire.fcgi_head(wire.variables("GET", target)) + wire.record(wire.STDIN, 1))
                    check(wire.receive(s), "it began")
        server.quiet()
        # Those that stay and take nothing.
        slow = []
        for address in (server.http, server.socket):
            for target in ("/stream?n=4000000000", "/bytes?n=8000000", "/work?n=8000000"):
                s = wire.connect(address)
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                wire.send(s, wire.http_head("GET", target) if address == server.http
                          else wire.fcgi_head(wire.variables("GET", target)) + wire.record(wire.STDIN, 1))
                slow.append(s)
        server.quiet()
        for s in slow:
            s.close()
        eventually(lambda: server.count("fd") <= fds, "no descriptor is left open")


def clients_that_are_slow_but_take_some():
    """A whole answer has the time of its length, as long as some of it goes out now and then, and not into the kernel's buffers only."""
    with Server("--stall-ms", "5000", "--rate", "200000") as server:
        slow = []
        for address, reader in ((server.http, wire.HttpReader), (server.socket, wire.FcgiReader)):
            slow.append(reader(wire.connect(address)))
            slow[-1].s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            wire.send(slow[-1].s, wire.http_head("GET", "/bytes?n=8000000") if address == server.http
                      else wire.fcgi_head(wire.variables("GET", "/bytes?n=8000000")) + wire.record(wire.STDIN, 1))
        start = time.monotonic()
        while time.monotonic() - start < 7:
            for reader in slow:
                while len(reader.buffer) < 150000 * (time.monotonic() - start):
                    reader.buffer += reader.s.recv(15000)
            time.sleep(0.1)
        for reader in slow:
            answer = reader.answer()
            check(answer is not None and answer.whole and len(answer.body) == 8000000, f"{reader}: a whole answer")
            reader.s.close()


def answers_that_cannot_be_finished():
    with Server() as server:
        for query in ("n=100&fail=1", "n=1000000&fail=1", "n=0&fail=1"):
            answer = wire.http(server.http, "GET", f"/stream?{query}")
            check(answer is None or not answer.whole, f"HTTP: {answer}")
            answer = wire.fcgi(server.socket, "GET", f"/stream?{query}")
            check(answer is None or not answer.whole, f"FastCGI: {answer}")
            check(not wire.cgi([PROGRAM], "GET", f"/stream?{query}").whole, "CGI exits with 1")


def a_full_pool_says_503():
    with Server("--workers", "2", "--waiting", "2") as server:
        for ask, address in ((wire.http, server.http), (wire.fcgi, server.socket)):
            answers, threads = [], []
            for _ in range(12):
                threads.append(threading.Thread(target=lambda a=ask, b=address: answers.append(a(b, "GET", "/work?ms=1500&n=5"))))
                threads[-1].start()
            start = time.monotonic()
            check(ask(address, "GET", "/hello").status == 200, "what needs no worker is served")
            check(time.monotonic() - start < 1.2, "at once")
            for thread in threads:
                thread.join()
            full = [a for a in answers if a.status == 503]
            check(len(full) >= 6 and len([a for a in answers if a.status == 200]) >= 2, f"{answers}")
            check(all(a.header("retry-after") == "1" for a in full), "it says when to come again")
            # A body that nobody takes. The places are kept taken until that was seen, however slow this machine is.
            seen = threading.Event()

            def keep_busy(a=ask, b=address):
                while not seen.is_set():
                    a(b, "GET", "/work?ms=1500&n=5")
                    time.sleep(0.05)

            busy = [threading.Thread(target=keep_busy) for _ in range(8)]
            for thread in busy:
                thread.start()
            try:
                eventually(lambda: server.running() >= 4, "all places are taken")
                eventually(lambda a=ask, b=address: a(b, "PUT", "/upload", (), BODY * 20).status == 503, "an upload")
            finally:
                seen.set()
            for thread in busy:
                thread.join()


def answers_in_the_middle_of_an_upload():
    body = BODY * 100
    with Server() as server:
        for target, status in (("/sniff", 422), ("/early", 413), ("/ignore", 422), ("/upload?max=100000", 413)):
            for _ in range(5):
                for chunked in (False, True):
                    answer = wire.http(server.http, "PUT", target, (), body, chunked)
                    check(answer is not None and answer.whole and answer.status == status, f"{target}: {answer}")
                answer = wire.fcgi(server.socket, "PUT", target, (), body)
                check(answer is not None and answer.whole and answer.status == status, f"FastCGI {target}: {answer}")
        server.quiet()


def expect_100_continue():
    expect = (("Expect", "100-continue"),)
    with Server() as server:
        for target, status, interim in (("/early", 413, False), ("/ignore", 422, False), ("/missing", 404, False),
                                        ("/upload", 201, True), ("/sniff", 422, True)):
            with wire.connect(server.http) as s:
                wire.send(s, wire.http_head("PUT", target, expect, BODY))
                first = s.recv(12)
                check(first == (b"HTTP/1.1 100" if interim else b"HTTP/1.1 %d" % status), f"{target}: {first}")
                reader = wire.HttpReader(s)
                reader.buffer = first
                if interim:
                    wire.send(s, BODY)
                check(reader.answer().status == status, target)


def requests_that_smuggle():
    with Server() as server:
        hidden = b"GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"
        for headers, status in (
                ("Content-Length: 5\r\nTransfer-Encoding: chunked", 400), ("Transfer-Encoding: chunked\r\nContent-Length: 0", 400),
                ("Content-Length: 5\r\nContent-Length: 6", 400), ("Content-Length: 0\r\nContent-Length: 0", 400),
                ("Transfer-Encoding: gzip, chunked", 501), ("Transfer-Encoding: identity", 501),
                ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked", 400), ("Content-Length: -1", 400),
                ("Content-Length: +5", 400), ("Content-Length: 5 5", 400), ("Content-Length: 99999999999999999999999", 413),
                ("Transfer-Encoding : chunked\r\nContent-Length: 5", 400), ("Content-Length : 5", 400), ("X[]: y\r\nContent-Length: 5", 400),
                ("Host: y\r\nContent-Length: 5", 400), ("Host: x\r\nContent-Length: 5", 400),
                ("Transfer-Encod: chunked\r\n ing\r\nContent-Length: 5", 400), ("Content-Len: 5\r\n\tgth", 400), ("X:\r\n y", 400),
                ("Content-Length: 5\r\n 0", 400), ("X: y\rContent-Length: 5", 400), ("X: y\x7fz\r\nContent-Length: 5", 400)):
            with wire.connect(server.http) as s:
                wire.send(s, f"POST /echo HTTP/1.1\r\nHost: x\r\n{headers}\r\n\r\n0\r\n\r\n".encode() + hidden)
                reader = wire.HttpReader(s)
                answer = reader.answer()
                check(answer is not None and answer.status == status, f"{headers}: {answer}")
                check(reader.answer() is None, f"{headers}: the connection ends")
        for method in ("\rPOST", "PO\x7fST", "P(OST", "POST/hello"):
            answer = wire.http(server.http, method, "/echo")
            check(answer is None or answer.status == 400, f"{method}: {answer}")
        with wire.connect(server.http) as s:
            wire.send(s, b"POST /echo HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + hidden)
            reader = wire.HttpReader(s)
            check(reader.answer().status == 400 and reader.answer() is None, "chunks of HTTP/1.0")
        # A body that is there is not the next request.
        for method in ("GET", "DELETE", "POST"):
            with wire.connect(server.http) as s:
                wire.send(s, wire.http_head(method, "/echo/1", (), hidden) + hidden + wire.http_head("GET", "/echo/2"))
                reader = wire.HttpReader(s)
                check(b"/echo/1" in reader.answer().body and b"/echo/2" in reader.answer().body, f"{method} with a body")


def many_requests_on_one_connection():
    with Server() as server:
        with wire.connect(server.http) as s:
            targets = ["/hello", "/bytes?n=70000", "/work?n=5", "/stream?n=50", "/304", "/204", "/missing"] * 20
            wire.send(s, b"".join(wire.http_head("GET", t) for t in targets))
            reader = wire.HttpReader(s)
            for target in targets:
                answer = reader.answer()
                check(answer is not None and answer.whole, f"pipelined {target}: {answer}")
        with wire.connect(server.socket) as s:
            reader = wire.FcgiReader(s)
            for number, target in enumerate(targets):
                wire.send(s, wire.fcgi_head(wire.variables("GET", target), number % 65535 + 1, keep=True)
                          + wire.record(wire.STDIN, number % 65535 + 1))
                check(reader.answer().whole, f"kept {target}")
            # Several in the same bytes; what needs a worker would be told that it does not multiplex.
            targets = ["/hello", "/bytes?n=70000", "/304", "/204", "/missing"] * 20
            wire.send(s, b"".join(wire.fcgi_head(wire.variables("GET", t), keep=True) + wire.record(wire.STDIN, 1) for t in targets))
            for target in targets:
                check(reader.answer().whole, f"in a row {target}")
        for version, header, kept in (("HTTP/1.0", (), False), ("HTTP/1.0", (("Connection", "keep-alive"),), True),
                                      ("HTTP/1.1", (("Connection", "close"),), False)):
            with wire.connect(server.http) as s:
                wire.send(s, wire.http_head("GET", "/hello", header, version=version) + wire.http_head("GET", "/hello"))
                reader = wire.HttpReader(s)
                check(reader.answer().body == b"hello\n" and (reader.answer() is not None) == kept, f"{version} {header}")


def connections_that_workers_give_back():
    """The loop is not woken for each of them, but must miss none: it would find it half a second later, of which 60 are 30 seconds."""
    def ask(target, keep=True):
        return wire.fcgi_head(wire.variables("GET", target), keep=keep) + wire.record(wire.STDIN, 1)

    def soon(what, step):
        start = time.monotonic()
        for number in range(60):
            step(number)
        check(time.monotonic() - start < 20, f"soon: {what}")

    def both(_):
        wire.send(one.s, ask("/work?n=5") + ask("/work?n=6"))
        check(one.answer().whole and one.answer().whole, "two in the same bytes")

    def early(number):
        wire.send(one.s, ask("/work?n=5&ms=20"))
        time.sleep(0.001 * (number % 10))
        wire.send(one.s, ask("/work?n=6"))
        check(one.answer().whole and one.answer().whole, "one while a worker has the connection")

    def last(_):
        with wire.connect(server.socket) as s:
            wire.send(s, ask("/work?n=5", keep=False))
            check(wire.FcgiReader(s).answer().whole and not wire.receive(s), "the end of one that is not kept")

    def left(_):
        with wire.connect(server.socket) as s:
            wire.send(s, ask("/work?n=5&ms=5"))

    with Server("--workers", "4", "--loops", "1") as server:
        before = server.count("fd")
        one = wire.FcgiReader(wire.connect(server.socket))
        soon("two in the same bytes", both)
        soon("one while a worker has the connection", early)
        soon("the end of one that is not kept", last)
        left(0)
        soon("one that was left", left)
        many = [wire.FcgiReader(wire.connect(server.socket)) for _ in range(8)]
        for number in range(100):
            for reader in many:
                wire.send(reader.s, ask("/work?n=5"))
            for reader in many:
                check(reader.answer().whole, f"kept {number}")
        for reader in many + [one]:
            reader.s.close()
        eventually(lambda: server.count("fd") <= before, "those that ended are closed")


def what_web_servers_may_ask():
    with Server("--connections", "77") as server, wire.connect(server.socket) as s:
        reader = wire.FcgiReader(s)
        wire.send(s, wire.record(wire.GET_VALUES, 0, b"".join(wire.pair(n, "") for n in ("FCGI_MAX_CONNS", "OTHER", "FCGI_MPXS_CONNS"))))
        kind, request_id, content = reader.record()
        check((kind, request_id) == (wire.GET_VALUES_RESULT, 0), "GET_VALUES")
        check(content == wire.pair("FCGI_MAX_CONNS", "77") + wire.pair("FCGI_MPXS_CONNS", "0"), f"{content}")
        wire.send(s, wire.record(77, 0, b"abc", 3))
        check(reader.record() == (wire.UNKNOWN, 0, bytes([77]) + b"\0" * 7), "a type that is not known")
        wire.send(s, wire.begin(5, keep=True, role=3))
        check(reader.record() == (wire.END, 5, struct.pack("!IB3x", 0, 3)), "a role that is not known")
        wire.send(s, wire.begin(6, keep=True) + wire.begin(7, keep=True))
        check(reader.record() == (wire.END, 7, struct.pack("!IB3x", 0, 1)), "a second request at the same time")
        wire.send(s, wire.stream(wire.PARAMS, 6, b"".join(wire.pair(n, x) for n, x in wire.variables("GET", "/hello").items()), size=1)
                  + wire.record(wire.STDIN, 6))
        check(reader.answer().body == b"hello\n", "variables byte by byte")
        wire.send(s, wire.fcgi_head(dict(wire.variables("GET", "/hello"), HTTP_LONG="x" * 40000), keep=True) + wire.record(wire.STDIN, 1))
        check(reader.answer().status == 431, "variables that are too long")
        wire.send(s, wire.begin(1, True) + wire.stream(wire.PARAMS, 1, b"\x05\x05ab") + wire.record(wire.STDIN, 1))
        check(reader.answer().status == 400, "variables that are not whole")
        wire.send(s, wire.fcgi_head(dict(wire.variables("GET", "/hello"), HTTP_X="a\0b"), keep=True) + wire.record(wire.STDIN, 1))
        check(reader.answer().status == 400, "a variable with a NUL")
        wire.send(s, b"\x02" + wire.begin()[1:])
        check(reader.record() is None, "what is no FastCGI ends the connection")


def caps_on_connections_and_heads():
    with Server("--connections", "20", "--loops", "2", "--head-ms", "5000") as server:
        open_ones = [wire.connect(server.http) for _ in range(20)]
        time.sleep(0.2)
        with wire.connect(server.http) as s:
            wire.send(s, wire.http_head("GET", "/hello"))
            s.settimeout(0.3)
            try:
                check(not s.recv(1), "one connection too many is not served")
            except TimeoutError:
                pass
            s.settimeout(10)
            open_ones.pop().close()
            check(wire.HttpReader(s).answer().body == b"hello\n", "it is when another one ends")
        for s in open_ones:
            s.close()
        for size, statuses in ((20000, (404, 414)), (200000, (414, 431, None))):
            answer = wire.http(server.http, "GET", "/" + "x" * size)
            check((answer.status if answer else None) in statuses, f"a target of {size} bytes: {answer}")
        answer = wire.http(server.http, "GET", "/hello", tuple((f"X-{i}", "y" * 1000) for i in range(90)))
        check(answer is None or answer.status == 431, f"90 KB of headers: {answer}")
        answer = wire.http(server.http, "GET", "http://localhost/echo/a?b=c")
        check(b"\n/echo/a\nb=c\n" in answer.body, f"an absolute target: {answer}")
        for query in ("&" * 700, "a&" * 340, "?" * 500 + "&" * 200, "a=b&c?d"):
            for ask, address in ((wire.http, server.http), (wire.fcgi, server.socket)):
                answer = ask(address, "GET", "/echo?" + query)
                check(answer is not None and f"\n/echo\n{query}\n".encode() in answer.body, f"the query string {query}: {answer}")
        for target in ("echo", "*", "http://localhost"):
            check(wire.http(server.http, "GET", target).status == 400, f"the target {target}")


def heads_that_are_dropped():
    """libmicrohttpd ends the connection when a head does not fit into its memory, and says nothing. Nothing of it may stay."""
    head = wire.http_head("GET", "/hello", (("Cookie", "a=b;" * 600),))
    with Server() as server:
        def drop(number):
            for _ in range(number):
                with wire.connect(server.http) as s:
                    wire.send(s, head)
                    while wire.receive(s):
                        pass
        drop(200)
        before = server.memory()
        drop(3000)
        # The sanitizers keep freed memory for a while, but find what is lost themselves.
        check(server.has_sanitizers() or server.memory() < before + 8000, f"memory: {before} and then {server.memory()} KB")
        with wire.connect(server.http) as s:
            reader = wire.HttpReader(s)
            wire.send(s, wire.http_head("GET", "/hello") + head)
            check(reader.answer().body == b"hello\n", "behind another one")
            closed_within(s, 10)


def connections_on_which_nothing_happens():
    """When all places are taken, those that are idle longest make room."""
    with Server("--connections", "20", "--head-ms", "60000", "--idle-ms", "60000") as server:
        idle = []
        for number in range(18):
            idle.append(wire.connect(server.http))
            if number % 3 == 0:
                wire.send(idle[-1], wire.http_head("GET", "/hello"))
                check(wire.HttpReader(idle[-1]).answer().body == b"hello\n", "a connection that is kept")
            elif number % 3 == 1:
                wire.send(idle[-1], b"GET /hello HTTP/1.1\r\n")
        busy = [wire.connect(server.http) for _ in range(2)]
        wire.send(busy[0], wire.http_head("GET", "/work?ms=4000&n=5"))
        wire.send(busy[1], wire.http_head("PUT", "/upload", (), BODY) + BODY[:10])
        for _ in range(40):
            start = time.monotonic()
            answer = wire.http(server.http, "GET", "/hello")
            check(answer is not None and answer.body == b"hello\n", f"others are served: {answer}")
            check(time.monotonic() - start < 10, "soon")
        check(wire.HttpReader(busy[0]).answer().status == 200, "a request that runs is none of them")
        wire.send(busy[1], BODY[10:])
        check(wire.HttpReader(busy[1]).answer().status == 201, "nor is an upload")
        for s in idle + busy:
            s.close()


def stopping():
    for ask in ("http", "fcgi"):
        server = Server("--grace-ms", "5000")
        address, answers = getattr(server, "socket" if ask == "fcgi" else "http"), []
        thread = threading.Thread(target=lambda: answers.append(getattr(wire, ask)(address, "GET", "/work?ms=500&n=5")))
        thread.start()
        idle = wire.connect(address)
        eventually(lambda s=server: s.running() == 1, "it runs")
        server.process.send_signal(signal.SIGTERM)
        thread.join()
        check(answers[0] is not None and answers[0].status == 200, f"{ask}: a running request is finished: {answers}")
        closed_within(idle, 5)
        check(server.process.wait(10) == 0, f"{ask}: it ends well")
        # What does not end by itself is cut.
        server = Server("--grace-ms", "100")
        address = server.socket if ask == "fcgi" else server.http
        stuck = []
        for method, target in (("GET", "/stream?n=4000000000"), ("PUT", "/upload")):
            s = wire.connect(address)
            wire.send(s, wire.http_head(method, target, (), BODY if method == "PUT" else b"") if ask == "http"
                      else wire.fcgi_head(wire.variables(method, target, (), BODY if method == "PUT" else b"")))
            stuck.append(s)
        eventually(lambda s=server: s.running() == 2, "both run")
        start = time.monotonic()
        server.process.send_signal(signal.SIGTERM)
        check(server.process.wait(20) == 0 and time.monotonic() - start < 10, f"{ask}: it ends, whatever clients do")
        for s in stuck:
            s.close()


def stopping_with_many_that_wait():
    """What waits for a thread when the time is over is not begun any more."""
    for ask in ("http", "fcgi"):
        with Server("--workers", "1", "--waiting", "60", "--grace-ms", "100") as server:
            address, asked = server.socket if ask == "fcgi" else server.http, []
            for _ in range(50):
                asked.append(wire.connect(address))
                wire.send(asked[-1], wire.http_head("GET", "/work?ms=500&n=5") if ask == "http"
                          else wire.fcgi_head(wire.variables("GET", "/work?ms=500&n=5")) + wire.record(wire.STDIN, 1))
            eventually(lambda s=server: s.running() == 50, "all wait")
            start = time.monotonic()
            server.process.send_signal(signal.SIGTERM)
            check(server.process.wait(30) == 0 and time.monotonic() - start < 5, f"{ask}: it ends before their turn would be over")
            for s in asked:
                s.close()


def sockets():
    folder = Server()
    with folder as server:
        path = server.folder + "/x.sock"
        done = subprocess.run([PROGRAM, "--fastcgi", server.socket], capture_output=True, timeout=20, check=False)
        check(done.returncode == 1 and b"cannot listen" in done.stderr, f"a name that is in use: {done}")
        dead = socket.socket(socket.AF_UNIX)
        dead.bind(path)
        dead.close()
        other = subprocess.Popen([PROGRAM, "--fastcgi", f"unix:{path}?mode=0640"], stdout=subprocess.PIPE)
        other.stdout.readline()
        check(os.stat(path).st_mode & 0o777 == 0o640, "the mode is what was asked for")
        check(wire.fcgi("unix:" + path, "GET", "/hello").body == b"hello\n", "a dead file was replaced")
        other.terminate()
        check(other.wait(10) == 0, "it ends")
        other.stdout.close()
        for name in ("unix:", "unix:" + "x" * 200, "unix:/x?mode=999", "4000", "127.0.0.1:99999", "::1:80", "127.0.0.1:x"):
            done = subprocess.run([PROGRAM, "--listen", name], capture_output=True, timeout=20, check=False)
            check(done.returncode == 1 and b"no name of a socket" in done.stderr, f"{name}: {done}")
        # Inherited: as standard input, and as systemd does it.
        for names, protocol in ((None, "fcgi"), ("http", "http"), ("x:ticker-fastcgi", "both")):
            one, two = socket.socket(), socket.socket()
            for s in (one, two):
                s.bind(("127.0.0.1", 0))
                s.listen(5)
            if names is None:
                p = subprocess.Popen([PROGRAM], stdin=one, stdout=subprocess.PIPE)
            else:
                script = f'exec 0</dev/null 3<&{one.fileno()} 4<&{two.fileno()}; export LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES={names}; exec "$0"'
                p = subprocess.Popen(["bash", "-c", script, PROGRAM], pass_fds=(one.fileno(), two.fileno()), stdout=subprocess.PIPE)
            p.stdout.readline()
            first, second = (f"127.0.0.1:{s.getsockname()[1]}" for s in (one, two))
            if protocol == "fcgi":
                check(wire.fcgi(first, "GET", "/hello").body == b"hello\n", "standard input")
            else:
                check(wire.http(first, "GET", "/hello").body == b"hello\n", "the first of systemd's")
            if protocol == "both":
                check(wire.fcgi(second, "GET", "/hello").body == b"hello\n", "the second of systemd's, by its name")
            p.terminate()
            check(p.wait(10) == 0, "it ends")
            p.stdout.close()
            one.close()
            two.close()


main([heads_that_come_byte_by_byte, uploads_that_stall, uploads_that_break_off,
      an_aborted_request_leaves_the_connection_usable, clients_that_leave_a_download,
      clients_that_are_slow_but_take_some, answers_that_cannot_be_finished, a_full_pool_says_503,
      answers_in_the_middle_of_an_upload, expect_100_continue, requests_that_smuggle, many_requests_on_one_connection,
      connections_that_workers_give_back, what_web_servers_may_ask, caps_on_connections_and_heads,
      heads_that_are_dropped, connections_on_which_nothing_happens, stopping, stopping_with_many_that_wait, sockets])
