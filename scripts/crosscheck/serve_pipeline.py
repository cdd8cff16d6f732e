"""serve_pipeline.py RIDGELINE: a repository of three models as one has it for Triton (`preprocess`, a Python model; `resnet_onnx`, ResNet-18 with a
projection to 32 values; `ensemble`, the two in a row) is served unchanged: shapes, and every answer against the last model asked alone."""

import concurrent.futures
import pathlib
import subprocess
import sys
import tempfile

import numpy as np

import serve

MEAN, DEVIATION = np.array([0.485, 0.456, 0.406], np.float32), np.array([0.229, 0.224, 0.225], np.float32)
IMAGES = np.random.default_rng(3).integers(0, 256, (8, 224, 224, 3), np.uint8)
CLIENTS, REQUESTS = 4, 6

PREPROCESS = """
import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def initialize(self, args):
        self.mean = np.array([0.485, 0.456, 0.406], np.float32)
        self.deviation = np.array([0.229, 0.224, 0.225], np.float32)

    def execute(self, requests):
        responses = []
        for request in requests:
            pixels = pb_utils.get_input_tensor_by_name(request, "IMAGE").as_numpy().astype(np.float32) / 255
            scaled = ((pixels - self.mean) / self.deviation).transpose(0, 3, 1, 2)
            responses.append(pb_utils.InferenceResponse([pb_utils.Tensor("PIXELS", np.ascontiguousarray(scaled))]))
        return responses
"""

CONFIGS = {
    "preprocess": """
backend: "python"
max_batch_size: 8
input [ { name: "IMAGE" data_type: TYPE_UINT8 dims: [ 224, 224, 3 ] } ]
output [ { name: "PIXELS" data_type: TYPE_FP32 dims: [ 3, 224, 224 ] } ]
instance_group [ { count: 1 kind: KIND_CPU } ]
""",
    "resnet_onnx": """
platform: "onnxruntime_onnx"
max_batch_size: 8
input [ { name: "INPUT_IMAGE" data_type: TYPE_FP32 dims: [ 3, 224, 224 ] } ]
output [ { name: "OUTPUT_PROJECTION" data_type: TYPE_FP32 dims: [ 32 ] } ]
dynamic_batching { preferred_batch_size: [ 4, 8 ] max_queue_delay_microseconds: 500 }
""",
    "ensemble": """
platform: "ensemble"
max_batch_size: 8
input [ { name: "IMAGE" data_type: TYPE_UINT8 dims: [ 224, 224, 3 ] } ]
output [ { name: "PROJECTION" data_type: TYPE_FP32 dims: [ 32 ] } ]
ensemble_scheduling {
  step [
    { model_name: "preprocess" model_version: -1
      input_map { key: "IMAGE" value: "IMAGE" }
      output_map { key: "PIXELS" value: "pixels" } },
    { model_name: "resnet_onnx" model_version: -1
      input_map { key: "INPUT_IMAGE" value: "pixels" }
      output_map { key: "OUTPUT_PROJECTION" value: "PROJECTION" } }
  ]
}
"""}


def write_repository(ridgeline: pathlib.Path, repository: pathlib.Path) -> None:
    for name, config in CONFIGS.items():
        (repository / name / "1").mkdir(parents=True)
        (repository / name / "config.pbtxt").write_text(config)
    (repository / "preprocess" / "1" / "model.py").write_text(PREPROCESS)
    model = repository / "resnet_onnx" / "1" / "model.onnx"
    subprocess.run([ridgeline, "export", "zoo:resnet18", "--projection", "32", "-o", model], check=True, stdout=subprocess.DEVNULL)


def ask(protocol: str, url: str, images: np.ndarray) -> np.ndarray:
    triton = serve.PROTOCOLS[protocol][0]
    with triton.InferenceServerClient(url) as client:
        given = triton.InferInput("IMAGE", list(images.shape), "UINT8")
        given.set_data_from_numpy(images)
        return client.infer("ensemble", [given]).as_numpy("PROJECTION")


def expected_of(url: str) -> np.ndarray:
    """What resnet_onnx says of IMAGES, one at a time, scaled here."""
    triton = serve.PROTOCOLS["http"][0]
    scaled = ((IMAGES.astype(np.float32) / 255 - MEAN) / DEVIATION).transpose(0, 3, 1, 2)
    with triton.InferenceServerClient(url) as client:
        rows = []
        for image in np.ascontiguousarray(scaled):
            given = triton.InferInput("INPUT_IMAGE", [1, *image.shape], "FP32")
            given.set_data_from_numpy(image[None])
            rows.append(client.infer("resnet_onnx", [given]).as_numpy("OUTPUT_PROJECTION")[0])
    return np.stack(rows)


def hold(got: np.ndarray, want: np.ndarray) -> None:
    assert got.shape == want.shape, got.shape
    np.testing.assert_allclose(got, want, atol=1e-4 * np.abs(want).max())


def check_several_clients(protocol: str, url: str, want: np.ndarray) -> None:
    """At once, each with other rows and another number of them."""
    def one(client: int) -> None:
        for request in range(REQUESTS):
            rows = [(client + request + row) % len(IMAGES) for row in range(1 + (client + request) % 3)]
            hold(ask(protocol, url, IMAGES[rows]), want[rows])

    with concurrent.futures.ThreadPoolExecutor(CLIENTS) as clients:
        for done in [clients.submit(one, client) for client in range(CLIENTS)]:
            done.result()


def check(server: serve.Server, protocol: str) -> bool:
    url, want = server.url(protocol), expected_of(server.url("http"))

    def show(name: str, work) -> bool:
        try:
            print(f"{protocol:5} {name:22} {work() or 'ok'}", flush=True)
        except Exception as error:  # every kind is a row that failed
            print(f"{protocol:5} {name:22} FAILED: {type(error).__name__}: {error}".splitlines()[0], flush=True)
            return False
        return True

    def two_images() -> str:
        got = ask(protocol, url, IMAGES[:2])
        hold(got, want[:2])
        return f"{got.shape}"

    def perf_analyzer() -> str:
        rows = serve.perf_analyzer(url, protocol, "ensemble", f"{CLIENTS}", "-b", "1")
        return f"{float(rows[0]['Inferences/Second']):.0f} infer/s" if rows else "NOISY: no three windows within 25 % of each other"

    return all([show("ensemble, two images", two_images),
                show(f"ensemble, {CLIENTS} clients", lambda: check_several_clients(protocol, url, want)),
                show(f"perf_analyzer, {CLIENTS} at once", perf_analyzer)])


def main() -> int:
    ridgeline = pathlib.Path(sys.argv[1]).resolve()
    with tempfile.TemporaryDirectory(prefix="ridgeline.crosscheck.") as folder:
        write_repository(ridgeline, pathlib.Path(folder))
        with serve.Server(ridgeline, pathlib.Path(folder)) as server:
            passed = [check(server, protocol) for protocol in serve.PROTOCOLS]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
