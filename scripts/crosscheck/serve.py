"""serve.py RIDGELINE: asks `ridgeline serve` with Triton's own unmodified clients, over HTTP and gRPC, prints a table and exits with 1 when
something fails. See docs/crosscheck.md."""

import asyncio
import csv
import json
import os
import pathlib
import queue
import signal
import site
import subprocess
import sys
import tempfile
import typing

import numpy as np
import tritonclient.grpc
import tritonclient.grpc.aio
import tritonclient.http
import tritonclient.http.aio
from tritonclient.utils import InferenceServerException, shared_memory

LABELS = ("cat", "dog", "fox", "hen", "owl", "pig", "rat", "sow", "yak", "zho")
PIXELS = np.random.default_rng(1).standard_normal((2, 3, 32, 32), np.float32)
NUMBERS = np.arange(16, dtype=np.float32).reshape(1, 16)
IDENTITY_SHAPE = ("--shape", "INPUT0:1,16")
PROTOCOLS = {"http": (tritonclient.http, tritonclient.http.aio), "grpc": (tritonclient.grpc, tritonclient.grpc.aio)}


def write_identity(folder: pathlib.Path) -> None:
    folder.mkdir(parents=True)
    (folder / "config.pbtxt").write_text('backend: "identity" max_batch_size: 0\n'
                                         'input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ -1, 16 ] } ]\n'
                                         'output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1, 16 ] } ]\n')


