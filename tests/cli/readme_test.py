"""Every command of the README's `sh` block runs, in order, in a new folder, and every line of its `text` block is really printed.

Usage: readme_test.py README BUILD_DIR. Exits 77 (skipped) where the plugin that trains is not built: one of the commands needs it.
"""

import pathlib
import re
import subprocess
import sys
import tempfile


def blocks(text: str, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", text, re.DOTALL)


def run(command: str, folder: str) -> str:
    result = subprocess.run(command, shell=True, cwd=folder, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"$ {command}\nexit code {result.returncode}\n{result.stdout}{result.stderr}")
    return result.stdout


def main() -> int:
    if not pathlib.Path(sys.argv[2], "libridgeline_train_libtorch.so").exists():
        print("libridgeline_train_libtorch.so is not built: nothing to train with")
        return 77
    readme = pathlib.Path(sys.argv[1]).read_text(encoding="utf-8")
    commands = [line.split("#")[0].strip() for block in blocks(readme, "sh") for line in block.splitlines() if line.strip()]
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "build").symlink_to(pathlib.Path(sys.argv[2]).resolve())
        for command in commands:
            run(command, folder)
        for block in blocks(readme, "text"):
            shown, *lines = block.splitlines()
            printed = run(shown.removeprefix("$ "), folder).splitlines()
            missing = [line for line in lines if line not in printed]
            if missing:
                sys.exit(f"{shown}\ndoes not print: {missing}")
    print(f"{len(commands)} commands ran")
    return 0


if __name__ == "__main__":
    sys.exit(main())
