"""Simulated look-alikes of four kinds of public labelled series, to develop and compare detectors on.

Nothing here is data that anybody observed. Each kind draws its size, dispersion, cycles and anomalies anew for every
seed; labels are windows around the anomalies, as the Numenta benchmark has them (a tenth of a long series in all).
Much that is striking is not labelled: single rows with a hundred times as many mentions, short bursts, holidays that
nobody wrote down. A detector that is tuned to one shape or one size loses here.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MINUTE: Final = 60
DAY: Final = 86_400
WEEK: Final = 7 * DAY


@dataclass(frozen=True, slots=True)
class Labelled:
    """One simulated series with the truth about it."""

    kind: str
    seed: int
    start: int
    """Epoch seconds of the first row."""
    step: int
    counts: NDArray[np.int64]
    windows: tuple[tuple[int, int], ...]
    """Half-open ranges of rows, in order, apart from each other."""

    @property
    def times(self) -> NDArray[np.int64]:
        """Epoch seconds of each row."""
        return self.start + self.step * np.arange(len(self.counts), dtype=np.int64)


def epoch(year: int, month: int, day: int) -> int:
    """Return the epoch seconds at which a day begins, UTC."""
    return int(datetime(year, month, day, tzinfo=UTC).timestamp())


def log_uniform(random: np.random.Generator, low: float, high: float) -> float:
    """Return a number whose logarithm is uniform."""
    return float(np.exp(random.uniform(np.log(low), np.log(high))))


def negative_binomial(random: np.random.Generator, mean: Floats, dispersion: float) -> NDArray[np.int64]:
    """Return counts with variance m + `dispersion` * m^2 around `mean`."""
    if dispersion < 1e-9:
        return random.poisson(mean)
    shape = 1.0 / dispersion
    return random.poisson(random.gamma(shape, np.maximum(mean, 1e-9) / shape))


def wander(random: np.random.Generator, rows: int, memory: float, deviation: float) -> Floats:
    """Return an AR(1) path with stationary `deviation` that forgets over `memory` rows."""
    keep = float(np.exp(-1.0 / memory))
    noise = random.normal(0.0, deviation * np.sqrt(1.0 - keep * keep), rows)
    path = np.empty(rows)
    value = random.normal(0.0, deviation)
    for row in range(rows):
        value = keep * value + noise[row]
        path[row] = value
    return path


def smooth_day(random: np.random.Generator, slots: int, strength: float) -> Floats:
    """Return a daily cycle of logarithms with two or three harmonics, mean 0, standard deviation `strength`."""
    angle = 2.0 * np.pi * np.arange(slots) / slots
    cycle = np.zeros(slots)
    for harmonic, weight in ((1, 1.0), (2, 0.5), (3, 0.25)):
        cycle += (
            weight * random.uniform(0.4, 1.0) * np.cos(harmonic * angle - random.uniform(0.0, 2.0 * np.pi))
        )
    scaled: Floats = strength * (cycle - cycle.mean()) / cycle.std()
    return scaled


def spread(random: np.random.Generator, count: int, rows: int, width: int, first: float = 0.16) -> list[int]:
    """Return `count` centres with windows of `width` rows that keep apart and leave the first part free."""
    low, high = int(first * rows) + width // 2, rows - width // 2 - 1
    for _ in range(10_000):
        centres = sorted(int(one) for one in random.integers(low, high, count))
        if all(after - before > width for before, after in pairwise(centres)):
            return centres
    raise ValueError(f"{count} windows of {width} rows do not fit into {rows}")


def around(centres: list[int], width: int, rows: int) -> tuple[tuple[int, int], ...]:
    """Return windows of `width` rows around `centres`, within `rows`."""
    return tuple((max(0, centre - width // 2), min(rows, centre + width // 2)) for centre in centres)


def _burst(log_rate: Floats, at: int, height: float, rise: float, fall: float) -> None:
    """Lift `log_rate` from row `at` by the logarithm of a burst that multiplies by `height` at its peak."""
    length = int(rise + 6.0 * fall) + 2
    until = min(len(log_rate), at + length)
    row = np.arange(until - at, dtype=float)
    shape = np.where(row < rise, (row + 1.0) / (rise + 1.0), np.exp(-(row - rise) / fall))
    log_rate[at:until] += np.log1p((height - 1.0) * shape)


def mentions(seed: int) -> Labelled:
    """Mentions of a company every five minutes for 55 days: bursty, over-dispersed, spikes that nobody labelled."""
    random = np.random.default_rng((1, seed))
    rows, slots = 15_800 + int(random.integers(0, 120)), 288
    row = np.arange(rows)
    level = float(np.exp(random.uniform(np.log(0.5), np.log(90.0))))
    strength = random.uniform(0.2, 0.8)
    cycle = smooth_day(random, slots, strength)
    weekend = np.log(random.uniform(0.55, 1.0))
    offset = int(random.integers(0, 7))
    rate = np.log(level) + cycle[row % slots] + weekend * (((row // slots + offset) % 7) >= 5)
    rate += wander(random, rows, random.uniform(40.0, 300.0), random.uniform(0.1, 0.45))
    rate += wander(random, rows, random.uniform(3.0, 12.0), random.uniform(0.05, 0.35))
    # Trading hours, promotions by robots at full hours and the like: regular, and no anomaly.
    if random.random() < 0.4:
        rate += np.log(random.uniform(1.1, 1.8)) * ((row % slots) % 12 == 0)
    small = random.uniform(15.0, 90.0)
    for _ in range(random.poisson(small)):
        height = 1.0 + random.uniform(0.5, 1.0) * (random.pareto(1.3) + 0.6)
        _burst(
            rate,
            int(random.integers(0, rows)),
            min(height, 20.0),
            random.uniform(0.0, 2.0),
            random.uniform(1.0, 14.0),
        )
    count = int(random.integers(2, 6))
    width = rows // 10 // count
    centres = spread(random, count, rows, width)
    for centre in centres:
        shape = random.random()
        # The label is put where somebody saw it, which is not always where it began.
        at = centre + int(random.integers(-width // 6, width // 6 + 1))
        if shape < 0.35:
            _burst(rate, at, random.uniform(3.0, 12.0), random.uniform(0.0, 6.0), random.uniform(4.0, 40.0))
        elif shape < 0.55:
            _burst(rate, at, random.uniform(1.8, 4.0), random.uniform(0.0, 24.0), random.uniform(20.0, 90.0))
        elif shape < 0.70:
            length = int(random.uniform(60, 300))
            rate[at : at + length] += np.log(random.uniform(1.3, 2.5))
        elif shape < 0.82:
            for _ in range(int(random.integers(3, 9))):
                _burst(
                    rate,
                    at + int(random.integers(0, width // 3)),
                    random.uniform(2.0, 8.0),
                    0.0,
                    random.uniform(2.0, 10.0),
                )
        elif shape < 0.92:
            _burst(rate, at, random.uniform(4.0, 40.0), 0.0, random.uniform(0.5, 1.5))
        else:
            length = int(random.uniform(50, 250))
            rate[at : at + length] -= np.log(random.uniform(2.0, 8.0))
    counts = negative_binomial(random, np.exp(rate), random.uniform(0.02, 0.3))
    for _ in range(random.poisson(random.uniform(2.0, 15.0))):
        place = int(random.integers(0, rows))
        counts[place] += int(level * min(150.0, 2.0 + 3.0 * random.pareto(1.1)) + 1)
    if random.random() < 0.3:
        place = int(random.integers(0, rows - 40))
        counts[place : place + int(random.integers(5, 40))] = 0
    return Labelled(
        "mentions", seed, epoch(2015, 2, 26) + offset * DAY, 300, counts, around(centres, width, rows)
    )


def traffic(seed: int) -> Labelled:
    """Half-hourly passengers of a city for seven months: a firm weekly cycle; holidays, storms, a clock change."""
    random = np.random.default_rng((2, seed))
    days, slots = int(random.integers(190, 240)), 48
    rows = days * slots
    level = float(np.exp(random.uniform(np.log(300.0), np.log(20_000.0))))
    workday = smooth_day(random, slots, random.uniform(0.4, 0.7))
    saturday = 0.5 * workday + smooth_day(random, slots, 0.25) + random.uniform(-0.2, 0.1)
    sunday = 0.6 * saturday + 0.4 * workday + random.uniform(-0.35, 0.0)
    friday = workday + 0.15 * smooth_day(random, slots, 1.0)
    days_of_week = [workday, workday + 0.03, workday + 0.05, workday + 0.06, friday, saturday, sunday]
    rate = np.log(level) + np.concatenate([days_of_week[day % 7] for day in range(days)])
    rate += wander(random, rows, 300.0, random.uniform(0.02, 0.05))
    rate += wander(random, rows, 8.0, random.uniform(0.02, 0.05))
    rate += random.uniform(-0.15, 0.15) * np.sin(2.0 * np.pi * np.arange(rows) / (365 * slots))
    for _ in range(random.poisson(25.0)):  # rain
        at = int(random.integers(0, rows))
        rate[at : at + int(random.integers(2, 14))] += random.normal(0.0, 0.1)
    count = int(random.integers(4, 7))
    width = rows // 10 // count
    centres = spread(random, count, rows, width)
    free = [day for day in range(days) if all(abs(day * slots - one) > width for one in centres)]
    for day in random.choice(
        free, int(random.integers(1, 4)), replace=False
    ):  # lesser holidays without a label
        at = int(day) * slots
        rate[at : at + slots] += 0.6 * (sunday - days_of_week[int(day) % 7]) + random.uniform(-0.15, 0.0)
    multiplied = np.ones(rows)
    for centre in centres:
        day = centre // slots
        at = day * slots
        shape = random.random()
        if shape < 0.45:  # a holiday of one or two days
            for more in range(1 + int(random.random() < 0.5)):
                begin = at + more * slots
                own = days_of_week[(day + more) % 7]
                rate[begin : begin + slots] += (sunday - own)[: rows - begin] + np.log(
                    random.uniform(0.55, 0.9)
                )
        elif shape < 0.65:  # a storm
            begin, length = at + int(random.integers(0, slots)), int(random.integers(20, 60))
            multiplied[begin : begin + length] *= random.uniform(0.02, 0.5)
        elif shape < 0.8:  # a night out, and the morning after
            begin = at + int(random.integers(-4, 4))
            rate[begin : begin + 8] += np.log(random.uniform(1.5, 2.5))
            rate[begin + 14 : begin + 40] += np.log(random.uniform(0.55, 0.8))
        elif shape < 0.9:  # a race or a fair
            begin, length = at + int(random.integers(12, 36)), int(random.integers(8, 24))
            rate[begin : begin + length] += random.choice([-1.0, 1.0]) * random.uniform(0.2, 0.5)
        else:  # an hour that the clock has twice
            multiplied[at + 2 : at + 4] *= random.uniform(1.6, 2.1)
    counts = negative_binomial(random, np.exp(rate) * multiplied, random.uniform(0.0005, 0.003))
    return Labelled("traffic", seed, epoch(2014, 6, 30), 1_800, counts, around(centres, width, rows))


def disease(seed: int) -> Labelled:
    """Weekly cases of a notifiable disease for four to eleven years: 0 to 30 of them, outbreaks of weeks."""
    random = np.random.default_rng((3, seed))
    rows = int(random.integers(200, 580))
    level = float(np.exp(random.uniform(np.log(0.4), np.log(9.0))))
    week = np.arange(rows)
    season = random.choice([0.0, 0.4, 0.8, 1.1]) * np.cos(
        2.0 * np.pi * (week - random.uniform(0, 52)) / 52.18
    )
    season += 0.3 * random.random() * np.cos(4.0 * np.pi * (week - random.uniform(0, 26)) / 52.18)
    rate = level * np.exp(season + random.uniform(-0.5, 0.5) * week / rows)
    dispersion = random.choice([0.0, 0.05, 0.15, 0.3])
    counts = negative_binomial(random, rate, dispersion)
    count = int(random.integers(2, 1 + max(3, rows // 90)))
    centres = spread(random, count, rows, 16, 0.15)
    windows = []
    for centre in centres:
        deviation = np.sqrt(rate[centre] * (1.0 + dispersion * rate[centre]))
        cases = 2 + random.poisson(random.uniform(3.0, 12.0) * deviation)
        delays = np.minimum(np.floor(random.lognormal(random.uniform(0.0, 0.8), 0.6, cases)), 9).astype(int)
        for delay in delays:
            counts[min(rows - 1, centre + int(delay))] += 1
        windows.append((centre + int(delays.min()), min(rows, centre + int(delays.max()) + 1)))
    return Labelled("disease", seed, epoch(1996, 1, 1), WEEK, counts, tuple(windows))


def complaints(seed: int) -> Labelled:
    """Daily complaints about one company for one to five years: quiet weekends, growth, one surge."""
    random = np.random.default_rng((4, seed))
    rows = int(random.integers(365, 1_900))
    level = float(np.exp(random.uniform(np.log(4.0), np.log(250.0))))
    day = np.arange(rows)
    week = np.log(np.concatenate([random.uniform(0.9, 1.15, 5), random.uniform(0.25, 0.9, 2)]))
    rate = np.log(level) + week[day % 7] + random.uniform(-0.6, 1.2) * day / rows
    rate += random.uniform(0.0, 0.2) * np.cos(2.0 * np.pi * (day - random.uniform(0, 365)) / 365.25)
    rate += wander(random, rows, random.uniform(10.0, 60.0), random.uniform(0.03, 0.15))
    for _ in range(random.poisson(rows * 9 / 365)):  # holidays, and the rush after them
        at = int(random.integers(0, rows - 2))
        rate[at] += np.log(random.uniform(0.3, 0.8))
        rate[at + 1] += np.log(random.uniform(1.0, 1.3))
    for _ in range(random.poisson(rows * 4 / 365)):  # letters sent by the stack
        rate[int(random.integers(0, rows))] += np.log(random.uniform(1.3, 2.5))
    at = int(random.integers(int(0.3 * rows), int(0.9 * rows)))
    fall = random.uniform(2.0, 20.0)
    _burst(rate, at, random.uniform(1.7, 8.0), random.uniform(0.0, 4.0), fall)
    counts = negative_binomial(random, np.exp(rate), random.uniform(0.005, 0.08))
    return Labelled(
        "complaints", seed, epoch(2016, 1, 4), DAY, counts, ((at, min(rows, at + int(2.0 * fall) + 5)),)
    )


KINDS: Final[dict[str, Callable[[int], Labelled]]] = {
    "mentions": mentions,
    "traffic": traffic,
    "disease": disease,
    "complaints": complaints,
}
"""Kind -> its generator."""

SERIES: Final = {"mentions": 10, "traffic": 4, "disease": 12, "complaints": 8}
"""How many series of each kind a comparison takes."""


def collection(kinds: dict[str, Callable[[int], Labelled]], seed: int) -> list[Labelled]:
    """Return the series of one comparison, of all `kinds`."""
    return [kinds[kind](seed * 1_000 + number) for kind, count in SERIES.items() for number in range(count)]
