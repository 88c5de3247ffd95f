"""A suspected hidden outage in the console: a row and a page of its own, like any warning's, though no table of warnings has it."""

from typing import Any, Final

import pytest

from models.annotated import Acknowledgement, Suppression, Verdict, WarningState
from models.pane import DAY
from models.suspectwarning import warning_of
from monitoring.boardimage import BoardKind
from monitoring.console.actions import matchers_of, verbs_for
from monitoring.console.feed import Feed
from monitoring.console.filters import Filter
from monitoring.console.outage import outage_facts
from monitoring.console.panels import judged
from monitoring.console.rows import Row, RowBook, numbers_of, shown, tally
from monitoring.console.shift import shift_of
from monitoring.console.similar import similar
from monitoring.console.spans import linked_span
from monitoring.console.texts import LANGUAGES, TEXTS, Language
from tests.unit.models.duties import at, warning
from tests.unit.models.suspected import ended, merged, suspected
from tests.unit.monitoring.boards import DictBoard
from tests.unit.monitoring.test_console_feed import NAMES, ZONE, followed

GOES_ON: Final = WarningState(warning=warning_of(suspected(1)), opened=at(0), incident_id="s1")


def state(sequence: int, severity: str = "major", **fields: Any) -> WarningState:
    told = warning_of(suspected(sequence, severity, customers=10 + sequence), GOES_ON.warning)
    return WarningState(warning=told, opened=at(0), incident_id="s1", **fields)


def rows(feed: Feed, language: Language = "en") -> dict[str, Row]:
    return RowBook(language, NAMES, ZONE, feed.rings).rows(feed.picture)


def test_it_comes_changes_and_goes_with_its_state() -> None:
    """Beside the warnings of the ledger, which come and go by themselves.

    board    w1 ------------ gone
    state        s1 major --- critical ---- gone
    """
    board = DictBoard()
    board.put(warning("w1"))
    feed = followed(board)
    board.put(GOES_ON, WarningState(warning=warning("w1"), opened=5))
    feed.round()
    assert set(feed.picture.warnings) == {"w1", "s1"}
    board.drop(BoardKind.WARNINGS, "w1")
    board.put(state(2, "critical"))
    feed.round()
    assert {id: one.severity for id, one in feed.picture.warnings.items()} == {"s1": "critical"}
    board.put(warning("w2"))
    feed.round()
    assert set(feed.picture.warnings) == {"s1", "w2"}, "another warning takes it nothing"
    board.drop(BoardKind.STATES, "s1")
    feed.round()
    assert set(feed.picture.warnings) == {"w2"}
    assert board.reads == 1


def test_a_board_that_is_read_whole_has_it_and_one_that_is_emptied_gives_no_all_clear() -> None:
    """As other warnings stay until somebody vouches for the board again; what has ended meanwhile does not come back."""
    board = DictBoard()
    board.put(GOES_ON, warning("w1"))
    feed = followed(board)
    assert set(feed.picture.warnings) == {"s1", "w1"}
    board.empty()
    board.reset(BoardKind.STATES)
    feed.round()
    feed.round()
    assert set(feed.picture.warnings) == {"s1", "w1"}
    board.missing = {BoardKind.WARNINGS}
    board.reset(BoardKind.WARNINGS)
    feed.round()
    feed.round()
    assert set(feed.picture.warnings) == {"w1"}, "its state is gone, and it was nothing else"


def test_other_states_make_no_rows_and_leave_the_warnings_as_they_are() -> None:
    """The same object: what depends on the warnings alone need not be worked out again."""
    board = DictBoard()
    board.put(warning("w1"), GOES_ON)
    feed = followed(board)
    before = feed.picture.warnings
    taken = Acknowledgement(actor="li", at=6, severity="major")
    board.put(WarningState(warning=warning("w1"), opened=5, acknowledged=taken))
    board.put(WarningState(warning=warning("w7"), opened=5))
    feed.round()
    assert feed.picture.warnings is before


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_row_says_what_is_suspected_and_on_which_evidence(language: Language) -> None:
    """Place, rule, sentence, customers, its incident; nothing is drawn, since no cell has its counts."""
    board = DictBoard()
    board.put(GOES_ON, suspected(1))
    row = rows(followed(board), language)["s1"]
    zh = language == "zh"
    assert (row["severity"], row["state"], row["rule"]) == ("major", "raised", "EW18")
    assert row["place"] == ("广东" if zh else "Guangdong")
    assert row["name"] == ("疑似隐性故障 · olt-1" if zh else "Suspected hidden outage · olt-1")
    assert row["suspected"] == ("疑似，无告警" if zh else "suspected, no alarm")
    assert "olt-1" in row["summary"]
    assert "olt-1" in row["fault"]
    assert (row["observed"], row["expected"], row["ratio"]) == ("12", "0.6", "20.0 倍" if zh else "20.0×")
    assert row["spark"] == []
    assert row["opened"] == at(0)


