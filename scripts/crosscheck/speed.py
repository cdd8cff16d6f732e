"""Is a cell of the race as fast as the same library driven from Python? ResNet-18 at 224, FP32, 2 threads, batch 1 and 8."""

import pathlib
import statistics
import sys

import numpy

import models
import pairs
import tensors
import worker

HERE = pathlib.Path(__file__).parent
EXPORT = models.Export(models.MODELS[0], "dynamo", 18)  # ResNet-18
ENGINES = ("onnxruntime", "openvino", "libtorch")
BATCHES = (1, 8)
THREADS = 2
SLICE_S, MIN_CALLS = 0.25, 4  # short against what other work on the machine does
ROUNDS = range(20, 120, 10)
NARROW = 0.015  # half the interval's width at which a race ends
BOUND = 0.05


def verdict(low: float, high: float, difference: float) -> str:
    """NOISY where the interval leaves it open whether the ratio is within the bound."""
    if difference > EXPORT.model.bound:
        return "FAILED: outputs differ"
    if low > 1 + BOUND or high < 1 - BOUND:
        return "FAILED"
    return "ok" if low >= 1 - BOUND and high <= 1 + BOUND else "NOISY"


def check(ridgeline: pathlib.Path, model: pathlib.Path, engine: str, batch: int) -> dict:
    """One row of the table. A slice counts by its best call: the one that other work on the machine disturbed least."""
    folder = model.parent
    inputs = folder / "speed_inputs.bin"
    tensors.write(inputs, [numpy.random.default_rng(3).random((batch, 3, 224, 224), dtype=numpy.float32)])
    outputs = [folder / "ours.bin", folder / "theirs.bin"]
    shapes = {"input": [batch, 3, 224, 224]}
    with worker.Worker([str(ridgeline), "worker"]) as ours, worker.Worker([sys.executable, str(HERE / "peer.py")]) as theirs:
        for contender, output in zip((ours, theirs), outputs):
            contender.load(model, engine, THREADS, inputs, output, shapes)
        difference = tensors.relative_difference(*(tensors.read(path) for path in outputs))
        race = pairs.Race(ours, theirs, min)
        race.until(NARROW, ROUNDS, max(MIN_CALLS, round(SLICE_S * 1e6 / race.call_us)))
    low, high = pairs.interval(race.ratios)
    return {"engine": engine, "batch": batch, "call_ms": race.call_us / 1e3, "ratio": statistics.median(race.ratios), "low": low,
            "high": high, "rounds": len(race.ratios), "difference": difference, "verdict": verdict(low, high, difference)}
