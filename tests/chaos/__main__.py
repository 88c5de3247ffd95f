"""`make chaos`: run a campaign, show it, and end with one JSON object.

Exit code 1 where anything differs or a place was missed, 130 after Ctrl-C or SIGTERM.
"""

import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event as Flag
from typing import Final

import click
from rich.console import Console
from rich.markup import escape

from tests.chaos.campaign import Campaign
from tests.chaos.disk import enter_own_mounts
from tests.chaos.plan import SIZES
from tests.chaos.report import line_of, markdown_of, show
from tests.chaos.stop import EXIT_CODE, stopping

WIDTH: Final = 160
"""Of what goes into a file."""


@click.command()
@click.option("--scale", type=click.Choice(sorted(SIZES)), default="short", show_default=True)
@click.option("--seed", type=int, default=1, show_default=True, help="Decides what happens, and when.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    help="Keep all logs in this folder, and a broker's data where anything differs.",
)
@click.option(
    "--report", type=click.Path(dir_okay=False, path_type=Path), help="Write the table here, as Markdown."
)
def main(scale: str, seed: int, keep: Path | None, report: Path | None) -> None:
    """Kill, freeze and cut off a pipeline under load, and compare what it wrote with a recomputation.

    \b
    make chaos                         a few minutes
    make chaos SCALE=full SEED=7       a million events; about twenty minutes on two quiet cores
    """
    enter_own_mounts([sys.executable, "-m", "tests.chaos", *sys.argv[1:]])
    screen = Console(stderr=True)
    if not screen.is_terminal:
        screen.width = WIDTH
    begun = time.monotonic()

    def say(text: str) -> None:
        screen.print(f"[dim]{time.monotonic() - begun:7.1f} s[/] {escape(text)}", soft_wrap=True)

    over = Flag()
    with TemporaryDirectory(prefix="barometer-chaos-") as scratch, stopping(over, Path(scratch)):
        logs = keep or Path(scratch) / "logs"
        brokers = Path(scratch) / "brokers"
        for folder in (logs, brokers):
            folder.mkdir(parents=True, exist_ok=True)
        try:
            result = Campaign(SIZES[scale], seed, logs, brokers, say, over).run()
            if keep is not None and result.report.differences:
                # Every partition has a replica on every node: what differs can be looked for in one.
                shutil.copytree(brokers / "node-1" / "data", keep / "data", dirs_exist_ok=True)
        except KeyboardInterrupt:
            say("stopped before its end")
            sys.exit(EXIT_CODE)
        finally:
            if keep is not None:
                _keep_logs(brokers, keep)
    show(result, screen)
    if report is not None:
        report.write_text(markdown_of(result, f"make chaos SCALE={scale} SEED={seed}"), encoding="utf-8")
    click.echo(line_of(result))
    sys.exit(0 if result.passed else 1)


def _keep_logs(brokers: Path, keep: Path) -> None:
    for path in brokers.glob("node-*/logs/*.log*"):
        shutil.copy(path, keep / f"{path.parts[-3]}.{path.name}")


if __name__ == "__main__":
    main()