def test_it_is_filtered_counted_and_held_like_any_other() -> None:
    """By severity, region, rule, words, and whether somebody has it."""
    board = DictBoard()
    board.put(GOES_ON, suspected(1), warning("w1", severity="critical"))
    feed = followed(board)
    found = rows(feed)

    def passing(**query: str) -> set[str]:
        return set(shown(found.values(), feed.picture, Filter.of(query)))

    assert passing(rule="EW18") == passing(severity="major") == passing(q="olt-1 no alarm") == {"s1"}
    assert passing(region="44") == {"s1", "w1"}
    assert passing(region="44", category="NET") == {"w1"}
    assert tally(found.values())["major"] == [1, 1]
    quiet = Suppression(reason="silence", by="q")
    board.put(state(2, suppression=quiet))
    feed.round()
    assert rows(feed)["s1"]["held"]
    assert tally(rows(feed).values())["major"] == [1, 0]
    assert matchers_of(GOES_ON.warning, "this") == {"warning": "s1"}
    assert matchers_of(GOES_ON.warning, "rule") == {"rule": "EW18", "cell": "region=44"}
    assert "ack" in verbs_for(GOES_ON, is_open=True)


@pytest.mark.parametrize("language", LANGUAGES)
def test_its_page_has_the_evidence_where_others_have_a_chart(language: Language) -> None:
    """The numbers, the suspicion in full from its incident, and a sentence in place of the chart."""
    numbers = dict(numbers_of(GOES_ON.warning))
    assert numbers == {
        "number.observed": "12",
        "number.expected": "0.6",
        "number.n": "60",
        "number.p": "3e-09",
    }
    facts = dict(outage_facts(suspected(1), language, ZONE, at(0)))
    assert any("olt-1" in value and "12" in value and "60" in value for value in facts.values())
    span = linked_span("s1", {"s1": suspected(1)}, {}, zh=language == "zh")
    assert span is not None
    assert span.kind == "suspected"
    assert "customers who name" in TEXTS["warning.suspected"][0]
    ended_one = warning_of(merged(3), GOES_ON.warning)
    assert judged((GOES_ON.warning, ended_one)) is GOES_ON.warning, "its end is not what its numbers say"


def test_a_shift_hands_it_over_and_the_like_before_are_found() -> None:
    """What goes on, what is over, and how the last one in the province ended."""
    false = Verdict(verdict="false_alarm", actor="li", at=at(60))
    past = suspected(1, id="past", first_alert="2026-02-27T10:00:00Z")
    over = WarningState(
        warning=warning_of(ended(2, id="past", last=-2 * DAY // 60, first_alert=past.first_alert)),
        opened=at(10),
        cleared=at(50),
        feedback=false,
    )
    other = WarningState(warning=warning("w1", cell="region=44", episode_start=1), opened=at(0))
    found = shift_of([GOES_ON, over, other], [], at(-60), at(120))
    assert [one.warning.id for one in found.open] == ["s1", "w1"]
    assert [one.warning.id for one in found.over] == ["past"]
    assert (found.raised, found.false_alarms) == (3, 1)
    assert similar(GOES_ON.warning, [GOES_ON, over, other]) == [over]
    elsewhere = warning_of(ended(2, element="olt-9", id="later", last=-5, first_alert="2026-02-28T10:00:00Z"))
    near = WarningState(warning=elsewhere, opened=at(20), cleared=at(30))
    assert similar(GOES_ON.warning, [near, over]) == [over, near], "the same element is likest"
