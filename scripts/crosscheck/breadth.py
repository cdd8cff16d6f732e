"""Does the native engine run what PyTorch's exporters write of torchvision's classifiers and segmenters, and nowhere much slower than its peers?"""

import json
import pathlib
import subprocess
import tempfile

import models
import parity

OURS = "native"
PEERS = ("onnxruntime", "openvino")
ROUNDS, RUNS = 6, 12
# Not what the engine is to reach, but what an operator without a fast kernel falls short of.
GOAL = 0.5

EXPORTS = [models.Export(model, "dynamo", 18) for model in models.MODELS if model.kind != "detector"]


def race(ridgeline: pathlib.Path, file: pathlib.Path, size: int) -> dict[str, dict]:
    """The cells of a race by engine; one that disagrees with ONNX Runtime is no more than a status."""
    with tempfile.TemporaryDirectory() as results:
        command = [ridgeline, "bench", file, "--engines", ",".join((OURS, *PEERS)), "--precisions", "fp32", "--sizes", f"{size}", "--batches", "1",
                   "--baseline", f"{OURS}:fp32", "--rounds", f"{ROUNDS}", "--runs", f"{RUNS}", "--out", results]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        report = pathlib.Path(results, "results.json")
        if not report.exists():
            return {OURS: {"status": done.stderr.strip().splitlines()[-1]}}
        return {cell["engine"]: cell for cell in json.loads(report.read_text())["cells"]}


def check(ridgeline: pathlib.Path, made: models.Export) -> dict:
    """What the fastest peer takes over what `native` takes, by medians."""
    with tempfile.TemporaryDirectory(prefix="ridgeline.crosscheck.") as name:
        folder = pathlib.Path(name)
        parity.export(made.model, folder, [made.stem])
        cells = race(ridgeline, folder / f"{made.stem}.onnx", made.model.size)
    row = {"model": made.model.name, "verdict": "ok"}
    if cells[OURS]["status"] != "OK":
        return row | {"verdict": f"FAILED: {cells[OURS].get('reason') or cells[OURS]['status']}"}
    row["ms"] = cells[OURS]["p50_ms"]
    row["peer"] = min((peer for peer in PEERS if cells[peer]["status"] == "OK"), key=lambda peer: cells[peer]["p50_ms"])
    row["ratio"] = cells[row["peer"]]["p50_ms"] / row["ms"]
    return row if row["ratio"] >= GOAL else row | {"verdict": "FAILED"}
