"""What a backtest says, as JSON and as tables: figures of rules and baselines, incidents, and two rule sets side by side."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from agents.backtest import hidden
from agents.backtest.run import Run
from agents.backtest.scoring import Alarm, RuleFigures, Score, alarms_of, score
from agents.backtest.truth import Incident
from agents.terminal import printable
from models.iso import iso
from models.outcomes import EarlyWarning
from models.rule import RuleSet
from models.screen import Outcome

ALARMS_SHOWN: Final = 20
"""False alarms that are listed; JSON has as many."""


@dataclass(frozen=True)
class Judged:
    """One rule set and what came of it."""

    name: str
    rules: RuleSet
    ledger: Sequence[EarlyWarning]
    alarms: Sequence[Alarm]
    score: Score


def judged(
    name: str,
    rules: RuleSet,
    ledger: Sequence[EarlyWarning],
    incidents: Sequence[Incident],
    days: float,
    day_begins: int,
    suspected: Sequence[Alarm] | None = None,
) -> Judged:
    """Hold a ledger against the truth, and with it the hidden outages that were `suspected`, where anybody could suspect some."""
    alarms = alarms_of(ledger, {rule.id: rule.step_seconds for rule in rules.rules})
    names = [rule.id for rule in rules.rules]
    if suspected is not None:
        alarms += suspected
        names.append(hidden.RULE)
    forecasts = frozenset(rule.id for rule in rules.rules if not rule.alarms)
    found = score(names, alarms, incidents, days, day_begins=day_begins, forecasts=forecasts)
    return Judged(name, rules, ledger, alarms, found)


def baselines(run: Run, incidents: Sequence[Incident], day_begins: int) -> dict[str, Score]:
    """Hold the alarms of the baselines against the same truth."""
    if run.rivals is None or not run.days:
        return {}
    return {
        name: score(rules, alarms, incidents, run.days, day_begins=day_begins)
        for name, (rules, alarms) in run.rivals.alarms().items()
    }


def figures(found: Score, *, has_truth: bool) -> dict[str, Any]:
    """Return the figures of a rule set or a baseline as JSON has them; without a truth, what needs one is null."""
    table = [_row(one, has_truth=has_truth) for one in found.rules]
    if not has_truth:
        return {
            "incidents": None,
            "found": None,
            "median_delay_s": None,
            "false_alarms_per_rule_day_max": None,
            "rules": table,
        }
    return {
        "incidents": len(found.findings),
        "found": found.found,
        "median_delay_s": found.median_delay_s,
        "false_alarms_per_rule_day_max": round(found.false_per_rule_day_max, 4),
        "rules": table,
    }


def _row(one: RuleFigures, *, has_truth: bool) -> dict[str, Any]:
    row: dict[str, Any] = {"rule": one.rule, "fired": one.fired, "flapping": one.flapping}
    if has_truth:
        row |= {
            "precision": _rounded(one.precision),
            "recall": _rounded(one.recall),
            "found": one.found,
            "sought": one.sought,
            "median_delay_s": one.median_delay_s,
            "explained": one.explained,
            "announced": one.announced,
            "false_alarms": one.false,
            "false_alarms_per_day": round(one.false_per_day, 4),
            "false_alarms_worst_day": one.false_worst_day,
        }
    return row


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 4)


def findings(found: Score) -> list[dict[str, Any]]:
    """Return the incidents and what found each, as JSON has them."""
    return [
        {
            "id": one.incident.id,
            "kind": one.incident.kind,
            "found": one.alarm is not None,
            "rule": one.alarm.rule if one.alarm is not None else None,
            "cell": one.alarm.cell if one.alarm is not None else None,
            "delay_s": one.delay,
        }
        for one in found.findings
    ]


def difference(here: Judged, there: Judged) -> dict[str, Any]:
    """Return what two rule sets did differently; alarms are the same if rule, cell and the pane that raised them are."""
    rows = []
    mine, theirs = _by_rule(here), _by_rule(there)
    figures_here = {one.rule: one for one in here.score.rules}
    figures_there = {one.rule: one for one in there.score.rules}
    for rule in dict.fromkeys((*figures_here, *figures_there)):
        ours, others = mine.get(rule, set()), theirs.get(rule, set())
        a, b = figures_here.get(rule), figures_there.get(rule)
        rows.append(
            {
                "rule": rule,
                "fired": [a.fired if a else None, b.fired if b else None],
                "found": [a.found if a else None, b.found if b else None],
                "false_alarms": [a.false if a else None, b.false if b else None],
                "median_delay_s": [a.median_delay_s if a else None, b.median_delay_s if b else None],
                "both": len(ours & others),
                "only_rules": len(ours - others),
                "only_against": len(others - ours),
            }
        )
    found_here = {one.incident.id for one in here.score.findings if one.alarm is not None}
    found_there = {one.incident.id for one in there.score.findings if one.alarm is not None}
    return {
        "rules": rows,
        "found_by_rules_only": sorted(found_here - found_there),
        "found_by_against_only": sorted(found_there - found_here),
    }


def _by_rule(one: Judged) -> dict[str, set[tuple[str, int]]]:
    found: dict[str, set[tuple[str, int]]] = {}
    for alarm in one.alarms:
        found.setdefault(alarm.rule, set()).add((alarm.cell, alarm.raised))
    return found


def show_run(run: Run, to: Console) -> None:
    """Print what was read."""
    counted = dict.fromkeys(Outcome, 0)
    for outcomes in run.outcomes.values():
        for outcome, count in outcomes.items():
            counted[Outcome(outcome)] += count
    parts = [
        f"{count:,} {name}"
        for name, count in (
            ("on time", counted[Outcome.ON_TIME]),
            ("late", counted[Outcome.LATE]),
            ("duplicates", counted[Outcome.DUPLICATE]),
            ("refused", counted[Outcome.DEAD_LETTER]),
        )
        if count
    ]
    passed = sum(run.unread.values())
    rest = f"; {passed:,} of other topics passed over" if passed else ""
    to.print(f"{run.events:,} events in {run.days:.1f} days: {', '.join(parts) or 'none'}{rest}")


def show(found: Judged, to: Console, *, has_truth: bool) -> None:
    """Print the table of rules, and with a truth the incidents and the false alarms."""
    if not has_truth:
        table = Table(title=f"{found.name}: what would have fired", title_justify="left")
        for column in ("rule", "fired", "cells", "flapping"):
            table.add_column(column, justify="left" if column == "rule" else "right")
        for one in found.score.rules:
            cells = len({alarm.cell for alarm in found.alarms if alarm.rule == one.rule})
            table.add_row(_named(found, one.rule), f"{one.fired:,}", f"{cells:,}", f"{one.flapping:,}")
        to.print(table)
        return
    table = Table(title=f"{found.name}: rules against the truth", title_justify="left")
    for column in (
        "rule", "fired", "found", "precision", "recall", "delay", "announced", "false", "a day", "worst day", "flapping",
    ):  # fmt: skip
        table.add_column(column, justify="left" if column == "rule" else "right")
    for one in found.score.rules:
        table.add_row(
            _named(found, one.rule),
            f"{one.fired:,}",
            f"{one.found} of {one.sought}" if one.sought else str(one.found or ""),
            _percent(one.precision),
            _percent(one.recall),
            duration(one.median_delay_s),
            str(one.announced or ""),
            str(one.false or ""),
            f"{one.false_per_day:.2f}" if one.false else "",
            str(one.false_worst_day or ""),
            str(one.flapping or ""),
            style="" if one.false_per_day <= 1 else "bold red",
        )
    to.print(table)
    show_findings(found, to)


def show_findings(found: Judged, to: Console) -> None:
    """Print the incidents, the false alarms and the sum of both."""
    for one in found.score.findings:
        if one.alarm is None:
            to.print(f"  {'missed':>8} {printable(one.incident.id)}", style="bold red")
        else:
            how = f"{one.alarm.rule} in {one.alarm.cell}"
            to.print(f"  {duration(one.delay):>8} {printable(one.incident.id)}: {printable(how)}")
    for alarm in found.score.false[:ALARMS_SHOWN]:
        to.print(f"     false {alarm.rule} in {printable(alarm.cell)}, told {iso(alarm.raised)}")
    if len(found.score.false) > ALARMS_SHOWN:
        to.print(f"  ... and {len(found.score.false) - ALARMS_SHOWN:,} more false ones")
    whole = found.score
    to.print(
        f"{whole.found} of {len(whole.findings)} incidents found, half of them within {duration(whole.median_delay_s) or '-'}; "
        f"at most {whole.false_per_rule_day_max:.2f} false alarms a rule and day"
    )


def show_baselines(scores: dict[str, Score], to: Console) -> None:
    """Print the baselines, one line each."""
    table = Table(title="baselines on the same counts, at their published limits", title_justify="left")
    for column in ("detector", "alarms", "found", "delay", "false a rule and day"):
        table.add_column(column, justify="left" if column == "detector" else "right")
    for name, one in scores.items():
        table.add_row(
            name,
            f"{sum(rule.fired for rule in one.rules):,}",
            f"{one.found} of {len(one.findings)}",
            duration(one.median_delay_s),
            f"{one.false_per_rule_day_max:,.1f}",
        )
    to.print(table)


def show_difference(here: Judged, there: Judged, to: Console, *, has_truth: bool) -> None:
    """Print two rule sets side by side."""
    found = difference(here, there)
    table = Table(title=f"{here.name} and {there.name}", title_justify="left")
    columns = ["rule", "fired", "in both", "only first", "only second"]
    columns += ["found", "false", "delay"] if has_truth else []
    for column in columns:
        table.add_column(column, justify="left" if column == "rule" else "right")
    for row in found["rules"]:
        cells = [
            row["rule"],
            _pair(row["fired"]),
            str(row["both"]),
            str(row["only_rules"]),
            str(row["only_against"]),
        ]
        if has_truth:
            delays = [duration(one) or "-" for one in row["median_delay_s"]]
            cells += [_pair(row["found"]), _pair(row["false_alarms"]), _pair(delays)]
        is_same = not row["only_rules"] and not row["only_against"]
        table.add_row(*cells, style="dim" if is_same else "")
    to.print(table)
    for name, key in ((here.name, "found_by_rules_only"), (there.name, "found_by_against_only")):
        if found[key]:
            to.print(f"found by {name} alone: {printable(', '.join(found[key]))}")


def _pair(values: Sequence[Any]) -> str:
    a, b = ("-" if value is None else str(value) for value in values)
    return a if a == b else f"{a} | {b}"


def _named(found: Judged, rule: str) -> str:
    return f"{rule} {hidden.NAME if rule == hidden.RULE else found.rules.rule(rule).name}"


def _percent(share: float | None) -> str:
    return "" if share is None else f"{share:.0%}"


def duration(seconds: float | None) -> str:
    """Write a delay: `22 min`, `3.1 h`, `2.4 d`; empty for none."""
    if seconds is None:
        return ""
    if seconds < 7_200:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h" if seconds < 172_800 else f"{seconds / 86_400:.1f} d"
