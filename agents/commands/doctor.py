"""`barometer doctor`: examine everything around, and say what it means and what to do."""

import json
from typing import Final

import click

EXIT_WRONG: Final = 1
_STYLES: Final = {"ok": "green", "warning": "yellow", "wrong": "bold red"}


@click.command()
@click.option("--brokers", help="Kafka bootstrap servers; BAROMETER_BROKERS.")
@click.option(
    "--role",
    type=click.Choice(["admin", "worker", "reader", "operator", "deliverer", "producer"]),
    default="worker",
    show_default=True,
    help="Whose rights on Kafka are examined.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object, for machines.")
def doctor(brokers: str | None, role: str, *, as_json: bool) -> None:
    """Examine broker, topics, Redis, clocks, versions, rights and settings, and say what to do. Changes nothing.

    Each line is ok, a warning (it works, and is weaker than it could be) or wrong, with what it means and the remedy.
    Exit code 0 if nothing is wrong, 1 if something is, 3 if the settings cannot be used or no broker can be asked.

    \b
    Examples
      barometer doctor
      barometer doctor --json | jq '.findings[] | select(.state != "ok")'
      barometer doctor --role deliverer
    """
    from rich.text import Text

    from agents.cli import EXIT_ENVIRONMENT
    from agents.doctor.examination import NoBroker, examine
    from agents.doctor.finding import Finding, State
    from agents.settings import settings_and_origins
    from agents.terminal import console, printable
    from topics.access import Role

    settings, origins = settings_and_origins(brokers=brokers)
    out = console()
    found: list[Finding] = []
    reached = True
    try:
        for one in examine(settings, origins, Role(role)):
            found.append(one)
            if not as_json:
                text = Text(f"{one.state:<8}", style=_STYLES[one.state])
                text.append(f"{one.area:<9}", style="bold").append(printable(one.what, lines=True))
                if one.means:
                    text.append(f"\n{'':17}that means: {printable(one.means)}", style="default")
                if one.remedy:
                    text.append(f"\n{'':17}do: {printable(one.remedy)}", style="default")
                out.print(text)
    except NoBroker:
        reached = False
    counts = {state: sum(one.state is state for one in found) for state in State}
    if as_json:
        told = [
            {"area": one.area, "state": one.state, "what": one.what, "means": one.means, "remedy": one.remedy}
            for one in found
        ]
        click.echo(json.dumps({"findings": told, **counts}, ensure_ascii=False, indent=2))
    else:
        summary = f"{counts[State.OK]} ok, {counts[State.WARNING]} warnings, {counts[State.WRONG]} wrong."
        click.echo(summary, err=True)
    if not reached:
        raise click.exceptions.Exit(EXIT_ENVIRONMENT)
    if counts[State.WRONG]:
        raise click.exceptions.Exit(EXIT_WRONG)
