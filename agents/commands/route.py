"""`barometer route`: who gets a complaint and why, and whether a file of routing rules can work."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from models.route import Router

_WRONG: Final = 1
"""Exit code where a file has errors."""
_FILE: Final = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def route() -> None:
    """The routing rules: check a file, and follow a complaint through it. Nothing is changed, no broker is asked.

    \b
    barometer route check my_routing.yaml                       the first mistake with its line, or that there is none
    barometer route explain BIL.OVER --region 44 --segment group --priority P2
    barometer route explain --text "宽带断网三天没人修"            classified and given its priority first
    """


@route.command()
@click.argument("file", type=_FILE, required=False)
def check(file: Path | None) -> None:
    """Say what is wrong in a FILE of routing rules; the shipped one unless it is named.

    Refused are unknown codes, departments and conditions, and a rule that can never be reached since those before it take
    every case: a copy of an earlier rule with another target is one. So of two rules that contradict each other the first
    decides, and the other one decides something, too.

    Exit codes: 0 fine, 1 wrong, 2 wrong usage.
    """
    from models.errors import DataFileError

    try:
        _router(file)
    except DataFileError as error:
        click.echo(str(error), err=True)
        raise click.exceptions.Exit(_WRONG) from None
    click.echo(f"{_name(file)}: every rule can be reached, and every complaint goes somewhere")


@route.command()
@click.argument("subcategory", required=False)
@click.option("--text", help="Classify this text instead of naming a SUBCATEGORY.")
@click.option("--region", default="unknown", show_default=True, help="GB/T 2260 code of the province.")
@click.option(
    "--segment",
    default="unknown",
    show_default=True,
    type=click.Choice(["individual", "family", "group", "unknown"]),
)
@click.option(
    "--product",
    default="unknown",
    show_default=True,
    type=click.Choice(["mobile", "home", "vas", "enterprise", "unknown"]),
)
@click.option(
    "--priority",
    type=click.Choice(["P1", "P2", "P3", "P4"]),
    help="[default: what the text says, else P3]",
)
@click.option(
    "--channel", default="hotline", show_default=True, help="With --text: it may decide the priority."
)
@click.option("--file", type=_FILE, help="Rules of your own instead of the shipped ones.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def explain(
    subcategory: str | None,
    *,
    text: str | None,
    region: str,
    segment: str,
    product: str,
    priority: str | None,
    channel: str,
    file: Path | None,
    as_json: bool,
) -> None:
    """Tell which rules a complaint passes, why each of them does not apply, and where the first that does sends it.

    \b
    Examples
      barometer route explain BIL.OVER --region 44 --segment group
      barometer route explain --text "再不退费就去工信部" --json | jq .queue
    """
    if (subcategory is None) == (text is None):
        raise click.UsageError("name a SUBCATEGORY such as NET.DROP, or give --text")
    reasons: tuple[str, ...] = ()
    if text is not None:
        subcategory, found_priority, reasons = _judged(text, region, segment, product, channel)
        priority = priority or found_priority
    assert subcategory is not None
    steps, target = _router(file).explain(subcategory, region, segment, product, priority or "P3")
    if as_json:
        told = {
            "subcategory": subcategory,
            "priority": priority or "P3",
            "priorityReasons": reasons,
            "department": target.department,
            "queue": target.queue,
            "rules": [{"rule": step.rule, "failing": step.failing or None} for step in steps],
        }
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{subcategory}, {priority or 'P3'}{' (' + ', '.join(reasons) + ')' if reasons else ''}")
    for step in steps:
        click.echo(f"  no   {step.rule}: {step.failing}" if step.failing else f"  yes  {step.rule}")
    click.echo(f"department {target.department}, queue {target.queue}")


def _judged(
    text: str, region: str, segment: str, product: str, channel: str
) -> tuple[str, str, tuple[str, ...]]:
    """Return subcategory, priority and its reasons of a text that somebody complains of for the first time."""
    import msgspec

    from agents.judging import judging
    from agents.settings import load_settings
    from models.events import Complaint
    from models.triage import load_triage

    fields = {"time": 1_750_000_000_000, "customerId": "somebody", "text": text, "channel": channel}
    fields |= {"region": region, "segment": segment, "product": product}
    try:
        complaint = msgspec.convert(fields, Complaint)
    except msgspec.ValidationError as error:
        raise click.UsageError(str(error)) from None
    found = judging(load_settings().model_file).judge.classify(text)
    tiering = load_triage().judge(complaint, found, 0)
    return found.subcategory, tiering.priority, tiering.reasons


def _router(file: Path | None) -> "Router":
    from models.regions import load_regions
    from models.route import load_router, parse_router
    from models.taxonomy import load_taxonomy

    if file is None:
        return load_router()
    return parse_router(file.read_text(encoding="utf-8"), load_taxonomy(), load_regions(), _name(file))


def _name(file: Path | None) -> str:
    return "routing.yaml" if file is None else file.name
