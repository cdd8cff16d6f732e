"""The transforms of torchvision's reference recipe, as the usual training script writes them."""

import torch
from torchvision.transforms import v2

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
FINISH = (v2.PILToTensor(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD))


def training(size: int, scale: tuple[float, ...] = (0.08, 1.0), ratio: tuple[float, ...] = (3 / 4, 4 / 3), flip: float = 0.5) -> v2.Compose:
    """A random crop, scaled to `size`, and mirrored with the probability `flip`."""
    return v2.Compose([v2.RandomResizedCrop(size, scale, ratio), v2.RandomHorizontalFlip(flip), *FINISH])


def evaluation(size: int) -> v2.Compose:
    return v2.Compose([v2.Resize(round(size * 256 / 224)), v2.CenterCrop(size), *FINISH])
