"""Do weights pass between PyTorch and `ridgeline` unharmed, in every form that Python writes and in both that `ridgeline` writes?"""

import argparse
import json
import pathlib
import re
import subprocess

import numpy
import safetensors.torch
import torch
import torchvision

import export_model
import models
import parity
import tensors

RESNETS = ("resnet18", "resnet34", "resnet50")
MODELS = (*RESNETS, "vgg16", "mobilenet_v2", "mobilenet_v3_large", "efficientnet_b0", "squeezenet1_1", "densenet121")
FIXED_SIZE = ("vgg16",)  # its pooling depends on the size
COUNTER = "num_batches_tracked"  # no graph holds these: ours start from 0


def their_name(name: str) -> str:
    """transformers' name of a tensor of torchvision's ResNet."""
    head = re.fullmatch(r"fc\.(\w+)", name)
    stem = re.fullmatch(r"(conv|bn)1\.(\w+)", name)
    part = re.fullmatch(r"layer(\d)\.(\d+)\.(?:(conv|bn)(\d)|downsample\.(\d))\.(\w+)", name)
    if head:
        return f"classifier.1.{head[1]}"
    if stem:
        return f"resnet.embedder.embedder.{'convolution' if stem[1] == 'conv' else 'normalization'}.{stem[2]}"
    stage, block, kind, layer, shortcut, leaf = part.groups()
    place = f"layer.{int(layer) - 1}" if layer else "shortcut"
    kind = "convolution" if kind == "conv" or shortcut == "0" else "normalization"
    return f"resnet.encoder.stages.{int(stage) - 1}.layers.{block}.{place}.{kind}.{leaf}"


def write_hub_folder(module: torchvision.models.ResNet, folder: pathlib.Path) -> None:
    """As the Hugging Face hub has microsoft/resnet-18."""
    bottleneck = isinstance(module.layer1[0], torchvision.models.resnet.Bottleneck)
    config = {"model_type": "resnet", "architectures": ["ResNetForImageClassification"], "hidden_act": "relu", "num_channels": 3,
              "layer_type": "bottleneck" if bottleneck else "basic", "embedding_size": 64,
              "hidden_sizes": [256, 512, 1024, 2048] if bottleneck else [64, 128, 256, 512],
              "depths": [len(module.get_submodule(f"layer{stage}")) for stage in (1, 2, 3, 4)], "downsample_in_first_stage": False}
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config))
    renamed = {their_name(name): value for name, value in module.state_dict().items()}
    safetensors.torch.save_file(renamed, folder / "model.safetensors")


def write_forms(module: torch.nn.Module, folder: pathlib.Path) -> dict[str, pathlib.Path]:
    """The files by which people hand models on."""
    weights = module.state_dict()
    forms = {"state dict": folder / "plain.pth", "checkpoint": folder / "checkpoint.pth", "TorchScript": folder / "traced.pt",
             "safetensors": folder / "plain.safetensors"}
    torch.save(weights, forms["state dict"])
    wrapped = {f"module.{name}": value for name, value in weights.items()}
    torch.save({"model": wrapped, "epoch": 3, "args": argparse.Namespace(lr=0.1, weights=None)}, forms["checkpoint"])
    torch.jit.trace(module, torch.zeros(1, 3, 64, 64)).save(forms["TorchScript"])
    safetensors.torch.save_file(weights, forms["safetensors"])
    if isinstance(module, torchvision.models.ResNet):
        forms["hub folder"] = folder / "hub"
        write_hub_folder(module, forms["hub folder"])
    return forms


def convert(ridgeline: pathlib.Path, model: models.Model, source: pathlib.Path, out: pathlib.Path) -> None:
    size = ["--image-size", str(model.size)] if model.name in FIXED_SIZE else ["--dynamic-hw"]
    command = [str(ridgeline), "import", str(source), "-o", str(out), *size]
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode != 0:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])


def check_back(name: str, module: torch.nn.Module, loaded: dict) -> list[str]:
    """Our file in a module of torchvision's, strictly, and bit for bit what the first one held."""
    fresh = torchvision.models.get_model(name, weights=None)
    fresh.load_state_dict(loaded, strict=True)
    ours = fresh.state_dict()
    return [f"{key} changed" for key, value in module.state_dict().items() if COUNTER not in key and not torch.equal(value, ours[key])]


def check_form(ridgeline: pathlib.Path, model: models.Model, module: torch.nn.Module, source: pathlib.Path) -> dict:
    """One row: how far our model's outputs are from PyTorch's, and what is wrong."""
    out = source.parent / "ours"
    image = torch.rand(2, 3, model.size, model.size, generator=torch.Generator().manual_seed(1))
    try:
        for ending in ("onnx", "pth", "safetensors"):
            convert(ridgeline, model, source, out.with_suffix(f".{ending}"))
    except RuntimeError as error:
        return {"difference": None, "problems": [str(error)]}
    with torch.no_grad():
        reference = [module(image).numpy()]
    difference = tensors.relative_difference(reference, parity.expected(out.with_suffix(".onnx"), [numpy.asarray(image)]))
    problems = check_back(model.name, module, torch.load(out.with_suffix(".pth"), weights_only=True))
    problems += check_back(model.name, module, safetensors.torch.load_file(out.with_suffix(".safetensors")))
    if difference > model.bound:
        problems.append(f"outputs differ by {difference:.1e} of their scale")
    return {"difference": difference, "problems": problems}


def check_model(ridgeline: pathlib.Path, name: str, folder: pathlib.Path) -> list[dict]:
    model = models.Model(name, "cnn", 224)
    module = export_model.make(model)
    forms = write_forms(module, folder)
    return [{"model": name, "form": form, **check_form(ridgeline, model, module, source)} for form, source in forms.items()]
