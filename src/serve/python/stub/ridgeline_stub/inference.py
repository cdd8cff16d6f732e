"""Requests, responses and what sends them."""

import asyncio
import json
import struct
import threading

from ridgeline_stub.errors import TritonError, TritonModelException
from ridgeline_stub.packing import I64, U8, U32, U64, Answer, Kind, Unpacker, text
from ridgeline_stub.session import session
from ridgeline_stub.tensor import Tensor, pack_tensors, places_of, take_tensors

FLAG_SEQUENCE_START, FLAG_SEQUENCE_END = 1, 2
ALL_OUTPUTS = 1 << 31  # a flag of messages only: no output was named
COMPLETE_FINAL = 1
RELEASE_ALL, RELEASE_RESCHEDULE = 1, 2
NO_BLOCK = struct.pack("<QQ", 0, 0) + U8.pack(0)

_FIXED = struct.Struct("<QIQQB")  # tag, flags, timeout, number of a sequence, whether the sequence has a name instead
_BLOCK = struct.Struct("<QQB")  # place, bytes, whether there is one


def parameters_text(parameters):
    if parameters is None:
        return "{}"
    if not isinstance(parameters, dict):
        raise TypeError(f"parameters must be a dict, not {type(parameters).__name__}")
    for key, value in parameters.items():
        if not isinstance(key, str) or not isinstance(value, (bool, int, float, str)):
            raise TypeError("parameters must map str to bool, int, float or str")
    return json.dumps(parameters)


class InferenceTrace:
    def get_context(self):
        return None


class PreferredMemory:
    """Where a GPU would be: all tensors are on the CPU here."""

    def __init__(self, preferred_memory_type, preferred_device_id=0):
        self.preferred_memory_type, self.preferred_device_id = preferred_memory_type, preferred_device_id


class InferenceResponse:
    __slots__ = ("_tensors", "_error", "_parameters")

    def __init__(self, output_tensors=(), error=None, parameters=None):
        if error is not None and not isinstance(error, TritonError):
            raise TypeError(f"InferenceResponse(error=...) must be a TritonError, not {type(error).__name__}")
        self._tensors = list(output_tensors)
        for tensor in self._tensors:
            if not isinstance(tensor, Tensor):
                raise TypeError(f"InferenceResponse(output_tensors=...) must be Tensor objects, not {type(tensor).__name__}")
        self._error, self._parameters = error, parameters_text(parameters)

    def output_tensors(self):
        return self._tensors

    def has_error(self):
        return self._error is not None

    def error(self):
        return self._error

    def parameters(self):
        return self._parameters

    def _wanted(self, names):
        return [tensor for tensor in self._tensors if tensor._name in names]


def pack_answers(answers):
    """`answers`: for each request its response and the names that it asked for, or None. Their tensors lie in one block."""
    wanted, everything = [], []
    for answer in answers:
        response, names = answer if answer is not None else (None, ())
        tensors = [] if response is None or response._error is not None else response._wanted(names)
        wanted.append((response, tensors))
        everything += tensors
    places, size = places_of(everything)
    parts = [NO_BLOCK]
    if size > 0:
        place = session.outputs.allocate(size)
        parts[0] = _BLOCK.pack(place, size, 1)
        for tensor, (offset, _) in zip(everything, places):
            tensor._copy_to(session.outputs.map, place + 64 + offset)
    parts.append(U32.pack(len(wanted)))
    begin = 0
    for response, tensors in wanted:
        if response is None:
            parts.append(U8.pack(Answer.NONE))
        elif response._error is not None:
            parts += (U8.pack(Answer.ERROR), U8.pack(response._error.code()), text(response._error.message()))
        else:
            end = begin + len(tensors)
            parts += (U8.pack(Answer.TENSORS), text(response._parameters), pack_tensors(tensors, places[begin:end]))
            begin = end
    return b"".join(parts)


