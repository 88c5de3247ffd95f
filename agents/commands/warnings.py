"""`barometer warnings`: what goes on and who is at it, and everything that a person does about a warning.

A view reads the duty desk's topics and needs no worker; an action is an event, which the desk takes in within seconds.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from getpass import getuser
from pathlib import Path
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.table import Table
from rich.text import Text

from agents.actions import send_action
from agents.duty.kept import read_kept, read_states
from agents.instant import Instant
from agents.kafkaprobe import reach
from agents.lines import Language, Lines
from agents.settings import Settings, load_settings
from agents.terminal import console, printable
from agents.warninglines import annotated, precision_of
from models.annotated import RuleFeedback, WarningState
from models.dutypolicy import rank_of
from models.errors import RejectedEvent
from models.events import OperatorVerb
from models.matchers import FIXED, labels_of, matches
from models.naming import DIMENSIONS
from topics.catalogue import OPERATOR_ACTIONS, WARNING_FEEDBACK

_DURATION: Final = re.compile(r"([1-9][0-9]*)([smhd])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_json: Final = msgspec.json.Encoder().encode


class Unknown(click.ClickException):
    """There is nothing of that id, or it cannot be acted on."""

    exit_code = 1


class Duration(click.ParamType):
    """A time span in seconds: 30m, 2h, 1d."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        if isinstance(value, int):
            return value
        match = _DURATION.fullmatch(value)
        if match is None:
            self.fail(f"{value!r} is no duration; write 30m, 2h or 1d", param, ctx)
        return int(match[1]) * _UNITS[match[2]]


class Matcher(click.ParamType):
    """label=value, or label=one|two, or label=*."""

    name = "label=value"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, str]:
        if isinstance(value, tuple):
            return value
        label, equals, wanted = value.partition("=")
        if not equals or not label or "" in wanted.split("|"):
            known = ", ".join((*FIXED, *DIMENSIONS))
            self.fail(f"{value!r} is no matcher; write label=value, with a label such as {known}", param, ctx)
        return label, wanted


brokers_option = click.option("--brokers", help="Kafka bootstrap servers, instead of BAROMETER_BROKERS.")
json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
lang_option = click.option("--lang", type=click.Choice(["en", "zh"]), default="en", help="Language of names.")


def _acting(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        brokers_option,
        click.option("--actor", default=getuser, show_default="your login", help="Who does it."),
        click.option("--note", default="", help="Why, in a sentence."),
    ):
        command = option(command)
    return command


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def warnings() -> None:
    """Early warnings: what goes on, who is at it, and what you do about it.

    \b
    Examples
      barometer warnings list
      barometer warnings ack 5f2c9c0d7e1a4b38 --note "on it"
      barometer warnings silence --match region=44 --match "category=NET|BRD" --for 2h --note "cell moves"
      barometer warnings feedback 5f2c9c0d7e1a4b38 --false-alarm --note "test traffic"
      barometer warnings precision

    An acknowledgement is of one episode: it ends with it, and a worse severity ends it too. A silence holds notices back
    and stops nothing else: what it held back is marked, and its end is told. See docs/warnings.md.
    """


@warnings.command("list")
@click.option("--all", "everything", is_flag=True, help="Also those that are over, for 30 days.")
@click.option(
    "--match", "matchers", type=Matcher(), multiple=True, help="Only such warnings; may be repeated."
)
@lang_option
@json_option
@brokers_option
def list_command(
    *,
    everything: bool,
    matchers: tuple[tuple[str, str], ...],
    lang: Language,
    as_json: bool,
    brokers: str | None,
) -> None:
    """List warnings that go on, the worst first: who acts, what holds back, how far the ladder is climbed."""
    settings = load_settings(brokers=brokers)
    wanted = dict(matchers)
    found = [
        state
        for state in read_states(reach(settings)).values()
        if (everything or state.is_open) and matches(wanted, labels_of(state.warning))
    ]
    found.sort(key=lambda one: (not one.is_open, -rank_of(one.warning.severity), -one.opened, one.warning.id))
    _show(settings, found, lang, as_json=as_json)


@warnings.command("show")
@click.argument("warning_id")
@lang_option
@json_option
@brokers_option
def show_command(*, warning_id: str, lang: Language, as_json: bool, brokers: str | None) -> None:
    """Show one warning with its annotations. `barometer explain` says why it was raised."""
    settings = load_settings(brokers=brokers)
    _show(settings, [_known(settings, warning_id)], lang, as_json=as_json)


