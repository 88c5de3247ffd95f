"""How `trigger` and `clear` of a rule are read: for each kind its steps, mildest first, with their clear limits.

Owns one reader for each kind and the checks between steps. A reader notes every mistake and goes on; what it returns
then is of no use, and the rule is refused by `models.rules`.
"""

from collections.abc import Callable, Sequence
from typing import Final

from models.datafile import mapping, needed
from models.events import PerceivedSeverity
from models.pane import HOUR
from models.rule import SEVERITIES, Burn, Kind, Side, Step
from models.ruleentry import Entry
from models.windows import LONGEST

Steps = tuple[Side, tuple[Step, ...]]
Triggers = list[tuple[PerceivedSeverity, Entry]]


def read_steps(kind: Kind, entry: Entry, *, is_share: bool) -> Steps:
    """Return the bad side and the steps of a rule; every mistake is noted in `entry`.

    Args:
        kind: of the rule.
        entry: the rule.
        is_share: its measure is a part of a whole.
    """
    return _READERS[kind](entry, is_share)


def _triggers(entry: Entry, keys: tuple[str, ...], *, has_rows: bool = True) -> Triggers:
    """Return the steps of a rule with their severities, which must ascend; without rows there is no `for`."""
    listed = entry.tried(needed, entry.values, "trigger", entry.name, entry.place)
    if listed is None:
        return []
    if not isinstance(listed, list) or not listed:
        remedy = "write one `- {severity: minor, ...}` for each step, mildest first"
        entry.note("trigger", "is not a list", remedy)
        return []
    found: Triggers = []
    for index, value in enumerate(listed):
        place = entry.at(f"trigger[{index}]")
        values = entry.tried(mapping, value, entry.name, place)
        if values is None:
            continue
        step = Entry(values, entry.name, place, entry.mistakes)
        step.only(("severity", *(("for",) if has_rows else ()), *keys))
        severity = step.tried(step.choice, "severity", PerceivedSeverity)
        if severity is not None and severity not in SEVERITIES:
            step.note("severity", f"is {severity}", f"use one of {', '.join(SEVERITIES)}")
        elif severity is not None:
            if found and SEVERITIES.index(severity) <= SEVERITIES.index(found[-1][0]):
                remedy = f"order the steps {' < '.join(SEVERITIES)}"
                step.note("severity", "is not above the one before", remedy)
            found.append((severity, step))
    return found


def _clears(entry: Entry, key: str, triggers: Triggers, low: float, high: float) -> list[float | None]:
    """Return the clear limit of each step: one number for all, or one for each severity."""
    nothing: list[float | None] = [None] * len(triggers)
    clear = entry.tried(entry.entry, "clear")
    if clear is None:
        return nothing
    clear.only(("hold", key))
    if not isinstance(clear.values.get(key), dict):
        return [clear.tried(clear.number, key, low, high)] * len(triggers)
    by_severity = clear.tried(clear.entry, key)
    if by_severity is None:
        return nothing
    severities = [severity for severity, _ in triggers]
    by_severity.only(severities)
    return [by_severity.tried(by_severity.number, severity, low, high) for severity in severities]


def _buckets(step: Entry) -> int:
    return step.tried(step.whole, "for", 1, 100, 1) or 1


_HARDER: Final = ("is not beyond the step before", "each step must be harder to cross than the last")


def _threshold(entry: Entry, is_share: bool) -> Steps:
    return _sided(entry, 1.0 if is_share else 1e12)


def _relative(entry: Entry, _: bool) -> Steps:
    return _sided(entry, 1e6, may_last=True)


def _sided(entry: Entry, high: float, *, may_last: bool = False) -> Steps:
    triggers = _triggers(entry, ("above", "below"))
    sides = {key for _, step in triggers for key in ("above", "below") if key in step.values}
    if len(sides) != 1:
        if triggers:
            remedy = "give every step `above`, or every step `below`"
            entry.note("trigger", "names no side, or both", remedy)
        return Side.ABOVE, ()
    side = Side(sides.pop())
    clears = _clears(entry, "at_most" if side is Side.ABOVE else "at_least", triggers, 0.0, high)
    return side, _limits(triggers, clears, side, side, 0.0, high, may_last=may_last)