def write_lenet(ridgeline: pathlib.Path, folder: pathlib.Path) -> None:
    (folder / "1").mkdir(parents=True)
    command = [ridgeline, "import", "zoo:lenet", "--image-size", "32", "--num-classes", "10", "-o", folder / "1" / "model.onnx"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (folder / "labels.txt").write_text("\n".join(LABELS) + "\n")
    (folder / "config.pbtxt").write_text('backend: "ridgeline" max_batch_size: 8 dynamic_batching {}\n'
                                         'output [ { name: "logits" data_type: TYPE_FP32 dims: [ 10 ] label_filename: "labels.txt" } ]\n')


class Server:
    def __init__(self, ridgeline: pathlib.Path, repository: pathlib.Path):
        ports = [word for front in ("http", "grpc", "metrics") for word in (f"--{front}-port", "0", f"--{front}-address", "127.0.0.1")]
        self.process = subprocess.Popen([ridgeline, "serve", "--json", "--model-repository", repository, "--model-control-mode", "explicit",
                                         "--load-model", "*", "--allow-client-shm", "true", *ports], stdout=subprocess.PIPE, text=True)
        self.told = json.loads(self.process.stdout.readline())

    def url(self, protocol: str) -> str:
        return f"127.0.0.1:{self.told[protocol + '_port']}"

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        if self.process.wait(60) != 0:
            raise AssertionError(f"the server ended with {self.process.returncode}")


class Checks:
    """Each method is a row; it raises where something is wrong."""

    def __init__(self, server: Server, protocol: str):
        self.protocol = protocol
        self.triton, self.aio = PROTOCOLS[protocol]
        self.url = server.url(protocol)
        self.client = self.triton.InferenceServerClient(self.url)
        self.as_json = {"as_json": True} if protocol == "grpc" else {}

    def _tensor(self, name: str, data: np.ndarray, **how: bool):
        made = self.triton.InferInput(name, list(data.shape), "FP32")
        made.set_data_from_numpy(data, **how)
        return made

    def _logits(self, **how) -> np.ndarray:
        return self.client.infer("lenet", [self._tensor("input", PIXELS)], **how).as_numpy("logits")

    def health_and_metadata(self):
        assert self.client.is_server_live() and self.client.is_server_ready() and self.client.is_model_ready("lenet", "1")
        assert not self.client.is_model_ready("nosuch")
        assert self.client.get_server_metadata(**self.as_json)["name"] == "triton"
        assert self.client.get_model_metadata("lenet", **self.as_json)["inputs"][0]["name"] == "input"
        assert "lenet" in json.dumps(self.client.get_model_config("lenet", **self.as_json))
        assert self.client.get_inference_statistics("lenet", **self.as_json)["model_stats"][0]["name"] == "lenet"

    def infer(self):
        answer = self.client.infer("identity", [self._tensor("INPUT0", NUMBERS)], request_id="7")
        np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), NUMBERS)
        assert answer.get_response(**self.as_json)["id"] == "7"

    def json_tensors(self):
        for binary_in, binary_out in ((False, False), (False, True), (True, False)):
            wanted = [self.triton.InferRequestedOutput("OUTPUT0", binary_data=binary_out)]
            answer = self.client.infer("identity", [self._tensor("INPUT0", NUMBERS, binary_data=binary_in)], outputs=wanted)
            np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), NUMBERS)

    def async_infer(self):
        expected = self._logits()
        if self.protocol == "http":
            with self.triton.InferenceServerClient(self.url, concurrency=8) as client:
                asked = [client.async_infer("lenet", [self._tensor("input", PIXELS)]) for _ in range(64)]
                answers = [one.get_result().as_numpy("logits") for one in asked]
        else:
            answers = self._answers_by_callback(64)
        assert len(answers) == 64
        for answer in answers:
            np.testing.assert_allclose(answer, expected, atol=1e-5)

    def _answers_by_callback(self, count: int) -> list[np.ndarray]:
        told: queue.Queue = queue.Queue()
        for _ in range(count):
            self.client.async_infer("lenet", [self._tensor("input", PIXELS)], callback=lambda result, error: told.put(error or result))
        return [told.get(timeout=30).as_numpy("logits") for _ in range(count)]

    def streaming(self):
        told: queue.Queue = queue.Queue()
        self.client.start_stream(callback=lambda result, error: told.put(error or result))
        for number in range(32):
            self.client.async_stream_infer("identity", [self._tensor("INPUT0", NUMBERS + number)], request_id=str(number))
        for number in range(32):
            answer = told.get(timeout=30)
            assert answer.get_response().id == str(number)
            assert answer.get_response().parameters["triton_final_response"].bool_param
            np.testing.assert_array_equal(answer.as_numpy("OUTPUT0"), NUMBERS + number)
        self.client.async_stream_infer("nosuch", [self._tensor("INPUT0", NUMBERS)], request_id="lost")
        assert "Request for unknown model: 'nosuch' is not found" in str(told.get(timeout=30))
        self.client.stop_stream()

    def aio_infer(self):
        async def ask() -> np.ndarray:
            async with self.aio.InferenceServerClient(self.url) as client:
                return (await client.infer("identity", [self._tensor("INPUT0", NUMBERS)])).as_numpy("OUTPUT0")
        np.testing.assert_array_equal(asyncio.run(ask()), NUMBERS)

    def compression(self):
        expected = self._logits()
        for coding in ("gzip", "deflate"):
            how = {"request_compression_algorithm": coding, "response_compression_algorithm": coding} if self.protocol == "http" else {"compression_algorithm": coding}
            np.testing.assert_allclose(self._logits(**how), expected, atol=1e-5)

    def classification(self):
        wanted = [self.triton.InferRequestedOutput("logits", class_count=3)]
        classes = self.client.infer("lenet", [self._tensor("input", PIXELS)], outputs=wanted).as_numpy("logits")
        best = np.argsort(-self._logits(), axis=1)[:, :3]
        told = [[entry.decode().split(":")[1:] for entry in row] for row in classes]
        assert told == [[[str(index), LABELS[index]] for index in row] for row in best], told

    def shared_memory(self):
        size, key = NUMBERS.nbytes, f"/ridgeline_crosscheck_{os.getpid()}"
        region = shared_memory.create_shared_memory_region("region", key, 2 * size)
        try:
            shared_memory.set_shared_memory_region(region, [NUMBERS])
            self.client.register_system_shared_memory("region", key, 2 * size)
            given = self.triton.InferInput("INPUT0", [1, 16], "FP32")
            given.set_shared_memory("region", size)
            wanted = self.triton.InferRequestedOutput("OUTPUT0")
            wanted.set_shared_memory("region", size, offset=size)
            self.client.infer("identity", [given], outputs=[wanted])
            np.testing.assert_array_equal(shared_memory.get_contents_as_numpy(region, np.float32, [1, 16], offset=size), NUMBERS)
            wanted.set_shared_memory("region", size, offset=size + 4)
            self._must_fail("Invalid offset", lambda: self.client.infer("identity", [given], outputs=[wanted]))
            self.client.unregister_system_shared_memory()
        finally:
            shared_memory.destroy_shared_memory_region(region)

    def _must_fail(self, words: str, ask: typing.Callable) -> None:
        try:
            ask()
        except InferenceServerException as error:
            assert words in error.message(), error.message()
        else:
            raise AssertionError(f"answered, and not with '{words}'")

    def errors(self):
        self._must_fail("is not found", lambda: self.client.infer("nosuch", [self._tensor("INPUT0", NUMBERS)]))
        self._must_fail("unexpected shape for input", lambda: self.client.infer("identity", [self._tensor("INPUT0", NUMBERS[:, :8].copy())]))

    def repository(self):
        self.client.unload_model("lenet")
        assert not self.client.is_model_ready("lenet")
        self.client.load_model("lenet")
        assert self.client.is_model_ready("lenet")
        assert "lenet" in str(self.client.get_model_repository_index())

    def settings(self):
        self.client.update_log_settings({"log_verbose_level": 1}, **self.as_json)
        assert "1" in json.dumps(self.client.get_log_settings(**self.as_json))
        self.client.update_log_settings({"log_verbose_level": 0}, **self.as_json)
        assert "trace_rate" in json.dumps(self.client.get_trace_settings(**self.as_json))


