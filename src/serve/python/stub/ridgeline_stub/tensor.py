"""pb_utils.Tensor: a numpy array, or bytes in shared memory, with a name."""

import struct

import numpy as np

from ridgeline_stub import dlpack
from ridgeline_stub.arena import aligned
from ridgeline_stub.errors import TritonModelException
from ridgeline_stub.packing import I64, U8, U32, U64, text

NUMPY_OF = {
    "BOOL": np.dtype(np.bool_),
    "UINT8": np.dtype(np.uint8),
    "UINT16": np.dtype(np.uint16),
    "UINT32": np.dtype(np.uint32),
    "UINT64": np.dtype(np.uint64),
    "INT8": np.dtype(np.int8),
    "INT16": np.dtype(np.int16),
    "INT32": np.dtype(np.int32),
    "INT64": np.dtype(np.int64),
    "FP16": np.dtype(np.float16),
    "FP32": np.dtype(np.float32),
    "FP64": np.dtype(np.float64),
    "BYTES": np.dtype(np.object_),
    "BF16": None,  # numpy has none: DLPack carries it
}
NAME_OF = {dtype: name for name, dtype in NUMPY_OF.items() if dtype is not None}
TRITON_NUMBER = {name: number for number, name in enumerate(NUMPY_OF, 1)}
BITS = np.dtype(np.uint16)  # a BF16 element's

_names = []  # by the number that messages use
_numbers = {}


def use_datatypes(names):
    """The datatypes in the order in which messages number them."""
    _names[:] = names
    _numbers.update({name: number for number, name in enumerate(names)})


def serialize_byte_tensor(input_tensor):
    """The elements of an array of bytes or str, each behind its length; None for other arrays."""
    if input_tensor.size == 0:
        return ()
    if input_tensor.dtype != np.object_ and input_tensor.dtype.type != np.bytes_:
        return None
    parts = []
    for item in input_tensor.ravel(order="C").tolist():
        encoded = item if isinstance(item, bytes) else str(item).encode("utf-8")
        parts.append(struct.pack("<I", len(encoded)))
        parts.append(encoded)
    return b"".join(parts)


def deserialize_bytes_tensor(encoded_tensor):
    """A flat array of bytes objects from elements that each stand behind their length."""
    encoded = bytes(encoded_tensor)
    items, at = [], 0
    while at < len(encoded):
        begin = at + 4
        at = begin + struct.unpack_from("<I", encoded, at)[0]
        if at > len(encoded):
            raise struct.error("an element is cut short")
        items.append(encoded[begin:at])
    array = np.empty(len(items), dtype=np.object_)
    array[:] = items
    return array


class Tensor:
    __slots__ = ("_name", "_type", "_shape", "_array", "_bytes")

    def __init__(self, name, numpy_array):
        if not isinstance(name, str) or not isinstance(numpy_array, np.ndarray):
            raise TypeError(f"Tensor(name: str, array: numpy.ndarray) was given {type(name).__name__} and {type(numpy_array).__name__}")
        if name == "":
            raise TritonModelException("Tensor name cannot be an empty string.")
        dtype = numpy_array.dtype
        if not dtype.isnative:
            numpy_array = numpy_array.astype(dtype.newbyteorder("="))
            dtype = numpy_array.dtype
        kind = "BYTES" if dtype.type is np.bytes_ else NAME_OF.get(dtype)
        if kind is None:
            raise TritonModelException(f"Tensor '{name}' has the numpy type {dtype}, which no datatype stands for.")
        self._name, self._type, self._shape = name, kind, numpy_array.shape
        self._array, self._bytes = numpy_array, None

    @classmethod
    def _of(cls, name, kind, shape, memory):
        tensor = cls.__new__(cls)
        tensor._name, tensor._type, tensor._shape = name, kind, shape
        tensor._array, tensor._bytes = None, memory
        return tensor

    def name(self):
        return self._name

    def shape(self):
        return list(self._shape)

    def triton_dtype(self):
        return TRITON_NUMBER[self._type]

    def is_cpu(self):
        return True

    def as_numpy(self):
        """A view of the memory that is shared with the server where the tensor came from there; None for BF16."""
        if self._array is None:
            dtype = NUMPY_OF[self._type]
            if self._type == "BYTES":
                self._array = deserialize_bytes_tensor(self._bytes).reshape(self._shape)
            elif dtype is not None:
                self._array = np.ndarray(self._shape, dtype, self._bytes)
        return self._array

    def to_dlpack(self):
        if self._type == "BYTES":
            raise TritonModelException("DLPack does not have support for string tensors.")
        return dlpack.capsule_of(self._elements(), self._type)

    def __dlpack__(self, stream=None, **_):
        return self.to_dlpack()

    def __dlpack_device__(self):
        return dlpack.CPU, 0

    @staticmethod
    def from_dlpack(name, tensor):
        if name == "":
            raise TritonModelException("Tensor name cannot be an empty string.")
        try:
            kind, array = dlpack.array_of(tensor)
        except ValueError as reason:
            raise TritonModelException(f"Tensor '{name}': {reason}") from None
        return Tensor._of(name, kind, array.shape, array) if kind == "BF16" else Tensor(name, array)

    def _elements(self):
        """As an array that can be copied: BF16 as bits."""
        if self._type != "BF16":
            return self.as_numpy()
        return np.ndarray(self._shape, BITS, self._bytes)

    def _byte_size(self):
        if self._type == "BYTES":
            if self._bytes is None:
                self._bytes = np.frombuffer(serialize_byte_tensor(self._array) or b"", np.uint8)
            return self._bytes.size
        return self._elements().nbytes

    def _copy_to(self, memory, place):
        source = self._bytes if self._type == "BYTES" else self._elements()
        if source.size != 0:
            np.ndarray(source.shape, source.dtype, memory, place)[...] = source


def places_of(tensors):
    """(offset and size of each tensor within one block, bytes of the block)."""
    places, end = [], 0
    for tensor in tensors:
        begin, size = aligned(end), tensor._byte_size()
        places.append((begin, size))
        end = begin + size
    return places, end


def pack_tensors(tensors, places):
    parts = [U32.pack(len(tensors))]
    for tensor, (offset, size) in zip(tensors, places):
        shape = tensor._shape
        parts.append(text(tensor._name))
        parts.append(struct.pack(f"<BB{len(shape)}qQQ", _numbers[tensor._type], len(shape), *shape, offset, size))
    return b"".join(parts)


def take_tensors(unpacker, block):
    tensors = []
    for _ in range(unpacker.take(U32)):
        name = unpacker.take_text()
        kind = _names[unpacker.take(U8)]
        shape = tuple(unpacker.take(I64) for _ in range(unpacker.take(U8)))
        offset, size = unpacker.take(U64), unpacker.take(U64)
        if offset + size > block.size:
            raise ValueError(f"tensor '{name}' lies outside of its block")
        tensors.append(Tensor._of(name, kind, shape, block[offset : offset + size]))
    return tensors
