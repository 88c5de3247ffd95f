"""`barometer deadletters`: the records that were refused, listed and shown; `replay` is in `agents.returncommand`.

Shows personal data masked; only `--raw` writes a record's original bytes.
"""

import heapq
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from agents.instant import Instant
from agents.kafkaprobe import reach
from agents.letters import Letters, Wanted, decode_letter, decoded
from agents.lettertable import age_of, letters_table, listed, value_bytes
from agents.original import Original, Originals
from agents.reading import Record, TopicReader
from agents.returncommand import replay_letters
from agents.settings import Settings, load_settings
from agents.terminal import console, local_text, printable
from models.errors import RejectReason
from models.outcomes import DeadLetter
from models.privacy import mask
from topics.catalogue import DEAD_LETTERS

SHOWN_CHARACTERS: Final = 20_000
"""Longest value that is shown; a complaint's text is bounded to the same."""
CUT_MARGIN: Final = 64
"""Characters left out at the end of a value that is cut: longer than anything that is masked."""
SHOWN_HEADERS: Final = 100
"""Most headers that are shown; events have seven or so."""

_ID = re.compile(r"\S+/\d+/\d+")
"""A topic id is base64, and may hold slashes itself."""
_CUSTOMER_FIELD = re.compile(
    r'("(?:customer|account)_?id"\s*:\s*)("(?:[^"\\]|\\.)*"?|[^\s,}\]]+)', re.IGNORECASE
)
_ESCAPED_CHARACTER = re.compile(r"\\u([0-9a-fA-F]{4})")


def masked(content: bytes) -> str:
    """Return bytes as text that may be shown: personal data and customer ids masked, no control characters.

    What is not UTF-8 is written out (`\\xff`), and so are JSON's escapes undone, behind which a number would
    pass unseen.
    """
    text = content.decode("utf-8", "backslashreplace")
    text = _ESCAPED_CHARACTER.sub(_unescaped, text)
    return printable(mask(_CUSTOMER_FIELD.sub(r'\1"***"', text)), lines=True)


def _unescaped(escape: re.Match[str]) -> str:
    character = chr(int(escape[1], 16))
    return character if character.isprintable() and character not in '"\\' else escape[0]


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def deadletters() -> None:
    """List, show and replay refused records.

    A record that cannot be used (broken JSON, a missing field, a time in the future, ...) goes to
    cx.dead-letters.v1 with its topic, partition, offset, the reason and its original bytes. Its id is
    TOPIC-ID/PARTITION/OFFSET.

    \b
    Examples
      barometer deadletters list --since 2h
      barometer deadletters list --reason missing_field --topic complaints
      barometer deadletters show 3vJ9Yk2rQxO1b7sNqWc0aA/2/1187
      barometer deadletters show 3vJ9Yk2rQxO1b7sNqWc0aA/2/1187 --raw > record.bin
      barometer deadletters replay --reason internal_error          what would be sent
      barometer deadletters replay --reason internal_error --yes    send it
    """


