"""serve_speed_models.py RIDGELINE TRITON_VENV: ResNet-18 under load, in alternating runs: the bare engine, a real Triton, and `ridgeline serve` with the
same engine, with its preprocessing and with others; prints a table and exits with 1 where a goal is missed. See docs/crosscheck.md."""

import base64
import contextlib
import dataclasses
import json
import os
import pathlib
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import typing
import urllib.request

import serve
import serve_speed

ROUNDS = 4
CLIENTS = 8
SIZE = 224
PHOTO = (500, 375)  # width and height of the JPEG file, as ImageNet's are
CORES = os.cpu_count() or 1
TRITON = "Triton, Python"
BARE = "bare engine"

# What a user of Triton's Python backend writes; as many instances and threads as our default, batches as they come.
MODEL = """import numpy as np
import onnxruntime
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        path = args["model_repository"] + "/" + args["model_version"] + "/resnet18.onnx"
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def execute(self, requests):
        images = [pb_utils.get_input_tensor_by_name(request, "input").as_numpy() for request in requests]
        logits = self.session.run(None, {"input": np.concatenate(images)})[0]
        ends = np.cumsum([len(image) for image in images])[:-1]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("logits", part)]) for part in np.split(logits, ends)]
"""
TRITON_CONFIG = f"""backend: "python" max_batch_size: 8 dynamic_batching {{}}
input {{ name: "input" data_type: TYPE_FP32 dims: [ 3, {SIZE}, {SIZE} ] }}
output {{ name: "logits" data_type: TYPE_FP32 dims: [ 1000 ] }}
instance_group {{ count: {CORES} kind: KIND_CPU }}
"""
PICTURE_CONFIG = """backend: "image" max_batch_size: 4
parameters { key: "model" value { string_value: "resnet18" } }
"""
ENSEMBLE_CONFIG = """platform: "ensemble" max_batch_size: 4
input { name: "PICTURE" data_type: %s dims: [ %s ] }
output { name: "logits" data_type: TYPE_FP32 dims: [ 1000 ] }
ensemble_scheduling {
  step { model_name: "pictures" model_version: -1 input_map { key: "IMAGE" value: "PICTURE" } output_map { key: "PIXELS" value: "image" } }
  step { model_name: "resnet18" model_version: -1 input_map { key: "input" value: "image" } output_map { key: "logits" value: "logits" } }
}
"""


@dataclasses.dataclass
class Contender:
    name: str
    model: str = "resnet18"
    config: str = ""  # none: what the server finds in the file
    file: str = "fp32.onnx"
    picture: str = ""  # the type and dims of what the ensemble takes
    goal: typing.Callable[[dict[str, dict[str, float]]], bool] | None = None


def times(rows: dict[str, dict[str, float]], name: str, other: str) -> float:
    return rows[name]["rate"] / rows[other]["rate"]


OURS = "onnxruntime fp32"
OPENVINO = f'backend: "openvino" default_model_filename: "model.onnx" max_batch_size: 8 dynamic_batching {{}} instance_group {{ count: {CORES} kind: KIND_CPU }}\n'
CONTENDERS = [
    Contender(OURS, goal=lambda rows: times(rows, OURS, BARE) >= 0.97 and times(rows, OURS, TRITON) >= 1.1),
    Contender("the same, takes pixels", config=f'input {{ name: "input" data_type: TYPE_UINT8 dims: [ {SIZE}, {SIZE}, 3 ] }} max_batch_size: 4 dynamic_batching {{}}\n',
              goal=lambda rows: times(rows, "the same, takes pixels", OURS) >= 0.97),
    Contender("image (pixels) + the same", model="ensemble", picture=f"TYPE_UINT8: {SIZE}, {SIZE}, 3",
              goal=lambda rows: times(rows, "image (pixels) + the same", OURS) >= 0.97),
    Contender("image (JPEG) + the same", model="ensemble", picture="TYPE_STRING: 1"),
    Contender("openvino fp32", config=OPENVINO),
    Contender("openvino bf16",
              config=OPENVINO + 'parameters { key: "precision" value { string_value: "bf16" } }\n',
              goal=lambda rows: times(rows, "openvino bf16", TRITON) >= 5 and rows["openvino bf16"]["p99"] <= rows[TRITON]["p99"] / 4),
    Contender("openvino int8", file="int8.onnx", config=OPENVINO),
]


