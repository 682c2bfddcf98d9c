"""For deploy_aws.sh: reads deploy/aws and uses it.

  deploy_aws.py FOLDER read                     what stands in the template and the policies, against what should
  deploy_aws.py FOLDER policies DIR BUCKET      writes the policies' statements about S3, as NAME-s3.json
  deploy_aws.py FOLDER use BUCKET               builds the template's resources at the stand-ins and uses them
"""
import json
import os
import re
import sys
from urllib.parse import urlencode, urlsplit

import yaml

import client
import sigv4

ACCOUNT, REGION, PREFIX, NAME = sigv4.ACCOUNT, sigv4.REGION, 'uploads/', 'ticker'
GET_QUEUE = ['sqs:GetQueueUrl', 'sqs:GetQueueAttributes']
TAKE = GET_QUEUE + ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:ChangeMessageVisibility']
# What each program calls, and of what; nothing else may be in its policy.
WANTED = {
    'server': {'objects': ['s3:PutObject', 's3:AbortMultipartUpload']},
    'worker': {'objects': ['s3:GetObject', 's3:GetObjectVersion'], 'bucket': ['s3:ListBucket'], 'queue': TAKE,
               'dead': GET_QUEUE + ['sqs:SendMessage']},
    'operator': {'queue': GET_QUEUE + ['sqs:SendMessage'], 'dead': TAKE},
}
numbers = {'ok': 0, 'not ok': 0}


def check(what, good, seen=''):
    numbers['ok' if good else 'not ok'] += 1
    print('%s %d - %s%s' % ('ok' if good else 'not ok', sum(numbers.values()), what, '' if good else ': %r' % (seen,)), flush=True)


class Loader(yaml.SafeLoader):
    pass


def short_function(loader, name, node):
    value = loader.construct_scalar(node) if isinstance(node, yaml.ScalarNode) else loader.construct_sequence(node)
    return {('Ref' if name == 'Ref' else 'Fn::' + name): value}


Loader.add_multi_constructor('!', short_function)


class Template:
    """The template with its functions carried out, for one bucket."""

    def __init__(self, folder, bucket, partition='aws'):
        with open(os.path.join(folder, 'ticker.yaml'), encoding='utf-8') as file:
            self.whole = yaml.load(file, Loader)
        self.names = {'BucketName': bucket, 'Prefix': PREFIX, 'Name': NAME, 'AWS::AccountId': ACCOUNT, 'AWS::Region': REGION,
                      'AWS::Partition': partition}
        self.names.update({name: 'ID/' + name for name in self.whole['Resources']})
        sqs = 'arn:%s:sqs:%s:%s:' % (partition, REGION, ACCOUNT)
        self.names.update({'Bucket': bucket, 'Topic': 'arn:%s:sns:%s:%s:%s' % (partition, REGION, ACCOUNT, NAME),
                           'Queue': 'URL/' + NAME, 'DeadLetterQueue': 'URL/' + NAME + '-dead', 'Queue.Arn': sqs + NAME,
                           'DeadLetterQueue.Arn': sqs + NAME + '-dead'})
        self.resources = {name: dict(each, Properties=self.value(each['Properties'])) for name, each in self.whole['Resources'].items()}

    def value(self, given):
        if isinstance(given, list):
            return [self.value(each) for each in given]
        if not isinstance(given, dict):
            return given
        if set(given) <= {'Ref', 'Fn::GetAtt'}:
            return self.names[next(iter(given.values()))]
        if set(given) == {'Fn::Sub'}:
            return re.sub(r'\$\{([^}]+)\}', lambda found: self.names[found.group(1)], given['Fn::Sub'])
        return {name: self.value(each) for name, each in given.items()}

    def properties(self, name):
        return self.resources[name]['Properties']


def read_policy(folder, name, bucket):
    """A policy's file, filled in as README.md says."""
    with open(os.path.join(folder, name + '.json'), encoding='utf-8') as file:
        text = file.read()
    for word, value in (('BUCKET', bucket), ('PREFIX', PREFIX.rstrip('/')), ('REGION', REGION), ('ACCOUNT', ACCOUNT), ('QUEUE', NAME)):
        text = re.sub('^(.*)%s' % word, lambda found, v=value: found.group(1) + v, text, flags=re.M)
    return json.loads(text)


def listed(value):
    return value if isinstance(value, list) else [value]


# --- read ---

