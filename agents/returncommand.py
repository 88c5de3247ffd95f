"""`barometer deadletters replay`: refused records back into their topics, after whatever refused them is mended."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from agents.instant import Instant
from models.errors import RejectReason

if TYPE_CHECKING:
    from agents.returns import Returned, Survey

SHOWN: int = 50
"""Newest letters in the table; the sums are of all."""
IDS_NAMED: int = 10


class NotAllReturned(click.ClickException):
    """Something that was asked for could not be sent."""

    exit_code = 1


@click.command("replay")
@click.option(
    "--reason",
    "reasons",
    multiple=True,
    type=click.Choice([reason.value for reason in RejectReason]),
    help="Only this reason; may be repeated.",
)
@click.option("--topic", help="Only records of this topic: cx.complaints.v1, or complaints for short.")
@click.option(
    "--since", type=Instant(), help="Appended at or after: 2026-01-31T08:00, or 2h for two hours ago."
)
@click.option("--until", type=Instant(), help="Appended before.")
@click.option("--id", "ids", multiple=True, metavar="ID", help="Only this letter; may be repeated.")
@click.option("--where-field", "field", metavar="FIELD", help="Only what was refused for this field.")
@click.option("--again", is_flag=True, help="Also letters that were returned before.")
@click.option("--yes", is_flag=True, help="Send. Without it nothing is sent.")
@click.option("--json", "as_json", is_flag=True, help="The summary as one JSON object on stdout.")
@click.option("--brokers", help="Kafka bootstrap servers, instead of BAROMETER_BROKERS.")
def replay_letters(
    *,
    reasons: tuple[str, ...],
    topic: str | None,
    since: float | None,
    until: float | None,
    ids: tuple[str, ...],
    field: str | None,
    again: bool,
    yes: bool,
    as_json: bool,
    brokers: str | None,
) -> None:
    """Return refused records to their topics, once what refused them is mended.

    Without --yes it only says what it would send. A record keeps its key, value, headers and partition, so it is the same
    event; headers dl_id, dl_reason, dl_field, dl_replayed_at and dl_attempt say where it comes from. What is refused again
    becomes a new dead letter whose headers show the attempt. Each letter is returned once (cx.replayed-letters.v1 remembers),
    unless --again is given; of a letter that holds the beginning of a giant only, the record is taken from its own topic.

    Exits with 1 if something that was asked for could not be sent.

    \b
    Examples
      barometer deadletters replay --reason time_in_future --since 2h
      barometer deadletters replay --reason unknown_value --where-field channel --yes
      barometer deadletters replay --id 3vJ9Yk2rQxO1b7sNqWc0aA/2/1187 --yes --again
    """
    from agents.kafkaprobe import reach
    from agents.letters import Wanted
    from agents.returns import Returns
    from agents.settings import load_settings

    settings = load_settings(brokers=brokers)
    wanted = Wanted(
        reasons=frozenset(reasons), topic=topic, since=since, until=until, ids=frozenset(ids), field=field
    )
    returned = None
    with (
        _progress() as progress,
        Returns(reach(settings), wanted, again=again, progress=progress) as returns,
    ):
        survey = returns.look(SHOWN)
        if yes and survey.sendable:
            returned = returns.send(time.time)
    if as_json:
        click.echo(json.dumps(_summary(survey, returned, dry_run=not yes), ensure_ascii=False))
    else:
        if survey.rows:
            from agents.lettertable import letters_table
            from agents.terminal import console

            console().print(letters_table(survey.rows, settings), soft_wrap=False)
        _tell(survey, returned, dry_run=not yes)
    if yes and (survey.gone or survey.foreign or (returned and (returned.failed or returned.gone))):
        reasons_told = "".join(f"\n  {failure}" for failure in (returned.failures if returned else ()))
        raise NotAllReturned(f"not everything that was asked for could be returned{reasons_told}")


def _summary(survey: "Survey", returned: "Returned | None", *, dry_run: bool) -> dict[str, Any]:
    return {
        "dryRun": dry_run,
        "sendable": len(survey.sendable),
        "byReason": [
            {"topic": topic, "reason": reason, "letters": count}
            for (topic, reason), count in sorted(survey.reasons.items())
        ],
        "returnedBefore": survey.replayed,
        "sourceGone": survey.gone,
        "topicGone": survey.foreign,
        "sent": returned.sent if returned else 0,
        "failed": returned.failed if returned else 0,
    }


def _tell(survey: "Survey", returned: "Returned | None", *, dry_run: bool) -> None:
    """Write the sums to stderr."""

    def say(line: str) -> None:
        click.echo(line, err=True)

    count = len(survey.sendable)
    if len(survey.rows) < count:
        say(f"(the newest {len(survey.rows)} of {count:,} are shown)")
    for (topic, reason), letters in sorted(survey.reasons.items()):
        say(f"{letters:>9,}  {topic}  {reason}")
    if survey.replayed:
        say(f"{survey.replayed:,} were returned before and are left out; --again takes them too")
    _name(
        survey.gone,
        "cannot be returned: the letter holds the beginning only, and the record is no longer kept",
    )
    _name(survey.foreign, "cannot be returned: their topic is not there any more, or was made again")
    if survey.unreadable:
        say(f"{survey.unreadable:,} records are no dead letters and were passed over")
    if dry_run:
        say(f"{count:,} would be sent; --yes sends them" if count else "nothing would be sent")
    else:
        say(f"{returned.sent if returned else 0:,} sent")


def _name(ids: list[str], what: str) -> None:
    if ids:
        more = f", ... ({len(ids) - IDS_NAMED:,} more)" if len(ids) > IDS_NAMED else ""
        click.echo(f"{len(ids):,} {what}: {', '.join(ids[:IDS_NAMED])}{more}", err=True)


@contextmanager
def _progress() -> Iterator[Callable[[str, int], None]]:
    """Show on stderr, where that is a terminal, how far it is."""
    from rich.console import Console

    with Console(stderr=True).status("reading the dead letters") as status:
        yield lambda what, count: status.update(f"{what}: {count:,}")
