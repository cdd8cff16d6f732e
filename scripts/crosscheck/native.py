"""Is the native engine faster than its peers, and as right? 2 threads, one image size, batch and precision a row, against each peer in alternating
slices."""

import dataclasses
import functools
import json
import os
import pathlib
import statistics
import subprocess
import tempfile

import numpy

import pairs
import tensors
import worker

# Of each precision of ours, the peers and theirs: bf16x3 is as good as fp32 and takes its place.
PEERS = {"fp32": (("onnxruntime", "openvino", "libtorch"), "fp32"), "bf16x3": (("onnxruntime", "openvino", "libtorch"), "fp32"),
         "bf16": (("openvino", "libtorch"), "bf16"), "int8": (("onnxruntime", "openvino"), "int8")}
TILES = {"bf16": "amx_bf16", "bf16x3": "amx_bf16", "int8": "amx_int8"}  # of the CPU, for the goals to be in reach
DOTS = {"bf16": "avx512_bf16", "int8": "avx512_vnni"}  # for being as fast as the peers
THREADS = 2
SLICE_S, MIN_CALLS = 0.25, 3
ROUNDS = range(12, 48, 12)
NARROW = 0.03  # half the interval's width at which a race ends
BOUNDS = {"fp32": 2e-5, "bf16x3": 1e-4, "bf16": 3e-2}  # of the outputs' scale; of int8 the best peer's error
ERROR_IMAGES = 8  # of one alone, which error is larger is chance
CALIBRATION = 16  # images

# What keeps a library to an instruction set. ONNX Runtime cannot be kept.
LIMITS = {"avx512": {"RIDGELINE_CPU": "avx512", "ONEDNN_MAX_CPU_ISA": "AVX512_CORE", "ATEN_CPU_CAPABILITY": "avx512"},
          "avx2": {"RIDGELINE_CPU": "avx2", "ONEDNN_MAX_CPU_ISA": "AVX2", "ATEN_CPU_CAPABILITY": "avx2"}}


@dataclasses.dataclass(frozen=True)
class Row:
    model: str
    size: int
    batch: int
    goal: float
    limit: str = ""  # an instruction set of LIMITS
    precision: str = "fp32"

    def peers(self) -> tuple[str, ...]:
        return tuple(peer for peer in PEERS[self.precision][0] if not self.limit or peer != "onnxruntime")


def rows_of(precision: str, goals: dict[int, float]) -> list[Row]:
    """`goals` of ResNet-18 by batch."""
    return ([Row("resnet18", 224, batch, goal, precision=precision) for batch, goal in goals.items()] +
            [Row("resnet18", size, 1, goals[1], precision=precision) for size in (256, 384, 512)] +
            [Row(model, 224, 1, 1.2, precision=precision) for model in ("resnet50", "mobilenet_v2", "vgg16", "efficientnet_b0")])


ROWS = (rows_of("fp32", {1: 1.5, 8: 1.5, 16: 1.5}) + [Row("resnet18", 224, 1, 1.2, limit) for limit in LIMITS] +
        rows_of("bf16", {1: 1.5, 8: 1.5, 16: 1.5}) + rows_of("bf16x3", {1: 2.8, 8: 3.3}) + rows_of("int8", {1: 1.5, 8: 1.5, 16: 1.5}))


@functools.cache
def export(ridgeline: pathlib.Path, model: str, size: int, folder: pathlib.Path) -> pathlib.Path:
    path = folder / f"{model}_{size}.onnx"
    subprocess.run([ridgeline, "export", f"zoo:{model}", "-o", path, "--image-size", str(size), "--no-verify"], check=True, capture_output=True)
    return path


