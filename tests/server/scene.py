"""Starts the sample server, and what the tests of the transports check with."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import wire

PROGRAM = os.environ.get("TICKER_SAMPLE")
checks = 0


def check(condition, what):
    global checks
    checks += 1
    if not condition:
        raise SystemExit(f"FAILED: {what}")


def passed(name):
    print(f"ok {checks} - {name}", flush=True)


def eventually(condition, what, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        check(time.monotonic() < end, f"{what}, within {seconds} seconds")
        time.sleep(0.02)


class Server:
    """The sample server with a listener and FastCGI."""

    def __init__(self, *flags, folder=None):
        self.folder = folder or tempfile.mkdtemp(prefix="ticker-sample-")
        self.socket = f"unix:{self.folder}/fcgi.sock"
        self.process = subprocess.Popen([PROGRAM, "--listen", "127.0.0.1:0", "--fastcgi", self.socket + "?mode=0666"] + list(flags),
                                        stdout=subprocess.PIPE, text=True)
        lines = [self.process.stdout.readline().split(), self.process.stdout.readline().split()]
        check(lines[0][:1] == ["http"] and lines[1][:1] == ["fastcgi"], f"the server says where it listens: {lines}")
        self.http = lines[0][1]

    @classmethod
    def at(cls, other):
        """Another one at the same place, after the other was stopped."""
        return cls(folder=other.folder)

    def stats(self):
        """By FastCGI, so that it does not wait for a place among the listener's connections."""
        return json.loads(wire.fcgi(self.socket, "GET", "/stats").body)

    def running(self):
        s = self.stats()
        return s["begun"] - s["ended"] - 1

    def count(self, what):
        return len(os.listdir(f"/proc/{self.process.pid}/{what}"))

    def memory(self):
        """Resident, in KB."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as status:
            return next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))

    def has_sanitizers(self):
        with open(f"/proc/{self.process.pid}/exe", "rb") as program:
            text = program.read()
        return b"__asan_init" in text or b"__tsan_init" in text

    def quiet(self):
        """All requests but the one that asks are over."""
        def over():
            s = self.stats()
            return s["begun"] == s["ended"] + 1
        eventually(over, "every request that was begun is ended")

    def stop(self, seconds=20):
        self.process.terminate()
        try:
            status = self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise SystemExit("FAILED: the server does not stop") from None
        check(status == 0, f"the server ends well, not with {status}")
        check(not os.path.exists(self.socket[5:]), "the socket's file is gone")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, trace):
        try:
            if self.process.poll() is None and kind is None:
                self.stop()
        finally:
            if self.process.poll() is None:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)


def main(tests):
    for test in tests:
        test()
        passed(test.__name__.replace("_", " "))
    sys.exit(0)
