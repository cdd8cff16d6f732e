"""Takes the weights out of an ONNX file: what stays is the graph, small enough to be kept as test data.

Tensors of more than SMALL elements become external data in a file that is not there, `weights.bin`, each from its first byte: whoever reads
the graph puts a file of zeros beside it (tests/cost/exported_models_test.cpp does). Smaller tensors, which may hold shapes and axes, stay."""

import pathlib
from collections.abc import Iterator

import onnx

SMALL = 64
WEIGHTS = "weights.bin"


def _graphs(graph: onnx.GraphProto) -> Iterator[onnx.GraphProto]:
    yield graph
    for node in graph.node:
        for attribute in node.attribute:
            for body in [attribute.g, *attribute.graphs]:
                if body.node:
                    yield from _graphs(body)


def _tensors(graph: onnx.GraphProto) -> Iterator[onnx.TensorProto]:
    yield from graph.initializer
    for node in graph.node:
        yield from (attribute.t for attribute in node.attribute if attribute.type == onnx.AttributeProto.TENSOR)


def _strip_tensor(tensor: onnx.TensorProto) -> None:
    array = onnx.numpy_helper.to_array(tensor)
    if array.size <= SMALL:
        return
    stripped = onnx.TensorProto(name=tensor.name, data_type=tensor.data_type, dims=tensor.dims)
    stripped.data_location = onnx.TensorProto.EXTERNAL
    for key, value in {"location": WEIGHTS, "offset": "0", "length": str(array.nbytes)}.items():
        stripped.external_data.add(key=key, value=value)
    tensor.CopyFrom(stripped)


def _forget_origin(graph: onnx.GraphProto) -> None:
    """Stack traces and module names, which would be most of the file."""
    for part in [graph, *graph.node, *graph.initializer, *graph.value_info, *graph.input, *graph.output]:
        part.ClearField("doc_string")
        del part.metadata_props[:]


def strip(source: pathlib.Path, target: pathlib.Path) -> None:
    """Writes `source` without its weights."""
    model = onnx.load(source)
    for graph in list(_graphs(model.graph)):
        _forget_origin(graph)
        for tensor in _tensors(graph):
            _strip_tensor(tensor)
    model.ClearField("doc_string")
    del model.metadata_props[:]
    target.write_bytes(model.SerializeToString(deterministic=True))
