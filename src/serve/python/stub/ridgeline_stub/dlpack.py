"""Tensors of other libraries on the CPU, without a copy: the C structures of DLPack (version 0) read and written by ctypes,
since numpy's own exchange has no BF16 and takes no bare capsules."""

import ctypes

import numpy as np

CPU, CPU_PINNED = 1, 3


class _Device(ctypes.Structure):
    _fields_ = [("type", ctypes.c_int32), ("id", ctypes.c_int32)]


class _DataType(ctypes.Structure):
    _fields_ = [("code", ctypes.c_uint8), ("bits", ctypes.c_uint8), ("lanes", ctypes.c_uint16)]


class _DLTensor(ctypes.Structure):
    _fields_ = [
        ("data", ctypes.c_void_p),
        ("device", _Device),
        ("ndim", ctypes.c_int32),
        ("dtype", _DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


class _Managed(ctypes.Structure):
    pass


_Deleter = ctypes.CFUNCTYPE(None, ctypes.POINTER(_Managed))
_Managed._fields_ = [("tensor", _DLTensor), ("context", ctypes.c_void_p), ("deleter", _Deleter)]

_INT, _UINT, _FLOAT, _BFLOAT, _BOOL = 0, 1, 2, 4, 6
_CODES = {
    "BOOL": (_BOOL, 8), "BF16": (_BFLOAT, 16), "FP16": (_FLOAT, 16), "FP32": (_FLOAT, 32), "FP64": (_FLOAT, 64),
    "INT8": (_INT, 8), "INT16": (_INT, 16), "INT32": (_INT, 32), "INT64": (_INT, 64),
    "UINT8": (_UINT, 8), "UINT16": (_UINT, 16), "UINT32": (_UINT, 32), "UINT64": (_UINT, 64),
}  # fmt: skip
_NAMES = {code: name for name, code in _CODES.items()}
_ELEMENT = {_INT: "i", _UINT: "u", _FLOAT: "f", _BFLOAT: "u", _BOOL: "b"}

_FRESH, _USED = b"dltensor", b"used_dltensor"

def _capsule_call(name, result, *arguments):
    """Capsules are named by address, since one that is being destroyed must not be touched as an object."""
    return ctypes.PYFUNCTYPE(result, ctypes.c_void_p, *arguments)((name, ctypes.pythonapi))


_is_valid = _capsule_call("PyCapsule_IsValid", ctypes.c_int, ctypes.c_char_p)
_pointer_of = _capsule_call("PyCapsule_GetPointer", ctypes.c_void_p, ctypes.c_char_p)
_rename = _capsule_call("PyCapsule_SetName", ctypes.c_int, ctypes.c_char_p)
_new_capsule = _capsule_call("PyCapsule_New", ctypes.py_object, ctypes.c_char_p, ctypes.c_void_p)

_lent = {}  # by address: what a capsule points to, until its taker is done with it


@_Deleter
def _give_back(managed):
    _lent.pop(ctypes.addressof(managed.contents), None)


@ctypes.CFUNCTYPE(None, ctypes.c_void_p)
def _capsule_gone(capsule):
    if _is_valid(capsule, _FRESH):
        _lent.pop(_pointer_of(capsule, _FRESH), None)


def capsule_of(array, datatype):
    """A capsule that keeps the array."""
    array = np.ascontiguousarray(array).reshape(array.shape)
    managed = _Managed()
    dims = (ctypes.c_int64 * max(1, array.ndim))(*array.shape)
    tensor = managed.tensor
    tensor.data, tensor.device, tensor.ndim = array.ctypes.data, _Device(CPU, 0), array.ndim
    tensor.dtype = _DataType(*_CODES[datatype], 1)
    tensor.shape, tensor.strides, tensor.byte_offset = dims, None, 0
    managed.deleter = _give_back
    address = ctypes.addressof(managed)
    _lent[address] = (managed, dims, array)
    return _new_capsule(address, _FRESH, ctypes.cast(_capsule_gone, ctypes.c_void_p))


class _Loan:
    """Memory of another library, given back when the last array over it has gone."""

    def __init__(self, capsule, managed, interface):
        self._capsule, self._managed = capsule, managed
        self.__array_interface__ = interface

    def __del__(self):
        if self._managed.deleter:
            self._managed.deleter(ctypes.byref(self._managed))


def array_of(source):
    """(datatype, array over the same memory) of a capsule or of an object with __dlpack__; BF16 as 16-bit integers.
    ValueError for what cannot be taken."""
    capsule = source
    if type(source).__name__ != "PyCapsule":
        if not hasattr(source, "__dlpack__") or not hasattr(source, "__dlpack_device__"):
            raise ValueError("it must be a DLPack capsule or have __dlpack__ and __dlpack_device__")
        if source.__dlpack_device__()[0] not in (CPU, CPU_PINNED):
            raise ValueError("it is on a GPU; only tensors on the CPU are taken")
        capsule = source.__dlpack__()
    if not _is_valid(id(capsule), _FRESH):
        raise ValueError("the DLPack capsule was used before, or is none")
    managed = _Managed.from_address(_pointer_of(id(capsule), _FRESH))
    tensor = managed.tensor
    code = (tensor.dtype.code, tensor.dtype.bits)
    if tensor.device.type not in (CPU, CPU_PINNED):
        raise ValueError("it is on a GPU; only tensors on the CPU are taken")
    if tensor.dtype.lanes != 1 or code not in _NAMES:
        raise ValueError(f"no datatype stands for DLPack's type {code[0]} of {code[1]} bits")
    width = code[1] // 8
    shape = tuple(tensor.shape[axis] for axis in range(tensor.ndim))
    strides = tuple(tensor.strides[axis] * width for axis in range(tensor.ndim)) if tensor.strides else None
    if 0 in shape:
        return _NAMES[code], np.empty(shape, f"{_ELEMENT[code[0]]}{width}")
    _rename(id(capsule), _USED)
    interface = {
        "version": 3, "shape": shape, "strides": strides, "typestr": f"<{_ELEMENT[code[0]]}{width}",
        "data": (tensor.data + tensor.byte_offset, False),
    }  # fmt: skip
    array = np.asarray(_Loan(capsule, managed, interface))
    return _NAMES[code], np.ascontiguousarray(array) if code[0] == _BFLOAT else array
