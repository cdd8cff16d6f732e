"""serve_speed_models.py RIDGELINE TRITON_VENV: ResNet-18 under load, in alternating runs: the bare engine, a real Triton, and `ridgeline serve` with the
same engine, with its preprocessing and with others; prints a table and exits with 1 where a goal is missed. See docs/crosscheck.md."""

import base64
import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import random
import statistics
import struct
import subprocess
import sys
import tempfile
import time
import typing
import urllib.request

import numpy as np

import serve
import serve_speed

ROUNDS = 4
CLIENTS = 8
SIZE = 224
PHOTO = (500, 375)  # width and height of the JPEG file, as ImageNet's are
CORES = os.cpu_count() or 1
TRITON = "Triton, Python"
TRITON_SHARED = "Triton, shared memory"
BARE = "bare, all cores a session"
BARE_EACH = "bare, a session a core"
BARE_SECONDS = 3
SHARED = ("--shared-memory", "system", "--output-shared-memory-size", "8192")

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
    of: str = ""  # the contender whose server it asks; none: one of its own
    protocol: str = "grpc"
    more: tuple[str, ...] = ()  # to perf_analyzer
    model: str = "resnet18"
    config: str = ""  # none: what the server finds in the file
    file: str = "fp32.onnx"
    picture: str = ""  # the type and dims of what the ensemble takes
    needs: str = ""  # engine:precision, which not every CPU computes in
    goal: typing.Callable[[dict[str, dict[str, float]]], bool] | None = None

    @property
    def server(self) -> str:
        return self.of or self.name

    @property
    def data(self) -> str:
        """The file of what is sent; none: pixels, any of which are a picture."""
        if self.picture.startswith("TYPE_STRING"):
            return "photo"
        return "" if "TYPE_UINT8" in self.picture + self.config else "numbers"


def bare_rate(rows: dict[str, dict[str, float]]) -> float:
    """The faster shape of the bare engine."""
    return max(rows[BARE]["rate"], rows[BARE_EACH]["rate"])


def times(rows: dict[str, dict[str, float]], name: str, other: str) -> float:
    return rows[name]["rate"] / rows[other]["rate"]


OURS = "onnxruntime fp32"
OURS_SHARED = "the same, shared memory"
SHARED_OUT = f'default_model_filename: "model.onnx" max_batch_size: 8 dynamic_batching {{}} instance_group {{ count: {CORES} kind: KIND_CPU }}\n'
OPENVINO = 'backend: "openvino" ' + SHARED_OUT
NATIVE = 'backend: "ridgeline" ' + SHARED_OUT
BF16 = 'parameters { key: "precision" value { string_value: "bf16" } }\n'


def is_ahead(name: str) -> typing.Callable[[dict[str, dict[str, float]]], bool]:
    """Five times Triton's images at a quarter of its p99."""
    return lambda rows: times(rows, name, TRITON) >= 5 and rows[name]["p99"] <= rows[TRITON]["p99"] / 4


