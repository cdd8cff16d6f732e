"""Two workers in alternating slices, the idle one stopped: what one takes over what the other takes."""

import random
import statistics
from collections.abc import Callable, Sequence

import numpy

import worker

Measure = Callable[[Sequence[float]], float]


def interval(ratios: list[float]) -> tuple[float, float]:
    """95 % of the bootstrapped medians."""
    generator = numpy.random.default_rng(1)
    medians = numpy.median(generator.choice(ratios, (2000, len(ratios))), axis=1)
    low, high = numpy.percentile(medians, [2.5, 97.5])
    return float(low), float(high)


class Race:
    """Rounds of one slice each, in an order that chance decides. A slice counts by `measure` of its calls' times, a round by the first
    worker's slice over the second's."""

    def __init__(self, first: worker.Worker, second: worker.Worker, measure: Measure):
        self.first, self.second, self.measure = first, second, measure
        self.ratios: list[float] = []
        self.times_us: dict[worker.Worker, list[float]] = {first: [], second: []}
        second.pause()
        self.call_us = statistics.median(first.run(2, 3))
        first.pause()

    def round(self, iterations: int) -> None:
        slices = {}
        for contender in random.sample([self.first, self.second], 2):
            contender.go_on()
            slices[contender] = self.measure(contender.run(1, iterations))
            contender.pause()
            self.times_us[contender].append(slices[contender])
        self.ratios.append(slices[self.first] / slices[self.second])

    def until(self, narrow: float, rounds: range, iterations: int) -> None:
        """At least rounds.start, at most rounds.stop rounds; looks every rounds.step whether half the interval is below `narrow`."""
        while len(self.ratios) < rounds.stop:
            self.round(iterations)
            if len(self.ratios) >= rounds.start and len(self.ratios) % rounds.step == 0:
                low, high = interval(self.ratios)
                if (high - low) / 2 < narrow:
                    return
