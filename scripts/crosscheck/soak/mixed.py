"""Minutes of every kind of request at once, while models come and go: every answer is held against the offline result, and the memory against itself."""

import asyncio
import contextlib
import itertools
import json
import mmap
import os
import pathlib
import random
import statistics
import time

import numpy as np

from soak.churn import MODELS, Churned
from soak.grpc_client import GrpcAsker, GrpcStream
from soak.http_client import HttpAsker, Lost, Refused
from soak.models import Question, Repository
from soak.process import Server, rss_mib
from soak.tally import Report, Tally

THINK_S = 0.04  # on average, between an answer and the next question
EACH = 2  # clients of a kind
SEQUENCE_NUMBERS = itertools.count(1)
FLAT = 0.02
SAMPLE_S = 2
LEAST_S_FOR_MEMORY = 300
PAUSE_S = 10  # between two samples: this machine, or all of us, slept; deadlines have passed that nobody could keep


async def think() -> None:
    await asyncio.sleep(random.uniform(0, 2 * THINK_S))


async def ask_on(asker: HttpAsker | GrpcAsker, kind: str, questions: list[Question], stop: asyncio.Event, tally: Tally) -> None:
    while not stop.is_set():
        question = random.choice(questions)
        try:
            _, answer = await asker.infer(question)
            tally.note_answer(kind, question.check(answer))
        except (Lost, Refused) as error:
            tally.note_lost(kind, error)
        await think()
    await asker.close()


async def ask_churned(asker: HttpAsker | GrpcAsker, kind: str, model: Churned, stop: asyncio.Event, tally: Tally) -> None:
    while not stop.is_set():
        try:
            await model.ask(asker.infer, kind, tally)
        except Lost as error:
            tally.note_lost(kind, error)
        await think()
    await asker.close()


def part_of_sequence(number: int, value: int, total: int, place: int, length: int) -> tuple[Question, dict]:
    question = Question("running", {"INPUT0": np.array([[value]], np.int32)}, {"OUTPUT0": np.array([[total]], np.int32)})
    return question, {"sequence_id": number, "sequence_start": place == 0, "sequence_end": place == length - 1}


async def ask_sequences(asker: HttpAsker | GrpcAsker, kind: str, stop: asyncio.Event, tally: Tally) -> None:
    while not stop.is_set():
        number, length, total = next(SEQUENCE_NUMBERS), random.randint(1, 12), 0
        try:
            for place in range(length):
                value = random.randint(-99, 99)
                total += value
                question, parameters = part_of_sequence(number, value, total, place, length)
                _, answer = await asker.infer(question, parameters)
                tally.note_answer(kind, question.check(answer))
                await think()
        except (Lost, Refused) as error:
            tally.note_lost(kind, error)
    await asker.close()


async def ask_streams(asker: GrpcAsker, kind: str, questions: list[Question], stop: asyncio.Event, tally: Tally) -> None:
    """Some questions over a stream, one of them to the model that gives many answers; then a new stream."""
    while not stop.is_set():
        stream = GrpcStream(asker)
        try:
            for _ in range(20):
                question = random.choice(questions)
                async for _, answer in stream.ask(question):
                    tally.note_answer(kind, question.check(answer))
                first, count = random.randint(0, 999), random.randint(0, 9)
                question = Question("several", {"INPUT0": np.array([first, count], np.int32)}, {})
                given = [int(answer["OUTPUT0"][0]) async for _, answer in stream.ask(question, {"triton_enable_empty_final_response": True})]
                tally.note_answer(kind, "" if given == list(range(first, first + count)) else f"several: {given} is not {count} from {first}")
                await think()
            await stream.close()
        except (Lost, Refused) as error:
            tally.note_lost(kind, error)
            await think()
    await asker.close()


