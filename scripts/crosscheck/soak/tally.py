"""What was asked and how it ended."""

import collections
import time

WHOLE_MINUTES = 10  # of mixed load; in a run with less, the other topics are shorter too
KEPT = 5  # of each kind of failure, to be shown


class Tally:
    def __init__(self):
        self.answered: collections.Counter[str] = collections.Counter()
        self.refused: collections.Counter[str] = collections.Counter()
        self.wrong: list[str] = []
        self.lost: list[tuple[float, str]] = []

    def note_answer(self, kind: str, fault: str) -> None:
        self.answered[kind] += 1
        if fault:
            self.wrong.append(f"{kind}: {fault}")

    def note_lost(self, kind: str, why: Exception) -> None:
        self.lost.append((time.monotonic(), f"{kind}: {why}"))

    def note_refused(self, kind: str) -> None:
        self.refused[kind] += 1

    @property
    def total(self) -> int:
        return self.answered.total()

    def add(self, other: "Tally") -> None:
        self.answered += other.answered
        self.refused += other.refused
        self.wrong += other.wrong
        self.lost += other.lost

    def is_clean(self) -> bool:
        return not self.wrong and not self.lost

    def faults(self) -> str:
        shown = self.wrong[:KEPT] + [why for _, why in self.lost[:KEPT]]
        kinds = collections.Counter(why.split(":")[0] for _, why in self.lost)
        return f"{len(self.wrong)} wrong, {len(self.lost)} lost {dict(kinds) or ''}" + "".join(f"\n      {one}" for one in shown)


class Report:
    """Rows of the table; a row that fails is remembered."""

    def __init__(self):
        self.passed = True

    def row(self, topic: str, what: str, figure: str, verdict: str | bool) -> None:
        if isinstance(verdict, bool):
            verdict = "ok" if verdict else "FAILED"
        self.passed = self.passed and not verdict.startswith("FAILED")
        print(f"{topic:9} {what:58} {figure:>46}  {verdict}", flush=True)

    def tally(self, topic: str, what: str, tally: Tally, seconds: float) -> None:
        self.row(topic, what, f"{tally.total} answers, {tally.total / seconds:.0f}/s", "ok" if tally.is_clean() and tally.total else f"FAILED: {tally.faults()}")
