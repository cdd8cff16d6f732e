"""Clients that mean harm, many at once: the right status, a bound on memory, and everybody else is served."""

import concurrent.futures
import http.client
import json
import mmap
import os
import pathlib
import selectors
import socket
import struct
import time
import typing

import grpc

from soak import http2
from soak.models import Repository
from soak.process import Server, settled_rss_mib
from soak.tally import Report

MIB = 1 << 20
INFER = "/v2/models/identity/infer"
MOST_GROWTH_MIB = 64  # over what the requests themselves may hold
LARGE_MIB, GRPC_MIB = 1500, 1024  # what is sent; what the server lets all gRPC requests take
STALLED = 500  # connections of a kind
NOT_FOUND, INTERNAL = 5, 13  # a load that fails is INTERNAL, 500 over HTTP, as a registration is: Triton's statuses
TRAVERSALS = ("..", "../..", "../../../../etc/passwd", "identity/../identity", "/etc/passwd", "identity\x00", ".", "~", "con\nfig")
UNENDED = "100 MiB of CONTINUATION, no end"  # gRPC 1.51 looks at headers' size only when it has all of them, and its quota does not count them
HTTP2_ABUSE: dict[str, typing.Callable[[], bytes]] = {
    "no preface": lambda: b"GET / HTTP/1.1\r\n\r\n",
    "a frame of 16 MiB - 1": lambda: b"\xff\xff\xff" + struct.pack(">BBI", http2.DATA, 0, 1) + bytes(64 * 1024),
    "DATA on stream 0": lambda: http2.frame(http2.DATA, 0, 0, b"x"),
    "DATA on a stream that is not open": lambda: http2.frame(http2.DATA, 0, 7, b"x"),
    "HEADERS on an even stream": lambda: http2.frame(http2.HEADERS, http2.END_HEADERS, 2, http2.block(http2.call_headers("ServerLive"))),
    "HPACK that is none": lambda: http2.frame(http2.HEADERS, http2.END_HEADERS, 1, b"\xff" * 200),
    "SETTINGS of 5 bytes": lambda: http2.frame(http2.SETTINGS, 0, 0, b"12345"),
    "a window update of 0": lambda: http2.frame(8, 0, 0, bytes(4)),
    "PING of 3 bytes": lambda: http2.frame(http2.PING, 0, 0, b"123"),
    "CONTINUATION of nothing": lambda: http2.frame(http2.CONTINUATION, 0, 1, b"x"),
    UNENDED: lambda: http2.frame(http2.HEADERS, 0, 1, http2.block([("a", "b" * 100)])) + http2.frame(http2.CONTINUATION, 0, 1, http2.block([("a", "b" * 100)] * 100)) * 10_000,
    "10 000 headers": lambda: http2.frame(http2.HEADERS, http2.END_HEADERS, 1, http2.block([*http2.call_headers("ServerLive"), *[("a", "b")] * 2000]))
    + b"".join(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, http2.block([*http2.call_headers("ServerLive"), *[("a", "b")] * 2000])) for stream in range(3, 11, 2)),
    "20 000 calls, each reset at once": lambda: b"".join(http2.frame(http2.HEADERS, http2.END_HEADERS, stream, http2.block(http2.call_headers("ModelInfer")))
                                                        + http2.frame(http2.RST_STREAM, 0, stream, struct.pack(">I", 8)) for stream in range(1, 40_000, 2)),
    "100 000 SETTINGS": lambda: http2.frame(http2.SETTINGS, 0, 0) * 100_000,
    "100 000 PINGs": lambda: http2.frame(http2.PING, 0, 0, bytes(8)) * 100_000,
}


def connect(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def ask(port: int, method: str, path: str, body: bytes = b"") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, body)
    answer = connection.getresponse()
    told = answer.status, answer.read()
    connection.close()
    return told


def status_of(client: socket.socket) -> int:
    """Of its answer; 0 where the connection ends without one."""
    try:
        words = client.recv(4096).split(b" ", 2)
    except OSError:
        return 0
    return int(words[1]) if len(words) > 2 else 0


