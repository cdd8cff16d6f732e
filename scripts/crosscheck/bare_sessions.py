"""bare_sessions.py MODEL SESSIONS SIZE SECONDS: images a second of ONNX Runtime on so many threads that each run four at a time; one JSON number."""

import json
import sys
import threading
import time

import numpy as np
import onnxruntime

BATCH = 4


def main() -> None:
    model, count, size, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    images = np.random.default_rng(1).standard_normal((BATCH, 3, size, size), np.float32)
    rates = [0.0] * count
    ready = threading.Barrier(count)

    def work(number: int) -> None:
        session.run(None, {"input": images})
        ready.wait()
        begin, done = time.monotonic(), 0
        while time.monotonic() - begin < seconds:
            session.run(None, {"input": images})
            done += BATCH
        rates[number] = done / (time.monotonic() - begin)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    print(json.dumps(sum(rates)))


if __name__ == "__main__":
    main()
