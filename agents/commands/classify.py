"""`barometer classify`: what texts are about, from a file or a pipe, without Kafka."""

import sys
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_FOUND: Final = 1
_WRITTEN: Final = 1 << 20
"""Bytes of answers that are gathered before they are written."""
TOGETHER: Final = 256
"""Lines that are judged at once."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write the answers there instead of to stdout.",
)
def classify(*, file: Path, out: Path | None) -> None:
    """What each text is about, how urgent it is, and who answers.

    FILE has one text a line, or one JSON object a line with `text` (and, if you like, `id`, which is given back, and
    `lang`, which is not believed); `-` reads stdin. A line that begins with { is taken for JSON. For every line
    there is one JSON object, in the order of the lines:

    \b
      category, subcategory  codes of the taxonomy, such as NET and NET.DROP; OTH.UNK if the evidence is too weak
      coarse                 network, billing, service, product, marketing, security or other
      confidence             0 to 1: how often answers with so much evidence are right
      secondary              what else it is about, at most three, each with its share
      reasons                the terms that decided: term, start and end in the text, code, weight;
                             `second opinion` where the learned model did
      kind                   complaint, enquiry or praise
      priority, department   as for a text of which nothing else is known

    \b
    Examples
      echo "My calls keep dropping" | barometer classify -
      barometer classify complaints.txt --out answers.jsonl
      barometer classify complaints.jsonl | jq -r .subcategory | sort | uniq -c | sort -rn

    The texts are not in the answers. A line that is no text (broken JSON, no `text`) is answered with `error`. Exit
    codes: 0 fine, 1 some line was no text, 2 wrong usage.
    """
    answer = _answers()
    size = None if str(file) == "-" else file.stat().st_size
    source: IO[bytes] = sys.stdin.buffer if size is None else file.open("rb")
    target: IO[bytes] = click.get_binary_stream("stdout") if out is None else out.open("wb")
    bad = 0
    try:
        with click.progressbar(
            length=size or 0, label="classifying", file=sys.stderr, hidden=not size
        ) as bar:
            gathered = bytearray()
            for lines, read in _portions(source):
                bar.update(read)
                for row, fine in answer(lines):
                    bad += not fine
                    gathered += row
                    gathered += b"\n"
                if len(gathered) > _WRITTEN:
                    target.write(gathered)
                    gathered.clear()
            target.write(gathered)
            target.flush()
            bar.update(max(0, (size or 0) - bar.pos))
    finally:
        if size is not None:
            source.close()
        if out is not None:
            target.close()
    if bad:
        click.echo(f"{bad:,} lines were no texts; their answers say why under `error`", err=True)
        sys.exit(EXIT_FOUND)


def _portions(source: IO[bytes]) -> Iterator[tuple[list[bytes], int]]:
    """Yield the lines that are not blank, some at a time, and how many bytes were read for them."""
    while lines := list(islice(source, TOGETHER)):
        yield [line for line in lines if line.strip()], sum(map(len, lines))


def _answers() -> "Callable[[list[bytes]], Iterator[tuple[bytes, bool]]]":
    """Load the judges, and return what answers lines: for each the JSON, and whether the line was a text."""
    from datetime import UTC, datetime

    import msgspec

    from agents.judging import judging
    from agents.settings import load_settings
    from models.events import Complaint
    from models.route import load_router
    from models.triage import load_triage
    from models.vocabulary import Channel

    class Line(msgspec.Struct):
        text: str
        id: str | int | None = None

    judge = judging(load_settings().model_file).judge.classify_all
    triage, router = load_triage().judge, load_router().route
    nobody = Complaint(
        time=datetime(2000, 1, 1, tzinfo=UTC), customer_id="-", text="", channel=next(iter(Channel))
    )
    decode = msgspec.json.Decoder(Line).decode
    encode = msgspec.json.Encoder().encode

    def text_of(line: bytes) -> tuple[dict[str, Any], str]:
        """Return what the answer begins with, and the text; of a line that has none the error, and nothing."""
        head: dict[str, Any] = {}
        try:
            if line.lstrip()[:1] != b"{":
                return head, line.decode().rstrip("\r\n")
            read = decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return {"error": str(error)}, ""
        if read.id is not None:
            head["id"] = read.id
        return head, read.text

    def answer(lines: list[bytes]) -> Iterator[tuple[bytes, bool]]:
        read = [text_of(line) for line in lines]
        for (head, _), found in zip(read, judge([text for _, text in read]), strict=True):
            if "error" in head:
                yield encode(head), False
                continue
            priority = triage(nobody, found, 0).priority
            route = router(found.subcategory, "unknown", nobody.segment, nobody.product, priority)
            kind = "praise" if found.is_praise else "enquiry" if found.is_enquiry else "complaint"
            yield (
                encode(
                    head
                    | {
                        "category": found.category,
                        "subcategory": found.subcategory,
                        "coarse": found.coarse,
                        "confidence": found.confidence,
                        "secondary": found.secondary,
                        "reasons": found.evidence,
                        "kind": kind,
                        "priority": priority,
                        "department": route.department,
                    }
                ),
                True,
            )

    return answer
