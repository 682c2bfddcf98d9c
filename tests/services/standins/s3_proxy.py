#!/usr/bin/python3 -B
"""A proxy in front of an S3 server that fails on request. It passes requests and answers on as they are, the Host header too, so
that signatures stay valid; it holds no body in memory.

  s3_proxy.py --port PORT --upstream PORT [--gateway PORT]

Controls, unsigned: GET /_test/health, POST /_test/faults (rules as in faults.py; the operation is "METHOD /path?query"), GET
/_test/faults (how often each applied), GET /_test/log (the last requests), DELETE /_test/log. With a gateway, a bucket notification
that is configured through this proxy sends s3:TestEvent to its topics, as S3 does.
"""
import argparse
import collections
import http.client
import json
import re
import select
import socket
import struct
import threading
import time
from urllib.parse import unquote
from xml.sax.saxutils import escape

from faults import Faults

PIECE = 256 << 10
HEAD_MAX = 128 << 10
DRAIN_MAX = 64 << 20
IDLE_SECONDS = 300
REASONS = http.client.responses


class Gone(Exception):
    """The other side went away, or is told to believe that we did."""


class Closed(Exception):
    """The connection is to end in order, though in the middle of an answer."""


class Peer:
    """One end of a connection, with what was read too far."""

    def __init__(self, link):
        self.link, self.rest = link, b''
        link.settimeout(IDLE_SECONDS)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def read(self, most=PIECE):
        if self.rest:
            piece, self.rest = self.rest[:most], self.rest[most:]
            return piece
        return self.link.recv(most)

    def send(self, data):
        self.link.sendall(data)

    def readable(self, seconds=0.0):
        return bool(self.rest) or bool(select.select([self.link], [], [], seconds)[0])

    def read_line(self):
        while b'\n' not in self.rest:
            piece = self.link.recv(65536)
            if not piece or len(self.rest) > HEAD_MAX:
                raise Gone
            self.rest += piece
        at = self.rest.index(b'\n') + 1
        line, self.rest = self.rest[:at], self.rest[at:]
        return line

    def read_head(self):
        """The raw head of a message with its empty line, or b'' at the end of the connection."""
        while True:
            end = self.rest.find(b'\r\n\r\n')
            if end >= 0:
                head, self.rest = self.rest[:end + 4], self.rest[end + 4:]
                return head
            if len(self.rest) > HEAD_MAX:
                raise Gone
            piece = self.link.recv(65536)
            if not piece:
                if self.rest:
                    raise Gone
                return b''
            self.rest += piece

    def reset(self):
        """Ends the connection without a farewell."""
        try:
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        except OSError:
            pass
        self.link.close()


class Message:
    def __init__(self, raw):
        self.raw = raw
        lines = raw.decode('latin1').split('\r\n')
        self.first = lines[0].split(' ', 2)
        self.headers = {}
        for line in lines[1:]:
            name, colon, value = line.partition(':')
            if colon:
                self.headers[name.strip().lower()] = value.strip()
        self.chunked = 'chunked' in self.headers.get('transfer-encoding', '').lower()
        self.length = int(self.headers['content-length']) if self.headers.get('content-length', '').isdigit() else None
        self.close = self.headers.get('connection', '').lower() == 'close'


def pieces(source, message):
    """The body of a message as it is on the wire: of a length, in chunks, or (answers only, length None) until the end."""
    if message.chunked:
        while True:
            line = source.read_line()
            yield line
            left = int(line.split(b';')[0], 16) + 2
            if left == 2:
                while line != b'\r\n':
                    line = source.read_line()
                    yield line
                return
            while left > 0:
                piece = source.read(min(left, PIECE))
                if not piece:
                    raise Gone
                left -= len(piece)
                yield piece
    left = message.length
    while left is None or left > 0:
        piece = source.read(PIECE if left is None else min(left, PIECE))
        if not piece:
            if left is None:
                return
            raise Gone
        left = left - len(piece) if left is not None else None
        yield piece


def query_value(target, name):
    found = re.search('[?&]%s=([^&]*)' % re.escape(name), target)
    return unquote(found.group(1)) if found else None