CONTENDERS = [
    Contender(OURS, goal=lambda rows: times(rows, OURS, TRITON) >= 1.1),
    Contender("the same, HTTP", of=OURS, protocol="http"),
    Contender(OURS_SHARED, of=OURS, more=SHARED,
              goal=lambda rows: rows[OURS_SHARED]["rate"] >= 0.97 * bare_rate(rows) and times(rows, OURS_SHARED, TRITON_SHARED) >= 1.1),
    Contender("the same, takes pixels", config=f'input {{ name: "input" data_type: TYPE_UINT8 dims: [ {SIZE}, {SIZE}, 3 ] }} max_batch_size: 4 dynamic_batching {{}}\n',
              goal=lambda rows: times(rows, "the same, takes pixels", OURS) >= 0.97),
    Contender("image (pixels) + the same", model="ensemble", picture=f"TYPE_UINT8: {SIZE}, {SIZE}, 3",
              goal=lambda rows: times(rows, "image (pixels) + the same", OURS) >= 0.97),
    Contender("image (JPEG) + the same", model="ensemble", picture="TYPE_STRING: 1"),
    Contender("native fp32", config=NATIVE),
    Contender("native bf16", needs="native:bf16", config=NATIVE + BF16, goal=is_ahead("native bf16")),
    Contender("native int8", file="int8.onnx", config=NATIVE),
    Contender("openvino fp32", config=OPENVINO),
    Contender("openvino bf16", needs="openvino:bf16", config=OPENVINO + BF16),
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
    """The model in FP32 and in INT8, and what is sent: a photograph's file, and a picture as the model takes it. What `perf_analyzer` makes up by itself is
    random bytes: as floats some are denormal, which no picture has and which cost an engine many times as much."""
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run([ridgeline, "import", "zoo:resnet18", "--image-size", f"{SIZE}", "-o", folder / "fp32.onnx"], **quiet)
    width, height = map(str, PHOTO)
    subprocess.run([ridgeline, "data", "synth", folder / "photos", "--images-per-class", "4", "--width", width, "--height", height], **quiet)
    subprocess.run([ridgeline, "quantize", folder / "fp32.onnx", "--data", folder / "photos", "--samples", "8", "--max-drop", "100", "-o", folder / "int8.onnx"], **quiet)
    add_contract(folder / "fp32.onnx")
    photo = next(folder.glob("photos/test/*/*.jpg")).read_bytes()
    element = base64.b64encode(struct.pack("<I", len(photo)) + photo).decode()
    (folder / "photo.json").write_text(json.dumps({"data": [{"PICTURE": {"content": {"b64": element}, "shape": [1]}}]}))
    numbers = np.random.default_rng(1).standard_normal((3, SIZE, SIZE)).round(3)
    (folder / "numbers.json").write_text(json.dumps({"data": [{"input": {"content": numbers.ravel().tolist(), "shape": list(numbers.shape)}}]}))


def engine_precisions(ridgeline: pathlib.Path) -> set[str]:
    """engine:precision of all that compute on this CPU."""
    report = json.loads(subprocess.run([ridgeline, "doctor", "--json"], check=True, capture_output=True).stdout)
    cpus = [(engine["name"], device) for engine in report["engines"] for device in engine["devices"] if device["device"] == "cpu"]
    return {f"{name}:{precision}" for name, device in cpus for precision in device["precisions"]}


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
    return {"rate": best["fps"], "p50": best["p50_ms"] * 1e3, "p99": best["p99_ms"] * 1e3, "client": 0, "front": 0}


def bench_each(python: pathlib.Path, files: pathlib.Path) -> dict[str, float]:
    """The same library as the server shares it out: as many runs at a time as there are cores, each of four images on one thread."""
    command = [python, pathlib.Path(__file__).with_name("bare_sessions.py"), files / "fp32.onnx", f"{CORES}", f"{SIZE}", f"{BARE_SECONDS}"]
    rate = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return {"rate": rate, "p50": 0, "p99": 0, "client": 0, "front": 0}


def seconds_outside(process: int, model: str) -> float:
    """Of CPU time, of the server's threads that run no instance of the model: those are named after it."""
    total = 0.0
    for thread in pathlib.Path(f"/proc/{process}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):
            if (thread / "comm").read_text().strip() != model:
                total += int((thread / "schedstat").read_text().split()[0]) / 1e9
    return total


def decode_ms(server: serve.Server) -> float:
    """What the step `pictures` took for an image, all its requests together."""
    with urllib.request.urlopen(f"http://{server.url('http')}/v2/models/pictures/stats") as answer:
        model = json.load(answer)["model_stats"][0]
    return model["inference_stats"]["compute_infer"]["ns"] / max(model["inference_count"], 1) / 1e6


@dataclasses.dataclass
class Asked:
    urls: dict[str, str]  # by protocol
    process: int


def run(contender: Contender, server: Asked, files: pathlib.Path) -> dict[str, float]:
    """`front`: the server's share of all cores outside the threads that compute, where they can be told apart."""
    data = ("--input-data", str(files / f"{contender.data}.json")) if contender.data else ()
    begin, before = time.monotonic(), seconds_outside(server.process, contender.model)
    row = serve_speed.measure(server.urls[contender.protocol], contender.protocol, contender.model, CLIENTS, *contender.more, *data)
    share = (seconds_outside(server.process, contender.model) - before) / (time.monotonic() - begin) / CORES
    return row | {"front": share if contender.server == OURS else 0}


def race(ridgeline: pathlib.Path, python: pathlib.Path, files: pathlib.Path, servers: dict[str, Asked]) -> dict[str, dict[str, float]]:
    """Medians over the rounds; one run of each contender that has a server, in an order that chance decides, is a round."""
    triton = [Contender(TRITON), Contender(TRITON_SHARED, of=TRITON, more=SHARED)]
    ways: dict[str, typing.Callable[[], dict[str, float]]] = {BARE: lambda: bench(ridgeline, files), BARE_EACH: lambda: bench_each(python, files)}
    for contender in [*triton, *(contender for contender in CONTENDERS if contender.server in servers)]:
        ways[contender.name] = functools.partial(run, contender, servers[contender.server], files)
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name in random.sample(list(ways), len(ways)):
            runs[name].append(ways[name]())
    return {name: {key: statistics.median(row[key] for row in rows) for key in rows[0]} for name, rows in runs.items()}


def print_rows(rows: dict[str, dict[str, float]], memory: dict[str, float]) -> bool:
    print(f"{'ResNet-18, ' + str(CLIENTS) + ' at once':27} {'infer/s':>8} {'p50 ms':>7} {'p99 ms':>7} {'of bare':>7} {'Triton x':>8} {'client':>7} {'front':>6} {'MB':>6}  verdict")
    goals = {contender.name: contender.goal for contender in CONTENDERS if contender.goal and contender.name in rows}
    passed = {name: goal(rows) for name, goal in goals.items()}
    for name, row in rows.items():
        verdict = {True: "ok", False: "FAILED", None: ""}[passed.get(name)]
        print(f"{name:27} {row['rate']:8.1f} {row['p50'] / 1e3:7.1f} {row['p99'] / 1e3:7.1f} {row['rate'] / bare_rate(rows):7.0%} {times(rows, name, TRITON):8.2f} "
              f"{row['client']:7.1%} {row['front']:6.1%} {memory.get(name, 0):6.0f}  {verdict}", flush=True)
    return all(passed.values())


def main() -> int:
    ridgeline, venv = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory(prefix="ridgeline.crosscheck.") as name, contextlib.ExitStack() as servers:
        folder = pathlib.Path(name)
        write_files(ridgeline, folder)
        write_triton(folder / "theirs", folder)
        theirs = servers.enter_context(serve_speed.triton(venv, folder / "theirs", folder))
        asked, memory = {TRITON: Asked(theirs, theirs["process"])}, {TRITON: resident_mb(theirs["process"])}
        pictures, computed = None, engine_precisions(ridgeline)
        for number, contender in enumerate(contender for contender in CONTENDERS if not contender.of):
            if contender.needs and contender.needs not in computed:
                print(f"{contender.name}: skipped, as this CPU has no {contender.needs}", flush=True)
                continue
            write_repository(folder / f"{number}", contender, folder)
            server = servers.enter_context(serve.Server(ridgeline, folder / f"{number}"))
            asked[contender.name] = Asked({protocol: server.url(protocol) for protocol in serve.PROTOCOLS}, server.process.pid)
            memory[contender.name] = resident_mb(server.process.pid)
            if contender.picture.startswith("TYPE_STRING"):
                pictures = server
        rows = race(ridgeline, venv / "bin" / "python", folder, asked)
        passed = print_rows(rows, memory)
        verdict = "reached" if rows[OURS]["rate"] >= 0.97 * bare_rate(rows) else "not reached"
        print(f"97 % of the bare engine over plain gRPC: {verdict}; the client takes {rows[OURS]['client']:.1%} of the cores there, and the server's own share outside "
              f"the engine is {rows[OURS]['front']:.1%}")
        print(f"a JPEG of {PHOTO[0]} x {PHOTO[1]} took {decode_ms(pictures):.2f} ms to decode, resize and normalise")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
