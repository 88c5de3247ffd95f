"""The comparison of detectors: how windows and false episodes are counted, the baselines, and that ours is worth having."""

from collections.abc import Callable

import numpy as np
import pytest

from benchmarks.baselines.ears import c1, c2, c3
from benchmarks.baselines.gaussian import windowed_gaussian
from benchmarks.baselines.nbcusum import nb_cusum
from benchmarks.baselines.percent import percent
from benchmarks.detect import FAMILIES, scores
from benchmarks.labelled import best, judged
from benchmarks.lookalikes import DAY, KINDS, Floats, Labelled

BASELINES = (c1, c2, c3, windowed_gaussian, nb_cusum, percent)


def series(counts: list[int], *windows: tuple[int, int], step: int = DAY) -> Labelled:
    return Labelled("made", 0, 0, step, np.array(counts, dtype=np.int64), windows)


def test_a_window_is_found_once_and_an_episode_is_false_once() -> None:
    """Two runs in one window find one; rows with two between them are one episode; an overlap is not false."""
    scored = np.zeros(40)
    scored[[2, 6, 12, 20, 21, 29, 35]] = 1.0
    assert judged(series([0] * 40, (5, 8), (19, 25), (36, 38)), scored, 1.0) == (2, 4)
    scored[[13, 32]] = 1.0
    assert judged(series([0] * 40, (5, 8), (19, 25), (36, 38)), scored, 1.0) == (2, 3)


def test_the_price_is_kept_and_the_best_threshold_within_it_is_taken() -> None:
    """One false episode in 1,000 rows buys everything above the second."""
    scored = np.linspace(0.0, 0.1, 1_000)
    for row, score in ((100, 0.9), (300, 0.8), (500, 0.7), (700, 0.6), (900, 0.5)):
        scored[row] = score
    labelled = series([0] * 1_000, (290, 310), (490, 510), (890, 910))
    found = best([(labelled, scored)], 1.0)
    assert found.share == pytest.approx(2 / 3)
    assert found.false_rate == 1.0
    assert best([(labelled, scored)], 0.5).share == 0.0
    assert best([(labelled, scored)], 2.0).share == 1.0


def test_ears_is_as_defined() -> None:
    """Mean 4 and deviation 2.16 of seven rows; C2 leaves two rows between; the least deviation is a half."""
    counts = [1, 2, 3, 4, 5, 6, 7, 10, 0, 12]
    assert c1(series(counts))[7] == pytest.approx(6 / np.std(counts[:7], ddof=1))
    assert c2(series(counts))[9] == pytest.approx(8 / np.std(counts[:7], ddof=1))
    assert c1(series([3] * 7 + [4]))[7] == pytest.approx(2.0)
    over = np.maximum(0.0, c2(series(counts * 3)) - 1.0)
    assert c3(series(counts * 3))[25] == pytest.approx(over[23:26].sum())


def test_the_percent_rule_compares_hours() -> None:
    """With half-hours the last two against the two before; with days one against one."""
    assert percent(series([10, 10, 13, 13], step=1_800))[3] == pytest.approx(0.3)
    assert percent(series([10, 13]))[1] == pytest.approx(0.3)


@pytest.mark.parametrize("detector", BASELINES)
def test_baselines_use_no_later_row(detector: Callable[[Labelled], Floats]) -> None:
    """They too judge each row from the rows up to it."""
    whole = KINDS["complaints"](5)
    part = Labelled(whole.kind, 5, whole.start, whole.step, whole.counts[:200], ())
    np.testing.assert_allclose(detector(whole)[:200], detector(part), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("family", FAMILIES)
def test_look_alikes_are_drawn_from_their_seed_alone(family: str, kind: str) -> None:
    """The same again, another for another seed; windows inside, in order, with rows between 1 m and 7 d apart."""
    draw = FAMILIES[family][kind]
    one, again, other = draw(3), draw(3), draw(4)
    assert one.kind == kind
    assert np.array_equal(one.counts, again.counts)
    assert one.windows == again.windows
    assert not np.array_equal(one.counts[:100], other.counts[:100])
    assert one.counts.min() >= 0
    edges = [edge for window in one.windows for edge in window]
    assert edges
    assert edges == sorted(edges)
    assert edges[-1] <= len(one.counts)


@pytest.mark.parametrize("kind", ["mentions", "traffic"])
def test_windows_of_the_third_family_come_early_or_late(kind: str) -> None:
    """A tenth of the series too: some within the first week of mentions, all in the second half of a city's traffic."""
    drawn = [FAMILIES["archives"][kind](seed) for seed in range(6)]
    for one in drawn:
        assert sum(end - begin for begin, end in one.windows) == pytest.approx(
            0.1 * len(one.counts), rel=0.05
        )
    firsts = [one.windows[0][0] / len(one.counts) for one in drawn]
    assert min(firsts) < 7 / 55 if kind == "mentions" else min(firsts) > 0.45


@pytest.mark.parametrize("kind", ["mentions", "traffic", "complaints"])
def test_windows_of_the_second_family_are_a_tenth_of_a_series(kind: str) -> None:
    """Wide, as people label who saw where it was at its height."""
    one = FAMILIES["doubles"][kind](8)
    assert sum(end - begin for begin, end in one.windows) == pytest.approx(0.1 * len(one.counts), rel=0.05)


@pytest.mark.parametrize(("kind", "number"), [("traffic", 1), ("disease", 12)])
def test_it_finds_more_than_the_best_baseline(kind: str, number: int) -> None:
    """At least five points more of the labelled windows at 1 and at 5 false episodes per 1,000 rows, on fresh seeds."""
    drawn = [KINDS[kind](900 + seed) for seed in range(number)]
    for price in (1.0, 5.0):
        ours = best([(one, scores(one)) for one in drawn], price).share
        theirs = max(best([(one, detector(one)) for one in drawn], price).share for detector in BASELINES)
        assert ours >= min(1.0, theirs + 0.05)