@functools.cache
def images(ridgeline: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    subprocess.run([ridgeline, "data", "synth", folder / "images", "--images-per-class", str(CALIBRATION)], check=True, capture_output=True)
    return folder / "images"


@functools.cache
def quantized(ridgeline: pathlib.Path, model: str, size: int, folder: pathlib.Path) -> pathlib.Path:
    path = folder / f"{model}_{size}_int8.onnx"
    subprocess.run([ridgeline, "quantize", export(ridgeline, model, size, folder), "--data", images(ridgeline, folder), "-o", path,
                    "--samples", str(CALIBRATION), "--max-drop", "100"], check=True, capture_output=True)
    return path


def model_of(ridgeline: pathlib.Path, row: Row, folder: pathlib.Path) -> pathlib.Path:
    return (quantized if row.precision == "int8" else export)(ridgeline, row.model, row.size, folder)


def draw_inputs(row: Row, folder: pathlib.Path) -> pathlib.Path:
    path = folder / "native_inputs.bin"
    tensors.write(path, [numpy.random.default_rng(3).standard_normal((row.batch, 3, row.size, row.size), dtype=numpy.float32)])
    return path


def shapes_of(row: Row) -> dict:
    return {"input": [row.batch, 3, row.size, row.size]}


@functools.cache
def errors(ridgeline: pathlib.Path, model: str, size: int) -> dict[str, numpy.ndarray]:
    """By engine how far a quantized model's outputs lie from what its operators mean, by the reference kernels: root mean squares of several images each, in
    parts of the outputs' scale."""
    row = Row(model, size, ERROR_IMAGES, 1.0, precision="int8")
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        output = folder / "outputs.bin"

        def outputs(engine: str, *limits: str) -> numpy.ndarray:
            with worker.Worker(["env", *limits, str(ridgeline), "worker"]) as contender:
                contender.load(model_of(ridgeline, row, folder), engine, THREADS, draw_inputs(row, folder), output, shapes_of(row), row.precision)
            return tensors.read(output)[0].reshape(ERROR_IMAGES, -1)

        meant = outputs("native", "RIDGELINE_CPU=ref")
        scale = numpy.abs(meant).max()
        return {engine: numpy.sqrt(((outputs(engine) - meant) ** 2).mean(axis=1)) / scale for engine in ("native", *row.peers())}


def duel(command: list[str], file: pathlib.Path, inputs: pathlib.Path, shapes: dict, engines: dict[str, str], rounds: range) -> dict:
    """Of two engines with their precisions, `native` first. `ratio`: the other's time over native's. A slice counts by its best call, the one that other work
    disturbed least."""
    outputs = [inputs.with_suffix(".ours"), inputs.with_suffix(".theirs")]
    with worker.Worker(command) as theirs, worker.Worker(command) as ours:
        for contender, (engine, precision), output in zip((ours, theirs), engines.items(), outputs):
            contender.load(file, engine, THREADS, inputs, output, shapes, precision)
        mine, other = (tensors.read(output) for output in outputs)
        turns = pairs.Race(theirs, ours, min)
        turns.until(NARROW, rounds, max(MIN_CALLS, round(SLICE_S * 1e6 / turns.call_us)))
        ours_us = statistics.median(turns.times_us[ours])
    low, high = pairs.interval(turns.ratios)
    return {"peer": list(engines)[1], "ms": ours_us / 1e3, "ratio": statistics.median(turns.ratios), "low": low, "high": high,
            "difference": tensors.relative_difference(other, mine)}


def race(ridgeline: pathlib.Path, row: Row, peer: str, folder: pathlib.Path) -> dict:
    command = ["env", *(f"{name}={value}" for name, value in LIMITS.get(row.limit, {}).items()), str(ridgeline), "worker"]
    return duel(command, model_of(ridgeline, row, folder), draw_inputs(row, folder), shapes_of(row), {"native": row.precision, peer: PEERS[row.precision][1]}, ROUNDS)


def verdict(row: Row, result: dict) -> str:
    if result["differs"]:
        return "FAILED: outputs differ"
    if result["high"] < row.goal:
        return "FAILED"
    return "ok" if result["ratio"] >= row.goal else "NOISY"


@functools.cache
def features(ridgeline: pathlib.Path) -> list[str]:
    report = json.loads(subprocess.run([ridgeline, "doctor", "--json"], check=True, capture_output=True).stdout)
    return report["cpu"]["features"].split()


def reachable(ridgeline: pathlib.Path, row: Row) -> Row | None:
    """With the goal that this CPU has products for; None where it has none of them."""
    if row.precision not in TILES or TILES[row.precision] in features(ridgeline):
        return row
    return dataclasses.replace(row, goal=1.0) if DOTS.get(row.precision) in features(ridgeline) else None


def check(ridgeline: pathlib.Path, row: Row, folder: pathlib.Path) -> dict:
    """Against the fastest peer."""
    if len(os.sched_getaffinity(0)) < THREADS:
        raise SystemExit(f"crosscheck native: needs {THREADS} cores")
    results = [race(ridgeline, row, peer, folder) for peer in row.peers()]
    nearest = min(results, key=lambda result: result["ratio"])
    if row.precision == "int8":
        of = errors(ridgeline, row.model, row.size)
        best = min((of[peer] for peer in row.peers()), key=numpy.mean)
        nearest["difference"] = float(of["native"].mean())
        nearest["differs"] = pairs.interval(list(of["native"] / best))[0] > 1
    else:
        nearest["difference"] = max(result["difference"] for result in results)
        nearest["differs"] = nearest["difference"] > BOUNDS[row.precision]
    return nearest | {"verdict": verdict(row, nearest)}
