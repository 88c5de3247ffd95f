"""Warnings as alerts: begun, worse, over; and what Alertmanager is kept told of."""

from hypothesis import given
from hypothesis import strategies as st

from models.alerts import Alert, AlertBook
from models.iso import iso, seconds_of
from tests.unit.models.notified import DUE, item, notification, over

LATER = "2026-03-01T10:20:00Z"


def test_an_alert_says_what_alertmanager_wants_to_know() -> None:
    """Labels that stay, notes that change, its beginning, and an end by itself unless it is told again."""
    (alert,) = AlertBook("https://desk.example/w/{id}").take(
        notification(item(acknowledged_by="desk 4", incident_id="i-1"), notify="team_lead", level=2)
    )
    assert alert.document(seconds_of(LATER)) == {
        "labels": {
            "alertname": "EW02", "source": "barometer", "warning": "w1", "severity": "major", "department": "network",
            "region": "44", "category": "NET",
        },
        "annotations": {
            "summary": "w1: 82 complaints, 21 expected", "summary_zh": "w1：投诉82件，预期21件", "reasons": "new",
            "notify": "team_lead", "level": "2", "group": "default|department=network,region=44",
            "acknowledged_by": "desk 4", "incident": "i-1",
        },
        "startsAt": DUE,
        "endsAt": LATER,
        "generatorURL": "https://desk.example/w/w1",
    }  # fmt: skip


def test_an_alert_that_is_over_is_told_once_and_not_again() -> None:
    """With the time of its end, under the labels that it had."""
    book = AlertBook()
    (begun,) = book.take(notification())
    (ended,) = book.take(notification(over(), time=LATER))
    assert (ended.labels, ended.begins, ended.ends) == (begun.labels, DUE, LATER)
    assert ended.document(0)["endsAt"] == LATER
    assert book.active == {}
    assert book.take(notification(over(), time=LATER)) == []


def test_a_warning_that_grows_worse_is_another_alert_and_the_milder_one_is_over() -> None:
    """Severity is a label: the former alert would stand until its hold time, beside the new one."""
    book = AlertBook()
    book.take(notification())
    former, now = book.take(notification(item(sequence=2, severity="critical"), time=LATER))
    assert (former.labels["severity"], former.ends) == ("major", LATER)
    assert (now.labels["severity"], now.ends, now.begins) == ("critical", "", DUE)
    assert list(book.active.values()) == [now]


def test_what_only_notes_say_changes_no_alert() -> None:
    """A step of the ladder is a note: the alert is the same."""
    book = AlertBook()
    (first,) = book.take(notification())
    (again,) = book.take(notification(item(sequence=1, reasons=("ladder",)), notify="team_lead", level=2))
    assert again.labels == first.labels
    assert again.annotations["notify"] == "team_lead"


def test_label_names_are_those_that_prometheus_allows() -> None:
    """A rule's own label may be called as people like."""
    (alert,) = AlertBook().take(notification(labels={"on-call": "west", "empty": ""}))
    assert alert.labels["on_call"] == "west"
    assert "empty" not in alert.labels


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from(["critical", "major", "cleared"])), max_size=10)
)
def test_what_alertmanager_has_been_told_is_what_goes_on(news: list[tuple[str, str]]) -> None:
    """Whoever applies every change has the same alerts as the book, by their labels."""
    book, known = AlertBook(), dict[tuple[tuple[str, str], ...], Alert]()
    for at, (id, severity) in enumerate(news, start=1):
        for alert in book.take(notification(item(id, at, severity), time=iso(1_772_359_200 + at))):
            key = tuple(sorted(alert.labels.items()))
            if alert.ends:
                known.pop(key, None)
            else:
                known[key] = alert
    assert sorted(known) == sorted(tuple(sorted(alert.labels.items())) for alert in book.active.values())
