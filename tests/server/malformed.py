#!/usr/bin/env python3
"""Thousands of malformed requests over each transport, the same in every run. Afterwards the server serves as before: no crash, nothing
left open, no thread stuck. TICKER_TEST_ROUNDS is how many of each (default 2000, and 500 over CGI, where each is a process);
TICKER_TEST_SEED begins another row of them."""
import os
import random
import socket
import struct
import sys
import threading
import time

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import wire
from scene import PROGRAM, Server, check, eventually, main

ASKED = int(os.environ.get("TICKER_TEST_ROUNDS") or 0)
FEW = os.environ.get("TICKER_TEST_FEW") == "yes"
ROUNDS = max(600 if FEW else 2000, ASKED)
CGI_ROUNDS = ROUNDS if ASKED >= 2000 else 100 if FEW else 500
THREADS = 40
SEED = int(os.environ.get("TICKER_TEST_SEED") or 1)
WORDS = [b"\0", b"\r\n", b"\n", b"\r", b" ", b":", b"%", b"%00", b"%zz", b"/", b"//", b"?", b"#", b"\xff", b"\x80", b"A" * 300, b"A" * 9000,
         b"0", b"-1", b"99999999999999999999", b"0x10", b"chunked", b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n",
         b"Expect: 100-continue\r\n", b"Connection: close\r\n", b" HTTP/1.1", b" HTTP/9.9", b"\r\n\r\n", b";ext=1", b"ffffffffffffffff\r\n",
         b"\x01\x01\0\x01\0\x08\0\0", b"\x01\x02\0\x01\0\0\0\0", b"\x01\x04\0\x01\xff\xff\xff\0", b"\x01\x05\0\x01\0\0\0\0"]
TARGETS = ["/hello", "/echo?a=b", "/bytes?n=70000", "/work?n=10", "/stream?n=70000", "/upload", "/sniff", "/early", "/ignore", "/204",
           "/304", "/stream?n=70000&fail=1", "/upload?max=10", "/missing"]


def change(r, data):
    """One to four changes: bytes replaced, words put in, parts cut out or said twice."""
    data = bytearray(data)
    for _ in range(r.randint(1, 4)):
        at = r.randrange(len(data) + 1)
        how = r.randrange(6)
        if how == 0 and data:
            data[at % len(data)] = r.randrange(256)
        elif how == 1:
            data[at:at] = r.choice(WORDS)
        elif how == 2:
            del data[at:at + r.randint(1, 30)]
        elif how == 3:
            data[at:at] = data[at:at + r.randint(1, 200)]
        elif how == 4:
            del data[at:]
        elif data:
            data[at % len(data)] ^= 1 << r.randrange(8)
    return bytes(data)