class _Replies:
    """What a request may still be answered with. A decoupled request that is forgotten is ended."""

    def __init__(self, tag, names):
        self.tag, self.names = tag, names
        self.lock = threading.RLock()
        self.closed = False
        self.response = None  # of a model that is not decoupled
        self.count = 0
        self.finished = None  # an Event, once somebody waits

    def send(self, response, flags):
        if flags not in (0, COMPLETE_FINAL):
            raise TritonModelException("Unable to send response. Unsupported flag provided.")
        if flags == 0 and response is None:
            raise TritonModelException("Inference Response object must be provided when the response flags is set to zero.")
        if response is not None and not isinstance(response, InferenceResponse):
            raise TypeError(f"send(response=...) must be an InferenceResponse, not {type(response).__name__}")
        with self.lock:
            if not session.decoupled:
                self._check_single(response)
            if self.closed:
                raise TritonModelException("Unable to send response. Response sender has been closed.")
            self.closed = flags == COMPLETE_FINAL
            self.count += 1
            if session.decoupled:
                answers = pack_answers([None if response is None else (response, self.names)])
                session.questions.tell(Kind.RESPONSE, self.tag, U8.pack(self.closed) + answers)
                return
            self.response = response if response is not None else self.response
            if self.closed and self.finished is not None:
                self.finished.set()

    def _check_single(self, response):
        if response is not None and self.count > 0:
            raise TritonModelException("Unable to send response. Non-decoupled model cannot send more than one response.")
        if response is None and self.count == 0:
            raise TritonModelException("Unable to send response. Non-decoupled model cannot send complete final before sending a response.")

    def fail(self, message):
        """The end; of a decoupled model, whose answers go their own way, with an error for whoever still waits."""
        with self.lock:
            if session.decoupled and not self.closed:
                self.send(InferenceResponse(error=TritonError(message)), COMPLETE_FINAL)
            self.close()

    def close(self):
        with self.lock:
            was_closed, self.closed = self.closed, True
            if self.finished is not None:
                self.finished.set()
        return was_closed

    def wait(self):
        """Until a sender is complete, or nobody is left to send."""
        with self.lock:
            if self.closed:
                return
            self.finished = threading.Event()
        self.finished.wait()

    def is_cancelled(self):
        number, answers = session.questions.ask(Kind.ASK_CANCELLED, U64.pack(self.tag))
        answer = answers.get()
        session.questions.done(number)
        return answer != b"\0"


class InferenceResponseSender:
    """Its last reference and its request's gone, a request that is not complete is ended by the server's side."""

    __slots__ = ("_replies", "_guard")

    def __init__(self, replies, guard):
        self._replies, self._guard = replies, guard

    def send(self, response=None, flags=0):
        self._replies.send(response, flags)

    def is_cancelled(self):
        return self._replies.is_cancelled()


class _Guard:
    """Held by a request and its senders: when all have gone, nobody can answer any more."""

    def __init__(self, replies):
        self._replies = replies

    def __del__(self):
        replies = self._replies
        if not replies.close() and session.decoupled:
            try:
                session.questions.tell(Kind.RESPONSE, replies.tag, U8.pack(1) + pack_answers([None]))
            except OSError:
                pass  # the server has gone


class ResponseIterator:
    """Responses of a decoupled model, as they come."""

    def __init__(self, number, answers):
        self._number, self._answers, self._ended = number, answers, False

    def __iter__(self):
        return self

    def __next__(self):
        while not self._ended:
            self._ended, response = _take_answer(self._answers.get())
            if self._ended:
                session.questions.done(self._number)
            if response is not None:
                return response
        raise StopIteration

    def cancel(self):
        session.questions.done(self._number)
        self._ended = True


def _take_answer(body):
    """(whether it is the last, response or None)."""
    unpacker = Unpacker(body)
    last = unpacker.take(U8) != 0
    place, size, there = unpacker.take_all(_BLOCK)
    block = session.inputs.block(place, size) if there else None
    kind = unpacker.take(U8)
    if kind == Answer.NONE:
        return last, None
    if kind == Answer.ERROR:
        code = unpacker.take(U8)
        return last, InferenceResponse(error=TritonError(unpacker.take_text(), code))
    response = InferenceResponse()
    response._parameters = unpacker.take_text()
    response._tensors = take_tensors(unpacker, block)
    return last, response


