"""`serve` answers plain HTTP clients, good and bad ones, and ends without losing a request.

Usage: serve_test.py RIDGELINE
"""

import array
import concurrent.futures
import http.client
import json
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import zlib

from serving import Server, make_repository

PIXELS = [i / 4096 for i in range(3 * 32 * 32)]
INFER = "/v2/models/lenet/infer"


def connect(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=30)


def ask(port: int, method: str, path: str, body: bytes | str | None = None, headers: dict | None = None) -> tuple[int, bytes]:
    connection = connect(port)
    connection.request(method, path, body, headers or {})
    answer = connection.getresponse()
    told = answer.status, answer.read()
    connection.close()
    return told


def image(shape: list[int], **more) -> dict:
    return {"inputs": [{"name": "input", "shape": shape, "datatype": "FP32", **more}]}


def binary_request(shape: list[int]) -> tuple[bytes, dict]:
    tensor = array.array("f", PIXELS).tobytes()
    request = image(shape, parameters={"binary_data_size": len(tensor)})
    head = json.dumps(request | {"parameters": {"binary_data_output": True}}).encode()
    return head + tensor, {"Inference-Header-Content-Length": str(len(head))}


def check_inference(server: Server, shape: list[int]) -> None:
    status, body = ask(server.http, "POST", INFER, json.dumps(image(shape, data=PIXELS)))
    assert status == 200, body
    printed = json.loads(body)["outputs"][0]["data"]

    request, headers = binary_request(shape)
    connection = connect(server.http)
    for coding in ("", "deflate"):
        packed = zlib.compress(request) if coding else request
        connection.request("POST", INFER, packed, headers | ({"Content-Encoding": coding} if coding else {}))
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        tensor = array.array("f", body[int(answer.headers["Inference-Header-Content-Length"]):])
        assert max(abs(a - b) for a, b in zip(tensor, printed, strict=True)) < 1e-5, (tensor, printed)
    connection.close()


def check_bad_requests(server: Server, shape: list[int]) -> None:
    for status, method, path, body, words in (
            (500, "POST", INFER, "{", "failed to parse the request JSON buffer"),
            (400, "POST", INFER, json.dumps(image([1, 2], data=[1, 2])), "unexpected shape for input 'input'"),
            (404, "POST", "/v2/models/nosuch/infer", "{}", "Request for unknown model: 'nosuch' is not found"),
            (404, "GET", "/v2/models/..%2f..%2fetc%2fpasswd", None, "unknown model"),
            (404, "GET", "/v2/models/../../etc/passwd", None, "Not Found"),
            (404, "GET", "/v2/models/lenet/versions/../config", None, "Not Found"),
            (405, "PUT", INFER, "{}", "Method Not Allowed"),
            (503, "POST", "/v2/repository/models/lenet/load", "", "not allowed if polling is enabled")):
        told = ask(server.http, method, path, body)
        assert told[0] == status and words in json.loads(told[1])["error"], (path, told)
    check_inference(server, shape)


def check_traversal_by_load(ridgeline: str, repository: pathlib.Path) -> None:
    outside = repository.parent / "outside"
    (outside / "1").mkdir(parents=True)
    (outside / "config.pbtxt").write_text('backend: "ridgeline"\n')
    with Server(ridgeline, repository, "--model-control-mode", "explicit", "--load-model", "lenet") as server:
        for name in ("..", "%2e%2e", "..%2foutside"):
            status, body = ask(server.http, "POST", f"/v2/repository/models/{name}/load")
            assert status in (400, 404, 500) and "error" in json.loads(body), (name, status, body)
        assert json.loads(ask(server.http, "GET", "/v2/models")[1]) == {"models": ["lenet"]}


def check_limits(ridgeline: str, repository: pathlib.Path) -> None:
    with Server(ridgeline, repository, "--http-max-input-size", "20000") as server:
        with socket.create_connection(("127.0.0.1", server.http)) as client:
            client.sendall(b"POST " + INFER.encode() + b" HTTP/1.1\r\nContent-Length: 20001\r\n\r\n")
            assert client.recv(1000).startswith(b"HTTP/1.1 413 "), "an oversize body is refused before it is read"
        bomb = zlib.compress(bytes(100_000_000))
        status, body = ask(server.http, "POST", INFER, bomb[:9000], {"Content-Encoding": "deflate"})
        assert status == 400 and b"unpacks to more than 20000 bytes" in body, body
        with socket.create_connection(("127.0.0.1", server.http), timeout=30) as slow:
            begun = time.monotonic()
            slow.sendall(b"POST " + INFER.encode() + b" HTTP/1.1\r\nContent-Len")
            assert slow.recv(1000).startswith(b"HTTP/1.1 408 ")
            assert time.monotonic() - begun < 20
        assert ask(server.http, "GET", "/v2/health/ready")[0] == 200


def check_pages(server: Server) -> None:
    status, text = ask(server.metrics, "GET", "/metrics")
    assert status == 200 and b'nv_inference_request_success{model="lenet",version="1"}' in text, text
    assert b"<!doctype html>" in ask(server.metrics, "GET", "/")[1]
    model = json.loads(ask(server.metrics, "GET", "/status")[1])["models"][0]
    assert (model["name"], model["state"]) == ("lenet", "READY") and model["success"] > 0, model


def ask_until_told_to_stop(port: int, shape: list[int], counts: list[int]) -> str:
    """Why it ended: the server said so, or would not be connected to. Anything else is a lost request, and raises."""
    request, headers = binary_request(shape)
    while True:
        connection = connect(port)
        try:
            connection.connect()
        except ConnectionRefusedError:
            return "refused"
        while True:
            connection.request("POST", INFER, request, headers)
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, (answer.status, body)
            counts.append(1)
            if answer.headers["Connection"] == "close":
                break


