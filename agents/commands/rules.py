"""`barometer rules`: is a rule file right, what would chance alone make of it, and what does a rule say in words?"""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click
from click.shell_completion import CompletionItem

from agents.rulesetcommand import audit, list_sets, push

if TYPE_CHECKING:
    from models.capacity import Values
    from models.measures import Stream
    from models.rule import RuleSet
    from models.rules import Checked

_WRONG: Final = 1
"""Exit code where a file has errors."""
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def rules() -> None:
    """The early-warning rules: check a file before it is in force, put it in force, and read a rule in words.

    \b
    barometer rules check my_rules.yaml      every error and doubt with its line, and false alarms a day
    barometer rules show EW01 --lang zh      one rule in words
    barometer rules push my_rules.yaml       in force in the running workers
    barometer rules list                     which sets there are, and where they are in force
    barometer rules audit                    who pushed what when, and what became of it
    """


for command in (push, list_sets, audit):
    rules.add_command(command)


def _rule_ids(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Complete the id of a rule, in the file that the line names already."""
    from models.errors import BarometerError

    try:
        found = _loaded(ctx.params.get("file"))
    except BarometerError:
        return []
    return [CompletionItem(rule.id, help=rule.name) for rule in found.rules if rule.id.startswith(incomplete)]


@rules.command()
@click.argument("file", type=_FILE, required=False)
@click.option("--strict", is_flag=True, help="Exit code 1 for warnings, too.")
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object: errors, warnings, estimates, version."
)
def check(file: Path | None, *, strict: bool, as_json: bool) -> None:
    """Explain everything that is wrong or doubtful in a rule FILE; no broker is asked, nothing is changed.

    FILE is the one in force (BAROMETER_RULES_FILE, else the shipped one) unless it is named. An error is told with line,
    rule, field and remedy, all of them at once: such a file is refused by workers. A warning is about a rule that loads
    and cannot do what it seems to: a step out of reach, a value that no event carries, an end that never comes.

    The table says how many false alarms a day chance alone would raise: cells x evaluations x the chance of each, if
    every cell were busy and stood exactly at its limit. The truth is below, between the two columns: the first counts
    windows that do not overlap, the second every evaluation. Dimensions have to be among those that are counted
    (BAROMETER_DIMENSIONS).

    Exit codes: 0 fine, 1 errors found (--strict: or warnings), 2 wrong usage.

    \b
    Examples
      barometer rules check
      barometer rules check my_rules.yaml --strict
      barometer rules check my_rules.yaml --json | jq '.errors[].line'
    """
    from models.falsealarms import estimate
    from models.rules import check_rules

    source, name = _source(file)
    found = check_rules(source, name, _dimensions())
    values = _values()
    warnings = _warnings(found, values)
    errors = [(one.line, one.column, one.place, one.fault, one.remedy) for one in sorted(found.mistakes)]
    chances = [estimate(rule, values) for rule in found.rules.rules] if found.rules else []
    if as_json:
        told = {
            "file": name,
            "version": found.rules.version if found.rules else None,
            "errors": [_document(*one) for one in errors],
            "warnings": [_document(*one) for one in warnings],
            "estimates": [
                {
                    "rule": one.rule,
                    "cells": one.cells,
                    "evaluationsPerDay": one.evaluations,
                    "windowsPerDay": one.windows,
                    "chance": one.chance,
                    "falseAlarmsPerDayLow": one.low,
                    "falseAlarmsPerDayHigh": one.high,
                }
                for one in chances
            ],
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _tell(name, errors, "error", "bold red")
        _tell(name, warnings, "warning", "yellow")
        if found.rules is not None:
            _tell_chances(found.rules, chances)
        version = f", version {found.rules.version}" if found.rules else ""
        click.echo(
            f"{name}: {_many(len(errors), 'error')}, {_many(len(warnings), 'warning')}{version}", err=True
        )
    if errors or (strict and warnings):
        raise click.exceptions.Exit(_WRONG)


@rules.command()
@click.argument("rule_id", metavar="ID", shell_complete=_rule_ids)
@click.option("--file", type=_FILE, help="Rule file; without it the one in force.")
@click.option("--lang", type=click.Choice(["zh", "en"]), default="en", show_default=True, help="Language.")
@click.option("--json", "as_json", is_flag=True, help="The rule as read, for programs.")
def show(rule_id: str, file: Path | None, lang: Any, *, as_json: bool) -> None:
    """Say in words what the rule ID looks at, when it speaks up, when it is over and who acts.

    \b
    Examples
      barometer rules show EW01
      barometer rules show LOAD --file my_rules.yaml --lang zh
    """
    import msgspec
    from rich.table import Table
    from rich.text import Text

    from agents.rulelines import spoken
    from agents.terminal import console, printable

    found = _loaded(file)
    try:
        rule = found.rule(rule_id)
    except KeyError:
        known = ", ".join(rule.id for rule in found.rules)
        raise click.BadParameter(
            f"there is no rule {rule_id!r}; there are {known}", param_hint="ID"
        ) from None
    if as_json:
        click.echo(json.dumps(msgspec.to_builtins(rule), ensure_ascii=False, indent=2, default=sorted))
        return
    said = spoken(rule, _values(), lang)
    grid = Table.grid(padding=(0, 2))
    for label, text in said.lines:
        grid.add_row(Text(printable(label)), Text(printable(text)))
    out = console()
    out.print(Text(printable(said.title), style="bold"))
    out.print(grid, soft_wrap=False)


Line = tuple[int, int, str, str, str]
"""Line, column, place, fault, remedy."""


def checked(file: Path | None) -> "tuple[RuleSet | None, str, Values]":
    """Check a rule file and tell on stderr what is wrong or doubtful in it; return the rules (None: errors) and its name."""
    from models.rules import check_rules

    source, name = _source(file)
    found = check_rules(source, name, _dimensions())
    values = _values()
    errors = [(one.line, one.column, one.place, one.fault, one.remedy) for one in sorted(found.mistakes)]
    _tell(name, errors, "error", "bold red", err=True)
    _tell(name, _warnings(found, values), "warning", "yellow", err=True)
    return found.rules, name, values


def _warnings(found: "Checked", values: "Values") -> list[Line]:
    from models.doubts import doubts_of

    if found.rules is None or found.marks is None:
        return []
    told = []
    for number, rule in enumerate(found.rules.rules):
        for field, fault, remedy in doubts_of(rule, values):
            mark = found.marks.of(f"rules[{number}].{field}")
            told.append((mark.line, mark.column, f"{rule.id}.{field}", fault, remedy))
    return sorted(told)


def _document(line: int, column: int, place: str, fault: str, remedy: str) -> dict[str, Any]:
    rule, _, field = place.partition(".")
    return {"line": line, "column": column, "rule": rule, "field": field, "fault": fault, "remedy": remedy}


def _tell(name: str, lines: list[Line], word: str, style: str, *, err: bool = False) -> None:
    from rich.text import Text

    from agents.terminal import console, printable

    out = console(sys.stderr if err else None)
    for line, column, place, fault, remedy in lines:
        text = Text(f"{printable(name)}:{line}:{column}: ")
        text.append(f"{word}: ", style=style)
        text.append(printable(f"{place or 'top level'} {fault}"))
        text.append(f"\n    {printable(remedy)}", style="dim")
        out.print(text)


def _tell_chances(found: "RuleSet", chances: list[Any]) -> None:
    from rich.table import Table
    from rich.text import Text

    from agents.lines import duration, number
    from agents.terminal import console

    table = Table(box=None, pad_edge=False)
    for heading in (
        "rule",
        "kind",
        "window",
        "cells",
        "evaluations a day",
        "chance each",
        "false alarms a day",
    ):
        table.add_column(heading, justify="left" if heading in {"rule", "kind"} else "right")
    for rule, one in zip(found.rules, chances, strict=True):
        low, high = (f"{bound:.2g}" for bound in (one.low or 0.0, one.high or 0.0))
        a_day = "fixed limit" if one.chance is None else high if low == high else f"{low} to {high}"
        chance = "-" if one.chance is None else f"{one.chance:.2g}"
        evaluations = number(round(one.evaluations))
        row = (
            rule.id,
            rule.kind,
            duration(rule.window_seconds),
            number(one.cells),
            evaluations,
            chance,
            a_day,
        )
        table.add_row(*map(Text, row))
    console().print(table)


def _many(count: int, word: str) -> str:
    return f"{count} {word}{'' if count == 1 else 's'}"


def _source(file: Path | None) -> tuple[str, str]:
    from agents.settings import load_settings
    from models.datafile import source_of
    from models.rules import FILE

    return source_of(file or load_settings().rules_file, FILE)


def _loaded(file: Path | None) -> "RuleSet":
    from models.rules import parse_rules

    source, name = _source(file)
    return parse_rules(source, name, _dimensions())


def _dimensions() -> "dict[Stream, tuple[tuple[str, ...], ...]]":
    from agents.settings import load_settings

    return load_settings().dimensions


def _values() -> "Values":
    from models.capacity import dimension_values
    from models.regions import load_regions
    from models.taxonomy import load_taxonomy

    return dimension_values(load_regions(), load_taxonomy())
