#!/usr/bin/env python3
"""Runs what lies in benchmarks/ and sets ratios side by side: bench.py BUILD_DIR [FILTER].

Kernels: the rows of all cases in random order, several times over; each row's median against `ref`, the implementation that every other is
tested against. With a FILTER (a regular expression) only the cases that match. The race: how often an
engine is called different from itself, and from itself with 3 % more work. Sessions: images a second of two
at once, each on all cores, over those of one.
"""

import json
import pathlib
import statistics
import subprocess
import sys

REPETITIONS = 5
RACES, SECONDS_A_RACE = 5, 6
SECONDS_OF_SESSIONS = 10
MODELS_OF_SESSIONS = ("resnet18", "mobilenet_v2")


def kernel_rows(build: pathlib.Path, wanted: str) -> list[dict]:
    flags = ["--benchmark_format=json", f"--benchmark_repetitions={REPETITIONS}", "--benchmark_min_time=0.05",
             "--benchmark_enable_random_interleaving=true", f"--benchmark_filter={wanted}"]
    done = subprocess.run([build / "kernels_benchmark", *flags], stdout=subprocess.PIPE, check=True)
    rows = [row for row in json.loads(done.stdout)["benchmarks"] if row["run_type"] == "iteration"]
    return sorted(rows, key=lambda row: row["family_index"])


def by_case(rows: list[dict]) -> dict[str, dict[str, list[float]]]:
    """case -> implementation -> its times in microseconds."""
    cases: dict[str, dict[str, list[float]]] = {}
    for row in rows:
        case, implementation = row["run_name"].removesuffix("/real_time").split("|")
        cases.setdefault(case, {}).setdefault(implementation, []).append(row["real_time"] / 1000)
    return cases


def print_kernels(rows: list[dict]) -> None:
    flops = {row["run_name"].removesuffix("/real_time"): row["flops"] * row["real_time"] * 1e-9 for row in rows}
    print(f"{'case':32} {'kernel':14} {'median us':>11} {'min us':>11} {'GFLOP/s':>9} {'x ref':>8}")
    for case, kernels in by_case(rows).items():
        reference = statistics.median(kernels["ref"])
        for name, times in sorted(kernels.items(), key=lambda kernel: statistics.median(kernel[1])):
            median = statistics.median(times)
            rate = flops[f"{case}|{name}"] / median / 1e3
            print(f"{case:32} {name:14} {median:11.1f} {min(times):11.1f} {rate:9.1f} {reference / median:8.2f}")


def print_race(build: pathlib.Path) -> None:
    done = subprocess.run([build / "race_power", str(RACES), str(SECONDS_A_RACE)], stdout=subprocess.PIPE, check=True)
    found = json.loads(done.stdout)
    print(f"\n{'race, ' + str(SECONDS_A_RACE) + ' s each':32} {'called different':>17} {'truth in interval':>18} {'half width %':>13}")
    for name, label in (("same_engine", "an engine against itself"), ("three_percent", "against 3 % more work")):
        tally = found[name]
        print(f"{label:32} {tally['significant']:>14}/{tally['cells']:<2} {tally['truth_held']:>15}/{tally['cells']:<2} "
              f"{tally['mean_half_width_pct']:13.2f}")


def print_sessions(build: pathlib.Path) -> None:
    print(f"\n{'two sessions at once':32} {'one alone ms':>13} {'of one':>8} {'95 % interval':>16}")
    for model in MODELS_OF_SESSIONS:
        done = subprocess.run([build / "sessions_benchmark", str(SECONDS_OF_SESSIONS), model], stdout=subprocess.PIPE, check=True)
        row = json.loads(done.stdout)
        print(f"{model:32} {row['alone_ms']:13.2f} {row['together_share']:8.2f} {row['low']:7.2f} to {row['high']:5.2f}")


def main() -> None:
    build = pathlib.Path(sys.argv[1])
    wanted = sys.argv[2] if len(sys.argv) > 2 else "."
    print_kernels(kernel_rows(build, wanted))
    if wanted == ".":
        print_race(build)
        print_sessions(build)


if __name__ == "__main__":
    main()