class Watch:
    """The server's memory over a check, and that it answers still."""

    def __init__(self, server: Server, report: Report):
        self.server, self.report = server, report
        self.before = self.most = settled_rss_mib(server)

    def look(self) -> None:
        self.most = max(self.most, self.server.rss_mib())

    def row(self, what: str, figure: str, is_good: bool, allowed_mib: float = MOST_GROWTH_MIB, known: str = "") -> None:
        """`known`: why more memory than is allowed does not fail."""
        self.look()
        status, _ = ask(self.server.http, "GET", "/v2/health/ready")
        is_served = status == 200 and http2.Connection(self.server.grpc).call("ServerReady") == (0, b"\x08\x01")
        growth = self.most - self.before
        verdict = "ok" if growth <= allowed_mib else known or f"FAILED: at most {allowed_mib:.0f} MiB allowed"
        if not is_good or not is_served:
            verdict = "FAILED" if is_served else "FAILED: others are no longer served"
        self.report.row("abuse", what, f"{figure}, RSS {growth:+.0f} MiB", verdict)


def trickle(server: Server, first: bytes, each: bytes, watch: Watch) -> list[int]:
    """Statuses of many connections that send `first`, then `each` four times a second until they are answered."""
    clients, told = [connect(server.http) for _ in range(STALLED)], []
    for client in clients:
        client.sendall(first)
    end = time.monotonic() + 30
    with selectors.DefaultSelector() as selector:
        for client in clients:
            selector.register(client, selectors.EVENT_READ)
        while selector.get_map() and time.monotonic() < end:
            next_round = time.monotonic() + 0.25
            while (left := next_round - time.monotonic()) > 0 and selector.get_map():
                for key, _ in selector.select(left):
                    selector.unregister(key.fileobj)
                    told.append(status_of(key.fileobj))
            for key in selector.get_map().values():
                key.fileobj.send(each)
            watch.look()
    for client in clients:
        client.close()
    return told


def check_slow_clients(server: Server, report: Report) -> None:
    for what, first, each in (("headers that trickle in", b"POST " + INFER.encode() + b" HTTP/1.1\r\nHost: soak\r\n", b"a: b\r\n"),
                              ("bodies of 60 MiB that trickle in", b"POST " + INFER.encode() + b" HTTP/1.1\r\nContent-Length: 62914560\r\n\r\n", b"x")):
        watch = Watch(server, report)
        told = trickle(server, first, each, watch)
        watch.row(f"{STALLED} {what}", f"{told.count(408)} answered 408", told.count(408) == STALLED)


def chunks_without_end(port: int) -> int:
    with connect(port) as client:
        client.sendall(b"POST " + INFER.encode() + b" HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n")
        chunk = b"%x\r\n" % MIB + bytes(MIB) + b"\r\n"
        try:
            for _ in range(80):
                client.sendall(chunk)
        except OSError:
            pass
        return status_of(client)


def check_large_requests(server: Server, report: Report) -> None:
    watch = Watch(server, report)
    told = []
    for head in (b"Content-Length: 67108865\r\n", b"Content-Length: 18446744073709551615\r\n"):
        with connect(server.http) as client:
            client.sendall(b"POST " + INFER.encode() + b" HTTP/1.1\r\n" + head + b"\r\n")
            told.append(status_of(client))
    watch.row("announced bodies past 64 MiB, and of 2^64 - 1", f"answered {told}", told == [413, 413])
    watch = Watch(server, report)
    status = chunks_without_end(server.http)
    watch.row("chunks past 64 MiB", f"answered {status}", status == 413, 64 + MOST_GROWTH_MIB)
    watch = Watch(server, report)
    with connect(server.http) as client:
        client.sendall(b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 4000)
        status = status_of(client)
    watch.row("4000 small headers", f"answered {status}", status == 431)


def check_large_message(server: Server, report: Report) -> None:
    """The client is on a thread: the memory is looked at meanwhile."""
    watch = Watch(server, report)
    with concurrent.futures.ThreadPoolExecutor(1) as pool, grpc.insecure_channel(f"127.0.0.1:{server.grpc}", options=[("grpc.max_send_message_length", -1)]) as channel:
        asked = pool.submit(channel.unary_unary(http2.SERVICE + "ModelInfer"), bytes(LARGE_MIB * MIB))
        while not concurrent.futures.wait([asked], 0.01).done:
            watch.look()
    told = asked.exception().code().name
    watch.row(f"a gRPC message of {LARGE_MIB} MiB, sent", f"{told}", told == "RESOURCE_EXHAUSTED", GRPC_MIB + MOST_GROWTH_MIB)


def check_unfinished_calls(server: Server, report: Report) -> None:
    """gRPC takes only as much as it has a window for: what is announced is not held."""
    watch = Watch(server, report)
    connections = [http2.Connection(server.grpc) for _ in range(STALLED)]
    for connection in connections:
        stream = connection.begin("ModelInfer")
        connection.socket.sendall(http2.frame(http2.DATA, 0, stream, b"\x00" + struct.pack(">I", 60 * MIB) + bytes(16000)))
    watch.row(f"{STALLED} gRPC messages of 60 MiB that stall after 16 KB", "held", True)
    for connection in connections:
        connection.close()


