"""quantize takes a model and a folder of images, tells in one JSON document what it did, and writes a model that runs.

Usage: quantize_test.py RIDGELINE
"""

import json
import pathlib
import subprocess
import sys
import tempfile


def run(folder: str, *arguments: str, code: int = 0) -> str:
    done = subprocess.run([sys.argv[1], *arguments], cwd=folder, capture_output=True, text=True, timeout=300)
    if done.returncode != code:
        sys.exit(f"{arguments}: exit code {done.returncode}, not {code}\n{done.stdout}{done.stderr}")
    return done.stdout


def check(condition: bool, what: str) -> None:
    if not condition:
        sys.exit(what)


def check_document(document: dict) -> None:
    check(document["engine"] == "native" and document["calibration_images"] == 6, str(document))
    for key in ("verdict", "words", "instructions", "peak_ratio", "fp32_ms", "int8_ms", "conversion_ms", "speedup", "layers"):
        check(key in document["forecast"], f"no forecast/{key}")
    accuracy = document["accuracy"]
    check(accuracy["images"] > 0 and 0 <= accuracy["before"]["low"] <= accuracy["before"]["top1"] <= accuracy["before"]["high"] <= 1,
          str(accuracy))
    check(accuracy["after"]["drop_points"] <= accuracy["max_drop_points"], str(accuracy))
    check([layer["decision"] for layer in document["layers"]] == ["int8"] * 6, str(document["layers"]))
    check(document["bytes"]["after"] < 0.3 * document["bytes"]["before"], str(document["bytes"]))


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        run(folder, "data", "synth", "photos", "--images-per-class", "2")
        run(folder, "import", "zoo:lenet", "--image-size", "64", "-o", "model.onnx")
        forecast = json.loads(run(folder, "quantize", "model.onnx", "--forecast", "--json"))["forecast"]
        check(len(forecast["layers"]) >= 6 and forecast["speedup"]["onnxruntime"] > 0, str(forecast))
        options = ["quantize", "model.onnx", "--data", "photos", "--engine", "native", "--samples", "6", "--batch", "2", "--json"]
        for method in ("minmax", "entropy", "percentile"):
            document = json.loads(run(folder, *options, "--method", method, "--max-drop", "100", "-o", f"{method}.onnx"))
            check(document["method"] == method, str(document))
            check_document(document)
            photo = next(pathlib.Path(folder, "photos/test").rglob("*.jpg"))
            run(folder, "infer", f"{method}.onnx", str(photo), "--engine", "native", "--precision", "fp32")
    print("quantize does what it says")


if __name__ == "__main__":
    main()
