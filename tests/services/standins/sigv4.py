"""Checks the signature of a request to SQS, SNS or STS as AWS does, with botocore as the one who knows how, and signs requests."""
import datetime
import hashlib
import hmac

import botocore.auth
from botocore.awsrequest import AWSRequest
from botocore.compat import HTTPHeaders
from botocore.credentials import Credentials

REGION = 'us-east-1'
ACCOUNT = '000000000000'
SERVICES = ('sqs', 'sns', 'sts')
SKEW_SECONDS = 300
INVALID_TOKEN = 'The security token included in the request is invalid.'
STAMP = '%Y%m%dT%H%M%SZ'


class Key:
    def __init__(self, secret, token=None, denied=False, expires=None):
        self.secret, self.token, self.denied, self.expires = secret, token, denied, expires


def first_keys():
    """ASIATEMP is a temporary key: it needs its token. ASIAEXPIRED has expired. The stranger is known and may do nothing."""
    return {'test': Key('test'), 'stranger': Key('strangersecret', denied=True), 'ASIATEMP': Key('tempsecret', 'temptoken'),
            'ASIAEXPIRED': Key('expiredsecret', 'expiredtoken', expires=0)}


class Refused(Exception):
    """An answer: HTTP status, error name in the JSON protocol, error name in the Query protocol, message."""

    def __init__(self, status, json_code, query_code, message):
        super().__init__(message)
        self.status, self.json_code, self.query_code, self.message = status, json_code, query_code, message


def mismatch(message, status=403):
    return Refused(status, 'InvalidSignatureException', 'SignatureDoesNotMatch', message)


class Signer(botocore.auth.SigV4Auth):
    """Signs the named headers only, whichever they are (botocore has a list of its own)."""

    def __init__(self, credentials, service, region, signed):
        super().__init__(credentials, service, region)
        self.signed = signed

    def headers_to_sign(self, request):
        headers = HTTPHeaders()
        for name in self.signed:
            for value in request.headers.get_all(name, []):
                headers.add_header(name, value)
        return headers


def parse_authorization(headers):
    text = headers.get('authorization', '')
    if not text.startswith('AWS4-HMAC-SHA256 '):
        raise Refused(403, 'MissingAuthenticationTokenException', 'MissingAuthenticationToken',
                      'Request is missing Authentication Token')
    try:
        fields = dict(part.strip().split('=', 1) for part in text[len('AWS4-HMAC-SHA256 '):].split(','))
        scope = fields['Credential'].split('/')
        key, date, region, service, end = scope
        stamp = headers['x-amz-date']
        when = datetime.datetime.strptime(stamp, STAMP).replace(tzinfo=datetime.timezone.utc)
        return key, date, region, service, end, fields['SignedHeaders'].split(';'), fields['Signature'], stamp, when
    except (KeyError, ValueError, TypeError):
        raise Refused(400, 'IncompleteSignatureException', 'IncompleteSignature',
                      'Authorization header is incomplete or malformed.') from None


def check_key(keys, name, headers, now):
    key = keys.get(name)
    if key is None:
        raise Refused(403, 'UnrecognizedClientException', 'InvalidClientTokenId', INVALID_TOKEN)
    if key.token != headers.get('x-amz-security-token'):
        raise Refused(403, 'UnrecognizedClientException', 'InvalidClientTokenId', INVALID_TOKEN)
    if key.expires is not None and now.timestamp() >= key.expires:
        raise Refused(403, 'ExpiredTokenException', 'ExpiredToken', 'The security token included in the request is expired')
    return key


def check_time(stamp, when, now):
    if abs((now - when).total_seconds()) <= SKEW_SECONDS:
        return
    minutes = datetime.timedelta(minutes=5)
    if when < now:
        raise mismatch('Signature expired: %s is now earlier than %s (%s - 5 min.)'
                       % (stamp, (now - minutes).strftime(STAMP), now.strftime(STAMP)))
    raise mismatch('Signature not yet current: %s is still later than %s (%s + 5 min.)'
                   % (stamp, (now + minutes).strftime(STAMP), now.strftime(STAMP)))


