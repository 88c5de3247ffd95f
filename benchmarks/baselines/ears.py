"""EARS C1, C2 and C3 of the CDC on one labelled series; the formulas are `agents.backtest.baselines`'s."""

from agents.backtest.baselines import ears_c1, ears_c2, ears_c3
from benchmarks.lookalikes import Floats, Labelled


def c1(series: Labelled) -> Floats:
    """Return C1 of every row; 0 until seven rows are known."""
    return ears_c1(series.counts.astype(float))


def c2(series: Labelled) -> Floats:
    """Return C2 of every row; 0 until nine rows are known."""
    return ears_c2(series.counts.astype(float))


def c3(series: Labelled) -> Floats:
    """Return C3 of every row."""
    return ears_c3(series.counts.astype(float))
