"""Errors of models, and the words in which the server hears of them."""


class TritonModelException(Exception):
    pass


class Refusal(Exception):
    """What this side has to say of a model; told without a traceback."""


class TritonError:
    UNKNOWN, INTERNAL, NOT_FOUND, INVALID_ARG, UNAVAILABLE, UNSUPPORTED, ALREADY_EXISTS, CANCELLED = range(8)

    def __init__(self, message, code=INTERNAL):
        if not isinstance(message, str):
            raise TypeError(f"TritonError(message: str) was given {type(message).__name__}")
        if code not in range(8):
            raise TypeError("TritonError(code) must be one of TritonError.UNKNOWN to TritonError.CANCELLED")
        self._message, self._code = message, code

    def code(self):
        return self._code

    def message(self):
        return self._message


def describe(error, own_prefix):
    """An exception as Triton words it: its type and text, then the frames from the innermost outwards, as far as they are
    the model's."""
    if isinstance(error, Refusal):
        return str(error)
    lines = [f"{type(error).__name__}: {error}", "", "At:"]
    frames = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        frames.append((code.co_filename, trace.tb_lineno, code.co_name))
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename is not None:
        frames.append((error.filename, error.lineno, "<module>"))
    of_model = [frame for frame in frames if not frame[0].startswith((own_prefix, "<frozen importlib"))]
    if not of_model:
        return lines[0]
    lines += [f"  {file}({line}): {name}" for file, line, name in reversed(of_model)]
    return "\n".join(lines) + "\n"
