"""export_model.py MODEL FOLDER STEM…: writes a torchvision model with random weights as ONNX files of these stems (models.Export), beside them
a picture (inputs.bin), what torchvision publishes and which exports failed (facts.json)."""

import json
import pathlib
import sys
import warnings

import torch
import torchvision

import models
import tensors


def published(name: str) -> dict:
    """Multiply-accumulates and parameters in torchvision's own table: of a model's first weights, whose size is that of models.py."""
    meta = list(torchvision.models.get_model_weights(name))[0].meta
    return {"gmacs": meta["_ops"], "params": meta["num_params"]}


def randomize(module: torch.nn.Module) -> None:
    """Gives what starts as one constant (zero heads, unit scales) noise of its own: else whole branches would cancel."""
    for parameter in module.parameters():
        values = parameter.data
        if values.numel() > 1 and bool((values == values.flatten()[0]).all()):
            values.add_(torch.randn_like(values) * 0.1)


def settle_batch_norms(module: torch.nn.Module, model: models.Model) -> None:
    """Running statistics as of real use: without them values grow or vanish from layer to layer."""
    norms = [layer for layer in module.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    if not norms:
        return
    for norm in norms:
        norm.train()
        norm.momentum = None
        norm.reset_running_stats()
    with torch.no_grad():
        batch = torch.rand(2, 3, model.size, model.size)
        module(list(batch) if model.detects else batch)
    module.eval()


def make(model: models.Model) -> torch.nn.Module:
    """The model in the form that torchvision counted, with seeded random weights."""
    torch.manual_seed(7)
    options = {"weights": None}
    if model.kind in ("segmenter", "detector"):
        options["weights_backbone"] = None
    if model.name.startswith(("fcn", "deeplab")):
        options["aux_loss"] = True
    if model.name in ("inception_v3", "googlenet"):
        options["init_weights"] = True
    module = torchvision.models.get_model(model.name, **options).eval()
    randomize(module)
    settle_batch_norms(module, model)
    return module


class OtherOpset(Exception):
    """The exporter would have written another opset than was asked for."""


def export_dynamo(module: torch.nn.Module, made: models.Export, arguments: tuple, path: pathlib.Path) -> None:
    """The exporter speaks 18 and later; older opsets come from a conversion, and where that fails the model stays at 18."""
    batch = None if made.model.detects else ({0: torch.export.Dim("batch")},)
    program = torch.onnx.export(module, arguments, dynamo=True, dynamic_shapes=batch, opset_version=made.opset, input_names=["input"],
                                verbose=False)
    written = program.model.opset_imports[""]
    if written != made.opset:
        raise OtherOpset(f"could only be written in opset {written}")
    program.save(path, external_data=False)


def export_torchscript(module: torch.nn.Module, made: models.Export, arguments: tuple, path: pathlib.Path) -> None:
    """Traces the model."""
    axes = None if made.model.detects else {"input": {0: "batch"}}
    torch.onnx.export(module, arguments, path, dynamo=False, dynamic_axes=axes, opset_version=made.opset, input_names=["input"])


def export_all(module: torch.nn.Module, wanted: list[models.Export], picture: torch.Tensor, folder: pathlib.Path) -> dict[str, str]:
    """Writes what can be written; the exporters' refusals by stem. Detectors take one picture, the others a dynamic batch."""
    refusals = {}
    export = {"dynamo": export_dynamo, "torchscript": export_torchscript}
    for made in wanted:
        arguments = ([picture[0]],) if made.model.detects else (torch.cat([picture, picture]),)  # a batch of 1 would be taken as fixed
        try:
            export[made.exporter](module, made, arguments, folder / f"{made.stem}.onnx")
        except Exception as error:  # whatever an exporter throws is its answer
            cause = error.__cause__ or error
            refusals[made.stem] = f"{type(cause).__name__}: {str(cause).strip().splitlines()[0]}"
    return refusals


def main() -> None:
    name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    warnings.filterwarnings("ignore")
    model = next(model for model in models.MODELS if model.name == name)
    module = make(model)
    torch.manual_seed(11)
    picture = torch.rand(1, 3, model.size, model.size)
    tensors.write(folder / "inputs.bin", [picture[0].numpy() if model.detects else picture.numpy()])
    wanted = [made for made in models.exports_of(model, every_opset=True) if made.stem in sys.argv[3:]]
    refusals = export_all(module, wanted, picture, folder)
    (folder / "facts.json").write_text(json.dumps(published(name) | {"refusals": refusals}))


if __name__ == "__main__":
    main()
