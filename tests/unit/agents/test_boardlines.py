"""How the board is shown: completeness first, the worst warning on top, and nothing that a terminal could obey."""

import io
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from agents.boardlines import BoardLines, plain, warnings_of
from agents.lines import Language, Lines
from agents.terminal import console
from models.outcomes import EarlyWarning, WindowSnapshot
from monitoring.boardimage import BoardKind
from monitoring.boardview import STALE_MS, BoardView, view_of

NOW = 1_764_000_000_000
COMPLETE = {b"@": b"T 4", b"@at": b'{"at":1763999998000,"end":4,"append":1763999990000}'}
PARTS = {
    b"missing": {},
    b"behind": {**COMPLETE, b"@at": b'{"at":1763999998000,"end":9}'},
    b"rebuilding": {**COMPLETE, b"@rebuilding": b'{"done":3,"total":9,"at":1763999999000}'},
    b"complete": COMPLETE,
}


def warning(id_: str, severity: str, pane: int) -> bytes:
    return msgspec.json.encode(
        EarlyWarning(
            id=id_,
            sequence=1,
            transition="raised",
            severity=severity,
            pane=pane,
            rule="EW01",
            rule_name="Complaint surge",
            rule_name_zh="投诉突增",
            rule_version="v",
            kind="surge",
            cell="region=44",
            stream="complaints",
            measure="distinct",
            window_seconds=900,
            reason="crossed",
            n=9,
            observed=9,
            summary=f"summary of {id_}",
            summary_zh=f"{id_} 的说明",
            episode_start=pane,
        )
    )


def snapshot(cell: str) -> bytes:
    windows = {
        name: [number, 0, 0] for number, name in enumerate(("300", "3600", "86400", "604800", "2592000"), 1)
    }
    return msgspec.json.encode(
        WindowSnapshot(stream="complaints", cell=cell, closed_until=1_764_000_000, windows=windows)
    )


def view(**parts: dict[bytes, bytes]) -> BoardView:
    """A board of one partition of each kind; `parts` replaces what is held of a kind."""
    held: dict[str, dict[bytes, bytes]] = {
        "warnings": {
            **COMPLETE,
            b"=w-1": b"1 " + warning("w-1", "minor", 60),
            b"=w-2": b"1 " + warning("w-2", "critical", 60),
            b"=w-3": b"1 " + warning("w-3", "minor", 120),
            b"=w-4": b'1 {"of":"a later version"}',
            b"~w-0": b"3 T 2",
        },
        "windows": {
            **COMPLETE,
            b"=complaints|all": b"1 " + snapshot("all"),
            b"=complaints|region=44": b"1 " + snapshot("region=44"),
        },
        "states": COMPLETE,
        "incidents": {**COMPLETE, b"=i-1": '2 {"id":"i-1","name":"\u202ered"}'.encode()},
        **parts,
    }
    worker = {"id": "w", "ready": True, "events": 1234, "outcomes": {"dead_letter": 5}}
    worker["partitions"] = [{"topic": "t", "partition": 0, "lag": 7, "watermark": 1_763_999_970}]
    return view_of(
        {(BoardKind(kind), 0): fields for kind, fields in held.items()}, [msgspec.json.encode(worker)]
    )


def shown(seen: BoardView, language: Language = "en", cell: str = "", now: int = NOW) -> str:
    """Return what goes to the terminal."""
    out = io.StringIO()
    screen = console(out)
    for part in BoardLines(Lines.load(language, ZoneInfo("Asia/Shanghai")), now, cell).all(seen):
        screen.print(part)
    return out.getvalue()


def test_a_complete_board_says_so_first() -> None:
    """With how much it covers and how old it is."""
    first = shown(view()).splitlines()[0]
    assert first == "complete: 4 partitions, up to offsets that sum to 16, looked at 2.0 s ago"
    assert shown(view(), "zh").splitlines()[0] == "完整：4 个分区，位点合计 16，2.0 秒前核对"


@pytest.mark.parametrize(
    ("part", "said"),
    [
        ("missing", "incidents/0: missing"),
        ("behind", "incidents/0: behind 4 / 9"),
        ("rebuilding", "incidents/0: rebuilding 3 / 9"),
    ],
)
def test_what_is_not_complete_is_named(part: str, said: str) -> None:
    """Each partition with how far it is, and those only."""
    seen = view(incidents=dict(PARTS[part.encode()]))
    lines = shown(seen).splitlines()
    assert lines[0].startswith("not complete")
    assert lines[1].strip() == said
    assert "warnings/0" not in lines[2]
    assert not plain(seen, NOW)["complete"]


def test_a_board_that_nobody_refreshes_is_stale() -> None:
    """It may be right; nobody says so any more."""
    text = shown(view(), now=NOW + STALE_MS + 1)
    assert text.count(": stale 4 / 4") == 4


def test_the_worst_and_the_newest_warning_stand_on_top() -> None:
    """One that cannot be read is counted, and is in the JSON."""
    seen = view()
    assert [one.id for one in warnings_of(seen)] == ["w-2", "w-3", "w-1"]
    text = shown(seen)
    assert "active warnings: 4" in text
    assert text.index("summary of w-2") < text.index("summary of w-3") < text.index("summary of w-1")
    assert {"of": "a later version"} in plain(seen, NOW)["warnings"]


def test_windows_are_the_nations_or_those_asked_for() -> None:
    """With the first measure of the stream in each window."""
    nation = shown(view())
    assert "nationwide" in nation
    assert "Guangdong" not in nation.partition("windows")[2]
    chosen = shown(view(), cell="region=44").partition("windows")[2]
    assert "Guangdong" in chosen
    assert "nationwide" not in chosen
    row = next(line for line in chosen.splitlines() if "Guangdong" in line)
    assert [word for word in row.split() if word.isdigit()] == ["1", "2", "3", "4", "5"]


def test_workers_and_incidents_are_shown_and_nothing_is_obeyed() -> None:
    """What came from outside is written out."""
    text = shown(view())
    assert "1,234" in text
    assert "2025-11-24 23:59:30" in text
    assert "\u202e" not in text
    assert r"\u202ered" in text


def test_the_json_names_offsets_and_topics() -> None:
    """So that a program can tell which prefix of Kafka it sees."""
    found: dict[str, Any] = plain(view(), NOW)
    incidents = next(one for one in found["partitions"] if one["kind"] == "incidents")
    assert (incidents["topicId"], incidents["offset"], incidents["end"]) == ("T", 4, 4)
    assert (found["complete"], found["ageSeconds"]) == (True, 2.0)
    assert [one["cell"] for one in found["windows"]] == ["all", "region=44"]
