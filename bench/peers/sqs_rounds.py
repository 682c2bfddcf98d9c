#!/usr/bin/python3 -B
"""How long it takes to receive and delete messages one by one, and nothing else: the most that a consumer of a message at a time reaches.

  sqs_rounds.py ENDPOINT QUEUE COUNT CLIENTS

Puts COUNT messages into the queue, then CLIENTS threads with a kept connection each receive one, delete it, receive the next …
Prints NAME <tab> COUNT <tab> SECONDS.
"""
import http.client
import json
import sys
import threading
import time
from urllib.parse import urlsplit


class Client:
    def __init__(self, endpoint):
        self.link = http.client.HTTPConnection(urlsplit(endpoint).netloc, timeout=60)

    def call(self, operation, **arguments):
        self.link.request('POST', '/', json.dumps(arguments), {'X-Amz-Target': 'AmazonSQS.' + operation,
                                                               'Content-Type': 'application/x-amz-json-1.0'})
        answer = self.link.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise SystemExit('%s: %d %s' % (operation, answer.status, text))
        return json.loads(text or b'{}')


def main():
    endpoint, queue, count, clients = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
    first = Client(endpoint)
    url = first.call('GetQueueUrl', QueueName=queue)['QueueUrl']
    body = json.dumps({'Records': [{'s3': {'bucket': {'name': 'b'}, 'object': {'key': 'k' * 40, 'size': 25000}}}] * 1})
    for start in range(0, count, 10):
        first.call('SendMessageBatch', QueueUrl=url, Entries=[{'Id': str(i), 'MessageBody': body} for i in range(min(10, count - start))])
    left, lock = [count], threading.Lock()

    def work():
        client = Client(endpoint)
        while True:
            with lock:
                if left[0] == 0:
                    return
                left[0] -= 1
            for message in client.call('ReceiveMessage', QueueUrl=url, MaxNumberOfMessages=1, WaitTimeSeconds=1)['Messages']:
                client.call('DeleteMessage', QueueUrl=url, ReceiptHandle=message['ReceiptHandle'])

    threads = [threading.Thread(target=work) for _ in range(clients)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print('receive-delete-%d\t%d\t%.6f' % (clients, count, time.monotonic() - begin))


if __name__ == '__main__':
    main()