def _growth(entry: Entry, _: bool) -> Steps:
    triggers = _triggers(entry, ("above",))
    clears = _clears(entry, "at_most", triggers, 0.0, 1e6)
    return Side.ABOVE, _limits(triggers, clears, "above", Side.ABOVE, 1.0, 1e6, may_last=True)


def _novelty(entry: Entry, _: bool) -> Steps:
    triggers = _triggers(entry, ("above",))
    clears = _clears(entry, "at_most", triggers, 0.0, 1e12)
    return Side.ABOVE, _limits(triggers, clears, "above", Side.ABOVE, 0.0, 1e12, may_last=True)


def _drift(entry: Entry, _: bool) -> Steps:
    return _above(entry, 500.0)


def _forecast(entry: Entry, _: bool) -> Steps:
    return _above(entry, 1e6)


def _above(entry: Entry, high: float) -> Steps:
    triggers = _triggers(entry, ("above",), has_rows=False)
    clears = _clears(entry, "at_most", triggers, 0.0, high)
    return Side.ABOVE, _limits(triggers, clears, "above", Side.ABOVE, 1.0, high)


def _mean_drop(entry: Entry, _: bool) -> Steps:
    triggers = _triggers(entry, ("drop",))
    clears = _clears(entry, "at_most", triggers, 0.0, 1e6)
    return Side.BELOW, _limits(triggers, clears, "drop", Side.ABOVE, 0.0, 1e6)


def _silence(entry: Entry, _: bool) -> Steps:
    clear = entry.tried(entry.entry, "clear")
    if clear is not None:
        clear.only(("hold",))
    steps: list[Step] = []
    for severity, step in _triggers(entry, ("p_below", "times"), has_rows=False):
        limit = step.tried(step.number, "p_below", 1e-30, 0.5)
        times = step.tried(step.number, "times", 1.0, 1e6, 1.0)
        if limit is None or times is None:
            continue
        if steps:
            last = steps[-1]
            if limit > last.limit or times < last.times or (limit, times) == (last.limit, last.times):
                step.note("p_below", *_HARDER)
        steps.append(Step(severity, limit, 1.0, times=times))
    return Side.BELOW, tuple(steps)


def _burn(entry: Entry, _: bool) -> Steps:
    triggers = _triggers(entry, ("any",), has_rows=False)
    steps: list[Step] = []
    for (severity, step), clear in zip(triggers, _clears(entry, "at_most", triggers, 0.0, 1e6), strict=True):
        listed = step.tried(needed, step.values, "any", step.name, step.place)
        if listed is not None and (not isinstance(listed, list) or not listed):
            step.note("any", "is not a list", "write one `- {above: 6, long: 6h, short: 30m}` for each pace")
            listed = None
        burns = [_pace(step, index, value, clear) for index, value in enumerate(listed or ())]
        found = tuple(one for one in burns if one is not None)
        if found and clear is not None:
            steps.append(Step(severity, min(one.above for one in found), clear, burns=found))
    return Side.ABOVE, tuple(steps)


def _pace(step: Entry, index: int, value: object, clear: float | None) -> Burn | None:
    place = step.at(f"any[{index}]")
    values = step.tried(mapping, value, step.name, place)
    if values is None:
        return None
    one = Entry(values, step.name, place, step.mistakes)
    one.only(("above", "long", "short"))
    above = one.tried(one.number, "above", 0.01, 1e6)
    long, short = one.tried(one.seconds, "long"), one.tried(one.seconds, "short")
    for key, window in (("long", long), ("short", short)):
        if window is not None and (window > LONGEST or (window > HOUR and window % HOUR)):
            one.note(key, "cannot be kept", "use minutes up to 1h, or whole hours up to 30d")
    if above is None or long is None or short is None:
        return None
    if short >= long:
        one.note("short", "is not shorter than long", "use about a twelfth of it")
    if clear is not None and clear >= above:
        one.note("above", f"is not beyond its clear limit {clear:g}", "move at_most to the safe side")
    return Burn(above, long, short)


