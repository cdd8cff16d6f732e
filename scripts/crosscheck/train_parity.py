"""From the same weights and the same batches, do ten steps of `ridgeline train` end where PyTorch's do? ResNet-18, FP32, SGD and AdamW."""

import json
import pathlib
import shutil
import subprocess

import torch
import torchvision
from torchvision.transforms import v2

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
BOUND = 1e-4
STEPS, IMAGES_PER_CLASS, SIZE = 10, 4, 128
OPTIMIZERS = {
    "sgd": ["optimizer=sgd", "optimizer.lr=0.01", "optimizer.momentum=0.9", "optimizer.weight_decay=0.0001"],
    "adamw": ["optimizer=adamw", "optimizer.lr=0.0001", "optimizer.weight_decay=0.05"],
}


def make_data(ridgeline: pathlib.Path, folder: pathlib.Path) -> pathlib.Path:
    """So few pictures that all of them are one batch, in whatever order."""
    data = folder / "parity"
    if not data.exists():
        subprocess.run([ridgeline, "data", "synth", folder / "flowers", "--images-per-class", str(IMAGES_PER_CLASS)], check=True,
                       stdout=subprocess.DEVNULL)
        shutil.copytree(folder / "flowers", data)
    return data


def whole_batch(data: pathlib.Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Pictures as torchvision's evaluation recipe makes them."""
    transform = v2.Compose([v2.Resize(round(SIZE * 256 / 224)), v2.CenterCrop(SIZE), v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True),
                            v2.Normalize(MEAN, STD)])
    folder = torchvision.datasets.ImageFolder(data / "train", transform)
    images, labels = zip(*folder)
    return torch.stack(images), torch.tensor(labels)


def python_steps(optimizer_name: str, module: torch.nn.Module, batch: tuple[torch.Tensor, torch.Tensor]) -> list[float]:
    """The loss of each step; `module` is left as the last step made it."""
    images, labels = batch
    images = images.to(memory_format=torch.channels_last)
    optimizer = (torch.optim.SGD(module.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4) if optimizer_name == "sgd" else
                 torch.optim.AdamW(module.parameters(), lr=1e-4, weight_decay=0.05))
    losses = []
    for _ in range(STEPS):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def ridgeline_steps(ridgeline: pathlib.Path, data: pathlib.Path, name: str, images: int) -> tuple[list[float], dict[str, torch.Tensor]]:
    """An epoch is one batch, so its loss is the step's. Gives the losses and the last weights."""
    out = data.parent / name
    command = [ridgeline, "train", "+data=folder", f"data.root={data}", "+model=resnet18", *OPTIMIZERS[name], "scheduler=constant",
               "augment=none", f"image_size={SIZE}", f"epochs={STEPS}", f"batch_size={images}", f"weights={data.parent / 'initial.pth'}",
               f"out={out}", "threads=2", "--json"]
    run = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["runs"][0]
    last = out / f"last_resnet18_{SIZE}.pth"
    return [row["train_loss"] for row in run["epochs"]], torch.load(last, weights_only=True)


def distance(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Of two tensors, in units of the second's norm."""
    return float((ours - theirs).norm() / theirs.norm())


def check(ridgeline: pathlib.Path, folder: pathlib.Path, optimizer_name: str) -> dict:
    """One row: the largest relative difference of any step's loss, and of any weight tensor after the last."""
    data = make_data(ridgeline, folder)
    batch = whole_batch(data)
    torch.manual_seed(5)
    module = torchvision.models.resnet18(num_classes=int(batch[1].max()) + 1).train().to(memory_format=torch.channels_last)
    torch.save(module.state_dict(), folder / "initial.pth")
    theirs = python_steps(optimizer_name, module, batch)
    ours, weights = ridgeline_steps(ridgeline, data, optimizer_name, len(batch[1]))
    loss = max(abs(a - b) / b for a, b in zip(ours, theirs, strict=True))
    worst = max((distance(weights[name], value), name) for name, value in module.state_dict().items() if value.is_floating_point())
    return {"optimizer": optimizer_name, "first": theirs[0], "last": theirs[-1], "loss": loss, "weights": worst[0], "where": worst[1],
            "verdict": "ok" if max(loss, worst[0]) <= BOUND else "FAILED"}
