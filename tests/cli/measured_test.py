"""`analyze --measured` says what each layer of a raced model attained, and refuses what was not raced.

Usage: measured_test.py RIDGELINE
"""

import json
import subprocess
import sys
import tempfile


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.argv[1], *arguments], capture_output=True, text=True)


def expect(condition: bool, what: object) -> None:
    if not condition:
        sys.exit(f"failed: {what}")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        race = run("bench", "zoo:lenet", "--engines", "native", "--precisions", "fp32", "--baseline", "native:fp32", "--threads", "1",
                   "--batches", "1,2", "--runs", "4", "--rounds", "2", "--out", folder)
        expect(race.returncode == 0, race.stderr)

        analysis = run("analyze", "zoo:lenet", "--measured", folder, "--threads", "1", "--json")
        expect(analysis.returncode == 0, analysis.stderr)
        cases = json.loads(analysis.stdout)["cases"]
        expect([case["batch"] for case in cases] == [1, 2], "every raced case is there")
        for case in cases:
            layers = {layer["name"]: layer for layer in case["layers"]}
            for name in ("conv1", "conv2", "conv3", "conv4", "conv5", "clf"):
                expect(layers[name]["attained_flops_per_s"] > 0, layers[name])
            expect(case["measured"]["engine"] == "native" and case["measured"]["mean_ms"] > 0, case["measured"])

        for arguments, complaint in (
            (("zoo:lenet", "--batch", "4"), "batch 4 at 224x224 was not measured; there are batch 1 at 224x224, batch 2 at 224x224"),
            (("zoo:lenet", "--engine", "openvino"), "no profiled row is openvino fp32 on the CPU with 1 threads; there are"),
            (("zoo:lenet", "--device", "a10"), "no profiled row is fp32 on A10; there are"),
            (("zoo:resnet18",), "another model was raced"),
        ):
            refusal = run("analyze", *arguments, "--measured", folder, "--threads", "1")
            expect(refusal.returncode == 2 and complaint in refusal.stderr and refusal.stderr.count("\n") == 1, refusal.stderr)


if __name__ == "__main__":
    main()
