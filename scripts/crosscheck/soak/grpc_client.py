"""A gRPC client on a connection of its own, with the messages of Triton's client."""

import asyncio
import typing

import grpc
import numpy as np
from tritonclient.grpc import service_pb2, service_pb2_grpc

from soak.http_client import DATATYPES, NUMPY, Lost, Refused
from soak.models import Question

OPTIONS = (("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1), ("grpc.enable_retries", 0))
CUT = ("Socket closed", "Connection reset", "Broken pipe", "Stream removed", "recvmsg", "RST_STREAM")


def infer_request(question: Question, parameters: dict | None = None) -> service_pb2.ModelInferRequest:
    request = service_pb2.ModelInferRequest(model_name=question.model)
    for name, value in (parameters or {}).items():
        if isinstance(value, bool):
            request.parameters[name].bool_param = value
        else:
            request.parameters[name].int64_param = value
    for name, data in question.inputs.items():
        request.inputs.add(name=name, datatype=DATATYPES[str(data.dtype)], shape=list(data.shape))
        request.raw_input_contents.append(data.tobytes())
    return request


def outputs_of(answer: service_pb2.ModelInferResponse) -> dict[str, np.ndarray]:
    return {tensor.name: np.frombuffer(raw, NUMPY[tensor.datatype]).reshape(tuple(tensor.shape)) for tensor, raw in zip(answer.outputs, answer.raw_output_contents, strict=True)}


def failure(code: grpc.StatusCode, details: str | None) -> Exception:
    words = details or ""
    is_refused = code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.NOT_FOUND) and not any(cut in words for cut in CUT)
    return (Refused if is_refused else Lost)(f"{code.name}: {words[:300]}")


class GrpcAsker:
    def __init__(self, port: int):
        self.channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=OPTIONS)
        self.stub = service_pb2_grpc.GRPCInferenceServiceStub(self.channel)

    async def infer(self, question: Question, parameters: dict | None = None) -> tuple[str, dict[str, np.ndarray]]:
        try:
            answer = await self.stub.ModelInfer(infer_request(question, parameters))
        except grpc.RpcError as error:
            raise failure(error.code(), error.details()) from error
        return answer.model_version, outputs_of(answer)

    async def close(self) -> None:
        await self.channel.close()


class GrpcStream:
    """A stream, asked one question at a time."""

    def __init__(self, asker: GrpcAsker):
        self.call = asker.stub.ModelStreamInfer()

    async def ask(self, question: Question, parameters: dict | None = None) -> typing.AsyncIterator[tuple[str, dict[str, np.ndarray]]]:
        """Each answer, until the last."""
        try:
            await self.call.write(infer_request(question, parameters))
        except (grpc.RpcError, asyncio.InvalidStateError) as error:
            raise Refused(f"the stream had ended: {error}") from error
        try:
            while True:
                message = await self.call.read()
                if message is grpc.aio.EOF:
                    raise failure(await self.call.code(), await self.call.details())
                if message.error_message:
                    raise Lost(message.error_message)
                answer = message.infer_response
                if answer.outputs:
                    yield answer.model_version, outputs_of(answer)
                if answer.parameters["triton_final_response"].bool_param:
                    return
        except grpc.RpcError as error:
            raise failure(error.code(), error.details()) from error

    async def close(self) -> None:
        await self.call.done_writing()
        while await self.call.read() is not grpc.aio.EOF:
            pass
