"""serve_soak.py RIDGELINE [--minutes N] [--quick] [--only TOPIC,…]: `ridgeline serve` under crowds, for long, with its children killed, ended under load and abused;
prints a table and exits with 1 when something fails. See docs/crosscheck.md."""

import argparse
import pathlib
import sys
import tempfile

from soak import abuse, crowd, drain, kills, mixed, process
from soak.tally import Report

QUICK_MINUTES = 1
TOPICS = {"crowd": crowd.check, "kills": kills.check, "drain": drain.check, "abuse": abuse.check, "mixed": mixed.check}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run crosscheck serve-soak")
    parser.add_argument("ridgeline", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("--minutes", type=float, default=30, help="of mixed load")
    parser.add_argument("--quick", action="store_true", help="a minute of mixed load, and less of everything else")
    parser.add_argument("--only", default=",".join(TOPICS), help="topics, with commas between")
    flags = parser.parse_args()
    process.raise_descriptor_limit()
    report = Report()
    for topic in flags.only.split(","):
        with tempfile.TemporaryDirectory(prefix="ridgeline.soak.") as folder:
            TOPICS[topic](flags.ridgeline.resolve(), pathlib.Path(folder), QUICK_MINUTES if flags.quick else flags.minutes, report)
    return 0 if report.passed else 1


if __name__ == "__main__":
    sys.exit(main())
