"""What every cell counted beyond its own expectation in a window: the same windows, at the same time, as warnings speak of.

Cells live in different partitions, so whoever judges a cell cannot know where its excess came from. But each knows its own
cells exactly. So where a rule judges cells that others lie inside of, the excess of all of them is told at each of its
evaluations, and whoever tells people about a warning puts it together (`models.contributors`). A projection of closed
panes and of what was learned up to them, like the ledger: it decides nothing, and whatever is told twice is told the same.
"""

from collections.abc import Iterable
from typing import Final

from msgspec import field

from models.evidence import expected
from models.rule import Kind, Rule, Side
from models.watch import WatchedCell
from models.wire import Wire

_KINDS: Final = frozenset({Kind.SURGE, Kind.DRIFT, Kind.GROWTH})
DIGITS: Final = 2
"""Of an expectation on the wire."""


class CellExcesses(Wire, frozen=True, rename="camel", kw_only=True, gc=False):
    """The cells of one partition that counted more than they were expected to, in one window."""

    stream: str
    measure: str
    """A field of the stream's vector."""
    window_seconds: int
    pane: int
    """End of the window, epoch seconds: the pane of a warning that was decided on it."""
    rules: dict[str, str] = field(default_factory=dict)
    """Rules that judge this measure over this window -> their versions."""
    cells: dict[str, tuple[int, float]] = field(default_factory=dict)
    """Cell -> what was counted on time, and the smaller number that its own past lets expect."""


def dividing(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """Return those of a stream's rules that look for too much in cells inside of which others have an expectation."""
    every = tuple(rules)
    known = {
        (rule.measure.numerator, frozenset(dimensions))
        for rule in every
        if rule.expects
        for dimensions in rule.dimensions
    }

    def divides(rule: Rule) -> bool:
        own = [frozenset(dimensions) for dimensions in rule.dimensions]
        return any(field == rule.measure.numerator and one < inner for one in own for field, inner in known)

    return tuple(rule for rule in every if rule.kind in _KINDS and rule.side is Side.ABOVE and divides(rule))


def excesses_of(
    stream: str, rules: Iterable[Rule], cells: Iterable[WatchedCell], end: int
) -> list[CellExcesses]:
    """Return what is told at the end of a pane, before the hour that ends with it is learned.

    Args:
        stream: of the rules.
        rules: from `dividing`.
        cells: of one partition.
        end: of the pane that closes.
    """
    due: dict[tuple[int, int], list[Rule]] = {}
    for rule in rules:
        if end % rule.step_seconds == 0:
            due.setdefault((rule.window_seconds, rule.measure.numerator), []).append(rule)
    found = []
    for (window, measure), judging in due.items():
        beyond: dict[str, tuple[int, float]] = {}
        for cell in cells:
            learned = cell.learned.get(measure)
            if learned is None or cell.windows.is_empty(window, end):
                continue
            count = cell.windows.total(window, end)[measure]
            expectation = expected(learned, end - window, end)
            mean = 0.0 if expectation is None else round(expectation.mean, DIGITS)
            if expectation is not None and count > mean:
                beyond[cell.name] = count, mean
        if beyond:
            found.append(
                CellExcesses(
                    stream=stream,
                    measure=judging[0].measure.text,
                    window_seconds=window,
                    pane=end,
                    rules={rule.id: rule.version for rule in judging},
                    cells=dict(sorted(beyond.items())),
                )
            )
    return found