def check_http2(server: Server, report: Report) -> None:
    for what, make in HTTP2_ABUSE.items():
        watch = Watch(server, report)
        with connect(server.grpc) as client:
            client.settimeout(3)
            preface = b"" if what == "no preface" else http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0)
            try:
                client.sendall(preface + make())
                while client.recv(65536):
                    watch.look()
                ended = "closed"
            except TimeoutError:
                ended = "left open"
            except OSError:
                ended = "reset"
        allowed_mib = GRPC_MIB + MOST_GROWTH_MIB if what.endswith("reset at once") else MOST_GROWTH_MIB
        watch.row(f"HTTP/2: {what}", ended, True, allowed_mib, "KNOWN: held by gRPC 1.51" if what == UNENDED else "")


def check_names(server: Server, report: Report) -> None:
    watch, served = Watch(server, report), []
    for name in TRAVERSALS:
        quoted = "".join(f"%{byte:02x}" for byte in name.encode())
        asked = (("POST", f"/v2/models/{quoted}/infer", 404), ("GET", f"/v2/models/{quoted}/config", 404), ("POST", f"/v2/repository/models/{quoted}/load", 500))
        served += [name for method, path, refusal in asked
                   if ask(server.http, method, path, b"{}")[0] != refusal]
        size_and_name = bytes([len(name.encode())]) + name.encode()
        served += [name for method, field, refusal in (("ModelInfer", b"\x0a", NOT_FOUND), ("ModelConfig", b"\x0a", NOT_FOUND), ("RepositoryModelLoad", b"\x12", INTERNAL))
                   if http2.Connection(server.grpc).call(method, field + size_and_name)[0] != refusal]
    index = [model["name"] for model in json.loads(ask(server.http, "POST", "/v2/repository/index", b"{}")[1])]
    watch.row(f"{len(TRAVERSALS)} names that lead elsewhere, asked, looked at and loaded", f"{len(served)} not refused {served or ''}", not served and index == ["identity"])


def request_in(place: dict) -> bytes:
    return json.dumps({"inputs": [{"name": "INPUT0", "shape": [1, 16], "datatype": "FP32", "parameters": place}]}).encode()


def check_shared_memory(server: Server, report: Report) -> None:
    watch, size = Watch(server, report), 4096
    path = pathlib.Path("/dev/shm") / f"soak_abuse_{os.getpid()}"
    path.write_bytes(bytes(size))
    try:
        with path.open("r+b") as file, mmap.mmap(file.fileno(), size):
            region = "/v2/systemsharedmemory/region/{}/register"
            told = [ask(server.http, "POST", region.format("r"), json.dumps({"key": f"/{path.name}", "offset": 0, "byte_size": size}).encode())[0]]
            own = f"/{path.name}"
            elsewhere = (("/../etc/passwd", 0, 10), ("/nosuch", 0, 10), (own, 0, 1 << 62), (own, 1 << 63, 16), (own, (1 << 64) - 8, 16))
            bad = [ask(server.http, "POST", region.format("bad"), json.dumps({"key": key, "offset": offset, "byte_size": count}).encode())[0]
                   for key, offset, count in elsewhere]
            for offset, count in ((0, 1 << 40), (size - 32, 64), ((1 << 64) - 64, 64), ((1 << 63) - 1, 64), (size, 64)):
                place = {"shared_memory_region": "r", "shared_memory_offset": offset, "shared_memory_byte_size": count}
                bad.append(ask(server.http, "POST", INFER, request_in(place))[0])
            os.truncate(path, 0)
            place = {"shared_memory_region": "r", "shared_memory_byte_size": 64}
            bad.append(ask(server.http, "POST", INFER, request_in(place))[0])
    finally:
        path.unlink()
    watch.row("shared memory: keys, offsets and sizes that lie elsewhere", f"answered {bad}", told == [200] and bad == [500] * 5 + [400] * 6)


def check(ridgeline: pathlib.Path, folder: pathlib.Path, minutes: float, report: Report) -> None:
    repository = Repository(ridgeline, folder / "models")
    repository.write_identity("identity", "FP32")
    with Server(ridgeline, repository.root, folder / "abuse.log") as server:
        for part in (check_slow_clients, check_large_requests, check_large_message, check_unfinished_calls, check_http2, check_names, check_shared_memory):
            part(server, report)
