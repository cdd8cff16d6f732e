"""One instance of a model: answers the server's messages until it is told to finish."""

import asyncio
import gc
import inspect
import json
import os
import sys
import threading
import types

import numpy as np

from ridgeline_stub.arena import OwnBlocks, ReceivedBlocks
from ridgeline_stub.channel import Channel, Questions
from ridgeline_stub.errors import Refusal, describe
from ridgeline_stub.inference import _BLOCK, InferenceRequest, InferenceResponse, pack_answers
from ridgeline_stub.model_config import ModelConfig
from ridgeline_stub.packing import U8, U32, Kind, Unpacker, text
from ridgeline_stub.session import session
from ridgeline_stub.tensor import use_datatypes

OWN_PREFIX = "<ridgeline>"


class Instance:
    def __init__(self, channel, start):
        self._channel = channel
        self._name = start["instance"]
        self._file = start["model_file"]
        self._model_class = self._load_class(start["version"])
        self._model = None
        self._loop = None

    def _load_class(self, version):
        """The file is compiled here, so that tracebacks name it as the server does."""
        folder = os.path.dirname(self._file)
        sys.path += [folder, os.path.dirname(folder)]
        package = types.ModuleType(version)
        package.__path__ = [folder]
        sys.modules[version] = package
        name = f"{version}.{os.path.splitext(os.path.basename(self._file))[0]}"
        module = types.ModuleType(name)
        module.__file__, module.__package__ = self._file, version
        sys.modules[name] = module
        with open(self._file, "rb") as file:
            source = file.read()
        exec(compile(source, self._file, "exec"), module.__dict__)
        try:
            return module.TritonPythonModel
        except AttributeError:
            raise Refusal(f"Python model {self._file} does not define the class `TritonPythonModel`.") from None

    def completed_config(self, config):
        completed = ModelConfig(config)
        if hasattr(self._model_class, "auto_complete_config"):
            completed = self._model_class.auto_complete_config(completed)
        if not isinstance(completed, ModelConfig):
            raise Refusal(f"auto_complete_config function in model '{self._name}' must return a valid pb.ModelConfig object.")
        return json.dumps(completed.as_dict())

    def initialize(self, arguments):
        self._model = self._model_class()
        if hasattr(self._model, "initialize"):
            self._model.initialize(arguments)
        if not hasattr(self._model, "execute"):
            raise Refusal(f"Python model {self._file} does not implement `execute` method.")
        session.in_execute = True

    def finalize(self):
        session.in_execute = False
        if hasattr(self._model, "finalize"):
            self._model.finalize()

    def execute(self, tag, body):
        replies = []
        try:
            requests = self._take(body)
            replies = [request._replies for request in requests]
            returned = self._model.execute(requests)
            if inspect.iscoroutine(returned):
                returned = self._run(returned, replies)
            self._check(returned, len(requests))
            del requests  # from here on only those that the model holds can be answered by its senders
            answer = U8.pack(0) + pack_answers(self._answers(replies, returned))
        except Exception as error:
            failure = self._failure(error)
            for each in replies:
                each.fail(failure)
            answer = U8.pack(1) + text(failure)
        self._channel.send(Kind.EXECUTED, tag, answer)

    def _failure(self, error):
        return f"Failed to process the request(s) for model '{self._name}', message: {describe(error, OWN_PREFIX)}"

    def _take(self, body):
        unpacker = Unpacker(body)
        place, size, _ = unpacker.take_all(_BLOCK)
        block = session.inputs.block(place, size)
        return [InferenceRequest._take(unpacker, block) for _ in range(unpacker.take(U32))]

    def _run(self, coroutine, replies):
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=self._loop.run_forever, name="ridgeline-asyncio", daemon=True).start()
        if not session.decoupled:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
        asyncio.run_coroutine_threadsafe(self._in_background(coroutine, replies), self._loop)
        return None

    async def _in_background(self, coroutine, replies):
        """Of a decoupled model: what goes wrong is told to those who still wait."""
        try:
            await coroutine
        except Exception as error:
            for each in replies:
                each.fail(self._failure(error))

    def _check(self, returned, count):
        if returned is None:
            return
        if session.decoupled:
            raise Refusal(f"Python model '{self._name}' is using the decoupled mode and the execute function must return None.")
        if not isinstance(returned, list):
            raise Refusal(f"Expected a list in the execute return, found type '{type(returned)}'.")
        if len(returned) != count:
            raise Refusal(
                "Number of InferenceResponse objects do not match the number of InferenceRequest objects. InferenceRequest(s) size is:"
                f"{count}, and InferenceResponse(s) size is:{len(returned)}\n"
            )

    def _answers(self, replies, returned):
        if session.decoupled:
            return []
        responses = [None] * len(replies) if returned is None else returned
        return [self._answer(each, response) for each, response in zip(replies, responses)]

    def _answer(self, replies, response):
        if response is None:
            replies.wait()
            if replies.response is None:
                raise Refusal(f"Python model '{self._name}' gave no response to a request.")
            return replies.response, replies.names
        if not isinstance(response, InferenceResponse):
            raise Refusal(f"Expected an 'InferenceResponse' object in the execute function return list, found type '{type(response)}'.")
        if replies.count > 0:
            raise Refusal("Unable to send response. Non-decoupled model cannot send more than one response.")
        replies.close()
        return response, replies.names


def describe_start(error):
    words = describe(error, OWN_PREFIX)
    if isinstance(error, ModuleNotFoundError):
        words += (
            f"\nThe model runs with {sys.executable}: install the module '{error.name}' there, or name the folder of an environment "
            "that has it in the model's parameter EXECUTION_ENV_PATH."
        )
    return words


def main(execute_descriptor, questions_descriptor, inputs_descriptor, outputs_descriptor):
    sys.stdout.reconfigure(line_buffering=True)
    channel = Channel(execute_descriptor)
    channel.send(Kind.HELLO, 0, text(np.__version__))
    _, tag, body = channel.receive()
    start = json.loads(body)
    use_datatypes(start["datatypes"])
    session.inputs = ReceivedBlocks(inputs_descriptor, start["memory_bytes"])
    session.outputs = OwnBlocks(outputs_descriptor, start["memory_bytes"])
    session.questions = Questions(Channel(questions_descriptor))
    session.instance = start["instance"]
    session.decoupled, session.output_names = start["decoupled"], tuple(start["output_names"])
    session.model_folder = os.path.dirname(start["model_file"])
    try:
        instance = Instance(channel, start)
        if start["complete"]:
            channel.send(Kind.STARTED, tag, instance.completed_config(start["arguments"]["model_config"]).encode())
            return
        instance.initialize(start["arguments"])
    except Exception as error:
        channel.send(Kind.FAILED, tag, text(describe_start(error)))
        return
    channel.send(Kind.STARTED, tag)
    gc.freeze()  # what is there now stays: collections need not look at it
    serve(channel, instance)


def serve(channel, instance):
    while True:
        kind, tag, body = channel.receive()
        if kind == Kind.EXECUTE:
            instance.execute(tag, body)
        elif kind == Kind.FINALIZE:
            try:
                instance.finalize()
            except Exception as error:
                channel.send(Kind.FAILED, tag, text(describe(error, OWN_PREFIX)))
                return
            channel.send(Kind.FINALIZED, tag)
            return
