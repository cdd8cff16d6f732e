"""The zoo's lenet, written by `ridgeline import`, and what it computes: in numpy, from the same weights, without the server or any engine."""

import json
import pathlib
import struct
import subprocess

import numpy as np

LAYERS = 5


def write(ridgeline: pathlib.Path, seed: int, path: pathlib.Path) -> None:
    command = [ridgeline, "import", "zoo:lenet", "--image-size", "32", "--num-classes", "10", "--seed", str(seed), "-o", path]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def read_weights(path: pathlib.Path) -> dict[str, np.ndarray]:
    """Of a .safetensors file that holds FP32 alone."""
    whole = path.read_bytes()
    begin = 8 + struct.unpack("<Q", whole[:8])[0]
    table = json.loads(whole[8:begin])
    return {name: np.frombuffer(whole[begin:], np.float32, offset=row["data_offsets"][0], count=int(np.prod(row["shape"]))).reshape(row["shape"]).astype(np.float64)
            for name, row in table.items() if name != "__metadata__"}


def convolve(image: np.ndarray, weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """3×3, stride 2, one pixel of zeros around."""
    padded = np.pad(image, ((0, 0), (1, 1), (1, 1)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))[:, ::2, ::2]
    return np.einsum("cyxij,ocij->oyx", windows, weight) + bias[:, None, None]


def logits(weights: dict[str, np.ndarray], pixels: np.ndarray) -> np.ndarray:
    """Of one image, [3, 32, 32]."""
    image = pixels.astype(np.float64)
    for layer in range(1, LAYERS + 1):
        image = np.maximum(convolve(image, weights[f"conv{layer}.weight"], weights[f"conv{layer}.bias"]), 0)
    return weights["clf.weight"] @ image.reshape(-1) + weights["clf.bias"]