async def ask_by_shared_memory(port: int, kind: str, questions: list[Question], stop: asyncio.Event, tally: Tally) -> None:
    """Inputs and outputs in a region of its own, which is registered anew now and then."""
    asker, name = HttpAsker(port), f"soak_{os.getpid()}_{random.getrandbits(32):x}"
    half, path = 1 << 18, pathlib.Path("/dev/shm") / name
    path.write_bytes(bytes(2 * half))
    with path.open("r+b") as file, mmap.mmap(file.fileno(), 2 * half) as region:
        while not stop.is_set():
            try:
                await must_be_ok(asker, f"systemsharedmemory/region/{name}/register", {"key": f"/{name}", "offset": 0, "byte_size": 2 * half})
                for question in random.choices(questions, k=50):
                    tally.note_answer(kind, await ask_in_region(asker, question, region, name, half))
                    await think()
                await must_be_ok(asker, f"systemsharedmemory/region/{name}/unregister", {})
            except (Lost, Refused) as error:
                tally.note_lost(kind, error)
                await think()
                with contextlib.suppress(Lost, Refused):
                    await must_be_ok(asker, f"systemsharedmemory/region/{name}/unregister", {})
    path.unlink()
    await asker.close()


async def must_be_ok(asker: HttpAsker, path: str, document: dict) -> bytes:
    status, _, body = await asker.connection.ask("POST", f"/v2/{path}", json.dumps(document).encode())
    if status != 200:
        raise Lost(f"{path}: {status}: {body.decode()[:300]}")
    return body


async def ask_in_region(asker: HttpAsker, question: Question, region: mmap.mmap, name: str, half: int) -> str:
    (given, data), (wanted, right) = *question.inputs.items(), *question.outputs.items()
    region[: data.nbytes] = data.tobytes()
    region[half : half + right.nbytes] = b"\xff" * right.nbytes
    place = {"shared_memory_region": name}
    await must_be_ok(asker, f"models/{question.model}/infer", {
        "inputs": [{"name": given, "datatype": "FP32", "shape": list(data.shape), "parameters": {**place, "shared_memory_byte_size": data.nbytes}}],
        "outputs": [{"name": wanted, "parameters": {**place, "shared_memory_offset": half, "shared_memory_byte_size": right.nbytes}}]})
    return question.check({wanted: np.frombuffer(region[half : half + right.nbytes], np.float32).reshape(right.shape)})


class Memory:
    """Samples of the server and of each child, by their ids."""

    def __init__(self, server: Server):
        self.server, self.begin = server, time.monotonic()
        self.samples: list[tuple[float, float, dict[int, float]]] = []

    async def watch(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            self.samples.append((time.monotonic() - self.begin, self.server.rss_mib(), {pid: rss_mib(pid) for pid in self.server.children()}))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), SAMPLE_S)

    def slept(self) -> list[tuple[float, float]]:
        """When, by the clock of Tally."""
        times = [self.begin + at for at, _, _ in self.samples]
        return [(one, other) for one, other in zip(times, times[1:]) if other - one > PAUSE_S]

    def after(self, warm_s: float) -> list[tuple[float, float, dict[int, float]]]:
        return [sample for sample in self.samples if sample[0] >= warm_s]


