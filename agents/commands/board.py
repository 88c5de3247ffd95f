"""`barometer board`: the live board as it stands in Redis, and its rebuilding from Kafka."""

import sys
import time
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo

import click
import msgspec

EXIT_INCOMPLETE: Final = 1


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def board() -> None:
    """The live board in Redis: active warnings, windows of every cell, open incidents, workers.

    Redis holds a projection only. Workers write it and repair it by themselves; it can always be rebuilt from Kafka.

    \b
    Examples
      barometer board show
      barometer board show --cell region=44 --lang zh
      barometer board show --json | jq .complete
      barometer board rebuild
    """


@board.command()
@click.option(
    "--redis-url", help="Redis, instead of BAROMETER_REDIS_URL; keep passwords out of the command line."
)
@click.option("--partitions", type=int, help="Partitions of the stream topics; BAROMETER_PARTITIONS.")
@click.option(
    "--cell", default="", help="Windows of the cells whose name contains this; the nation by default."
)
@click.option(
    "--lang", type=click.Choice(["en", "zh"]), default="en", help="Language of names and summaries."
)
@click.option("--json", "as_json", is_flag=True, help="Everything as one JSON object.")
def show(cell: str, lang: Literal["en", "zh"], as_json: bool, **flags: Any) -> None:
    """Print the board, and first how complete it is and how old.

    Complete means: every partition shows all that its topic held when its projector last looked, which it does every two
    seconds. Each partition is as of one moment; partitions may be as of different ones.

    What workers tell of themselves is observed, and gone 15 s after them.

    Exit codes: 0 complete; 1 a partition is behind, being rebuilt, stale or missing; 3 Redis does not answer.
    """
    from agents.boardlines import BoardLines, plain
    from agents.lines import Lines
    from agents.settings import load_settings
    from agents.terminal import console

    settings = load_settings(**flags)
    found = _board_of(settings)
    try:
        view = found.read(settings.partitions)
    finally:
        found.close()
    now = int(time.time() * 1000)
    if as_json:
        click.echo(msgspec.json.encode(plain(view, now)))
    else:
        out = console()
        for part in BoardLines(Lines.load(lang, ZoneInfo(settings.zone)), now, cell).all(view):
            out.print(part)
    if not view.is_complete(now):
        raise click.exceptions.Exit(EXIT_INCOMPLETE)


@board.command()
@click.option("--brokers", help="Kafka bootstrap servers; BAROMETER_BROKERS by default.")
@click.option(
    "--redis-url", help="Redis, instead of BAROMETER_REDIS_URL; keep passwords out of the command line."
)
@click.option("--partitions", type=int, help="Partitions of the stream topics; BAROMETER_PARTITIONS.")
@click.option("--yes", is_flag=True, help="Do not ask.")
def rebuild(yes: bool, **flags: Any) -> None:
    """Empty the board and project it anew from Kafka, in this process.

    Deletes the board's keys and nothing else in Redis. Safe beside running workers: they notice, and whoever has read
    further puts the partition up. Not needed after Redis was emptied or restarted, which workers repair by themselves.

    Exit codes: 0 rebuilt; 3 Kafka or Redis does not answer.
    """
    from rich.console import Console
    from rich.progress import Progress

    from agents.boardagent import TOPICS
    from agents.boardrebuild import rebuild as project
    from agents.cluster import topic_ids
    from agents.kafkaprobe import reach
    from agents.settings import load_settings

    settings = load_settings(**flags)
    found = _board_of(settings)
    access = reach(settings)
    ids = topic_ids(access, list(TOPICS), settings.partitions)
    if not yes:
        click.confirm(f"Empty the board at {found.place} and rebuild it?", abort=True, err=True)
    quiet = not sys.stderr.isatty()
    with Progress(console=Console(stderr=True), transient=True, disable=quiet) as bar:
        task = bar.add_task("projecting", total=None)

        def tell(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total or None)

        try:
            records = project(found, access, ids, settings.partitions, tell)
        finally:
            found.close()
    click.echo(f"rebuilt from {records:,} records in {len(TOPICS) * settings.partitions} partitions")


def _board_of(settings: Any) -> Any:
    from agents.boardagent import board_of

    found = board_of(settings)
    if found is None:
        raise click.UsageError("there is no board: BAROMETER_REDIS_URL is empty; set it, or give --redis-url")
    return found
