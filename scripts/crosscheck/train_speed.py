"""From JPEG files to updated weights: is `ridgeline train` faster than the usual Python script? ResNet-18 at 224, batch 32, 2 threads."""

import dataclasses
import pathlib
import statistics
import subprocess
import sys

import pairs
import worker

HERE = pathlib.Path(__file__).parent
BATCH, SIZE, THREADS = 32, 224, 2
ROUNDS = range(6, 9, 3)
NARROW = 0.03


@dataclasses.dataclass(frozen=True)
class Side:
    """What one side of a race does: "loader" (batches alone), "compute" (one batch again and again) or "both"."""

    program: str  # "ridgeline" or "python"
    mode: str

    def __str__(self) -> str:
        return f"{self.program} {self.mode}"


@dataclasses.dataclass(frozen=True)
class Row:
    photos: str  # a folder of make_photos
    precision: str
    ours: Side
    theirs: Side
    goal: float  # images per second, ours over theirs


def against_python(photos: str, precision: str, mode: str, goal: float) -> Row:
    return Row(photos, precision, Side("ridgeline", mode), Side("python", mode), goal)


ROWS = (
    against_python("500x375", "fp32", "loader", 2.0),
    against_python("1920x1280", "fp32", "loader", 4.0),
    against_python("500x375", "fp32", "compute", 1.0),
    against_python("500x375", "fp32", "both", 1.1),
    against_python("1920x1280", "fp32", "both", 1.4),
    against_python("500x375", "bf16", "compute", 1.0),
    against_python("500x375", "bf16", "both", 1.4),
    against_python("1920x1280", "bf16", "both", 1.8),
    Row("500x375", "fp32", Side("ridgeline", "both"), Side("ridgeline", "compute"), 0.92),
    Row("500x375", "bf16", Side("ridgeline", "both"), Side("ridgeline", "compute"), 0.92),
)


def make_photos(ridgeline: pathlib.Path, folder: pathlib.Path) -> None:
    """The folders that rows name: JPEG files of one size each."""
    for photos, per_class in (("500x375", 60), ("1920x1280", 24)):
        width, height = photos.split("x")
        subprocess.run([ridgeline, "data", "synth", folder / photos, "--width", width, "--height", height, "--images-per-class",
                        str(per_class)], check=True, stdout=subprocess.DEVNULL)


def command(side: Side, build: pathlib.Path) -> list[str]:
    return [str(build / "train_worker")] if side.program == "ridgeline" else [sys.executable, str(HERE / "train_peer.py")]


def start(contender: worker.Worker, side: Side, row: Row, folder: pathlib.Path) -> None:
    contender.ask({"op": "load", "mode": side.mode, "data": str(folder / row.photos / "train"), "precision": row.precision,
                   "batch_size": BATCH, "image_size": SIZE, "threads": THREADS}, timeout_s=300)


def check(build: pathlib.Path, row: Row, folder: pathlib.Path) -> dict:
    """One row of the table: images per second of either side, their ratio and its 95 % interval. A slice counts by the sum of its batches:
    what a loader prepared in one it must make up for in the next."""
    iterations = 24 if row.ours.mode == "loader" else 3
    with worker.Worker(command(row.ours, build)) as ours, worker.Worker(command(row.theirs, build)) as theirs:
        start(ours, row.ours, row, folder)
        start(theirs, row.theirs, row, folder)
        race = pairs.Race(theirs, ours, sum)
        race.until(NARROW, ROUNDS, iterations)
    low, high = pairs.interval(race.ratios)
    per_slice = {contender: BATCH * iterations * 1e6 / statistics.median(times) for contender, times in race.times_us.items()}
    return {"row": row, "ours": per_slice[ours], "theirs": per_slice[theirs], "ratio": statistics.median(race.ratios), "low": low,
            "high": high, "verdict": "ok" if high >= row.goal else "FAILED"}
