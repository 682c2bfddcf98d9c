#!/usr/bin/python3 -B
"""In front of a server of SNS and SQS that checks nothing (fauxqs): checks every signature, fails on request, bridges S3 events.

  gateway.py --port PORT --upstream PORT --s3 PORT

Every request must be signed (sigv4.py). Controls, unsigned, for tests:
  GET  /_test/health
  POST /_test/faults         a list of rules (faults.py); GET tells how often each applied
  POST /_test/clock          {"offset": seconds}: this server's clock, with which it judges signatures and writes Date
  POST /_test/throttle       {"rate": requests a second, "burst": n}; {} for none
  POST /_test/keys           {"id", "secret", "token", "expires": Unix time, "denied"}: one more key it knows; "secret": null forgets it
  GET  /_test/log            the last requests; DELETE empties it
  POST /_test/test-event     {"topic", "bucket"}: publishes s3:TestEvent as S3 does when a notification is configured
  POST /_test/s3-event/TOPIC where radosgw pushes its notifications, which are published in the form that S3 gives them

A topic that is made here is made at the S3 server too, or it would refuse a bucket notification with the topic's ARN.
"""
import argparse
import collections
import datetime
import http.client
import json
import threading
import time
from urllib.parse import parse_qsl, quote_plus, urlencode
from xml.sax.saxutils import escape

import sigv4
import web
from faults import Faults

HOP_HEADERS = ('connection', 'keep-alive', 'transfer-encoding', 'content-length', 'expect', 'date')


class Bucket:
    """A token bucket, for throttling."""

    def __init__(self, rate, burst):
        self.rate, self.burst, self.tokens, self.then = rate, burst, burst, time.monotonic()
        self.lock = threading.Lock()

    def take(self):
        with self.lock:
            now = time.monotonic()
            self.tokens = min(self.burst, self.tokens + (now - self.then) * self.rate)
            self.then = now
            if self.tokens < 1:
                return False
            self.tokens -= 1
            return True


class State:
    def __init__(self, upstream, s3):
        self.upstream, self.s3 = upstream, s3
        self.faults = Faults()
        self.keys = sigv4.first_keys()
        self.log = collections.deque(maxlen=5000)
        self.offset = 0
        self.throttle = None
        self.sequencer = 0
        self.lock = threading.Lock()
        self.local = threading.local()  # one kept connection to the server behind for each connection of a client

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=self.offset)

    def next_sequencer(self):
        with self.lock:
            self.sequencer = max(self.sequencer + 1, time.time_ns())
            return '%018X' % self.sequencer


def forward(state, method, target, headers, body):
    for fresh in (False, True):
        link = getattr(state.local, 'link', None)
        if link is None or fresh:
            link = state.local.link = http.client.HTTPConnection('127.0.0.1', state.upstream, timeout=120)
        try:
            link.request(method, target, body, headers)
            answer = link.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        except (ConnectionError, http.client.HTTPException):
            link.close()
            if fresh:
                raise
    return None


def publish(state, topic, message):
    form = urlencode({'Action': 'Publish', 'Version': '2010-03-31', 'Subject': 'Amazon S3 Notification', 'Message': message,
                      'TopicArn': 'arn:aws:sns:%s:%s:%s' % (sigv4.REGION, sigv4.ACCOUNT, topic)})
    status, _, body = forward(state, 'POST', '/', {'Content-Type': 'application/x-www-form-urlencoded', 'Host': 'localhost'}, form)
    if status != 200:
        print('publish to %s: %s %s' % (topic, status, body[:300]), flush=True)
    return status