def check_policies(folder, template, bucket):
    arns = {'objects': 'arn:aws:s3:::%s/%s*' % (bucket, PREFIX), 'bucket': 'arn:aws:s3:::' + bucket,
            'queue': template.names['Queue.Arn'], 'dead': template.names['DeadLetterQueue.Arn']}
    for name, wanted in WANTED.items():
        policy = read_policy(folder, name, bucket)
        check('%s.json is the policy of the template' % name, policy == template.properties(name.capitalize() + 'Policy')['PolicyDocument'],
              policy)
        found = {arn: sorted(listed(s['Action'])) for s in policy['Statement'] for arn in listed(s['Resource'])}
        check('%s.json allows exactly what the program calls' % name, found == {arns[k]: sorted(v) for k, v in wanted.items()}, found)
        check('%s.json has only statements that allow' % name, policy['Version'] == '2012-10-17' and all(
            set(s) == {'Sid', 'Effect', 'Action', 'Resource'} and s['Effect'] == 'Allow' for s in policy['Statement']), policy)
    other = Template(folder, bucket, 'aws-cn')
    leaks = [name for name, each in other.resources.items() if 'arn:aws:' in json.dumps(each)]
    check('no ARN is of one partition only', leaks == [], leaks)


def check_bucket(template):
    bucket = template.properties('Bucket')
    check('nothing in the bucket is public', bucket['PublicAccessBlockConfiguration'] == {
        'BlockPublicAcls': True, 'BlockPublicPolicy': True, 'IgnorePublicAcls': True, 'RestrictPublicBuckets': True})
    check('it is its owner\'s', bucket['OwnershipControls'] == {'Rules': [{'ObjectOwnership': 'BucketOwnerEnforced'}]})
    rule = bucket['BucketEncryption']['ServerSideEncryptionConfiguration'][0]['ServerSideEncryptionByDefault']
    check('it is encrypted', rule == {'SSEAlgorithm': 'AES256'}, rule)
    check('it has versions', bucket['VersioningConfiguration'] == {'Status': 'Enabled'})
    check('unfinished uploads end after a day', [r for r in bucket['LifecycleConfiguration']['Rules'] if r['Status'] == 'Enabled' and r[
        'AbortIncompleteMultipartUpload'] == {'DaysAfterInitiation': 1} and 'Prefix' not in r])
    check('nothing else expires', all(set(r) == {'Id', 'Status', 'AbortIncompleteMultipartUpload'} for r in
                                      bucket['LifecycleConfiguration']['Rules']))
    check('it stays when the stack goes', template.resources['Bucket']['DeletionPolicy'] == 'Retain')
    check('it tells the topic of what is created under the prefix', bucket['NotificationConfiguration'] == {'TopicConfigurations': [{
        'Event': 's3:ObjectCreated:*', 'Topic': template.names['Topic'],
        'Filter': {'S3Key': {'Rules': [{'Name': 'prefix', 'Value': PREFIX}]}}}]})
    check('once the topic lets it', template.resources['Bucket']['DependsOn'] == 'TopicPolicy')
    refused = template.properties('BucketPolicy')['PolicyDocument']['Statement']
    check('it refuses connections without TLS', len(refused) == 1 and refused[0]['Effect'] == 'Deny' and refused[0]['Principal'] == '*' and
          refused[0]['Condition'] == {'Bool': {'aws:SecureTransport': 'false'}} and len(refused[0]['Resource']) == 2, refused)


def check_queues(template):
    queue, dead = template.properties('Queue'), template.properties('DeadLetterQueue')
    check('the queue', {k: queue[k] for k in ('VisibilityTimeout', 'MessageRetentionPeriod', 'ReceiveMessageWaitTimeSeconds')} == {
        'VisibilityTimeout': 900, 'MessageRetentionPeriod': 14 * 86400, 'ReceiveMessageWaitTimeSeconds': 20}, queue)
    check('five receives, then the dead letters', queue['RedrivePolicy'] == {
        'deadLetterTargetArn': template.names['DeadLetterQueue.Arn'], 'maxReceiveCount': 5}, queue)
    check('which wait two weeks', dead['MessageRetentionPeriod'] == 14 * 86400)
    check('and come from this queue only', dead['RedriveAllowPolicy'] == {
        'redrivePermission': 'byQueue', 'sourceQueueArns': [template.names['Queue.Arn']]}, dead)
    check('both are encrypted', queue['SqsManagedSseEnabled'] is True and dead['SqsManagedSseEnabled'] is True)
    statement = template.properties('QueuePolicy')['PolicyDocument']['Statement']
    check('only the topic may send to the queue', statement == [{
        'Sid': 'TopicDelivers', 'Effect': 'Allow', 'Principal': {'Service': 'sns.amazonaws.com'}, 'Action': 'sqs:SendMessage',
        'Resource': template.names['Queue.Arn'], 'Condition': {'ArnEquals': {'aws:SourceArn': template.names['Topic']}}}], statement)


