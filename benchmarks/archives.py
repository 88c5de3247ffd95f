"""A third family of simulated look-alikes: what is in public archives, with the labels that their keepers gave.

Nothing here is data that anybody observed. Other than in the first two families, labels come early and in clusters among
mentions, and are on middling stories beside larger ones without a label; all labels of a city's traffic lie in the second
half; diseases are near nothing for years in one county, or come in runs of a hidden state; complaints grow by steps, and
stay more numerous after the surge than before.
"""

from collections.abc import Callable
from itertools import groupby
from typing import Final

import numpy as np
from numpy.typing import NDArray

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
    wander,
)

_FIRST: Final = 0.05
"""Share of the mentions that no window begins in."""


def _story(rate: Floats, at: int, size: float, rise: int, fall: float) -> None:
    """Add a story of `size` at its height to `rate`, that rises in rows and falls by 1/e every `fall`."""
    until = min(len(rate), at + rise + int(6.0 * fall) + 2)
    row = np.arange(until - at, dtype=float)
    rate[at:until] += size * np.where(row < rise, (row + 1.0) / (rise + 1.0), np.exp(-(row - rise) / fall))


def mentions(seed: int) -> Labelled:
    """Mentions of a company every five minutes for 55 days: busy days and quiet ones, labels on middling stories."""
    random = np.random.default_rng((21, seed))
    rows, slots = 15_830 + int(random.integers(0, 80)), 288
    row = np.arange(rows)
    level = log_uniform(random, 0.3, 90.0)
    cycle = smooth_day(random, slots, random.uniform(0.2, 0.7))
    base = np.exp(cycle)[row % slots] * np.exp(wander(random, rows, 250.0, random.uniform(0.1, 0.35)))
    offset = int(random.integers(0, 7))
    base *= np.where((row // slots + offset) % 7 >= 5, random.uniform(0.5, 0.95), 1.0)
    # Stories come where people are awake, and on busy days.
    busy = np.repeat(np.exp(random.normal(0.0, 0.7, rows // slots + 1)), slots)[:rows] * base
    number = random.poisson(random.uniform(0.7, 4.0) * 55)
    places = np.sort(random.choice(rows, number, p=busy / busy.sum()))
    sizes = np.minimum(
        80.0, random.uniform(0.4, 1.2) * (1.0 + random.pareto(random.uniform(0.9, 1.5), number))
    )
    falls = np.exp(random.normal(np.log(3.0), 0.9, number)) * sizes**0.25
    story = np.zeros(rows)
    for at, size, fall in zip(places, sizes, falls, strict=True):
        _story(story, int(at), float(size), int(random.choice([0, 0, 1, 3])), float(fall))
    count = int(random.integers(2, 6))
    width = rows // 10 // count
    low, high = int(_FIRST * rows) + width // 2, rows - width // 2 - 1
    centres: list[int] = []
    rank = np.argsort(-sizes * falls**0.5 * np.exp(random.normal(0.0, 0.6, number)))
    candidates = [int(places[one]) for one in rank[: max(6, number // 8)]]
    for _ in range(10_000):
        if len(centres) == count:
            break
        if centres and random.random() < 0.3:  # news that goes on
            at = int(random.choice(centres)) + int(random.integers(width, 4 * width))
        elif random.random() < 0.6 and candidates:
            at = candidates[int(random.integers(0, len(candidates)))]
        else:
            at = int(random.integers(low, high))
        if low <= at <= high and all(abs(at - one) > width for one in centres):
            centres.append(at)
    centres.sort()
    for at in centres:
        begin = max(0, at - int(random.integers(0, width // 4)))
        shape = random.random()
        if shape < 0.45:
            _story(
                story,
                begin,
                log_uniform(random, 1.2, 9.0),
                int(random.integers(0, 5)),
                log_uniform(random, 3.0, 40.0),
            )
        elif shape < 0.65:
            story[begin : begin + int(log_uniform(random, 20, 200))] += log_uniform(random, 0.5, 2.0)
        elif shape < 0.8:
            _story(story, begin, log_uniform(random, 4.0, 40.0), 0, log_uniform(random, 0.4, 2.0))
        elif shape < 0.9:
            for _ in range(4):
                _story(story, begin + int(random.integers(0, 60)), log_uniform(random, 1.0, 5.0), 0, 3.0)
        # Else nothing more than what was there before: somebody knew of news.
    counts = negative_binomial(random, level * (base + story), log_uniform(random, 0.02, 0.4))
    for _ in range(random.poisson(random.uniform(0.0, 8.0))):  # one sender, many times
        counts[int(random.integers(0, rows))] += int(level * min(150.0, 2.0 + 3.0 * random.pareto(1.0)) + 2)
    start = epoch(2015, 2, 23) + offset * DAY + 78_173
    return Labelled("mentions", seed, start, 300, counts, around(centres, width, rows))


def traffic(seed: int) -> Labelled:
    """Half-hourly passengers for seven months whose labelled feasts, storm and race all come in the second half."""
    random = np.random.default_rng((22, seed))
    days, slots = int(random.integers(205, 222)), 48
    rows = days * slots
    level = log_uniform(random, 2_000.0, 20_000.0)
    workday = smooth_day(random, slots, random.uniform(0.4, 0.6))
    night = smooth_day(random, slots, 0.4)
    kinds = [workday, workday + 0.04, workday + 0.07, workday + 0.1 + 0.1 * night]
    kinds += [workday + 0.1 + 0.4 * night, 0.5 * workday + 0.9 * night, 0.6 * workday + 0.6 * night - 0.12]
    first = int(random.integers(0, 7))
    rate = np.log(level) + np.concatenate([kinds[(first + day) % 7] for day in range(days)])
    rate += wander(random, rows, 600.0, random.uniform(0.02, 0.05))
    rate += wander(random, rows, 6.0, random.uniform(0.02, 0.05))
    summer = int(random.integers(30, 70))  # fewer people in the city until summer is over
    rate[: summer * slots] -= random.uniform(0.03, 0.15)
    for _ in range(random.poisson(30.0)):  # rain, events
        at = int(random.integers(0, rows))
        rate[at : at + int(random.integers(2, 12))] += random.normal(0.0, 0.12)

    def quiet(day: int, part: float, lower: float) -> None:
        own = kinds[(first + day) % 7]
        rate[day * slots : (day + 1) * slots] += part * (kinds[6] - own) + np.log(lower)

    quiet(3, 1.0, 0.8)
    for day in random.choice(np.arange(10, days - 2), 5, replace=False):
        quiet(int(day), random.uniform(0.2, 0.8), random.uniform(0.85, 1.0))
    labels = []
    race, snow = int(days * random.uniform(0.52, 0.6)), days - int(random.integers(4, 7))
    feast = race + int(random.integers(22, 28))
    christmas = feast + int(random.integers(25, 30))
    rate[race * slots + 2 : race * slots + 4] += np.log(random.uniform(1.3, 1.9))
    rate[race * slots + 16 : race * slots + 34] += random.uniform(-0.25, 0.25)
    labels.append(race * slots - 5)
    for day in (feast, christmas):
        quiet(day - 1, 0.3, 0.9)
        quiet(day, 1.0, random.uniform(0.5, 0.75))
        quiet(day + 1, 0.6, random.uniform(0.75, 0.95))
        labels.append(day * slots + 30)
    eve = christmas + 7
    quiet(eve, 0.9, random.uniform(0.7, 0.9))
    rate[eve * slots : eve * slots + 9] += np.log(random.uniform(1.4, 2.2))
    labels.append(eve * slots + 2)
    quiet(eve + int(random.integers(14, 19)), 0.6, 0.95)
    multiplied = np.ones(rows)
    begin, length = snow * slots + int(random.integers(-20, 10)), int(random.integers(24, 50))
    multiplied[begin : begin + length] *= random.uniform(0.02, 0.5)
    labels.append(snow * slots)
    width = rows // 10 // len(labels)
    counts = negative_binomial(random, np.exp(rate) * multiplied, random.uniform(0.0005, 0.003))
    return Labelled(
        "traffic", seed, epoch(2014, 6, 30) + first * DAY, 1_800, counts, around(labels, width, rows)
    )


def _runs(state: NDArray[np.bool_]) -> tuple[tuple[int, int], ...]:
    """Return the half-open ranges in which `state` holds."""
    found, at = [], 0
    for holds, run in groupby(state.tolist()):
        length = len(list(run))
        if holds:
            found.append((at, at + length))
        at += length
    return tuple(found)


def _bell(random: np.random.Generator, length: int) -> Floats:
    """Return the course of an outbreak, 1 at its height, which comes before its middle."""
    row = (np.arange(length) + 0.7) / (length + 0.4)
    course: Floats = np.sin(np.pi * row ** random.uniform(0.6, 1.1)) ** random.uniform(1.0, 2.0)
    return course


def disease(seed: int) -> Labelled:
    """Weekly cases, 0 to 30: one county and its one outbreak, a rare serovar, a winter disease, or hidden states."""
    random = np.random.default_rng((23, seed))
    sort = random.choice(["county", "serovar", "winter", "states"], p=[0.3, 0.25, 0.15, 0.3])
    rows = int(random.integers(188, 330)) if sort != "states" else int(random.integers(200, 600))
    week = np.arange(rows)
    state = np.zeros(rows, dtype=bool)
    if sort == "states":
        wave = random.uniform(0.0, 1.0) * np.sin(2.0 * np.pi * (week - random.uniform(0, 52)) / 52.18)
        rate = np.exp(random.uniform(-0.7, 1.6) + wave)
        begins, goes_on = 1.0 / random.uniform(60.0, 140.0), random.uniform(0.5, 0.85)
        for one in range(10, rows):
            state[one] = random.random() < (goes_on if state[one - 1] else begins)
        if not state.any():
            state[rows // 2 : rows // 2 + 3] = True
        counts = random.poisson(rate * np.where(state, np.exp(random.uniform(0.7, 1.8)), 1.0))
        return Labelled("disease", seed, epoch(1996, 1, 1), WEEK, counts, _runs(state))
    if sort == "county":
        level, dispersion = log_uniform(random, 0.01, 0.4), random.uniform(0.0, 1.0)
        rate = np.full(rows, level)
    elif sort == "serovar":
        level, dispersion = log_uniform(random, 0.6, 7.0), random.uniform(0.0, 0.2)
        rate = level * np.exp(
            random.uniform(0.0, 0.6) * np.sin(2.0 * np.pi * (week - random.uniform(0, 52)) / 52.18)
        )
        rate *= np.exp(wander(random, rows, 15.0, random.uniform(0.0, 0.25)))
    else:
        level, dispersion = log_uniform(random, 0.5, 3.0), random.uniform(0.0, 0.3)
        rate = level * np.exp(
            random.uniform(0.8, 1.5) * np.cos(2.0 * np.pi * (week - random.uniform(0, 52)) / 52.18)
        )
    counts = negative_binomial(random, rate, dispersion)
    for _ in range(random.poisson(rows / 120)):  # a family, a school class, and nobody called it an outbreak
        counts[int(random.integers(0, rows))] += int(random.integers(1, 4)) + int(random.poisson(0.5 * level))
    for _ in range(int(random.choice([1, 1, 2, 3]))):
        length = int(random.integers(3, 26)) if sort == "county" else int(random.integers(4, 16))
        begin = int(random.integers(int(0.1 * rows), rows - length))
        if state[max(0, begin - 4) : begin + length + 4].any():
            continue
        spread = np.sqrt(level * (1.0 + dispersion * level))
        height = (
            log_uniform(random, 1.5, 20.0) if sort == "county" else 1.0 + random.uniform(1.0, 6.0) * spread
        )
        more = random.poisson(height * _bell(random, length))
        counts[begin : begin + length] += more
        # Who labels knows of the cases, week by week; a week without any ends it for some.
        known = counts[begin : begin + length] > 0 if random.random() < 0.3 else np.ones(length, dtype=bool)
        state[begin : begin + length] = known
    if not state.any():
        counts[rows // 2 : rows // 2 + 5] += 5
        state[rows // 2 : rows // 2 + 5] = True
    return Labelled("disease", seed, epoch(2001, 1, 1), WEEK, np.minimum(counts, 60), _runs(state))


def complaints(seed: int) -> Labelled:
    """Daily complaints about one company: hardly any at weekends, more from year to year, one affair that stays."""
    random = np.random.default_rng((24, seed))
    rows = int(random.integers(500, 2_400))
    level = log_uniform(random, 2.0, 80.0)
    day = np.arange(rows)
    week = np.concatenate([random.uniform(0.85, 1.15, 5), random.uniform(0.1, 0.7, 2)])
    rate = np.log(level) + np.log(week)[day % 7]
    for at in random.integers(0, rows, random.poisson(rows / 365)):
        rate[int(at) :] += np.log(random.uniform(0.9, 1.5))
    rate += wander(random, rows, random.uniform(15.0, 60.0), random.uniform(0.05, 0.15))
    for at in random.integers(0, rows - 2, random.poisson(rows * 9 / 365)):
        rate[int(at) : int(at) + 2] += np.log([random.uniform(0.1, 0.6), random.uniform(1.0, 1.5)])
    for at in random.integers(0, rows, random.poisson(rows * 5 / 365)):
        rate[int(at)] += np.log(random.uniform(1.4, 3.0))
    at = int(random.integers(int(0.25 * rows), int(0.9 * rows)))
    fall = log_uniform(random, 4.0, 30.0)
    affair = np.zeros(rows)
    _story(affair, at, log_uniform(random, 1.5, 20.0), int(random.integers(0, 4)), fall)
    rate += np.log1p(affair)
    rate[at:] += np.log(random.uniform(1.0, 1.6))
    counts = negative_binomial(random, np.exp(rate), random.uniform(0.01, 0.1))
    until = min(rows, at + max(7, int(random.uniform(1.0, 2.5) * fall)))
    return Labelled("complaints", seed, epoch(2013, 1, 7), DAY, counts, ((at, until),))


KINDS: Final[dict[str, Callable[[int], Labelled]]] = {
    "mentions": mentions,
    "traffic": traffic,
    "disease": disease,
    "complaints": complaints,
}
"""Kind -> its generator."""
