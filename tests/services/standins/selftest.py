#!/usr/bin/python3 -B
"""Shows that the stand-ins take what AWS takes and refuse what it refuses; one "ok" or "not ok" line each. Run by selftest-aws, with
the environment of with-aws."""
import base64
import datetime
import hashlib
import json
import os
import re
import sys
import threading
import time
from urllib.parse import quote, urlencode, urlsplit

import client
import sigv4
from client import send

AWS, S3, PROXY = os.environ['AWS_ENDPOINT_URL'], os.environ['AWS_ENDPOINT_URL_S3'], os.environ['TICKER_TEST_S3_PROXY']
SECOND, KEYS = os.environ['TICKER_TEST_SQS_SECOND'], os.environ['TICKER_TEST_CREDENTIALS']
JSON, FORM = 'application/x-amz-json-1.0', 'application/x-www-form-urlencoded'
ARN = 'arn:aws:%s:us-east-1:000000000000:%s'
numbers = {'ok': 0, 'not ok': 0}


def check(what, good, seen=''):
    numbers['ok' if good else 'not ok'] += 1
    print('%s %d - %s%s' % ('ok' if good else 'not ok', sum(numbers.values()), what, '' if good else ': ' + repr(seen)[:600]), flush=True)


def ask(url, method='PUT', body=b'', headers=None, wire=None, change=None, **options):
    """A signed S3 request; wire is sent in the place of the body, change gets (url, headers) after signing and returns them."""
    headers = dict({'Host': urlsplit(url).netloc, 'Content-Type': 'text/csv'}, **(headers or {}))
    url, headers, _ = sigv4.sign(method, url, headers, body, 's3', **options)
    if change:
        url, headers = change(url, headers)
    return send(method, url, headers, body if wire is None else wire)


def answers(what, got, status, code=''):
    check(what, got[0] == status and code.encode() in got[1], got[:2])


def ago(**duration):
    return datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(**duration)


# --- S3 ---

def signatures_of_s3():
    bucket = S3 + '/signed'
    answers('a bucket is made', ask(bucket), 200)
    answers('an object is put', ask(bucket + '/a', body=b'abc'), 200)
    answers('an object is put with UNSIGNED-PAYLOAD', ask(bucket + '/u', body=b'abc', payload='UNSIGNED-PAYLOAD'), 200)
    got = ask(bucket + '/a', 'GET')
    check('an object comes back as it was put', got[:2] == (200, b'abc'), got)
    name = quote("k %+~!'()*é", safe='')
    answers('a key of unusual characters is put', ask(bucket + '/' + name, body=b'abc'), 200)
    answers('a query of unusual characters is signed', ask(bucket + '?list-type=2&prefix=%21%27%28%29%2A%20%2B', 'GET'), 200)
    answers('a wrong secret is refused', ask(bucket + '/a', secret='wrong'), 403, 'SignatureDoesNotMatch')
    answers('an unknown key is refused', ask(bucket + '/a', access_key='nobody'), 403, 'InvalidAccessKeyId')
    answers('another secret than that of the key is refused', ask(bucket + '/a', access_key='stranger'), 403, 'SignatureDoesNotMatch')
    answers('a request without a signature is refused', send('GET', S3 + '/000000000000:signed/a'), 403, 'AccessDenied')
    answers('a body that is not the signed one is refused', ask(bucket + '/b', body=b'abc', wire=b'abX'), 400, 'XAmzContentSHA256Mismatch')
    check('and is not stored', ask(bucket + '/b', 'GET')[0] == 404)
    answers('a signed header that was changed is refused', ask(bucket + '/b', headers={'x-amz-meta-a': '1'}, change=lambda u, h: (
        u, dict(h, **{'x-amz-meta-a': '2'}))), 403, 'SignatureDoesNotMatch')
    answers('a query that was changed is refused', ask(bucket + '?prefix=a', 'GET', change=lambda u, h: (
        u.replace('prefix=a', 'prefix=b'), h)), 403, 'SignatureDoesNotMatch')
    answers('a method that was changed is refused', send('DELETE', *sigv4.sign('GET', bucket + '/a', {'Host': urlsplit(bucket).netloc}, b'', 's3')[:2]),
            403, 'SignatureDoesNotMatch')
    answers('a request of twenty minutes ago is refused', ask(bucket + '/a', 'GET', when=ago(minutes=20)), 403, 'RequestTimeTooSkewed')
    answers('a request of fourteen minutes ago is taken', ask(bucket + '/a', 'GET', when=ago(minutes=14)), 200)
    answers('a wrong Content-MD5 is refused', ask(bucket + '/m', body=b'abc', headers={'Content-MD5': '1B2M2Y8AsgTpgAmY7PhCfg=='}), 400, 'BadDigest')
    answers('who has no right to a bucket is refused', ask(bucket + '/a', 'GET', access_key='stranger', secret='strangersecret'), 403,
            'AccessDenied')
    answers('a bucket that does not exist', ask(S3 + '/no-such-bucket/a', 'GET'), 404, 'NoSuchBucket')
    answers('an object that does not exist', ask(bucket + '/none', 'GET'), 404, 'NoSuchKey')
    answers('If-Match with another ETag', ask(bucket + '/a', 'GET', headers={'If-Match': '"0123456789abcdef0123456789abcdef"'}), 412)
    for host in ('signed.localhost', 'signed.s3.localhost'):
        answers('the bucket in the host name, %s' % host, ask('http://%s:%d/a' % (host, urlsplit(S3).port), 'GET'), 200, 'abc')
    answers('path style at s3.localhost', ask('http://s3.localhost:%d/signed/a' % urlsplit(S3).port, 'GET'), 200, 'abc')


