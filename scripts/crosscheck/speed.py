"""Is a cell of the race as fast as the same library driven from Python? ResNet-18 at 224, FP32, 2 threads, batch 1 and 8."""

import json
import pathlib
import random
import statistics
import subprocess
import sys

import numpy

import tensors
import worker

HERE = pathlib.Path(__file__).parent
MODEL = "resnet18"
STEM = "resnet18.dynamo.opset18"
ENGINES = ("onnxruntime", "openvino", "libtorch")
BATCHES = (1, 8)
THREADS = 2
SLICE_S = 0.25  # short against what other work on the machine does
MIN_ROUNDS, MAX_ROUNDS = 20, 120
NARROW = 0.015  # half the interval's width at which a race ends
BOUND = 0.05


def export(folder: pathlib.Path) -> pathlib.Path:
    subprocess.run([sys.executable, HERE / "export_model.py", MODEL, folder], check=True, stderr=subprocess.DEVNULL)
    return folder / f"{STEM}.onnx"


def paired_slice(ours: worker.Worker, theirs: worker.Worker, iterations: int) -> float:
    """Our time over theirs, of one slice each, in an order that chance decides."""
    medians = {}
    for contender in random.sample([ours, theirs], 2):
        contender.go_on()
        medians[contender] = statistics.median(contender.run(1, iterations))
        contender.pause()
    return medians[ours] / medians[theirs]


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
    iterations = max(2, round(SLICE_S * 1e6 / call_us))
    ratios = []
    while len(ratios) < MAX_ROUNDS:
        ratios.append(paired_slice(ours, theirs, iterations))
        if len(ratios) >= MIN_ROUNDS and len(ratios) % 10 == 0:
            low, high = interval(ratios)
            if (high - low) / 2 < NARROW:
                break
    return ratios, call_us / 1e3


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
            "difference": difference, "ok": abs(ratio - 1) <= BOUND and difference <= tensors.BOUND}
