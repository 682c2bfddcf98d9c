#!/usr/bin/python3 -B
"""The places where AWS gives temporary keys to programs, on loopback: IMDSv2, the container endpoint of ECS and EKS, and STS.

  credentials.py --port PORT

Without AWS_ENDPOINT_URL in its environment it hands out fixed keys; with it (as the script aws starts it) new keys of the S3 server each
time, which the gateway knows as well. Point a client at it with

  AWS_EC2_METADATA_SERVICE_ENDPOINT=http://127.0.0.1:PORT
  AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127.0.0.1:PORT/v2/credentials/ticker   AWS_CONTAINER_AUTHORIZATION_TOKEN=Bearer-of-tests
  AWS_ENDPOINT_URL_STS=http://127.0.0.1:PORT     AWS_WEB_IDENTITY_TOKEN_FILE   AWS_ROLE_ARN=arn:aws:iam::000000000000:role/ticker

Controls: POST /_test/settings with any of the names in SETTINGS; DELETE puts them back. POST /_test/faults (faults.py; the operation is
"METHOD /path", for STS "STS AssumeRoleWithWebIdentity"), POST /_test/clock {"offset"}, GET and DELETE /_test/log.
"""
import argparse
import collections
import json
import os
import secrets
import sys
import time
from urllib.parse import parse_qsl, urlsplit
from xml.sax.saxutils import escape

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), 'standins'))
import client  # noqa: E402
import web  # noqa: E402
from faults import Faults  # noqa: E402

SETTINGS = {
    'lifetime': 900,                # seconds until the keys say they expire; less than nothing: they have expired
    'keys': None,                   # {"id", "secret", "token"}: these and no others
    'role': 'ticker-role',          # the role of the machine; null: it has none, as an EC2 instance without a profile (404)
    'v1': False,                    # whether the metadata may be read without a token
    'imds': True,                   # false: no metadata here (404 everywhere, as on a machine that is not of EC2)
    'token_ttl_max': 21600,         # the longest life of a metadata token that is granted
    'authorization': 'Bearer-of-tests',  # what the container endpoint wants in Authorization; null: nothing
    'web_tokens': None,             # the web identity tokens that STS takes; null: any but those with a meaning below
    'code': 'Success',              # the Code in the metadata's JSON, which can tell of failure with status 200
}
EXPIRED_TOKEN, BAD_TOKEN = 'expired-token', 'bad-token'
ROLE_ARN = 'arn:aws:iam::000000000000:role/ticker'
METADATA = '/latest/meta-data/iam/security-credentials/'
TTL_HEADER = 'X-aws-ec2-metadata-token-ttl-seconds'


class State:
    def __init__(self):
        self.faults = Faults()
        self.log = collections.deque(maxlen=5000)
        self.offset = 0
        self.settings = dict(SETTINGS)
        self.tokens = {}  # metadata tokens and when they end

    def keys(self):
        given = self.settings['keys']
        if given is None and os.environ.get('AWS_ENDPOINT_URL'):
            given = client.temporary_keys()
        if given is None:
            given = {'id': 'ASIATEMP', 'secret': 'tempsecret', 'token': 'temptoken'}
        expires = client.iso_time(time.time() + self.offset + self.settings['lifetime'])
        return {'AccessKeyId': given['id'], 'SecretAccessKey': given['secret'], 'Token': given['token'], 'Expiration': expires}


