"""A rule as a value: what it measures, where, over which window, when it triggers and when it clears.

Owns the shape and the ways to ask a rule which cells it is about. Reading and checking rule files is `models.rules`,
judging is `models.evaluate`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from models.cells import dimensions_of
from models.events import PerceivedSeverity
from models.measures import Stream
from models.naming import Names
from models.prior import Prior

SEVERITIES: Final = (
    PerceivedSeverity.WARNING,
    PerceivedSeverity.MINOR,
    PerceivedSeverity.MAJOR,
    PerceivedSeverity.CRITICAL,
)
"""Severities that a step may have, mildest first (X.733)."""


class Kind(StrEnum):
    """How a rule judges; each has a function in `models.evaluate` and a reader in `models.rulesteps`."""

    THRESHOLD = "threshold"
    """A count or a share beyond fixed limits; a share may be asked to be beyond them with confidence."""
    WILSON_DROP = "wilson_drop"
    """A share whose whole Wilson interval lies below its target."""
    SURGE = "surge"
    """A count that is improbable under the cell's own expectation (negative-binomial tail)."""
    DRIFT = "drift"
    """A slow rise: evidence that a count lastingly lies above the cell's own expectation (NB-CUSUM)."""
    GROWTH = "growth"
    """A count that is a multiple of the cell's own expectation, where that is large enough."""
    RELATIVE = "relative"
    """A share or mean that is a multiple of what it was in the cell's own past."""
    MEAN_DROP = "mean_drop"
    """A mean that lies below that of the cell's own past, with confidence."""
    SILENCE = "silence"
    """Nothing for so long that it is improbable under the cell's own expectation."""
    BURN = "burn"
    """A budget that is used up too fast, over a long and a short window at once."""
    NOVELTY = "novelty"
    """A count of what was all but absent in the cell's own past."""
    FORECAST = "forecast"
    """Days ahead of which the calendar lets expect a multiple of what is ordinary. Nothing has happened yet."""


_MONOTONE: Final = frozenset({Kind.THRESHOLD, Kind.SURGE, Kind.GROWTH})
EXPECTING: Final = frozenset({Kind.SURGE, Kind.DRIFT, Kind.GROWTH, Kind.SILENCE, Kind.FORECAST})
"""These are held against what a cell is expected to count."""


class Side(StrEnum):
    """Which side of its limits is bad."""

    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Measure:
    """What is measured: a field of the stream's vector, or the share of one in another."""

    text: str
    """As written in the rule: `distinct`, or `within_threshold / offered`."""
    numerator: int
    """Place in the on-time half of the vector."""
    denominator: int | None = None
    mean: str = ""
    """Name of the mean (`models.measures.MEANS`); its sample size is the denominator."""

    @property
    def is_share(self) -> bool:
        """Whether it is one field over another, or a mean."""
        return self.denominator is not None


class Burn(NamedTuple):
    """A pace of spending that is too fast if it is kept over both windows."""

    above: float
    """Times the pace at which the budget lasts exactly."""
    long_seconds: int
    short_seconds: int


