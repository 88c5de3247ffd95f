"""`barometer backtest`: recorded events judged on event time, without Kafka, and held against the truth."""

import hashlib
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import click

from agents.cli import EXIT_USAGE

if TYPE_CHECKING:
    from agents.backtest.report import Judged
    from agents.backtest.run import Run
    from agents.recording import Envelope
    from agents.settings import Settings
    from models.outcomes import EarlyWarning
    from models.rule import RuleSet

EXIT_DIFFERENCE: Final = 1
BAD_LINES_TOLD: Final = 20
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


class BadInput(click.ClickException):
    """A file is not what it should be; the message names file, line and field."""

    exit_code = EXIT_USAGE


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--events", "events", required=True, type=_FILE, help="Recorded events: .jsonl, or .jsonl.gz.")
@click.option("--rules", "rules_file", type=_FILE, help="Rule file. [default: the one in force]")
@click.option(
    "--truth", "truth_file", type=_FILE, help="What really went wrong: truth.jsonl of the same events."
)
@click.option(
    "--against", "against_file", type=_FILE, help="Another rule file, judged over the same minutes."
)
@click.option(
    "--partitions",
    type=click.IntRange(1, 512),
    help="Partitions of the topics. [default: BAROMETER_PARTITIONS, 4]",
)
@click.option(
    "--ledger",
    "ledger_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="OUT.jsonl",
    help="Write the ledger's identities, one a line.",
)
@click.option(
    "--baselines/--no-baselines",
    "with_baselines",
    default=None,
    help="Also run EARS, NB-CUSUM and the +30 % rule. [default: with --truth]",
)
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object as the last line, no tables.")
def backtest(
    *,
    events: Path,
    rules_file: Path | None,
    truth_file: Path | None,
    against_file: Path | None,
    partitions: int | None,
    ledger_file: Path | None,
    with_baselines: bool | None,
    quiet: bool,
    as_json: bool,
) -> None:
    """Judge recorded events as workers would, at full speed, and say what would have fired.

    Reads EVENTS in order of arrival (docs/world.md has the format; `barometer simulate` writes it), and decodes, screens,
    classifies, counts and judges with the workers' own code, on event time. Nothing is sent, and no broker is needed. The
    ledger is the one that workers write who get the same events by `barometer replay`, whatever the speed.

    With --truth each alarm is right or false and each incident found or missed: precision, recall, delay from the
    beginning of the incident to the end of the pane that told it, false alarms a day. With --against the difference between
    two rule files stands in a table. docs/backtest.md says what counts as found and what as false.

    \b
    Examples
      barometer simulate --days 14 --end 2025-06-30 --out june
      barometer backtest --events june/events.jsonl --truth june/truth.jsonl
      barometer backtest --events june/events.jsonl --rules mine.yaml --against yours.yaml
      barometer backtest --events june/events.jsonl --truth june/truth.jsonl --json | tail -1 | jq .found
      barometer backtest --events june/events.jsonl --ledger ledger.jsonl

    Exit codes: 0 fine; 1 some lines could not be read (they are told and left out); 2 a file or an option is wrong; 3 a
    setting is wrong.
    """
    from agents.backtest.report import baselines, judged
    from agents.backtest.run import backtest as run_backtest
    from agents.backtest.truth import TruthError, read_truth
    from agents.recording import RecordingError
    from agents.settings import load_settings
    from models.errors import DataFileError

    settings = load_settings(partitions=partitions)
    try:
        incidents = read_truth(truth_file) if truth_file is not None else ()
        sets = [_loaded(rules_file or settings.rules_file, settings)]
        if against_file is not None:
            sets.append(_loaded(against_file, settings))
        bad = _BadLines(events)
        wants_baselines = truth_file is not None if with_baselines is None else with_baselines
        with _reading(events, bad, settings.zone, quiet=quiet) as envelopes:
            run = run_backtest(
                envelopes, settings, [rules for _, rules in sets], with_baselines=wants_baselines
            )
    except (RecordingError, TruthError, DataFileError) as error:
        raise BadInput(str(error)) from None
    except KeyboardInterrupt:
        click.echo("stopped; nothing was written", err=True)
        raise
    ahead = _ahead(settings.zone, run)
    found = [
        judged(name, rules, ledger, incidents, run.days or 1.0, ahead, run.suspected)
        for (name, rules), ledger in zip(sets, run.ledgers, strict=True)
    ]
    rivals = baselines(run, incidents, ahead)
    lines = _ledger(run.ledgers[0])
    if ledger_file is not None:
        _write(ledger_file, lines)
    bad.tell()
    has_truth = truth_file is not None
    if as_json:
        click.echo(
            json.dumps(
                _document(run, found, rivals, lines, bad.count, has_truth=has_truth), ensure_ascii=False
            )
        )
    else:
        _show(run, found, rivals, has_truth=has_truth)
    if bad.count:
        raise click.exceptions.Exit(EXIT_DIFFERENCE)


