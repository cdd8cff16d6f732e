"""pb_utils.load_model() and its like: a model changes which models the server has."""

from ridgeline_stub.errors import TritonModelException
from ridgeline_stub.inference import _BLOCK, NO_BLOCK
from ridgeline_stub.packing import U8, U32, U64, Kind, text
from ridgeline_stub.session import session

FILE = "file:"


def _ask(kind, body, doing):
    try:
        return session.questions.ask_value(kind, body)
    except TritonModelException as error:
        raise TritonModelException(
            f"Failed to {doing}: Failed to process the request for model '{session.instance}', message: {error}"
        ) from None


def _block_of(contents):
    size = sum(map(len, contents))
    if size == 0:
        return NO_BLOCK
    place = session.outputs.allocate(size)
    at = place + 64
    for content in contents:
        session.outputs.map[at : at + len(content)] = content
        at += len(content)
    return _BLOCK.pack(place, size, 1)


def load_model(model_name, config="", files=None):
    """Returns when the model is ready. `config`: a configuration in JSON in place of its own; `files`: what its folder is to
    hold, "file:1/model.onnx" to bytes."""
    if files is not None and not isinstance(files, dict):
        raise TritonModelException(
            f"failed to load model '{model_name}', files should be a dictionary of file paths and file contents"
        )
    files = files or {}
    names = b""
    for path, content in files.items():
        if not path.startswith(FILE) or not isinstance(content, bytes):
            raise TritonModelException(f"failed to load model '{model_name}', files['{path}']: '{FILE}' and a path, to bytes, is wanted")
        names += text(path.removeprefix(FILE)) + U64.pack(len(content))
    body = _block_of(files.values()) + text(model_name) + text(config) + U32.pack(len(files)) + names
    _ask(Kind.LOAD, body, "load model")


def unload_model(model_name, unload_dependents=False):
    """Returns when the model takes no more requests."""
    _ask(Kind.UNLOAD, text(model_name) + U8.pack(bool(unload_dependents)), "unload model")


def is_model_ready(model_name, model_version=""):
    return _ask(Kind.ASK_READY, text(model_name) + text(model_version), "check model readiness") != 0
