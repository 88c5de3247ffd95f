"""`backtest`: one pass over recorded events, as many rule sets as are given, and the baselines beside them.

    envelopes ──closing──┬─> closed minutes ──┬─> a StreamJudge for each stream and rule set ──> ledgers
                         │                    └─> counts of the baselines
                         └─> complaints and faults ──> suspected hidden outages

One judge stands for the judges of all partitions: nothing that one cell holds is read for another, so that the partition in
which a cell lives changes nothing about its warnings.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from time import time as wall_clock

from agents.backtest.closing import Judgement, StreamCounts, closed_minutes
from agents.backtest.rivals import RivalCounts
from agents.backtest.scoring import Alarm
from agents.recording import Envelope
from agents.settings import Settings
from models.calendar import Calendar
from models.judge import StreamJudge
from models.measures import Stream
from models.outcomes import EarlyWarning
from models.pane import DAY, MINUTE
from models.rule import RuleSet


@dataclass
class Run:
    """What came of a run."""

    ledgers: list[list[EarlyWarning]]
    """Of each rule set, every transition in order of panes, stream by stream."""
    rivals: RivalCounts | None
    outcomes: dict[Stream, Counter[str]]
    refused: dict[Stream, Counter[str]]
    unread: Counter[str] = field(default_factory=Counter)
    """Topic -> events that no rule counts."""
    first: int | None = None
    """Start of the first minute that closed; None where none did."""
    last: int = 0
    """End of the last one."""
    suspected: list[Alarm] | None = None
    """Hidden outages that were suspected, whatever the rules; None where nobody could: no topology, or nobody who joins faults."""

    @property
    def days(self) -> float:
        """How many were judged."""
        return 0.0 if self.first is None else (self.last - self.first) / DAY

    @property
    def events(self) -> int:
        """Events of counted streams."""
        return sum(one.total() for one in self.outcomes.values())


def backtest(
    envelopes: Iterable[Envelope],
    settings: Settings,
    rule_sets: Sequence[RuleSet],
    *,
    with_baselines: bool = True,
    clock: Callable[[], float] = wall_clock,
) -> Run:
    """Judge recorded events as workers would.

    Args:
        envelopes: in order of arrival.
        settings: those of the workers: partitions, lateness, retention, dimensions, zone.
        rule_sets: each is judged by itself, over the same minutes.
        with_baselines: collect what the baselines count, too.
        clock: seconds; events that are further ahead of it than the tolerance are refused, as when they are replayed now.
    """
    judgement = Judgement(settings, clock)
    counts = {stream: StreamCounts(judgement, stream) for stream in Stream}
    calendar = Calendar(settings.zone, settings.holidays)
    judges = [{stream: StreamJudge(stream, rules, calendar) for stream in Stream} for rules in rule_sets]
    run = Run(
        ledgers=[[] for _ in rule_sets],
        rivals=RivalCounts() if with_baselines else None,
        outcomes={stream: one.outcomes for stream, one in counts.items()},
        refused={stream: one.refused for stream, one in counts.items()},
    )
    for minute in closed_minutes(envelopes, counts, run.unread, judgement.hidden):
        stream, pane, totals = minute
        run.first = pane if run.first is None else min(run.first, pane)
        run.last = max(run.last, pane + MINUTE)
        for ledger, judge in zip(run.ledgers, judges, strict=True):
            ledger.extend(judge[stream].close_minute(pane, totals))
        if run.rivals is not None:
            run.rivals.take(minute)
    if judgement.hidden is not None and judgement.hidden.is_on:
        run.suspected = judgement.hidden.alarms()
    return run
