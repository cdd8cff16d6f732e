#!/usr/bin/env python3
"""Holds the tree to its walls: check_layers.py [ROOT]. Prints each breach and exits 1 when there is one.

A room under src/ includes only the rooms that ROOMS lets it use; headers have at most 150 lines, sources 600; no file names a
path of one machine or holds what a merge could not settle.
"""

import pathlib
import re
import sys

# room -> rooms it may use directly or through them (ARCHITECTURE.md's table).
USES = {
    "base": [],
    "tensor": ["base"],
    "graph": ["tensor"],
    "formats": ["graph"],
    "cost": ["graph"],
    "kernels": ["tensor"],
    "vision": ["tensor"],
    "wire": ["tensor"],
    "engine": ["formats", "kernels"],
    "train": ["engine", "vision"],
    "predict": ["engine", "vision"],
    "quantize": ["predict", "cost"],
    "bench": ["engine", "cost", "vision", "predict"],
    "report": ["bench", "cost", "train"],
    "serve": ["engine", "vision", "wire"],
    "cli": ["serve", "report", "bench", "quantize", "train", "predict", "engine", "formats", "cost", "kernels", "vision"],
}
MOST_LINES = {".h": 150, ".cpp": 600}
CONFLICT = re.compile(r"^(?:<{7}|>{7}) ", re.MULTILINE)
MACHINE_PATH = re.compile(r"(?<![\w.~$}])/(?:work|root|home|farm)/[A-Za-z.]")


def reach(room: str) -> set[str]:
    allowed = {room}
    for lower in USES[room]:
        allowed |= reach(lower)
    return allowed


def breaches_of(path: pathlib.Path, root: pathlib.Path) -> list[str]:
    text = path.read_text(encoding="utf-8", errors="replace")
    found = []
    name = path.relative_to(root)
    if path.suffix in MOST_LINES and text.count("\n") > MOST_LINES[path.suffix]:
        found.append(f"{name}: {text.count(chr(10))} lines, more than {MOST_LINES[path.suffix]}")
    if MACHINE_PATH.search(text):
        found.append(f"{name}: names a path of one machine")
    if CONFLICT.search(text):
        found.append(f"{name}: holds the two sides of a merge")
    if name.parts[0] == "src" and len(name.parts) > 2:
        room = name.parts[1]
        for included in re.findall(r'^#include "([a-z_]+)/', text, re.MULTILINE):
            if included in USES and included not in reach(room):
                found.append(f"{name}: {room} may not include {included}")
    return found


def main() -> int:
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent.parent).resolve()
    files = [p for folder in ("src", "tests", "scripts", "benchmarks", "fuzz", "cmake") for p in (root / folder).rglob("*") if p.is_file()]
    breaches = [breach for path in sorted(files) if "__pycache__" not in path.parts for breach in breaches_of(path, root)]
    print("\n".join(breaches) if breaches else f"{len(files)} files keep to their rooms")
    return 1 if breaches else 0


if __name__ == "__main__":
    sys.exit(main())
