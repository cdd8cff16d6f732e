"""Bad usage and bad input end in exit code 2 and one line that names the command, what is wrong and where.

Usage: bad_input_test.py RIDGELINE
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

WEIGHTS = pathlib.Path(__file__).parent.parent / "data" / "weights"

# Arguments, and words that the line must hold.
CASES = [
    ([], ["subcommand"]),
    (["frobnicate"], ["frobnicate"]),
    (["doctor", "extra"], ["extra"]),
    (["analyze"], ["--conv"]),
    (["analyze", "absent.onnx"], ["absent.onnx", "no such file"]),
    (["analyze", "text.onnx"], ["text.onnx", "not a valid ONNX file"]),
    (["analyze", "cut.onnx"], ["cut.onnx", "not a valid ONNX file"]),
    (["analyze", "empty"], ["empty", "directory"]),
    (["analyze", "zoo:resnet99"], ["resnet99", "resnet18"]),
    (["analyze", "zoo:lenet", "--batch", "0"], ["--batch", "0"]),
    (["analyze", "zoo:lenet", "--device", "abacus"], ["abacus", "T4"]),
    (["analyze", "--conv", "64,64"], ["--conv", "64,64"]),
    (["analyze", "zoo:lenet", "--bogus"], ["--bogus"]),
    (["bench", "zoo:lenet", "--engines", "steam"], ["steam", "native"]),
    (["bench", "zoo:lenet", "--precisions", "fp8"], ["fp8", "fp16"]),
    (["bench", "zoo:lenet", "--sizes", "0"], ["sizes", "'0'"]),
    (["bench", "zoo:lenet", "--batches", "-1"], ["batches", "-1"]),
    (["bench", "zoo:lenet", "--runs", "0"], ["runs", "0"]),
    (["bench", "zoo:lenet", "--data", "empty"], ["empty", ".jpg"]),
    (["bench", "zoo:lenet", "--config", "absent.yaml"], ["absent.yaml"]),
    (["bench", "zoo:lenet", "--shard", "3/2"], ["shard"]),
    (["quantize", "zoo:lenet"], ["--data", "-o"]),
    (["quantize", "absent.onnx", "--forecast"], ["absent.onnx", "no such file"]),
    (["quantize", "zoo:resnet18", "--data", "absent", "-o", "a.onnx"], ["absent", "no such folder"]),
    (["quantize", "zoo:resnet18", "--data", "empty", "-o", "no/such/a.onnx"], ["no/such/a.onnx", "no/such"]),
    (["quantize", "zoo:resnet18", "--data", "empty", "--method", "guess", "-o", "a.onnx"], ["--method", "guess"]),
    (["quantize", "zoo:resnet18", "--data", "empty", "--samples", "0", "-o", "a.onnx"], ["--samples", "0"]),
    (["report", "empty"], ["empty/results.json"]),
    (["compare", "empty", "absent"], ["empty/results.json"]),
    (["compare", "a", "b", "--threshold", "-1"], ["--threshold", "-1"]),
    (["merge", "empty"], ["--out"]),
    (["import", "zoo:lenet", "-o", "no/such/folder.onnx"], ["no/such/folder.onnx"]),
    (["import", "zoo:lenet", "--projection", "0", "-o", "a.onnx"], ["--projection", "0"]),
    (["import", "zoo:lenet", "--model", "lenet", "-o", "a.onnx"], ["--model", "weights"]),
    (["import", "absent.pth", "-o", "a.onnx"], ["absent.pth", "no such file"]),
    (["import", "tricky.pth", "-o", "a.onnx"], ["tricky.pth", "posix.system", "nothing was run"]),
    (["import", "text.safetensors", "-o", "a.onnx"], ["text.safetensors", "neither safetensors nor"]),
    (["import", "empty", "-o", "a.onnx"], ["empty", "config.json"]),
    (["export", "zoo:lenet"], ["--out"]),
    (["export", "zoo:lenet", "-o", "a.txt"], ["a.txt", ".onnx"]),
    (["export", "zoo:lenet", "-o", "a.onnx", "--opset", "12"], ["--opset", "12"]),
    (["export", "zoo:lenet", "-o", "a.onnx", "--precision", "int8"], ["--precision", "int8"]),
    (["export", "zoo:lenet", "-o", "a.onnx", "--dynamic-hw"], ["lenet", "fixed"]),
    (["export", "zoo:lenet", "-o", "a.onnx", "--data", "empty"], ["empty", ".jpg"]),
    (["export", "whole.onnx", "-o", "a.onnx", "--projection", "32"], ["whole.onnx", "--projection"]),
    (["export", "cut.onnx", "-o", "a.onnx"], ["cut.onnx", "not a valid ONNX file"]),
    (["export", "text.onnx", "-o", "a.onnx"], ["text.onnx"]),
    (["export", "absent.safetensors", "-o", "a.onnx"], ["absent.safetensors"]),
    (["export", "zoo:lenet", "-o", "a.pth", "--opset", "13"], ["a.pth", "opset"]),
    (["infer", "zoo:lenet", "absent.jpg"], ["absent.jpg", "no such file"]),
    (["infer", "zoo:lenet", "empty"], ["empty", ".jpg"]),
    (["infer", "zoo:lenet", "text.onnx"], ["none of 1 files"]),
    (["infer", "text.onnx", "photo.jpg"], ["photo.jpg"]),
    (["infer", "zoo:lenet", "text.onnx", "--engine", "steam"], ["steam", "native"]),
    (["infer", "zoo:lenet", "text.onnx", "--precision", "fp8"], ["--precision", "fp8", "fp16"]),
    (["infer", "zoo:lenet", "text.onnx", "-k", "0"], ["--top", "0"]),
    (["data", "synth", "full"], ["full", "not empty"]),
    (["data", "synth", "new", "--width", "64"], ["--width", "--height"]),
    (["data", "synth", "new", "--images-per-class", "0"], ["--images-per-class"]),
    (["data", "check", "absent"], ["absent", "no such folder"]),
    (["data", "check", "empty"], ["empty", "class folder"]),
    (["data", "check", "empty", "--test-fraction", "2"], ["fraction 2"]),
]


def prepare(folder: pathlib.Path, ridgeline: str) -> None:
    """The files that the cases name."""
    (folder / "empty").mkdir()
    (folder / "full").mkdir()
    (folder / "full" / "file").touch()
    for name in ("text.onnx", "text.safetensors"):
        (folder / name).write_text("hello", encoding="utf-8")
    shutil.copy(WEIGHTS / "system.pth", folder / "tricky.pth")
    subprocess.run([ridgeline, "import", "zoo:lenet", "-o", "whole.onnx"], cwd=folder, check=True, capture_output=True)
    (folder / "cut.onnx").write_bytes((folder / "whole.onnx").read_bytes()[:5000])


def complaint(folder: pathlib.Path, ridgeline: str, arguments: list[str], words: list[str]) -> str:
    """What is wrong with how `ridgeline` answers bad arguments; "" when all is well."""
    before = sorted(folder.rglob("*"))
    done = subprocess.run([ridgeline, *arguments], cwd=folder, capture_output=True, text=True, timeout=120)
    lines = [line for line in done.stderr.splitlines() if line.startswith("ridgeline")]
    if done.returncode != 2:
        return f"exit code {done.returncode}, not 2"
    if len(lines) != 1 or len(lines[0]) > 500:
        return f"not one line of at most 500 characters but {len(lines)}"
    if done.stdout:
        return "something on standard output"
    missing = [word for word in words if word not in lines[0]]
    if missing:
        return f"{missing} not in: {lines[0]}"
    new = [path.name for path in sorted(folder.rglob("*")) if path not in before and path.suffix == ".onnx"]
    return f"left {new}" if new else ""


def main() -> int:
    ridgeline = sys.argv[1]
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        prepare(folder, ridgeline)
        failures = 0
        for arguments, words in CASES:
            wrong = complaint(folder, ridgeline, arguments, words)
            if wrong:
                failures += 1
                print(f"ridgeline {' '.join(arguments)}: {wrong}")
    print(f"{len(CASES) - failures} of {len(CASES)} cases of bad input answered well")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