@deadletters.command("list")
@click.option(
    "--reason", type=click.Choice([reason.value for reason in RejectReason]), help="Only this reason."
)
@click.option("--topic", help="Only records of this topic: cx.complaints.v1, or complaints for short.")
@click.option(
    "--since", type=Instant(), help="Appended at or after: 2026-01-31T08:00, or 2h for two hours ago."
)
@click.option("--until", type=Instant(), help="Appended before.")
@click.option(
    "--limit", type=click.IntRange(min=0), default=50, show_default=True, help="Newest so many; 0 for all."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, without the original bytes.")
@click.option("--brokers", help="Kafka bootstrap servers, instead of BAROMETER_BROKERS.")
def list_letters(
    *,
    reason: str | None,
    topic: str | None,
    since: float | None,
    until: float | None,
    limit: int,
    as_json: bool,
    brokers: str | None,
) -> None:
    """List refused records, oldest first, each once however often it was written.

    Times are when the refused record was appended to its own topic. The table goes to stdout, the sums to
    stderr.
    """
    settings = load_settings(brokers=brokers)
    wanted = Wanted(
        reasons=frozenset(() if reason is None else (reason,)), topic=topic, since=since, until=until
    )
    letters = Letters()
    reasons: Counter[str] = Counter()

    def matching(records: Iterable[Record]) -> Iterator[dict[str, Any]]:
        for letter in letters.of(records):
            if letter in wanted:
                reasons[letter.reason] += 1
                yield listed(letter)

    with TopicReader(reach(settings), DEAD_LETTERS) as reader:
        start = None if wanted.start_ms is None else reader.offsets_at(wanted.start_ms)
        rows = matching(reader.read(start))
        shown = heapq.nlargest(limit, rows, key=age_of)[::-1] if limit else sorted(rows, key=age_of)
    if as_json:
        for row in shown:
            click.echo(json.dumps(row, ensure_ascii=False))
    elif shown:
        console().print(letters_table(shown, settings), soft_wrap=False)
    _sum_up(reasons, len(shown), letters.unreadable)


@deadletters.command("show")
@click.argument("letter_id", metavar="ID")
@click.option("--raw", is_flag=True, help="Write the record's original bytes to stdout and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object, personal data masked.")
@click.option("--brokers", help="Kafka bootstrap servers, instead of BAROMETER_BROKERS.")
def show_letter(*, letter_id: str, raw: bool, as_json: bool, brokers: str | None) -> None:
    """Show one refused record: why, where it came from, its headers and its value with personal data masked.

    ID is TOPIC-ID/PARTITION/OFFSET, as `barometer deadletters list` prints it. --raw is for inspecting what was
    really sent: those bytes are not masked. A letter that holds the beginning of a large record only is completed
    from the record's own topic while that still has it; --raw fails where it has not.
    """
    if not _ID.fullmatch(letter_id):
        raise click.BadParameter(f"{letter_id!r} is not TOPIC-ID/PARTITION/OFFSET", param_hint="ID")
    if raw and as_json:
        raise click.UsageError("--raw and --json exclude each other")
    settings = load_settings(brokers=brokers)
    letter = _find(settings, letter_id)
    with Originals(reach(settings)) as originals:
        whole = originals.of(letter)
    if raw:
        if whole is None:
            raise click.ClickException(
                f"only the beginning of it is left: {_whereabouts(letter)} is no longer kept"
            )
        if whole.value is None:
            click.echo("the record had no value", err=True)
        else:
            click.get_binary_stream("stdout").write(whole.value)
    elif as_json:
        click.echo(json.dumps(_shown(letter, whole), ensure_ascii=False))
    else:
        _print_letter(letter, whole, settings)


def _whereabouts(letter: DeadLetter) -> str:
    return f"{letter.topic}, partition {letter.partition}, offset {letter.offset}"


def _find(settings: Settings, letter_id: str) -> DeadLetter:
    sought = letter_id.encode()
    count = 0
    with TopicReader(reach(settings), DEAD_LETTERS) as reader:
        for record in reader.read():
            count += 1
            # Searching the bytes first spares decoding every letter on the way.
            if sought in (record.value or b""):
                letter = decode_letter(record)
                if letter is not None and letter.id == letter_id:
                    return letter
    raise click.ClickException(
        f"no dead letter {letter_id} among the {count} records of {DEAD_LETTERS}; "
        "`barometer deadletters list --limit 0` shows all that are still kept"
    )


def _shown(letter: DeadLetter, whole: Original | None) -> dict[str, Any]:
    """Return what is shown of a letter: its own bytes, or, with `whole`, the record's."""
    shown = whole or _held(letter)
    return {
        **listed(letter),
        "complete": whole is not None,
        "headers": [[name, content] for name, content in _headers(shown)],
        "value": None if shown.value is None else masked(shown.value),
    }


def _held(letter: DeadLetter) -> Original:
    """Return what the letter itself holds: of a truncated one, the beginnings."""
    headers = tuple((name, decoded(content)) for name, content in letter.headers)
    return Original(decoded(letter.key), decoded(letter.value), headers)


def _headers(record: Original) -> Iterator[tuple[str, str | None]]:
    for name, content in record.headers:
        yield printable(name), None if content is None else masked(content)


def _sum_up(reasons: Counter[str], shown: int, unreadable: int) -> None:
    total = reasons.total()
    parts = ", ".join(f"{reason} {count}" for reason, count in reasons.most_common())
    listed = f"the newest {shown} of {total}" if shown < total else f"{shown}"
    click.echo(f"{listed} dead letters{': ' + parts if parts else ''}", err=True)
    if unreadable:
        click.echo(
            f"{unreadable} records of {DEAD_LETTERS} are no dead letters and were passed over", err=True
        )


def _print_letter(letter: DeadLetter, whole: Original | None, settings: Settings) -> None:
    out = console()
    appended = local_text(letter.append_time, ZoneInfo(settings.zone))
    shown = whole or _held(letter)
    lines = [
        ("id", letter.id),
        ("record", _whereabouts(letter)),
        ("appended", f"{appended} ({settings.zone})"),
        ("reason", letter.reason),
        ("field", letter.field or "the whole record"),
        ("detail", mask(letter.detail)),
        ("key", "none" if shown.key is None else f"{len(shown.key)} bytes, not shown: it names the customer"),
    ]
    if letter.truncated is not None:
        where = (
            "no longer kept: this is the beginning" if whole is None else "still kept, and read from there"
        )
        lines.append(("truncated", f"the letter holds the beginning only; the record is {where}"))
    for name, text in lines:
        out.print(f"{name:<9} {printable(text)}")
    for number, (name, content) in enumerate(_headers(shown)):
        if number == SHOWN_HEADERS:
            out.print(f"header    ... and {len(shown.headers) - SHOWN_HEADERS:,} more")
            break
        cut = None if content is None else printable(content)[:SHOWN_CHARACTERS]
        out.print(f"header    {name[:SHOWN_CHARACTERS]}: {'null' if cut is None else cut}")
    if shown.value is None:
        out.print("value     none")
        return
    # Far fewer characters are shown than may be there; masking them all would take seconds.
    text = masked(shown.value[: 8 * SHOWN_CHARACTERS])
    is_cut = whole is None or len(shown.value) > 8 * SHOWN_CHARACTERS
    if is_cut:
        # Half a number is not recognised as one.
        text = text[:-CUT_MARGIN]
    is_cut = is_cut or len(text) > SHOWN_CHARACTERS
    cut_note = f", the first {SHOWN_CHARACTERS:,} characters" if is_cut else ""
    out.print(f"value     {value_bytes(letter):,} bytes, personal data masked{cut_note}:")
    out.print(text[:SHOWN_CHARACTERS])


deadletters.add_command(replay_letters)
