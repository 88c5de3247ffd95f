"""`barometer simulate`: a simulated operator's events in a file, with the truth about its incidents beside them."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--days", type=click.IntRange(1, 3_660), default=1, show_default=True, help="Whole days, UTC+8."
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Same seed and options, same bytes."
)
@click.option(
    "--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the two files."
)
@click.option("--start", type=click.DateTime(["%Y-%m-%d"]), help="First day. [default: 2025-03-10, a Monday]")
@click.option(
    "--end",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Last day instead of the first, for example a month's end.",
)
@click.option(
    "--scale", type=click.FloatRange(0, 1_000, min_open=True), default=1.0, show_default=True,
    help="1 is about 100,000 events a day.",
)  # fmt: skip
@click.option(
    "--incidents/--no-incidents", default=True, show_default=True, help="Let things go wrong on the last day."
)
@click.option(
    "--incident",
    "kinds",
    type=click.Choice(["fibre_cut", "hidden_cut", "billing_error", "understaffed_hotline", "csat_drop"]),
    multiple=True,
    help="Only these, each as often as given. [default: one of each]",
)
@click.option("--gzip", "compressed", is_flag=True, help="Write events.jsonl.gz: about a tenth of the size.")
@click.option("--quiet", is_flag=True, help="No progress and no summary.")
def simulate(
    *,
    days: int,
    seed: int,
    out: Path,
    start: datetime | None,
    end: datetime | None,
    scale: float,
    incidents: bool,
    kinds: tuple[str, ...],
    compressed: bool,
    quiet: bool,
) -> None:
    """Write events.jsonl and truth.jsonl of a simulated operator into a folder.

    A nation of 31 provinces complains, calls, answers surveys and has its cases handled, with the rhythm of weeks and
    months. events.jsonl holds one event a line in order of arrival: topic, key, value; send it with `barometer replay`.
    truth.jsonl says of each incident what, where and when, and which warning counts as having found it.

    \b
    Examples
      barometer simulate --out day                                one day, five incidents
      barometer simulate --days 15 --end 2025-06-30 --out june    two weeks, then a month's end with incidents
      barometer simulate --days 7 --no-incidents --out quiet      nothing to find: every warning is a false one
      barometer simulate --incident hidden_cut --scale 0.2 --out small
    """
    from agents.recording import create, line_of
    from agents.simulator.simulate import Simulation
    from agents.simulator.spec import FIRST_DAY, IncidentKind, SimulationSpec, days_from, days_until

    if start is not None and end is not None:
        raise click.UsageError("--start and --end exclude each other: the other one follows from --days.")
    if kinds and not incidents:
        raise click.UsageError("--incident and --no-incidents contradict each other.")
    first: date = start.date() if start is not None else FIRST_DAY
    begin, finish = days_until(end.date(), days) if end is not None else days_from(first, days)
    chosen = tuple(IncidentKind(kind) for kind in kinds) or tuple(IncidentKind)
    try:
        spec = SimulationSpec(begin, finish, seed, scale, chosen if incidents else ())
        simulation = Simulation(spec)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None
    out.mkdir(parents=True, exist_ok=True)
    target = out / ("events.jsonl.gz" if compressed else "events.jsonl")
    # Written beside and renamed, so that an interrupted simulation leaves no half recording that looks whole.
    unfinished = out / f"unfinished-{target.name}"
    counts: Counter[str] = Counter()
    try:
        with create(unfinished) as lines:
            for envelope in _shown(simulation.events(), spec, quiet=quiet):
                lines.write(line_of(envelope))
                if not envelope.heartbeat:
                    counts[envelope.topic] += 1
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    _write_truth(out / "truth.jsonl", simulation.truth)
    if not quiet:
        _summarise(target, counts, simulation.truth)


def _write_truth(path: Path, truth: Iterable[Mapping[str, Any]]) -> None:
    import orjson

    path.write_bytes(b"".join(orjson.dumps(incident, option=orjson.OPT_APPEND_NEWLINE) for incident in truth))


def _shown(envelopes: Iterable[Any], spec: Any, *, quiet: bool) -> Iterable[Any]:
    """Pass envelopes on and show on stderr how far simulated time is."""
    if quiet:
        yield from envelopes
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("simulating {task.fields[day]}"),
        BarColumn(),
        TextColumn("{task.fields[events]:>11,} events"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=spec.end - spec.start, day="", events=0)
        for number, envelope in enumerate(envelopes, 1):
            if number % 2_000 == 1:
                seconds = envelope.time // 1000
                day = datetime.fromtimestamp(seconds, _zone()).strftime("%Y-%m-%d")
                progress.update(task, completed=seconds - spec.start, day=day, events=number)
            yield envelope


def _summarise(target: Path, counts: Counter[str], truth: Iterable[Mapping[str, Any]]) -> None:
    from agents.terminal import console

    say = console().print
    size = target.stat().st_size / 1e6
    say(f"{target}: {counts.total():,} events, {size:,.0f} MB")
    for topic, count in sorted(counts.items()):
        say(f"  {count:>11,}  {topic}")
    for incident in truth:
        begin, end = (datetime.fromisoformat(incident[name]) for name in ("from", "to"))
        where = ", ".join(incident["rule"]["cells"])
        rules = " or ".join(incident["rule"]["rules"])
        say(f"  {begin:%Y-%m-%d %H:%M}-{end:%H:%M}  {incident['kind']}: {rules} at {where}")


def _zone() -> Any:
    from agents.simulator.spec import ZONE

    return ZONE
