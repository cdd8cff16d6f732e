"""Models of a real server whose instances are processes: killed under load they come back, and nobody else notices.

Usage: isolation_test.py RIDGELINE
"""

import http.client
import json
import os
import pathlib
import shutil
import signal
import sys
import tempfile
import threading
import time

from serving import Server, make_repository

MODEL = """backend: "ridgeline"
max_batch_size: 8
parameters {{ key: "isolation" value {{ string_value: "{isolation}" }} }}
instance_group {{ count: 2 kind: KIND_CPU }}
"""


def write_model(repository: pathlib.Path, name: str, isolation: str) -> None:
    if not (repository / name).exists():
        shutil.copytree(repository / "lenet", repository / name)
    (repository / name / "config.pbtxt").write_text(MODEL.format(isolation=isolation))


def instances_of(server: Server) -> list[int]:
    """The processes that are the server's children and run; one that only waits to be reaped is none."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == server.process.pid and state != "Z":
            found.append(int(stat.parent.name))
    return sorted(found)


def wait_for(what: str, is_true) -> None:
    end = time.monotonic() + 60
    while not is_true():
        assert time.monotonic() < end, what
        time.sleep(0.02)


class Client:
    """Asks one model for what it makes of one picture, again and again."""

    def __init__(self, server: Server, model: str, seed: int):
        self._connection = http.client.HTTPConnection("127.0.0.1", server.http, timeout=60)
        self._path = f"/v2/models/{model}/infer"
        pixels = [((i * (seed + 3)) % 255) / 255 for i in range(3 * 32 * 32)]
        self._body = json.dumps({"inputs": [{"name": "input", "shape": [1, 3, 32, 32], "datatype": "FP32", "data": pixels}]})

    def ask(self) -> tuple[int, dict]:
        self._connection.request("POST", self._path, self._body)
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def answer(self) -> list[float]:
        status, told = self.ask()
        assert status == 200, told
        return told["outputs"][0]["data"]


def statistics(server: Server, model: str) -> dict:
    connection = http.client.HTTPConnection("127.0.0.1", server.http, timeout=60)
    connection.request("GET", f"/v2/models/{model}/stats")
    return json.loads(connection.getresponse().read())["model_stats"][0]["inference_stats"]


def control(server: Server, model: str, action: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", server.http, timeout=60)
    connection.request("POST", f"/v2/repository/models/{model}/{action}")
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def check_kills_under_load(server: Server) -> None:
    expected = [Client(server, "lenet", seed).answer() for seed in range(4)]
    end = time.monotonic() + 4
    failures, wrong, asked = [], [], {"isolated": 0, "lenet": 0}

    def load(model: str, seed: int) -> None:
        client = Client(server, model, seed)
        while time.monotonic() < end:
            status, told = client.ask()
            asked[model] += 1
            if status != 200:
                failures.append((model, status, told["error"]))
            elif max(abs(a - b) for a, b in zip(told["outputs"][0]["data"], expected[seed], strict=True)) > 1e-5:
                wrong.append((model, told))

    clients = [threading.Thread(target=load, args=(model, seed)) for model in asked for seed in range(4)]
    for client in clients:
        client.start()
    killed, seen = set(), {}
    while time.monotonic() < end - 0.5:
        time.sleep(0.1)
        for process in instances_of(server):
            age = time.monotonic() - seen.setdefault(process, time.monotonic())
            if age > 0.4 and process not in killed:
                os.kill(process, signal.SIGKILL)
                killed.add(process)
                break
    for client in clients:
        client.join()
    assert not wrong, wrong[0]
    assert len(killed) >= 3, killed
    # Without dynamic batching a request is a batch: each kill costs one at most.
    assert len(failures) <= len(killed), (len(failures), failures[:3], killed)
    for model, status, error in failures:
        assert model == "isolated" and status == 503 and "is not healthy: the process ended with SIGKILL" in error, (model, status, error)
    assert min(asked.values()) > 20, asked
    assert Client(server, "isolated", 1).answer() == Client(server, "isolated", 1).answer()
    counted = statistics(server, "isolated")
    assert counted["fail"]["count"] == len(failures), (counted, failures)
    assert statistics(server, "lenet")["fail"]["count"] == 0
    print(f"{len(killed)} kills, {len(failures)} failed of {asked}")


def check_unload(server: Server) -> None:
    assert len(instances_of(server)) == 2
    assert control(server, "isolated", "unload")[0] == 200
    wait_for("an unloaded model's processes end", lambda: not instances_of(server))
    assert control(server, "isolated", "load")[0] == 200
    assert len(instances_of(server)) == 2
    Client(server, "isolated", 0).answer()


def check_refusals(server: Server, repository: pathlib.Path) -> None:
    write_model(repository, "wrong", "container")
    status, told = control(server, "wrong", "load")
    assert status >= 400 and "parameter 'isolation' is 'container'" in told, (status, told)
    write_model(repository, "broken", "process")
    (repository / "broken" / "1" / "model.onnx").write_bytes(b"no model")
    before = instances_of(server)
    status, told = control(server, "broken", "load")
    assert status >= 400 and "model.onnx" in told, (status, told)
    wait_for("a broken model's processes end", lambda: instances_of(server) == before)
    Client(server, "isolated", 0).answer()


def check_end(server: Server) -> None:
    processes = instances_of(server)
    assert len(processes) == 2
    server.process.kill()
    server.process.wait()
    wait_for("the server's processes end with it", lambda: not any(pathlib.Path(f"/proc/{process}/exe").exists() for process in processes))


def main() -> None:
    ridgeline = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        repository = make_repository(ridgeline, pathlib.Path(folder))
        write_model(repository, "isolated", "process")
        flags = ["--model-control-mode", "explicit", "--load-model", "lenet", "--load-model", "isolated"]
        with Server(ridgeline, repository, *flags) as server:
            check_kills_under_load(server)
            check_unload(server)
            check_refusals(server, repository)
            check_end(server)


if __name__ == "__main__":
    main()
