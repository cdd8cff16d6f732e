"""main.py RIDGELINE [models|speed|native|breadth|weights|train|accuracy] [--only NAME,…] [--every-opset]: holds `ridgeline` against the same libraries driven from Python, prints
one table per topic and exits with 1 when something fails. See docs/crosscheck.md."""

import argparse
import pathlib
import sys
import tempfile

import breadth
import models
import native
import native_habits
import parity
import speed
import train_accuracy
import train_parity
import train_speed
import weights

ENGINES = ("onnxruntime", "openvino", "libtorch", "native")


def cell(value: float | str | None) -> str:
    if value is None:
        return "-"
    return "FAILED" if isinstance(value, str) else f"{value:.1e}"


def print_parity(row: dict) -> None:
    gmacs = row["gmacs"] if isinstance(row["gmacs"], float) else float("nan")
    cells = " ".join(f"{cell(row.get(engine)):>11}" for engine in ENGINES)
    print(f"{row['file']:48} {row['published']:9.3f} {gmacs:9.3f} {cells}  {'; '.join(row['problems']) or 'ok'}", flush=True)


def check_models(ridgeline: pathlib.Path, wanted: list[models.Model], every_opset: bool) -> bool:
    print(f"{'file':48} {'published':>9} {'GMACs':>9} {' '.join(f'{engine:>11}' for engine in ENGINES)}  verdict")
    passed = True
    for model in wanted:
        for row in parity.check_model(ridgeline, model, every_opset):
            print_parity(row)
            passed = passed and not row["problems"]
    return passed


def check_speed(ridgeline: pathlib.Path) -> bool:
    print(f"{'engine':12} {'batch':>5} {'ms':>8} {'ours/Python':>11} {'95 % interval':>16} {'rounds':>6} {'difference':>10}  verdict")
    passed = True
    with tempfile.TemporaryDirectory(prefix="ridgeline.crosscheck.") as folder:
        parity.export(speed.EXPORT.model, pathlib.Path(folder), [speed.EXPORT.stem])
        model = pathlib.Path(folder) / f"{speed.EXPORT.stem}.onnx"
        for engine in speed.ENGINES:
            for batch in speed.BATCHES:
                row = speed.check(ridgeline, model, engine, batch)
                interval = f"{row['low']:.3f} to {row['high']:.3f}"
                print(f"{engine:12} {batch:5} {row['call_ms']:8.2f} {row['ratio']:11.3f} {interval:>16} {row['rounds']:6} "
                      f"{row['difference']:10.1e}  {row['verdict']}", flush=True)
                passed = passed and not row["verdict"].startswith("FAILED")
    return passed


def check_native(ridgeline: pathlib.Path) -> bool:
    print(f"{'model':16} {'size':>4} {'batch':>5} {'precision':9} {'kept to':8} {'ms':>8} {'img/s':>7} {'fastest peer':12} {'ratio':>6} {'95 % interval':>16} {'goal':>5} "
          f"{'difference':>10}  verdict")
    passed = True
    with tempfile.TemporaryDirectory(prefix="ridgeline.crosscheck.") as name:
        for wanted in native.ROWS:
            row_name = f"{wanted.model:16} {wanted.size:4} {wanted.batch:5} {wanted.precision:9} {wanted.limit or '-':8}"
            wanted = native.reachable(ridgeline, wanted)
            if wanted is None:
                print(f"{row_name} SKIPPED: for CPUs with products of such numbers", flush=True)
                continue
            row = native.check(ridgeline, wanted, pathlib.Path(name))
            print(f"{row_name} {row['ms']:8.2f} {wanted.batch * 1e3 / row['ms']:7.1f} "
                  f"{row['peer']:12} {row['ratio']:6.2f} {row['low']:7.2f} to {row['high']:5.2f} {wanted.goal:5.2f} {row['difference']:10.1e}  "
                  f"{row['verdict']}", flush=True)
            passed = passed and row["verdict"] == "ok"
        return check_native_habits(ridgeline, pathlib.Path(name)) and passed


def check_native_habits(ridgeline: pathlib.Path, folder: pathlib.Path) -> bool:
    print(f"\n{'model':16} {'engine':12} {'p50 ms':>8} {'p99 / p50':>9} {'MB':>6}  verdict")
    passed = True
    for model in native_habits.MODELS:
        habits = native_habits.check(ridgeline, model, folder)
        verdict = native_habits.verdict(habits)
        for habit in habits:
            print(f"{model:16} {habit.engine:12} {habit.p50_ms:8.2f} {habit.tail:9.2f} {habit.memory_mb:6.0f}  "
                  f"{verdict if habit.engine == native_habits.OURS else ''}", flush=True)
        passed = passed and verdict == "ok"
    return passed


