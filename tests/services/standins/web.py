"""What the HTTP servers of the tests have in common."""
import http.server
import json
import socket
import struct
import sys
import time

BODY_MAX = 4 << 20


class Handler(http.server.BaseHTTPRequestHandler):
    """A class of its own has a state with an offset, the seconds that its clock is off."""
    protocol_version, wbufsize, disable_nagle_algorithm = 'HTTP/1.1', 65536, True
    state = None
    cut_next = None  # the next answer breaks off in its middle: "response" or "torn" as in faults.py

    def date_time_string(self, timestamp=None):
        return super().date_time_string(time.time() + self.state.offset)

    def version_string(self):
        return 'stand-in'

    def log_message(self, *arguments):
        pass

    def reply(self, status, body=b'', kind='application/json', headers=(), cut=None):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        cut, self.cut_next = cut or self.cut_next, None
        self.send_response(status)
        if kind:
            self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body) if not cut else max(len(body), 16)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body[:len(body) // 2] if cut else body)
        if cut:
            self.close_connection = True
        if cut == 'torn':
            self.reset()

    def reset(self):
        """Ends the connection without a farewell."""
        self.close_connection = True
        self.wfile.flush()
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
        self.connection.close()

    def read_body(self):
        """Content-Length or chunks; None when it is too large or not what it says."""
        try:
            if 'chunked' not in self.headers.get('transfer-encoding', '').lower():
                length = int(self.headers.get('content-length') or 0)
                return self.rfile.read(length) if 0 <= length <= BODY_MAX else None
            body = b''
            while True:
                size = int(self.rfile.readline(100).split(b';')[0], 16)
                if size == 0:
                    while self.rfile.readline(4096).strip():
                        pass
                    return body
                body += self.rfile.read(size)
                self.rfile.readline(10)
                if len(body) > BODY_MAX:
                    return None
        except ValueError:
            return None


class Server(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128

    def handle_error(self, request, client_address):
        # Clients go away in the middle; only what is our own fault is worth a word.
        if not isinstance(sys.exc_info()[1], (ConnectionError, ValueError, OSError)):
            super().handle_error(request, client_address)


def serve(handler, port):
    Server(('127.0.0.1', port), handler).serve_forever()
