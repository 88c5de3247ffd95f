"""`barometer topics`: the contracts for people and programs, their creation, and where a cluster differs from them.

Shows and asks; what a topic promises stands in `topics.catalogue`, and how it is created in `topics.provision`.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.table import Table
from rich.text import Text

from agents.terminal import console
from models.errors import ContractError
from topics.spec import PER_STREAM, Direction, TopicSpec

_DIFFERENT = 1
"""Exit code where the cluster differs from the contracts."""

Command = TypeVar("Command", bound=Callable[..., Any])


def _cluster_options(command: Command) -> Command:
    """Add the options that say which cluster is meant; without them the settings count."""
    for option in reversed(
        (
            click.option(
                "--brokers", metavar="HOST:PORT,...", help="Kafka bootstrap servers. [BAROMETER_BROKERS]"
            ),
            click.option(
                "--partitions",
                type=click.IntRange(1, 512),
                help="Partitions of the streams; frozen once data exists. [BAROMETER_PARTITIONS]",
            ),
            click.option(
                "--replication", type=click.IntRange(1, 7), help="Replication factor. [BAROMETER_REPLICATION]"
            ),
        )
    ):
        command = option(command)
    return command


_as_json = click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout, for programs.")


@click.group()
def topics() -> None:
    """The topics: what each promises, and whether a cluster keeps it.

    \b
    barometer topics list                        every contract, without a cluster
    barometer topics describe cx.panes.v1        one contract in full
    barometer topics create --replication 3      create what is missing
    barometer topics check                       what differs; exit code 1 if anything does
    barometer topics acls worker                 what a secured cluster must allow
    barometer topics schemas --out schemas       a JSON Schema for each type of value
    barometer topics asyncapi --out asyncapi.yaml    all topics as one AsyncAPI document

    Nothing here alters or deletes a topic that exists.
    """


@topics.command()
@_cluster_options
@_as_json
def create(brokers: str | None, partitions: int | None, replication: int | None, *, as_json: bool) -> None:
    """Create every topic that does not exist, and wait until each partition has a leader.

    Safe to repeat: a topic that exists is left as it is, whatever its settings. `barometer topics check` says
    whether they are right.

    \b
    barometer topics create
    barometer topics create --brokers kafka-1:9092,kafka-2:9092 --partitions 12 --replication 3
    """
    from topics.provision import provision

    where, layout = _cluster(brokers, partitions, replication)
    report = provision(where, **layout)
    if as_json:
        _write({"created": report.created, "existing": report.existing})
        return
    for name in report.created:
        click.echo(f"created  {name}")
    click.echo(f"{len(report.created)} topics created at {where}, {len(report.existing)} were there.")


@topics.command()
@_cluster_options
@_as_json
def check(brokers: str | None, partitions: int | None, replication: int | None, *, as_json: bool) -> None:
    """Compare the topics of a cluster with their contracts. Exit code 1 if anything differs, 3 without a broker.

    \b
    barometer topics check
    barometer topics check --json | jq '.differences[] | select(.what == "partitions")'
    """
    from topics.catalogue import catalogue
    from topics.provision import drift

    where, layout = _cluster(brokers, partitions, replication)
    found = drift(where, **layout)
    if as_json:
        _write(
            {
                "topics": len(catalogue()),
                "differences": [
                    {"topic": one.topic, "what": one.what, "expected": one.expected, "actual": one.actual}
                    for one in found
                ],
            }
        )
    elif found:
        table = Table("topic", "what", "contract", "cluster", box=None, pad_edge=False)
        for one in found:
            table.add_row(*map(Text, (one.topic, one.what, one.expected, one.actual)))
        console().print(table, soft_wrap=False)
    else:
        click.echo(f"{len(catalogue())} topics at {where} keep their contracts.")
    if found:
        if any(one.what == "missing" for one in found):
            click.echo("Create what is missing: barometer topics create", err=True)
        raise click.exceptions.Exit(_DIFFERENT)


@topics.command(name="list")
@click.option("--direction", type=click.Choice([one.value for one in Direction]), help="Only these.")
@_as_json
def list_contracts(direction: str | None, *, as_json: bool) -> None:
    """List the contracts: direction, key, partitions, retention, order and delivery. Needs no cluster."""
    from topics.catalogue import catalogue

    specs = [spec for spec in catalogue() if direction is None or spec.direction == direction]
    if as_json:
        _write([_document(spec) for spec in specs])
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("topic", no_wrap=True)
    for heading in ("direction", "partitions", "retention", "key", "order", "delivery"):
        table.add_column(heading)
    for spec in specs:
        promises = (spec.short("key"), spec.short("order"), spec.short("delivery"))
        row = (spec.name, spec.direction.value, str(spec.partitions), _retention(spec), *promises)
        table.add_row(*map(Text, row))
    console().print(table, soft_wrap=False)
    click.echo("Short forms; in full: barometer topics describe NAME", err=True)


@topics.command("acls")
@click.argument("role", type=click.Choice(["admin", "worker", "reader", "operator", "deliverer", "producer"]))
@click.option("--principal", metavar="User:NAME", help="Who gets them. [User:barometer-ROLE]")
@click.option("--brokers", metavar="HOST:PORT,...", help="Kafka bootstrap servers. [BAROMETER_BROKERS]")
def permissions(role: str, principal: str | None, brokers: str | None) -> None:
    """Print the fewest ACLs that a role needs, as commands of Kafka's own kafka-acls.sh. Asks no cluster.

    admin creates and checks topics; worker runs `barometer worker`; reader is for tail, deadletters and verify;
    operator is for deadletters replay; deliverer runs `barometer deliver`; producer writes the inputs. admin.properties holds the connection of whoever may grant.

    \b
    barometer topics acls worker --principal User:barometer > grant.sh
    """
    from agents.settings import load_settings
    from topics.access import Role, acls, commands

    settings = load_settings(brokers=brokers)
    wanted = acls(Role(role), heartbeats=settings.heartbeats, faults=settings.faults, duty=settings.duty)
    for command in commands(wanted, principal or f"User:barometer-{role}", settings.brokers):
        click.echo(command)


@topics.command()
@click.argument("name")
@_as_json
def describe(name: str, *, as_json: bool) -> None:
    """Show one contract in full, with the broker settings that it comes to.

    \b
    barometer topics describe cx.early-warnings.v1
    """
    from topics.catalogue import by_name

    try:
        spec = by_name(name)
    except ContractError as error:
        raise click.BadParameter(str(error), param_hint="NAME") from None
    if as_json:
        _write(_document(spec))
        return
    rows = {
        "title": f"{spec.title} ({spec.title_zh})",
        "about": spec.description,
        "direction": spec.direction.value,
        "key": spec.key,
        "values": ", ".join(value.__name__ for value in spec.values) or "not fixed yet",
        "ce_type": ", ".join(spec.ce_types),
        "partitions": _partitions(spec),
        "retention": _retention(spec),
        "order": spec.order,
        "delivery": spec.delivery,
    }
    grid = Table.grid(padding=(0, 2))
    for label, text in (rows | _settings(spec)).items():
        grid.add_row(Text(label), Text(text))
    out = console()
    out.print(Text(spec.name, style="bold"))
    out.print(grid, soft_wrap=False)


@topics.command()
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Folder for the files.")
@click.option(
    "--against",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Folder with schemas that were published: exit code 1 if one of them is broken.",
)
@_as_json
def schemas(out: Path | None, against: Path | None, *, as_json: bool) -> None:
    """Write one JSON Schema (2020-12) for each type of value, with descriptions and examples. Needs no cluster.

    Without a folder the names are listed only. With --against, every change that a reader of the published schemas could
    not follow is named, with what to do instead. --out looks at what it would replace in the same way, and writes nothing
    where that would be broken; whoever means it deletes the file first.

    \b
    barometer topics schemas --out schemas
    barometer topics schemas --against schemas
    """
    from topics.published import changes, differences, holds_schemas
    from topics.schema import schema_of, value_types

    if against is not None and not holds_schemas(against):
        raise click.BadParameter(f"there is no published schema in {against}", param_hint="--against")
    documents = {value.file: schema_of(value) for value in value_types()}
    published = [folder for folder in (against, out) if folder is not None and folder.is_dir()]
    found = [one for folder in published for one in differences(folder)]
    grown = changes(against) if against is not None else ()
    is_written = out is not None and not found
    if out is not None and is_written:
        out.mkdir(parents=True, exist_ok=True)
        for name, document in documents.items():
            (out / name).write_text(_text(document), encoding="utf-8")
    if as_json:
        told = [{"type": one.type, "field": one.field, "why": one.why, "remedy": one.remedy} for one in found]
        ids = {name: one["$id"] for name, one in documents.items()}
        _write({"schemas": ids, "written": is_written, "breaks": told, "changed": list(grown)})
    else:
        for line in [*(f"breaks {one}" for one in found), *(f"differs: {name}" for name in grown)]:
            click.echo(line)
        if out is None and against is None:
            for name, document in documents.items():
                click.echo(f"{name}  {document['$id']}")
        else:
            where = f" written to {out}" if is_written else ", nothing written" if out is not None else ""
            click.echo(f"{len(documents)} schemas{where}, {len(found)} breaks.", err=True)
    if found:
        raise click.exceptions.Exit(_DIFFERENT)


@topics.command()
@click.option("--out", type=click.Path(dir_okay=False, path_type=Path), help="File; stdout without it.")
@click.option(
    "--yaml/--json", "as_yaml", default=None, help="[default: YAML, or JSON for a file that ends in .json]"
)
@_cluster_options
def asyncapi(
    out: Path | None,
    brokers: str | None,
    partitions: int | None,
    replication: int | None,
    *,
    as_yaml: bool | None,
) -> None:
    """Write all topics as one AsyncAPI 3.0 document: channels, messages, headers, promises, examples. Asks no cluster.

    Brokers, partitions and replication are those of the options or settings. Subscribers can generate models from it.

    \b
    barometer topics asyncapi --out asyncapi.yaml
    barometer topics asyncapi --json | jq '.channels | keys'
    """
    import yaml

    from agents.cli import release
    from agents.settings import load_settings
    from topics.asyncapi import asyncapi as document_of

    settings = load_settings(brokers=brokers, partitions=partitions, replication=replication)
    document = document_of(
        release=release(),
        brokers=settings.brokers,
        partitions=settings.partitions,
        replication=settings.replication,
    )
    if as_yaml is None:
        as_yaml = out is None or out.suffix != ".json"
    text = (
        yaml.dump(document, Dumper=_plain(yaml), allow_unicode=True, sort_keys=False, width=110)
        if as_yaml
        else _text(document)
    )
    if out is None:
        click.echo(text, nl=False)
        return
    out.write_text(text, encoding="utf-8")
    click.echo(f"{len(document['channels'])} channels in {out}", err=True)


def _plain(yaml: Any) -> Any:
    """Return YAML's dumper as people expect it: the same thing twice is written twice, and several lines as lines."""

    class Plain(yaml.SafeDumper):  # type: ignore[misc]
        def ignore_aliases(self, data: Any) -> bool:
            return True

        def text(self, text: str) -> Any:
            return self.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)

    Plain.add_representer(str, Plain.text)
    return Plain


