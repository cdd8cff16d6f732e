"""Does `ridgeline` read what PyTorch's exporters write, count it as torchvision does, and compute what onnxruntime in Python computes?"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy
import onnxruntime

import models
import strip
import tensors
import worker

HERE = pathlib.Path(__file__).parent
DATA = HERE.parent.parent / "tests" / "data" / "exported"
ONNX_ENGINES = ("onnxruntime", "openvino")
ENGINES = {"cnn": (*ONNX_ENGINES, "libtorch", "native"), "transformer": (*ONNX_ENGINES, "native"), "segmenter": (*ONNX_ENGINES, "native")}
THREADS = 2
MACS_BOUND = 0.01


def export(model: models.Model, folder: pathlib.Path, stems: list[str]) -> dict:
    """Lets a process of its own write the model's files; what it found out besides."""
    command = [sys.executable, str(HERE / "export_model.py"), model.name, str(folder), *stems]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        sys.exit(f"crosscheck: {model.name} could not be exported: {done.stderr.strip().splitlines()[-1]}")
    return json.loads((folder / "facts.json").read_text())


def analyzed_gmacs(ridgeline: pathlib.Path, file: pathlib.Path) -> float | str:
    """10^9 multiply-accumulates, or why they could not be counted."""
    command = [str(ridgeline), "analyze", str(file), "--device", "a10", "--json"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0:
        return done.stderr.strip().splitlines()[-1]
    return json.loads(done.stdout)["cases"][0]["macs"] / 1e9


def expected(file: pathlib.Path, inputs: list[numpy.ndarray]) -> list[numpy.ndarray]:
    """What onnxruntime computes when it is driven from Python."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return session.run(None, dict(zip((value.name for value in session.get_inputs()), inputs)))


def difference(ridgeline: pathlib.Path, engine: str, file: pathlib.Path, inputs: pathlib.Path, reference: list) -> float | str:
    """How far `engine` is from the reference, or why it did not run."""
    outputs = file.with_suffix(".out")
    shapes = {"input": list(tensors.read(inputs)[0].shape)}
    try:
        with worker.Worker([str(ridgeline), "worker"]) as ours:
            ours.load(file, engine, THREADS, inputs, outputs, shapes)
        return tensors.relative_difference(reference, tensors.read(outputs))
    except worker.WorkerError as error:
        return str(error)


def check_file(ridgeline: pathlib.Path, made: models.Export, folder: pathlib.Path, published_gmacs: float) -> dict:
    """One row of the table."""
    file, inputs = folder / f"{made.stem}.onnx", folder / "inputs.bin"
    reference = expected(file, tensors.read(inputs))
    row = {"file": made.stem, "published": published_gmacs, "gmacs": analyzed_gmacs(ridgeline, file), "problems": []}
    if isinstance(row["gmacs"], str):
        row["problems"].append(f"analyze: {row['gmacs']}")
    elif abs(row["gmacs"] / published_gmacs - 1) > MACS_BOUND:
        row["problems"].append(f"{row['gmacs']:.3f} GMACs instead of {published_gmacs}")
    for engine in ENGINES.get(made.model.kind, ONNX_ENGINES):
        row[engine] = difference(ridgeline, engine, file, inputs, reference)
        if isinstance(row[engine], str):
            row["problems"].append(f"{engine}: {row[engine]}")
        elif row[engine] > made.model.bound:
            row["problems"].append(f"{engine}: outputs differ by {row[engine]:.1e} of their scale")
    return row


def keep_graphs(model: models.Model, files: list[pathlib.Path]) -> None:
    """Puts the graphs without their weights where the tests look for them."""
    for old in DATA.glob(f"{model.name}.*.onnx"):
        old.unlink()
    for file in files:
        strip.strip(file, DATA / file.name)


def check_model(ridgeline: pathlib.Path, model: models.Model, every_opset: bool) -> list[dict]:
    """Exports a model, checks each file, and renews the test data when what was exported is what is kept."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="ridgeline.crosscheck."))
    try:
        wanted = models.exports_of(model, every_opset)
        facts = export(model, folder, [made.stem for made in wanted])
        for stem, reason in facts["refusals"].items():
            print(f"{stem}: not exported: {reason}", file=sys.stderr)
        exports = [made for made in wanted if made.stem not in facts["refusals"]]
        rows = [check_file(ridgeline, made, folder, facts["gmacs"]) for made in exports]
        if not every_opset:
            keep_graphs(model, [folder / f"{made.stem}.onnx" for made in exports])
        return rows
    finally:
        shutil.rmtree(folder)
