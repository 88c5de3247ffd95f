"""`barometer tail`: warnings, provisional notices, notifications, notices to customers and complaints as they come, for people.

A view only: it joins no consumer group, commits nothing, and may be started and stopped at will.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar
from zoneinfo import ZoneInfo

import click
import msgspec
from rich.text import Text

from agents.kafkaprobe import reach
from agents.lines import COLOUR_WORDS, Language, Lines
from agents.noticelines import notice as notice_line
from agents.reading import BEGINNING, Record, TopicReader
from agents.settings import load_settings
from agents.terminal import console, printable
from agents.warninglines import notification
from models.notices import ProactiveNotice
from models.notification import Notification
from models.outcomes import ClassifiedComplaint, EarlyWarning, ProvisionalNotice
from topics.catalogue import (
    CLASSIFIED_COMPLAINTS,
    EARLY_WARNINGS,
    NOTIFICATIONS,
    PROACTIVE_NOTICES,
    PROVISIONAL_NOTICES,
)

SEVERITIES: Final = ("critical", "major", "minor", "warning")
"""Worst first (X.733)."""
PRIORITIES: Final = ("P1", "P2", "P3", "P4")
"""Most urgent first."""

REMEMBERED: Final = 10_000
"""How many identities are kept to tell a repeat: outputs are written at least once."""

Value = TypeVar("Value", EarlyWarning, ProvisionalNotice, ClassifiedComplaint, Notification, ProactiveNotice)


class Recent:
    """A bounded memory of identities."""

    def __init__(self, size: int = REMEMBERED) -> None:
        self._size = size
        self._known: OrderedDict[object, None] = OrderedDict()

    def __contains__(self, identity: object) -> bool:
        return identity in self._known

    def add(self, identity: object) -> bool:
        """Remember `identity` and return whether it was new; the oldest is forgotten beyond the size."""
        if identity in self._known:
            return False
        self._known[identity] = None
        if len(self._known) > self._size:
            self._known.popitem(last=False)
        return True


class Attention:
    """Which transitions somebody who asked for a severity wants to see.

    Those of at least that severity, and afterwards everything about the same episode: whoever saw it raised
    wants to see it calm down. A repeat of a transition that was judged before is not wanted.
    """

    def __init__(self, least: str) -> None:
        self._wanted = frozenset(SEVERITIES[: SEVERITIES.index(least) + 1])
        self._judged = Recent()
        self._episodes = Recent()

    def wants(self, warning: EarlyWarning) -> bool:
        """Judge one transition; call once for each record, in order."""
        identity = (warning.id, warning.sequence, warning.transition, warning.severity, warning.pane)
        if not self._judged.add(identity):
            return False
        if warning.severity in self._wanted or warning.severity not in COLOUR_WORDS:
            self._episodes.add(warning.id)
        return warning.id in self._episodes


def _options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--brokers", help="Kafka bootstrap servers, instead of BAROMETER_BROKERS."),
        click.option(
            "--lang", type=click.Choice(["en", "zh"]), default="en", help="Language of names and summaries."
        ),
        click.option(
            "--json", "as_json", is_flag=True, help="The records as they are, one JSON object a line."
        ),
        click.option("--no-follow", is_flag=True, help="Print what is there, from the beginning, then stop."),
        click.option(
            "--from-beginning", is_flag=True, help="Start with the oldest that is kept, not with new ones."
        ),
    ):
        command = option(command)
    return command


def _watch(
    topic: str,
    kind: type[Value],
    wants: Callable[[Value], bool],
    line_of: Callable[[Lines, Value], Text],
    *,
    from_beginning: bool,
    no_follow: bool,
    as_json: bool,
    lang: Language,
    brokers: str | None,
) -> None:
    settings = load_settings(brokers=brokers)
    lines = Lines.load(lang, ZoneInfo(settings.zone))
    decoder = msgspec.json.Decoder(kind)
    out = console()
    with TopicReader(reach(settings), topic) as reader:
        if not no_follow and out.is_terminal:
            click.echo(f"watching {topic} on {settings.brokers}; Ctrl-C ends", err=True)
        for record in _records(reader, from_beginning, no_follow):
            try:
                value = decoder.decode(record.value or b"")
            except msgspec.MsgspecError as error:
                place = f"{topic} partition {record.partition} offset {record.offset}"
                click.echo(f"passed over {place}: {printable(str(error))}", err=True)
                continue
            if not wants(value):
                continue
            if as_json:
                click.echo((record.value or b"").replace(b"\n", b" "))
            else:
                out.print(line_of(lines, value))


def _records(reader: TopicReader, from_beginning: bool, no_follow: bool) -> Iterator[Record]:
    if no_follow:
        if reader.topic == CLASSIFIED_COMPLAINTS:
            yield from reader.read()
        else:
            # Few enough to be put into the order of their writing across partitions.
            yield from sorted(reader.read(), key=lambda record: record.time_ms)
        return
    start = dict.fromkeys(reader.partitions, BEGINNING) if from_beginning else None
    for record in reader.follow(start):
        if record is not None:
            yield record


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def tail() -> None:
    """Watch warnings, notices, notifications, what customers are told, or classified complaints as they come. Ctrl-C ends.

    \b
    Examples
      barometer tail warnings
      barometer tail warnings --severity major --lang zh
      barometer tail warnings --no-follow --json | jq .summary
      barometer tail classified --priority P2
      barometer tail notices --from-beginning
      barometer tail notifications --suppressed
      barometer tail proactive --lang zh

    Colours are those of the four warning levels: 红 critical, 橙 major, 黄 minor, 蓝 warning.
    """


@tail.command("warnings")
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    default="warning",
    show_default=True,
    help="At least this severe; what was shown once is followed until it clears.",
)
@_options
def warnings(severity: str, **options: Any) -> None:
    """Early warnings: each transition with its rule, place, numbers and summary.

    Times are the end of the pane that decided. A transition that was written twice is shown once.
    """
    _watch(EARLY_WARNINGS, EarlyWarning, Attention(severity).wants, Lines.warning, **options)


@tail.command("notices")
@click.option(
    "--severity",
    type=click.Choice(SEVERITIES),
    default="warning",
    show_default=True,
    help="At least this severe.",
)
@_options
def notices(severity: str, **options: Any) -> None:
    """Provisional notices: conditions met before their pane closed, later confirmed or withdrawn."""
    wanted = SEVERITIES[: SEVERITIES.index(severity) + 1]
    seen = Recent()

    def wants(notice: ProvisionalNotice) -> bool:
        return seen.add((notice.id, notice.state)) and notice.severity in wanted

    _watch(PROVISIONAL_NOTICES, ProvisionalNotice, wants, Lines.notice, **options)


@tail.command("notifications")
@click.option("--suppressed", is_flag=True, help="Also those that call nobody.")
@_options
def notifications(suppressed: bool, **options: Any) -> None:
    """What people are told of warnings, by group: whom, why, and of which warnings."""
    seen = Recent()

    def wants(one: Notification) -> bool:
        return seen.add(one.id) and (suppressed or not one.suppressed)

    _watch(NOTIFICATIONS, Notification, wants, notification, **options)


@tail.command("proactive")
@_options
def proactive(**options: Any) -> None:
    """Notices to customers of faults and planned work: when, to how many, until when they are valid, and their text."""
    seen = Recent()

    def wants(one: ProactiveNotice) -> bool:
        return seen.add(one.id)

    _watch(PROACTIVE_NOTICES, ProactiveNotice, wants, notice_line, **options)


@tail.command("classified")
@click.option(
    "--priority", type=click.Choice(PRIORITIES), default="P4", show_default=True, help="At least this urgent."
)
@_options
def classified(priority: str, **options: Any) -> None:
    """Classified complaints: priority, category, region, channel and queue, and how the masked text begins."""
    wanted = PRIORITIES[: PRIORITIES.index(priority) + 1]
    seen = Recent()

    def wants(complaint: ClassifiedComplaint) -> bool:
        return seen.add((complaint.source, complaint.id)) and complaint.priority in wanted

    _watch(CLASSIFIED_COMPLAINTS, ClassifiedComplaint, wants, Lines.complaint, **options)
