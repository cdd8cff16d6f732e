#!/usr/bin/env python3
"""Puts engines' libraries and headers into the cache: fetch_engines.py CACHE_DIR ENGINE... (folder names, KEPT's keys).

An engine that this Python has installed at the pinned version is linked to, not fetched again; others come as wheels, of which only what a
C++ program needs is kept: libraries, headers and the ONNX schema. Each engine's folder is made beside its place and renamed, so that an
interrupted run leaves nothing half made.
"""

import importlib.metadata
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile

REQUIREMENTS = pathlib.Path(__file__).with_name("wheels.txt")
# engine folder -> (packages, files kept)
KEPT = {
    "onnx-1.23.2": (["onnx"], r"onnx/onnx-ml\.proto$"),
    "onnxruntime-1.31.1": (["onnxruntime"], r"onnxruntime/capi/libonnxruntime\.so\.[0-9.]+$"),
    "openvino-2026.4.1": (["openvino"], r"openvino/(include|cmake|libs)/"),
    "torch-2.15.0": (
        ["torch", "nvidia-cuda-cupti", "nvidia-cuda-runtime"],
        r"torch/include/|torch/lib/lib(c10|torch_cpu|gomp|gfortran)\.so|nvidia/.*/lib/lib(cudart|cupti)\.so",
    ),
}
PLATFORMS = ("manylinux_2_28_x86_64", "manylinux_2_27_x86_64", "manylinux_2_25_x86_64", "manylinux_2_17_x86_64", "manylinux2014_x86_64",
             "any")


def pins() -> dict[str, str]:
    """package -> its line of wheels.txt."""
    lines = REQUIREMENTS.read_text().splitlines()
    return {line.split("==")[0]: line for line in lines if "==" in line}


def installed_at(package: str, version: str) -> importlib.metadata.Distribution | None:
    try:
        found = importlib.metadata.distribution(package)
    except importlib.metadata.PackageNotFoundError:
        return None
    return found if found.version.split("+")[0] == version else None


def link_installed(name: str, beside: pathlib.Path) -> bool:
    """Links the files kept of packages that are installed at their pinned versions; false when one is not."""
    packages, kept = KEPT[name]
    versions = {package: pins()[package].split("==")[1].split()[0] for package in packages}
    found = [installed_at(package, version) for package, version in versions.items()]
    if not all(found):
        return False
    for distribution in found:
        for file in distribution.files or []:
            if re.match(kept, file.as_posix()):
                (beside / file.parent).mkdir(parents=True, exist_ok=True)
                (beside / file).symlink_to(pathlib.Path(distribution.locate_file(file)).resolve())
    return beside.exists()


def download(names: list[str], wheels: str) -> None:
    requirements = pathlib.Path(wheels, "requirements.txt")
    requirements.write_text("".join(pins()[package] + "\n" for name in names for package in KEPT[name][0]))
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--require-hashes", "--dest", wheels,
               "--python-version", "3.11", "--implementation", "cp", "--abi", "cp311", "--abi", "none", *platforms, "-r", str(requirements)]
    if subprocess.run(command).returncode != 0:
        sys.exit("setup: the engines' wheels could not be fetched: is the network there?")


def unpack(name: str, wheels: str, beside: pathlib.Path) -> None:
    packages, kept = KEPT[name]
    for package in packages:
        wheel = next(pathlib.Path(wheels).glob(f"{package.replace('-', '_')}-*.whl"))
        with zipfile.ZipFile(wheel) as archive:
            for member in archive.infolist():
                if not member.is_dir() and re.match(kept, member.filename):
                    archive.extract(member, beside)


def link_onnxruntime(folder: pathlib.Path) -> None:
    """The wheel names the library by its full version; linkers and loaders look for these two."""
    library = next(folder.glob("onnxruntime/capi/libonnxruntime.so.*"))
    (folder / "lib").mkdir()
    shutil.move(library, folder / "lib" / library.name)
    for name in ("libonnxruntime.so", "libonnxruntime.so.1"):
        (folder / "lib" / name).symlink_to(library.name)


def finish(name: str, cache: pathlib.Path, beside: pathlib.Path) -> None:
    if name.startswith("onnxruntime-"):
        link_onnxruntime(beside)
    shutil.rmtree(cache / name, ignore_errors=True)
    beside.rename(cache / name)


def main() -> None:
    cache, names = pathlib.Path(sys.argv[1]), sys.argv[2:]
    beside = {name: cache / f".{name}.partial" for name in names}
    for folder in beside.values():
        shutil.rmtree(folder, ignore_errors=True)
    to_fetch = []
    for name in names:
        if link_installed(name, beside[name]):
            print(f"setup: {name} is installed for this Python: linking to it", file=sys.stderr)
            finish(name, cache, beside[name])
        else:
            to_fetch.append(name)
    if not to_fetch:
        return
    print(f"setup: fetching {' '.join(to_fetch)} (up to 600 MB, once)", file=sys.stderr)
    with tempfile.TemporaryDirectory(dir=cache) as wheels:
        download(to_fetch, wheels)
        for name in to_fetch:
            unpack(name, wheels, beside[name])
            finish(name, cache, beside[name])


if __name__ == "__main__":
    main()
