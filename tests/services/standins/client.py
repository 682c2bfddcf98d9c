#!/usr/bin/python3 -B
"""A client of the stand-ins for shell scripts; it signs with botocore.

  client.py sqs ENDPOINT OPERATION JSON           an SQS call in the JSON protocol; prints the answer
  client.py sns ENDPOINT NAME=VALUE...            an SNS call in the Query protocol; prints the answer
  client.py s3 METHOD URL [FILE]                  an S3 request, with the file as its body; prints the answer
  client.py session                               temporary keys, as "export NAME=VALUE" lines
  client.py provision BUCKET TOPIC QUEUE [VISIBILITY [PREFIX]]

provision makes, at AWS_ENDPOINT_URL and AWS_ENDPOINT_URL_S3: the bucket, the topic, QUEUE with QUEUE-dlq behind it (5 receives),
QUEUE-raw, subscriptions of both (QUEUE in envelopes, QUEUE-raw with raw delivery) and the bucket's notification for keys under PREFIX;
then it publishes s3:TestEvent. Exit status 1 and the answer on standard error when something is refused.
session asks the S3 server (STS GetSessionToken, 900 seconds) and tells the gateway of the keys.
The keys are AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN.
"""
import datetime
import http.client
import json
import os
import re
import sys
from urllib.parse import urlencode, urlsplit
from xml.sax.saxutils import escape

import sigv4


class Failed(Exception):
    pass


def call(method, url, headers, body, service):
    parts = urlsplit(url)
    _, signed, _ = sigv4.sign(method, url, dict(headers, Host=parts.netloc), body, service, os.environ.get('AWS_ACCESS_KEY_ID', 'test'),
                              os.environ.get('AWS_SECRET_ACCESS_KEY', 'test'), os.environ.get('AWS_SESSION_TOKEN') or None)
    # The name is for the header; the servers are on loopback.
    link = http.client.HTTPConnection('127.0.0.1', parts.port or 80, timeout=60)
    try:
        link.request(method, parts.path + ('?' + parts.query if parts.query else ''), body, signed)
        answer = link.getresponse()
        text = answer.read()
    finally:
        link.close()
    if answer.status >= 300:
        raise Failed('%s %s: %d %s' % (method, url, answer.status, text.decode('utf-8', 'replace')))
    return text


def send(method, url, headers=None, body=b''):
    """Returns (status, body, headers); status 0 when the connection broke, with what had come by then."""
    parts = urlsplit(url)
    link = http.client.HTTPConnection('127.0.0.1', parts.port, timeout=60)
    try:
        link.request(method, parts.path + ('?' + parts.query if parts.query else ''), body, dict({'Host': parts.netloc}, **(headers or {})))
        answer = link.getresponse()
        try:
            return answer.status, answer.read(), dict((k.lower(), v) for k, v in answer.getheaders())
        except http.client.IncompleteRead as short:
            return 0, short.partial, {}
        except ConnectionError:
            return 0, b'', {}
    except (ConnectionError, http.client.HTTPException) as error:
        return 0, repr(error).encode(), {}
    finally:
        link.close()


def sqs(endpoint, operation, arguments):
    headers = {'Content-Type': 'application/x-amz-json-1.0', 'X-Amz-Target': 'AmazonSQS.' + operation}
    return json.loads(call('POST', endpoint + '/', headers, json.dumps(arguments), 'sqs') or '{}')


def sns(endpoint, **arguments):
    form = urlencode(dict(arguments, Version='2010-03-31'))
    return call('POST', endpoint + '/', {'Content-Type': 'application/x-www-form-urlencoded'}, form, 'sns').decode()


def s3(method, url, body=b''):
    return call(method, url, {'Content-Type': 'application/octet-stream'}, body, 's3')


def notification(topic, prefix):
    rule = '<Filter><S3Key><FilterRule><Name>prefix</Name><Value>%s</Value></FilterRule></S3Key></Filter>' % escape(prefix)
    return ('<NotificationConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><TopicConfiguration><Id>uploads</Id><Topic>%s'
            '</Topic><Event>s3:ObjectCreated:*</Event>%s</TopicConfiguration></NotificationConfiguration>'
            % (topic, rule if prefix else '')).encode()


