"""The usual Python training script, as a worker: torchvision's ResNet-18, ImageFolder with RandomResizedCrop and flip, a DataLoader with two
workers, SGD, channels-last. Answers the requests of benchmarks/train_worker.cpp; one iteration is one batch."""

import itertools
from collections.abc import Callable, Iterator

import torch
import torchvision

import answers
import recipe

Batch = tuple[torch.Tensor, torch.Tensor]


def batches(request: dict) -> Iterator[Batch]:
    """Epoch after epoch of the folder."""
    folder = torchvision.datasets.ImageFolder(request["data"], recipe.training(request["image_size"]))
    loader = torch.utils.data.DataLoader(folder, batch_size=request["batch_size"], shuffle=True, drop_last=True, num_workers=2,
                                         persistent_workers=True)
    return itertools.chain.from_iterable(itertools.repeat(loader))


def training_step(request: dict, classes: int) -> Callable[[Batch], None]:
    """Takes a batch through loss, gradients and update; the weights' memory is channels-last."""
    module = torchvision.models.resnet18(num_classes=classes).train().to(memory_format=torch.channels_last)
    optimizer = torch.optim.SGD(module.parameters(), lr=0.01, momentum=0.9, weight_decay=1e-4)
    loss_of = torch.nn.CrossEntropyLoss()
    half = request["precision"] == "bf16"

    def step(batch: Batch) -> None:
        images, labels = batch
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=half):
            loss = loss_of(module(images.to(memory_format=torch.channels_last)), labels)
        loss.backward()
        optimizer.step()

    return step


def load(request: dict) -> Callable[[], None]:
    """What one iteration does in the request's mode: load a batch, train on one that never changes, or both."""
    torch.set_num_threads(request["threads"])
    source = batches(request)
    if request["mode"] == "loader":
        return lambda: next(source)
    step = training_step(request, classes=len(torchvision.datasets.ImageFolder(request["data"]).classes))
    if request["mode"] == "compute":
        batch = next(source)
        return lambda: step(batch)
    return lambda: step(next(source))


if __name__ == "__main__":
    answers.serve(load)
