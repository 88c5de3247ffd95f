"""`barometer demo`: everything embedded, a simulated morning, live warnings."""

import json
import re
from datetime import UTC, datetime
from typing import Any, Literal

import click

EXIT_DIFFERENT = 1


class Span(click.ParamType):
    """A length of time: 60s, 2m. Converts to seconds."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        found = re.fullmatch(r"(\d+(?:\.\d+)?)(s|m)?", value)
        if found is None:
            self.fail(f"{value!r} is no length of time; write 60s or 2m", param, ctx)
        seconds = float(found[1]) * (60 if found[2] == "m" else 1)
        if seconds < 10:
            self.fail("the morning needs at least 10 s", param, ctx)
        return seconds


@click.command()
@click.option(
    "--for", "seconds", type=Span(), default="90s", show_default=True, help="How long the morning takes."
)
@click.option(
    "--seed", type=click.IntRange(min=0), default=1, show_default=True, help="Another seed, another morning."
)
@click.option(
    "--scale",
    type=click.FloatRange(min=0.05, max=5),
    default=0.3,
    show_default=True,
    help="1 is 100,000 events a day.",
)
@click.option("--lang", "language", type=click.Choice(["en", "zh"]), default="en", show_default=True)
@click.option(
    "--stay", is_flag=True, help="Leave everything running at the end, to look around in the console."
)
def demo(seconds: float, seed: int, scale: float, language: Literal["en", "zh"], *, stay: bool) -> None:
    """Watch Barometer work. Needs nothing but this program: Kafka and Redis are started on free ports and removed afterwards.

    Two workers learn from a week of simulated events; then a simulated morning goes wrong while you watch. Each incident is
    announced about twenty seconds ahead, with the page to look at and what it means; warnings appear with what was expected
    and what was seen, Redis and one worker are killed in the middle, and at the end everything is recomputed from the source
    topics and compared, the live board as well. The first line is the address of the operations console: open it in a browser.

    \b
    Examples
      barometer demo
      barometer demo --for 60s --lang zh
      barometer demo --stay
      barometer demo --for 60s | tail -1        the result as one JSON object

    The last line of standard output is one JSON object: events_in, classified, dead_letters, warnings_raised,
    warnings_cleared, verify ("clean" or "different"), differences, board (as verify). Exit code 0 only if verify is clean.
    """
    from agents.commands.verify import show
    from agents.demo import DemoPlan, run_demo
    from agents.embedded.progress import fetch_with_progress
    from agents.terminal import console

    screen = console()
    fetch_with_progress()
    plan = DemoPlan(seconds, seed, scale, language, stay)
    result = run_demo(plan, datetime.now(UTC), screen.print)
    show(result.report, screen)
    click.echo(
        json.dumps(
            {
                "events_in": result.events_in,
                "classified": result.classified,
                "dead_letters": result.dead_letters,
                "warnings_raised": result.warnings_raised,
                "warnings_cleared": result.warnings_cleared,
                "verify": "clean" if result.report.clean else "different",
                "differences": result.report.differences,
                "board": "clean" if result.is_board_clean else "different",
            }
        )
    )
    if not result.report.clean:
        raise click.exceptions.Exit(EXIT_DIFFERENT)
