"""Ten thousand connections that wait, a thousand that ask: nothing fails, and memory has a bound."""

import asyncio
import concurrent.futures
import multiprocessing
import pathlib
import re
import socket
import time

from soak import http2
from soak.grpc_client import GrpcAsker
from soak.http_client import HttpAsker, Lost, Refused
from soak.models import Question, Repository
from soak.process import Server, raise_descriptor_limit, settled_rss_mib
from soak.tally import WHOLE_MINUTES, Report, Tally

IDLE, ACTIVE = 10_000, 1_000  # half of each over HTTP, half over gRPC
MOST_KIB = {"http": 16, "grpc": 64}  # of the server's memory, for a connection that waits
HEALTH = b"GET /v2/health/ready HTTP/1.1\r\nHost: soak\r\n\r\n"
ASKERS = {"http": HttpAsker, "grpc": GrpcAsker}


class Waiting:
    """A connection that has asked once and may ask again."""

    def __init__(self, protocol: str, port: int):
        self.protocol = protocol
        self.connection = http2.Connection(port) if protocol == "grpc" else socket.create_connection(("127.0.0.1", port), timeout=30)

    def is_answered(self) -> bool:
        try:
            if self.protocol == "grpc":
                return self.connection.call("ServerReady") == (0, b"\x08\x01")
            self.connection.sendall(HEALTH)
            return self.connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        except (OSError, ValueError):
            return False

    def close(self) -> None:
        self.connection.close()


async def ask_until(asker: HttpAsker | GrpcAsker, questions: list[Question], first: int, end: float, tally: Tally) -> None:
    number = first
    while time.monotonic() < end:
        question = questions[number % len(questions)]
        number += 1
        try:
            _, answer = await asker.infer(question)
            tally.note_answer(question.model, question.check(answer))
        except (Lost, Refused) as error:
            tally.note_lost(question.model, error)
    await asker.close()


async def ask_all(protocol: str, port: int, count: int, seconds: float, questions: list[Question]) -> Tally:
    tally, end = Tally(), time.monotonic() + seconds
    await asyncio.gather(*(ask_until(ASKERS[protocol](port), questions, first, end, tally) for first in range(count)))
    return tally


def ask_from_a_process(protocol: str, port: int, count: int, seconds: float, questions: list[Question]) -> Tally:
    raise_descriptor_limit()
    return asyncio.run(ask_all(protocol, port, count, seconds, questions))


def ask_from_processes(ports: dict[str, int], count: int, seconds: float, questions: list[Question]) -> dict[str, Tally]:
    """`count` connections of each protocol, from a process each."""
    with concurrent.futures.ProcessPoolExecutor(len(ports), multiprocessing.get_context("spawn")) as pool:
        asked = {protocol: pool.submit(ask_from_a_process, protocol, port, count, seconds, questions) for protocol, port in ports.items()}
        return {protocol: one.result() for protocol, one in asked.items()}


def check(ridgeline: pathlib.Path, folder: pathlib.Path, minutes: float, report: Report) -> None:
    repository = Repository(ridgeline, folder / "models")
    repository.write_identity("identity", "FP32")
    repository.write_lenet("lenet", backend="ridgeline")
    questions = repository.identity("identity") + repository.lenet("lenet")
    seconds = 10 if minutes < WHOLE_MINUTES else 40
    with Server(ridgeline, repository.root, folder / "crowd.log") as server:
        ports = {"http": server.http, "grpc": server.grpc}
        ask_from_processes(ports, 10, 3, questions)  # what is made on the first requests is there before memory is looked at
        waiting = []
        for protocol, port in ports.items():
            before = settled_rss_mib(server)
            made = [Waiting(protocol, port) for _ in range(IDLE // 2)]
            failed = sum(not one.is_answered() for one in made)
            each_kib = (settled_rss_mib(server) - before) * 1024 / len(made)
            waiting += made
            report.row("crowd", f"{protocol}: {len(made)} connections, each asked once, now idle", f"{failed} failed, {each_kib:.1f} KiB of RSS each",
                       failed == 0 and each_kib <= MOST_KIB[protocol])
        before = server.rss_mib()
        for protocol, tally in ask_from_processes(ports, ACTIVE // 2, seconds, questions).items():
            report.tally("crowd", f"{protocol}: {ACTIVE // 2} connections ask at once, {seconds} s, besides", tally, seconds)
        after = settled_rss_mib(server)
        report.row("crowd", "RSS before these and after", f"{before:.0f} MiB, {after:.0f} MiB", after <= before + ACTIVE * MOST_KIB["grpc"] / 1024)
        failed = sum(not one.is_answered() for one in waiting)
        report.row("crowd", "the idle ones ask again", f"{failed} of {len(waiting)} failed", failed == 0)
        for one in waiting:
            one.close()
        report.row("crowd", "RSS when they have gone", f"{settled_rss_mib(server, 8):.0f} MiB", True)
        limit = re.search(r"Max open files\s+(\d+)", pathlib.Path(f"/proc/{server.pid}/limits").read_text())[1]
        report.row("crowd", "descriptors the server allows itself; its shell said 1024", limit, int(limit) > IDLE + ACTIVE)
