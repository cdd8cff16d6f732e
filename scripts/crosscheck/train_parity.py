"""From the same weights and the same batches, do ten steps of the trainer end where PyTorch's do? ResNet-18, FP32, channels-last."""

import pathlib

import torch
import torchvision

import recipe
import tensors
import train_speed
import worker

BOUND = 1e-4
STEPS, BATCH, SIZE, THREADS = 10, 16, 128, 2
OPTIMIZERS = {"sgd": {"learning_rate": 0.01, "weight_decay": 1e-4}, "adamw": {"learning_rate": 1e-4, "weight_decay": 0.05}}
Batches = list[tuple[torch.Tensor, torch.Tensor]]


def make_batches(photos: pathlib.Path) -> Batches:
    """Ten batches of the folder in N x H x W x C order, as random crops; targets are probabilities."""
    torch.manual_seed(5)
    folder = torchvision.datasets.ImageFolder(photos, recipe.training(SIZE))
    loader = torch.utils.data.DataLoader(folder, BATCH, shuffle=True, drop_last=True)
    return [(images.permute(0, 2, 3, 1).contiguous(), torch.nn.functional.one_hot(labels, len(folder.classes)).float())
            for (images, labels), _ in zip(loader, range(STEPS))]


def python_steps(name: str, module: torch.nn.Module, batches: Batches) -> list[float]:
    """The loss of each step; `module` is left as the last step made it. Of PyTorch's two forms of an optimizer the fused one: the forms
    round differently, and a step of AdamW turns the sign of a gradient near zero into a whole step."""
    torch.set_num_threads(THREADS)
    options = {"lr": OPTIMIZERS[name]["learning_rate"], "weight_decay": OPTIMIZERS[name]["weight_decay"], "fused": True}
    optimizer = (torch.optim.SGD(module.parameters(), momentum=0.9, **options) if name == "sgd" else
                 torch.optim.AdamW(module.parameters(), **options))
    losses = []
    for images, targets in batches:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(module(images.permute(0, 3, 1, 2)), targets)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def ridgeline_steps(build: pathlib.Path, folder: pathlib.Path, name: str, batches: Batches) -> tuple[list[float], dict[str, torch.Tensor]]:
    """The same by the product's trainer, from folder/initial.pth: losses and last weights."""
    tensors.write(folder / "batches.bin", [part.numpy() for batch in batches for part in batch])
    request = {"op": "learn", "weights": str(folder / "initial.pth"), "batches": str(folder / "batches.bin"), "optimizer": name,
               **OPTIMIZERS[name], "threads": THREADS, "out": str(folder / "last.pth")}
    with worker.Worker([str(build / "train_worker")]) as ours:
        losses = ours.ask(request, timeout_s=600)["losses"]
    return losses, torch.load(folder / "last.pth", weights_only=True)


def distance(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Of two tensors, in units of the second's norm."""
    return float((ours - theirs).norm() / theirs.norm())


def check(build: pathlib.Path, folder: pathlib.Path, optimizer: str) -> dict:
    """One row: the largest relative difference of any step's loss, and of any weight tensor after the last."""
    batches = make_batches(folder / train_speed.ROWS[0].photos / "train")
    torch.manual_seed(5)
    module = torchvision.models.resnet18(num_classes=batches[0][1].shape[1]).train().to(memory_format=torch.channels_last)
    torch.save(module.state_dict(), folder / "initial.pth")
    theirs = python_steps(optimizer, module, batches)
    ours, weights = ridgeline_steps(build, folder, optimizer, batches)
    loss = max(abs(a - b) / b for a, b in zip(ours, theirs, strict=True))
    worst = max((distance(weights[name], value), name) for name, value in module.state_dict().items() if value.is_floating_point())
    return {"optimizer": optimizer, "first": theirs[0], "last": theirs[-1], "loss": loss, "weights": worst[0], "where": worst[1],
            "verdict": "ok" if max(loss, worst[0]) <= BOUND else "FAILED"}
