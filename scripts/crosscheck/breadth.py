"""Does the native engine run what PyTorch's exporters write of torchvision's classifiers and segmenters, and nowhere much slower than its peers?"""

import pathlib
import tempfile

import models
import native
import parity
import tensors
import worker

PEERS = ("onnxruntime", "openvino")
ROUNDS = range(8, 8, 1)
# Not what the engine is to reach, but what an operator without a fast kernel falls short of.
GOAL = 0.5

EXPORTS = [models.Export(model, "dynamo", 18) for model in models.MODELS if model.kind != "detector"]


def check(ridgeline: pathlib.Path, made: models.Export) -> dict:
    """Against the fastest peer."""
    with tempfile.TemporaryDirectory(prefix="ridgeline.crosscheck.") as name:
        folder = pathlib.Path(name)
        parity.export(made.model, folder, [made.stem])
        file, inputs = folder / f"{made.stem}.onnx", folder / "inputs.bin"
        shapes = {"input": list(tensors.read(inputs)[0].shape)}
        try:
            rows = [native.duel([str(ridgeline), "worker"], file, inputs, shapes, {"native": "fp32", peer: "fp32"}, ROUNDS) for peer in PEERS]
        except worker.WorkerError as error:
            return {"verdict": f"FAILED: {error}"}
    nearest = min(rows, key=lambda row: row["ratio"])
    if min(row["difference"] for row in rows) > made.model.bound:
        return nearest | {"verdict": "FAILED: outputs differ"}
    return nearest | {"verdict": "ok" if nearest["ratio"] >= GOAL else "FAILED"}
