"""What is exported: torchvision's models, PyTorch's two exporters, and the opsets that each model is written in."""

import dataclasses

OPSETS = range(13, 21)
EXPORTERS = ("torchscript", "dynamo")
EVERY_OPSET = "resnet18"  # the model whose every opset is kept; the others take turns


@dataclasses.dataclass(frozen=True)
class Model:
    """A torchvision model; multiply-accumulates and parameters that torchvision publishes come with its weights' meta data."""

    name: str
    kind: str  # "cnn" and "transformer" classify; "segmenter", "detector"
    size: int  # height and width at which torchvision counted

    @property
    def bound(self) -> float:
        """How far outputs may differ, of their scale. OpenVINO driven from Python is 1.7e-4 off on fcn_resnet50: large pictures make long sums."""
        return 5e-4 if self.kind == "segmenter" else 1e-4

    @property
    def detects(self) -> bool:
        return self.kind == "detector"


def _models(kind: str, size: int, names: str) -> list[Model]:
    return [Model(name, kind, size) for name in names.split()]


MODELS = [
    *_models("cnn", 224, "resnet18 resnet50 resnext50_32x4d wide_resnet50_2 alexnet vgg11 vgg16 vgg16_bn densenet121"),
    *_models("cnn", 299, "inception_v3"),
    *_models("cnn", 224, "googlenet mobilenet_v2 mobilenet_v3_small mobilenet_v3_large efficientnet_b0"),
    *_models("cnn", 384, "efficientnet_v2_s"),
    *_models("cnn", 224, "squeezenet1_1 shufflenet_v2_x1_0 mnasnet1_0 regnet_y_400mf convnext_tiny"),
    *_models("transformer", 224, "vit_b_16 swin_t"),
    *_models("segmenter", 520, "fcn_resnet50 deeplabv3_resnet50 deeplabv3_mobilenet_v3_large lraspp_mobilenet_v3_large"),
    *_models("detector", 300, "ssd300_vgg16"),
    *_models("detector", 320, "ssdlite320_mobilenet_v3_large"),
]


@dataclasses.dataclass(frozen=True)
class Export:
    """One file that an exporter writes of a model."""

    model: Model
    exporter: str
    opset: int

    @property
    def stem(self) -> str:
        return f"{self.model.name}.{self.exporter}.opset{self.opset}"


def exports_of(model: Model, every_opset: bool) -> list[Export]:
    """Both exporters at opsets that depend on the model's place, the dynamo exporter at a new one and at one that it must convert to;
    all opsets for EVERY_OPSET or when asked."""
    turn = MODELS.index(model)
    opsets = {"torchscript": [OPSETS[turn % len(OPSETS)]], "dynamo": [18 + turn % 3, 13 + turn % 5]}
    if every_opset or model.name == EVERY_OPSET:
        opsets = {exporter: OPSETS for exporter in EXPORTERS}
    return [Export(model, exporter, opset) for exporter in EXPORTERS for opset in opsets[exporter]]
