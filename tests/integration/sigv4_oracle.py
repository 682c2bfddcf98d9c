#!/usr/bin/python3
"""Signs the requests of sigv4_requests (lines of JSON on standard input) with botocore and with awscrt, AWS's signers
in Python and in C, and compares: canonical request, string to sign, signature, and what is sent. The last line says how
many requests there were and how many differ; any difference is exit status 1.

Needs Debian's python3-botocore and python3-awscrt. 77: they are not installed."""

import datetime
import json
import sys
import types
from urllib.parse import quote

try:
    import botocore.auth as auth
    from awscrt import auth as crt
    from awscrt import http
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials
except ImportError as problem:
    print(f"SKIPPED: {problem} (apt-get install python3-botocore python3-awscrt)")
    sys.exit(77)

SHOWN = 5


class Texts:
    """What a signer of botocore works out on the way, kept; path and payload as the request wants them."""

    def canonical_request(self, request):
        self.canonical = super().canonical_request(request)
        return self.canonical

    def string_to_sign(self, request, canonical):
        self.string = super().string_to_sign(request, canonical)
        return self.string

    def signature(self, string, request):
        self.hex = super().signature(string, request)
        return self.hex

    def payload(self, request):
        return self.wanted["payload"] or super().payload(request)

    def _normalize_url_path(self, path):
        if self.wanted["s3"] or self.wanted["normalize"]:
            return super()._normalize_url_path(path)
        return quote(path, safe="/~")


class Header(Texts, auth.SigV4Auth):
    pass


class S3Header(Texts, auth.S3SigV4Auth):
    pass


class Query(Texts, auth.SigV4QueryAuth):
    pass


class S3Query(Texts, auth.S3SigV4QueryAuth):
    pass


def freeze(moment):
    """botocore asks the clock; here it stands still."""

    class Frozen(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return moment

    auth.datetime = types.SimpleNamespace(datetime=Frozen)
    if hasattr(auth, "get_current_datetime"):
        auth.get_current_datetime = lambda *_args, **_more: moment


def target_of(wanted):
    return wanted["path"] + ("?" + wanted["query"] if wanted["query"] else "")


def by_botocore(wanted, moment):
    """Its own canonical text, string to sign, signature, and what would be sent."""
    freeze(moment)
    keys = Credentials(wanted["access_key"], wanted["secret_key"], None if wanted["omit_token"] else wanted["token"] or None)
    arguments = [keys, wanted["service"], wanted["region"]]
    if wanted["expires"]:
        signer = (S3Query if wanted["s3"] else Query)(*arguments, expires=wanted["expires"])
    else:
        signer = (S3Header if wanted["s3"] else Header)(*arguments)
    signer.wanted = wanted
    request = AWSRequest(method=wanted["method"], url="http://" + wanted["headers"][0][1] + target_of(wanted))
    for name, value in wanted["headers"]:
        request.headers.add_header(name, value)
    signer.add_auth(request)
    if not wanted["expires"]:
        return signer, request.headers["Authorization"]
    query = request.url.partition("?")[2]
    if wanted["omit_token"] and wanted["token"]:
        query += "&X-Amz-Security-Token=" + quote(wanted["token"], safe="-_.~")
    return signer, "&".join(sorted(query.split("&")))


def by_awscrt(wanted, moment):
    headers = http.HttpHeaders()
    for name, value in wanted["headers"]:
        headers.add(name, value)
    presigned = bool(wanted["expires"])
    config = crt.AwsSigningConfig(
        algorithm=crt.AwsSigningAlgorithm.V4,
        signature_type=crt.AwsSignatureType.HTTP_REQUEST_QUERY_PARAMS if presigned else crt.AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=crt.AwsCredentialsProvider.new_static(wanted["access_key"], wanted["secret_key"], wanted["token"] or None),
        region=wanted["region"],
        service=wanted["service"],
        date=moment.replace(tzinfo=datetime.timezone.utc),
        use_double_uri_encode=not wanted["s3"],
        should_normalize_uri_path=not wanted["s3"] and wanted["normalize"],
        signed_body_value=wanted["payload"] or ("UNSIGNED-PAYLOAD" if presigned and wanted["s3"] else None),
        signed_body_header_type=crt.AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256
        if wanted["s3"] and not presigned
        else crt.AwsSignedBodyHeaderType.NONE,
        expiration_in_seconds=wanted["expires"] if presigned else None,
        omit_session_token=wanted["omit_token"],
    )
    request = http.HttpRequest(wanted["method"], target_of(wanted), headers)
    signed = crt.aws_sign_request(request, config).result(30)
    if presigned:
        return signed.path.rpartition("X-Amz-Signature=")[2].partition("&")[0]
    return dict(signed.headers)["Authorization"].rpartition("Signature=")[2]


def compare(wanted):
    """(what differs, how many comparisons)"""
    moment = datetime.datetime.strptime(wanted["time"], "%Y%m%dT%H%M%SZ")
    pairs = [("awscrt's signature", wanted["signature"], by_awscrt(wanted, moment))]
    if not wanted["loose"]:  # botocore takes only queries that are canonical already
        signer, sent = by_botocore(wanted, moment)
        ours = wanted["sent"]
        pairs += [
            ("canonical request", wanted["canonical"], signer.canonical),
            ("string to sign", wanted["string"], signer.string),
            ("signature", wanted["signature"], signer.hex),
            ("what is sent", "&".join(sorted(ours.split("&"))) if wanted["expires"] else ours, sent),
        ]
    pairs.append(("signature of one call", wanted["sent"][-64:], wanted["signature"]))
    return [pair for pair in pairs if pair[1] != pair[2]], len(pairs)


def main():
    requests = differing = comparisons = kinds = 0
    for line in sys.stdin:
        wanted = json.loads(line)
        differences, count = compare(wanted)
        requests += 1
        comparisons += count
        kinds |= 1 << (wanted["s3"] * 8 + bool(wanted["expires"]) * 4 + bool(wanted["token"]) * 2 + wanted["loose"])
        differing += bool(differences)
        if differences and differing <= SHOWN:
            print(json.dumps({name: wanted[name] for name in wanted if name not in ("canonical", "string")}))
            for what, ours, theirs in differences:
                print(f"--- {what}, ours:\n{ours}\n--- theirs:\n{theirs}")
    print(f"{requests} requests, {comparisons} comparisons, {bin(kinds).count('1')} of 16 kinds, {differing} differences")
    some_missing = requests >= 500 and kinds != (1 << 16) - 1
    return 1 if differing or some_missing or not requests else 0


if __name__ == "__main__":
    sys.exit(main())
