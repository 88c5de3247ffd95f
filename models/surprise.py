"""How surprising a count is, on the scale of standard deviations, however far out.

Owns one number: the signed root of the negative binomial's deviance. Near the mean it is (count - mean) / deviation;
far out, where a tail probability is 0.0 to a computer, it still says which of two counts is the stranger. Its square
over two is about -ln of the tail (Bahadur and Rao: to within a logarithm of itself).
"""

from math import log, sqrt
from typing import Final

SMALLEST_MEAN: Final = 1e-9
"""Where nothing is expected, this is: a first event is then surprising and not impossible."""
_POISSON_BELOW: Final = 1e-6
"""Dispersions below this are taken as 0; the deviance loses digits when 1/d is huge."""


def surprise(count: float, mean: float, dispersion: float = 0.0) -> float:
    """Return the signed root of the deviance: above 0 for a count above the mean, below 0 for one below.

    Args:
        count: observed, >= 0; sums of several rows and fractions are welcome.
        mean: expected, >= 0.
        dispersion: d >= 0 of the variance m + d * m**2, as in `models.tail`.
    """
    mean = max(mean, SMALLEST_MEAN)
    own = count * log(count / mean) if count > 0.0 else 0.0
    if dispersion < _POISSON_BELOW:
        half = own - (count - mean)
    else:
        shape = 1.0 / dispersion
        half = own - (count + shape) * log((count + shape) / (mean + shape))
    root = sqrt(2.0 * half) if half > 0.0 else 0.0
    return root if count >= mean else -root
