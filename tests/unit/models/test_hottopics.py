"""Hot topics: what the file says, how texts are read, and what EW22 makes of a fortnight without one."""

import pytest

from models.assess import Assessor
from models.calendar import Calendar
from models.cells import DEFAULT_DIMENSIONS
from models.count import CellNamer
from models.errors import DataFileError
from models.fold import load_folding
from models.hottopics import MOST, load_hot_topics, parse_hot_topics
from models.judge import StreamJudge
from models.measures import Stream
from models.naming import load_names
from models.pane import DAY, HOUR
from models.rules import load_rules
from tests.unit.models.judging import ZONE, Recorded, local, told, vector
from tests.unit.models.test_assess import assess, assessor

FILE = """topics:
  typhoon: {en: Typhoon, zh: 台风, words: [台风, typhoon]}
  fire: {en: Fire, zh: 火灾, words: [火灾, wild fire]}
"""
CELL = "region=46,hot_topic=typhoon"
LANDFALL = local("2026-07-20T14:00")


@pytest.fixture(scope="module")
def by() -> Assessor:
    return assessor()


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("颱風过后手机一直没有信号", "typhoon"),
        ("NO SIGNAL since the Typhoon", "typhoon"),
        ("the typhoons", ""),
        ("2G退网后老人机打不了电话", "shutdown"),
        ("停电又遇上台风，宽带断了", "typhoon"),
        ("宽带断了三天，要求尽快修好", ""),
        ("", ""),
    ],
)
def test_a_text_has_the_first_topic_of_the_list_whose_word_it_has(text: str, topic: str) -> None:
    """As people write it: case, full width and traditional characters; a Latin word is a whole one."""
    assert load_hot_topics().finder()(load_folding().fold(text)) == topic


def test_a_complaint_is_counted_under_its_topic_in_the_nation_and_in_its_region(by: Assessor) -> None:
    """Beside its category, whatever that is; without a topic there is no such cell."""
    namer = CellNamer(DEFAULT_DIMENSIONS[Stream.COMPLAINTS], {})
    values = namer.reader()
    found = assess("台风过后一直没有信号", by=by, region="46").classified
    assert (found.hot_topic, found.category) == ("typhoon", "NET")
    assert {"hot_topic=typhoon", CELL, "region=46,category=NET"} <= set(namer.cells(values(found)))
    plain = assess("一直没有信号", by=by, region="46").classified
    assert plain.hot_topic == ""
    assert not any("hot_topic" in cell for cell in namer.cells(values(plain)))


def test_a_topic_has_a_name_in_both_languages() -> None:
    """As its cell is told of."""
    names = load_names()
    assert (names.cell(CELL), names.cell_zh(CELL)) == ("Hainan, Typhoon", "海南·台风")


def feed(recorded: Recorded, start: int, *counts: int, cell: str = CELL) -> list[str]:
    """Close an hour for each count, which comes in its first quarter."""
    found = []
    for number, count in enumerate(counts):
        for quarter in range(4):
            totals = vector(Stream.COMPLAINTS, raw=count, distinct=count)
            found += recorded.quarter(
                start + number * HOUR + quarter * 900, {cell: totals} if count and not quarter else {}
            )
    return told(one for one in found if one.rule == "EW22")


def begun(days: int, every: int = 0) -> Recorded:
    """Return a judge that has seen so many days, with one complaint of the topic in every so many hours."""
    recorded = Recorded(StreamJudge(Stream.COMPLAINTS, load_rules(), Calendar(ZONE)))
    hours = days * 24
    feed(recorded, LANDFALL - days * DAY, *(int(bool(every) and hour % every == 0) for hour in range(hours)))
    return recorded


def test_a_typhoon_is_new_when_it_comes_and_not_when_it_stays() -> None:
    """Told in its first hour, worse after two, over when nobody speaks of it; a second one within the fortnight is not new.

    13 days    1 a day     14:00 ||||||||||||  15:00 ||||||||||||||  16:00 |||  17:00 .  .
    told                         15:00 warning       16:00 minor                 over
    """
    recorded = begun(15, every=36)
    found = feed(recorded, LANDFALL, 12, 20, 15, 3, 2, 0)
    assert found == [
        "15:00 raised warning",
        "16:00 escalated minor",
        "19:00 recovering minor",
        "20:00 cleared cleared",
    ]
    last = next(one for one in recorded.ledger if one.rule == "EW22")
    assert last.summary.startswith("Hainan, Typhoon: 12 complaints in 1 h, a topic that was all but absent")
    assert last.summary_zh.startswith("海南·台风：1小时内投诉12件")
    assert feed(recorded, LANDFALL + 6 * HOUR, *[0] * 42, 30, 30, 0, 0) == [], "two days later"


def test_what_is_spoken_of_every_day_is_never_new() -> None:
    """Two complaints a day are twenty-six in the thirteen days that are looked at: more than all but absent."""
    assert feed(begun(15, every=12), LANDFALL, 40, 40, 40) == []


def test_nine_are_not_many_and_one_hour_does_not_grow() -> None:
    """Ten customers at least; the second step asks for two hours in a row."""
    recorded = begun(2)
    assert feed(recorded, LANDFALL, 9, 9, 0) == []
    assert feed(recorded, LANDFALL + 3 * HOUR, 10, 4, 10) == ["18:00 raised warning"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("topics: 7", r"t\.yaml: topics is a number"),
        (FILE.replace("typhoon: {", "Big Wind: {"), r"topics\.Big Wind is no code; use up to 32"),
        (FILE.replace("wild fire", "TYPHOON"), r"topics\.fire\.words has 'TYPHOON' a second time"),
        (FILE.replace("en: Fire, ", ""), r"topics\.fire\.en is missing"),
        (FILE.replace("zh: 火灾", "zh: 火灾, why: x"), r"topics\.fire\.why"),
        (
            "topics:\n" + "".join(f"  t{n}: {{en: a, zh: b, words: [w{n}]}}\n" for n in range(MOST + 1)),
            r"topics has 101 topics; name 100 at most",
        ),
    ],
)
def test_a_mistake_is_told_with_its_place_and_the_remedy(source: str, said: str) -> None:
    """The list is part of what judges: one that is wrong is not guessed at."""
    with pytest.raises(DataFileError, match=said):
        parse_hot_topics(source, "t.yaml")


def test_the_list_has_its_order() -> None:
    """And is bounded: so many cells there may be."""
    assert list(parse_hot_topics(FILE).names) == ["typhoon", "fire"]
    assert len(load_hot_topics().names) <= MOST
