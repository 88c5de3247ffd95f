"""`barometer simulate`: a simulated operator's events in a file, with the truth about its incidents beside them."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

EXIT_SURROUNDINGS = 3


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--days", type=click.IntRange(1, 3_660), default=1, show_default=True, help="Whole days, UTC+8."
)
@click.option(
    "--seed", type=click.IntRange(0), default=1, show_default=True, help="Same seed and options, same bytes."
)
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the files.")
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
    "--incidents",
    "--incident",
    "wishes",
    multiple=True,
    metavar="KIND[@REGION:FROM-TO]",
    help="What goes wrong; give it as often as you like. With a place and local times of the last day (08:30, or 3/08:30 for "
    "the third day), or without: then place and time are chosen. [default: five kinds on the last day]",
)
@click.option(
    "--quiet-world",
    "--no-incidents",
    "quiet_world",
    is_flag=True,
    help="Nothing goes wrong: every warning is a false one.",
)
@click.option("--list-kinds", is_flag=True, help="Say what can go wrong and what should be raised, and end.")
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), metavar="FILE.png",
    help="Draw events by the hour, incidents and holidays.",
)  # fmt: skip
@click.option("--gzip", "compressed", is_flag=True, help="Write events.jsonl.gz: about a tenth of the size.")
@click.option("--quiet", is_flag=True, help="No progress and no summary.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object.")
def simulate(
    *,
    days: int,
    seed: int,
    out: Path | None,
    start: datetime | None,
    end: datetime | None,
    scale: float,
    wishes: tuple[str, ...],
    quiet_world: bool,
    list_kinds: bool,
    plot: Path | None,
    compressed: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Write a simulated operator's events, and the truth about them, into a folder.

    A nation of 31 provinces complains, calls, answers surveys and has its cases handled, with the rhythm of days, months,
    holidays and make-up workdays. events.jsonl holds one event a line in order of arrival: topic, key, value; send it with
    `barometer replay`. truth.jsonl says of each incident what, where and when, and which warning counts as having found it -
    or that none may be raised. totals.json counts events and duplicates. docs/world.md explains the model.

    \b
    Examples
      barometer simulate --out day                                one day, five incidents
      barometer simulate --days 15 --end 2025-06-30 --out june    two weeks, then a month's end with incidents
      barometer simulate --days 7 --quiet-world --out quiet       nothing to find: every warning is a false one
      barometer simulate --incidents hidden_cut --scale 0.2 --out small
      barometer simulate --days 14 --out two-weeks --plot two-weeks.png \\
          --incidents alarm_storm@44:08:00-10:30 --incidents price_change@33:8/00:00-14/23:00 --incidents bad_producer@51:9-12
    """
    from agents.recording import create, line_of
    from agents.simulator.plot import Tally
    from agents.simulator.simulate import Simulation

    if list_kinds:
        _list_kinds()
        return
    if out is None:
        raise click.UsageError("Missing option '--out': the folder for the files.")
    if start is not None and end is not None:
        raise click.UsageError("--start and --end exclude each other: the other one follows from --days.")
    if wishes and quiet_world:
        raise click.UsageError("--incidents and --quiet-world contradict each other.")
    if plot is not None:
        _check_matplotlib()
    try:
        spec = _spec(days, seed, scale, start, end, wishes, quiet_world=quiet_world)
        simulation = Simulation(spec)
    except ValueError as error:
        raise click.UsageError(f"{error}.") from None
    out.mkdir(parents=True, exist_ok=True)
    target = out / ("events.jsonl.gz" if compressed else "events.jsonl")
    # Written beside and renamed, so that an interrupted simulation leaves no half recording that looks whole.
    unfinished = out / f"unfinished-{target.name}"
    counts: Counter[str] = Counter()
    tally = Tally()
    try:
        with create(unfinished) as lines:
            for envelope in _shown(simulation.events(), spec, quiet=quiet):
                lines.write(line_of(envelope))
                if not envelope.heartbeat:
                    counts[envelope.topic] += 1
                    tally.add(envelope.topic, envelope.time)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
    _write_truth(out / "truth.jsonl", simulation.truth)
    totals = _totals(spec, counts, simulation)
    (out / "totals.json").write_text(json.dumps(totals, indent=1) + "\n", encoding="utf-8")
    if plot is not None:
        from agents.simulator.plot import draw

        draw(tally, spec, simulation.truth, plot)
    if as_json:
        click.echo(json.dumps({**totals, "file": str(target), "incidents": len(simulation.truth)}))
    elif not quiet:
        _summarise(target, counts, simulation.truth)


def _spec(
    days: int,
    seed: int,
    scale: float,
    start: datetime | None,
    end: datetime | None,
    wishes: tuple[str, ...],
    *,
    quiet_world: bool,
) -> Any:
    from agents.simulator.kinds import is_stated, kind_of, stated
    from agents.simulator.spec import DEFAULT_KINDS, FIRST_DAY, SimulationSpec, days_from, days_until

    first: date = start.date() if start is not None else FIRST_DAY
    begin, finish = days_until(end.date(), days) if end is not None else days_from(first, days)
    if quiet_world:
        return SimulationSpec(begin, finish, seed, scale, ())
    if is_stated(wishes):
        incidents = tuple(stated(wish, begin, finish) for wish in wishes)
        return SimulationSpec(begin, finish, seed, scale, (), incidents)
    kinds = tuple(kind_of(wish) for wish in wishes) or DEFAULT_KINDS
    return SimulationSpec(begin, finish, seed, scale, kinds)


def _list_kinds() -> None:
    from agents.simulator.kinds import FORM, WORDS
    from agents.simulator.spec import NATIONWIDE

    for kind, (words, raised) in WORDS.items():
        where = "  [provinces or all]" if kind in NATIONWIDE else ""
        click.echo(f"{kind:<21} {words}{where}\n{'':<21} to be raised: {raised}")
    click.echo(f"\nState one as {FORM}.")


def _check_matplotlib() -> None:
    from importlib.util import find_spec

    from agents.simulator.plot import MISSING

    if find_spec("matplotlib") is None:
        click.echo(f"Error: {MISSING}", err=True)
        raise click.exceptions.Exit(EXIT_SURROUNDINGS)


def _totals(spec: Any, counts: Counter[str], simulation: Any) -> dict[str, Any]:
    return {
        "seed": spec.seed,
        "scale": spec.scale,
        "from": datetime.fromtimestamp(spec.start, _zone()).isoformat(),
        "to": datetime.fromtimestamp(spec.end, _zone()).isoformat(),
        "events": dict(sorted(counts.items())),
        "duplicates": dict(sorted(simulation.duplicates.items())),
    }


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
        where = ", ".join(incident["rule"]["cells"][:4]) or ", ".join(incident["regions"])
        more = len(incident["rule"]["cells"]) - 4
        where += f" and {more} more" if more > 0 else ""
        rules = " or ".join(incident["rule"]["rules"]) or "nothing is to be raised"
        if incident["expect"] == "suppressed":
            rules = "only suppressed warnings"
        until = f"{end:%H:%M}" if end.date() == begin.date() else f"{end:%Y-%m-%d %H:%M}"
        say(f"  {begin:%Y-%m-%d %H:%M}-{until}  {incident['kind']}: {rules} at {where}")


def _zone() -> Any:
    from agents.simulator.spec import ZONE

    return ZONE
