"""Talks to a worker process: one JSON object a line, as src/bench/worker_protocol.h says."""

import contextlib
import json
import os
import pathlib
import select
import signal
import subprocess
import tempfile


class WorkerError(Exception):
    """The worker refused, died or did not answer in time."""


class Worker:
    """A child process, with what it starts itself, that loads its work once and runs it when told to."""

    def __init__(self, command: list[str]):
        self.errors = tempfile.TemporaryFile()
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors,
                                        start_new_session=True)

    def ask(self, request: dict, timeout_s: float) -> dict:
        try:
            self.process.stdin.write(json.dumps(request).encode() + b"\n")
            self.process.stdin.flush()
        except BrokenPipeError as error:
            raise WorkerError(self._last_words()) from error
        if not select.select([self.process.stdout], [], [], timeout_s)[0]:
            raise WorkerError(f"no answer in {timeout_s:.0f} s")
        line = self.process.stdout.readline()
        if not line:
            raise WorkerError(self._last_words())
        answer = json.loads(line)
        if "error" in answer:
            raise WorkerError(answer["error"]["message"])
        return answer["ok"]

    def load(self, model: pathlib.Path, engine: str, threads: int, inputs: pathlib.Path, outputs: pathlib.Path, shapes: dict,
             precision: str = "fp32") -> dict:
        options = {"precision": precision, "device": "cpu", "threads": threads, "mode": "latency", "input_shapes": shapes}
        return self.ask({"op": "load", "model": str(model), "engine": engine, "options": json.dumps(options), "inputs_path": str(inputs),
                         "outputs_path": str(outputs)}, timeout_s=600)

    def run(self, skip: int, iterations: int) -> list[float]:
        return self.ask({"op": "run", "skip": skip, "iterations": iterations}, timeout_s=600)["times_us"]

    def pause(self) -> None:
        """Takes the worker off the processor: threads of an idle engine may spin."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def go_on(self) -> None:
        os.killpg(self.process.pid, signal.SIGCONT)

    def _last_words(self) -> str:
        code = self.process.wait()
        self.errors.seek(0)
        lines = self.errors.read().decode(errors="replace").strip().splitlines()
        return f"died with {code}: {lines[-1] if lines else 'no message'}"

    def __enter__(self) -> "Worker":
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.errors.close()
