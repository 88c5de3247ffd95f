"""Plain negative-binomial CUSUM on one labelled series; the formula is `agents.backtest.baselines`'s."""

from agents.backtest import baselines
from benchmarks.lookalikes import Floats, Labelled


def nb_cusum(series: Labelled) -> Floats:
    """Return the sum at every row. The mean and variance are those of the last 28 days, or 28 rows if that is more."""
    return baselines.nb_cusum(series.counts.astype(float), series.step)
