"""`barometer verify`: the verdict of the independent recomputation, as a table and as JSON."""

import json
import sys
from typing import Final, Self

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Table

from agents.boardagent import board_of
from agents.kafkaprobe import reach
from agents.settings import Settings, load_settings
from agents.terminal import console, printable
from agents.verify.offsets import NotCaughtUp
from agents.verify.report import VerifyReport
from agents.verify.run import verify as recompute
from monitoring.board import Board
from monitoring.redisclient import RedisFault

EXIT_DIFFERENT: Final = 1


@click.command()
@click.option("--brokers", help="Kafka bootstrap servers; BAROMETER_BROKERS by default.")
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(min=0),
    default=0.0,
    metavar="SECONDS",
    help="Give the workers this long to reach the offsets at which the source ends now.",
)
@click.option(
    "--processes", type=click.IntRange(1, 64), help="Work on so many processes; one a processor by default."
)
@click.option(
    "--board/--no-board",
    "with_board",
    default=None,
    help="Compare the live board in Redis too; by default where it can be reached.",
)
@click.option("--redis-url", help="Redis of the board, instead of BAROMETER_REDIS_URL.")
@click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object as the last line of stdout, no table."
)
def verify(
    brokers: str | None,
    wait_seconds: float,
    processes: int | None,
    with_board: bool | None,
    redis_url: str | None,
    as_json: bool,
) -> None:
    """Recompute everything from the source topics and compare it with what the workers wrote.

    Reads the four input streams from their first record, judges every record again with code that shares nothing with
    the workers' counting, and compares every classified complaint, work order, dead letter, pane snapshot, watermark,
    warning and rolling window, and every entry of the live board with the topics that it shows. Writes nothing. The
    settings (partitions, lateness, retention, dimensions, rules, customer key) must be those of the workers.

    \b
    Examples
      barometer verify                   compare what is there; the workers must have caught up
      barometer verify --wait 60         let them catch up first
      barometer verify --json | tail -1  for programs: verify, differences, tables, offsets, seconds

    Exit codes: 0 no difference; 1 differences, or the workers are behind; 3 a topic no longer has its beginning, or the
    broker does not answer.
    """
    settings = load_settings(brokers=brokers, redis_url=redis_url)
    board = _board_of(settings, with_board)
    with _Bar() as bar:
        try:
            report = recompute(
                reach(settings),
                settings,
                wait_seconds=wait_seconds,
                processes=processes,
                board=board,
                progress=bar,
            )
        except NotCaughtUp as error:
            bar.stop()
            click.echo(f"Error: {error}", err=True)
            raise click.exceptions.Exit(EXIT_DIFFERENT) from None
    if as_json:
        click.echo(json.dumps(report.to_json(), ensure_ascii=False))
    else:
        show(report, console())
    if not report.clean:
        raise click.exceptions.Exit(EXIT_DIFFERENT)


def _board_of(settings: Settings, wanted: bool | None) -> Board | None:
    """Return the board that is to be compared; one that was not asked for is left out where Redis does not answer."""
    if wanted is False:
        return None
    board = board_of(settings)
    if board is None:
        if wanted:
            raise click.UsageError(
                "there is no board: BAROMETER_REDIS_URL is empty; set it, or give --redis-url"
            )
        return None
    try:
        board.newest_change()
    except RedisFault as fault:
        if wanted:
            raise
        click.echo(f"the board is not compared: {fault}", err=True)
        return None
    return board


def show(report: VerifyReport, to: Console) -> None:
    """Print the tables, the first differences in words, the offsets, and the verdict as the last line."""
    table = Table(title="Recomputed from the source and compared")
    table.add_column("what")
    for name in ("compared", "missing", "extra", "different", "written again"):
        table.add_column(name, justify="right")
    for tally in report.tables:
        table.add_row(
            tally.name,
            f"{tally.compared:,}",
            *(_counted(count) for count in (tally.missing, tally.extra, tally.different)),
            f"{tally.repeated:,}" if tally.repeated else "",
            style="bold red" if tally.differences else "",
        )
    to.print(table)
    to.print(_fates(report))
    for tally in report.tables:
        for one in tally.first:
            field = f" {one.field}" if one.field else ""
            words = f"{tally.name}: {one.record}{field}: expected {one.expected}, found {one.found}"
            to.print(printable(words), style="red")
    to.print("compared up to " + _offsets(report.offsets))
    worked = report.seconds - report.waited_seconds
    rate = report.events / worked if worked else 0.0
    verdict = "clean" if report.clean else f"{report.differences:,} differences"
    to.print(
        f"{verdict}: {report.events:,} source records in {worked:.1f} s ({rate:,.0f} a second)",
        style="bold green" if report.clean else "bold red",
    )


def _counted(count: int) -> str:
    return f"{count:,}" if count else "-"


def _fates(report: VerifyReport) -> Table:
    names = sorted({name for fates in report.fates.values() for name in fates})
    table = Table(title="What became of the source records")
    table.add_column("stream")
    for name in names:
        table.add_column(name.replace("_", " "), justify="right")
    for stream, fates in report.fates.items():
        table.add_row(stream, *(f"{fates.get(name, 0):,}" for name in names))
    return table


def _offsets(offsets: dict[str, dict[int, int]]) -> str:
    written = [
        f"{topic} [{' '.join(str(end) for _, end in sorted(ends.items()))}]"
        for topic, ends in offsets.items()
        if any(ends.values())
    ]
    return ", ".join(written) or "nothing: every topic is empty"


class _Bar:
    """Progress on stderr, where that is a terminal."""

    def __init__(self) -> None:
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
            disable=not sys.stderr.isatty(),
        )
        self._task: TaskID | None = None
        self._phase = ""

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> None:
        self._progress.stop()

    def __call__(self, phase: str, done: int, total: int) -> None:
        if self._task is None or phase != self._phase:
            if self._task is not None:
                self._progress.remove_task(self._task)
            self._phase = phase
            self._task = self._progress.add_task(phase, total=total or None)
        self._progress.update(self._task, completed=done)