class Handler(web.Handler):
    state = None

    # --- the metadata of an EC2 instance ---

    def token(self):
        """PUT /latest/api/token. A forwarded request comes from outside the machine and gets none."""
        ttl = self.headers.get(TTL_HEADER, '')
        if self.headers.get('x-forwarded-for'):
            return self.plain(403, 'Forbidden')
        if not ttl.isdigit() or not 1 <= int(ttl) <= 21600:
            return self.plain(400, 'Bad Request')
        ttl = min(int(ttl), self.state.settings['token_ttl_max'])
        token = secrets.token_urlsafe(32)
        self.state.tokens[token] = time.time() + ttl
        return self.plain(200, token, [(TTL_HEADER, str(ttl))])

    def may_read(self):
        token = self.headers.get('x-aws-ec2-metadata-token')
        if token is None:
            return self.state.settings['v1']
        return self.state.tokens.get(token, 0) > time.time()

    def metadata(self, path):
        settings = self.state.settings
        if not self.may_read():
            return self.plain(401, 'Unauthorized')
        if path == '/latest/meta-data/placement/region':
            return self.plain(200, 'us-east-1')
        if path == '/latest/dynamic/instance-identity/document':
            return self.reply(200, {'region': 'us-east-1', 'accountId': '000000000000'}, 'text/plain')
        if settings['role'] and path in (METADATA, METADATA[:-1]):
            return self.plain(200, settings['role'])
        if settings['role'] and path == METADATA + settings['role']:
            if settings['code'] != 'Success':
                return self.reply(200, {'Code': settings['code'], 'Message': 'the role has no keys', 'LastUpdated': client.iso_time(0)})
            now = client.iso_time(time.time() + self.state.offset)
            return self.reply(200, dict(self.state.keys(), Code='Success', Type='AWS-HMAC', LastUpdated=now), 'text/plain')
        return self.plain(404, 'Not Found')

    # --- ECS and EKS ---

    def container(self):
        wanted = self.state.settings['authorization']
        if wanted is not None and self.headers.get('authorization') != wanted:
            return self.reply(401, {'code': 'AccessDeniedException', 'message': 'the authorization token is not the right one'})
        return self.reply(200, dict(self.state.keys(), RoleArn=ROLE_ARN))

    # --- STS ---

    def sts_error(self, status, code, message):
        text = ('<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>%s</Type><Code>%s</Code><Message>%s'
                '</Message></Error><RequestId>%s</RequestId></ErrorResponse>'
                % ('Sender' if status < 500 else 'Receiver', escape(code), escape(message), secrets.token_hex(16)))
        return self.reply(status, text.encode(), 'text/xml')

    def sts(self, form):
        token, accepted = form.get('WebIdentityToken', ''), self.state.settings['web_tokens']
        if form.get('Action') != 'AssumeRoleWithWebIdentity':
            return self.sts_error(400, 'InvalidAction', 'Could not find operation %s' % form.get('Action'))
        if form.get('Version') != '2011-06-15':
            return self.sts_error(400, 'InvalidAction', 'no such version')
        for name in ('RoleArn', 'RoleSessionName', 'WebIdentityToken'):
            if not form.get(name):
                return self.sts_error(400, 'ValidationError', "Value at '%s' failed to satisfy constraint: Member must not be null"
                                      % (name[0].lower() + name[1:]))
        if not form.get('DurationSeconds', '3600').isdigit() or not 900 <= int(form.get('DurationSeconds', '3600')) <= 43200:
            return self.sts_error(400, 'ValidationError', "Value at 'durationSeconds' failed to satisfy constraint")
        if token == EXPIRED_TOKEN:
            return self.sts_error(400, 'ExpiredTokenException', 'Token expired: current date/time must be before the expiration date/time')
        if token == BAD_TOKEN or (accepted is not None and token not in accepted):
            return self.sts_error(400, 'InvalidIdentityToken', 'No OpenIDConnect provider found in your account for this token')
        if form['RoleArn'] != ROLE_ARN:
            return self.sts_error(403, 'AccessDenied', 'Not authorized to perform sts:AssumeRoleWithWebIdentity')
        keys = self.state.keys()
        text = ('<AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleWithWebIdentityResult>'
                '<SubjectFromWebIdentityToken>system:serviceaccount:default:ticker</SubjectFromWebIdentityToken><Audience>sts.amazonaws.com'
                '</Audience><AssumedRoleUser><Arn>arn:aws:sts::000000000000:assumed-role/ticker/%s</Arn><AssumedRoleId>AROATESTS:%s'
                '</AssumedRoleId></AssumedRoleUser><Credentials><SessionToken>%s</SessionToken><SecretAccessKey>%s</SecretAccessKey>'
                '<Expiration>%s</Expiration><AccessKeyId>%s</AccessKeyId></Credentials><Provider>tests</Provider>'
                '</AssumeRoleWithWebIdentityResult><ResponseMetadata><RequestId>%s</RequestId></ResponseMetadata>'
                '</AssumeRoleWithWebIdentityResponse>'
                % (escape(form['RoleSessionName']), escape(form['RoleSessionName']), escape(keys['Token']), escape(keys['SecretAccessKey']),
                   keys['Expiration'], keys['AccessKeyId'], secrets.token_hex(16)))
        return self.reply(200, text.encode(), 'text/xml')

    # --- what is common ---

    def plain(self, status, text, headers=()):
        return self.reply(status, text.encode(), 'text/plain', headers)

    def control(self, path, body):
        state = self.state
        given = json.loads(body) if body and self.command == 'POST' else None
        if path == '/_test/health':
            return {'status': 'ok'}
        if path == '/_test/settings':
            if self.command == 'DELETE':
                state.settings = dict(SETTINGS)
                state.tokens.clear()
            elif given is not None:
                unknown = set(given) - set(SETTINGS)
                if unknown:
                    raise ValueError('no such setting: ' + ', '.join(sorted(unknown)))
                state.settings.update(given)
            return state.settings
        if path == '/_test/faults':
            if self.command != 'GET':
                state.faults.set(given or [])
            return state.faults.report()
        if path == '/_test/clock':
            state.offset = given['offset']
            return given
        if path == '/_test/log':
            shown = list(state.log)
            if self.command == 'DELETE':
                state.log.clear()
            return shown
        raise KeyError(path)

    def handle_control(self, path, body):
        try:
            return self.reply(200, self.control(path, body))
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            return self.reply(400, {'error': repr(error)})

    def answer(self, path, form):
        if path == '/':
            return self.sts(form)
        if path.startswith('/v2/credentials/') or path == '/v1/credentials':
            return self.container() if self.command == 'GET' else self.plain(405, 'Method Not Allowed')
        if path.startswith('/latest/') and self.state.settings['imds']:
            if path == '/latest/api/token':
                return self.token() if self.command == 'PUT' else self.plain(405, 'Method Not Allowed')
            return self.metadata(path) if self.command == 'GET' else self.plain(405, 'Method Not Allowed')
        return self.plain(404, 'Not Found')

    def serve(self):
        body, parts = self.read_body(), urlsplit(self.path)
        if body is None:
            self.close_connection = True
            return self.reply(413)
        if parts.path.startswith('/_test/'):
            return self.handle_control(parts.path, body)
        form = dict(parse_qsl(body.decode('latin1') if self.command == 'POST' else parts.query)) if parts.path == '/' else {}
        operation = 'STS ' + form.get('Action', '?') if parts.path == '/' else self.command + ' ' + parts.path
        fault = self.state.faults.pick(operation) or {}
        self.state.log.append({'operation': operation, 'fault': fault or None, 'time': time.time(), 'token': bool(
            self.headers.get('x-aws-ec2-metadata-token')), 'agent': self.headers.get('user-agent')})
        time.sleep(fault.get('delay', 0))
        if fault.get('drop') or fault.get('half') == 'request':
            return self.reset()
        if fault.get('status'):
            code, message = fault.get('code', 'ServiceUnavailable'), fault.get('message', 'injected')
            if parts.path == '/':
                return self.sts_error(fault['status'], code, message)
            return self.plain(fault['status'], message)
        self.cut_next = fault.get('half')
        try:
            return self.answer(parts.path, form)
        except client.Failed as error:
            return self.plain(500, str(error))

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = serve


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--port', type=int, required=True)
    given = parser.parse_args()
    Handler.state = State()
    web.serve(Handler, given.port)


if __name__ == '__main__':
    main()
