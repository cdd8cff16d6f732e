"""Does `ridgeline train` end where torchvision's reference recipe ends? Three seeds each on the flowers of `ridgeline data synth`, with the
hyper-parameters that `ridgeline train … --cfg` prints."""

import json
import pathlib
import statistics
import subprocess

import torch
import torchvision

import recipe

SEEDS = (1, 2, 3)
T95 = 2.776  # Student's t, 4 degrees of freedom: two groups of three


def ridgeline_command(ridgeline: pathlib.Path, folder: pathlib.Path, seed: int, *flags: str) -> dict:
    overrides = ["+data=synth_flowers", "+model=resnet18", f"data.root={folder / 'flowers'}", f"seed={seed}", f"out={folder / str(seed)}"]
    command = [ridgeline, "train", *overrides, *flags, "--json"]
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


def loaders(config: dict, root: pathlib.Path) -> tuple[torch.utils.data.DataLoader, torch.utils.data.DataLoader]:
    """Training and test side, with the transforms of the reference recipe."""
    size, augment = config["image_size"], config["augment"]
    training = recipe.training(size, tuple(augment["scale"]), tuple(augment["ratio"]), augment["flip"])
    train = torchvision.datasets.ImageFolder(root / "train", training)
    test = torchvision.datasets.ImageFolder(root / "test", recipe.evaluation(size))
    return (torch.utils.data.DataLoader(train, config["batch_size"], shuffle=True, drop_last=True, num_workers=2),
            torch.utils.data.DataLoader(test, config["batch_size"], num_workers=2))


def make_optimizer(options: dict, module: torch.nn.Module) -> torch.optim.Optimizer:
    if options["name"] == "adamw":
        return torch.optim.AdamW(module.parameters(), lr=options["lr"], weight_decay=options["weight_decay"])
    return torch.optim.SGD(module.parameters(), lr=options["lr"], momentum=options["momentum"], weight_decay=options["weight_decay"],
                           nesterov=options["nesterov"])


def make_schedule(config: dict, optimizer: torch.optim.Optimizer, steps: int) -> torch.optim.lr_scheduler.LRScheduler:
    """Linear warm-up from a hundredth, then a cosine to zero, step by step."""
    warm = config["scheduler"]["warmup_epochs"] * steps
    rest = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, config["epochs"] * steps - warm)
    if warm == 0:
        return rest
    rise = torch.optim.lr_scheduler.LinearLR(optimizer, 0.01, total_iters=warm)
    return torch.optim.lr_scheduler.SequentialLR(optimizer, [rise, rest], [warm])


def python_top1(config: dict, root: pathlib.Path, seed: int) -> float:
    """The best epoch's top-1 in percent, as `ridgeline train` reports its own."""
    torch.manual_seed(seed)
    train, test = loaders(config, root)
    module = torchvision.models.resnet18(num_classes=len(train.dataset.classes)).to(memory_format=torch.channels_last)
    optimizer = make_optimizer(config["optimizer"], module)
    schedule = make_schedule(config, optimizer, len(train))
    loss_of = torch.nn.CrossEntropyLoss(label_smoothing=config["label_smoothing"])
    best = 0.0
    for _ in range(config["epochs"]):
        module.train()
        for images, labels in train:
            optimizer.zero_grad()
            loss_of(module(images.to(memory_format=torch.channels_last)), labels).backward()
            optimizer.step()
            schedule.step()
        module.eval()
        with torch.inference_mode():
            right = sum(int((module(images).argmax(1) == labels).sum()) for images, labels in test)
        best = max(best, 100 * right / len(test.dataset))
    return best


def standard_error(top1: float, test: pathlib.Path) -> float:
    """Of a share in percent, as far as so many pictures can tell it: three seeds may agree by chance more than that."""
    return (top1 * (100 - top1) / len(torchvision.datasets.ImageFolder(test))) ** 0.5


def check(ridgeline: pathlib.Path, folder: pathlib.Path) -> dict:
    """One row: the seeds' accuracies of either side and whether their means differ by more than chance."""
    config = ridgeline_command(ridgeline, folder, SEEDS[0], "--cfg")
    ours = [ridgeline_command(ridgeline, folder, seed)["runs"][0]["top1"] for seed in SEEDS]
    theirs = [python_top1(config, folder / "flowers", seed) for seed in SEEDS]
    difference = statistics.mean(ours) - statistics.mean(theirs)
    between_seeds = T95 * ((statistics.variance(ours) + statistics.variance(theirs)) / len(SEEDS)) ** 0.5
    noise = max(between_seeds, standard_error(statistics.mean(theirs), folder / "flowers" / "test"))
    return {"ours": ours, "theirs": theirs, "difference": difference, "noise": noise,
            "verdict": "ok" if abs(difference) <= noise else "FAILED"}
