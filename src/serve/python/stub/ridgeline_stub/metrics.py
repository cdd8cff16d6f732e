"""pb_utils.MetricFamily: what a model counts, shown on the server's metrics page (the C++ side: serve/process/child_metrics.h)."""

import enum
import itertools
import struct

from ridgeline_stub.errors import TritonModelException
from ridgeline_stub.packing import U8, U32, U64, Kind, text
from ridgeline_stub.session import session

MAKE_FAMILY, MAKE_METRIC, INCREMENT, SET, OBSERVE, VALUE, DROP_METRIC, DROP_FAMILY = range(8)

_CHANGE = struct.Struct("<BQd")
_numbers = itertools.count(1)


class MetricKind(enum.IntEnum):
    COUNTER, GAUGE, HISTOGRAM = range(3)


def _drop(what, number):
    try:
        session.questions.tell(Kind.METRIC, 0, _CHANGE.pack(what, number, 0))
    except Exception:
        pass  # the server has gone, or the interpreter ends: both forget it anyway


class _Family:
    """What a family and its metrics share."""

    def __init__(self, number, kind):
        self.number, self.kind, self.deleted = number, kind, False


class Metric:
    """Made by MetricFamily.Metric()."""

    def __init__(self, family, labels, buckets):
        self._family, self._number = family, None
        number = next(_numbers)
        pairs = [text(str(part)) for label in labels.items() for part in label]
        session.questions.ask_value(
            Kind.METRIC,
            U8.pack(MAKE_METRIC) + U64.pack(number) + U64.pack(family.number) + U32.pack(len(labels)) + b"".join(pairs)
            + U32.pack(len(buckets)) + struct.pack(f"<{len(buckets)}d", *buckets),
        )  # fmt: skip
        self._number = number

    def __del__(self):
        if self._number is not None:
            _drop(DROP_METRIC, self._number)

    def _do(self, what, operand=0.0):
        if self._family.deleted:
            raise TritonModelException(
                "Invalid metric operation as the corresponding 'MetricFamily' has been deleted. The 'MetricFamily' object should be "
                "deleted AFTER its corresponding 'Metric' objects have been deleted."
            )
        return session.questions.ask_value(Kind.METRIC, _CHANGE.pack(what, self._number, operand))

    def _change(self, what, operand, doing):
        try:
            self._do(what, operand)
        except TritonModelException as error:
            raise TritonModelException(f"Failed to {doing} metric value: {error}") from None

    def increment(self, value):
        self._change(INCREMENT, value, "increment")

    def set(self, value):
        self._change(SET, value, "set")

    def observe(self, value):
        self._change(OBSERVE, value, "observe")

    def value(self):
        try:
            return self._do(VALUE)
        except TritonModelException as error:
            raise TritonModelException(f"Failed to get metric value: {error}") from None


class MetricFamily:
    COUNTER, GAUGE, HISTOGRAM = MetricKind.COUNTER, MetricKind.GAUGE, MetricKind.HISTOGRAM

    def __init__(self, name, description, kind):
        self._family = None
        number, kind = next(_numbers), MetricKind(kind)
        try:
            session.questions.ask_value(
                Kind.METRIC, U8.pack(MAKE_FAMILY) + U64.pack(number) + U8.pack(kind) + text(name) + text(description)
            )
        except TritonModelException as error:
            raise TritonModelException(f"Error when creating MetricFamily: {error}") from None
        self._family = _Family(number, kind)

    def __del__(self):
        if self._family is not None:
            self._family.deleted = True
            _drop(DROP_FAMILY, self._family.number)

    def Metric(self, labels=None, buckets=None):
        """The metric with these labels; `buckets` are the upper bounds of a histogram's."""
        if labels is not None and not isinstance(labels, dict):
            raise TritonModelException("Failed to create metric. Labels must be a dictionary.")
        if buckets is not None and not isinstance(buckets, list):
            raise TritonModelException("Failed to create metric. Buckets must be a list.")
        histogram = self._family.kind == MetricKind.HISTOGRAM
        if histogram and buckets is None:
            raise TritonModelException("Failed to create metric. Missing required buckets.")
        if not histogram and buckets is not None:
            raise TritonModelException("Failed to create metric. Unexpected buckets found.")
        try:
            return Metric(self._family, labels or {}, buckets or [])
        except TritonModelException as error:
            raise TritonModelException(f"Error when creating Metric: {error}") from None
