"""A `ridgeline serve` of one's own, its children, and how much memory they take."""

import json
import pathlib
import resource
import signal
import subprocess
import time

KIB_PER_MIB = 1024


def raise_descriptor_limit() -> int:
    """Of this process, to what it may have."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def field_kib(path: pathlib.Path, name: str) -> int:
    """0 where the process has gone."""
    try:
        lines = path.read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith(name + ":")), 0)


def rss_mib(pid: int) -> float:
    return field_kib(pathlib.Path(f"/proc/{pid}/status"), "VmRSS") / KIB_PER_MIB


def children_of(pid: int) -> list[int]:
    found = []
    for path in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += [int(child) for child in path.read_text().split()]
        except (FileNotFoundError, ProcessLookupError):
            continue
    return sorted(found)


class Server:
    """On free ports, with a soft limit of 1024 descriptors, as shells and systemd give it. Ended with the scope, by SIGTERM."""

    def __init__(self, ridgeline: pathlib.Path, repository: pathlib.Path, log: pathlib.Path, *flags: str, load: tuple[str, ...] = ("*",)):
        ports = [word for front in ("http", "grpc", "metrics") for word in (f"--{front}-port", "0", f"--{front}-address", "127.0.0.1")]
        loads = [word for model in load for word in ("--load-model", model)]
        self.log = log
        command = ["sh", "-c", 'ulimit -Sn 1024; exec "$@"', "sh", ridgeline, "serve", "--json", "--model-repository", repository, "--model-control-mode", "explicit", *loads,
                   "--allow-client-shm", "true", *ports, *flags]
        with log.open("w") as file:
            self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=file, text=True)
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError(f"the server did not start: {log.read_text()[-2000:]}")
        told = json.loads(line)
        self.pid = self.process.pid
        self.http, self.grpc = told["http_port"], told["grpc_port"]

    def rss_mib(self) -> float:
        return rss_mib(self.pid)

    def children(self) -> list[int]:
        return children_of(self.pid)

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds: float = 60) -> int:
        return self.process.wait(seconds)

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if self.process.poll() is None:
            self.terminate()
        try:
            code = self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        if kind is None and code != 0:
            raise AssertionError(f"the server ended with {code}: {self.log.read_text()[-2000:]}")


def settled_rss_mib(server: Server, seconds: float = 3) -> float:
    """When it no longer changes by more than 1 %, or after that time."""
    last = server.rss_mib()
    for _ in range(round(seconds)):
        time.sleep(1)
        now = server.rss_mib()
        if abs(now - last) <= 0.01 * last:
            return now
        last = now
    return last
