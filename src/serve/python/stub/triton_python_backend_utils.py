"""What models import as pb_utils: the names and the behaviour of Triton's Python backend, for a process of this server."""

import numpy as np

from ridgeline_stub.errors import TritonError, TritonModelException
from ridgeline_stub.inference import COMPLETE_FINAL as TRITONSERVER_RESPONSE_COMPLETE_FINAL
from ridgeline_stub.inference import FLAG_SEQUENCE_END as TRITONSERVER_REQUEST_FLAG_SEQUENCE_END
from ridgeline_stub.inference import FLAG_SEQUENCE_START as TRITONSERVER_REQUEST_FLAG_SEQUENCE_START
from ridgeline_stub.inference import RELEASE_ALL as TRITONSERVER_REQUEST_RELEASE_ALL
from ridgeline_stub.inference import RELEASE_RESCHEDULE as TRITONSERVER_REQUEST_RELEASE_RESCHEDULE
from ridgeline_stub.inference import (
    InferenceRequest,
    InferenceResponse,
    InferenceResponseSender,
    InferenceTrace,
    PreferredMemory,
    ResponseIterator,
)
from ridgeline_stub.logger import Logger
from ridgeline_stub.metrics import Metric, MetricFamily, MetricKind
from ridgeline_stub.model_config import ModelConfig
from ridgeline_stub.models import is_model_ready, load_model, unload_model
from ridgeline_stub.session import session
from ridgeline_stub.tensor import NUMPY_OF, TRITON_NUMBER, Tensor, deserialize_bytes_tensor, serialize_byte_tensor

TRITONSERVER_MEMORY_CPU, TRITONSERVER_MEMORY_GPU = 0, 2

TRITON_STRING_TO_NUMPY = {
    f"TYPE_{'STRING' if name == 'BYTES' else name}": bool if name == "BOOL" else dtype.type
    for name, dtype in NUMPY_OF.items()
    if dtype is not None
}

def get_input_tensor_by_name(inference_request, name):
    """The input of that name, or None."""
    for tensor in inference_request.inputs():
        if tensor.name() == name:
            return tensor
    return None


def get_output_tensor_by_name(inference_response, name):
    """The output of that name, or None."""
    for tensor in inference_response.output_tensors():
        if tensor.name() == name:
            return tensor
    return None


def _named(properties, name):
    return next((one for one in properties if one["name"] == name), None)


def get_input_config_by_name(model_config, name):
    """The properties of the input in a parsed configuration, or None."""
    return _named(model_config.get("input", ()), name)


def get_output_config_by_name(model_config, name):
    """The properties of the output in a parsed configuration, or None."""
    return _named(model_config.get("output", ()), name)


def using_decoupled_model_transaction_policy(model_config):
    return model_config.get("model_transaction_policy", {}).get("decoupled", False)


def triton_to_numpy_type(data_type):
    """numpy's type for the number of a datatype."""
    for name, number in TRITON_NUMBER.items():
        if number == data_type and NUMPY_OF[name] is not None:
            return NUMPY_OF[name].type
    return None


def numpy_to_triton_type(data_type):
    """The number of the datatype for one of numpy's types."""
    if data_type == np.bytes_:
        return TRITON_NUMBER["BYTES"]
    for name, dtype in NUMPY_OF.items():
        if dtype is not None and dtype == data_type:
            return TRITON_NUMBER[name]
    return None


def triton_string_to_numpy(triton_type_string):
    """numpy's type for "TYPE_FP32" and the like."""
    return TRITON_STRING_TO_NUMPY[triton_type_string]


def get_model_dir():
    """The folder of the model's version."""
    return session.model_folder
