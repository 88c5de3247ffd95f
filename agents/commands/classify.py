"""`barometer classify`: what texts are about, from a file or a pipe, without Kafka."""

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Final

import click

if TYPE_CHECKING:
    from collections.abc import Callable

EXIT_FOUND: Final = 1
_WRITTEN: Final = 1 << 20
"""Bytes of answers that are gathered before they are written."""
_SHOWN: Final = 20_000
"""Lines between two looks at the progress."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True, allow_dash=True))
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write the answers there instead of to stdout.",
)
def classify(*, file: Path, out: Path | None) -> None:
    r"""What each text is about, how urgent it is, and who answers.

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
            for line, read in _lines(source):
                if read:
                    bar.update(read)
                row, fine = answer(line)
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


def _lines(source: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield each line that is not blank, and now and then how many bytes were read since the last time."""
    read = 0
    for count, line in enumerate(source, 1):
        read += len(line)
        told = read if count % _SHOWN == 0 else 0
        read -= told
        if line.strip():
            yield line, told


def _answers() -> "Callable[[bytes], tuple[bytes, bool]]":
    """Load the judges, and return what answers one line: the JSON, and whether the line was a text."""
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

    judge = judging(load_settings().model_file).judge.classify
    triage, router = load_triage().judge, load_router().route
    nobody = Complaint(
        time=datetime(2000, 1, 1, tzinfo=UTC), customer_id="-", text="", channel=next(iter(Channel))
    )
    decode = msgspec.json.Decoder(Line).decode
    encode = msgspec.json.Encoder().encode

    def answer(line: bytes) -> tuple[bytes, bool]:
        head: dict[str, Any] = {}
        try:
            if line.lstrip()[:1] == b"{":
                read = decode(line)
                text = read.text
                if read.id is not None:
                    head["id"] = read.id
            else:
                text = line.decode().rstrip("\r\n")
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return encode({"error": str(error)}), False
        found = judge(text)
        priority = triage(nobody, found, 0).priority
        route = router(found.subcategory, "unknown", nobody.segment, nobody.product, priority)
        return encode(
            head
            | {
                "category": found.category,
                "subcategory": found.subcategory,
                "coarse": found.coarse,
                "confidence": found.confidence,
                "secondary": found.secondary,
                "reasons": found.evidence,
                "kind": "praise" if found.is_praise else "enquiry" if found.is_enquiry else "complaint",
                "priority": priority,
                "department": route.department,
            }
        ), True

    return answer
