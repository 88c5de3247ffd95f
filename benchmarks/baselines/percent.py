"""The +30 % rule on one labelled series; the formula is `agents.backtest.baselines`'s."""

from agents.backtest import baselines
from benchmarks.lookalikes import Floats, Labelled


def percent(series: Labelled) -> Floats:
    """Return the growth of the last hour (of the last row, where a step is longer) over the one before."""
    return baselines.percent(series.counts.astype(float), series.step)