def drift(values: list[float]) -> tuple[float, float, float]:
    """Medians of the first and of the last fifth, and their relative difference."""
    fifth = max(1, len(values) // 5)
    first, last = statistics.median(values[:fifth]), statistics.median(values[-fifth:])
    return first, last, last / first - 1


def workers(repository: Repository, server: Server, churned: list[Churned], stop: asyncio.Event, tally: Tally) -> list:
    identity, whole, scale, lenet, pair = repository.identity("identity"), repository.identity("whole"), repository.scale("scale"), repository.lenet("lenet"), repository.pair()
    made = []
    for _ in range(EACH):
        for questions in (identity, whole, scale, lenet, pair):
            model = questions[0].model
            made += [ask_on(HttpAsker(server.http), f"http binary {model}", questions, stop, tally), ask_on(GrpcAsker(server.grpc), f"grpc {model}", questions, stop, tally)]
            if model != "identity":
                made.append(ask_on(HttpAsker(server.http, binary=False), f"http json {model}", questions, stop, tally))
        for model in churned:
            made += [ask_churned(HttpAsker(server.http), f"http {model.model}", model, stop, tally), ask_churned(GrpcAsker(server.grpc), f"grpc {model.model}", model, stop, tally)]
        made += [ask_sequences(HttpAsker(server.http, binary=False), "http sequence", stop, tally), ask_sequences(GrpcAsker(server.grpc), "grpc sequence", stop, tally),
                 ask_streams(GrpcAsker(server.grpc), "grpc stream", identity + lenet, stop, tally), ask_by_shared_memory(server.http, "shared memory", identity + lenet, stop, tally)]
    return made


async def soak(repository: Repository, server: Server, seconds: float, pause_s: float) -> tuple[Tally, Memory, list[Churned]]:
    stop, tally, memory = asyncio.Event(), Tally(), Memory(server)
    churned = [Churned(repository, model, server.http) for model in MODELS]
    tasks = [asyncio.create_task(work) for work in workers(repository, server, churned, stop, tally)]
    tasks += [asyncio.create_task(model.run(stop, tally, pause_s)) for model in churned]
    tasks.append(asyncio.create_task(memory.watch(stop)))
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    stop.set()
    for task in done:
        task.result()
    await asyncio.wait_for(asyncio.gather(*tasks), 60)
    return tally, memory, churned


def set_apart(tally: Tally, pauses: list[tuple[float, float]]) -> int:
    """Takes out of the tally what was lost while everything slept or right after; how many."""
    kept = [(at, why) for at, why in tally.lost if not any(begin <= at <= end + PAUSE_S for begin, end in pauses)]
    count, tally.lost = len(tally.lost) - len(kept), kept
    return count


def report_memory(memory: Memory, warm_s: float, report: Report) -> None:
    kept = memory.after(warm_s)
    is_long = kept[-1][0] - kept[0][0] > LEAST_S_FOR_MEMORY
    first, last, by = drift([sample[1] for sample in kept])
    most = max(sample[1] for sample in kept)
    report.row("mixed", f"server's RSS from minute {warm_s / 60:.1f}: first fifth, last fifth", f"{first:.1f} MiB, {last:.1f} MiB, {by:+.2%}, at most {most:.1f}",
               abs(by) <= FLAT if is_long else "too short to tell")
    for pid in sorted(set.intersection(*(set(sample[2]) for sample in kept))):
        first, last, by = drift([sample[2][pid] for sample in kept])
        report.row("mixed", "  a Python model's process that stays", f"{first:.1f} MiB, {last:.1f} MiB, {by:+.2%}", by <= FLAT if is_long else "too short to tell")


def check(ridgeline: pathlib.Path, folder: pathlib.Path, minutes: float, report: Report) -> None:
    repository = Repository(ridgeline, folder / "models")
    repository.write_steady()
    for model, backend in MODELS.items():
        repository.write_scale(model) if backend == "python" else repository.write_lenet(model, backend)
    seconds, warm_s = minutes * 60, min(300, minutes * 12)
    with Server(ridgeline, repository.root, folder / "mixed.log") as server:
        tally, memory, churned = asyncio.run(soak(repository, server, seconds, pause_s=1))
    pauses = memory.slept()
    lost = set_apart(tally, pauses)
    if pauses:
        report.row("mixed", f"this machine slept {len(pauses)} times", f"{sum(end - begin for begin, end in pauses):.0f} s in all, {lost} requests lost by it", "told, not counted")
    report.tally("mixed", f"{minutes:g} minutes of {len(tally.answered)} kinds of requests", tally, seconds)
    for kind, count in sorted(tally.answered.items()):
        report.row("mixed", f"  {kind}", f"{count} right" + (f", {tally.refused[kind]} while unloaded" if tally.refused[kind] else ""), True)
    report.row("mixed", "models unloaded and loaded", ", ".join(f"{model.model} {model.cycles}" for model in churned), all(model.cycles for model in churned))
    report_memory(memory, warm_s, report)