class Session:
    """A client's connection, with a kept one to the server behind it."""

    def __init__(self, proxy, link, address):
        self.proxy, self.client, self.server, self.address = proxy, Peer(link), None, address

    def run(self):
        try:
            while self.one():
                pass
        except Closed:
            pass
        except (Gone, OSError, ValueError):
            self.client.reset()
        finally:
            self.drop_server()
            self.client.link.close()

    def drop_server(self):
        if self.server is not None:
            self.server.reset()
            self.server = None

    def connect(self):
        # Something to read before a question was asked is the end of a connection that idled too long.
        if self.server is not None and self.server.readable():
            self.drop_server()
        if self.server is None:
            self.server = Peer(socket.create_connection(('127.0.0.1', self.proxy.upstream), IDLE_SECONDS))

    def one(self):
        raw = self.client.read_head()
        if not raw:
            return False
        request = Message(raw)
        if len(request.first) != 3:
            raise Gone
        method, target = request.first[:2]
        if not request.chunked and request.length is None:
            request.length = 0
        if target.startswith('/_test/'):
            return self.control(request)
        operation = method + ' ' + target
        token = request.headers.get('x-amz-security-token') or query_value(target, 'X-Amz-Security-Token')
        fault = self.proxy.faults.pick(operation, token) or {}
        entry = {'operation': operation, 'fault': fault or None, 'status': None, 'time': time.time(), 'host': request.headers.get('host'),
                 'range': request.headers.get('range'), 'connection': '%s:%d' % self.address}
        self.proxy.log.append(entry)
        time.sleep(fault.get('delay', 0))
        if fault.get('drop') == 'before':
            raise Gone
        if fault.get('status'):
            entry['status'] = fault['status']
            return self.answer(request, fault)
        return self.forward(request, fault, entry)

    # --- answers of our own ---

    def control(self, request):
        body = b''.join(pieces(self.client, request))
        try:
            status, answer = 200, self.proxy.control(request.first[0], request.first[1], body)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            status, answer = 400, {'error': repr(error)}
        text = json.dumps(answer).encode()
        self.client.send(b'HTTP/1.1 %d -\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n' % (status, len(text)) + text)
        return not request.close

    def answer(self, request, fault):
        """An error as S3 writes it. The body of the request is read to its end, or the client would see a reset and no answer."""
        code, status = fault.get('code', 'InternalError'), fault['status']
        request_id = '%016X' % time.time_ns()
        text = ('<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>%s</Code><Message>%s</Message><RequestId>%s</RequestId>'
                '<HostId>stand-in</HostId></Error>' % (escape(code), escape(fault.get('message', 'injected')), request_id)).encode()
        waits = '100-continue' in request.headers.get('expect', '').lower()
        head = 'HTTP/1.1 %d %s\r\nx-amz-request-id: %s\r\nContent-Type: application/xml\r\nContent-Length: %d\r\n' % (
            status, REASONS.get(status, 'Error'), request_id, len(text))
        head += ''.join('%s: %s\r\n' % pair for pair in fault.get('headers', {}).items())
        head += 'Date: %s\r\n' % time.strftime('%a, %d %b %Y %H:%M:%S GMT', time.gmtime())
        head += 'Connection: close\r\n\r\n' if waits else '\r\n'
        self.client.send(head.encode() + (b'' if request.first[0] == 'HEAD' else text))
        if waits:
            self.client.link.shutdown(socket.SHUT_WR)
            self.client.link.settimeout(2)
            try:
                for _ in range(DRAIN_MAX // PIECE):
                    if not self.client.read():
                        break
            except OSError:
                pass
            return False
        for _ in pieces(self.client, request):
            pass
        return not request.close

    # --- passing on ---

    def forward(self, request, fault, entry):
        watched = [] if request.first[0] == 'PUT' and re.search(r'[?&]notification\b', request.first[1]) else None
        self.connect()
        early = None
        try:
            self.server.send(request.raw)
            early = self.send_body(request, fault, watched)
        except (BrokenPipeError, ConnectionResetError):
            # The server may have answered before it hung up.
            if not self.server.readable(1):
                raise Gone from None
            early = self.next_answer()
        answer = early or self.next_answer()
        entry['status'] = int(answer.first[1])
        if fault.get('drop'):
            raise Gone
        self.send_answer(request, answer, fault)
        if watched and entry['status'] == 200:
            self.proxy.send_test_events(request.first[1], b''.join(watched))
        if answer.close or (answer.length is None and not answer.chunked):
            self.drop_server()
        if early is not None or answer.close or request.close:
            self.client.link.shutdown(socket.SHUT_WR)
            return False
        return True

    def send_body(self, request, fault, watched):
        """Returns the server's answer if it came before the body's end; then the rest of the body is not wanted."""
        if not request.chunked and request.length == 0:
            return None
        stop = (request.length or PIECE) // 2 if fault.get('half') == 'request' else None
        sent, ended = 0, False
        source = pieces(self.client, request)
        while request.chunked or sent < request.length:
            # The client waits for 100 Continue, or has more to say, or the server has had enough.
            if not self.client.rest and not self.server.rest and not ended:
                select.select([self.client.link, self.server.link], [], [], IDLE_SECONDS)
            if self.server.readable():
                answer = self.next_answer(continues=True)
                if answer is not None:
                    return answer
                continue
            piece = next(source, None)
            if piece is None:
                return None
            # Of chunks the end is known when the last line was read; then there is nothing to wait for.
            ended = request.chunked and piece == b'\r\n'
            if stop is not None and sent + len(piece) >= stop:
                self.server.send(piece[:max(stop - sent, 0)])
                raise Gone
            self.server.send(piece)
            sent += len(piece)
            if watched is not None:
                watched.append(piece)
        return None

    def next_answer(self, continues=False):
        """The head of the final answer. 100 Continue is passed on and waited past, or (continues) told by None."""
        while True:
            raw = self.server.read_head()
            if not raw:
                raise Gone
            answer = Message(raw)
            if not answer.first[1].startswith('1'):
                return answer
            self.client.send(raw)
            if continues:
                return None

    def send_answer(self, request, answer, fault):
        if request.first[0] == 'HEAD' or answer.first[1] in ('204', '304'):
            answer.length, answer.chunked = 0, False
        half = fault.get('half')
        stop = (answer.length if answer.length is not None else 2000) // 2 if half in ('response', 'torn') else None
        if stop == 0:
            # No body: a part of the first line, as half a head could be taken for a whole one.
            self.client.send(answer.raw[:len('HTTP/1.1 2')])
            raise Gone if half == 'torn' else Closed
        self.client.send(answer.raw)
        sent = 0
        for piece in pieces(self.server, answer):
            if stop is not None and sent + len(piece) >= stop:
                self.client.send(piece[:stop - sent])
                raise Gone if half == 'torn' else Closed
            self.send_slowly(piece, fault.get('slow'))
            sent += len(piece)

    def send_slowly(self, piece, rate):
        if not rate:
            self.client.send(piece)
            return
        step = max(rate // 10, 1)
        for at in range(0, len(piece), step):
            self.client.send(piece[at:at + step])
            time.sleep(0.1)


class Proxy:
    def __init__(self, upstream, gateway):
        self.upstream, self.gateway = upstream, gateway
        self.faults = Faults()
        self.log = collections.deque(maxlen=20000)

    def control(self, method, path, body):
        if path == '/_test/health':
            return {'status': 'ok'}
        if path == '/_test/faults':
            if method in ('POST', 'PUT', 'DELETE'):
                self.faults.set(json.loads(body) if body and method != 'DELETE' else [])
            return self.faults.report()
        if path == '/_test/log':
            shown = list(self.log)
            if method == 'DELETE':
                self.log.clear()
            return shown
        raise KeyError(path)

    def send_test_events(self, target, configuration):
        bucket = unquote(target.split('?')[0].strip('/'))
        for topic in re.findall(r'<Topic>[^<]*:([^:<]+)</Topic>', configuration.decode('utf-8', 'replace')):
            if self.gateway:
                link = http.client.HTTPConnection('127.0.0.1', self.gateway, timeout=30)
                link.request('POST', '/_test/test-event', json.dumps({'topic': topic, 'bucket': bucket}))
                link.getresponse().read()
                link.close()

    def serve(self, port):
        listener = socket.create_server(('127.0.0.1', port), backlog=256)
        while True:
            link, address = listener.accept()
            threading.Thread(target=Session(self, link, address).run, daemon=True).start()


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--upstream', type=int, required=True)
    parser.add_argument('--gateway', type=int, default=0)
    given = parser.parse_args()
    Proxy(given.upstream, given.gateway).serve(given.port)


if __name__ == '__main__':
    main()
