"""`make chaos`: run a campaign, show it, and end with one JSON object. Exit code 1 where anything differs or a place was missed."""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from rich.console import Console
from rich.table import Table

from agents.crashpoints import PLACES
from tests.chaos.campaign import Campaign, line_of
from tests.chaos.plan import SIZES


@click.command()
@click.option("--scale", type=click.Choice(sorted(SIZES)), default="short", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Decides what happens, and when.")
@click.option(
    "--keep", type=click.Path(file_okay=False, path_type=Path), help="Keep the workers' logs in this folder."
)
def main(scale: str, seed: int, keep: Path | None) -> None:
    """Kill, freeze and cut off a pipeline under load, and compare what it wrote with a recomputation.

    \b
    make chaos                         a few minutes
    make chaos SCALE=full SEED=7       a million events; most of an hour
    """
    screen = Console(stderr=True)
    begun = time.monotonic()
    with TemporaryDirectory(prefix="barometer-chaos-") as scratch:
        folder = keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        result = Campaign(
            SIZES[scale],
            seed,
            folder,
            lambda text: screen.print(f"[dim]{time.monotonic() - begun:7.1f} s[/] {text}"),
        ).run()
    table = Table(title=f"killed at, seed {seed}")
    for column in ("place", "what is half done there", "hits"):
        table.add_column(column)
    for place, meaning in PLACES.items():
        table.add_row(place, meaning, str(result.hits[place]))
    screen.print(table)
    assert result.report is not None
    for compared in result.report.tables:
        screen.print(f"{compared.name}: {compared.compared:,} compared, {compared.differences} differences")
        for one in compared.first:
            screen.print(f"  {one.record} {one.field}: expected {one.expected}, found {one.found}")
    click.echo(line_of(result, seed))
    never = [place for place in PLACES if not result.hits[place]]
    sys.exit(0 if result.report.clean and not never else 1)


if __name__ == "__main__":
    main()