def check_signed_headers(headers, signed):
    must = {'host'} | {name.lower() for name in headers.keys() if name.lower().startswith('x-amz-')}
    if not must <= set(signed) or signed != sorted(signed):
        raise mismatch('The headers %s have to be signed, in order.' % ', '.join(sorted(must)))


def verify(keys, method, target, headers, body, now):
    """Returns (key, service) of a request that is signed as it should be; raises Refused."""
    name, date, region, service, end, signed, signature, stamp, when = parse_authorization(headers)
    key = check_key(keys, name, headers, now)
    check_time(stamp, when, now)
    check_signed_headers(headers, signed)
    if region != REGION or service not in SERVICES or end != 'aws4_request' or date != stamp[:8]:
        raise mismatch('Credential should be scoped to a valid region.' if region != REGION else
                       'Credential should be scoped to correct service, date and terminator.')
    request = AWSRequest(method=method, url='http://%s%s' % (headers['host'], target), data=body)
    for header in signed:
        for value in headers.get_all(header) or []:
            request.headers.add_header(header, value)
    signer = Signer(Credentials(name, key.secret), service, region, signed)
    request.context['timestamp'] = stamp
    canonical = signer.canonical_request(request)
    to_sign = signer.string_to_sign(request, canonical)
    if not hmac.compare_digest(signer.signature(to_sign, request), signature):
        raise mismatch('The request signature we calculated does not match the signature you provided. Check your AWS Secret Access '
                       'Key and signing method. Consult the service documentation for details.\n\nThe Canonical String for this '
                       "request should have been\n'%s'\n\nThe String-to-Sign should have been\n'%s'\n" % (canonical, to_sign))
    given = headers.get('x-amz-content-sha256')
    if given is not None and given != hashlib.sha256(body).hexdigest():
        raise mismatch('The provided x-amz-content-sha256 header does not match what was computed.', 400)
    return key, service


def sign(method, url, headers, body, service, access_key='test', secret='test', token=None, when=None, payload=None, expires=None,
         region=REGION):
    """Signs as a client does. Returns (url, headers, signature): signed headers, or with expires a presigned URL.

    payload takes the place of the body's hash; the service s3 has its own rules.
    """
    kind = botocore.auth.SigV4Auth
    if service == 's3':
        kind = botocore.auth.S3SigV4Auth if expires is None else botocore.auth.S3SigV4QueryAuth
    auth = kind(Credentials(access_key, secret, token), service, region, *([expires] if expires is not None else []))
    if payload is not None:
        auth.payload = lambda request: payload
    request = AWSRequest(method=method, url=url, data=body if expires is None else None, headers=headers)
    request.context['timestamp'] = (when or datetime.datetime.now(datetime.timezone.utc)).strftime(STAMP)
    auth._modify_request_before_signing(request)
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    auth._inject_signature_to_request(request, signature)
    return request.url, dict(request.headers.items()), signature


def signing_key(secret, date, service, region=REGION):
    key = ('AWS4' + secret).encode()
    for part in (date, region, service, 'aws4_request'):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


def sign_chunks(body, size, seed, stamp, secret='test'):
    """The body as STREAMING-AWS4-HMAC-SHA256-PAYLOAD, whose head has the signature seed."""
    key, previous, out = signing_key(secret, stamp[:8], 's3'), seed, b''
    for chunk in [body[at:at + size] for at in range(0, len(body), size)] + [b'']:
        text = '\n'.join(['AWS4-HMAC-SHA256-PAYLOAD', stamp, '%s/%s/s3/aws4_request' % (stamp[:8], REGION), previous,
                          hashlib.sha256(b'').hexdigest(), hashlib.sha256(chunk).hexdigest()])
        previous = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
        out += b'%x;chunk-signature=%s\r\n%s\r\n' % (len(chunk), previous.encode(), chunk)
    return out
