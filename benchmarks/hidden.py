"""`python -m benchmarks.hidden`: how soon hidden outages are suspected on simulated days, where, and how often of nothing.

python -m benchmarks.hidden [--days N] [--first SEED] [--cuts N] [--scale X] [--json]

Every day cuts are hidden in so many provinces, at hours spread over the day, two sites of a city each; with `--cuts 0` nothing
goes wrong. The desk of the faults agent gets the topology and the classified complaints that name an element, and looks once
for every minute; simulated alarms beside incidents affect no service and explain nothing, so they are left out. Some seconds
on one processor for a day of 35,000 complaints; nothing is written.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from statistics import median
from time import process_time
from typing import Any, Final

import click

from agents.faults.arrived import element_of
from agents.judging import judging
from agents.simulator.complaint import ComplaintStream
from agents.simulator.happen import happen
from agents.simulator.incident import Trouble
from agents.simulator.spec import STEP, Incident, IncidentKind, SimulationSpec, days_from
from agents.simulator.topology import reference
from agents.simulator.world import World, world_of
from agents.single.arrived import Arrived
from models.explains import load_explanations
from models.held import Stamp
from models.iso import seconds_of
from models.joined import Incident as Told
from models.joining import Desk
from models.linking import Facts
from models.measures import Stream
from models.naming import load_names
from models.pane import HOUR, MINUTE
from models.regions import load_regions
from topics.catalogue import NETWORK_TOPOLOGY, decoders

FIRST_DAY: Final = date(2025, 4, 22)
CUT_HOURS: Final = 2
AFTERWARDS: Final = 2 * HOUR
"""People go on complaining: a suspicion is no false one until then."""


@dataclass
class Cut:
    """One hidden cut and what became of it."""

    region: str
    start: int
    end: int
    elements: frozenset[str]
    above: frozenset[str]
    """What its elements hang on."""
    first: int = 0
    """Its first complaint that names an element."""
    told: int = 0
    """Event time when the first suspicion was told; 0: never."""
    named: str = ""
    """right: one of its elements; above: what these hang on; wrong."""
    named_last: str = ""
    is_exact: bool = False
    """Whether at last nothing but its elements was suspected."""
    complaints: int = 0

    @property
    def minutes(self) -> float | None:
        """From the first complaint to the suspicion."""
        return (self.told - self.first) / MINUTE if self.told and self.first else None

    def name(self, element: str) -> str:
        """Say how right `element` is."""
        if element in self.elements:
            return "right"
        return "above" if element in self.above else "wrong"


def day_of(seed: int, cuts: int, scale: float) -> SimulationSpec:
    """Return one day."""
    start, end = days_from(FIRST_DAY + timedelta(days=seed % 14), 1)
    draw = Random(seed)
    room = (end - start) // HOUR - CUT_HOURS
    incidents = []
    for number, region in enumerate(draw.sample(load_regions().codes, cuts)):
        begin = start + room * number // cuts * HOUR + draw.randrange(0, 60) * MINUTE
        incidents.append(Incident(IncidentKind.HIDDEN_CUT, (region,), begin, begin + CUT_HOURS * HOUR))
    return SimulationSpec(start, end, seed=seed, scale=scale, incidents=tuple(incidents))


def watch(spec: SimulationSpec) -> tuple[list[Cut], list[Told]]:
    """Return what became of the cuts, and the suspicions of nothing."""
    world = world_of(spec)
    troubles = [happen(number, one, world) for number, one in enumerate(spec.incidents or (), 1)]
    desk = Desk(1, load_explanations(), load_names())
    for event in reference(world):
        if event.topic == NETWORK_TOPOLOGY:
            desk.put_element(
                element_of(Arrived(0, event.time, b"", event.value, []), decoders()[event.topic])
            )
    cuts = [_cut(trouble.truth, desk) for trouble in troubles]
    false: dict[str, Told] = {}
    minute = 0
    for number, facts in enumerate(_complaints(spec, world, troubles)):
        if facts.time // MINUTE > minute:
            minute = facts.time // MINUTE
            for told in desk.look().incidents:
                if told.suspicion is not None:
                    _note(told, cuts, false, desk.watermark)
        desk.put_complaint(0, Stamp(number, 0, "simulated", number), facts)
        for cut in cuts:
            if facts.element in cut.elements and cut.start <= facts.time < cut.end:
                cut.first = cut.first or facts.time
                cut.complaints += 1
    return cuts, list(false.values())


def _complaints(spec: SimulationSpec, world: World, troubles: Sequence[Trouble]) -> Iterator[Facts]:
    """Yield those that name an element, in the order of their times."""
    judge, stream = judging(None).judge, ComplaintStream(world)
    for start in range(spec.start, spec.end, STEP):
        drawn = [stream.draw(start)]
        for trouble in troubles:
            first, burst = trouble.bursts[Stream.COMPLAINTS].within(start)
            if len(burst.times):
                drawn.append(stream.of_incident(trouble.number, start, burst, first))
        for event in sorted((one for some in drawn for one in stream.write(some)), key=lambda one: one.time):
            told = json.loads(event.value)
            if "elementId" in told:
                yield Facts(
                    id=told["id"],
                    source="",
                    time=event.time // 1000,
                    region=told["region"],
                    element=told["elementId"],
                    subcategory=judge.classify(told["text"]).subcategory,
                    product=told["product"],
                    is_urge=False,
                    customer=told["customerId"],
                )


def _cut(line: dict[str, Any], desk: Desk) -> Cut:
    elements = frozenset(line["elements"])
    above = {step for element in elements for step in desk.topology.above(element)} - elements
    times = (seconds_of(line["from"]), seconds_of(line["to"]))
    return Cut(line["regions"][0], *times, elements, frozenset(above))


def _note(told: Told, cuts: Sequence[Cut], false: dict[str, Told], now: int) -> None:
    region = told.affected_location[0].id
    began = seconds_of(told.first_alert)
    assert told.suspicion is not None
    for cut in cuts:
        if cut.region == region and cut.start - HOUR <= began < cut.end + AFTERWARDS and now >= cut.start:
            cut.named_last = cut.name(told.suspicion.element)
            cut.is_exact = all(resource.id in cut.elements for resource in told.affected_resource)
            if not cut.told:
                cut.told, cut.named = now, cut.named_last
            return
    false[told.id] = told


@click.command()
@click.option("--days", default=1, show_default=True, type=click.IntRange(1), help="How many days.")
@click.option("--first", default=1, show_default=True, type=click.IntRange(0), help="The first seed.")
@click.option("--cuts", default=12, show_default=True, type=click.IntRange(0, 31), help="Hidden cuts a day.")
@click.option("--scale", default=1.0, show_default=True, help="1 is 35,000 complaints a day.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object as the last line.")
def main(days: int, first: int, cuts: int, scale: float, as_json: bool) -> None:
    """Cut lines in secret, and see when the complaints give them away."""
    every: list[Cut] = []
    false: list[Told] = []
    for seed in range(first, first + days):
        began = process_time()
        found, wrong = watch(day_of(seed, cuts, scale))
        click.echo(f"seed {seed}: {len(found)} cuts, {process_time() - began:.0f} s", err=True)
        for cut in found:
            when = "never" if cut.minutes is None else f"after {cut.minutes:.1f} min"
            words = f"{when}, {cut.complaints} complaints name its elements; {cut.named or '-'}, at last {cut.named_last or '-'}"
            click.echo(f"  {cut.region}: {words}", err=True)
        for told in wrong:
            click.echo(f"  of nothing: {told.name}, {told.suspicion}", err=True)
        every += found
        false += wrong
    minutes = sorted(cut.minutes for cut in every if cut.minutes is not None)
    summary = {
        "days": days,
        "cuts": len(every),
        "found": len(minutes),
        "median_minutes": round(median(minutes), 1) if minutes else None,
        "slowest_minutes": round(minutes[-1], 1) if minutes else None,
        "named": {word: sum(cut.named == word for cut in every) for word in ("right", "above", "wrong")},
        "named_last": {
            word: sum(cut.named_last == word for cut in every) for word in ("right", "above", "wrong")
        },
        "exact_last": sum(cut.is_exact for cut in every),
        "of_nothing": len(false),
    }
    if as_json:
        click.echo(json.dumps(summary))
        return
    for name, value in summary.items():
        click.echo(f"{name:16} {value}")


if __name__ == "__main__":
    main()