def _show(settings: Settings, states: list[WarningState], lang: Language, *, as_json: bool) -> None:
    if as_json:
        for state in states:
            click.echo(_json(state))
        return
    out, lines = console(), Lines.load(lang, ZoneInfo(settings.zone))
    if not states:
        click.echo("没有预警" if lang == "zh" else "no warnings")
    for state in states:
        out.print(annotated(lines, state))


@warnings.command("ack")
@click.argument("warning_id")
@_acting
def ack_command(*, warning_id: str, actor: str, note: str, brokers: str | None) -> None:
    """Take a warning on: nobody is told again, and the escalation ladder stops, until it is over or gets worse."""
    _act(brokers, OperatorVerb.ACKNOWLEDGE, warning_id, actor, note)


@warnings.command("unack")
@click.argument("warning_id")
@_acting
def unack_command(*, warning_id: str, actor: str, note: str, brokers: str | None) -> None:
    """Give it back: the ladder begins anew."""
    _act(brokers, OperatorVerb.UNACKNOWLEDGE, warning_id, actor, note)


@warnings.command("assign")
@click.argument("warning_id")
@click.argument("assignee")
@_acting
def assign_command(*, warning_id: str, assignee: str, actor: str, note: str, brokers: str | None) -> None:
    """Say who works on a warning."""
    _act(brokers, OperatorVerb.ASSIGN, warning_id, actor, note, assignee=assignee)


@warnings.command("note")
@click.argument("warning_id")
@click.argument("text")
@brokers_option
@click.option("--actor", default=getuser, show_default="your login", help="Who writes.")
def note_command(*, warning_id: str, text: str, actor: str, brokers: str | None) -> None:
    """Add a note; one that is over takes it too."""
    _act(brokers, OperatorVerb.NOTE, warning_id, actor, text)


def _act(
    brokers: str | None, verb: OperatorVerb, warning_id: str, actor: str, note: str, **more: str
) -> None:
    settings = load_settings(brokers=brokers)
    state = _known(settings, warning_id)
    if not state.is_open and verb is not OperatorVerb.NOTE:
        raise Unknown(f"warning {warning_id} is over; what comes next under its rule has another id")
    fields = {"verb": verb, "actor": actor, "warningId": warning_id, "note": note, **more}
    _send(settings, OPERATOR_ACTIONS, warning_id, fields)


@warnings.command("silence")
@click.option(
    "--match", "matchers", type=Matcher(), multiple=True, help="Which warnings; all matchers must agree."
)
@click.option("--warning", "warning_id", default="", help="This warning alone, instead of matchers.")
@click.option("--for", "seconds", type=Duration(), help="How long from now: 30m, 2h, 1d.")
@click.option("--until", type=Instant(), help="Until when, instead of --for.")
@click.option(
    "--id", "silence_id", default="", help="Name of the silence; naming one that is there changes it."
)
@_acting
def silence_command(
    *,
    matchers: tuple[tuple[str, str], ...],
    warning_id: str,
    seconds: int | None,
    until: float | None,
    silence_id: str,
    actor: str,
    note: str,
    brokers: str | None,
) -> None:
    """Hold notices of such warnings back for a time. They live on and are marked; beginning and end are told.

    \b
    Labels: warning, rule, kind, stream, severity, department, cell, the cell's dimensions (region, category, ...) and the
    rule's own (family); element of a suspected outage. A value may be one|two, or * for any.
    """
    wanted = dict(matchers) | ({"warning": warning_id} if warning_id else {})
    if not wanted:
        raise click.UsageError("say which warnings: --match label=value, or --warning ID")
    if (seconds is None) == (until is None):
        raise click.UsageError("say how long: --for 2h, or --until 2026-01-31T08:00")
    now = time.time()
    end = now + seconds if seconds is not None else until or 0.0
    if end <= now:
        raise click.UsageError("it would be over before it begins; name a later time")
    id = silence_id or f"s-{uuid4().hex[:8]}"
    ends = datetime.fromtimestamp(end, UTC).isoformat(timespec="seconds")
    fields = {
        "verb": OperatorVerb.SILENCE, "actor": actor, "silenceId": id, "matchers": wanted, "until": ends, "note": note,
    }  # fmt: skip
    _send(load_settings(brokers=brokers), OPERATOR_ACTIONS, id, fields)
    click.echo(id)


