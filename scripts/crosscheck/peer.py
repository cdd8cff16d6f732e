"""A library driven from Python: answers the same requests as `ridgeline worker` (src/bench/worker_protocol.h), so that both can be raced.

Each library is set up as its own documentation says for latency on a CPU: one stream, all threads on one call, channels-last for PyTorch."""

import json
import pathlib
from collections.abc import Callable

import numpy

import answers
import export_model
import models
import tensors

Call = Callable[[], list[numpy.ndarray]]


def onnxruntime_call(request: dict, threads: int, inputs: list[numpy.ndarray]) -> Call:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(request["model"], options, providers=["CPUExecutionProvider"])
    feed = dict(zip((value.name for value in session.get_inputs()), inputs))
    return lambda: session.run(None, feed)


def openvino_call(request: dict, threads: int, inputs: list[numpy.ndarray]) -> Call:
    import openvino

    core = openvino.Core()
    model = core.read_model(request["model"])
    model.reshape({port: array.shape for port, array in zip(model.inputs, inputs)})
    compiled = core.compile_model(model, "CPU", {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_NUM_THREADS": threads,
                                                 "INFERENCE_PRECISION_HINT": "f32"})
    infer = compiled.create_infer_request()
    for index, array in enumerate(inputs):
        infer.set_input_tensor(index, openvino.Tensor(array, shared_memory=True))

    def call() -> list[numpy.ndarray]:
        infer.infer()
        return [tensor.data for tensor in infer.output_tensors]

    return call


def libtorch_call(request: dict, threads: int, inputs: list[numpy.ndarray]) -> Call:
    """The module that the ONNX file was exported from, traced and frozen (which folds the batch norms): what Python itself takes between two
    operators of an eager module is none of the library's time."""
    import torch

    torch.set_num_threads(threads)
    name = pathlib.Path(request["model"]).name.split(".")[0]
    module = export_model.make(next(model for model in models.MODELS if model.name == name))
    batch = torch.from_numpy(inputs[0])
    with torch.inference_mode():
        frozen = torch.jit.freeze(torch.jit.trace(module.to(memory_format=torch.channels_last), batch))

    def call() -> list[numpy.ndarray]:
        with torch.inference_mode():
            return [frozen(batch.to(memory_format=torch.channels_last)).numpy()]

    return call


CALLS = {"onnxruntime": onnxruntime_call, "openvino": openvino_call, "libtorch": libtorch_call}


def load(request: dict) -> Call:
    inputs = [array.copy() for array in tensors.read(pathlib.Path(request["inputs_path"]))]
    call = CALLS[request["engine"]](request, json.loads(request["options"])["threads"], inputs)
    tensors.write(pathlib.Path(request["outputs_path"]), call())
    return call


if __name__ == "__main__":
    answers.serve(load)