def check_drain(ridgeline: str, repository: pathlib.Path, shape: list[int]) -> None:
    log = repository.parent / "access.log"
    server = Server(ridgeline, repository, "--access-log", str(log))
    counts: list[int] = []
    with concurrent.futures.ThreadPoolExecutor(8) as clients:
        asking = [clients.submit(ask_until_told_to_stop, server.http, shape, counts) for _ in range(8)]
        threading.Timer(1.5, server.tell_to_end).start()
        ended = [client.result(timeout=60) for client in asking]
    code, logged = server.end()
    assert code == 0, (code, logged)
    assert ended == ["refused"] * 8 and len(counts) > 50, (ended, len(counts))
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert len(lines) == len(counts), (len(lines), len(counts))
    assert all(line["status"] == 200 and line["model"] == "lenet" and line["us"] > 0 for line in lines), lines[0]


def check_second_signal(ridgeline: str, repository: pathlib.Path) -> None:
    server = Server(ridgeline, repository)
    with socket.create_connection(("127.0.0.1", server.http)) as client:
        client.sendall(b"POST " + INFER.encode() + b" HTTP/1.1\r\nContent-Length: 1000\r\n\r\n")  # keeps it from ending
        time.sleep(0.2)
        for _ in range(2):
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
        begun = time.monotonic()
        server.process.communicate(timeout=30)
        assert time.monotonic() - begun < 3 and server.process.returncode == -signal.SIGTERM, server.process.returncode


def check_flags(ridgeline: str, repository: pathlib.Path) -> None:
    for flags, words in ((["--load-model", "lenet"], "--load-model needs --model-control-mode explicit"),
                         (["--model-namespacing", "true"], "--model-namespacing true is not offered: give models of different"),
                         (["--http-use-ssl", "true"], "--http-use-ssl needs --http-server-cert and --http-server-key"),
                         (["--cache-config", "redis,host=x"], "'redis' is no cache that this server has"),
                         (["--trace-config", "rat=1"], "'rat=1' is not known; there are"),
                         (["--http-restricted-api", "models:a=b"], "'models' in 'models:a=b' is no class of endpoints"),
                         (["--warm", "lenet:3,32,32"], "--warm: write MODEL:INPUT:D,D,…, as resnet:input:3,256,256, not 'lenet:3,32,32'"),
                         (["--warm", "lenet:input:3,x"], "--warm: 'x' is no number"),
                         (["--warm", "lenet:input:3,0,32"], "--warm: 0 in 'lenet:input:3,0,32' is no size"),
                         (["--warm", "alexnet:input:3,32,32"], "--warm: no repository holds a model 'alexnet'"),
                         (["--frobnicate"], "--frobnicate")):
        run = subprocess.run([ridgeline, "serve", "--model-repository", repository, *flags], capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode in (1, 2) and words in run.stderr and run.stderr.count("\n") == 1, (flags, run)
    server = Server(ridgeline, repository, "--pinned-memory-pool-byte-size=1000", "--allow-gpu-metrics=false", "--log-format", "ISO8601")
    code, logged = server.end()
    assert code == 0 and "--pinned-memory-pool-byte-size 1000 has no effect" in logged and "gpu-metrics" not in logged, logged
    assert "Started HTTPService at 127.0.0.1:" in logged and "| lenet | 1       | READY" in logged, logged


def check_warm(ridgeline: str, repository: pathlib.Path) -> None:
    for shape, words in (("image:3,32,32", "--warm, model 'lenet', version 1: there is no input 'image'"),
                         ("input:3,64,64", "--warm, model 'lenet', version 1: input 'input' has dims [3,32,32] besides the batch, not [3,64,64]")):
        run = subprocess.run([ridgeline, "serve", "--model-repository", repository, "--warm", "lenet:" + shape], capture_output=True, text=True, timeout=60, check=False)
        assert run.returncode == 2 and words in run.stderr, (shape, run)
    code, logged = Server(ridgeline, repository, "--warm", "lenet:input:3,32,32").end()
    assert code == 0 and "no effect" not in logged, logged
    beside = repository / "echo"
    (beside / "1").mkdir(parents=True)
    (beside / "config.pbtxt").write_text('backend: "identity" input { name: "x" data_type: TYPE_FP32 dims: [ -1 ] } output { name: "x" data_type: TYPE_FP32 dims: [ -1 ] }')
    code, logged = Server(ridgeline, repository, "--warm", "echo:x:3").end()
    assert code == 0 and "--warm echo has no effect: it is no model on an engine" in logged, logged


def main() -> int:
    ridgeline = sys.argv[1]
    with tempfile.TemporaryDirectory() as folder:
        repository = make_repository(ridgeline, pathlib.Path(folder))
        with Server(ridgeline, repository) as server:
            declared = json.loads(ask(server.http, "GET", "/v2/models/lenet")[1])["inputs"][0]
            shape = [max(1, dim) for dim in declared["shape"]]
            check_inference(server, shape)
            check_bad_requests(server, shape)
            check_pages(server)
        check_drain(ridgeline, repository, shape)
        check_second_signal(ridgeline, repository)
        check_limits(ridgeline, repository)
        check_traversal_by_load(ridgeline, repository)
        check_flags(ridgeline, repository)
        check_warm(ridgeline, repository)
    return 0


if __name__ == "__main__":
    sys.exit(main())
