"""Is the native engine as even as its peers from call to call, and as small? `ridgeline bench` of all engines, FP32, one image at a time, several times over."""

import dataclasses
import json
import pathlib
import statistics
import subprocess

import native

MODELS = ("resnet18", "resnet50", "mobilenet_v2")
RACES, RUNS, ROUNDS = 3, 300, 15
OURS = "native"


@dataclasses.dataclass(frozen=True)
class Habit:
    engine: str
    p50_ms: float
    tails: list[float]  # p99 over p50, of each race
    memory_mb: float  # what the worker took at most besides the bare process

    @property
    def tail(self) -> float:
        return statistics.median(self.tails)


def race(ridgeline: pathlib.Path, model: str, folder: pathlib.Path) -> list[dict]:
    engines = [OURS, *native.PEERS["fp32"][0]]
    command = [ridgeline, "bench", native.export(ridgeline, model, 224, folder), "--engines", ",".join(engines), "--baseline", f"{OURS}:fp32", "--precisions", "fp32",
               "--sizes", "224", "--batches", "1", "--threads", f"{native.THREADS}", "--runs", f"{RUNS}", "--rounds", f"{ROUNDS}", "--out", folder / "habits"]
    subprocess.run(command, check=True, capture_output=True)
    return [cell for cell in json.loads((folder / "habits" / "results.json").read_text())["cells"] if cell["status"] == "OK"]


def check(ridgeline: pathlib.Path, model: str, folder: pathlib.Path) -> list[Habit]:
    cells = [cell for _ in range(RACES) for cell in race(ridgeline, model, folder)]
    of = {engine: [cell for cell in cells if cell["engine"] == engine] for engine in dict.fromkeys(cell["engine"] for cell in cells)}
    return [Habit(engine, statistics.median(cell["p50_ms"] for cell in mine), [cell["p99_ms"] / cell["p50_ms"] for cell in mine],
                  statistics.median(cell["cpu_memory_mb"] for cell in mine)) for engine, mine in of.items()]


def verdict(habits: list[Habit]) -> str:
    """NOISY where the races of ours and of the best peer overlap."""
    ours, peers = next(habit for habit in habits if habit.engine == OURS), [habit for habit in habits if habit.engine != OURS]
    if ours.memory_mb > min(habit.memory_mb for habit in peers):
        return "FAILED: larger"
    even = min(peers, key=lambda habit: habit.tail)
    if ours.tail <= even.tail:
        return "ok"
    return "NOISY" if min(ours.tails) <= max(even.tails) else "FAILED: less even"