def presigned_urls():
    bucket = S3 + '/signed'
    answers('a presigned GET', ask(bucket + '/a', 'GET', expires=60, headers={'Content-Type': ''}), 200, 'abc')
    answers('a presigned PUT', ask(bucket + '/p', expires=60, wire=b'hello'), 200)
    answers('a presigned GET that has expired', ask(bucket + '/a', 'GET', expires=60, when=ago(minutes=5)), 403, 'AccessDenied')
    answers('a presigned GET for another object', ask(bucket + '/a', 'GET', expires=60, change=lambda u, h: (
        u.replace('/a?', '/u?'), h)), 403, 'SignatureDoesNotMatch')
    answers('a presigned GET made to live longer', ask(bucket + '/a', 'GET', expires=60, change=lambda u, h: (
        u.replace('Expires=60', 'Expires=6000'), h)), 403, 'SignatureDoesNotMatch')
    answers('a presigned PUT with another content type', ask(bucket + '/p', expires=60, wire=b'x', change=lambda u, h: (
        u, dict(h, **{'Content-Type': 'text/plain'}))), 403, 'SignatureDoesNotMatch')


def streamed_uploads():
    body = os.urandom(200000)

    def put(name, spoil=False, secret='test'):
        when = datetime.datetime.now(datetime.timezone.utc)
        headers = {'Host': urlsplit(S3).netloc, 'Content-Encoding': 'aws-chunked', 'x-amz-decoded-content-length': str(len(body))}
        url, headers, seed = sigv4.sign('PUT', S3 + '/signed/' + name, headers, b'', 's3', when=when,
                                        payload='STREAMING-AWS4-HMAC-SHA256-PAYLOAD')
        wire = sigv4.sign_chunks(body, 65536, seed, when.strftime(sigv4.STAMP), secret)
        if spoil:
            wire = wire[:len(wire) // 2] + bytes([wire[len(wire) // 2] ^ 1]) + wire[len(wire) // 2 + 1:]
        return send('PUT', url, headers, wire)

    answers('signed chunks', put('s'), 200)
    check('come back whole', ask(S3 + '/signed/s', 'GET')[1] == body)
    check('signed chunks with a wrong byte are refused', put('t', spoil=True)[0] >= 400)
    check('chunks signed with another key are refused', put('t', secret='wrong')[0] >= 400)
    check('and nothing is stored', ask(S3 + '/signed/t', 'GET')[0] == 404)


def post_forms():
    """A browser's upload: multipart/form-data with a signed policy. radosgw wants the tenant before the bucket's name in the URL."""
    when = datetime.datetime.now(datetime.timezone.utc)
    stamp = when.strftime(sigv4.STAMP)
    fields = {'key': 'posted', 'x-amz-algorithm': 'AWS4-HMAC-SHA256', 'x-amz-date': stamp,
              'x-amz-credential': 'test/%s/us-east-1/s3/aws4_request' % stamp[:8]}
    conditions = [{'bucket': 'signed'}, ['content-length-range', 1, 10]] + [{k: v} for k, v in fields.items()]
    policy = {'expiration': (when + datetime.timedelta(minutes=5)).strftime('%Y-%m-%dT%H:%M:%SZ'), 'conditions': conditions}

    def post(given, data, changed=None):
        encoded = base64.b64encode(json.dumps(given).encode()).decode()
        signature = sigv4.hmac.new(sigv4.signing_key('test', stamp[:8], 's3'), encoded.encode(), hashlib.sha256).hexdigest()
        form = dict(fields, policy=encoded, **{'x-amz-signature': signature})
        form.update(changed or {})
        text = ''.join('--edge\r\nContent-Disposition: form-data; name="%s"\r\n\r\n%s\r\n' % each for each in form.items())
        text += '--edge\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n%s\r\n--edge--\r\n' % data
        return send('POST', S3 + '/000000000000:signed', {'Content-Type': 'multipart/form-data; boundary=edge'}, text.encode())

    got = post(policy, 'hello')
    check('a POST form with a signed policy', got[0] in (200, 204), got)
    check('is stored', ask(S3 + '/signed/posted', 'GET')[1] == b'hello')
    check('a POST form for another key is refused', post(policy, 'hello', {'key': 'elsewhere'})[0] == 403)
    check('a POST form that is too large is refused', post(policy, 'hello' * 10)[0] == 400)
    late = dict(policy, expiration='2020-01-01T00:00:00Z')
    check('a POST form that has expired is refused', post(late, 'hello')[0] in (400, 403))
    wider = base64.b64encode(json.dumps(dict(policy, conditions=[])).encode()).decode()
    answers('a POST form with another policy than the signed one is refused', post(policy, 'hello', {'policy': wider}), 403)


def session_keys(session, expired):
    def options(keys):
        return {'access_key': keys['AWS_ACCESS_KEY_ID'], 'secret': keys['AWS_SECRET_ACCESS_KEY'], 'token': keys['AWS_SESSION_TOKEN']}

    good, old = options(session), options(expired)
    url = S3 + '/signed/a'
    answers('S3 takes temporary keys', ask(url, 'GET', **good), 200, 'abc')
    answers('also in a presigned URL', ask(url, 'GET', expires=60, **good), 200, 'abc')
    answers('S3 refuses temporary keys without their token', ask(url, 'GET', **dict(good, token=None)), 403)
    answers('S3 refuses a token that was changed', ask(url, 'GET', **dict(good, token=good['token'][::-1])), 403)
    answers('S3 refuses temporary keys that have expired', ask(url, 'GET', **old), 403)
    answers('SQS takes temporary keys', sqs('ListQueues', **good), 200)
    answers('SQS refuses them without their token', sqs('ListQueues', **dict(good, token=None)), 403, 'UnrecognizedClientException')
    answers('SQS refuses them when they have expired', sqs('ListQueues', **old), 403, 'ExpiredTokenException')
    answers('SNS refuses them when they have expired', sns({'Action': 'ListTopics'}, **old), 403, '<Code>ExpiredToken</Code>')
    faults(PROXY, [{'kind': 'expired', 'token': good['token'], 'count': 1}])
    answers('the proxy says ExpiredToken to one token', ask(PROXY + '/signed/a', 'GET', **good), 400, '<Code>ExpiredToken</Code>')
    answers('and no more than once', ask(PROXY + '/signed/a', 'GET', **good), 200)


# --- SQS and SNS ---

def sqs(operation, arguments=None, wire=None, change=None, endpoint=None, **options):
    endpoint = endpoint or AWS
    body = json.dumps(arguments or {}).encode()
    headers = {'Host': urlsplit(endpoint).netloc, 'Content-Type': JSON, 'X-Amz-Target': 'AmazonSQS.' + operation}
    _, headers, _ = sigv4.sign('POST', endpoint + '/', headers, body, options.pop('service', 'sqs'), **options)
    if change:
        headers = change(headers)
    return send('POST', endpoint + '/', headers, body if wire is None else wire)


def sns(form, **options):
    body = urlencode(dict(form, Version='2010-03-31')).encode()
    _, headers, _ = sigv4.sign('POST', AWS + '/', {'Host': urlsplit(AWS).netloc, 'Content-Type': FORM}, body, 'sns', **options)
    return send('POST', AWS + '/', headers, body)


def without(name):
    return lambda headers: {k: v for k, v in headers.items() if k.lower() != name}


def signatures_of_sqs():
    invalid = 'InvalidSignatureException'
    answers('SQS takes a signed request', sqs('ListQueues'), 200)
    answers('SQS refuses a wrong secret', sqs('ListQueues', secret='wrong'), 403, invalid)
    answers('SQS refuses an unknown key', sqs('ListQueues', access_key='nobody'), 403, 'UnrecognizedClientException')
    answers('SQS refuses a request without a signature', sqs('ListQueues', change=without('authorization')), 403,
            'MissingAuthenticationTokenException')
    answers('SQS refuses half an Authorization', sqs('ListQueues', change=lambda h: dict(h, Authorization=h['Authorization'][:90])), 400,
            'IncompleteSignatureException')
    answers('SQS refuses a body that is not the signed one', sqs('ListQueues', {'QueueNamePrefix': 'a'}, wire=b'{"QueueNamePrefix":"b"}'), 403,
            invalid)
    answers('SQS refuses an operation that is not the signed one', sqs('ListQueues', change=lambda h: dict(
        h, **{'X-Amz-Target': 'AmazonSQS.PurgeQueue'})), 403, invalid)
    answers('SQS refuses an x-amz- header that is not signed', sqs('ListQueues', change=lambda h: dict(h, **{'x-amz-more': '1'})), 403, invalid)
    answers('SQS refuses another host than the signed one', sqs('ListQueues', change=lambda h: dict(h, Host='other')), 403, invalid)
    answers('SQS refuses another region', sqs('ListQueues', region='sa-east-1'), 403, 'valid region')
    answers('SQS refuses a signature for S3', sqs('ListQueues', service='s3'), 403, 'service')
    answers('SQS refuses a request of six minutes ago', sqs('ListQueues', when=ago(minutes=6)), 403, 'Signature expired')
    answers('SQS refuses a request of the future', sqs('ListQueues', when=ago(minutes=-6)), 403, 'not yet current')
    answers('SQS refuses who has no right', sqs('ListQueues', access_key='stranger', secret='strangersecret'), 403, 'AccessDeniedException')
    answers('SNS takes a signed request', sns({'Action': 'ListTopics'}), 200, 'ListTopicsResponse')
    answers('SNS refuses a wrong secret', sns({'Action': 'ListTopics'}, secret='wrong'), 403, '<Code>SignatureDoesNotMatch</Code>')
    answers('SNS refuses who has no right', sns({'Action': 'ListTopics'}, access_key='stranger', secret='strangersecret'), 403,
            '<Code>AuthorizationError</Code>')
    got = sqs('GetQueueUrl', {'QueueName': 'none'})
    check('a missing queue has both names of its error', b'QueueDoesNotExist' in got[1] and
          got[2].get('x-amzn-query-error', '').startswith('AWS.SimpleQueueService.NonExistentQueue'), got)


def clocks():
    send('POST', AWS + '/_test/clock', {}, b'{"offset": 900}')
    got = sqs('ListQueues')
    answers('with its clock ahead the gateway refuses', got, 403, 'Signature expired')
    date = datetime.datetime.strptime(got[2]['date'], '%a, %d %b %Y %H:%M:%S GMT').replace(tzinfo=datetime.timezone.utc)
    check('and its Date says so', 890 < (date - ago()).total_seconds() < 910, got[2]['date'])
    answers('and takes a request that is signed for that time', sqs('ListQueues', when=ago(seconds=-900)), 200)
    send('POST', AWS + '/_test/clock', {}, b'{"offset": 0}')
    answers('with its clock back it takes the right time', sqs('ListQueues'), 200)


# --- faults ---

def faults(endpoint, rules):
    status, text, _ = send('POST', endpoint + '/_test/faults', {}, json.dumps(rules).encode())
    if status != 200:
        raise SystemExit('faults: %d %s' % (status, text))


def faults_of_sqs():
    faults(AWS, [{'match': 'ListQueues', 'count': 2, 'status': 503, 'code': 'ServiceUnavailable'}])
    answers('a fault', sqs('ListQueues'), 503, 'ServiceUnavailable')
    answers('is for its operation only', sqs('GetQueueUrl', {'QueueName': 'none'}), 400)
    answers('and comes', sqs('ListQueues'), 503)
    answers('as often as was said', sqs('ListQueues'), 200)
    for kind in ('reset', 'lost', 'half-request', 'half-response', 'torn-response'):
        faults(AWS, [{'kind': kind}])
        check('the connection breaks: %s' % kind, sqs('CreateQueue', {'QueueName': 'fault-' + kind})[0] == 0)
        made = sqs('GetQueueUrl', {'QueueName': 'fault-' + kind})[0] == 200
        check('and the request was %s' % ('carried out' if made else 'not carried out'), made == (kind in ('lost', 'half-response', 'torn-response')))
    faults(AWS, [{'delay': 0.5}])
    started = time.monotonic()
    sqs('ListQueues')
    check('a delay', 0.5 <= time.monotonic() - started < 5)
    send('POST', AWS + '/_test/throttle', {}, b'{"rate": 5, "burst": 5}')
    seen = [sqs('ListQueues')[:2] for _ in range(20)]
    check('throttling lets some through', 5 <= sum(s == 200 for s, _ in seen) <= 12, seen)
    check('and refuses the others', all(s == 200 or (s == 400 and b'ThrottlingException' in b) for s, b in seen), seen)
    send('POST', AWS + '/_test/throttle', {}, b'{}')
    log = json.loads(send('GET', AWS + '/_test/log')[1])
    check('the log tells of it', sum(1 for each in log if each['fault'] == 'throttled') >= 8 and not any('Signature=' in json.dumps(each) for each in log))


def faults_of_s3():
    body = os.urandom(1 << 20)
    url = PROXY + '/signed/big'
    answers('an object is put through the proxy', ask(url, body=body), 200)
    check('and comes back through it', ask(url, 'GET')[1] == body)
    for kind, status, code in (('500', 500, 'InternalError'), ('503', 503, 'ServiceUnavailable'), ('slowdown', 503, 'SlowDown')):
        faults(PROXY, [{'kind': kind, 'count': 2}])
        answers('GET: %s' % code, ask(url, 'GET'), status, '<Code>%s</Code>' % code)
        answers('PUT: %s' % code, ask(url, body=body), status, '<Code>%s</Code>' % code)
    faults(PROXY, [{'status': 301, 'code': 'PermanentRedirect', 'headers': {'x-amz-bucket-region': 'sa-east-1'}}])
    check('a redirect to another region', ask(url, 'GET')[2].get('x-amz-bucket-region') == 'sa-east-1')
    faults(PROXY, [{'kind': 'half-response'}])
    got = ask(url, 'GET')
    check('half of an answer', got[0] == 0 and got[1] == body[:len(body) // 2], (got[0], len(got[1])))
    faults(PROXY, [{'kind': 'torn-response'}])
    check('half of an answer, then a reset', ask(url, 'GET')[0] == 0)
    for kind, stored in (('reset', False), ('half-request', False), ('lost', True), ('half-response', True), ('torn-response', True)):
        faults(PROXY, [{'kind': kind, 'match': '^PUT'}])
        check('PUT, the connection breaks: %s' % kind, ask(PROXY + '/signed/' + kind, body=body)[0] == 0)
        # The storage may still be busy with it.
        time.sleep(0.2)
        check('and the object is %s' % ('there' if stored else 'not there'), (ask(S3 + '/signed/' + kind, 'HEAD')[0] == 200) == stored)
    faults(PROXY, [{'slow': 2 << 20, 'match': '^GET'}])
    started = time.monotonic()
    check('a slow answer is whole', ask(url, 'GET')[1] == body)
    check('and slow', 0.4 < time.monotonic() - started < 5)

    def pattern(seed):
        faults(PROXY, [{'kind': ['500', 'slowdown'], 'probability': 0.5, 'seed': seed}])
        return [ask(url, 'HEAD')[0] for _ in range(30)]

    first = pattern(1)
    check('faults by chance', 5 < first.count(200) < 25 and 500 in first and 503 in first, first)
    check('come the same with the same seed', pattern(1) == first)
    check('and others with another', pattern(2) != first)
    faults(PROXY, [])
    check('and none when there are no rules', ask(url, 'GET')[1] == body)
    answers('the proxy keeps signatures valid and checks none', ask(url, 'GET', secret='wrong'), 403, 'SignatureDoesNotMatch')
    check('a rule that cannot be understood is refused', send('POST', PROXY + '/_test/faults', {}, b'[{"kind": "no-such"}]')[0] == 400)


def speed_of_proxy():
    body = os.urandom(32 << 20)
    moved = []

    def work(number):
        url = PROXY + '/signed/speed%d' % number
        put = ask(url, body=body, payload='UNSIGNED-PAYLOAD')[0]
        moved.append(put == 200 and ask(url, 'GET')[1] == body)

    started = time.monotonic()
    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    rate = 4 * 2 * len(body) / (time.monotonic() - started) / 1e6
    check('four connections at once carry whole objects', moved == [True] * 4, moved)
    check('at more than 50 MB/s (%d)' % rate, rate > 50)


# --- from a bucket to a queue ---

def receive(queue, most=10, wait=3, visibility=None):
    arguments = {'QueueUrl': AWS + '/000000000000/' + queue, 'MaxNumberOfMessages': most, 'WaitTimeSeconds': wait}
    if visibility is not None:
        arguments['VisibilityTimeout'] = visibility
    return json.loads(sqs('ReceiveMessage', arguments)[1] or b'{}').get('Messages', [])


def drain(queue):
    """The bodies of the messages that are there, deleted."""
    bodies = []
    while True:
        messages = receive(queue, wait=2)
        if not messages:
            return bodies
        for each in messages:
            bodies.append(json.loads(each['Body']))
            sqs('DeleteMessage', {'QueueUrl': AWS + '/000000000000/' + queue, 'ReceiptHandle': each['ReceiptHandle']})


def flow():
    client.provision('flow', 'flow-topic', 'flow', '30', 'in/')
    enveloped, raw = drain('flow'), drain('flow-raw')
    check('s3:TestEvent in an envelope', len(enveloped) == 1 and json.loads(enveloped[0]['Message'])['Event'] == 's3:TestEvent', enveloped)
    check('s3:TestEvent bare', len(raw) == 1 and raw[0]['Event'] == 's3:TestEvent' and raw[0]['Bucket'] == 'flow', raw)
    key = 'in/a b+c é.csv'
    ask(S3 + '/flow/' + quote(key), body=b'id\n1\n')
    ask(S3 + '/flow/elsewhere.csv', body=b'x')
    ask(S3 + '/flow/' + quote(key), 'DELETE')
    enveloped, raw = drain('flow'), drain('flow-raw')
    check('one event in an envelope, none for other keys or a deletion', len(enveloped) == 1, enveloped)
    check('the envelope is one of SNS', enveloped[0]['Type'] == 'Notification' and enveloped[0]['TopicArn'] == ARN % ('sns', 'flow-topic'))
    check('raw delivery has the same event', len(raw) == 1 and raw[0] == json.loads(enveloped[0]['Message']), raw)
    record = raw[0]['Records'][0]
    check('it has the form of S3', record['eventSource'] == 'aws:s3' and record['eventVersion'].startswith('2.') and
          record['awsRegion'] == 'us-east-1' and record['eventName'] == 'ObjectCreated:Put' and
          re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z', record['eventTime']) is not None, record)
    thing = record['s3']['object']
    check('the key is URL-encoded as S3 does it', thing['key'] == 'in/a+b%2Bc+%C3%A9.csv', thing)
    check('with size, eTag and sequencer', thing['size'] == 5 and thing['eTag'] == hashlib.md5(b'id\n1\n').hexdigest() and
          re.fullmatch('[0-9A-F]{18}', thing['sequencer']) is not None, thing)
    multipart()


def multipart():
    url = S3 + '/flow/in/parts.csv'
    upload = re.search(b'<UploadId>([^<]+)', ask(url + '?uploads', 'POST')[1]).group(1).decode()
    tags = [ask('%s?partNumber=%d&uploadId=%s' % (url, n, upload), body=bytes([n]) * (5 << 20))[2]['etag'] for n in (1, 2)]
    parts = ''.join('<Part><PartNumber>%d</PartNumber><ETag>%s</ETag></Part>' % pair for pair in enumerate(tags, 1))
    done = '<CompleteMultipartUpload>%s</CompleteMultipartUpload>' % parts
    answers('a multipart upload', ask('%s?uploadId=%s' % (url, upload), 'POST', done.encode()), 200, 'CompleteMultipartUploadResult')
    events = [r for body in drain('flow-raw') for r in body['Records']]
    check('has one event of its own', [e['eventName'] for e in events] == ['ObjectCreated:CompleteMultipartUpload'], events)
    check('with the whole size', events[0]['s3']['object']['size'] == 10 << 20, events)


def own_configuration():
    """As a program sets it up with the API alone, through the proxy, which sends s3:TestEvent by itself."""
    sqs('CreateQueue', {'QueueName': 'own'})
    answers('CreateTopic', sns({'Action': 'CreateTopic', 'Name': 'own-topic'}), 200, ARN % ('sns', 'own-topic'))
    answers('CreateTopic again is the same', sns({'Action': 'CreateTopic', 'Name': 'own-topic'}), 200, ARN % ('sns', 'own-topic'))
    sns({'Action': 'Subscribe', 'TopicArn': ARN % ('sns', 'own-topic'), 'Protocol': 'sqs', 'Endpoint': ARN % ('sqs', 'own'),
         'Attributes.entry.1.key': 'RawMessageDelivery', 'Attributes.entry.1.value': 'true'})
    ask(PROXY + '/own')
    answers('PutBucketNotificationConfiguration with the ARN of no topic is refused', ask(
        PROXY + '/own?notification', body=client.notification(ARN % ('sns', 'no-such-topic'), '')), 404)
    answers('PutBucketNotificationConfiguration', ask(PROXY + '/own?notification', body=client.notification(ARN % ('sns', 'own-topic'), '')), 200)
    answers('GetBucketNotificationConfiguration', ask(PROXY + '/own?notification', 'GET'), 200, ARN % ('sns', 'own-topic'))
    ask(PROXY + '/own/x', body=b'x')
    bodies = drain('own')
    check('the test event comes, then the object', [b.get('Event') or b['Records'][0]['s3']['object']['key'] for b in bodies] ==
          ['s3:TestEvent', 'x'], bodies)


def dead_letters():
    drain('flow')
    sqs('SendMessage', {'QueueUrl': AWS + '/000000000000/flow', 'MessageBody': '{"poison": true}'})
    counts = []
    for _ in range(8):
        counts += [1 for each in receive('flow', wait=0, visibility=0)]
    check('a message is received five times', len(counts) == 5, counts)
    check('and is then in the dead-letter queue', [m for m in drain('flow-dlq')] == [{'poison': True}])


def second_sqs():
    url = json.loads(sqs('CreateQueue', {'QueueName': 'other'}, endpoint=SECOND)[1])['QueueUrl']
    sqs('SendMessage', {'QueueUrl': url, 'MessageBody': 'x'}, endpoint=SECOND)
    handle = json.loads(sqs('ReceiveMessage', {'QueueUrl': url}, endpoint=SECOND)[1])['Messages'][0]['ReceiptHandle']
    got = json.loads(sqs('DeleteMessageBatch', {'QueueUrl': url, 'Entries': [{'Id': 'good', 'ReceiptHandle': handle}, {
        'Id': 'bad', 'ReceiptHandle': 'no-handle'}]}, endpoint=SECOND)[1])
    check('the second SQS: a batch of which one entry fails', [e['Id'] for e in got['Successful']] == ['good'] and
          [e['Id'] for e in got['Failed']] == ['bad'], got)
    check('the second SQS: an empty receive has an empty body', sqs('ReceiveMessage', {'QueueUrl': url}, endpoint=SECOND)[:2] == (200, b''))
    form = urlencode({'Action': 'GetQueueUrl', 'Version': '2012-11-05', 'QueueName': 'other'}).encode()
    answers('the second SQS: the Query protocol', send('POST', SECOND + '/', {'Content-Type': FORM}, form), 200, '<QueueUrl>')


# --- credentials ---

def settings(**values):
    if send('POST', KEYS + '/_test/settings', {}, json.dumps(values).encode())[0] != 200:
        raise SystemExit('settings')


def works(text):
    keys = json.loads(text)
    return ask(S3 + '/signed/a', 'GET', access_key=keys['AccessKeyId'], secret=keys['SecretAccessKey'], token=keys['Token'])[1] == b'abc'


def metadata():
    roles = KEYS + '/latest/meta-data/iam/security-credentials/'
    answers('IMDS wants a token', send('GET', roles), 401)
    answers('IMDS wants to know how long a token is to live', send('PUT', KEYS + '/latest/api/token'), 400)
    ttl = {'X-aws-ec2-metadata-token-ttl-seconds': '60'}
    answers('IMDS gives no token to those behind a proxy', send('PUT', KEYS + '/latest/api/token', dict(ttl, **{'X-Forwarded-For': '1.2.3.4'})), 403)
    status, token, _ = send('PUT', KEYS + '/latest/api/token', ttl)
    with_token = {'X-aws-ec2-metadata-token': token.decode()}
    answers('IMDS gives a token and tells the role', send('GET', roles, with_token), status, 'ticker-role')
    check('IMDS gives keys that S3 takes', works(send('GET', roles + 'ticker-role', with_token)[1]))
    answers('IMDS refuses another token', send('GET', roles, {'X-aws-ec2-metadata-token': 'x'}), 401)
    settings(token_ttl_max=1)
    short = {'X-aws-ec2-metadata-token': send('PUT', KEYS + '/latest/api/token', ttl)[1].decode()}
    time.sleep(1.1)
    answers('IMDS refuses a token whose time is over', send('GET', roles, short), 401)
    settings(v1=True, role=None)
    answers('IMDSv1 when it is allowed; a machine without a role', send('GET', roles), 404)
    settings(role='ticker-role', lifetime=-10)
    keys = json.loads(send('GET', roles + 'ticker-role')[1])
    check('keys that expired ten seconds ago', keys['Expiration'] < client.iso_time(time.time()), keys['Expiration'])
    faults(KEYS, [{'match': 'GET /latest', 'kind': '500'}])
    answers('IMDS fails when it is told to', send('GET', roles), 500)
    settings(imds=False)
    answers('a machine without IMDS', send('PUT', KEYS + '/latest/api/token', ttl), 404)
    send('DELETE', KEYS + '/_test/settings')


def container_and_sts():
    url = KEYS + '/v2/credentials/ticker'
    answers('the container endpoint wants its token', send('GET', url), 401)
    answers('and no other', send('GET', url, {'Authorization': 'Bearer-of-others'}), 401)
    check('and gives keys that S3 takes', works(send('GET', url, {'Authorization': 'Bearer-of-tests'})[1]))
    form = {'Action': 'AssumeRoleWithWebIdentity', 'Version': '2011-06-15', 'RoleArn': 'arn:aws:iam::000000000000:role/ticker',
            'RoleSessionName': 'tests', 'WebIdentityToken': 'a-token'}

    def assume(**changed):
        return send('POST', KEYS + '/', {'Content-Type': FORM}, urlencode(dict(form, **changed)).encode())

    text = assume()[1].decode()
    keys = {name: re.search('<%s>([^<]+)' % tag, text).group(1) for name, tag in (
        ('AccessKeyId', 'AccessKeyId'), ('SecretAccessKey', 'SecretAccessKey'), ('Token', 'SessionToken'))}
    check('STS gives keys that S3 takes', works(json.dumps(keys)))
    answers('STS refuses a token that has expired', assume(WebIdentityToken='expired-token'), 400, '<Code>ExpiredTokenException</Code>')
    answers('STS refuses a token that it does not know', assume(WebIdentityToken='bad-token'), 400, '<Code>InvalidIdentityToken</Code>')
    answers('STS refuses another role', assume(RoleArn='arn:aws:iam::000000000000:role/admin'), 403, '<Code>AccessDenied</Code>')
    answers('STS refuses a request without a session name', assume(RoleSessionName=''), 400, '<Code>ValidationError</Code>')


def exports(text):
    return dict(line[len('export '):].split('=', 1) for line in text.splitlines() if line.startswith('export '))


def main():
    signatures_of_s3()
    presigned_urls()
    streamed_uploads()
    post_forms()
    signatures_of_sqs()
    with open(sys.argv[1], encoding='ascii') as session, open(sys.argv[2], encoding='ascii') as expired:
        session_keys(exports(session.read()), exports(expired.read()))
    clocks()
    faults_of_sqs()
    faults_of_s3()
    speed_of_proxy()
    flow()
    own_configuration()
    dead_letters()
    second_sqs()
    metadata()
    container_and_sts()
    print('%d passed, %d failed' % (numbers['ok'], numbers['not ok']))
    return 0 if numbers['not ok'] == 0 and numbers['ok'] > 0 else 1


if __name__ == '__main__':
    sys.exit(main())