def _loaded(path: Path | None, settings: "Settings") -> tuple[str, "RuleSet"]:
    from models.rules import load_rules

    return path.name if path is not None else "the shipped rules", load_rules(path, settings.dimensions)


class _BadLines:
    """Lines that could not be read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self.count = 0
        self._first: list[str] = []

    def __call__(self, number: int, why: str) -> None:
        self.count += 1
        if len(self._first) < BAD_LINES_TOLD:
            self._first.append(f"{self._path}, line {number}: {why}")

    def tell(self) -> None:
        from agents.terminal import printable

        for line in self._first:
            click.echo(f"Error: {printable(line)}", err=True)
        if self.count:
            click.echo(f"{self.count:,} lines could not be read and are left out", err=True)


@contextmanager
def _reading(path: Path, bad: _BadLines, zone: str, *, quiet: bool) -> Iterator[Iterable["Envelope"]]:
    """Give the events, and show on stderr how far they are."""
    from agents.app import spare_the_collector
    from agents.recording import readable

    spare_the_collector()
    if quiet:
        yield readable(path, bad, lambda _: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    size = path.stat().st_size if path.suffix != ".gz" else None
    columns = (
        TextColumn("judging {task.fields[clock]}"),
        BarColumn(),
        TextColumn("{task.fields[events]:>11,} events"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=size, clock="", events=0)
        read = 0

        def on_line(length: int) -> None:
            nonlocal read
            read += length

        def told() -> Iterator["Envelope"]:
            for number, envelope in enumerate(readable(path, bad, on_line), 1):
                if number % 2_000 == 1:
                    local = datetime.fromtimestamp(envelope.time / 1000, ZoneInfo(zone))
                    bar.update(task, completed=read, clock=f"{local:%Y-%m-%d %H:%M}", events=number)
                yield envelope

        yield told()


def _ahead(zone: str, run: "Run") -> int:
    """Return how far the zone is ahead of UTC, in seconds, when the run begins."""
    offset = datetime.fromtimestamp(run.first or 0, ZoneInfo(zone)).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


def _ledger(ledger: Iterable["EarlyWarning"]) -> bytes:
    from agents.backtest.ledger import ledger_lines

    return b"".join(ledger_lines(ledger))


def _write(path: Path, lines: bytes) -> None:
    """Write the ledger whole or not at all."""
    beside = path.with_name(f"{path.name}.part")
    try:
        beside.write_bytes(lines)
        beside.replace(path)
    except OSError as error:
        raise BadInput(f"{path}: cannot be written ({error.strerror})") from None


def _document(
    run: "Run",
    found: list["Judged"],
    rivals: dict[str, Any],
    lines: bytes,
    bad_lines: int,
    *,
    has_truth: bool,
) -> dict[str, Any]:
    from agents.backtest.report import difference, figures, findings

    first = found[0]
    document = figures(first.score, has_truth=has_truth)
    document["baselines"] = {name: figures(one, has_truth=has_truth) for name, one in rivals.items()}
    if has_truth:
        document["findings"] = findings(first.score)
        document["false_alarms"] = [
            {"rule": alarm.rule, "cell": alarm.cell, "pane": alarm.raised} for alarm in first.score.false
        ]
    if len(found) > 1:
        document["against"] = figures(found[1].score, has_truth=has_truth) | {
            "difference": difference(first, found[1])
        }
    document |= {
        "days": round(run.days, 4),
        "events": run.events,
        "outcomes": {stream.value: dict(counts) for stream, counts in run.outcomes.items()},
        "refused": {stream.value: dict(counts) for stream, counts in run.refused.items() if counts},
        "passed_over": dict(run.unread),
        "bad_lines": bad_lines,
        "rules_version": first.rules.version,
        "ledger_entries": lines.count(b"\n"),
        "ledger_sha256": hashlib.sha256(lines).hexdigest(),
    }
    return document


def _show(run: "Run", found: list["Judged"], rivals: dict[str, Any], *, has_truth: bool) -> None:
    from agents.backtest.report import show, show_baselines, show_difference, show_run
    from agents.terminal import console

    to = console()
    show_run(run, to)
    if not run.days:
        to.print("no minute was closed: a stream is judged once every partition has events or a heartbeat")
        return
    for one in found:
        show(one, to, has_truth=has_truth)
    if len(found) > 1:
        show_difference(found[0], found[1], to, has_truth=has_truth)
    if rivals and has_truth:
        show_baselines(rivals, to)
