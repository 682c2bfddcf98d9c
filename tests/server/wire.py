"""Requests as bytes, over HTTP, FastCGI and CGI, for the tests of the transports. An answer is its status, its headers and its body,
and whether it came to a good end."""
import os
import socket
import struct
import subprocess

TIMEOUT = 30
# What belongs to the connection and not to the answer.
HOP = {"date", "connection", "server", "transfer-encoding", "keep-alive"}


class Answer:
    def __init__(self, status, headers, body, whole):
        self.status, self.headers, self.body, self.whole = status, headers, body, whole

    def header(self, name):
        return dict(self.headers).get(name)

    def compared(self):
        """What is the same over every transport."""
        headers = sorted((n, v) for n, v in self.headers if n not in HOP and not (self.status == 304 and n == "content-length"))
        return self.status, headers, self.body, self.whole

    def __repr__(self):
        return f"{self.status} {self.headers} {self.body[:200]!r} whole={self.whole}"


def connect(address):
    if address.startswith("unix:"):
        s = socket.socket(socket.AF_UNIX)
        s.settimeout(TIMEOUT)
        s.connect(address[5:].split("?")[0])
    else:
        host, port = address.rsplit(":", 1)
        s = socket.create_connection((host, int(port)), TIMEOUT)
        s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return s


def send(s, data):
    """All of it, or as much as the other side wants."""
    try:
        s.sendall(data)
    except (BrokenPipeError, ConnectionResetError):
        pass


def receive(s):
    try:
        return s.recv(65536)
    except ConnectionResetError:
        return b""


# --- HTTP

def http_head(method, target, headers=(), body=b"", chunked=False, version="HTTP/1.1"):
    lines = [f"{method} {target} {version}", "Host: localhost"] + [f"{n}: {v}" for n, v in headers]
    if chunked:
        lines.append("Transfer-Encoding: chunked")
    elif body is not None and (body or method in ("POST", "PUT")):
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def chunks(body, size=5000, end=True):
    parts = [b"%x\r\n%s\r\n" % (len(body[i:i + size]), body[i:i + size]) for i in range(0, len(body), size)]
    return b"".join(parts) + (b"0\r\n\r\n" if end else b"")


class HttpReader:
    def __init__(self, s):
        self.s, self.buffer, self.ended = s, b"", False

    def more(self):
        data = receive(self.s)
        self.ended = self.ended or not data
        self.buffer += data
        return bool(data)

    def line(self):
        while b"\r\n" not in self.buffer:
            if not self.more():
                return None
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def exactly(self, size):
        while len(self.buffer) < size and self.more():
            pass
        data, self.buffer = self.buffer[:size], self.buffer[size:]
        return data

    def chunked(self):
        body = []
        while True:
            line = self.line()
            if line is None:
                return b"".join(body), False
            size = int(line.split(b";")[0] or b"0", 16)
            data = self.exactly(size)
            body.append(data)
            if len(data) < size or self.line() is None:
                return b"".join(body), False
            if size == 0:
                return b"".join(body), True

    def answer(self, method="GET"):
        """The next answer; None when the connection ended before one. Interim ones are left out."""
        while True:
            first = self.line()
            if first is None:
                return None
            status, headers = int(first.split()[1]), []
            while True:
                line = self.line()
                if line is None:
                    return None
                if not line:
                    break
                name, value = line.decode("latin-1").split(":", 1)
                headers.append((name.lower(), value.strip()))
            if status >= 200:
                break
        names = dict(headers)
        if method == "HEAD" or status in (204, 304):
            return Answer(status, headers, b"", True)
        if names.get("transfer-encoding") == "chunked":
            body, whole = self.chunked()
        elif "content-length" in names:
            body = self.exactly(int(names["content-length"]))
            whole = len(body) == int(names["content-length"])
        else:
            while self.more():
                pass
            body, whole = self.buffer, True
        return Answer(status, headers, body, whole)


def http(address, method, target, headers=(), body=b"", chunked=False, version="HTTP/1.1"):
    with connect(address) as s:
        send(s, http_head(method, target, headers, body, chunked, version))
        send(s, chunks(body) if chunked else body)
        return HttpReader(s).answer(method)


# --- CGI variables

