"""State that was written by any release so far is read as what it was, or refused by its format; never misread."""

import json
import re
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, cast

import msgspec
import pytest

from agents import rulesets, windows
from agents.ownership import Ownership
from agents.sourcestate import SourceState
from models import judgestate
from models.errors import ContractError
from models.measures import WIDTH, Stream
from models.pane import HOUR
from models.panebook import Cells
from models.screen import TIME_BITS, ScreenPolicy
from models.stored import FORMAT, load
from tests.unit.agents.modelled import ModelledBroker, ModelledOutbox

GOLDEN: Final = Path(__file__).with_name("golden")
Line = dict[str, Any]


def lines(number: int = FORMAT) -> list[Line]:
    return [
        json.loads(line)
        for line in (GOLDEN / f"state-{number}.jsonl").read_text(encoding="utf-8").splitlines()
    ]


def kind_of(line: Line) -> str:
    return str(line["key"].partition("|")[0])


def restored(stream: Stream, found: list[Line]) -> SourceState:
    """Return the state of a source partition after its changelog's records were folded."""
    state = SourceState(
        cast(Any, ModelledOutbox(ModelledBroker())), "changelog", 0, topic_id=found[0]["source"], version="v",
        width=WIDTH[stream], policy=ScreenPolicy(30, 300, 86_400),
    )  # fmt: skip
    for line in found:
        state.restore(line["key"].encode(), b64decode(line["value"]))
    state.begin("t[0]", 1 << 40)
    return state


def test_there_is_a_file_of_each_format_that_was_ever_written() -> None:
    """A change of the format leaves the old file and adds one."""
    assert {path.name for path in GOLDEN.glob("state-*.jsonl")} == {
        f"state-{number}.jsonl" for number in range(1, FORMAT + 1)
    }


def test_the_file_has_every_kind_of_record() -> None:
    """As `agents.sourcestate`, `agents.windows`, `agents.ownership` and `agents.rulesets` list them; later ones were added."""
    kinds = {(line["changelog"] == "windows", kind_of(line)) for line in lines()}
    assert kinds == {(False, kind) for kind in "pshrcftx"} | {(True, kind) for kind in "mhjwort"}


def test_envelopes_say_what_they_said() -> None:
    """Format, version, source and stamp."""
    for line in lines():
        stored = load(line["key"].encode(), b64decode(line["value"]))
        assert [stored.format, stored.version, stored.source, stored.stamp] == [
            line["format"], line["version"], line["source"], line["stamp"],
        ]  # fmt: skip


@pytest.mark.parametrize("stream", [Stream.COMPLAINTS, Stream.CALLS])
def test_a_source_partition_is_restored_to_what_its_records_say(stream: Stream) -> None:
    """Panes by their cells, sightings and complaints by offset and time, marks by their stamps."""
    found = [line for line in lines() if line["changelog"] == stream]
    says = {kind: [line for line in found if kind_of(line) == kind] for kind in "pshrcftx"}
    # First without what was rolled up, which hides the panes.
    state = restored(stream, [line for line in found if kind_of(line) != "r"])
    for line in says["p"]:
        pane = int(line["key"].split("|")[1])
        state_of_one = restored(stream, [line])
        assert state_of_one.panes.sum_of_hour(pane - pane % HOUR) == cast(Cells, line["says"])
    sightings = {id_: offset << TIME_BITS | time for line in says["s"] for id_, offset, time in line["says"]}
    assert state.screen._sightings == sightings
    complaints: dict[str, set[int]] = {}
    for line in says["h"]:
        for customer, offset, flagged in line["says"]:
            complaints.setdefault(customer, set()).add(offset << TIME_BITS + 1 | flagged)
    assert {customer: set(entries) for customer, entries in state.history._entries.items()} == complaints
    for line in says["t"]:
        texts = {offset: (packed, time) for packed, offset, time in line["says"]}
        found_texts = restored(stream, [line]).history.texts._originals
        assert {offset: (one.packed.hex(), one.time) for offset, one in found_texts.items()} == texts
    assert [restored(stream, [line]).has_forgotten for line in says["x"]] == [True] * len(says["x"])
    assert state.sent_until == max(line["stamp"] for line in says["c"])
    flushed = max(line["stamp"] for line in says["f"])
    assert not state.lacks(flushed)
    assert state.lacks(flushed + 1)
    assert restored(stream, says["r"]).rolled_until == max(line["says"] for line in says["r"])


READ_BY: Final[dict[str, Callable[[bytes], Any]]] = {
    "m": windows._unpack_cells,
    "h": windows._unpack_cells,
    "w": windows._unpack_marks,
    "j": judgestate._decode,
    "r": rulesets._unpack_source,
    "t": rulesets._unpack_changes,
}


def test_windows_read_what_was_written() -> None:
    """The judges' state has a format of its own inside, and a rule set: whoever has another refuses it."""
    for line in lines():
        if line["changelog"] != "windows" or kind_of(line) == "o":
            continue
        body = load(b"", b64decode(line["value"])).body
        found = READ_BY[kind_of(line)](body)
        says = line["says"]
        if kind_of(line) == "j":
            says[5] = {cell: of_today(kept) for cell, kept in says[5].items()}
        assert msgspec.json.decode(msgspec.json.encode(found)) == says, line["key"]


def of_today(kept: list[Any]) -> list[Any]:
    """What format 1 of a judge's state says of a cell, with what it did not know yet: it is read before it is refused."""
    baselines = {field: [[*sums, 0, 0, 0, 0], alarmed] for field, (sums, alarmed) in kept[0].items()}
    return [baselines, kept[1], *(kept[2:] or [{}]), {}, 0]


def test_an_owner_that_was_at_work_is_known_as_such() -> None:
    """Its version may have published what no state holds."""
    (line,) = [line for line in lines() if kind_of(line) == "o"]
    owner = Ownership(b"key", lambda *_: None, lambda _: None)
    stored = load(b"", b64decode(line["value"]))
    owner.restore(line["key"].encode(), stored.version, stored.body)
    assert line["says"] == "at work"
    assert owner.undrained == {line["version"]}


@pytest.mark.parametrize("line", ["complaints", "windows"])
def test_state_of_a_later_format_is_refused_with_the_remedy(line: str) -> None:
    """Whatever the record is: nothing of it is looked at."""
    one = next(one for one in lines() if one["changelog"] == line)
    later = msgspec.msgpack.encode([FORMAT + 1, *msgspec.msgpack.decode(b64decode(one["value"]))[1:]])
    with pytest.raises(
        ContractError, match=re.escape(f"has format {FORMAT + 1}, this version reads {FORMAT}")
    ):
        load(one["key"].encode(), later)
