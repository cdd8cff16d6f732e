"""From the same weights and the same batches, do ten steps of the trainer end where PyTorch's do? ResNet-18, FP32, channels-last.

With convolution=direct they do. Ten steps from random weights make any rounding large: PyTorch with one thread instead of two, which only adds
up in another order, ends elsewhere too. With convolution=fast ours may not end further from PyTorch than a few times that."""

import copy
import pathlib

import torch
import torchvision

import recipe
import tensors
import train_speed
import worker

BOUND = 1e-4
CHANCES = 3  # as many times PyTorch's own distance
STEPS, BATCH, SIZE, THREADS = 10, 16, 128, 2
OPTIMIZERS = {"sgd": {"learning_rate": 0.01, "weight_decay": 1e-4}, "adamw": {"learning_rate": 1e-4, "weight_decay": 0.05}}
Batches = list[tuple[torch.Tensor, torch.Tensor]]
Steps = tuple[list[float], dict[str, torch.Tensor]]  # losses, last weights


def make_batches(photos: pathlib.Path) -> Batches:
    """Ten batches of the folder in N x H x W x C order, as random crops; targets are probabilities."""
    torch.manual_seed(5)
    folder = torchvision.datasets.ImageFolder(photos, recipe.training(SIZE))
    loader = torch.utils.data.DataLoader(folder, BATCH, shuffle=True, drop_last=True)
    return [(images.permute(0, 2, 3, 1).contiguous(), torch.nn.functional.one_hot(labels, len(folder.classes)).float())
            for (images, labels), _ in zip(loader, range(STEPS))]


def python_steps(name: str, module: torch.nn.Module, batches: Batches, threads: int) -> list[float]:
    """The loss of each step; `module` is left as the last step made it. Of PyTorch's two forms of an optimizer the fused one: the forms
    round differently, and a step of AdamW turns the sign of a gradient near zero into a whole step."""
    torch.set_num_threads(threads)
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


def ridgeline_steps(build: pathlib.Path, folder: pathlib.Path, name: str, convolution: str) -> Steps:
    """The same by the product's trainer, from folder/initial.pth and folder/batches.bin: losses and last weights."""
    request = {"op": "learn", "weights": str(folder / "initial.pth"), "batches": str(folder / "batches.bin"), "optimizer": name,
               **OPTIMIZERS[name], "direct": convolution == "direct", "threads": THREADS, "out": str(folder / "last.pth")}
    with worker.Worker([str(build / "train_worker")]) as ours:
        losses = ours.ask(request, timeout_s=600)["losses"]
    return losses, torch.load(folder / "last.pth", weights_only=True)


def distance(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    """Of two tensors, in units of the second's norm."""
    return float((ours - theirs).norm() / theirs.norm())


def compare(ours: Steps, theirs: Steps) -> dict:
    """The largest relative difference of any step's loss, and of any weight tensor after the last."""
    loss = max(abs(a - b) / b for a, b in zip(ours[0], theirs[0], strict=True))
    worst = max((distance(ours[1][name], value), name) for name, value in theirs[1].items() if value.is_floating_point())
    return {"loss": loss, "weights": worst[0], "where": worst[1]}


def check(build: pathlib.Path, folder: pathlib.Path, optimizer: str) -> list[dict]:
    """Rows: each kind of convolution, and PyTorch with one thread, against PyTorch."""
    batches = make_batches(folder / train_speed.ROWS[0].photos / "train")
    torch.manual_seed(5)
    module = torchvision.models.resnet18(num_classes=batches[0][1].shape[1]).train().to(memory_format=torch.channels_last)
    torch.save(module.state_dict(), folder / "initial.pth")
    tensors.write(folder / "batches.bin", [part.numpy() for batch in batches for part in batch])

    def python(threads: int) -> Steps:
        own = copy.deepcopy(module)
        return python_steps(optimizer, own, batches, threads), own.state_dict()

    theirs = python(THREADS)
    sides = {convolution: ridgeline_steps(build, folder, optimizer, convolution) for convolution in ("direct", "fast")}
    rows = {name: {"optimizer": optimizer, "ours": name, "first": steps[0][0], "last": steps[0][-1], **compare(steps, theirs)}
            for name, steps in (sides | {"PyTorch, 1 thread": python(1)}).items()}
    chance = rows["PyTorch, 1 thread"]
    bounds = {"direct": (BOUND, BOUND), "fast": (CHANCES * chance["loss"], CHANCES * chance["weights"])}
    for name, (loss, weights) in bounds.items():
        rows[name]["verdict"] = "ok" if rows[name]["loss"] <= loss and rows[name]["weights"] <= weights else "FAILED"
    chance["verdict"] = "for scale"
    return list(rows.values())
