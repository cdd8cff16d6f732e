"""The repository that is served while it is soaked, and questions with the answers that are right, computed without the server."""

import dataclasses
import pathlib
import shutil

import numpy as np

from soak import lenet

QUESTIONS = 32  # of each model
SEEDS = (1, 2, 3)  # of the weights that replace each other
LENET_TOLERANCE = 1e-4  # of sums in FP32 in any order; answers to different questions are much further apart
PIXELS = "dims: [ 3, 32, 32 ]"

PYTHON = """import time

import numpy as np
import triton_python_backend_utils as pb_utils


class TritonPythonModel:
"""
SCALE = """    def execute(self, requests):
        time.sleep({seconds})
        given = [pb_utils.get_input_tensor_by_name(request, "INPUT0").as_numpy() for request in requests]
        return [pb_utils.InferenceResponse([pb_utils.Tensor("OUTPUT0", pixels * np.float32({factor}))]) for pixels in given]
"""
RUNNING_SUM = """    def initialize(self, args):
        self.sums = {}

    def execute(self, requests):
        answers = []
        for request in requests:
            start, end, number, given = (pb_utils.get_input_tensor_by_name(request, name).as_numpy().reshape(-1)[0] for name in ("START", "END", "ID", "INPUT0"))
            total = given + (0 if start else self.sums.pop(number))
            if not end:
                self.sums[number] = total
            answers.append(pb_utils.InferenceResponse([pb_utils.Tensor("OUTPUT0", np.array([[total]], np.int32))]))
        return answers
"""
COUNT_UP = """    def execute(self, requests):
        for request in requests:
            sender = request.get_response_sender()
            first, count = pb_utils.get_input_tensor_by_name(request, "INPUT0").as_numpy().reshape(-1)
            for number in range(first, first + count):
                sender.send(pb_utils.InferenceResponse([pb_utils.Tensor("OUTPUT0", np.array([number], np.int32))]))
            sender.send(flags=pb_utils.TRITONSERVER_RESPONSE_COMPLETE_FINAL)
"""


@dataclasses.dataclass(frozen=True)
class Question:
    model: str
    inputs: dict[str, np.ndarray]
    outputs: dict[str, np.ndarray]
    tolerance: float = 0

    def check(self, answer: dict[str, np.ndarray]) -> str:
        """What is wrong with it; empty: nothing."""
        for name, right in self.outputs.items():
            if name not in answer:
                return f"{self.model}: no output {name}"
            given = answer[name]
            if given.shape != right.shape or given.dtype != right.dtype:
                return f"{self.model}: {name} is {given.dtype}{list(given.shape)}, not {right.dtype}{list(right.shape)}"
            if not np.allclose(given, right, rtol=0, atol=self.tolerance):
                return f"{self.model}: {name} is {np.abs(given - right).max():.3g} off"
        return ""


def tensor(kind: str, name: str, datatype: str, dims: str) -> str:
    return f'{kind} [ {{ name: "{name}" data_type: TYPE_{datatype} {dims} }} ]\n'