def form_time(moment):
    return moment.strftime('%Y-%m-%dT%H:%M:%S.') + '%03dZ' % (moment.microsecond // 1000)


def s3_record(state, event):
    """A record of radosgw in the form of S3: another source and version, the key URL-encoded, a time in milliseconds."""
    s3, thing = event['s3'], event['s3']['object']
    answer = event.get('responseElements', {})
    shown = {'key': quote_plus(thing['key'], safe='/'), 'size': thing.get('size', 0), 'eTag': thing.get('eTag', '')}
    if thing.get('versionId'):
        shown['versionId'] = thing['versionId']
    shown['sequencer'] = state.next_sequencer()
    if event['eventName'].startswith('ObjectRemoved'):
        del shown['size'], shown['eTag']
    name = s3['bucket']['name']
    return {'eventVersion': '2.1', 'eventSource': 'aws:s3', 'awsRegion': sigv4.REGION, 'eventTime': event['eventTime'][:23] + 'Z',
            'eventName': event['eventName'], 'userIdentity': {'principalId': 'AWS:' + event['userIdentity']['principalId']},
            'requestParameters': {'sourceIPAddress': '127.0.0.1'},
            'responseElements': {'x-amz-request-id': answer.get('x-amz-request-id', ''), 'x-amz-id-2': answer.get('x-amz-id-2', '')},
            's3': {'s3SchemaVersion': '1.0', 'configurationId': s3['configurationId'],
                   'bucket': {'name': name, 'ownerIdentity': {'principalId': s3['bucket']['ownerIdentity']['principalId']},
                              'arn': 'arn:aws:s3:::' + name},
                   'object': shown}}


def compact(value):
    return json.dumps(value, separators=(',', ':'))


def mirror_topic(state, port, action, name):
    """Makes or deletes the topic at the S3 server, which pushes its events here."""
    form = {'Action': action, 'Version': '2010-03-31'}
    if action == 'CreateTopic':
        form.update({'Name': name, 'Attributes.entry.1.key': 'push-endpoint',
                     'Attributes.entry.1.value': 'http://127.0.0.1:%d/_test/s3-event/%s' % (port, name)})
    else:
        form['TopicArn'] = 'arn:aws:sns:%s:%s:%s' % (sigv4.REGION, sigv4.ACCOUNT, name)
    body = urlencode(form)
    _, headers, _ = sigv4.sign('POST', 'http://127.0.0.1:%d/' % state.s3,
                               {'Content-Type': 'application/x-www-form-urlencoded', 'Host': '127.0.0.1:%d' % state.s3}, body, 'sns')
    link = http.client.HTTPConnection('127.0.0.1', state.s3, timeout=30)
    try:
        link.request('POST', '/', body, headers)
        answer = link.getresponse()
        text = answer.read()
        if answer.status not in (200, 404):
            raise OSError('%s: %d %s' % (action, answer.status, text[:300]))
    finally:
        link.close()


class Handler(web.Handler):
    def refuse(self, error, headers=()):
        request_id = '%032x' % time.time_ns()
        if 'json' in self.headers.get('content-type', ''):
            code = error.json_code if '#' in error.json_code else 'com.amazon.coral.service#' + error.json_code
            extra = [('x-amzn-RequestId', request_id), ('x-amzn-query-error', error.query_code + ';Sender')]
            return self.reply(error.status, {'__type': code, 'message': error.message}, 'application/x-amz-json-1.0',
                              extra + list(headers))
        text = ('<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/"><Error><Type>%s</Type><Code>%s</Code><Message>%s'
                '</Message></Error><RequestId>%s</RequestId></ErrorResponse>'
                % ('Sender' if error.status < 500 else 'Receiver', escape(error.query_code), escape(error.message), request_id))
        return self.reply(error.status, text.encode(), 'text/xml', headers)

    def control(self, body):
        state, path = self.state, self.path
        given = json.loads(body) if body and self.command == 'POST' else {}
        if path == '/_test/health':
            return {'status': 'ok'}
        if path == '/_test/faults':
            if self.command in ('POST', 'PUT', 'DELETE'):
                state.faults.set(given or [])
            return state.faults.report()
        if path == '/_test/clock':
            state.offset = given.get('offset', state.offset)
            return {'offset': state.offset}
        if path == '/_test/throttle':
            state.throttle = Bucket(given['rate'], given.get('burst', 1)) if given.get('rate') else None
            return given
        if path == '/_test/keys':
            if given.get('secret') is None:
                state.keys.pop(given['id'], None)
            else:
                state.keys[given['id']] = sigv4.Key(given['secret'], given.get('token'), given.get('denied', False),
                                                    given.get('expires'))
            return {}
        if path == '/_test/log':
            shown = list(state.log)
            if self.command == 'DELETE':
                state.log.clear()
            return shown
        if path == '/_test/test-event':
            event = {'Service': 'Amazon S3', 'Event': 's3:TestEvent', 'Time': form_time(state.now()), 'Bucket': given['bucket'],
                     'RequestId': '%016X' % time.time_ns(), 'HostId': 'stand-in'}
            return {} if publish(state, given['topic'], compact(event)) == 200 else None
        if path.startswith('/_test/s3-event/'):
            records = [s3_record(state, event) for event in given['Records']]
            return {} if publish(state, path.rsplit('/', 1)[1], compact({'Records': records})) == 200 else None
        raise KeyError(path)

    def handle_control(self, body):
        try:
            answer = self.control(body)
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            return self.reply(400, {'error': '%s: %r' % (self.path, error)})
        return self.reply(500, {'error': 'the server behind refused it'}) if answer is None else self.reply(200, answer)

    def serve(self):
        body = self.read_body()
        if body is None:
            self.close_connection = True
            return self.reply(413 if self.headers.get('content-length') else 400)
        if self.path.startswith('/_test/'):
            return self.handle_control(body)
        form = dict(parse_qsl(body.decode('latin1'))) if b'Action=' in body else {}
        operation = self.headers.get('x-amz-target', form.get('Action', '?')).replace('AmazonSQS.', '')
        entry = {'operation': operation, 'target': self.path, 'host': self.headers.get('host'), 'signed': False, 'fault': None,
                 'status': None, 'agent': self.headers.get('user-agent'), 'time': time.time(),
                 'connection': '%s:%d' % self.client_address}
        self.state.log.append(entry)
        try:
            key, service = sigv4.verify(self.state.keys, self.command, self.path, self.headers, body, self.state.now())
            entry['signed'] = True
            if key.denied:
                raise sigv4.Refused(403, 'AccessDeniedException', 'AccessDenied' if service == 'sqs' else 'AuthorizationError',
                                    'User: arn:aws:iam::%s:user/stranger is not authorized to perform: %s:%s'
                                    % (sigv4.ACCOUNT, service, operation))
        except sigv4.Refused as error:
            entry['status'] = error.status
            return self.refuse(error)
        return self.serve_signed(operation, entry, form, body)

    def serve_signed(self, operation, entry, form, body):
        state = self.state
        if state.throttle and not state.throttle.take():
            entry['status'], entry['fault'] = 400, 'throttled'
            return self.refuse(sigv4.Refused(400, 'ThrottlingException', 'Throttling', 'Rate exceeded'))
        fault = state.faults.pick(operation, self.headers.get('x-amz-security-token')) or {}
        entry['fault'] = fault or None
        time.sleep(fault.get('delay', 0))
        if fault.get('drop') == 'before' or fault.get('half') == 'request':
            return self.reset()
        if fault.get('status'):
            entry['status'] = fault['status']
            code = fault.get('code', 'ServiceUnavailable')
            return self.refuse(sigv4.Refused(fault['status'], code, code.split('#')[-1], fault.get('message', 'injected')),
                               fault.get('headers', {}).items())
        passed = {k: v for k, v in self.headers.items() if k.lower() not in HOP_HEADERS}
        status, headers, answer = forward(state, self.command, self.path, passed, body)
        if status == 200 and form.get('Action') in ('CreateTopic', 'DeleteTopic') and state.s3:
            name = form.get('Name') or form.get('TopicArn', '').rsplit(':', 1)[-1]
            try:
                mirror_topic(state, self.server.server_address[1], form['Action'], name)
            except OSError as error:
                print(error, flush=True)
                return self.refuse(sigv4.Refused(500, 'InternalFailure', 'InternalFailure', 'the S3 server: %s' % error))
        entry['status'] = status
        if fault.get('drop'):
            return self.reset()
        kept = [(k, v) for k, v in headers if k.lower() not in HOP_HEADERS + ('server',)]
        return self.reply(status, answer, None, kept, fault.get('half') if fault.get('half') != 'request' else None)

    do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = serve


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--port', type=int, required=True)
    parser.add_argument('--upstream', type=int, required=True)
    parser.add_argument('--s3', type=int, default=0)
    given = parser.parse_args()
    Handler.state = State(given.upstream, given.s3)
    web.serve(Handler, given.port)


if __name__ == '__main__':
    main()
