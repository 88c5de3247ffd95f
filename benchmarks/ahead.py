"""`python -m benchmarks.ahead`: when the hidden outages of simulated fortnights are told, by Barometer and by the baselines.

python -m benchmarks.ahead [--seeds N] [--first SEED] [--json]

The fortnights are those of `benchmarks.warnings`, of which nothing is simulated but the complaints of the province in which the
cut is: when, by whom and about what, as there; in which words, and which of them name an element, is drawn anew, and nothing is
sent twice. Warnings of one cell depend on that cell alone, and suspicions on that region, so that the delays are about those of
the whole; false alarms are not seen here. Some seconds a fortnight on one processor; nothing is written.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from statistics import median
from typing import Any, Final

import click

from agents.app import spare_the_collector
from agents.backtest.report import baselines, duration, judged
from agents.backtest.run import backtest
from agents.backtest.truth import incident_of
from agents.recording import Envelope, heartbeat
from agents.settings import load_settings
from agents.simulator.case import LEAD_HOURS
from agents.simulator.complaint import Complaints, ComplaintStream
from agents.simulator.happen import happen
from agents.simulator.plan import plan
from agents.simulator.simulate import CLOSING_SECONDS
from agents.simulator.spec import OFFSET_SECONDS, STEP, IncidentKind, SimulationSpec, days_until
from agents.simulator.topology import reference
from agents.simulator.world import World, world_of
from benchmarks.warnings import BAROMETER, DAYS, LAST_DAYS
from models.measures import Stream
from models.pane import HOUR
from models.rules import load_rules
from topics.catalogue import NETWORK_TOPOLOGY, input_of

LOOKED_AT: Final = 6 * HOUR
"""The network is known so long before the cut: earlier suspicions would be of nothing."""
NEVER: Final = float("inf")


def province(spec: SimulationSpec, world: World, truth: dict[str, Any]) -> Iterator[Envelope]:
    """Yield the complaints of the province in which the cut of `truth` is, until nothing can find it any more."""
    cut, code = incident_of(truth), truth["regions"][0]
    troubles = [happen(number, one, world) for number, one in enumerate(plan(spec, world.mix), 1)]
    stream, region = ComplaintStream(world), world.mix.region(code)
    known_from = (cut.begin - LOOKED_AT) // STEP * STEP
    until = -(-cut.end // STEP) * STEP
    for start in range(spec.start - LEAD_HOURS * HOUR, until, STEP):
        drawn = [stream.draw(start)]
        if start < spec.start:
            continue
        if start == known_from:
            for event in reference(world):
                if event.topic == NETWORK_TOPOLOGY and json.loads(event.value)["region"] == code:
                    yield event
        for trouble in troubles:
            if Stream.COMPLAINTS in trouble.bursts:
                first, burst = trouble.bursts[Stream.COMPLAINTS].within(start)
                if len(burst.times):
                    drawn.append(stream.of_incident(trouble.number, start, burst, first))
        events = [event for one in drawn for event in stream.write(_of_region(one, region))]
        yield from sorted(events, key=lambda event: event.time)
    yield heartbeat(input_of(Stream.COMPLAINTS), (until + CLOSING_SECONDS) * 1000)


def _of_region(drawn: Complaints, region: int) -> Complaints:
    kept = drawn.regions == region
    columns = ("times", "regions", "subjects", "customers", "again", "channels")
    texts = drawn.texts and tuple(text for text, is_kept in zip(drawn.texts, kept, strict=True) if is_kept)
    return replace(drawn, texts=texts, **{name: getattr(drawn, name)[kept] for name in columns})


def delays(seed: int) -> dict[str, tuple[float, str]]:
    """Return for each contender the seconds from the begin of the cut to the telling, and by which rule; `NEVER` if none did."""
    start, end = days_until(LAST_DAYS[seed % len(LAST_DAYS)], DAYS)
    spec = SimulationSpec(start, end, seed=seed, kinds=tuple(IncidentKind))
    world = world_of(spec)
    truth = _cut(spec, world)
    cut = incident_of(truth)
    rules = load_rules()
    run = backtest(province(spec, world, truth), load_settings(), [rules])
    own = judged(BAROMETER, rules, run.ledgers[0], [cut], run.days, OFFSET_SECONDS, run.suspected).score
    found = {}
    for name, score in ({BAROMETER: own} | baselines(run, [cut], OFFSET_SECONDS)).items():
        (finding,) = score.findings
        alarm, delay = finding.alarm, finding.delay
        found[name] = (NEVER, "") if alarm is None or delay is None else (float(delay), alarm.rule)
    return found


def _cut(spec: SimulationSpec, world: World) -> dict[str, Any]:
    for number, incident in enumerate(plan(spec, world.mix), 1):
        if incident.kind is IncidentKind.HIDDEN_CUT:
            return happen(number, incident, world).truth
    raise ValueError("no cut is planned")


def _words(seconds: float, rule: str = "") -> str:
    of = f" ({rule.partition(':')[0]})" if rule else ""
    return "missed" if seconds == NEVER else f"{duration(seconds)}{of}"


@click.command()
@click.option("--seeds", default=5, show_default=True, type=click.IntRange(1), help="How many fortnights.")
@click.option("--first", default=101, show_default=True, type=click.IntRange(0), help="The first seed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
def main(seeds: int, first: int, as_json: bool) -> None:
    """Cut a line in secret, and see who says so first."""
    spare_the_collector()
    every: dict[str, list[float]] = {}
    for seed in range(first, first + seeds):
        found = delays(seed)
        click.echo(
            f"seed {seed}: " + "; ".join(f"{name} {_words(*one)}" for name, one in found.items()), err=True
        )
        for name, (seconds, _) in found.items():
            every.setdefault(name, []).append(seconds)
    for name, one in every.items():
        rest = f"   Barometer told before it in {_ahead(every, name)}" if name != BAROMETER else ""
        click.echo(f"{name:12} median {_words(median(one)):>8}{rest}")
    if as_json:
        values = {
            name: [None if seconds == NEVER else seconds for seconds in one] for name, one in every.items()
        }
        click.echo(json.dumps({"first": first, "seeds": seeds, "delay_s": values}))


def _ahead(every: Mapping[str, list[float]], name: str) -> str:
    """Say in how many fortnights Barometer told before `name` did."""
    pairs = zip(every[BAROMETER], every[name], strict=True)
    return f"{sum(own < other for own, other in pairs)} of {len(every[name])} fortnights"


if __name__ == "__main__":
    main()
