"""Tensors in files as `ridgeline worker` reads and writes them: a line of JSON that tells types and shapes, then the elements."""

import json
import pathlib

import numpy

TYPES = {"f32": "float32", "f64": "float64", "i32": "int32", "i64": "int64", "u8": "uint8", "i8": "int8", "bool": "bool"}
NAMES = {numpy.dtype(theirs): ours for ours, theirs in TYPES.items()}


def write(path: pathlib.Path, arrays: list[numpy.ndarray]) -> None:
    header = [{"dtype": NAMES[array.dtype], "shape": list(array.shape)} for array in arrays]
    content = b"".join(numpy.ascontiguousarray(array).tobytes() for array in arrays)
    path.write_bytes(json.dumps(header).encode() + b"\n" + content)


def read(path: pathlib.Path) -> list[numpy.ndarray]:
    line, content = path.read_bytes().split(b"\n", 1)
    arrays, offset = [], 0
    for entry in json.loads(line):
        dtype = numpy.dtype(TYPES[entry["dtype"]])
        count = int(numpy.prod(entry["shape"], dtype=numpy.int64))
        arrays.append(numpy.frombuffer(content, dtype, count, offset).reshape(entry["shape"]))
        offset += count * dtype.itemsize
    return arrays


def relative_difference(reference: list[numpy.ndarray], outputs: list[numpy.ndarray]) -> float:
    """The largest difference of any output to that output's largest value; infinite where shapes or types differ."""
    if [(a.dtype, a.shape) for a in reference] != [(a.dtype, a.shape) for a in outputs]:
        return float("inf")
    worst = 0.0
    for theirs, ours in zip(reference, outputs):
        if theirs.size:
            scale = float(numpy.abs(theirs).max()) or 1.0
            worst = max(worst, float(numpy.abs(theirs.astype(numpy.float64) - ours).max()) / scale)
    return worst