def variables(method, target, headers=(), body=b"", length=None):
    path, _, query = target.partition("?")
    v = {"GATEWAY_INTERFACE": "CGI/1.1", "REQUEST_METHOD": method, "REQUEST_URI": target, "QUERY_STRING": query,
         "SCRIPT_NAME": path, "DOCUMENT_URI": path, "SERVER_PROTOCOL": "HTTP/1.1", "REQUEST_SCHEME": "http",
         "REMOTE_ADDR": "127.0.0.1", "HTTP_HOST": "localhost"}
    for name, value in headers:
        key = name.upper().replace("-", "_")
        v[key if key == "CONTENT_TYPE" else "HTTP_" + key] = value
    v["CONTENT_LENGTH"] = length if length is not None else str(len(body)) if body or method in ("POST", "PUT") else ""
    return v


def cgi_answer(output, whole):
    head, _, body = output.partition(b"\r\n\r\n")
    headers, status = [], None
    for line in head.decode("latin-1").split("\r\n"):
        name, _, value = line.partition(":")
        if name == "Status":
            status = int(value.split()[0])
        else:
            headers.append((name.lower(), value.strip()))
    length = dict(headers).get("content-length")
    return Answer(status, headers, body, whole)


def cgi(program, method, target, headers=(), body=b"", length=None, environment=None):
    env = {"PATH": os.environ["PATH"]}
    for name in ("ASAN_OPTIONS", "LSAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LD_LIBRARY_PATH"):
        if name in os.environ:
            env[name] = os.environ[name]
    env.update(environment if environment is not None else variables(method, target, headers, body, length))
    done = subprocess.run(program, input=body, env=env, stdout=subprocess.PIPE, timeout=60, check=False)
    return cgi_answer(done.stdout, done.returncode == 0)


# --- FastCGI

BEGIN, ABORT, END, PARAMS, STDIN, STDOUT, STDERR, DATA, GET_VALUES, GET_VALUES_RESULT, UNKNOWN = range(1, 12)


def record(kind, request_id, content=b"", padding=0):
    return struct.pack("!BBHHBx", 1, kind, request_id, len(content), padding) + content + b"\0" * padding


def pair(name, value):
    name, value = name.encode("latin-1"), value.encode("latin-1")
    sizes = b"".join(struct.pack("!B", n) if n < 128 else struct.pack("!I", n | 1 << 31) for n in (len(name), len(value)))
    return sizes + name + value


def stream(kind, request_id, data, size=65535, padding=0, end=True):
    parts = [record(kind, request_id, data[i:i + size], padding) for i in range(0, len(data), size)]
    return b"".join(parts) + (record(kind, request_id) if end else b"")


def begin(request_id=1, keep=False, role=1):
    return record(BEGIN, request_id, struct.pack("!HB5x", role, int(keep)))


def fcgi_head(v, request_id=1, keep=False, size=65535, padding=0):
    return begin(request_id, keep) + stream(PARAMS, request_id, b"".join(pair(n, x) for n, x in v.items()), size, padding)


class FcgiReader:
    def __init__(self, s):
        self.s, self.buffer = s, b""

    def record(self):
        """(type, id, content), or None at the end."""
        while True:
            if len(self.buffer) >= 8:
                _, kind, request_id, size, padding = struct.unpack("!BBHHBx", self.buffer[:8])
                if len(self.buffer) >= 8 + size + padding:
                    content = self.buffer[8:8 + size]
                    self.buffer = self.buffer[8 + size + padding:]
                    return kind, request_id, content
            data = receive(self.s)
            if not data:
                return None
            self.buffer += data

    def answer(self):
        """The answer of one request; None when the connection ended before anything came."""
        output, seen = [], False
        while True:
            got = self.record()
            if got is None:
                return cgi_answer(b"".join(output), False) if seen else None
            seen = True
            if got[0] == STDOUT:
                output.append(got[2])
            elif got[0] == END:
                return cgi_answer(b"".join(output), got[2][4] == 0)


def fcgi(address, method, target, headers=(), body=b"", length=None, size=65535, padding=0):
    v = variables(method, target, headers, body, length)
    with connect(address) as s:
        send(s, fcgi_head(v, size=size, padding=padding))
        send(s, stream(STDIN, 1, body, size, padding))
        return FcgiReader(s).answer()
