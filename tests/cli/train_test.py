#!/usr/bin/env python3
"""train_test.py RIDGELINE: real runs of `ridgeline train` on a small set of files, with the plugin.

A run that is killed again and again and resumed leaves the weights of one that was not, bit for bit; two processes draw the loss
curve of one; a sweep over sizes ends in one table. Exits 77 (skipped) where the plugin is not built.
"""

import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import sys
import tempfile
import time

RIDGELINE = sys.argv[1]
SKIPPED = 77


def command(folder: pathlib.Path, out: str, *overrides: str) -> list[str]:
    return [RIDGELINE, "train", "+data=folder", "+model=lenet", f"data.root={folder}/flowers", "image_size=32", "batch_size=4",
            "threads=1", "epochs=4", "ema.decay=0.9", f"out={folder}/{out}", *overrides]


def numbers(folder: pathlib.Path, out: str) -> list[list[float]]:
    """summary.csv without what depends on time."""
    lines = (folder / out / "lenet_32" / "summary.csv").read_text().splitlines()[1:]
    return [[float(field) for field in line.split(",")[:7]] for line in lines]


def check_killed_runs(folder: pathlib.Path) -> None:
    subprocess.run(command(folder, "whole"), check=True, capture_output=True)
    random.seed(1)
    for signal_number in (signal.SIGKILL, signal.SIGINT, signal.SIGKILL, signal.SIGTERM):
        process = subprocess.Popen(command(folder, "killed", "resume=true"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(random.uniform(0.3, 1.5))
        process.send_signal(signal_number)
        process.wait()
    done = subprocess.run(command(folder, "killed", "--resume"), check=True, capture_output=True, text=True)
    for name in ("last_lenet_32.safetensors", "best_lenet_32.safetensors"):
        assert (folder / "whole" / name).read_bytes() == (folder / "killed" / name).read_bytes(), f"{name} differs: {done.stderr}"
    assert numbers(folder, "whole") == numbers(folder, "killed"), done.stderr


def check_two_processes(folder: pathlib.Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {**os.environ, "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    processes = [subprocess.Popen(command(folder, "two"), env={**environment, "RANK": str(rank)}, stdout=subprocess.DEVNULL,
                                  stderr=subprocess.PIPE, text=True) for rank in (0, 1)]
    for process in processes:
        errors = process.communicate(timeout=240)[1]
        assert process.returncode == 0, errors
    # lenet has no norm, whose statistics would be of each process's part of the batch: only rounding differs.
    for one, two in zip(numbers(folder, "whole"), numbers(folder, "two")):
        assert all(abs(a - b) <= 1e-4 * max(1.0, abs(a)) for a, b in zip(one, two)), (one, two)


def check_sweep(folder: pathlib.Path) -> None:
    sweep = command(folder, "sweep", "image_size=32,64", "epochs=1", "precision=bf16", "--json")
    done = subprocess.run(sweep, check=True, capture_output=True, text=True)
    runs = json.loads(done.stdout)["runs"]
    assert [run["image_size"] for run in runs] == [32, 64], runs
    assert json.loads((folder / "sweep" / "train.json").read_text())["runs"] == runs
    for run in runs:
        size = run["image_size"]
        assert pathlib.Path(run["weights"]) == folder / "sweep" / f"best_lenet_{size}.safetensors"
        for name in (f"best_lenet_{size}.pth", f"lenet_{size}/summary.csv", f"lenet_{size}/confusion.csv"):
            assert (folder / "sweep" / name).exists(), name


def main() -> int:
    if not (pathlib.Path(RIDGELINE).parent / "libridgeline_train_libtorch.so").exists():
        print("libridgeline_train_libtorch.so is not built: nothing to train with")
        return SKIPPED
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        subprocess.run([RIDGELINE, "data", "synth", str(folder / "flowers"), "--images-per-class", "6"], check=True,
                       capture_output=True)
        check_killed_runs(folder)
        check_two_processes(folder)
        check_sweep(folder)
    return 0


if __name__ == "__main__":
    sys.exit(main())
