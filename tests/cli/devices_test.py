"""`analyze --devices` lists the published devices with dense peaks and a source each; a host's analysis shows what was measured of it;
`--explain` prints what the native engine would run.

Usage: devices_test.py RIDGELINE
"""

import json
import subprocess
import sys


def run(*arguments: str) -> str:
    return subprocess.run([sys.argv[1], *arguments], capture_output=True, text=True, check=True).stdout


def expect(condition: bool, what: object) -> None:
    if not condition:
        sys.exit(f"failed: {what}")


def main() -> None:
    devices = {device["name"]: device for device in json.loads(run("analyze", "--devices", "--json"))["devices"]}
    # Per precision in TFLOP/s, memory in GB/s: the vendor's dense figures.
    published = {
        "A10": (31.2, 125, 600), "T4": (8.1, 65, 320), "V100 SXM2": (15.7, 125, 900), "GTX 1650": (2.98, 5.97, 128),
        "RTX 4060": (15.1, 60.5, 272), "A100 SXM4 80GB": (19.5, 312, 2039), "H100 SXM": (66.9, 989.4, 3350),
        "H200 SXM": (66.9, 989.4, 4800),
    }
    for name, (fp32, fp16, bandwidth) in published.items():
        device = devices[name]
        seen = (device["peak_flops"]["fp32"] / 1e12, device["peak_flops"]["fp16"] / 1e12, device["bandwidth"] / 1e9)
        expect(all(abs(a / b - 1) < 1e-9 for a, b in zip(seen, (fp32, fp16, bandwidth))) and device["source"], device)
        expect(name in run("analyze", "--devices"), name)

    plan = json.loads(run("analyze", "zoo:lenet", "--explain", "--json"))["plan"]
    first = plan["steps"][0]
    expect(first["name"] == "conv1+relu1" and first["kernel"] and plan["arena_bytes"] > 0, plan)
    expect(all(refusal["reason"] for step in plan["steps"] for refusal in step["refused"]), plan)
    expect(first["kernel"] in run("analyze", "zoo:lenet", "--explain"), "the plan as text")

    text = run("analyze", "--conv", "64,64,3,56", "--threads", "1")
    for word in ("fp32      generic          1", "DRAM", "triad GB/s"):
        expect(word in text, text)
    measured = json.loads(run("analyze", "--conv", "64,64,3,56", "--threads", "1", "--json"))["device"]["measured"]
    expect({peak["precision"] for peak in measured["compute"]} >= {"fp32"} and measured["memory"][-1]["level"] == "DRAM", measured)


if __name__ == "__main__":
    main()
