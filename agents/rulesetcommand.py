"""`barometer rules push`, `list` and `audit`: the rule sets of running workers."""

import json
from getpass import getuser
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from agents.rulepush import Place, Push
    from models.rule import RuleSet
    from models.ruleorder import RuleSetReport
    from models.rules import Counted

_REFUSED: Final = 1
"""Exit code where a partition refuses the set, or does not answer in time."""
_SHOWN_MAX: Final = 60
"""Characters of a field that are shown of a difference."""
_WRONG: Final = 2
"""Exit code where the file has errors: nothing is pushed."""


class _Bad(click.ClickException):
    exit_code = _WRONG


def _user() -> str:
    try:
        return getuser()
    except (KeyError, OSError):
        return ""


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), required=False)
@click.option("--brokers", help="Kafka bootstrap servers, instead of BAROMETER_BROKERS.")
@click.option("--from", "since", metavar="TIME", help="Not before this time of events; at once without it.")
@click.option("--actor", help="Who pushes; your login name by default.")
@click.option("--note", default="", help="Why, for `rules audit`.")
@click.option("--dry-run", is_flag=True, help="Check, and say what would change; ask no broker.")
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="With --dry-run: compare with this rule file.",
)
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(min=0),
    metavar="SECONDS",
    help="Wait until every partition has reported the set in force, so long at most.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def push(
    file: Path | None,
    *,
    brokers: str | None,
    since: str | None,
    actor: str | None,
    note: str,
    dry_run: bool,
    against: Path | None,
    wait_seconds: float | None,
    as_json: bool,
) -> None:
    """Put the rules of FILE in force in the running workers, without a restart.

    FILE is the one of the settings (BAROMETER_RULES_FILE, else the shipped one) unless it is named. It is checked as `rules
    check` does: with an error nothing is pushed, warnings are shown. The set goes into all partitions in one transaction. Each
    judges by it from its next pane on that is not closed yet (--from: and not before that time), and keeps it over restarts.

    An unchanged rule goes on with its open warnings. Those of a rule that was changed or left out are cleared, with the reason
    rule_changed. What was learned of a measure stays. A worker that cannot judge by the set keeps the one before, and
    reports why: `rules list`, `rules audit`.

    --dry-run says which rules are new, gone or changed, and in which fields: against --against, else against the rules of the
    settings where FILE is named, else against the shipped ones.

    Exit codes: 0 pushed (--wait: and in force everywhere); 1 a partition refuses it, or has not reported in time; 2 the
    file has errors; 3 no broker answers, or it refuses.

    \b
    Examples
      barometer rules push my_rules.yaml --note "limits of EW13 as agreed" --wait 30
      barometer rules push my_rules.yaml --from 2026-02-01T00:00
      barometer rules push my_rules.yaml --dry-run
      barometer rules push my_rules.yaml --dry-run --against in_force.yaml
    """
    from time import time

    from agents.commands.rules import checked
    from agents.instant import Instant
    from agents.rulepush import Words, awaited, is_refused
    from agents.rulepush import push as send
    from agents.settings import load_settings
    from models.capacity import refuse_wide_judges
    from models.errors import ContractError
    from models.iso import iso
    from models.pane import MINUTE
    from models.ruleorder import SOURCE_CHARACTERS_MAX

    if against is not None and not dry_run:
        raise click.UsageError("--against compares and pushes nothing: add --dry-run, or leave it out")
    settings = load_settings(brokers=brokers)
    instant = Instant().convert(since, None, click.get_current_context()) if since else 0.0
    from_pane = -(-int(instant) // MINUTE) * MINUTE
    found, name, values = checked(file)
    if found is None:
        raise _Bad(f"{name} has errors, nothing was pushed; mend them and push again")
    if len(found.source.rules) > SOURCE_CHARACTERS_MAX:
        raise _Bad(
            f"{name} has {len(found.source.rules):,} characters of which {SOURCE_CHARACTERS_MAX:,} can be pushed; "
            "leave comments out"
        )
    try:
        refuse_wide_judges(found, settings.partitions, values)
    except ContractError as error:
        raise _Bad(f"{name}: {error}") from None
    told: dict[str, Any] = {
        "version": found.version,
        "file": name,
        "fromPane": from_pane,
        "pushed": not dry_run,
    }
    reported: list[RuleSetReport] = []
    silent: list[int] = []
    if dry_run:
        told |= _compared(
            found, against or (settings.rules_file if file is not None else None), settings.dimensions
        )
    else:
        from agents.cluster import topic_ids
        from agents.kafkaprobe import reach
        from topics.catalogue import PANES

        access = reach(settings)
        topic_ids(access, [PANES], settings.partitions)
        words = Words(Path(name).name, _user() if actor is None else actor, note, iso(int(time())))
        offsets = send(access, found, words, from_pane=from_pane, partitions=settings.partitions)
        told["offsets"] = offsets
        if wait_seconds is not None:
            reported, silent = awaited(access, offsets, wait_seconds)
            told |= {"reports": [_plain(one) for one in reported], "silent": silent}
    refused = [one for one in reported if is_refused(one)]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _tell_push(told, reported, silent)
    if refused or silent:
        raise click.exceptions.Exit(_REFUSED)


def _compared(found: "RuleSet", against: Path | None, counted: "Counted") -> dict[str, Any]:
    """Return what `found` changes against a file (None: the shipped one)."""
    from models.datafile import source_of
    from models.errors import DataFileError
    from models.rulediff import difference_of
    from models.rules import FILE, parse_rules

    try:
        source, name = source_of(against, FILE)
        before = parse_rules(source, name, counted)
    except DataFileError as error:
        raise _Bad(f"nothing to compare with: {error}") from None
    difference = difference_of(before, found)
    changed = {rule: [one._asdict() for one in fields] for rule, fields in difference.changed.items()}
    return {
        "against": {"file": name, "version": before.version},
        "difference": difference._asdict() | {"changed": changed},
    }


def _tell_difference(told: dict[str, Any]) -> None:
    from agents.terminal import printable

    against, found = told["against"], told["difference"]
    click.echo(f"against {printable(against['file'])}, version {against['version']}:")
    for rule in found["new"]:
        click.echo(f"  new      {printable(rule)}")
    for rule in found["gone"]:
        click.echo(f"  gone     {printable(rule)}: its open warnings are cleared")
    for rule, fields in found["changed"].items():
        click.echo(f"  changed  {printable(rule)}: its open warnings are cleared")
        for one in fields:
            click.echo(
                f"             {printable(one['field'])}: {_shown(one['before'])} -> {_shown(one['after'])}"
            )
    if found["prior"]:
        click.echo("  changed  what is expected before a cell was seen (baseline.yaml)")
    same = len(found["same"])
    click.echo(f"  same     {same} rule{'' if same == 1 else 's'}: open warnings go on")


def _shown(value: object) -> str:
    """Return a value of a rule file in one short line."""
    from agents.terminal import printable

    text = (
        "(none)"
        if value is None
        else value
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False)
    )
    return printable(text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}...")


