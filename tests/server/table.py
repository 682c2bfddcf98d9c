#!/usr/bin/env python3
"""One table of requests over HTTP, FastCGI and CGI: the answers have the same bytes."""
import sys

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import wire
from scene import PROGRAM, Server, check, main

BIG = bytes(range(256)) * 4000
TABLE = [
    # method, target, headers, body, status, what the body must be (None: not looked at)
    ("GET", "/hello", (), b"", 200, b"hello\n"),
    ("HEAD", "/hello", (), b"", 200, b""),
    ("GET", "/bytes?n=0", (), b"", 200, b""),
    ("GET", "/bytes?n=1", (), b"", 200, b"!"),
    ("GET", "/bytes?n=8192", (), b"", 200, None),
    ("GET", "/bytes?n=65527", (), b"", 200, None),
    ("GET", "/bytes?n=1000000", (), b"", 200, None),
    ("GET", "/bytes?n=8000000", (), b"", 200, None),
    ("HEAD", "/bytes?n=1000000", (), b"", 200, b""),
    ("GET", "/work?n=10", (), b"", 200, b"!\"#$%&'()*"),
    ("GET", "/work?n=3000000&ms=20", (), b"", 200, None),
    ("HEAD", "/work?n=3000", (), b"", 200, b""),
    ("GET", "/stream?n=0", (), b"", 200, b""),
    ("GET", "/stream?n=0&length=1", (), b"", 200, b""),
    ("GET", "/stream?n=50", (), b"", 200, None),
    ("GET", "/stream?n=5000000", (), b"", 200, None),
    ("GET", "/stream?n=5000000&length=1&piece=100000", (), b"", 200, None),
    ("GET", "/stream?n=200000&piece=1", (), b"", 200, None),
    ("HEAD", "/stream?n=5000&length=1", (), b"", 200, b""),
    ("GET", "/304", (("If-None-Match", '"abc"'),), b"", 304, b""),
    ("GET", "/204", (), b"", 204, b""),
    ("GET", "/missing", (), b"", 404, b"nothing here\n"),
    ("GET", "/echo", (), b"", 200, b"GET\n/echo\n\nhttp\n0\n"),
    ("GET", "/echo/a%2Fb%20c%C3%A7?x=%41+1&y=", (), b"", 200, b"GET\n/echo/a%2Fb%20c%C3%A7\nx=%41+1&y=\nhttp\n0\n"),
    ("GET", "/echo?a?b", (), b"", 200, b"GET\n/echo\na?b\nhttp\n0\n"),
    ("GET", "/echo//../x", (), b"", 200, b"GET\n/echo//../x\n\nhttp\n0\n"),
    ("GET", "/echo", (("Accept", "text/csv"), ("X-One", "a, b"), ("X-TWO", "")), b"", 200,
     b"GET\n/echo\n\nhttp\n0\naccept=text/csv\nx-one=a, b\nx-two=\n"),
    ("GET", "/echo", (("Authorization", "Bearer x"), ("If-None-Match", 'W/"1"')), b"", 200,
     b'GET\n/echo\n\nhttp\n0\nauthorization=Bearer x\nif-none-match=W/"1"\n'),
    ("DELETE", "/echo", (), b"", 200, b"DELETE\n/echo\n\nhttp\n0\n"),
    ("PATCH", "/echo", (("Content-Type", "a/b"),), b"{}", 200, b"PATCH\n/echo\n\nhttp\n2\ncontent-type=a/b\n"),
    ("GET", "/echo", (), b"a body", 200, b"GET\n/echo\n\nhttp\n6\n"),
    ("POST", "/echo", (), b"", 200, b"POST\n/echo\n\nhttp\n0\n"),
    ("POST", "/upload", (), b"", 201, b"0\n"),
    ("POST", "/upload", (), b"x", 201, b"1\n"),
    ("PUT", "/upload/name", (("Content-Type", "text/csv"),), BIG, 201, b"1024000\n"),
    ("PUT", "/upload?max=1024000", (), BIG, 201, b"1024000\n"),
    ("PUT", "/upload?max=1023999", (), BIG, 413, b"too long\n"),
    ("PUT", "/upload?max=10", (), b"12345678901", 413, b"too long\n"),
    ("PUT", "/upload?max=0", (), b"1", 413, b"too long\n"),
    ("PUT", "/sniff", (), b"short", 422, b"not a file of quotes\n"),
    ("PUT", "/sniff", (), BIG, 422, b"not a file of quotes\n"),
    ("PUT", "/early", (), b"short", 413, b"too large\n"),
    ("PUT", "/early", (), BIG, 413, b"too large\n"),
    ("PUT", "/ignore", (), BIG, 422, b"not looked at\n"),
    ("GET", "/echo", tuple((f"X-H{i}", "v" * 100) for i in range(99)), b"", 200, b"GET\n/echo\n\nhttp\n0\n"),
    ("GET", "/echo", tuple((f"X-H{i}", "v") for i in range(101)), b"", 431, b"refused\n"),
    ("GET", "/echo/" + "p" * 3000 + "?" + "q" * 3000, (), b"", 200, None),
]


