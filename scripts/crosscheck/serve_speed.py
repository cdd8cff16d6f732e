"""serve_speed.py RIDGELINE TRITON_VENV: a model that gives back what it was given, asked by Triton's perf_analyzer of a real Triton and of `ridgeline serve` in
alternating runs over the same repository; prints a table and exits with 1 where a goal is missed. See docs/crosscheck.md."""

import contextlib
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import typing
import urllib.error
import urllib.request

import serve

ROUNDS = 5
ALL_WINDOWS = ("-p", "1000", "--stability-percentage", "999")  # three windows of a second, however they differ: the rounds tell
CONTENDERS = {"triton, python": ("triton", "identity"), "ridgeline, python": ("ridgeline", "identity"), "ridgeline, built in": ("ridgeline", "built_in")}
EMPTY = "empty server"  # gRPC's own library and nothing else
GOALS = {"triton, python": 1.0, "ridgeline, python": 1.0, "ridgeline, built in": 2.0, EMPTY: 0.0}  # times Triton's rate
GOAL_OF_EMPTY = 0.8  # or, of our built-in model, this share of the empty server's rate
PORTS = {"http": 18700, "grpc": 18701}
EMPTY_URL = "127.0.0.1:18702"
MODEL = """import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        given = [pb_utils.get_input_tensor_by_name(request, "INPUT0").as_numpy() for request in requests]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUTPUT0", numbers)]) for numbers in given]
"""


def write_model(folder: pathlib.Path, backend: str) -> None:
    (folder / "1").mkdir(parents=True)
    (folder / "config.pbtxt").write_text(f'backend: "{backend}" max_batch_size: 0\n'
                                         'input [ { name: "INPUT0" data_type: TYPE_FP32 dims: [ -1, 16 ] } ]\n'
                                         'output [ { name: "OUTPUT0" data_type: TYPE_FP32 dims: [ -1, 16 ] } ]\n'
                                         'instance_group [ { count: 1 kind: KIND_CPU } ]\n')
    if backend == "python":
        (folder / "1" / "model.py").write_text(MODEL)


@contextlib.contextmanager
def triton(venv: pathlib.Path, repository: pathlib.Path, folder: pathlib.Path) -> typing.Iterator[dict[str, typing.Any]]:
    """The server in the package pytriton, with its Python backend; gives its address by protocol, and its process."""
    packages = next((venv / "lib").glob("python3*/site-packages"))
    home = packages / "pytriton" / "tritonserver"
    shutil.copytree(home / "backends", folder / "backends")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    shutil.copy(home / "python_backend_stubs" / version / "triton_python_backend_stub", folder / "backends" / "python")
    environment = os.environ | {"PATH": f"{venv / 'bin'}:{os.environ['PATH']}", "PYTHONPATH": str(packages),
                                "LD_LIBRARY_PATH": str(packages / "nvidia_pytriton.libs")}
    command = [home / "bin" / "tritonserver", "--model-repository", repository, "--backend-directory", folder / "backends", "--allow-metrics", "false",
               *(word for name, port in PORTS.items() for word in (f"--{name}-port", str(port)))]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until_ready(f"http://127.0.0.1:{PORTS['http']}/v2/health/ready")
            yield {name: f"127.0.0.1:{port}" for name, port in PORTS.items()} | {"process": process.pid}
        finally:
            process.terminate()


@contextlib.contextmanager
def empty_server(build: pathlib.Path) -> typing.Iterator[dict[str, str]]:
    with subprocess.Popen([build / "empty_grpc_server", EMPTY_URL]) as process:
        try:
            yield {"grpc": EMPTY_URL}
        finally:
            process.terminate()


def wait_until_ready(url: str) -> None:
    for _ in range(600):
        try:
            urllib.request.urlopen(url)
            return
        except urllib.error.URLError:
            time.sleep(0.1)
    raise AssertionError(f"{url} does not answer")


def measure(url: str, protocol: str, model: str, concurrency: int, *more: str) -> dict[str, float]:
    """One run of perf_analyzer: what it counted, and its own share of this machine's cores."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    row = serve.perf_analyzer(url, protocol, model, f"{concurrency}", *ALL_WINDOWS, *more)[0]
    after, seconds = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic() - begin
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"rate": float(row["Inferences/Second"]), "p50": float(row["p50 latency"]), "p99": float(row["p99 latency"]),
            "client": spent / seconds / (os.cpu_count() or 1)}


def race(urls: dict[str, dict[str, str]], protocol: str, concurrency: int) -> dict[str, dict[str, float]]:
    """Medians over the rounds, for each contender; `ratio` is of a round's rates, to Triton's."""
    contenders = CONTENDERS | ({EMPTY: ("empty", "empty")} if protocol == "grpc" else {})
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        for name in random.sample(list(contenders), len(contenders)):
            server, model = contenders[name]
            runs[name].append(measure(urls[server][protocol], protocol, model, concurrency, *serve.IDENTITY_SHAPE))
        for name in contenders:
            runs[name][-1]["ratio"] = runs[name][-1]["rate"] / runs["triton, python"][-1]["rate"]
            runs[name][-1]["of empty"] = runs[name][-1]["rate"] / runs[EMPTY][-1]["rate"] if EMPTY in runs else 0
    return {name: {key: statistics.median(run[key] for run in rows) for key in rows[0]} for name, rows in runs.items()}


def print_race(protocol: str, concurrency: int, rows: dict[str, dict[str, float]]) -> bool:
    passed = {name: row["ratio"] >= GOALS[name] or name == "ridgeline, built in" and row["of empty"] >= GOAL_OF_EMPTY for name, row in rows.items()}
    for name, row in rows.items():
        of_empty = f"{row['of empty']:6.0%}" if EMPTY in rows else " " * 6
        print(f"{protocol:5} {concurrency:7} {name:20} {row['rate']:8.0f} {row['p50']:7.0f} {row['p99']:7.0f} {row['ratio']:6.2f} {GOALS[name]:5.1f} {of_empty} "
              f"{row['client']:7.0%}  {'ok' if passed[name] else 'FAILED'}", flush=True)
    return all(passed.values())


def main() -> int:
    ridgeline, venv = pathlib.Path(sys.argv[1]).resolve(), pathlib.Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory(prefix="ridgeline.crosscheck.") as name:
        folder = pathlib.Path(name)
        write_model(folder / "theirs" / "identity", "python")
        write_model(folder / "ours" / "identity", "python")
        write_model(folder / "ours" / "built_in", "identity")
        with triton(venv, folder / "theirs", folder) as theirs, serve.Server(ridgeline, folder / "ours") as ours, \
                empty_server(ridgeline.parent) as empty:
            urls = {"triton": theirs, "ridgeline": {protocol: ours.url(protocol) for protocol in serve.PROTOCOLS}, "empty": empty}
            print(f"{'':5} {'at once':>7} {'server, model':20} {'infer/s':>8} {'p50 us':>7} {'p99 us':>7} {'ratio':>6} {'goal':>5} {'empty':>6} {'client':>7}  verdict")
            passed = [print_race(protocol, concurrency, race(urls, protocol, concurrency)) for protocol in serve.PROTOCOLS for concurrency in (1, 4)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
