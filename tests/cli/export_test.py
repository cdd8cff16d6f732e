"""A model keeps its contract from checkpoint to ONNX to answers; what contradicts it is refused, and what an engine contradicts is
not written.

Usage: export_test.py RIDGELINE DISAGREEING_ENGINES
"""

import csv
import json
import os
import pathlib
import struct
import subprocess
import sys
import tempfile

CLASSES = 10
PREPROCESSING = {
    "resize": 40, "crop": 32, "interpolation": "bilinear", "antialias": True, "mean": [0.5, 0.5, 0.5], "std": [0.25, 0.25, 0.25],
    "color_order": "RGB", "layout": "NCHW",
}


class Failure(Exception):
    """What a check found."""


def check(condition: bool, what: str) -> None:
    if not condition:
        raise Failure(what)


class Ridgeline:
    def __init__(self, program: str, folder: pathlib.Path):
        self.program = program
        self.folder = folder

    def __call__(self, *arguments: str, plugins: str = "") -> subprocess.CompletedProcess:
        environment = {**os.environ, "RIDGELINE_PLUGINS": plugins} if plugins else None
        return subprocess.run(
            [self.program, *arguments], cwd=self.folder, capture_output=True, text=True, timeout=300, env=environment
        )

    def document(self, *arguments: str) -> dict:
        done = self(*arguments, "--json")
        check(done.returncode == 0, f"{arguments}: exit code {done.returncode}: {done.stderr}")
        return json.loads(done.stdout)


def with_contract(source: pathlib.Path, target: pathlib.Path, classes: list[str]) -> None:
    """Copies a safetensors file, with a contract among its metadata."""
    data = source.read_bytes()
    length = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8 : 8 + length])
    header["__metadata__"] = {
        **header.get("__metadata__", {}),
        "ridgeline.preprocessing": json.dumps(PREPROCESSING),
        "ridgeline.classes": json.dumps(classes, ensure_ascii=False),
        "ridgeline.image_size": "32",
    }
    text = json.dumps(header, ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    target.write_bytes(struct.pack("<Q", len(text)) + text + data[8 + length :])


def check_contract_travels(ridgeline: Ridgeline) -> None:
    exported = ridgeline.document("export", "named.safetensors", "-o", "named.onnx", "--opset", "15", "--data", "photos/test")
    check(exported["opset"] == 15 and exported["inputs"][0]["shape"].endswith("x3x32x32"), f"not what was asked for: {exported}")
    rows = {row["engine"]: row for row in exported["verification"]["engines"]}
    check(rows["native"]["status"] == "OK" and rows["native"]["max_abs_diff"] < 1e-4, f"native: {rows['native']}")
    answers = ridgeline.document("infer", "named.onnx", "photos/test", "photos/test/*/*.broken", "-k", "3", "--engine", "native",
                                 "--csv", "out.csv")
    check(answers["engine"] == "native" and not answers["contract_assumed"], f"{answers}")
    check(answers["skipped"] == 1 and "снимок.broken" in answers["images"][-1]["error"], "the bad image is not named")
    first = answers["images"][0]["top"]
    check(len(first) == 3 and all(top["class"] == f"класс {top['index']}" for top in first), f"labels: {first}")
    check(first[0]["probability"] >= first[1]["probability"], "not in order")
    from_checkpoint = ridgeline.document("infer", "named.safetensors", "photos/test", "-k", "3", "--engine", "native")
    for file, onnx in zip(from_checkpoint["images"], answers["images"]):
        check(file["top"][0]["class"] == onnx["top"][0]["class"], f"{file} and {onnx} differ")
    rows = list(csv.DictReader((ridgeline.folder / "out.csv").open(encoding="utf-8", newline="")))
    check(rows[0]["class"] == first[0]["class"] and rows[-1]["error"] != "", f"CSV: {rows[0]}, {rows[-1]}")


def check_mismatch_is_refused(ridgeline: Ridgeline) -> None:
    for arguments in (
        ["infer", "misnamed.safetensors", "photos/test"],
        ["export", "misnamed.safetensors", "-o", "never.onnx"],
        ["bench", "misnamed.safetensors", "--engines", "native", "--sizes", "32", "--data", "photos/test", "--out", "race"],
    ):
        done = ridgeline(*arguments)
        lines = [line for line in done.stderr.splitlines() if line.startswith("ridgeline ")]
        check(done.returncode == 2 and len(lines) == 1 and "3 classes" in lines[0], f"{arguments}: {done.returncode}: {done.stderr}")
    check(not (ridgeline.folder / "never.onnx").exists(), "a refused export left a file")


def check_disagreement_is_not_written(ridgeline: Ridgeline, engines: str) -> None:
    (ridgeline.folder / "kept.onnx").write_text("what stood here before", encoding="utf-8")
    done = ridgeline("export", "zoo:lenet", "--image-size", "32", "-o", "kept.onnx", "--json", plugins=engines)
    rows = {row["engine"]: row["status"] for row in json.loads(done.stdout)["verification"]["engines"]}
    check(done.returncode == 1 and rows["wrong"] == "FAILED" and rows["native"] == "OK", f"{done.returncode}: {rows}")
    check((ridgeline.folder / "kept.onnx").read_text(encoding="utf-8") == "what stood here before", "the old file was touched")
    check(not list(ridgeline.folder.glob("kept.onnx?*")), "something was left beside it")


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        ridgeline = Ridgeline(sys.argv[1], folder)
        ridgeline.document("data", "synth", "photos", "--images-per-class", "2")
        (folder / "photos/test/daisy/снимок.broken").write_text("no picture", encoding="utf-8")
        ridgeline.document("import", "zoo:lenet", "--num-classes", str(CLASSES), "--image-size", "32", "-o", "plain.onnx")
        ridgeline.document("export", "plain.onnx", "-o", "plain.safetensors")
        with_contract(folder / "plain.safetensors", folder / "named.safetensors", [f"класс {i}" for i in range(CLASSES)])
        with_contract(folder / "plain.safetensors", folder / "misnamed.safetensors", ["one", "two", "three"])
        try:
            check_contract_travels(ridgeline)
            check_mismatch_is_refused(ridgeline)
            check_disagreement_is_not_written(ridgeline, sys.argv[2])
        except Failure as failure:
            print(failure)
            return 1
    print("contracts travel, contradictions are refused, disagreements are not written")
    return 0


if __name__ == "__main__":
    sys.exit(main())
