#!/usr/bin/python3 -B
"""An SQS in front of another one that does only half of what it is asked: of every second DeleteMessageBatch it leaves the first entry out
and says that this one failed, as SQS may do with HTTP status 200.

  partial_sqs.py TARGET      prints the URL where it listens, and after the end of its input how often it did that
"""
import http.client
import http.server
import json
import sys
import threading
from urllib.parse import urlsplit

target = urlsplit(sys.argv[1])
lock = threading.Lock()
batches = failed = 0


def leave_out(body):
    """The request without its first entry, and that entry; or None when this one is to go through."""
    global batches, failed
    with lock:
        batches += 1
        if batches % 2 == 0:
            return None, body
        failed += 1
    asked = json.loads(body)
    first = asked['Entries'].pop(0)
    return first, json.dumps(asked).encode()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def log_message(self, *arguments):
        pass

    def answer(self, status, body):
        self.send_response(status)
        self.send_header('Content-Type', 'application/x-amz-json-1.0')
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers['Content-Length']))
        first = None
        if self.headers.get('X-Amz-Target') == 'AmazonSQS.DeleteMessageBatch':
            first, body = leave_out(body)
        status, text = 200, b'{"Successful":[],"Failed":[]}'
        if first is None or json.loads(body)['Entries']:
            link = http.client.HTTPConnection(target.hostname, target.port, timeout=60)
            kept = {k: v for k, v in self.headers.items() if k.lower() not in ('host', 'content-length', 'connection')}
            link.request('POST', self.path, body, kept)
            reply = link.getresponse()
            status, text = reply.status, reply.read()
            link.close()
        if first is not None and status == 200:
            said = json.loads(text)
            said.setdefault('Failed', []).append({'Id': first['Id'], 'SenderFault': False, 'Code': 'InternalError', 'Message': 'try again'})
            text = json.dumps(said).encode()
        self.answer(status, text)


server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
server.daemon_threads = True
threading.Thread(target=server.serve_forever, daemon=True).start()
print('http://127.0.0.1:%d' % server.server_address[1], flush=True)
sys.stdin.read()
print('%d of %d batches' % (failed, batches), flush=True)
