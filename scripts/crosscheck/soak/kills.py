"""A model's process is killed under load, again and again: at most the batch that was in it fails, and the next one answers."""

import asyncio
import os
import pathlib
import random
import signal
import time

from soak.crowd import ask_until
from soak.grpc_client import GrpcAsker
from soak.http_client import HttpAsker
from soak.models import Question, Repository
from soak.process import Server
from soak.tally import WHOLE_MINUTES, Report, Tally

MOST_IN_A_BATCH = 8
BATCH_S = 0.02  # of a Python model's: long enough to be hit
LONGEST_RETURN_S = 30
CLIENTS = 12  # of each protocol: more than a batch, so that some wait while one is computed
ISOLATED = 'parameters { key: "isolation" value { string_value: "process" } }\n'


async def kill_one(server: Server, last: int, killed: list[float]) -> int:
    child = next((pid for pid in server.children() if pid != last), last)
    if child != last:
        os.kill(child, signal.SIGKILL)
        killed.append(time.monotonic())
    return child


async def kill_again_and_again(server: Server, tally: Tally, end: float, killed: list[float]) -> float:
    """Each when the one before answers again, every third one's successor while it starts; the longest time without an answer."""
    last, longest = -1, 0.0
    while time.monotonic() < end:
        await asyncio.sleep(random.uniform(0, 0.5))
        last = await kill_one(server, last, killed)
        if len(killed) % 3 == 2:
            await asyncio.sleep(0.1)
            last = await kill_one(server, last, killed)
        begin, before = time.monotonic(), tally.total
        while tally.total <= before + MOST_IN_A_BATCH:  # more than may have been on their way
            await asyncio.sleep(0.01)
        longest = max(longest, time.monotonic() - begin)
    return longest


async def ask_and_kill(server: Server, questions: list[Question], seconds: float) -> tuple[Tally, list[float], float]:
    tally, killed, end = Tally(), [], time.monotonic() + seconds
    askers = [HttpAsker(server.http) for _ in range(CLIENTS)] + [GrpcAsker(server.grpc) for _ in range(CLIENTS)]
    last = end + LONGEST_RETURN_S
    asking = [asyncio.create_task(ask_until(asker, questions, first, last, tally)) for first, asker in enumerate(askers)]
    longest = await asyncio.wait_for(kill_again_and_again(server, tally, end, killed), seconds + LONGEST_RETURN_S)
    for task in asking:
        task.cancel()
    return tally, killed, longest


def most_after_one(killed: list[float], lost: list[float]) -> int:
    """Failures between one kill and the next."""
    bounds = [*killed, float("inf")]
    return max((sum(begin <= at < end for at in lost) for begin, end in zip(bounds, bounds[1:])), default=0)


def check_model(server: Server, questions: list[Question], what: str, seconds: float, report: Report) -> None:
    if not server.children():
        report.row("kills", what, "", "SKIPPED: the model has no process of its own in this build")
        return
    tally, killed, longest = asyncio.run(ask_and_kill(server, questions, seconds))
    most = most_after_one(killed, [at for at, _ in tally.lost])
    is_told = all("SIGKILL" in why for _, why in tally.lost)
    verdict = "ok" if most <= MOST_IN_A_BATCH and is_told and not tally.wrong and killed else f"FAILED: {tally.faults()}"
    report.row("kills", what, f"{len(killed)} kills, {len(tally.lost)} failed (≤ {most} each), back in ≤ {longest:.1f} s, {tally.total} right", verdict)


def check(ridgeline: pathlib.Path, folder: pathlib.Path, minutes: float, report: Report) -> None:
    repository = Repository(ridgeline, folder / "models")
    repository.write_scale("scale", BATCH_S)
    repository.write_lenet("apart", more=ISOLATED)
    seconds = 10 if minutes < WHOLE_MINUTES else 60
    checks = {"scale": (repository.scale("scale"), "a Python model's process, kill -9"), "apart": (repository.lenet("apart"), "an instance with isolation: process, kill -9")}
    for model, (questions, what) in checks.items():
        with Server(ridgeline, repository.root, folder / f"{model}.log", load=(model,)) as server:
            check_model(server, questions, what, seconds, report)
