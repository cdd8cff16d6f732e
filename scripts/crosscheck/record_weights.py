"""record_weights.py FOLDER: the files of tests/data/weights, as PyTorch writes them. tests/formats/pth_test.cpp says what they hold."""

import argparse
import collections
import os
import pathlib
import sys
import zipfile

import torch

TYPES = {"f32": torch.float32, "f16": torch.float16, "bf16": torch.bfloat16, "f64": torch.float64, "i8": torch.int8, "u8": torch.uint8,
         "i16": torch.int16, "u16": torch.uint16, "i32": torch.int32, "u32": torch.uint32, "i64": torch.int64, "u64": torch.uint64,
         "bool": torch.bool}


class Small(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv2d(3, 2, 2)
        self.bn = torch.nn.BatchNorm2d(2)
        with torch.no_grad():
            self.conv.weight.copy_(torch.arange(24.0).reshape(2, 3, 2, 2))
            self.conv.bias.copy_(torch.tensor([1.0, -2.5]))
            self.bn.num_batches_tracked.fill_(7)

    def forward(self, x):
        return self.bn(self.conv(x))


class Command:
    """What an attacker's file says: call os.system on load."""

    def __reduce__(self):
        return os.system, ("touch ridgeline-was-tricked",)


def views(weights: dict) -> collections.OrderedDict:
    """The same tensors as channels-last, transposed and offset views, two of them of one storage."""
    shared = torch.cat([torch.zeros(3), weights["conv.bias"], weights["bn.weight"]])
    return collections.OrderedDict(weights, **{"conv.weight": weights["conv.weight"].to(memory_format=torch.channels_last),
                                               "conv.bias": shared[3:5], "bn.weight": shared[5:7]})


def checkpoint(model: Small) -> dict:
    """What the reference script of torchvision keeps, its arguments and the optimizer's state too."""
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.zeros(2, 3, 4, 4)).sum().backward()
    plain = {name: value.clone() for name, value in Small().state_dict().items()}
    optimizer.step()
    return {"model": collections.OrderedDict(plain), "optimizer": optimizer.state_dict(), "epoch": 4,
            "args": argparse.Namespace(lr=0.1, data_path="/data", milestones=[30, 60], weights=None, big=1 << 90),
            "milestones": collections.Counter([30, 60]), "best": torch.tensor(0.5), "names": {"a", "b"}, "blob": b"\0\1"}


def record(folder: pathlib.Path) -> None:
    model = Small()
    weights = model.state_dict()
    torch.save(weights, folder / "plain.pth")
    for protocol in (4, 5):
        torch.save(weights, folder / f"protocol{protocol}.pth", pickle_protocol=protocol)
    torch.save({f"module.{name}": value for name, value in weights.items()}, folder / "parallel.pth")
    torch.save(views(weights), folder / "views.pth")
    torch.save({**weights, **dict(model.named_parameters())}, folder / "parameters.pth")
    torch.save(checkpoint(Small()), folder / "checkpoint.pth")
    torch.save({"model_ema": torch.optim.swa_utils.AveragedModel(model).state_dict(), "epoch": 1}, folder / "average.pth")
    torch.save(weights, folder / "old.pth", _use_new_zipfile_serialization=False)
    torch.save(model, folder / "module.pth")
    torch.save({"conv.weight": Command()}, folder / "system.pth")
    torch.save({name: torch.tensor([0, 1]).to(dtype) for name, dtype in TYPES.items()}, folder / "types.pth")
    torch.jit.script(model).save(folder / "scripted.pt")
    traced = torch.jit.trace(model.eval(), torch.zeros(1, 3, 4, 4))
    traced.save(folder / "traced.pt")
    torch.jit.freeze(traced).save(folder / "frozen.pt")
    for file in folder.glob("*.pt"):
        drop_code(file)


def drop_code(file: pathlib.Path) -> None:
    """TorchScript's code and debug files are most of the archive, and are never read."""
    with zipfile.ZipFile(file) as archive:
        kept = {entry.filename: archive.read(entry) for entry in archive.infolist() if "/code/" not in entry.filename}
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in kept.items():
            archive.writestr(zipfile.ZipInfo(name), content)


if __name__ == "__main__":
    record(pathlib.Path(sys.argv[1]))
