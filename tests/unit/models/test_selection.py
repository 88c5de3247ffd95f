"""Which part of a notification is for a receiver: by its matchers, and by what it was told of before."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from models.notification import Notification
from models.receivers import Platform, Receiver
from models.selection import Selection
from tests.unit.models.notified import item, notification, over


def selection(suppressed: bool = False, **match: str) -> Selection:
    return Selection(Receiver(id="r", kind=Platform.WEBHOOK, match=match, suppressed=suppressed))


def told(own: Notification | None) -> list[str]:
    return [] if own is None else [one.warning_id for one in own.items]


def test_matchers_see_the_warning_its_cell_and_whom_it_is_for() -> None:
    """Severity, rule, dimensions of the cell, the role and the group's labels; all have to agree."""
    both = notification(item("w1", severity="critical"), item("w2", cell="region=31,category=BRD"))
    assert told(selection().take(both)) == ["w1", "w2"]
    assert told(selection(severity="critical").take(both)) == ["w1"]
    assert told(selection(category="BRD|BIL").take(both)) == ["w2"]
    assert told(selection(notify="team_lead").take(both)) == []
    assert told(selection(notify="agent", rule="EW02", region="44").take(both)) == ["w1"]
    assert told(selection(department="network", level="1").take(both)) == ["w1", "w2"]


def test_who_was_told_is_told_the_end() -> None:
    """Though the end has another severity, and is for another role; who was not told is not."""
    asked, other = selection(severity="critical"), selection(severity="warning")
    begun, end = notification(item(severity="critical")), notification(over(), notify="team_lead")
    assert told(asked.take(begun)) == ["w1"]
    assert told(asked.take(notification(item(sequence=2, severity="minor")))) == ["w1"]
    assert told(asked.take(end)) == ["w1"]
    assert asked.told == {}
    assert told(other.take(begun)) == []
    assert told(other.take(end)) == []


def test_a_part_speaks_of_itself() -> None:
    """Severity, reasons and summary are those of the warnings that are in it: a red title above a yellow warning would be a lie."""
    both = notification(
        item("w1", severity="critical"),
        item("w2", severity="minor", cell="region=31", reasons=("escalated",)),
    )
    part = selection(region="31").take(msgspec.structs.replace(both, labels={}))
    assert part is not None
    assert (part.severity, part.reasons, part.summary_zh) == (
        "minor",
        ("escalated",),
        both.items[1].summary_zh,
    )
    assert (part.id, part.open_count) == (both.id, 2)


def test_what_calls_nobody_goes_to_those_alone_who_keep_a_record() -> None:
    """And leaves no trace with the others."""
    held = notification(suppressed=True)
    assert told(selection().take(held)) == []
    assert told(selection(suppressed=True).take(held)) == ["w1"]


def test_news_from_before_the_end_begins_nothing() -> None:
    """In another partition it may stand behind the end."""
    one = selection()
    one.take(notification(item(sequence=1)))
    one.take(notification(over(sequence=5)))
    one.take(notification(item(sequence=3)))
    assert one.told == {}
    one.take(notification(item(sequence=6)))
    assert one.told == {"w1": 6}


SEVERITIES = st.sampled_from(["critical", "major", "minor", "cleared"])


@given(
    st.lists(st.tuples(st.sampled_from("abc"), SEVERITIES), max_size=12),
    st.integers(min_value=0, max_value=12),
)
def test_a_fold_that_is_begun_anew_anywhere_selects_the_same(news: list[tuple[str, str]], cut: int) -> None:
    """The first half read as history and the second delivered is what one life delivers."""
    log = [
        notification(item(id, at, severity), id=str(at)) for at, (id, severity) in enumerate(news, start=1)
    ]
    whole, again = selection(severity="critical"), selection(severity="critical")
    expected = [whole.take(one) for one in log]
    for one in log[:cut]:
        again.take(msgspec.json.decode(msgspec.json.encode(one), type=Notification))
    assert [again.take(one) for one in log[cut:]] == expected[cut:]
    assert again.told == whole.told