def the_same_over_all_transports():
    with Server() as server:
        for method, target, headers, body, status, expected in TABLE:
            name = f"{method} {target[:60]} ({len(headers)} headers, {len(body)} bytes)"
            answers = {
                "HTTP": wire.http(server.http, method, target, headers, body),
                "FastCGI": wire.fcgi(server.socket, method, target, headers, body),
                "FastCGI in small records": wire.fcgi(server.socket, method, target, headers, body, size=97 if len(body) < 9999 else 3001,
                                                      padding=5),
                "CGI": wire.cgi([PROGRAM], method, target, headers, body),
            }
            for transport, answer in answers.items():
                check(answer is not None and answer.whole, f"{name}: {transport} answers: {answer}")
                check(answer.status == status, f"{name}: {transport}: {answer}")
                check(expected is None or answer.body == expected, f"{name}: {transport}: {answer}")
                check(answer.compared() == answers["FastCGI"].compared(),
                      f"{name}: {transport} differs: {answer} and {answers['FastCGI']}")
        server.quiet()
        check(server.stats()["wrong"] == 0, "no exchange was incomplete")


def bodies_in_chunks():
    with Server() as server:
        for body in (b"", b"x", BIG):
            answer = wire.http(server.http, "PUT", "/upload", (), body, chunked=True)
            check((answer.status, answer.body) == (201, b"%d\n" % len(body)), f"chunks: {answer}")
        # A web server that passes chunks on knows no length.
        answer = wire.fcgi(server.socket, "PUT", "/upload", (("Transfer-Encoding", "chunked"),), BIG, length="")
        check((answer.status, answer.body) == (201, b"1024000\n"), f"FastCGI without a length: {answer}")
        answer = wire.cgi([PROGRAM], "PUT", "/upload", (("Transfer-Encoding", "chunked"),), BIG, length="")
        check(answer.status == 411, f"CGI without a length cannot tell where a body ends: {answer}")


def where_the_path_comes_from():
    def echo(**v):
        base = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": "GET"}
        base.update(v)
        return wire.cgi([PROGRAM], "", "", environment=base)

    check(b"\n/echo/x\na=1\n" in echo(REQUEST_URI="/cgi-bin/ticker/echo/x?a=1", SCRIPT_NAME="/cgi-bin/ticker",
                                     PATH_INFO="/echo/x").body, "below a path of its own")
    check(b"\n/echo/x\na=1\n" in echo(PATH_INFO="/echo/x", QUERY_STRING="a=1").body, "without REQUEST_URI")
    check(b"\nhttps\n" in echo(REQUEST_URI="/echo", HTTPS="on").body, "https")
    check(echo(REQUEST_METHOD="", REQUEST_URI="/echo").status == 400, "no method")
    check(echo().status == 400, "no path")
    check(echo(REQUEST_URI="/echo", CONTENT_LENGTH="-1").status == 400, "a negative length")
    check(echo(REQUEST_URI="/echo", CONTENT_LENGTH="1x").status == 400, "a length that is none")
    check(echo(REQUEST_URI="/echo", CONTENT_LENGTH="9" * 30).status == 400, "a length that is too long")


main([the_same_over_all_transports, bodies_in_chunks, where_the_path_comes_from])
