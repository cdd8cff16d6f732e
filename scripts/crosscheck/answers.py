"""A worker's side of the talk: one JSON object a line, as src/bench/worker_protocol.h says."""

import json
import sys
import time
from collections.abc import Callable


def timed(call: Callable[[], object], skip: int, iterations: int) -> list[float]:
    """Microseconds of each call after those that are skipped."""
    for _ in range(skip):
        call()
    times_us = []
    for _ in range(iterations):
        start = time.perf_counter_ns()
        call()
        times_us.append((time.perf_counter_ns() - start) / 1e3)
    return times_us


def serve(load: Callable[[dict], Callable[[], object]]) -> None:
    """Answers "load" with what `load` makes of the request, and "run" with the times of its calls, until the input ends."""
    call = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["op"] == "load":
            call = load(request)
            answer = {}
        else:
            answer = {"times_us": timed(call, request["skip"], request["iterations"])}
        print(json.dumps({"ok": answer}), flush=True)
