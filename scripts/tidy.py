#!/usr/bin/env python3
"""clang-tidy over what a build folder compiles: tidy.py BUILD_DIR FOLDER...

A file that was clean is not read again until its text, a header it includes, its command, .clang-tidy or the tool changes: the
key of that is kept in ${XDG_CACHE_HOME:-~/.cache}/ridgeline/tidy, which clones share. Headers are those that ninja recorded when it
built, so the folder must be built. Prints the findings and exits 1 when there are any.
"""

import concurrent.futures
import functools
import hashlib
import json
import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
TOOL = "clang-tidy-19"


def cache_folder() -> pathlib.Path:
    base = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(base) / "ridgeline" / "tidy"


@functools.cache
def digest_of(path: pathlib.Path) -> bytes:
    if not path.exists():
        return b""
    # A clone's own path may not tell it from another clone.
    return hashlib.sha256(path.read_bytes().replace(str(ROOT).encode(), b"")).digest()


def headers_by_object(build: pathlib.Path) -> dict[str, list[pathlib.Path]]:
    """What ninja recorded: `object: #deps …`, then one indented path a line."""
    listing = subprocess.run(["ninja", "-C", build, "-t", "deps"], capture_output=True, text=True, check=True).stdout
    found: dict[str, list[pathlib.Path]] = {}
    for line in listing.splitlines():
        if line.startswith("    "):
            found[current].append(pathlib.Path(os.path.normpath(build / line.strip())))
        elif ": #deps" in line:
            current = line.split(":")[0]
            found[current] = []
    return found


def key_of(entry: dict, headers: list[pathlib.Path], common: bytes) -> str:
    key = hashlib.sha256(common + entry["command"].replace(str(ROOT), "").encode())
    for path in sorted(set(headers)):
        key.update(digest_of(path))
    return key.hexdigest()


def check(build: pathlib.Path, source: str) -> str:
    """The findings in one file; empty when it is clean."""
    # Clang has an omp.h of its own, which is not installed.
    done = subprocess.run([TOOL, "-p", build, "--quiet", "--extra-arg=-fno-openmp", source], capture_output=True, text=True)
    if done.returncode == 0:
        return ""
    noise = re.compile(r"^\d+ warnings? (generated|treated as).*\n", re.MULTILINE)
    return done.stdout + noise.sub("", done.stderr)


def main() -> int:
    build = pathlib.Path(sys.argv[1]).resolve()
    folders = tuple(str(ROOT / name) + "/" for name in sys.argv[2:])
    entries = [e for e in json.loads((build / "compile_commands.json").read_text()) if e["file"].startswith(folders)]
    version = subprocess.run([TOOL, "--version"], capture_output=True, check=True).stdout
    common = version + (ROOT / ".clang-tidy").read_bytes()
    headers = headers_by_object(build)
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)

    keys = {}
    for entry in entries:
        made = re.search(r" -o (\S+)", entry["command"])[1]
        if made in headers:
            keys[entry["file"]] = key_of(entry, headers[made], common)
    sources = {entry["file"] for entry in entries}
    stale = sorted(source for source in sources if source not in keys or not (cache / keys[source]).exists())
    print(f"tidy: {len(sources)} files, {len(stale)} to read", file=sys.stderr)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        running = {pool.submit(check, build, source): source for source in stale}
        for at, done in enumerate(concurrent.futures.as_completed(running), 1):
            source, findings = running[done], done.result()
            if findings:
                failed += 1
                print(findings, flush=True)
            elif source in keys:
                (cache / keys[source]).touch()
            print(f"tidy: [{at}/{len(stale)}] {os.path.relpath(source, ROOT)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
