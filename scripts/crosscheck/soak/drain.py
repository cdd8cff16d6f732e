"""SIGTERM under load: whatever was taken is answered in full, and whoever comes later is turned away."""

import asyncio
import pathlib
import random

import numpy as np

from soak.grpc_client import GrpcAsker, GrpcStream
from soak.http_client import HttpAsker, Lost, Refused
from soak.models import Question, Repository
from soak.process import Server
from soak.tally import WHOLE_MINUTES, Report, Tally

CLIENTS = 8  # of a kind, for each model
LONGEST_S = 60


async def ask_until_refused(asker: HttpAsker | GrpcAsker, kind: str, questions: list[Question], tally: Tally) -> None:
    while True:
        question = random.choice(questions)
        try:
            _, answer = await asker.infer(question)
            tally.note_answer(kind, question.check(answer))
        except Refused:
            tally.note_refused(kind)
            break
        except Lost as error:
            tally.note_lost(kind, error)
            break
    await asker.close()


async def stream_until_refused(asker: GrpcAsker, kind: str, questions: list[Question], tally: Tally) -> None:
    stream = GrpcStream(asker)
    try:
        while True:
            question = random.choice(questions)
            async for _, answer in stream.ask(question):
                tally.note_answer(kind, question.check(answer))
            count = random.randint(1, 9)
            given = [int(answer["OUTPUT0"][0]) async for _, answer in
                     stream.ask(Question("several", {"INPUT0": np.array([0, count], np.int32)}, {}), {"triton_enable_empty_final_response": True})]
            tally.note_answer(kind, "" if given == list(range(count)) else f"several: {given} is not {count} from 0")
    except Refused:
        tally.note_refused(kind)
    except Lost as error:
        tally.note_lost(kind, error)
    await asker.close()


async def ask_and_end(server: Server, models: list[list[Question]], tally: Tally) -> int:
    clients = []
    for questions in models:
        for _ in range(CLIENTS):
            clients += [ask_until_refused(HttpAsker(server.http), "http", questions, tally), ask_until_refused(GrpcAsker(server.grpc), "grpc", questions, tally)]
    clients += [stream_until_refused(GrpcAsker(server.grpc), "stream", models[0], tally) for _ in range(CLIENTS)]
    asking = asyncio.gather(*clients)
    await asyncio.sleep(random.uniform(1.5, 2.5))
    server.terminate()
    await asyncio.wait_for(asking, LONGEST_S)
    return await asyncio.to_thread(server.wait)


def check(ridgeline: pathlib.Path, folder: pathlib.Path, minutes: float, report: Report) -> None:
    repository = Repository(ridgeline, folder / "models")
    repository.write_steady()
    models = [repository.identity("identity"), repository.scale("scale"), repository.lenet("lenet"), repository.pair()]
    tally, codes = Tally(), []
    for number in range(2 if minutes < WHOLE_MINUTES else 10):
        server = Server(ridgeline, repository.root, folder / f"drain{number}.log")
        codes.append(asyncio.run(ask_and_end(server, models, tally)))
    refused = ", ".join(f"{count} {kind}" for kind, count in sorted(tally.refused.items()))
    is_good = tally.is_clean() and not any(codes) and tally.total > 0
    report.row("drain", f"SIGTERM, {len(codes)} times; clients that ended by being refused: {refused}", f"{tally.total} answers, none cut" if is_good else f"{tally.total} answers",
               "ok" if is_good else f"FAILED: exit codes {codes}, {tally.faults()}")
