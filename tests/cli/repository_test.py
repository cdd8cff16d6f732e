"""`repository check` completes what a model's file tells, points at each mistake of a config.pbtxt, and says by its exit code whether all can
be served.

Usage: repository_test.py RIDGELINE
"""

import json
import pathlib
import subprocess
import sys
import tempfile

WRONG = """backend: "onnxruntime"
max_batch_size: 8
input [ { name: "input" data_type: TYPE_FP16 dims: [ 3, 224, 225 ] } ]
output [ { name: "logitz" data_type: TYPE_FP32 dims: [ 10 ] } ]
"""


def check(folder: pathlib.Path, ridgeline: str) -> None:
    def told(code: int, *flags: str) -> str:
        run = subprocess.run([ridgeline, "repository", "check", "models", *flags], cwd=folder, stdout=subprocess.PIPE, text=True, check=False)
        assert run.returncode == code, (run.returncode, run.stdout)
        return run.stdout

    model = folder / "models" / "resnet" / "1" / "model.onnx"
    model.parent.mkdir(parents=True)
    subprocess.run([ridgeline, "import", "zoo:resnet18", "--num-classes", "10", "-o", model], check=True, stdout=subprocess.PIPE)
    assert told(0) == "resnet: version 1, onnxruntime, max_batch_size 4, 1 in, 1 out\n"
    completed = json.loads(told(0, "--json"))["models"][0]["config"]
    assert completed["input"][0]["dims"] == [3, 224, 224] and completed["output"][0]["dims"] == [10], completed

    config = folder / "models" / "resnet" / "config.pbtxt"
    config.write_text(WRONG)
    lines = told(1).splitlines()
    for place, words in (("3:25", "set TYPE_FP32"), ("3:46", "dims of input 'input'"), ("4:12", "whose outputs are logits")):
        assert any(line.startswith(f"models/resnet/config.pbtxt:{place}: error: ") and words in line for line in lines), (place, lines)
    assert "  - input 'input' TYPE_FP16 [-1,3,224,225]" in lines and "  + input 'input' TYPE_FP32 [-1,3,224,224]" in lines, lines
    assert lines[-1] == "resnet: cannot be served", lines

    config.write_text('bakend: "onnxruntime"\n')
    assert told(1).splitlines()[0] == "models/resnet/config.pbtxt:1:1: error: unknown field 'bakend': did you mean 'backend'?"
    lost = subprocess.run([ridgeline, "repository", "check", "nosuch"], cwd=folder, stderr=subprocess.PIPE, text=True, check=False)
    assert lost.returncode == 2 and lost.stderr == "ridgeline repository: nosuch: no such folder\n", lost


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        check(pathlib.Path(folder), sys.argv[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