def provision(bucket, topic, queue, visibility='30', prefix=''):
    aws, store = os.environ['AWS_ENDPOINT_URL'], os.environ['AWS_ENDPOINT_URL_S3']
    arn = 'arn:aws:%s:' + sigv4.REGION + ':' + sigv4.ACCOUNT + ':%s'
    sqs(aws, 'CreateQueue', {'QueueName': queue + '-dlq'})
    redrive = json.dumps({'deadLetterTargetArn': arn % ('sqs', queue + '-dlq'), 'maxReceiveCount': 5})
    sqs(aws, 'CreateQueue', {'QueueName': queue, 'Attributes': {'VisibilityTimeout': visibility, 'RedrivePolicy': redrive}})
    sqs(aws, 'CreateQueue', {'QueueName': queue + '-raw', 'Attributes': {'VisibilityTimeout': visibility}})
    sns(aws, Action='CreateTopic', Name=topic)
    sns(aws, Action='Subscribe', TopicArn=arn % ('sns', topic), Protocol='sqs', Endpoint=arn % ('sqs', queue))
    sns(aws, **{'Action': 'Subscribe', 'TopicArn': arn % ('sns', topic), 'Protocol': 'sqs', 'Endpoint': arn % ('sqs', queue + '-raw'),
                'Attributes.entry.1.key': 'RawMessageDelivery', 'Attributes.entry.1.value': 'true'})
    s3('PUT', '%s/%s' % (store, bucket))
    s3('PUT', '%s/%s?notification' % (store, bucket), notification(arn % ('sns', topic), prefix))
    control('test-event', {'topic': topic, 'bucket': bucket})
    print('bucket %s, topic %s, queues %s %s %s' % (bucket, topic, queue, queue + '-dlq', queue + '-raw'))


def control(path, value):
    """Tells the gateway something."""
    link = http.client.HTTPConnection('127.0.0.1', urlsplit(os.environ['AWS_ENDPOINT_URL']).port, timeout=30)
    try:
        link.request('POST', '/_test/' + path, json.dumps(value))
        answer = link.getresponse()
        if answer.status != 200:
            raise Failed('%s: %d %s' % (path, answer.status, answer.read()[:300]))
        return json.loads(answer.read())
    finally:
        link.close()


def temporary_keys():
    """New keys of the S3 server, which the gateway is told of: id, secret, token, expires (Unix time)."""
    form = urlencode({'Action': 'GetSessionToken', 'Version': '2011-06-15', 'DurationSeconds': '900'})
    answer = call('POST', os.environ['AWS_ENDPOINT_URL_S3'] + '/', {'Content-Type': 'application/x-www-form-urlencoded'}, form,
                  'sts').decode()

    def field(name):
        return re.search('<%s>([^<]+)</%s>' % (name, name), answer).group(1)

    moment = datetime.datetime.strptime(field('Expiration')[:19], '%Y-%m-%dT%H:%M:%S').replace(tzinfo=datetime.timezone.utc)
    keys = {'id': field('AccessKeyId'), 'secret': field('SecretAccessKey'), 'token': field('SessionToken'),
            'expires': moment.timestamp()}
    control('keys', keys)
    return keys


def iso_time(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime('%Y-%m-%dT%H:%M:%SZ')


def session():
    keys = temporary_keys()
    for name, value in (('AWS_ACCESS_KEY_ID', keys['id']), ('AWS_SECRET_ACCESS_KEY', keys['secret']),
                        ('AWS_SESSION_TOKEN', keys['token']), ('TICKER_TEST_EXPIRES', iso_time(keys['expires']))):
        print('export %s=%s' % (name, value))


def main(arguments):
    command = arguments[0] if arguments else ''
    if command == 'sqs' and len(arguments) == 4:
        print(json.dumps(sqs(arguments[1], arguments[2], json.loads(arguments[3]))))
    elif command == 'sns' and len(arguments) > 2:
        print(sns(arguments[1], **dict(each.split('=', 1) for each in arguments[2:])))
    elif command == 's3' and len(arguments) in (3, 4):
        body = open(arguments[3], 'rb').read() if len(arguments) == 4 else b''
        sys.stdout.buffer.write(s3(arguments[1], arguments[2], body))
    elif command == 'session' and len(arguments) == 1:
        session()
    elif command == 'provision' and 4 <= len(arguments) <= 6:
        provision(*arguments[1:])
    else:
        print(__doc__.strip(), file=sys.stderr)
        return 2
    return 0


if __name__ == '__main__':
    try:
        sys.exit(main(sys.argv[1:]))
    except (Failed, OSError) as error:
        print(error, file=sys.stderr)
        sys.exit(1)
