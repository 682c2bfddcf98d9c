#!/usr/bin/python3
"""sigv4_peers.py botocore|awscrt COUNT: signs the requests of ticker-bench-sigv4 and prints the same line."""

import datetime
import sys
import time

KEY, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
MOMENT = datetime.datetime(2013, 5, 24)
HOST, RANGE = "examplebucket.s3.amazonaws.com", "bytes=8388608-16777215"


def path(i):
    return f"/quotes/2026/COTAHIST_A{i:08d}.ZIP"


def botocore(count):
    import botocore.auth as auth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    class Frozen(datetime.datetime):
        @classmethod
        def utcnow(cls):
            return MOMENT

    auth.datetime = type("Module", (), {"datetime": Frozen})
    if hasattr(auth, "get_current_datetime"):
        auth.get_current_datetime = lambda *_arguments, **_more: MOMENT
    signer = auth.S3SigV4Auth(Credentials(KEY, SECRET), "s3", "us-east-1")
    for i in range(1, count + 1):
        request = AWSRequest(method="GET", url=f"https://{HOST}{path(i)}", headers={"Range": RANGE})
        signer.add_auth(request)
    return request.headers["Authorization"]


def awscrt(count):
    from awscrt import auth, http

    config = auth.AwsSigningConfig(
        algorithm=auth.AwsSigningAlgorithm.V4,
        signature_type=auth.AwsSignatureType.HTTP_REQUEST_HEADERS,
        credentials_provider=auth.AwsCredentialsProvider.new_static(KEY, SECRET),
        region="us-east-1",
        service="s3",
        date=MOMENT.replace(tzinfo=datetime.timezone.utc),
        use_double_uri_encode=False,
        should_normalize_uri_path=False,
        signed_body_value=EMPTY,
        signed_body_header_type=auth.AwsSignedBodyHeaderType.X_AMZ_CONTENT_SHA_256,
    )
    for i in range(1, count + 1):
        request = http.HttpRequest("GET", path(i), http.HttpHeaders([("Host", HOST), ("Range", RANGE)]))
        signed = auth.aws_sign_request(request, config).result(30)
    return dict(signed.headers)["Authorization"]


def main():
    name, count = sys.argv[1], int(sys.argv[2])
    signer = {"botocore": botocore, "awscrt": awscrt}[name]
    signer(1)  # imports what it needs
    started = time.monotonic()
    authorization = signer(count)
    print(f"{name}\t{count}\t{time.monotonic() - started:.6f}\t{authorization}")


if __name__ == "__main__":
    main()
