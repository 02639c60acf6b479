"""S3 servers on loopback: a whole one in a process of its own, and one with a bad mood."""

import contextlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx

from recordings.archiving.bucket import BucketOptions
from tests.support.programs import find_free_port

STARTS_WITHIN_S = 30.0
BUCKET = "talks"
ADMINISTRATION = {
    "Authorization": "AWS4-HMAC-SHA256 Credential=any/20260101/us-east-1/iam/aws4_request, "
    "SignedHeaders=host, Signature=any"
}
"The server looks here for which of its parts is asked; who asks does not matter at first."
READS_AND_WRITES = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"s3:*","Resource":"*"}]}'
)
READS = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow",'
    '"Action":["s3:GetObject","s3:ListBucket"],"Resource":"*"}]}'
)


@dataclass
class S3Server:
    """One that a test may kill and start again; it forgets all at that."""

    port: int
    process: "subprocess.Popen[bytes] | None" = None
    options: BucketOptions = field(init=False)

    def __post_init__(self) -> None:
        self.options = BucketOptions(
            endpoint=self.endpoint,
            bucket=BUCKET,
            prefix="hotline/",
            access_key="AKIDEXAMPLE",
            secret_key="of-nobody",
            connect_s=2.0,
            request_s=5.0,
            rest_s=0.0,
        )

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, **environment: str) -> None:
        """`environment`: of the server. It has the bucket when this returns."""
        command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)]
        self.process = subprocess.Popen(
            command,
            env={**os.environ, **environment},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()
        httpx.put(f"{self.endpoint}/{BUCKET}", trust_env=False).raise_for_status()

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait(10)
            self.process = None

    def _wait(self) -> None:
        until = time.monotonic() + STARTS_WITHIN_S
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                if time.monotonic() > until:
                    raise
                time.sleep(0.05)

    def make_user(self, name: str, policy: str) -> BucketOptions:
        """Options with keys of somebody who may do what the policy says."""
        self._administer("CreateUser", UserName=name)
        self._administer("PutUserPolicy", UserName=name, PolicyName="p", PolicyDocument=policy)
        answer = self._administer("CreateAccessKey", UserName=name)
        return replace(
            self.options,
            access_key=_between(answer, "AccessKeyId"),
            secret_key=_between(answer, "SecretAccessKey"),
        )

    def _administer(self, action: str, **fields: str) -> str:
        form = {"Action": action, "Version": "2010-05-08", **fields}
        answer = httpx.post(self.endpoint, data=form, headers=ADMINISTRATION, trust_env=False)
        return answer.raise_for_status().text


def _between(text: str, tag: str) -> str:
    return text.partition(f"<{tag}>")[2].partition("<")[0]


@contextlib.contextmanager
def s3_server(**environment: str) -> Iterator[S3Server]:
    server = S3Server(find_free_port())
    server.start(**environment)
    try:
        yield server
    finally:
        server.end()


@dataclass
class Mood:
    """What every request is answered with."""

    status: int = 503
    code: str = ""
    "S3's own, in the body."
    hangs: bool = False
    asked: int = 0


@contextlib.contextmanager
def moody_server(mood: Mood) -> Iterator[BucketOptions]:
    """Options that lead to a server which answers all with its mood."""
    is_over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            mood.asked += 1
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if mood.hangs:
                is_over.wait(30)
                return
            body = f"<Error><Code>{mood.code}</Code></Error>".encode() if mood.code else b""
            self.send_response(mood.status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = _answer

        def log_message(self, format: str, *args: object) -> None:
            """Not into the tests' output."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, name="moody-s3")
    thread.start()
    try:
        yield BucketOptions(
            endpoint=f"http://127.0.0.1:{server.server_address[1]}",
            bucket=BUCKET,
            access_key="AKIDEXAMPLE",
            secret_key="a-secret-of-somebody",
            connect_s=1.0,
            request_s=1.0,
            repetitions=1,
        )
    finally:
        is_over.set()
        server.shutdown()
        server.server_close()
        thread.join()
