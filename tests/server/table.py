#!/usr/bin/env python3
"""One table of requests over HTTP, FastCGI and CGI: the answers have the same bytes."""
import sys

sys.dont_write_bytecode = True
# pylint: disable=wrong-import-position
import wire
from rows import BIG, TABLE
from scene import PROGRAM, Server, check, main


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
