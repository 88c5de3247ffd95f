"""`barometer settings`: what is in force, and which file, variable or default said so."""

import json
from pathlib import Path
from typing import Any

import click

from agents.cli import config_option


@click.command()
@config_option
@click.option(
    "--set", "only_set", is_flag=True, help="Leave out the defaults: what somebody set, and nothing else."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object: setting -> value, origin, secret.")
def settings(*, only_set: bool, as_json: bool) -> None:
    """Show every setting in force and where it comes from. Secrets are masked; nothing is connected.

    Later wins: defaults, the file (--config), secret files, the environment, flags. A wrong value or an unknown name is
    told with its place and the remedy, as every command would tell it; the exit code is 3 then.

    \b
    Examples
      barometer settings
      barometer settings --config /etc/barometer.yaml --set
      barometer settings --json | jq .brokers.origin
    """
    from agents.settings import settings_and_origins
    from agents.sources import is_secret, shown

    found, origins = settings_and_origins()
    rows = {
        name: (shown(field, getattr(found, name)), origins.get(name, "default"), is_secret(field))
        for name, field in type(found).model_fields.items()
        if not only_set or name in origins
    }
    if as_json:
        told = {
            name: {"value": value, "origin": origin, "secret": secret}
            for name, (value, origin, secret) in rows.items()
        }
        click.echo(json.dumps(told, ensure_ascii=False, indent=2, default=_plain))
        return
    _print(rows)


def _print(rows: dict[str, tuple[Any, str, bool]]) -> None:
    from rich.table import Table
    from rich.text import Text

    from agents.terminal import console, printable

    table = Table("setting", "value", "from", box=None, pad_edge=False)
    for name, (value, origin, _) in rows.items():
        text = "(a mapping; --json shows it)" if isinstance(value, dict) else str(_plain(value))
        table.add_row(
            Text(name),
            Text(printable(text)),
            Text(printable(origin)),
            style="dim" if origin == "default" else "",
        )
    console().print(table)


def _plain(value: Any) -> Any:
    if value is None:
        return "(none)"
    return str(value) if isinstance(value, Path) else value