def _limits(
    triggers: Triggers,
    clears: Sequence[float | None],
    key: str,
    side: Side,
    low: float,
    high: float,
    *,
    may_last: bool = False,
) -> tuple[Step, ...]:
    """Read the limit at `key` of every step, and hold it against its clear limit and the step before.

    With `may_last` the same limit is harder, too, if it has to be crossed in more windows in a row.
    """
    sign = 1.0 if side is Side.ABOVE else -1.0
    steps: list[Step] = []
    for (severity, step), clear in zip(triggers, clears, strict=True):
        limit = step.tried(step.number, key, low, high)
        new = Step(severity, limit or 0.0, clear or 0.0, _buckets(step))
        if limit is None or clear is None:
            continue
        lasts = bool(may_last and steps and limit == steps[-1].limit and new.buckets > steps[-1].buckets)
        if steps and sign * limit <= sign * steps[-1].limit and not lasts:
            step.note(key, *_HARDER)
        if sign * clear >= sign * limit:
            remedy = "move the clear limit to the safe side"
            step.note(key, f"is not beyond its clear limit {clear:g}", remedy)
        elif steps and sign * clear < sign * steps[-1].clear:
            step.note(key, "clears later than the step before", "order the clear limits like the triggers")
        steps.append(new)
    return tuple(steps)


def _drop(entry: Entry, _: bool) -> Steps:
    target = entry.tried(entry.number, "target", 0.0, 1.0)
    clear = entry.tried(entry.entry, "clear")
    margin = None
    if clear is not None:
        clear.only(("hold", "margin"))
        margin = clear.tried(clear.number, "margin", 0.0, 1.0 if target is None else target)
    steps: list[Step] = []
    for severity, step in _triggers(entry, ("drop",)):
        drop = step.tried(step.number, "drop", 0.0, 1.0 if target is None else target)
        buckets = _buckets(step)
        if target is None or margin is None or drop is None:
            continue
        limit = target - drop
        if steps and limit >= steps[-1].limit:
            step.note("drop", *_HARDER)
        steps.append(Step(severity, limit, limit - margin, buckets))
    return Side.BELOW, tuple(steps)


def _surge(entry: Entry, _: bool) -> Steps:
    triggers = _triggers(entry, ("p_below", "min_ratio", "min_count"))
    steps: list[Step] = []
    for (severity, step), clear in zip(triggers, _clears(entry, "p_above", triggers, 0.0, 1.0), strict=True):
        limit = step.tried(step.number, "p_below", 1e-30, 0.5)
        ratio = step.tried(step.number, "min_ratio", 0.0, 1e6, 0.0)
        count = step.tried(step.whole, "min_count", 0, 1_000_000_000, 0)
        buckets = _buckets(step)
        if limit is None or ratio is None or count is None or clear is None:
            continue
        new = Step(severity, limit, clear, buckets, ratio, count)
        if clear <= limit:
            remedy = "move p_above to the safe side"
            step.note("p_below", f"is not below its clear limit {clear:g}", remedy)
        if steps:
            last = steps[-1]
            if limit > last.limit or ratio < last.min_ratio or count < last.min_count:
                remedy = "order the steps by how hard they are"
                step.note("p_below", "is easier to cross than the step before", remedy)
            if clear > last.clear:
                step.note(
                    "p_below", "clears later than the step before", "let p_above fall with the severity"
                )
        steps.append(new)
    return Side.ABOVE, tuple(steps)


_READERS: Final[dict[Kind, Callable[[Entry, bool], Steps]]] = {
    Kind.THRESHOLD: _threshold,
    Kind.WILSON_DROP: _drop,
    Kind.SURGE: _surge,
    Kind.DRIFT: _drift,
    Kind.GROWTH: _growth,
    Kind.RELATIVE: _relative,
    Kind.MEAN_DROP: _mean_drop,
    Kind.NOVELTY: _novelty,
    Kind.SILENCE: _silence,
    Kind.BURN: _burn,
    Kind.FORECAST: _forecast,
}
"""One reader of `trigger` and `clear` for each kind."""