def check_topic(template, bucket):
    statement = template.properties('TopicPolicy')['PolicyDocument']['Statement']
    check('only the bucket of this account may publish to the topic', statement == [{
        'Sid': 'BucketPublishes', 'Effect': 'Allow', 'Principal': {'Service': 's3.amazonaws.com'}, 'Action': 'sns:Publish',
        'Resource': template.names['Topic'], 'Condition': {'ArnEquals': {'aws:SourceArn': 'arn:aws:s3:::' + bucket},
                                                           'StringEquals': {'aws:SourceAccount': ACCOUNT}}}], statement)
    check('no key of KMS stands between S3, SNS and SQS', not any(word in json.dumps(template.properties(name)) for word in ('Kms', 'KMS')
                                                                  for name in ('Topic', 'Queue', 'DeadLetterQueue')))
    subscription = template.properties('Subscription')
    check('the queue is subscribed, in envelopes', subscription == {
        'TopicArn': template.names['Topic'], 'Protocol': 'sqs', 'Endpoint': template.names['Queue.Arn'], 'RawMessageDelivery': False},
          subscription)
    for name, output in template.whole['Outputs'].items():
        template.value(output['Value'])
        check('output %s says what it is' % name, bool(output['Description']))


def read(folder):
    template = Template(folder, 'example-bucket')
    check_policies(folder, template, 'example-bucket')
    check_bucket(template)
    check_queues(template)
    check_topic(template, 'example-bucket')


# --- use ---

def s3(method, path, body=b'', user='test', secret='test'):
    """Returns (status, body, version)."""
    url = os.environ['AWS_ENDPOINT_URL_S3'] + '/' + path
    url, headers, _ = sigv4.sign(method, url, {'Host': urlsplit(url).netloc, 'Content-Type': 'text/csv'}, body, 's3', user, secret)
    return client.send(method, url, headers, body)


def build(template, bucket):
    """What CloudFormation would do, at the stand-ins; in the order of the dependencies."""
    aws = os.environ['AWS_ENDPOINT_URL']
    for name in ('DeadLetterQueue', 'Queue'):
        given = dict(template.properties(name))
        queue = given.pop('QueueName')
        attributes = {k: json.dumps(v) if isinstance(v, dict) else str(v).lower() for k, v in given.items()}
        client.sqs(aws, 'CreateQueue', {'QueueName': queue, 'Attributes': attributes})
        kept = client.sqs(aws, 'GetQueueAttributes', {'QueueUrl': aws + '/%s/%s' % (ACCOUNT, queue), 'AttributeNames': ['All']})['Attributes']
        check('%s has the attributes of the template' % queue, all(
            json.loads(kept[k]) == json.loads(v) for k, v in attributes.items() if k in kept) and kept['MessageRetentionPeriod'] == '1209600', kept)
    policy = json.dumps(template.properties('QueuePolicy')['PolicyDocument'])
    client.sqs(aws, 'SetQueueAttributes', {'QueueUrl': aws + '/%s/%s' % (ACCOUNT, NAME), 'Attributes': {'Policy': policy}})
    client.sns(aws, Action='CreateTopic', Name=template.properties('Topic')['TopicName'])
    client.sns(aws, Action='SetTopicAttributes', TopicArn=template.names['Topic'], AttributeName='Policy',
               AttributeValue=json.dumps(template.properties('TopicPolicy')['PolicyDocument']))
    subscription = template.properties('Subscription')
    client.sns(aws, Action='Subscribe', **{k: v for k, v in subscription.items() if k != 'RawMessageDelivery'})
    s3('PUT', bucket)
    for what, document in (('versioning', '<VersioningConfiguration><Status>%s</Status></VersioningConfiguration>' % template.properties(
            'Bucket')['VersioningConfiguration']['Status']),
                           ('lifecycle', lifecycle(template))):
        answer = s3('PUT', bucket + '?' + what, document.encode())
        check('S3 takes the %s of the template' % what, answer[0] == 200, answer)
    rule = template.properties('Bucket')['NotificationConfiguration']['TopicConfigurations'][0]
    answer = s3('PUT', bucket + '?notification', client.notification(rule['Topic'], rule['Filter']['S3Key']['Rules'][0]['Value']))
    check('S3 takes the notification of the template', answer[0] == 200, answer)


def lifecycle(template):
    rule = template.properties('Bucket')['LifecycleConfiguration']['Rules'][0]
    return ('<LifecycleConfiguration><Rule><ID>%s</ID><Status>%s</Status><Filter><Prefix></Prefix></Filter>'
            '<AbortIncompleteMultipartUpload><DaysAfterInitiation>%d</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>'
            '</LifecycleConfiguration>' % (rule['Id'], rule['Status'], rule['AbortIncompleteMultipartUpload']['DaysAfterInitiation']))


def denied(answer):
    return answer[0] == 403 and b'AccessDenied' in answer[1]


