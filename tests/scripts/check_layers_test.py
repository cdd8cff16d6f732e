"""What check_layers promises: the tree passes, and each kind of breach is named."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).parents[2] / "scripts" / "check_layers.py"


def check(files: dict[str, str]) -> subprocess.CompletedProcess:
    with tempfile.TemporaryDirectory() as root:
        for name, text in files.items():
            path = pathlib.Path(root, name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        return subprocess.run([sys.executable, SCRIPT, root], capture_output=True, text=True)


class CheckLayers(unittest.TestCase):
    def test_this_tree_keeps_to_its_rooms(self):
        result = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True)
        self.assertEqual(result.returncode, 0, result.stdout)

    def test_including_a_room_above_is_a_breach(self):
        result = check({"src/graph/a.cpp": '#include "engine/engine.h"\n'})
        self.assertEqual(result.returncode, 1)
        self.assertIn("graph may not include engine", result.stdout)

    def test_including_a_room_below_is_not(self):
        self.assertEqual(check({"src/engine/a.cpp": '#include "base/status.h"\n#include "graph/graph.h"\n'}).returncode, 0)

    def test_long_files_are_named(self):
        self.assertIn("a.h: 151 lines", check({"src/base/a.h": "\n" * 151}).stdout)
        self.assertIn("a.cpp: 601 lines", check({"src/base/a.cpp": "\n" * 601}).stdout)

    def test_a_path_of_one_machine_is_named(self):
        self.assertIn("names a path", check({"tests/a.cpp": '"/' + 'root/secret"\n'}).stdout)


if __name__ == "__main__":
    unittest.main()
