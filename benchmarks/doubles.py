"""A second family of simulated look-alikes, of another character: what people label is what they see in a plot.

Nothing here is data that anybody observed. `benchmarks.lookalikes` draws anomalies of every size and labels them all;
here many things happen, of sizes without a typical one, and the most striking few are labelled afterwards, as people
do who look at a whole series at once. So labels are on larger things, which are found by simpler means, while what is nearly
as large beside them is not labelled. Windows are a tenth of a long series in all and begin before what they are about.

Rates are sums here and not products: a story of mentions comes on top of the quiet night as it does on top of the noon.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from benchmarks.lookalikes import (
    DAY,
    WEEK,
    Floats,
    Labelled,
    around,
    epoch,
    log_uniform,
    negative_binomial,
    smooth_day,
    spread,
    wander,
)

_TENTH: Final = 0.1
"""Share of a long series that is labelled."""
_FREE: Final = 0.15
"""Share at the beginning without a label, where a detector may learn."""


def _decay(rows: int, at: int, rise: float, fall: float) -> tuple[slice, Floats]:
    """Return where a story lies and its course: up to 1 within `rise` rows, then down by 1/e every `fall`."""
    until = min(rows, at + int(rise + 7.0 * fall) + 2)
    row = np.arange(until - at, dtype=float)
    return slice(at, until), np.where(row < rise, (row + 1.0) / (rise + 1.0), np.exp(-(row - rise) / fall))


def _most_striking(height: Floats, count: int, width: int) -> list[int]:
    """Return the rows of the `count` highest points that are at least `width` rows apart, in order."""
    left = height.copy()
    left[: int(_FREE * len(left)) + width // 2] = -np.inf
    left[len(left) - width // 2 - 1 :] = -np.inf
    found = []
    for _ in range(count):
        place = int(np.argmax(left))
        if not np.isfinite(left[place]):
            break
        found.append(place)
        left[max(0, place - width - 1) : place + width + 2] = -np.inf
    return sorted(found)


def mentions(seed: int) -> Labelled:
    """Mentions of a company every five minutes for 55 days: stories of all sizes on a base that is often near nothing."""
    random = np.random.default_rng((11, seed))
    rows, slots = 15_800 + int(random.integers(0, 120)), 288
    row = np.arange(rows)
    level = log_uniform(random, 0.4, 70.0)
    week = random.uniform(0.5, 1.0)
    offset = int(random.integers(0, 7))
    base = np.exp(smooth_day(random, slots, random.uniform(0.2, 0.7)))[row % slots]
    base *= np.where((row // slots + offset) % 7 >= 5, week, 1.0)
    base *= np.exp(wander(random, rows, random.uniform(60.0, 600.0), random.uniform(0.1, 0.35)))
    for _ in range(random.poisson(1.0)):  # more or less of them from one day on
        base[int(random.integers(0, rows)) :] *= log_uniform(random, 0.6, 1.7)
    story = np.zeros(rows)
    tail = random.uniform(1.0, 1.7)
    for at in random.integers(0, rows, random.poisson(random.uniform(1.0, 6.0) * 55)):
        size = min(60.0, random.uniform(0.3, 0.8) * (1.0 + random.pareto(tail)))
        # What is spread further is also talked of for longer, on the whole.
        fall = log_uniform(random, 0.7, 12.0) * size ** random.uniform(0.0, 0.6)
        where, course = _decay(rows, int(at), random.choice([0.0, 0.0, 1.0, 4.0]), fall)
        story[where] += size * course
    count = int(random.integers(2, 6))
    width = int(_TENTH * rows / count)
    # People see heights, more so the longer they last; and they know of news that they look for.
    last = np.cumsum(np.concatenate(([0.0], story)))
    breadth = int(random.choice([1, 3, 12]))
    seen = (last[breadth:] - last[:-breadth])[: rows - breadth + 1]
    seen = np.concatenate((seen, np.zeros(rows - len(seen)))) * np.exp(random.normal(0.0, 0.4, rows))
    centres = _most_striking(seen, count, width)
    for number in range(len(centres)):
        if random.random() < 0.3:  # news that is no spike: more for hours, or hardly any
            at = int(random.integers(int(0.2 * rows), int(0.95 * rows)))
            if all(abs(at - one) > width + 1 for place, one in enumerate(centres) if place != number):
                centres[number] = at
                length = int(log_uniform(random, 36, 300))
                if random.random() < 0.2:
                    base[at : at + length] *= random.uniform(0.05, 0.4)
                else:
                    story[at : at + length] += random.uniform(0.7, 2.5)
    centres.sort()
    counts = negative_binomial(random, level * (base + story), random.uniform(0.03, 0.4))
    for _ in range(random.poisson(random.uniform(0.0, 6.0))):  # one sender, many times
        counts[int(random.integers(0, rows))] += int(level * min(60.0, 2.0 + 3.0 * random.pareto(1.2)) + 2)
    if random.random() < 0.3:  # nothing was collected
        place = int(random.integers(0, rows - 60))
        counts[place : place + int(random.integers(5, 60))] = 0
    start = epoch(2015, 2, 26) + offset * DAY + 153
    return Labelled("mentions", seed, start, 300, counts, around(centres, width, rows))


def traffic(seed: int) -> Labelled:
    """Half-hourly passengers for seven months: holidays that begin days before, storms with a warning, nights out."""
    random = np.random.default_rng((12, seed))
    days, slots = int(random.integers(195, 235)), 48
    rows = days * slots
    level = log_uniform(random, 200.0, 20_000.0)
    workday = smooth_day(random, slots, random.uniform(0.35, 0.6))
    late = smooth_day(random, slots, 0.35)
    kinds = [workday + 0.04 * day for day in range(4)]
    kinds += [workday + 0.5 * late, 0.4 * workday + late, 0.5 * workday + 0.6 * late - 0.15]
    first = int(random.integers(0, 7))
    rate = np.log(level) + np.concatenate([kinds[(first + day) % 7] for day in range(days)])
    rate += wander(random, rows, 500.0, random.uniform(0.03, 0.07))
    rate += wander(random, rows, 6.0, random.uniform(0.02, 0.06))
    rate += random.uniform(0.0, 0.12) * np.sin(2.0 * np.pi * np.arange(rows) / (365 * slots))
    for _ in range(random.poisson(20.0)):  # rain, a concert, a line that is closed
        at = int(random.integers(0, rows))
        rate[at : at + int(random.integers(2, 16))] += random.normal(0.0, 0.12)
    count = int(random.integers(4, 7))
    width = int(_TENTH * rows / count)
    centres = spread(random, count, rows, 3 * width // 2)
    for _ in range(int(random.integers(2, 5))):  # holidays that nobody wrote down
        day = int(random.integers(8, days - 1))
        if all(abs(day * slots - one) > width for one in centres):
            rate[day * slots : day * slots + slots] += 0.7 * (kinds[6] - kinds[(first + day) % 7]) - 0.05
    for number, centre in enumerate(centres):
        day = centre // slots
        shape = random.random()
        if shape < 0.5:  # a feast: quieter from the day before on, nearly empty on the day
            for more, part in ((-1, 0.3), (0, 1.0), (1, random.uniform(0.0, 0.8))):
                begin = (day + more) * slots
                change = kinds[6] - kinds[(first + day + more) % 7] + np.log(random.uniform(0.5, 0.8))
                rate[begin : begin + slots] += (part * change)[: rows - begin]
        elif shape < 0.7:  # a storm
            length = int(random.integers(16, 60))
            course = np.minimum(1.0, np.arange(length) / random.uniform(1.0, 12.0))
            rate[centre : centre + length] += (np.log(log_uniform(random, 0.02, 0.6)) * course)[
                : rows - centre
            ]
        elif shape < 0.85:  # a night out
            begin = day * slots
            rate[begin : begin + 8] += np.log(random.uniform(1.5, 3.0))
            rate[begin + 12 : begin + 36] += np.log(random.uniform(0.5, 0.8))
        else:  # a race, and an hour that the clock has twice
            begin = day * slots
            rate[begin + 2 : begin + 4] += np.log(random.uniform(1.3, 2.0))
            rate[begin + 14 : begin + 30] += random.uniform(0.1, 0.4)
        # A label says when it was at its height, or when somebody noticed.
        centres[number] = centre + int(random.integers(-width // 5, width // 5))
    counts = negative_binomial(random, np.exp(rate), random.uniform(0.0005, 0.004))
    return Labelled(
        "traffic", seed, epoch(2014, 6, 30) + first * DAY, 1_800, counts, around(centres, width, rows)
    )


def disease(seed: int) -> Labelled:
    """Weekly cases, 0 to 30, for four to twelve years: outbreaks that somebody saw in the counts, and single odd weeks."""
    random = np.random.default_rng((13, seed))
    rows = int(random.integers(200, 620))
    level = log_uniform(random, 0.2, 7.0)
    week = np.arange(rows)
    season = random.choice([0.0, 0.5, 1.0]) * np.cos(2.0 * np.pi * (week - random.uniform(0, 52)) / 52.18)
    rate = level * np.exp(season + random.uniform(-0.6, 0.6) * week / rows)
    rate *= np.exp(wander(random, rows, random.uniform(3.0, 20.0), random.uniform(0.0, 0.3)))
    dispersion = float(random.choice([0.0, 0.1, 0.3]))
    counts = negative_binomial(random, rate, dispersion)
    for _ in range(random.poisson(rows / 250)):  # reports that came by the stack
        counts[int(random.integers(0, rows))] += int(random.poisson(2.0 + level))
    windows = []
    count = int(random.integers(1, 2 + rows // 100))
    for centre in spread(random, count, rows, 18, 0.12):
        length = int(random.integers(3, 13))
        course = np.sin(np.pi * (np.arange(length) + 0.7) / (length + 0.4)) ** 2
        deviation = np.sqrt(rate[centre] * (1.0 + dispersion * rate[centre]))
        height = 1.5 + random.uniform(1.5, 7.0) * deviation
        begin, until = centre, min(rows, centre + length)
        counts[begin:until] += random.poisson(height * course[: until - begin])
        windows.append((begin, until))
    return Labelled("disease", seed, epoch(1996, 1, 1), WEEK, np.minimum(counts, 60), tuple(windows))


def complaints(seed: int) -> Labelled:
    """Daily complaints for one to five years: few at weekends, growing by steps, one surge that many papers wrote of."""
    random = np.random.default_rng((14, seed))
    rows = int(random.integers(365, 1_900))
    level = log_uniform(random, 3.0, 150.0)
    day = np.arange(rows)
    week = np.concatenate([random.uniform(0.85, 1.15, 5), random.uniform(0.15, 0.8, 2)])
    rate = np.log(level) + np.log(week)[day % 7] + random.uniform(-0.3, 1.0) * day / rows
    rate += wander(random, rows, random.uniform(15.0, 90.0), random.uniform(0.05, 0.2))
    for _ in range(random.poisson(rows * 9 / 365)):
        at = int(random.integers(0, rows - 1))
        rate[at : at + 2] += np.log([random.uniform(0.2, 0.7), random.uniform(1.0, 1.4)])
    for _ in range(random.poisson(rows * 3 / 365)):  # a smaller affair, or many letters at once
        where, course = _decay(rows, int(random.integers(0, rows)), 0.0, random.uniform(0.5, 4.0))
        rate[where] += np.log1p(random.uniform(0.3, 1.2) * course)
    if random.random() < 0.5:  # a form that is easier to find
        rate[int(random.integers(0, rows)) :] += np.log(random.uniform(1.1, 1.5))
    at = int(random.integers(int(0.3 * rows), int(0.88 * rows)))
    where, course = _decay(rows, at, random.uniform(0.0, 3.0), log_uniform(random, 3.0, 30.0))
    rate[where] += np.log1p(log_uniform(random, 1.2, 12.0) * course)
    counts = negative_binomial(random, np.exp(rate), random.uniform(0.01, 0.1))
    width = int(_TENTH * rows)
    begin = max(0, at - int(random.uniform(0.0, 0.4) * width))
    return Labelled("complaints", seed, epoch(2013, 1, 7), DAY, counts, ((begin, min(rows, begin + width)),))


KINDS: Final[dict[str, Callable[[int], Labelled]]] = {
    "mentions": mentions,
    "traffic": traffic,
    "disease": disease,
    "complaints": complaints,
}
"""Kind -> its generator."""