class Repository:
    """Folders under `root`; questions() are asked of them."""

    def __init__(self, ridgeline: pathlib.Path, root: pathlib.Path):
        self.root = root
        self._store = root.parent / "lenets"
        self._store.mkdir()
        self._random = np.random.default_rng(7)
        self._images = self._random.standard_normal((QUESTIONS, 1, 3, 32, 32), np.float32)
        self._logits = {}
        for seed in SEEDS:
            for ending in ("onnx", "safetensors"):
                lenet.write(ridgeline, seed, self._store / f"{seed}.{ending}")
            weights = lenet.read_weights(self._store / f"{seed}.safetensors")
            self._logits[seed] = [lenet.logits(weights, image[0]).astype(np.float32)[None] for image in self._images]
        self._must_tell_apart([row for rows in self._logits.values() for row in rows])
        self._halved = [lenet.logits(lenet.read_weights(self._store / f"{SEEDS[0]}.safetensors"), image[0] * 0.5).astype(np.float32)[None] for image in self._images]

    @staticmethod
    def _must_tell_apart(rows: list[np.ndarray]) -> None:
        nearest = min(np.abs(one - other).max() for i, one in enumerate(rows) for other in rows[:i])
        if nearest < 10 * LENET_TOLERANCE:
            raise AssertionError(f"right answers are only {nearest:.2g} apart: a wrong one could pass")

    def _config(self, model: str, text: str) -> pathlib.Path:
        folder = self.root / model
        (folder / "1").mkdir(parents=True)
        (folder / "config.pbtxt").write_text(text)
        return folder

    def write_steady(self) -> None:
        """Models that stay: built in, Python, an engine, an ensemble of these, sequences, and many answers to a question."""
        self.write_identity("identity", "FP32")
        self.write_identity("whole", "INT32")
        self.write_scale("scale")
        self.write_lenet("lenet")
        self._config("pair", 'platform: "ensemble" max_batch_size: 8\n' + tensor("input", "pixels", "FP32", PIXELS) + tensor("output", "logits", "FP32", "dims: [ 10 ]")
                     + 'ensemble_scheduling { step [\n'
                     '{ model_name: "scale" model_version: -1 input_map { key: "INPUT0" value: "pixels" } output_map { key: "OUTPUT0" value: "halved" } },\n'
                     '{ model_name: "lenet" model_version: -1 input_map { key: "input" value: "halved" } output_map { key: "logits" value: "logits" } } ] }\n')
        controls = "".join(f'{{ name: "{kind}" control [ {{ kind: CONTROL_SEQUENCE_{kind} int32_false_true: [ 0, 1 ] }} ] }}, ' for kind in ("START", "END"))
        self._python("running", RUNNING_SUM,
                     "max_batch_size: 8\n" + tensor("input", "INPUT0", "INT32", "dims: [ 1 ]") + tensor("output", "OUTPUT0", "INT32", "dims: [ 1 ]")
                     + f'sequence_batching {{ max_sequence_idle_microseconds: 600000000 oldest {{ max_candidate_sequences: 64 }}\ncontrol_input [ {controls}'
                     '{ name: "ID" control [ { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_UINT64 } ] } ] }\n')
        self._python("several", COUNT_UP, "max_batch_size: 0\n" + tensor("input", "INPUT0", "INT32", "dims: [ 2 ]") + tensor("output", "OUTPUT0", "INT32", "dims: [ 1 ]")
                     + "model_transaction_policy { decoupled: true }\n")

    def write_identity(self, model: str, datatype: str) -> None:
        self._config(model, 'backend: "identity" max_batch_size: 0\n'
                     + tensor("input", "INPUT0", datatype, "dims: [ -1, 16 ]") + tensor("output", "OUTPUT0", datatype, "dims: [ -1, 16 ]"))

    def _python(self, model: str, code: str, config: str) -> pathlib.Path:
        folder = self._config(model, 'backend: "python"\n' + config + "instance_group [ { count: 1 kind: KIND_CPU } ]\n")
        (folder / "1" / "model.py").write_text(PYTHON + code)
        return folder

    def write_scale(self, model: str, seconds: float = 0) -> pathlib.Path:
        return self._python(model, SCALE.format(factor=0.5, seconds=seconds), "max_batch_size: 8 dynamic_batching {}\n"
                            + tensor("input", "INPUT0", "FP32", PIXELS) + tensor("output", "OUTPUT0", "FP32", PIXELS))

    def write_lenet(self, model: str, backend: str = "onnxruntime", more: str = "") -> pathlib.Path:
        folder = self._config(model, f'backend: "{backend}" max_batch_size: 8 dynamic_batching {{}}\ninstance_group [ {{ count: 1 kind: KIND_CPU }} ]\n{more}')
        shutil.copy(self._store / f"{SEEDS[0]}.onnx", folder / "1" / "model.onnx")
        return folder

    def replace(self, model: str, version: int) -> None:
        """A new version beside the old ones, of which the one before the last goes."""
        folder = self.root / model
        made = self._store / f"{model}.{version}"  # renamed when it is whole
        made.mkdir()
        if (folder / f"{version - 1}" / "model.py").exists():
            (made / "model.py").write_text(PYTHON + SCALE.format(factor=version, seconds=0))
        else:
            shutil.copy(self._store / f"{self.seed_of(version)}.onnx", made / "model.onnx")
        made.rename(folder / f"{version}")
        shutil.rmtree(folder / f"{version - 2}", ignore_errors=True)

    @staticmethod
    def seed_of(version: int) -> int:
        return SEEDS[(version - 1) % len(SEEDS)]

    def identity(self, model: str) -> list[Question]:
        rows = [1, 1, 1, 4, 64, 2048]  # 2048: 128 KiB
        made = [self._random.integers(-999, 999, (rows[i % len(rows)], 16)) for i in range(QUESTIONS)]
        made = [numbers.astype(np.int32) if model == "whole" else numbers.astype(np.float32) / 8 for numbers in made]
        return [Question(model, {"INPUT0": numbers}, {"OUTPUT0": numbers}) for numbers in made]

    def scale(self, model: str, version: int | None = None) -> list[Question]:
        factor = np.float32(0.5 if version in (None, 1) else version)
        return [Question(model, {"INPUT0": image}, {"OUTPUT0": image * factor}) for image in self._images]

    def lenet(self, model: str, version: int = 1) -> list[Question]:
        return [Question(model, {"input": image}, {"logits": row}, LENET_TOLERANCE) for image, row in zip(self._images, self._logits[self.seed_of(version)], strict=True)]

    def pair(self) -> list[Question]:
        return [Question("pair", {"pixels": image}, {"logits": row}, LENET_TOLERANCE) for image, row in zip(self._images, self._halved, strict=True)]