class InferenceRequest:
    __slots__ = (
        "_id", "_sequence", "_inputs", "_names", "_model", "_version", "_flags", "_timeout", "_parameters", "_trace", "_replies", "_guard",
    )  # fmt: skip

    def __init__(
        self, request_id="", correlation_id=0, inputs=None, requested_output_names=None, model_name=None, model_version=-1,
        flags=0, timeout=0, preferred_memory=None, trace=None, parameters=None,
    ):  # fmt: skip
        if inputs is None or requested_output_names is None or model_name is None:
            raise TypeError("InferenceRequest() needs inputs, requested_output_names and model_name")
        if not isinstance(correlation_id, (int, str)):
            raise TritonModelException("Correlation ID must be integer or string")
        self._inputs, self._names = list(inputs), list(requested_output_names)
        for tensor in self._inputs:
            if not isinstance(tensor, Tensor):
                raise TritonModelException(
                    f"Input tensor for request with id '{request_id}' and model name '{model_name}' should not be empty."
                )
        if "" in self._names:
            raise TritonModelException(
                f"Requested output name for request with id '{request_id}' and model name '{model_name}' should not be empty."
            )
        self._id, self._sequence, self._model, self._version = str(request_id), correlation_id, model_name, int(model_version)
        self._flags, self._timeout, self._parameters = flags, timeout, parameters_text(parameters)
        self._trace = trace if trace is not None else InferenceTrace()
        self._replies = self._guard = None

    @classmethod
    def _take(cls, unpacker, block):
        request = cls.__new__(cls)
        tag, flags, request._timeout, number, named = unpacker.take_all(_FIXED)
        name = unpacker.take_text()
        request._sequence = name if named else number
        request._id, request._parameters = unpacker.take_text(), unpacker.take_text() or "{}"
        names = [unpacker.take_text() for _ in range(unpacker.take(U32))]
        request._names = session.output_names if flags & ALL_OUTPUTS else names
        request._flags = flags & ~ALL_OUTPUTS
        request._inputs = take_tensors(unpacker, block)
        request._model, request._version, request._trace = "", -1, None
        request._replies = _Replies(tag, request._names)
        request._guard = _Guard(request._replies)
        return request

    def inputs(self):
        return self._inputs

    def request_id(self):
        return self._id

    def correlation_id(self):
        return self._sequence

    def flags(self):
        return self._flags

    def set_flags(self, flags):
        self._flags = flags

    def timeout(self):
        return self._timeout

    def parameters(self):
        return self._parameters

    def requested_output_names(self):
        return set(self._names)

    def trace(self):
        return self._trace if self._trace is not None else InferenceTrace()

    def get_response_sender(self):
        self._check_received("get_response_sender()")
        return InferenceResponseSender(self._replies, self._guard)

    def is_cancelled(self):
        self._check_received("is_cancelled()")
        return self._replies.is_cancelled()

    def set_release_flags(self, flags):
        if flags != RELEASE_ALL:
            raise TritonModelException("This server does not reschedule requests: set_release_flags() takes TRITONSERVER_REQUEST_RELEASE_ALL only.")

    def _check_received(self, what):
        if self._replies is None:
            raise TritonModelException(f"{what} belongs to requests that the server sent, not to one that the model made.")

    def exec(self, decoupled=False):
        """Asks the server for an inference by another of its models, and waits."""
        number, answers = self._ask(decoupled)
        if decoupled:
            return ResponseIterator(number, answers)
        last, response = False, None
        while not last:
            last, more = _take_answer(answers.get())
            response = more if more is not None else response
        session.questions.done(number)
        if response is None:
            return InferenceResponse(error=TritonError(f"model '{self._model}' gave no response"))
        return response

    def async_exec(self, decoupled=False):
        return asyncio.get_running_loop().run_in_executor(None, self.exec, decoupled)

    def _ask(self, decoupled):
        if not session.in_execute:
            raise TritonModelException("BLS is only supported during the 'execute' function.")
        places, size = places_of(self._inputs)
        block, place = NO_BLOCK, None
        if size > 0:
            place = session.outputs.allocate(size)
            block = _BLOCK.pack(place, size, 1)
            for tensor, (offset, _) in zip(self._inputs, places):
                tensor._copy_to(session.outputs.map, place + 64 + offset)
        named = isinstance(self._sequence, str)
        body = [
            block, U8.pack(decoupled), text(self._model), I64.pack(self._version),
            _FIXED.pack(0, self._flags, self._timeout, 0 if named else self._sequence, named), text(self._sequence if named else ""),
            text(self._id), text(self._parameters), U32.pack(len(self._names)), *map(text, self._names), pack_tensors(self._inputs, places),
        ]  # fmt: skip
        return session.questions.ask(Kind.CALL, b"".join(body))