def _text(document: Any) -> str:
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def _cluster(
    brokers: str | None, partitions: int | None, replication: int | None
) -> tuple[str, dict[str, Any]]:
    from agents.kafkaprobe import reach
    from agents.settings import load_settings

    settings = load_settings(brokers=brokers, partitions=partitions, replication=replication)
    return settings.brokers, {
        "partitions": settings.partitions,
        "replication": settings.replication,
        "admin": reach(settings).python(),
    }


def _settings(spec: TopicSpec) -> dict[str, str]:
    """The broker's settings for the configured replication factor."""
    from agents.settings import load_settings

    return spec.config(load_settings().replication)


def _document(spec: TopicSpec) -> dict[str, Any]:
    retention = None if spec.retention is None else int(spec.retention.total_seconds())
    return {
        "name": spec.name,
        "title": spec.title,
        "titleZh": spec.title_zh,
        "description": spec.description,
        "direction": spec.direction.value,
        "key": spec.key,
        "values": [value.__name__ for value in spec.values],
        "ceTypes": list(spec.ce_types),
        "partitions": spec.partitions,
        "retentionSeconds": retention,
        "cleanup": spec.cleanup.value,
        "order": spec.order,
        "delivery": spec.delivery,
        "config": _settings(spec),
    }


def _partitions(spec: TopicSpec) -> str:
    return "as many as the streams" if spec.partitions == PER_STREAM else str(spec.partitions)


def _retention(spec: TopicSpec) -> str:
    if spec.retention is None:
        return "last of each key"
    days, rest = divmod(spec.retention, timedelta(days=1))
    length = f"{days} days" if not rest else f"{spec.retention / timedelta(hours=1):g} hours"
    return f"{length}, compacted" if spec.cleanup == "compact,delete" else length


def _write(document: Any) -> None:
    click.echo(_text(document), nl=False)