def _tell_push(told: dict[str, Any], reported: "list[RuleSetReport]", silent: list[int]) -> None:
    from agents.rulepush import is_refused
    from agents.terminal import printable

    when = f"from {_local(told['fromPane'])} on" if told["fromPane"] else "from the next pane on"
    verb = "pushed" if told["pushed"] else "would be pushed"
    click.echo(f"{printable(told['file'])}: version {told['version']} {verb}, {when}")
    if "difference" in told:
        _tell_difference(told)
    for report in reported:
        if is_refused(report):
            click.echo(f"partition {report.partition} refuses it: {printable(report.reason)}", err=True)
        else:
            click.echo(f"partition {report.partition}: in force {_from(report.from_panes)}")
    if silent:
        click.echo(
            f"partitions {', '.join(map(str, silent))} have not reported: is a worker of this release running, and is it ready?",
            err=True,
        )


@click.command("list")
@click.option("--brokers", help="Kafka bootstrap servers, instead of BAROMETER_BROKERS.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each version.")
def list_sets(*, brokers: str | None, as_json: bool) -> None:
    """List the rule sets by which workers judge or have judged, and where each is in force.

    In force are those that no other set replaces, in how many partitions of panes and from which pane on (the time of
    events). Without a name, it is the set with which workers began (BAROMETER_RULES_FILE, else the shipped one).

    \b
    Examples
      barometer rules list
      barometer rules list --json | jq 'select(.inForce > 0).version'
    """
    from rich.table import Table
    from rich.text import Text

    from agents.rulepush import places, published, pushes, reports
    from agents.terminal import console, printable

    access = _access(brokers)
    reported = reports(access)
    where = places(reported)
    last = {one.version: one for one in pushes(published(access), reported)}
    total = len({one.partition for one in reported})
    rows = [(one, _current(where.get(one.version, []))) for one in last.values()]
    if as_json:
        for one, now in rows:
            click.echo(
                json.dumps(
                    {
                        "version": one.version, **one.words._asdict(),
                        "inForce": len({place.partition for place in now}), "partitions": total,
                        "places": [place._asdict() for place in where.get(one.version, [])],
                    },
                    ensure_ascii=False,
                )
            )  # fmt: skip
        return
    if not rows:
        click.echo("no worker has reported any rules yet")
        return
    table = Table(box=None, pad_edge=False)
    for heading in ("version", "name", "pushed", "by", "in force", "note"):
        table.add_column(heading)
    for one, now in rows:
        state = f"{len({place.partition for place in now})} of {total} partitions" if now else "no"
        if now and any(place.first for place in now):
            state += f", {_from({place.stream: place.first for place in now})}"
        words = one.words
        row = (one.version, words.name, _when(words.pushed_at), words.actor, state, words.note)
        table.add_row(*(Text(printable(cell)) for cell in row))
    console().print(table)


