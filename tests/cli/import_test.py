"""A Hugging Face folder, weights and ONNX become each other with every weight and the contract kept.

Usage: import_test.py RIDGELINE
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

CONFIG = {"model_type": "resnet", "layer_type": "basic", "depths": [2, 2, 2, 2], "hidden_sizes": [64, 128, 256, 512],
          "id2label": {"0": "cat", "1": "dog"}}
PREPROCESSOR = {"feature_extractor_type": "ConvNextFeatureExtractor", "size": 192, "crop_pct": 0.75, "resample": 3,
                "image_mean": [0.5, 0.5, 0.5], "image_std": [0.25, 0.25, 0.25]}
CONTRACT = {"resize": 256, "crop": 192, "interpolation": "bicubic", "antialias": True, "mean": [0.5, 0.5, 0.5],
            "std": [0.25, 0.25, 0.25], "color_order": "RGB", "layout": "NCHW"}


def read(file: pathlib.Path) -> tuple[dict, bytes]:
    content = file.read_bytes()
    (length,) = struct.unpack("<Q", content[:8])
    return json.loads(content[8:8 + length]), content[8 + length:]


def tensors(file: pathlib.Path) -> dict[str, bytes]:
    header, data = read(file)
    return {name: data[slice(*entry["data_offsets"])] for name, entry in header.items() if name != "__metadata__"}


def their_name(name: str) -> str:
    """transformers' name of a tensor of torchvision's resnet18."""
    module, leaf = name.rsplit(".", 1)
    kind = "normalization" if module[-3:-1] == "bn" or module.endswith("downsample.1") else "convolution"
    if module == "fc":
        return f"classifier.1.{leaf}"
    if not module.startswith("layer"):
        return f"resnet.embedder.embedder.{kind}.{leaf}"
    stage, block, part = module.split(".")[:3]
    place = "shortcut" if part == "downsample" else f"layer.{int(part[-1]) - 1}"
    return f"resnet.encoder.stages.{int(stage[-1]) - 1}.layers.{block}.{place}.{kind}.{leaf}"


def make_folder(folder: pathlib.Path, weights: pathlib.Path) -> None:
    header, data = read(weights)
    renamed = json.dumps({their_name(name): entry for name, entry in header.items()}).encode()
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(struct.pack("<Q", len(renamed)) + renamed + data)
    (folder / "config.json").write_text(json.dumps(CONFIG))
    (folder / "preprocessor_config.json").write_text(json.dumps(PREPROCESSOR))


def check(folder: pathlib.Path, ridgeline: str) -> None:
    def run(source: str, out: str, *flags: str) -> dict:
        command = [ridgeline, "import", source, "-o", out, "--json", *flags]
        return json.loads(subprocess.run(command, cwd=folder, check=True, stdout=subprocess.PIPE, text=True).stdout)

    run("zoo:resnet18", "zoo.safetensors", "--num-classes", "2", "--seed", "5")
    make_folder(folder / "hub", folder / "zoo.safetensors")
    told = run("hub", "model.onnx")
    assert told["name"] == "resnet18" and told["inputs"][0]["shape"].endswith("x3x192x192"), told
    run("hub", "model.pth")
    run("model.pth", "again.safetensors")
    assert tensors(folder / "again.safetensors") == tensors(folder / "zoo.safetensors")
    metadata = read(folder / "again.safetensors")[0]["__metadata__"]
    assert json.loads(metadata["ridgeline.preprocessing"]) == CONTRACT, metadata
    assert json.loads(metadata["ridgeline.classes"]) == ["cat", "dog"], metadata
    assert metadata["ridgeline.model"] == "resnet18" and metadata["ridgeline.image_size"] == "192", metadata

    run("again.safetensors", "wide.safetensors", "--image-size", "384", "--projection", "8")
    metadata = read(folder / "wide.safetensors")[0]["__metadata__"]
    assert json.loads(metadata["ridgeline.preprocessing"]) == {**CONTRACT, "resize": 512, "crop": 384}, metadata
    assert json.loads(metadata["ridgeline.classes"]) == [], metadata


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as name:
        check(pathlib.Path(name), sys.argv[1])