@warnings.command("unsilence")
@click.argument("silence_id")
@_acting
def unsilence_command(*, silence_id: str, actor: str, note: str, brokers: str | None) -> None:
    """End a silence before its time. What it held back and goes on is told."""
    fields = {"verb": OperatorVerb.END_SILENCE, "actor": actor, "silenceId": silence_id, "note": note}
    _send(load_settings(brokers=brokers), OPERATOR_ACTIONS, silence_id, fields)


@warnings.command("feedback")
@click.argument("warning_id")
@click.option("--true-alarm/--false-alarm", "right", default=None, help="Whether the warning was right.")
@_acting
def feedback_command(
    *, warning_id: str, right: bool | None, actor: str, note: str, brokers: str | None
) -> None:
    """Judge a warning, also afterwards; the last word counts. The precision of its rule is made of it."""
    if right is None:
        raise click.UsageError("say --true-alarm or --false-alarm")
    settings = load_settings(brokers=brokers)
    _known(settings, warning_id)
    verdict = "true_alarm" if right else "false_alarm"
    fields = {"warningId": warning_id, "verdict": verdict, "actor": actor, "note": note}
    _send(settings, WARNING_FEEDBACK, warning_id, fields)


@warnings.command("precision")
@click.option(
    "--noisy", is_flag=True, help="Only rules with more false alarms than true ones, of five at least."
)
@json_option
@brokers_option
def precision_command(*, noisy: bool, as_json: bool, brokers: str | None) -> None:
    """How often each rule was right, by people's feedback, the noisiest first."""
    settings = load_settings(brokers=brokers)
    rules = [one for one in read_kept(reach(settings)).others if isinstance(one, RuleFeedback)]
    rows = [
        precision_of(one) for one in sorted(rules, key=lambda one: (one.precision, -one.judged, one.rule))
    ]
    rows = [row for row in rows if row["judged"] and (row["noisy"] or not noisy)]
    if as_json:
        for row in rows:
            click.echo(_json(row))
        return
    if not rows:
        click.echo("no noisy rules" if noisy else "nothing was judged")
        return
    table = Table()
    for heading in ("rule", "judged", "true", "false", "precision", "95 % interval", ""):
        table.add_column(heading, justify="left" if heading in {"rule", ""} else "right")
    for row in rows:
        table.add_row(
            printable(str(row["rule"])),
            *(str(row[key]) for key in ("judged", "trueAlarms", "falseAlarms")),
            f"{row['precision']:.0%}",
            f"{row['lower']:.0%} to {row['upper']:.0%}",
            Text("noisy", style="bold red") if row["noisy"] else "",
        )
    console().print(table)


@warnings.command("policy")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path), required=False)
def policy_command(*, file: Path | None) -> None:
    """Check how warnings are told: groups, ladders, outages, inhibition. Without FILE: the one in force."""
    from models.datafile import source_of
    from models.dutyfile import FILE, check_duty

    source, name = source_of(file or load_settings().duty_file, FILE)
    found = check_duty(source, name)
    for one in found.mistakes:
        place = f"{one.place} " if one.place else ""
        click.echo(f"{name}:{one.line}:{one.column}: {place}{one.fault}; {one.remedy}")
    if found.policy is None:
        raise click.exceptions.Exit(1)
    policy = found.policy
    told = f"{len(policy.groups)} groupings, {len(policy.outages)} kinds of outages, {len(policy.inhibitions)} inhibitions"
    click.echo(f"{name}: fine ({told})")


def _known(settings: Settings, warning_id: str) -> WarningState:
    state = read_states(reach(settings)).get(warning_id)
    if state is None:
        raise Unknown(
            f"the duty desk knows no warning {printable(warning_id)}; `barometer warnings list --all` shows all that it knows"
        )
    return state


def _send(settings: Settings, topic: str, key: str, fields: dict[str, Any]) -> None:
    try:
        send_action(
            reach(settings), topic, key, {name: value for name, value in fields.items() if value != ""}
        )
    except RejectedEvent as refused:
        raise click.UsageError(f"it would be refused: {refused.field} {refused.detail}") from None
    click.echo("sent; the duty desk takes it in within seconds", err=True)