@dataclass(frozen=True, slots=True)
class Step:
    """One severity of a rule."""

    severity: PerceivedSeverity
    limit: float
    """threshold: the value; wilson_drop: what the upper end must be below; surge, silence: what the probability must be
    below; growth, relative: times the expected; forecast: times the ordinary; drift: the evidence, a logarithm of a likelihood ratio; mean_drop: how far below; burn: the slowest pace of `burns`."""
    clear: float
    """The other limit, on the safe side: threshold: the value at which it is over; wilson_drop: what the lower end
    must be above; surge: what the tail must be above; drift: what the evidence must have come down to."""
    buckets: int = 1
    """Consecutive non-overlapping windows that must cross the step."""
    min_ratio: float = 0.0
    """surge: the count must also be at least this many times the expected one."""
    min_count: int = 0
    """surge: ... and at least this much."""
    times: float = 1.0
    """silence: it must be improbable still if this many times less were expected."""
    burns: tuple[Burn, ...] = ()
    """burn: any of these crosses the step."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One early-warning rule; immutable, checked by `models.rules`."""

    id: str
    name: str
    name_zh: str
    kind: Kind
    stream: Stream
    measure: Measure
    side: Side
    dimensions: tuple[tuple[str, ...], ...]
    """The combinations of dimensions whose cells are judged; `()` is the nation."""
    where: Mapping[str, frozenset[str]]
    """Dimension -> the values it is limited to."""
    window_seconds: int
    step_seconds: int
    """It is judged at every pane end that is a multiple of this."""
    min_sample: int
    steps: tuple[Step, ...]
    """Mildest first; each is at least as hard to cross as the one before."""
    hold_seconds: int
    """From the first to the last of the evaluations in a row that must find it clear."""
    expire_seconds: int
    """An episode ends when no evaluation could judge it for this long."""
    summary: str
    """Template in the words of `models.warning`."""
    summary_zh: str
    confidence: float | None = None
    """threshold on a share, wilson_drop: two-sided confidence of the Wilson interval that is judged."""
    target: float | None = None
    """wilson_drop: the share aimed at."""
    min_history_seconds: int = 0
    """surge, drift, growth, silence, forecast, relative, mean_drop, novelty: how long the cell must have been seen."""
    rise: float = 0.0
    """drift: times the expected that a lasting rise is looked for at."""
    min_expected: float = 0.0
    """growth, forecast: below this expectation a multiple says nothing."""
    p_below: float | None = None
    """growth: the count must also be this improbable."""
    baseline_seconds: int = 0
    """relative, mean_drop, novelty: the past is what lies this far back from the last whole hour, without the window itself."""
    min_baseline: int = 0
    """relative, mean_drop: smallest sample of the past."""
    new_for_seconds: int = 0
    """novelty: the past ends so long before the last whole hour; so long a topic stays new."""
    absent: int = 0
    """novelty: the most that the past may have counted."""
    min_silence_seconds: int = 0
    """silence: shorter ones are none; the first event ends one."""
    budget: Mapping[str, float] = field(default_factory=dict)
    """burn: cell -> how much a month of 30 days may have. Other cells are not judged."""
    department: str = ""
    """Who is to act, where the cell does not say it."""
    labels: Mapping[str, str] = field(default_factory=dict)
    version: str = ""
    """First 16 hex digits of a SHA-256 over the parsed entry, and the prior if it `rests_on_prior`: part of a warning's id."""

    @property
    def is_monotone(self) -> bool:
        """Whether more events can only bring it closer to triggering, so that an open bucket may be announced."""
        return self.side is Side.ABOVE and not self.measure.is_share and self.kind in _MONOTONE

    @property
    def expects(self) -> bool:
        """Whether it reads what the cell is expected to count: its measure is learned there."""
        return self.kind in EXPECTING

    @property
    def alarms(self) -> bool:
        """Whether what it finds is not as expected, so that the hour teaches less: an announced peak is expected."""
        return self.kind is not Kind.FORECAST

    @property
    def rests_on_prior(self) -> bool:
        """Whether what it decides depends on the prior, too: a budget is spread over the month by it."""
        return self.expects or self.kind is Kind.BURN

    def covers(self, cell: str) -> bool:
        """Return whether `cell` is judged by this rule."""
        dimensions = dimensions_of(cell)
        if self.kind is Kind.BURN and cell not in self.budget:
            return False
        return tuple(dimensions) in self.dimensions and all(
            dimensions[name] in values for name, values in self.where.items()
        )


class RuleSource(NamedTuple):
    """A rule set as it travels and is kept: whole, so that another release reads what this one read."""

    rules: str
    """YAML, as `models/data/rules.yaml`."""
    prior: str
    """YAML, as `models/data/baseline.yaml`."""


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules, what baselines start from, and the names for people.

    Everything that decides is in `version`; names and templates are in it too, since they are part of what a rule set says.
    """

    rules: tuple[Rule, ...]
    prior: Prior
    version: str
    """First 16 hex digits of a SHA-256 over the parsed content of the rules and the prior: comments and layout do not count."""
    names: Names
    """Not part of the version."""
    source: RuleSource
    """What it was read from, for whoever passes it on or keeps it."""

    def of(self, stream: Stream) -> tuple[Rule, ...]:
        """Return the rules that read `stream`, in order."""
        return tuple(rule for rule in self.rules if rule.stream is stream)

    def rule(self, rule_id: str) -> Rule:
        """Return the rule `rule_id`. Raises KeyError."""
        for rule in self.rules:
            if rule.id == rule_id:
                return rule
        raise KeyError(rule_id)
