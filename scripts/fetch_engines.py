#!/usr/bin/env python3
"""Unpacks downloaded engine wheels into the cache: fetch_engines.py WHEELS_DIR CACHE_DIR.

Only what a C++ program needs is kept: libraries, headers and the ONNX schema. Each engine's folder is made beside its place and
renamed, so that an interrupted run leaves nothing half made.
"""

import pathlib
import re
import shutil
import sys
import zipfile

# engine folder -> (wheel name prefixes, files kept)
KEPT = {
    "onnx-1.23.2": (["onnx-"], r"onnx/onnx-ml\.proto$"),
    "onnxruntime-1.31.1": (["onnxruntime-"], r"onnxruntime/capi/libonnxruntime\.so\.[0-9.]+$"),
    "openvino-2026.4.1": (["openvino-"], r"openvino/(include|cmake|libs)/"),
    "torch-2.15.0": (
        ["torch-", "nvidia_cuda_cupti-", "nvidia_cuda_runtime-"],
        r"torch/include/|torch/lib/lib(c10|torch_cpu|gomp|gfortran)\.so|nvidia/.*/lib/lib(cudart|cupti)\.so",
    ),
}


def extract(wheel: pathlib.Path, kept: str, target: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if not member.is_dir() and re.match(kept, member.filename):
                archive.extract(member, target)


def link_onnxruntime(folder: pathlib.Path) -> None:
    """The wheel names the library by its full version; linkers and loaders look for these two."""
    library = next(folder.glob("onnxruntime/capi/libonnxruntime.so.*"))
    (folder / "lib").mkdir()
    shutil.move(library, folder / "lib" / library.name)
    for name in ("libonnxruntime.so", "libonnxruntime.so.1"):
        (folder / "lib" / name).symlink_to(library.name)


def unpack(name: str, wheels: pathlib.Path, cache: pathlib.Path) -> None:
    prefixes, kept = KEPT[name]
    beside = cache / f".{name}.partial"
    shutil.rmtree(beside, ignore_errors=True)
    for prefix in prefixes:
        found = sorted(wheels.glob(f"{prefix}*.whl"))
        if not found:
            sys.exit(f"setup: no wheel {prefix}*.whl was downloaded")
        extract(found[0], kept, beside)
    if name.startswith("onnxruntime-"):
        link_onnxruntime(beside)
    beside.rename(cache / name)


def main() -> None:
    wheels, cache = map(pathlib.Path, sys.argv[1:3])
    for name in KEPT:
        if not (cache / name).exists():
            print(f"setup: unpacking {name}", file=sys.stderr)
            unpack(name, wheels, cache)


if __name__ == "__main__":
    main()