def an_http_request(r):
    method = r.choice(["GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "get", "X" * 40])
    body = r.randbytes(r.choice([0, 1, 10, 5000])) if method in ("POST", "PUT") else b""
    chunked = bool(body) and r.random() < 0.5
    headers = [(f"X-{i}", "v" * r.randrange(40)) for i in range(r.choice([0, 2, 5]))]
    if r.random() < 0.1:
        headers.append(("Expect", "100-continue"))
    head = wire.http_head(method, r.choice(TARGETS), headers, body, chunked, r.choice(["HTTP/1.1", "HTTP/1.1", "HTTP/1.0"]))
    return head + (wire.chunks(body, 700) if chunked else body)


def a_fcgi_request(r):
    method = r.choice(["GET", "HEAD", "POST", "PUT"])
    body = r.randbytes(r.choice([0, 1, 10, 5000])) if method in ("POST", "PUT") else b""
    v = wire.variables(method, r.choice(TARGETS), [(f"X-{i}", "v" * r.randrange(200)) for i in range(r.choice([0, 2, 5]))], body)
    if r.random() < 0.2:
        v[r.choice(list(v))] = r.choice(["", "\0", "-1", "9" * 30, "/" * 400, "%", "x" * 9000])
    request_id, size, padding = r.choice([1, 1, 2, 65535]), r.choice([65535, 50, 3]), r.choice([0, 5, 255])
    data = wire.fcgi_head(v, request_id, r.random() < 0.5, size, padding) + wire.stream(wire.STDIN, request_id, body, size, padding)
    if r.random() < 0.1:
        data = wire.record(wire.GET_VALUES, 0, wire.pair("FCGI_MAX_CONNS", "")) + data
    return data


def send_it(r, address, data):
    """Some are read to the end, some are left in the middle, some end with a reset."""
    with wire.connect(address) as s:
        s.settimeout(20)
        step = r.choice([len(data), len(data), 1000, 7])
        if len(data) // max(step, 1) > 50:
            step = len(data)
        try:
            for at in range(0, len(data), max(step, 1)):
                s.sendall(data[at:at + step])
            how = r.randrange(4)
            if how == 0:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            elif how < 3:
                s.shutdown(socket.SHUT_WR)
                while s.recv(65536):
                    pass
        except (BrokenPipeError, ConnectionResetError, OSError) as error:
            check(not isinstance(error, TimeoutError), f"the connection hangs after {data[:2000]!r}")


def some_of_them(name, number, make, address, failures):
    """Those of one thread: its own row, whatever the others do."""
    r = random.Random(SEED * 1000 + number)
    try:
        for _ in range(ROUNDS // THREADS):
            data = change(r, make(r))
            send_it(r, address, data)
    except (SystemExit, OSError) as error:
        failures.append(f"{name}: {error} after {data[:2000]!r}")


def run(name, make, address_of):
    with Server("--head-ms", "1000", "--idle-ms", "1000", "--stall-ms", "1000", "--loops", "2") as server:
        for _ in range(20):
            wire.http(server.http, "GET", "/work?n=5")
        fds, threads = server.count("fd"), server.count("task")
        failures = []
        rows = [threading.Thread(target=some_of_them, args=(name, i, make, address_of(server), failures)) for i in range(THREADS)]
        for row in rows:
            row.start()
        for row in rows:
            row.join()
        check(server.process.poll() is None, f"{name}: the server is still there: {failures}")
        check(not failures, f"{failures}")
        check(wire.http(server.http, "GET", "/hello").body == b"hello\n", "the listener serves as before")
        check(wire.fcgi(server.socket, "GET", "/hello").body == b"hello\n", "so does FastCGI")
        server.quiet()
        check(server.stats()["wrong"] == 0, "no exchange was incomplete")
        eventually(lambda: server.count("fd") <= fds, "no descriptor is left open")
        check(server.count("task") == threads, "all threads are there, and no others")
        start = time.monotonic()
        server.stop()
        check(time.monotonic() - start < 15, "and it ends")


def malformed_requests_over_http():
    run("HTTP", an_http_request, lambda server: server.http)


def malformed_requests_over_fastcgi():
    run("FastCGI", a_fcgi_request, lambda server: server.socket)


def a_cgi_request(r, number):
    method = r.choice(["GET", "PUT", "POST"])
    body = r.randbytes(r.choice([0, 10, 3000])) if method != "GET" else b""
    v = wire.variables(method, r.choice(TARGETS), [(f"X-{i}", "v" * r.randrange(40)) for i in range(3)], body)
    for name in r.sample(list(v), r.randint(1, 3)):
        if name == "GATEWAY_INTERFACE":
            continue
        value = change(r, v[name].encode()).replace(b"\0", b"").decode("latin-1")
        if r.random() < 0.2:
            del v[name]
        else:
            v[name + (r.choice(["_X", "\xff"]) if r.random() < 0.2 else "")] = value
    if r.random() < 0.3:
        body = body[:r.randrange(len(body) + 1)]
    answer = wire.cgi([PROGRAM], method, "", environment={n: x.encode("latin-1") for n, x in v.items()}, body=body)
    check(answer.status is not None and 200 <= answer.status < 600, f"CGI request {number} has no answer: {v} {answer}")


def malformed_requests_over_cgi():
    r = random.Random(SEED)
    for number in range(CGI_ROUNDS):
        a_cgi_request(r, number)


main([malformed_requests_over_http, malformed_requests_over_fastcgi, malformed_requests_over_cgi])