def use_as_server(bucket):
    server = {'user': 'server', 'secret': 'server-secret'}
    path = bucket + '/' + PREFIX + 'a.csv'
    answer = s3('PUT', path, b'one', **server)
    check('the server stores an upload', answer[0] == 200, answer)
    answer = s3('POST', path + '?uploads', **server)
    check('it begins one in parts', answer[0] == 200, answer)
    upload = re.search(b'<UploadId>([^<]+)', answer[1]).group(1).decode()
    part = '%s?partNumber=1&uploadId=%s' % (path, upload)
    check('it stores a part', s3('PUT', part, b'x', **server)[0] == 200)
    check('it aborts it', s3('DELETE', '%s?uploadId=%s' % (path, upload), **server)[0] == 204)
    upload = re.search(b'<UploadId>([^<]+)', s3('POST', path + '?uploads', **server)[1]).group(1).decode()
    tag = s3('PUT', '%s?partNumber=1&uploadId=%s' % (path, upload), b'parts', **server)[2]['etag']
    done = '<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>%s</ETag></Part></CompleteMultipartUpload>' % tag
    check('it ends another', s3('POST', '%s?uploadId=%s' % (path, upload), done.encode(), **server)[0] == 200)
    check('it may not store elsewhere', denied(s3('PUT', bucket + '/a.csv', b'x', **server)))
    # Ceph lets users read what they stored themselves; in a bucket with BucketOwnerEnforced nobody owns but the bucket's owner.
    s3('PUT', bucket + '/' + PREFIX + 'owned.csv', b'two')
    check('it may not read', denied(s3('GET', bucket + '/' + PREFIX + 'owned.csv', **server)))
    check('it may not delete', denied(s3('DELETE', path, **server)))
    check('it may not list', denied(s3('GET', bucket, **server)))
    check('it may not change the bucket', denied(s3('PUT', bucket + '?versioning', b'<VersioningConfiguration/>', **server)))


def use_as_worker(bucket, version):
    worker = {'user': 'worker', 'secret': 'worker-secret'}
    path = bucket + '/' + PREFIX + 'a.csv'
    check('the worker reads the upload', s3('GET', path, **worker)[1] == b'parts')
    check('and the version of an event', s3('GET', path + '?versionId=' + version, **worker)[1] == b'one')
    answer = s3('GET', bucket + '/' + PREFIX + 'none', **worker)
    check('of a missing one it learns that it is missing', answer[0] == 404, answer)
    s3('PUT', bucket + '/elsewhere.csv', b'x')
    check('it may not read elsewhere', denied(s3('GET', bucket + '/elsewhere.csv', **worker)))
    check('it may not store', denied(s3('PUT', path, b'x', **worker)))
    check('it may not delete', denied(s3('DELETE', path, **worker)))
    check('it may not read another bucket', s3('PUT', 'another-bucket')[0] == 200 and s3(
        'PUT', 'another-bucket/' + PREFIX + 'a', b'x')[0] == 200 and denied(s3('GET', 'another-bucket/' + PREFIX + 'a', **worker)))


def use(folder, bucket):
    template = Template(folder, bucket)
    build(template, bucket)
    use_as_server(bucket)
    events, aws = [], os.environ['AWS_ENDPOINT_URL']
    while True:
        messages = client.sqs(aws, 'ReceiveMessage', {'QueueUrl': aws + '/%s/%s' % (ACCOUNT, NAME), 'WaitTimeSeconds': 2,
                                                      'MaxNumberOfMessages': 10}).get('Messages', [])
        if not messages:
            break
        for each in messages:
            events += json.loads(json.loads(each['Body'])['Message'])['Records']
    check('the queue has an event for each, in an envelope', [e['eventName'] for e in events] == [
        'ObjectCreated:Put', 'ObjectCreated:CompleteMultipartUpload', 'ObjectCreated:Put'], events)
    check('which names the key and its version', events[0]['s3']['object']['key'] == PREFIX + 'a.csv' and
          len(events[0]['s3']['object']['versionId']) > 10, events)
    use_as_worker(bucket, events[0]['s3']['object']['versionId'])


def main(folder, command, *rest):
    if command == 'read':
        read(folder)
    elif command == 'policies':
        for name in ('server', 'worker'):
            policy = read_policy(folder, name, rest[1])
            # Ceph knows no actions of SQS.
            policy['Statement'] = [s for s in policy['Statement'] if listed(s['Action'])[0].startswith('s3:')]
            with open(os.path.join(rest[0], name + '-s3.json'), 'w', encoding='ascii') as file:
                json.dump(policy, file)
        return 0
    elif command == 'use':
        use(folder, *rest)
    print('%d passed, %d failed' % (numbers['ok'], numbers['not ok']))
    return 0 if numbers['not ok'] == 0 and numbers['ok'] > 0 else 1


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
