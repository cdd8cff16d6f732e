"""`analyze` takes a model whose input is one picture without a batch, as detectors are exported, and refuses a batch of several.

Usage: one_picture_test.py RIDGELINE MODEL_WITHOUT_WEIGHTS
"""

import json
import pathlib
import shutil
import subprocess
import sys
import tempfile


def expect(condition: bool, what: object) -> None:
    if not condition:
        sys.exit(f"failed: {what}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        shutil.copy(sys.argv[2], pathlib.Path(folder) / "model.onnx")
        with open(pathlib.Path(folder) / "weights.bin", "wb") as weights:
            weights.truncate(1 << 24)

        def analyze(batch: int) -> subprocess.CompletedProcess[str]:
            return subprocess.run([sys.argv[1], "analyze", f"{folder}/model.onnx", "--device", "a10", "--batch", str(batch), "--json"],
                                  capture_output=True, text=True)

        one = analyze(1)
        expect(one.returncode == 0, one.stderr)
        case = json.loads(one.stdout)["cases"][0]
        expect((case["height"], case["width"]) == (320, 320), case["height"])
        expect(abs(case["macs"] / 0.583e9 - 1) < 0.01, case["macs"])

        two = analyze(2)
        expect(two.returncode != 0 and two.stderr.count("\n") == 1 and "'input' is 3x320x320" in two.stderr, two.stderr)


if __name__ == "__main__":
    main()
