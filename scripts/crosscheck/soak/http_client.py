"""An HTTP/1.1 client that keeps its connection, and says whether an answer was cut."""

import asyncio
import json

import numpy as np

from soak.models import Question

DATATYPES = {"float32": "FP32", "int32": "INT32"}
NUMPY = {"FP32": np.float32, "INT32": np.int32}
NOT_THERE = (b"Request for unknown model", b"is not at ready state")
Answer = tuple[int, dict[str, str], bytes]


class Refused(Exception):
    """No connection, or an error that a server may answer while it ends: nothing was lost."""


class Lost(Exception):
    """A request was sent, and no whole answer came."""


class Connection:
    """Requests one after another. Connects when it has to."""

    def __init__(self, port: int):
        self.port = port
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def connect(self) -> None:
        try:
            self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        except OSError as error:
            raise Refused(str(error)) from error

    async def ask(self, method: str, path: str, body: bytes = b"", headers: tuple[str, ...] = ()) -> Answer:
        if self.writer is None:
            await self.connect()
        lines = [f"{method} {path} HTTP/1.1", "Host: soak", f"Content-Length: {len(body)}", *headers]
        try:
            self.writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            told = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            answer = await self.reader.readexactly(int(told["content-length"]))
        except (OSError, asyncio.IncompleteReadError) as error:
            self.close()
            raise Lost(f"{type(error).__name__}: {error}") from error
        if told.get("connection") == "close":
            self.close()
        return int(head[0].split()[1]), told, answer

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None


def infer_request(question: Question, binary: bool, parameters: dict | None = None) -> tuple[bytes, tuple[str, ...]]:
    inputs, tensors = [], []
    for name, data in question.inputs.items():
        tensor = {"name": name, "shape": list(data.shape), "datatype": DATATYPES[str(data.dtype)]}
        if binary:
            tensor["parameters"] = {"binary_data_size": data.nbytes}
            tensors.append(data.tobytes())
        else:
            tensor["data"] = data.reshape(-1).tolist()
        inputs.append(tensor)
    head = json.dumps({"inputs": inputs, "parameters": {**(parameters or {}), **({"binary_data_output": True} if binary else {})}}).encode()
    return b"".join([head, *tensors]), (f"Inference-Header-Content-Length: {len(head)}",)


def infer_answer(headers: dict[str, str], body: bytes) -> tuple[str, dict[str, np.ndarray]]:
    """The model's version, and its outputs."""
    size = int(headers.get("inference-header-content-length", len(body)))
    head, at, outputs = json.loads(body[:size]), size, {}
    for tensor in head["outputs"]:
        datatype, binary = NUMPY[tensor["datatype"]], tensor.get("parameters", {}).get("binary_data_size")
        if binary is None:
            data = np.array(tensor.get("data", []), datatype)
        else:
            data = np.frombuffer(body, datatype, offset=at, count=binary // np.dtype(datatype).itemsize)
            at += binary
        outputs[tensor["name"]] = data.reshape(tensor["shape"])
    return head["model_version"], outputs


class HttpAsker:
    """Asks questions; gives what was wrong with the answer."""

    def __init__(self, port: int, binary: bool = True):
        self.connection = Connection(port)
        self.binary = binary

    async def infer(self, question: Question, parameters: dict | None = None) -> tuple[str, dict[str, np.ndarray]]:
        body, headers = infer_request(question, self.binary, parameters)
        status, told, answer = await self.connection.ask("POST", f"/v2/models/{question.model}/infer", body, headers)
        if status == 503 or (status != 200 and any(words in answer for words in NOT_THERE)):
            raise Refused(answer.decode())
        if status != 200:
            raise Lost(f"{status}: {answer.decode()[:300]}")
        return infer_answer(told, answer)

    async def close(self) -> None:
        self.connection.close()