ONLY = {"json_tensors": "http", "streaming": "grpc"}


def check_clients(server: Server, protocol: str) -> bool:
    passed = True
    for name in [name for name in vars(Checks) if not name.startswith("_")]:
        if ONLY.get(name, protocol) != protocol:
            continue
        try:
            getattr(Checks(server, protocol), name)()
            verdict = "ok"
        except Exception as error:  # every kind is a row that failed
            verdict = f"FAILED: {type(error).__name__}: {error}".splitlines()[0]
            passed = False
        print(f"{protocol:5} {name.replace('_', ' '):22} {verdict}", flush=True)
    return passed


def perf_analyzer(url: str, protocol: str, model: str, concurrency: str, *more: str) -> list[dict[str, str]] | None:
    """Its table, a row for each number of requests at once; None where no three windows of two seconds were within 25 % of each other."""
    libraries = [str(pathlib.Path(sys.prefix, "lib")), *(str(pathlib.Path(place, "nvidia/cuda_runtime/lib")) for place in site.getsitepackages())]
    with tempfile.TemporaryDirectory() as folder:
        table = pathlib.Path(folder, "table.csv")
        command = [pathlib.Path(sys.prefix, "bin/perf_analyzer"), "-m", model, "-u", url, "-i", protocol, "--concurrency-range", concurrency,
                   "-p", "2000", "--stability-percentage", "25", "-f", table, *more]
        run = subprocess.run(command, env=os.environ | {"LD_LIBRARY_PATH": ":".join(libraries)}, capture_output=True, text=True, check=False)
        if "Failed to obtain stable measurement" in run.stdout + run.stderr:
            return None
        if run.returncode != 0 or not table.exists():
            raise AssertionError(f"perf_analyzer: {run.stdout[-300:]}{run.stderr[-300:]}")
        return sorted(csv.DictReader(table.open()), key=lambda row: int(row["Concurrency"]))


def check_perf_analyzer(server: Server, protocol: str) -> bool:
    try:
        rows = perf_analyzer(server.url(protocol), protocol, "identity", "1:4:3", *IDENTITY_SHAPE)
    except AssertionError as error:
        print(f"{protocol:5} perf_analyzer          FAILED: {error}", flush=True)
        return False
    if rows is None:
        print(f"{protocol:5} perf_analyzer          NOISY: no three windows within 25 % of each other", flush=True)
    for row in rows or []:
        print(f"{protocol:5} perf_analyzer, {row['Concurrency']:>2} at once  {float(row['Inferences/Second']):.0f} infer/s, p50 {row['p50 latency']} us, "
              f"p99 {row['p99 latency']} us", flush=True)
    return True


def main() -> int:
    ridgeline = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="ridgeline.crosscheck.") as folder:
        repository = pathlib.Path(folder)
        write_identity(repository / "identity")
        write_lenet(ridgeline, repository / "lenet")
        with Server(ridgeline, repository) as server:
            passed = [check(server, protocol) for protocol in PROTOCOLS for check in (check_clients, check_perf_analyzer)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
