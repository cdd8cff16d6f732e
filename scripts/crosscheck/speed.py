"""Is a cell of the race as fast as the same library driven from Python? ResNet-18 at 224, FP32, 2 threads, batch 1 and 8."""

import pathlib
import random
import statistics
import sys

import numpy

import models
import tensors
import worker

HERE = pathlib.Path(__file__).parent
EXPORT = models.Export(models.MODELS[0], "dynamo", 18)  # ResNet-18
ENGINES = ("onnxruntime", "openvino", "libtorch")
BATCHES = (1, 8)
THREADS = 2
SLICE_S, MIN_CALLS = 0.25, 4  # short against what other work on the machine does
MIN_ROUNDS, MAX_ROUNDS = 20, 120
NARROW = 0.015  # half the interval's width at which a race ends
BOUND = 0.05


def paired_slice(ours: worker.Worker, theirs: worker.Worker, iterations: int) -> float:
    """Our best call over theirs, of one slice each, in an order that chance decides. The best call is the one that other work on the
    machine disturbed least."""
    best = {}
    for contender in random.sample([ours, theirs], 2):
        contender.go_on()
        best[contender] = min(contender.run(1, iterations))
        contender.pause()
    return best[ours] / best[theirs]


def interval(ratios: list[float]) -> tuple[float, float]:
    """95 % of the bootstrapped medians."""
    generator = numpy.random.default_rng(1)
    medians = numpy.median(generator.choice(ratios, (2000, len(ratios))), axis=1)
    low, high = numpy.percentile(medians, [2.5, 97.5])
    return float(low), float(high)


def race(ours: worker.Worker, theirs: worker.Worker) -> tuple[list[float], float]:
    """Ratios of as many rounds as a narrow interval takes, and our time of one call in milliseconds."""
    theirs.pause()
    call_us = statistics.median(ours.run(2, 3))
    ours.pause()
    iterations = max(MIN_CALLS, round(SLICE_S * 1e6 / call_us))
    ratios = []
    while len(ratios) < MAX_ROUNDS:
        ratios.append(paired_slice(ours, theirs, iterations))
        if len(ratios) >= MIN_ROUNDS and len(ratios) % 10 == 0:
            low, high = interval(ratios)
            if (high - low) / 2 < NARROW:
                break
    return ratios, call_us / 1e3


def verdict(low: float, high: float, difference: float) -> str:
    """NOISY where the interval leaves it open whether the ratio is within the bound."""
    if difference > EXPORT.model.bound:
        return "FAILED: outputs differ"
    if low > 1 + BOUND or high < 1 - BOUND:
        return "FAILED"
    return "ok" if low >= 1 - BOUND and high <= 1 + BOUND else "NOISY"


def check(ridgeline: pathlib.Path, model: pathlib.Path, engine: str, batch: int) -> dict:
    """One row of the table."""
    folder = model.parent
    inputs = folder / "speed_inputs.bin"
    tensors.write(inputs, [numpy.random.default_rng(3).random((batch, 3, 224, 224), dtype=numpy.float32)])
    outputs = [folder / "ours.bin", folder / "theirs.bin"]
    shapes = {"input": [batch, 3, 224, 224]}
    with worker.Worker([str(ridgeline), "worker"]) as ours, worker.Worker([sys.executable, str(HERE / "peer.py")]) as theirs:
        for contender, output in zip((ours, theirs), outputs):
            contender.load(model, engine, THREADS, inputs, output, shapes)
        difference = tensors.relative_difference(*(tensors.read(path) for path in outputs))
        ratios, call_ms = race(ours, theirs)
    low, high = interval(ratios)
    ratio = statistics.median(ratios)
    return {"engine": engine, "batch": batch, "call_ms": call_ms, "ratio": ratio, "low": low, "high": high, "rounds": len(ratios),
            "difference": difference, "verdict": verdict(low, high, difference)}
