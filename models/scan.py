"""Do improbably many of a region's customers complain about one part of its network? A scan statistic over the tree.

Kulldorff's scan statistic (Communications in Statistics, 1997) asks, given how many cases there are in all, whether one
place has more of them than its share of the population lets expect; over a tree whose every node is such a place it is the
tree-based scan statistic (Kulldorff, Fang and Walsh, Biometrics 2003). Here cases are customers who complain within the
half hour about something that an outage could explain and none does, places are network elements with all below them, the
whole is the region. Given the whole, a rise of all the region blames nobody.

    P(at least c of n customers hang on the element) = I_q(c, n - c + 1)
    q = 2s / (1 + s): its customers complain twice as often as the others. s is the larger of
        its share of the customers (`models.population`)
        its share of such complaints in the hour before the half hour, as if 20 more had been there of which it had its share of customers
    and q is the mean over the kinds of elements that are named, weighted by the customers who name one of each kind

The factor and the hour before are what keeps it quiet where the plain statistic is not: customers of one element complain
more than those of another, and one system names elements where another does not. Sums of customers of several kinds are no
binomial but have a thinner tail (Hoeffding, Annals of Mathematical Statistics 1956). Instead of Monte Carlo replicas the
p-value is bounded: p = P x levels / share of the customers. Elements of one level have shares that sum to 1 at most, so that
the chance of any false suspicion of a region in one look is at most the limit (weighted Bonferroni). Looks a minute apart
share 29 of their 30 minutes; they are not corrected for.

Where few elements share a region, more complaints are needed: of two alike that have all of them between them, one is
blamed from about 40 on that all lie there (q = 2/3), of twelve from about 10, of hundreds from 5, the least. The only one
never is. Owns the numbers and the formula.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple

from scipy.special import betainc

from models.pane import HOUR, MINUTE

WINDOW: Final = 30 * MINUTE
"""EW18."""
PAST: Final = 60 * MINUTE
"""Before the window."""
CUSTOMERS_MIN: Final = 5
"""EW18: different ones."""
RAISED_BELOW: Final = 1e-6
"""EW18."""
CALM_ABOVE: Final = 0.05
"""EW18: where p stays above it for `CALM_FOR`, the suspicion ends."""
CALM_FOR: Final = 30 * MINUTE
TOLERATED: Final = 2.0
"""So many times as often as others may its customers complain (judgement: quarters differ, and not all subscribers are known)."""
PRIOR: Final = 20.0
"""Complaints that the share of the customers counts for beside those of the hour before (judgement)."""
KEPT_FOR: Final = 12 * HOUR
"""What was tolerated when an element came under suspicion is what it is held against for so long; later the hour before is
asked again: what has lasted so long is known, or the way things are (judgement)."""


class Share(NamedTuple):
    """Of a region's customers, in [0, 1]."""

    fair: float
    """What hangs on the element."""
    tolerated: float
    """Up to what nobody wonders."""


def tolerated_of(share: float) -> float:
    """Return the share of the complaints that customers with a `share` have who complain `TOLERATED` times as often as the others."""
    return TOLERATED * share / (1.0 + (TOLERATED - 1.0) * share)


def share_of(
    customers: Mapping[str, int], fair: Mapping[str, float], here: Mapping[str, int], past: Mapping[str, int]
) -> Share:
    """Return the shares of an element; the arguments are by kind of the elements that complaints name.

    Args:
        customers: in the window, in all the region.
        fair: the element's share of the population; a kind that is missing has none of it.
        here: complaints in the hour before the window, on the element.
        past: the same in all the region.
    """
    total = sum(customers.values())
    plain = tolerated = 0.0
    for kind, count in sorted(customers.items()):
        share = fair.get(kind, 0.0)
        known = (here.get(kind, 0) + PRIOR * share) / (past.get(kind, 0) + PRIOR)
        plain += count * share
        tolerated += count * tolerated_of(max(share, known))
    if not total:
        return Share(0.0, 0.0)
    return Share(plain / total, min(1.0, tolerated / total))


def binomial_tail(count: int, of: int, share: float) -> float:
    """Return P(X >= count) of `of` trials with chance `share`; agrees with scipy.stats.binom.sf(count - 1) to 1e-9 relative."""
    if count <= 0 or share >= 1.0:
        return 1.0
    if count > of or share <= 0.0:
        return 0.0
    return float(betainc(count, of - count + 1, share))


def improbability(count: int, of: int, share: Share, levels: int) -> float:
    """Return the bounded p-value that `count` of a region's `of` customers hang on an element.

    Args:
        count: different customers of the element.
        of: different customers of the region.
        share: the element's.
        levels: of the region's tree.
    """
    if share.fair <= 0.0:
        return 1.0
    return min(1.0, binomial_tail(count, of, share.tolerated) * levels / share.fair)