def write_repository(folder: pathlib.Path, contender: Contender, files: pathlib.Path) -> None:
    (folder / "resnet18" / "1").mkdir(parents=True)
    (folder / "resnet18" / "1" / "model.onnx").symlink_to(files / contender.file)
    if contender.config:
        (folder / "resnet18" / "config.pbtxt").write_text(contender.config)
    if not contender.picture:
        return
    kind, dims = contender.picture.split(": ")
    (folder / "pictures" / "1").mkdir(parents=True)
    (folder / "pictures" / "config.pbtxt").write_text(PICTURE_CONFIG + f'input {{ name: "IMAGE" data_type: {kind} dims: [ {dims} ] }}\n')
    (folder / "ensemble" / "1").mkdir(parents=True)
    (folder / "ensemble" / "config.pbtxt").write_text(ENSEMBLE_CONFIG % (kind, dims))


def write_triton(folder: pathlib.Path, files: pathlib.Path) -> None:
    (folder / "resnet18" / "1").mkdir(parents=True)
    (folder / "resnet18" / "1" / "resnet18.onnx").symlink_to(files / "fp32.onnx")
    (folder / "resnet18" / "1" / "model.py").write_text(MODEL)
    (folder / "resnet18" / "config.pbtxt").write_text(TRITON_CONFIG)


def add_contract(file: pathlib.Path) -> None:
    """Says in an ONNX file how its pictures are prepared: two entries of metadata_props (field 14), appended, as protobuf allows."""
    recipe = {"resize": 256, "crop": SIZE, "interpolation": "bilinear", "antialias": True, "mean": [0.485, 0.456, 0.406], "std": [0.229, 0.224, 0.225],
              "color_order": "RGB", "layout": "NCHW"}
    entries = {"ridgeline.preprocessing": recipe, "ridgeline.classes": [f"class {number}" for number in range(1000)]}
    with file.open("ab") as out:
        for key, value in entries.items():
            out.write(field(14, field(1, key.encode()) + field(2, json.dumps(value).encode())))


def field(number: int, content: bytes) -> bytes:
    size, length = len(content), bytearray()
    while size >= 0x80:
        length.append(size & 0x7F | 0x80)
        size >>= 7
    return bytes([number << 3 | 2, *length, size]) + content


def write_files(ridgeline: pathlib.Path, folder: pathlib.Path) -> None:
    """The model in FP32 and in INT8, and a request with a photograph."""
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([ridgeline, "import", "zoo:resnet18", "--image-size", f"{SIZE}", "-o", folder / "fp32.onnx"], **quiet)
    width, height = map(str, PHOTO)
    subprocess.run([ridgeline, "data", "synth", folder / "photos", "--images-per-class", "4", "--width", width, "--height", height], **quiet)
    subprocess.run([ridgeline, "quantize", folder / "fp32.onnx", "--data", folder / "photos", "--samples", "8", "--max-drop", "100", "-o", folder / "int8.onnx"], **quiet)
    add_contract(folder / "fp32.onnx")
    photo = next(folder.glob("photos/test/*/*.jpg")).read_bytes()
    element = base64.b64encode(struct.pack("<I", len(photo)) + photo).decode()
    (folder / "photo.json").write_text(json.dumps({"data": [{"PICTURE": {"content": {"b64": element}, "shape": [1]}}]}))


