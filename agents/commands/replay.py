"""`barometer replay`: recorded events into the topics."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote
from zoneinfo import ZoneInfo

import click

from agents.cli import EXIT_USAGE

if TYPE_CHECKING:
    from agents.recording import Envelope, Summary
    from agents.replay import Progress, ReplayReport

EXIT_DIFFERENCE = 1


class BadRecording(click.ClickException):
    """The file is no recording; its bad lines are named."""

    exit_code = EXIT_USAGE


class Undelivered(click.ClickException):
    """The broker confirmed fewer records than were sent."""

    exit_code = EXIT_DIFFERENCE


class Speed(click.ParamType):
    """`max`, or event time a second of real time: `1x`, `60x`, `0.5x`. Converts to a float; `max` to infinity."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        if value == "max":
            return float("inf")
        try:
            speed = float(value.removesuffix("x"))
        except ValueError:
            speed = 0.0
        if not 0 < speed < float("inf"):
            self.fail(
                f"{value!r} is no speed; write max, 1x (as it happened) or 60x (a minute each second)",
                param,
                ctx,
            )
        return speed


class Instant(click.ParamType):
    """ISO 8601; a time without offset is in the configured zone. Converts to epoch milliseconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        from agents.settings import load_settings

        try:
            instant = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is no time; write 2025-03-10T08:00 or 2025-03-10T08:00+08:00", param, ctx)
        if instant.tzinfo is None:
            instant = instant.replace(tzinfo=ZoneInfo(load_settings().zone))
        return int(instant.timestamp() * 1000)


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--speed",
    type=Speed(),
    default="max",
    show_default=True,
    help="1x as it happened, 60x a minute each second, or max.",
)
@click.option("--brokers", help="Kafka bootstrap servers. [default: BAROMETER_BROKERS, localhost:9092]")
@click.option("--from", "begin", type=Instant(), help="Only events at or after this event time.")
@click.option(
    "--until", "end", type=Instant(), help="Only events before this event time; no heartbeats then."
)
@click.option("--source", help="CloudEvents source of events that state none. [default: recording/FILE]")
@click.option("--plain", is_flag=True, help="No CloudEvents headers; the id inside each value identifies it.")
@click.option(
    "--heartbeats/--no-heartbeats",
    default=True,
    show_default=True,
    help="End with a heartbeat in every partition, so that all windows close.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
def replay(
    *,
    file: Path,
    speed: float,
    brokers: str | None,
    begin: int | None,
    end: int | None,
    source: str | None,
    plain: bool,
    heartbeats: bool,
    quiet: bool,
) -> None:
    """Send the events of FILE (.jsonl, or .jsonl.gz) into their topics.

    FILE holds one JSON object a line: {"topic": ..., "key": ..., "value": {...}}, optionally "headers", in order of
    arrival, as `barometer simulate` writes it. It is read whole first: if a line is bad, its number is told and nothing is
    sent. The command ends when the broker has confirmed every record; it exits with 1 if it did not.

    A recording that goes on in another file is sent with --no-heartbeats, except for its last part.

    \b
    Examples
      barometer replay day/events.jsonl                         as fast as the broker takes it
      barometer replay day/events.jsonl --speed 60x             a day in 24 minutes
      barometer replay day/events.jsonl.gz --from 2025-03-10T08:00 --until 2025-03-10T12:00
    """
    from agents.kafkaprobe import reach
    from agents.recording import RecordingError, envelopes, survey
    from agents.replay import replay as send
    from agents.settings import load_settings

    settings = load_settings(brokers=brokers)
    if end is not None:
        heartbeats = False
    try:
        with _reading(quiet=quiet):
            summary = survey(file)
        with _progress(summary, begin, end, settings.zone, quiet=quiet) as on_progress:
            report = send(
                _between(envelopes(file), begin, end),
                reach(settings),
                speed=None if speed == float("inf") else speed,
                source=source or f"recording/{quote(file.name)}",
                plain=plain,
                heartbeats=heartbeats,
                topics=summary.topics,
                on_progress=on_progress,
            )
    except RecordingError as error:
        raise BadRecording(str(error)) from None
    except KeyboardInterrupt:
        click.echo("stopped; what was already sent stays in the topics", err=True)
        raise
    _tell(report, quiet=quiet)


def _between(envelopes: Iterable["Envelope"], begin: int | None, end: int | None) -> Iterator["Envelope"]:
    for envelope in envelopes:
        if envelope.heartbeat or (
            (begin is None or envelope.time >= begin) and (end is None or envelope.time < end)
        ):
            yield envelope


@contextmanager
def _reading(*, quiet: bool) -> Iterator[None]:
    if quiet:
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status("reading the recording"):
        yield


@contextmanager
def _progress(
    summary: "Summary", begin: int | None, end: int | None, zone: str, *, quiet: bool
) -> Iterator[Callable[["Progress"], None] | None]:
    """Show rate and the clock of event time on stderr."""
    if quiet:
        yield None
        return
    import time

    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    first, last = max(summary.first, begin or 0), min(summary.last, end or summary.last)
    columns = (
        TextColumn("{task.fields[clock]}"),
        BarColumn(),
        TextColumn(
            "{task.fields[sent]:>11,} sent  {task.fields[delivered]:>11,} confirmed  {task.fields[rate]:>9,.0f}/s"
        ),
    )
    begun = time.monotonic()
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=max(1, last - first), clock="", sent=0, delivered=0, rate=0.0)

        def show(progress: "Progress") -> None:
            local = datetime.fromtimestamp(progress.time / 1000, ZoneInfo(zone))
            bar.update(
                task,
                completed=max(0, progress.time - first),
                clock=f"{local:%Y-%m-%d %H:%M:%S}",
                sent=progress.sent,
                delivered=progress.delivered,
                rate=progress.sent / max(0.001, time.monotonic() - begun),
            )

        yield show


def _tell(report: "ReplayReport", *, quiet: bool) -> None:
    if not report.complete:
        reasons = "".join(f"\n  {failure}" for failure in report.failures)
        missing = report.sent + report.heartbeats_sent - report.delivered - report.heartbeats
        raise Undelivered(
            f"{missing:,} of {report.sent:,} events and {report.heartbeats_sent} heartbeats were not delivered{reasons}"
        )
    if not quiet:
        rate = report.sent / max(0.001, report.seconds)
        click.echo(
            f"{report.delivered:,} events and {report.heartbeats} heartbeats delivered in {report.seconds:,.1f} s ({rate:,.0f}/s)",
            err=True,
        )