@click.command()
@click.option("--brokers", help="Kafka bootstrap servers, instead of BAROMETER_BROKERS.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each push.")
def audit(*, brokers: str | None, as_json: bool) -> None:
    """Tell who pushed which rules when, and what each partition of panes made of it.

    A partition obeys from a pane on, for each stream, or refuses and says why; one that is not named has not met the order yet.

    \b
    Examples
      barometer rules audit
      barometer rules audit --json | jq 'select(.reports[].state == "refused")'
    """
    from agents.rulepush import published, pushes, reports

    access = _access(brokers)
    for one in pushes(published(access), reports(access)):
        if as_json:
            told = {"version": one.version, **one.words._asdict(), "reports": list(map(_plain, one.reports))}
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            _tell_audit(one)


def _tell_audit(one: "Push") -> None:
    from agents.rulepush import is_refused
    from agents.terminal import printable

    words = one.words
    by = f" by {words.actor}" if words.actor else ""
    note = f": {words.note}" if words.note else ""
    named = f" ({words.name})" if words.name else ""
    click.echo(printable(f"{_when(words.pushed_at)}  {one.version}{named}{by}{note}"))
    if not one.reports:
        click.echo("    no partition has reported it yet")
    for report in one.reports:
        told = f"refused: {report.reason}" if is_refused(report) else f"in force {_from(report.from_panes)}"
        click.echo(printable(f"    partition {report.partition}: {told}"))


def _current(found: "list[Place]") -> "list[Place]":
    return [place for place in found if place.until is None]


def _plain(report: "RuleSetReport") -> Any:
    import msgspec

    return json.loads(msgspec.json.encode(report))


def _from(panes: dict[str, int]) -> str:
    """Say from when, for all streams at once where that is the same."""
    if not any(panes.values()):
        return "from the beginning"
    times = {stream: _local(first) if first else "the beginning" for stream, first in panes.items()}
    if len(set(times.values())) == 1:
        return f"from {next(iter(times.values()))}"
    return "from " + ", ".join(f"{time} ({stream})" for stream, time in times.items())


def _local(seconds: float) -> str:
    from zoneinfo import ZoneInfo

    from agents.settings import load_settings
    from agents.terminal import local_time

    return local_time(seconds, ZoneInfo(load_settings().zone))


def _when(time: str) -> str:
    from zoneinfo import ZoneInfo

    from agents.settings import load_settings
    from agents.terminal import local_text

    return local_text(time, ZoneInfo(load_settings().zone)) if time else "at the start"


def _access(brokers: str | None) -> Any:
    from agents.kafkaprobe import reach
    from agents.settings import load_settings

    return reach(load_settings(brokers=brokers))