def check_breadth(ridgeline: pathlib.Path, names: list[str]) -> bool:
    print(f"{'model':28} {'native ms':>9} {'fastest peer':12} {'ratio':>6} {'95 % interval':>16}  verdict")
    passed = True
    for made in breadth.EXPORTS:
        if made.model.name not in names:
            continue
        row = breadth.check(ridgeline, made)
        cells = f"{row['ms']:9.2f} {row['peer']:12} {row['ratio']:6.2f} {row['low']:7.2f} to {row['high']:5.2f}" if "ratio" in row else f"{'-':>46}"
        print(f"{made.model.name:28} {cells}  {row['verdict']}", flush=True)
        passed = passed and row["verdict"] == "ok"
    return passed


def check_train(ridgeline: pathlib.Path) -> bool:
    passed = True
    with tempfile.TemporaryDirectory(prefix="ridgeline.crosscheck.") as name:
        folder = pathlib.Path(name)
        train_speed.make_photos(ridgeline, folder)
        print(f"{'optimizer':12} {'steps of':18} {'first loss':>10} {'last loss':>10} {'loss differs':>12} {'weights differ':>14}  verdict")
        for optimizer in train_parity.OPTIMIZERS:
            for row in train_parity.check(ridgeline.parent, folder, optimizer):
                print(f"{optimizer:12} {row['ours']:18} {row['first']:10.4f} {row['last']:10.4f} {row['loss']:12.1e} {row['weights']:14.1e}  "
                      f"{row['verdict']} ({row['where']})", flush=True)
                passed = passed and row["verdict"] != "FAILED"
        print(f"\n{'photos':10} {'precision':9} {'ours':18} {'theirs':18} {'img/s':>7} {'img/s':>7} {'ratio':>6} {'95 % interval':>16} {'goal':>5}  verdict")
        for wanted in train_speed.ROWS:
            row = train_speed.check(ridgeline.parent, wanted, folder)
            print(f"{wanted.photos:10} {wanted.precision:9} {wanted.ours!s:18} {wanted.theirs!s:18} {row['ours']:7.1f} {row['theirs']:7.1f} "
                  f"{row['ratio']:6.2f} {row['low']:7.2f} to {row['high']:5.2f} {wanted.goal:5.2f}  {row['verdict']}", flush=True)
            passed = passed and row["verdict"] == "ok"
    return passed


def check_accuracy(ridgeline: pathlib.Path) -> bool:
    with tempfile.TemporaryDirectory(prefix="ridgeline.crosscheck.") as folder:
        row = train_accuracy.check(ridgeline, pathlib.Path(folder))
    for side in ("ours", "theirs"):
        print(f"{side:8} {' '.join(f'{top1:6.2f}' for top1 in row[side])}  top-1 in percent, by seed")
    print(f"means differ by {row['difference']:.2f} points, chance makes {row['noise']:.2f}  {row['verdict']}")
    return row["verdict"] == "ok"


def check_weights(ridgeline: pathlib.Path) -> bool:
    print(f"{'model':12} {'form':12} {'difference':>10}  verdict")
    passed = True
    for name in weights.MODELS:
        with tempfile.TemporaryDirectory(prefix="ridgeline.crosscheck.") as folder:
            for row in weights.check_model(ridgeline, name, pathlib.Path(folder)):
                print(f"{name:12} {row['form']:12} {cell(row['difference']):>10}  {'; '.join(row['problems']) or 'ok'}", flush=True)
                passed = passed and not row["problems"]
    return passed


TOPICS = ("models", "speed", "native", "breadth", "weights", "train", "accuracy")


def main() -> int:
    parser = argparse.ArgumentParser(prog="./run crosscheck")
    parser.add_argument("ridgeline", type=pathlib.Path, help=argparse.SUPPRESS)
    parser.add_argument("topic", nargs="?", choices=TOPICS, help="all where none is named")
    parser.add_argument("--only", default="", help="models by name, with commas between")
    parser.add_argument("--every-opset", action="store_true", help="13 to 20 for every model; the test data stay as they are")
    flags = parser.parse_args()
    ridgeline = flags.ridgeline.resolve()
    names = flags.only.split(",") if flags.only else [model.name for model in models.MODELS]
    wanted = [model for model in models.MODELS if model.name in names]
    if len(wanted) != len(names):
        parser.error(f"--only: of {flags.only} not all are models; known: {', '.join(model.name for model in models.MODELS)}")
    checks = {"models": lambda: check_models(ridgeline, wanted, flags.every_opset), "speed": lambda: check_speed(ridgeline),
              "native": lambda: check_native(ridgeline), "breadth": lambda: check_breadth(ridgeline, names), "weights": lambda: check_weights(ridgeline),
              "train": lambda: check_train(ridgeline), "accuracy": lambda: check_accuracy(ridgeline)}
    passed = [checks[topic]() for topic in ([flags.topic] if flags.topic else TOPICS)]
    return 0 if all(passed) else 1


if __name__ == "__main__":
    sys.exit(main())