def resident_mb(process: int) -> float:
    """Of the process and its children."""
    children = pathlib.Path(f"/proc/{process}/task/{process}/children").read_text().split()
    pages = int(pathlib.Path(f"/proc/{process}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGESIZE") / 1e6 + sum(resident_mb(int(child)) for child in children)


def bench(ridgeline: pathlib.Path, files: pathlib.Path) -> dict[str, float]:
    """The engine alone on as many threads as there are cores: the faster of one image and of eight at a time."""
    with tempfile.TemporaryDirectory() as results:
        command = [ridgeline, "bench", files / "fp32.onnx", "--engines", "onnxruntime", "--baseline", "onnxruntime:fp32", "--precisions", "fp32", "--sizes", f"{SIZE}",
                   "--batches", "1,8", "--runs", "24", "--rounds", "2", "--out", results]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        cells = json.loads(pathlib.Path(results, "results.json").read_text())["cells"]
    best = max((cell for cell in cells if cell["status"] == "OK"), key=lambda cell: cell["fps"])
    return {"rate": best["fps"], "p50": best["p50_ms"] * 1e3, "p99": best["p99_ms"] * 1e3, "client": 0}


def decode_ms(server: serve.Server) -> float:
    """What the step `pictures` took for an image, all its requests together."""
    with urllib.request.urlopen(f"http://{server.url('http')}/v2/models/pictures/stats") as answer:
        model = json.load(answer)["model_stats"][0]
    return model["inference_stats"]["compute_infer"]["ns"] / max(model["inference_count"], 1) / 1e6


def run(contender: Contender, url: str, files: pathlib.Path) -> dict[str, float]:
    data = ("--input-data", str(files / "photo.json")) if contender.picture.startswith("TYPE_STRING") else ()
    return serve_speed.measure(url, "grpc", contender.model, CLIENTS, *data)


def race(ridgeline: pathlib.Path, files: pathlib.Path, urls: dict[str, str]) -> dict[str, dict[str, float]]:
    """Medians over the rounds; one run of each contender, in an order that chance decides, is a round."""
    known = {contender.name: contender for contender in [Contender(TRITON), *CONTENDERS]}
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in [BARE, *known]}
    for _ in range(ROUNDS):
        for name in random.sample(list(runs), len(runs)):
            runs[name].append(bench(ridgeline, files) if name == BARE else run(known[name], urls[name], files))
    return {name: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for name, rows in runs.items()}


def print_rows(rows: dict[str, dict[str, float]], memory: dict[str, float]) -> bool:
    print(f"{'ResNet-18, ' + str(CLIENTS) + ' at once':27} {'infer/s':>8} {'p50 ms':>7} {'p99 ms':>7} {'of bare':>7} {'Triton x':>8} {'client':>7} {'MB':>6}  verdict")
    goals = {contender.name: contender.goal for contender in CONTENDERS if contender.goal}
    passed = {name: goal(rows) for name, goal in goals.items()}
    for name, row in rows.items():
        verdict = {True: "ok", False: "FAILED", None: ""}[passed.get(name)]
        print(f"{name:27} {row['rate']:8.1f} {row['p50'] / 1e3:7.1f} {row['p99'] / 1e3:7.1f} {times(rows, name, BARE):7.0%} {times(rows, name, TRITON):8.2f} "
              f"{row['client']:7.1%} {memory.get(name, 0):6.0f}  {verdict}", flush=True)
    return all(passed.values())


def main() -> int:
    ridgeline, venv = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory(prefix="ridgeline.crosscheck.") as name, contextlib.ExitStack() as servers:
        folder = pathlib.Path(name)
        write_files(ridgeline, folder)
        write_triton(folder / "theirs", folder)
        theirs = servers.enter_context(serve_speed.triton(venv, folder / "theirs", folder))
        urls, memory = {TRITON: theirs["grpc"]}, {TRITON: resident_mb(theirs["process"])}
        pictures = None
        for number, contender in enumerate(CONTENDERS):
            write_repository(folder / f"{number}", contender, folder)
            server = servers.enter_context(serve.Server(ridgeline, folder / f"{number}"))
            urls[contender.name], memory[contender.name] = server.url("grpc"), resident_mb(server.process.pid)
            if contender.picture.startswith("TYPE_STRING"):
                pictures = server
        passed = print_rows(race(ridgeline, folder, urls), memory)
        print(f"a JPEG of {PHOTO[0]} x {PHOTO[1]} took {decode_ms(pictures):.2f} ms to decode, resize and normalise")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
