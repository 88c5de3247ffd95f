"""`python -m benchmarks.warnings`: Barometer's rules and the baselines on simulated fortnights with all kinds of incidents.

python -m benchmarks.warnings [--seeds N] [--first SEED] [--json]

Every fortnight ends at the turn of a month, with a truth that is known (docs/world.md); docs/backtest.md says how alarms are
matched. Each takes some minutes on one processor, and nothing is written.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from statistics import median
from typing import Final

import click
from rich.console import Console
from rich.table import Table

from agents.app import spare_the_collector
from agents.backtest.report import baselines, duration, figures, findings, judged
from agents.backtest.run import backtest
from agents.backtest.scoring import Score
from agents.backtest.truth import incident_of
from agents.settings import load_settings
from agents.simulator.simulate import Simulation
from agents.simulator.spec import OFFSET_SECONDS, IncidentKind, SimulationSpec, days_until
from models.rules import load_rules

DAYS: Final = 14
LAST_DAYS: Final = (date(2025, 6, 30), date(2025, 5, 31), date(2025, 8, 2))
"""Turns of months, one after the other by seed: incidents lie on the last four days, and bills are issued on the last three."""
BAROMETER: Final = "Barometer"
HIDDEN: Final = IncidentKind.HIDDEN_CUT
_MISSED: Final = float("inf")


@dataclass(frozen=True)
class Total:
    """One contender over all fortnights."""

    incidents: int
    found: int
    delay: float | None
    """Median over all incidents that were found, seconds."""
    hidden: float | None
    """Median over all hidden outages, a missed one counting as never; None where that is the median."""
    false: float
    """Largest mean of any rule's false alarms a day."""


def fortnight(seed: int, scale: float) -> dict[str, Score]:
    """Simulate and judge one fortnight; return the score of every contender."""
    start, end = days_until(LAST_DAYS[seed % len(LAST_DAYS)], DAYS)
    simulation = Simulation(SimulationSpec(start, end, seed=seed, scale=scale, kinds=tuple(IncidentKind)))
    settings, rules = load_settings(), load_rules()
    run = backtest(simulation.events(), settings, [rules])
    incidents = [incident_of(line) for line in simulation.truth]
    own = judged(BAROMETER, rules, run.ledgers[0], incidents, run.days, OFFSET_SECONDS, run.suspected)
    return {BAROMETER: own.score} | baselines(run, incidents, OFFSET_SECONDS)


def total(scores: Sequence[Score]) -> Total:
    """Add up one contender's fortnights."""
    every = [finding for one in scores for finding in one.findings]
    delays = [finding.delay for finding in every if finding.delay is not None]
    hidden = [
        _MISSED if finding.delay is None else float(finding.delay)
        for finding in every
        if finding.incident.kind == HIDDEN
    ]
    middle = median(hidden) if hidden else _MISSED
    by_rule: dict[str, float] = {}
    for one in scores:
        for rule in one.rules:
            by_rule[rule.rule] = by_rule.get(rule.rule, 0.0) + rule.false_per_day / len(scores)
    return Total(
        incidents=len(every),
        found=len(delays),
        delay=float(median(delays)) if delays else None,
        hidden=None if middle == _MISSED else middle,
        false=max(by_rule.values(), default=0.0),
    )


@click.command()
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(1), help="How many fortnights.")
@click.option("--first", default=101, show_default=True, type=click.IntRange(0), help="The first seed.")
@click.option("--scale", default=1.0, show_default=True, help="1 is 1.4 million events a fortnight.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
def main(seeds: int, first: int, scale: float, as_json: bool) -> None:
    """Find the incidents of simulated fortnights, and compare with the detectors of the literature."""
    spare_the_collector()
    screen = Console(stderr=True)
    scores: dict[str, list[Score]] = {}
    for seed in range(first, first + seeds):
        for name, one in fortnight(seed, scale).items():
            scores.setdefault(name, []).append(one)
        own = scores[BAROMETER][-1]
        screen.print(f"seed {seed}: {own.found} of {len(own.findings)} found, {len(own.false)} false alarms")
        for finding in own.findings:
            if finding.alarm is None:
                screen.print(f"  missed {finding.incident.id}")
        for alarm in own.false:
            screen.print(f"  false {alarm.rule} in {alarm.cell} at {alarm.raised}")
        screen.print(f"  hidden outage: {_hidden({name: found[-1] for name, found in scores.items()})}")
    totals = {name: total(found) for name, found in scores.items()}
    Console(width=110).print(_table(totals, seeds))
    if as_json:
        document = {
            name: {"total": vars(totals[name]), "fortnights": [_document(one) for one in found]}
            for name, found in scores.items()
        }
        click.echo(json.dumps({"seeds": list(range(first, first + seeds)), "contenders": document}))


def _hidden(scores: Mapping[str, Score]) -> str:
    """Say when each contender found the hidden outages of a fortnight, and by which rule."""
    return "; ".join(
        f"{name} {'missed' if finding.alarm is None else f'{duration(finding.delay)} ({finding.alarm.rule})'}"
        for name, one in scores.items()
        for finding in one.findings
        if finding.incident.kind == HIDDEN
    )


def _document(one: Score) -> dict[str, object]:
    return figures(one, has_truth=True) | {"findings": findings(one)}


def _table(totals: Mapping[str, Total], fortnights: int) -> Table:
    table = Table(title=f"{fortnights} simulated fortnights of 31 provinces")
    table.add_column("detector")
    for column in ("found", "median delay", "hidden outage", "false a rule and day"):
        table.add_column(column, justify="right")
    for name, one in totals.items():
        table.add_row(
            name,
            f"{one.found} of {one.incidents}",
            duration(one.delay) or "-",
            duration(one.hidden) or "missed",
            f"{one.false:,.2f}",
        )
    return table


if __name__ == "__main__":
    main()
