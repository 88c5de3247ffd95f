"""What the console says of an outage: its size, the regulator's clocks, whether it is suspected, in both languages."""

from types import SimpleNamespace
from typing import Any, Final

import pytest

from models.annotated import WarningState
from models.iso import iso
from models.joined import AgainstUsual, Incident, RegulatorReport, SizeLimit, Suspicion
from models.naming import load_names
from models.pane import HOUR, MINUTE
from models.sizefile import load_sizes
from monitoring.console.outage import class_name, clock_words, clocks_of, next_clock, outage_facts
from monitoring.console.picture import Picture
from monitoring.console.rings import Rings
from monitoring.console.rows import Row, RowBook
from monitoring.console.texts import LANGUAGES, TEXTS, Language, sayer
from monitoring.console.views.board import incidents_of
from tests.unit.models.duties import MORNING, incident, warning
from tests.unit.monitoring.test_console_feed import ZONE

LIMIT: Final = SizeLimit(
    id="extraordinary",
    size_class="extraordinary",
    services=600_000,
    since=iso(MORNING - HOUR),
    time=iso(MORNING),
    passed=True,
    regulator_report=(
        RegulatorReport(id="oral", due_time=iso(MORNING)),
        RegulatorReport(id="written", due_time=iso(MORNING + 4 * HOUR)),
    ),
)
AHEAD: Final = SizeLimit(
    id="large",
    size_class="large",
    services=120_000,
    since=iso(MORNING - HOUR),
    time=iso(MORNING + 5 * MINUTE),
)
SUSPICION: Final = Suspicion(element="olt-1", probability=3.2e-9, customers=12, of_customers=60)


def large(**fields: Any) -> Incident:
    return incident(
        size_class="extraordinary",
        size_limit=(LIMIT,),
        affected_number_of_services=600_000,
        trouble_ticket_count=60,
        **fields,
    )


def row_of(found: Incident | None, language: Language) -> Row:
    state = WarningState(warning=warning(), opened=MORNING, incident_id="i1")
    incidents = {} if found is None else {"i1": found}
    picture = Picture(version=1, warnings={"w1": warning()}, states={"w1": state}, incidents=incidents)
    return RowBook(language, load_names(), ZONE, Rings()).rows(picture)["w1"]


@pytest.mark.parametrize(
    ("language", "size", "reports"),
    [
        (
            "en",
            "extraordinary outage · 600,000 customers affected",
            ["oral report", "written report"],
        ),
        ("zh", "特别重大事故 · 影响用户 600,000", ["口头报告", "书面报告"]),
    ],
)
def test_a_row_says_how_large_the_outage_behind_it_is(
    language: Language, size: str, reports: list[str]
) -> None:
    """Class and customers, and what is owed until when; the browser counts down."""
    row = row_of(large(), language)
    assert row["size"] == size
    assert [(one["report"], one["at"]) for one in row["clocks"]] == list(
        zip(reports, [MORNING, MORNING + 4 * HOUR], strict=True)
    )
    assert size.lower() in row["told"], "one can filter by it"
    assert row["suspected"] == ""


def test_a_suspected_outage_is_marked_and_an_unknown_one_says_nothing() -> None:
    """Of one that the board has let go no size is made up."""
    assert row_of(large(suspicion=SUSPICION), "zh")["suspected"] == "疑似，无告警"
    unknown = row_of(None, "en")
    assert (unknown["fault"], unknown["size"], unknown["clocks"], unknown["suspected"]) == (
        "known fault",
        "",
        [],
        "",
    )
    small = row_of(incident(affected_number_of_services=0), "en")
    assert (small["size"], small["clocks"]) == ("", [])


def test_the_next_clock_is_told_with_the_time_that_is_left() -> None:
    """When all have run out, until when the last was due: whether it was made is not known.

    passed 10:00   oral, at once      12:30         written 14:00      15:00
                                      1 h 30 left                      was due
    """
    say = sayer("en")
    told = []
    for now in (MORNING - 60, MORNING + 2.5 * HOUR, MORNING + 5 * HOUR):
        due = next_clock(large(), say, now)
        assert due is not None
        told.append(clock_words(due, say, now, ZONE))
    assert told == [
        "oral report: 1 min left",
        "written report: 1 h 30 min left",
        "written report was due 03-01 22:00",
    ]
    ahead = incident(size_limit=(AHEAD,))
    assert clocks_of(ahead, say) == [], "before a limit is passed nothing is owed"
    assert next_clock(ahead, say, MORNING) is None


def test_the_page_of_a_warning_tells_all_of_it() -> None:
    """Limits that were passed and those ahead, clocks, complaints against the usual."""
    against = AgainstUsual(
        since=iso(MORNING), until=iso(MORNING + HOUR), complaints=60, usual=4.13, basis="region", tenfold=True
    )
    found = large(against_usual=against, suspicion=SUSPICION)
    facts = {
        language: dict(outage_facts(found, language, ZONE, MORNING + 2.5 * HOUR)) for language in LANGUAGES
    }
    assert facts["en"] == {
        "What": "Guangdong: loss of signal",
        "suspected, no alarm": "olt-1: 12 of 60 customers who name an element, by chance 3e-09",
        "Size": "extraordinary outage · 600,000 customers affected",
        "Limits of size": "extraordinary outage since 03-01 18:00 (600,000)",
        "Regulator's clocks": "oral report was due 03-01 18:00; written report: 1 h 30 min left",
        "Complaints": "60 complaints · in its worst hour 60, 4.1 usual: one level more severe",
    }
    assert facts["zh"]["监管报告时限"] == "口头报告应于 03-01 18:00 前完成; 书面报告剩余 1小时30分"
    assert len(facts["zh"]) == len(facts["en"])
    ahead = dict(outage_facts(incident(size_limit=(AHEAD,)), "en", ZONE, MORNING))
    assert ahead["Limits of size"] == "large outage from 03-01 18:05 if it lasts (120,000)"
    assert "Regulator's clocks" not in ahead


@pytest.mark.parametrize("language", LANGUAGES)
def test_open_incidents_say_it_too(language: Language) -> None:
    """Beside the board and in the handover: suspected first, then the size, the clock at the end."""
    desk = SimpleNamespace(clock=lambda: MORNING + 2.5 * HOUR, zone=ZONE)
    visit: Any = SimpleNamespace(say=sayer(language), language=language, is_zh=language == "zh", desk=desk)
    (told,) = incidents_of(visit, Picture(version=1, incidents={"i1": large(suspicion=SUSPICION)}))
    parts = told["numbers"].split(" · ")
    say = sayer(language)
    assert parts[0] == say("incident.suspected")
    assert parts[1] == class_name("extraordinary", language)
    assert parts[-1].endswith(("1 h 30 min left", "1小时30分"))


def test_every_report_of_the_packaged_limits_has_a_name() -> None:
    """Others, of a file of one's own, are told as they are written there."""
    wanted = {f"report.{report}" for limit in load_sizes().limits for report in limit.reports}
    assert wanted
    assert wanted - TEXTS.keys() == set()
    own = SizeLimit(
        **{**_fields(LIMIT), "regulator_report": (RegulatorReport(id="fax", due_time=iso(MORNING)),)}
    )
    assert [due.report for due in clocks_of(incident(size_limit=(own,)), sayer("zh"))] == ["fax"]
    assert class_name("tiny", "zh") == "tiny"


def _fields(limit: SizeLimit) -> dict[str, Any]:
    return {name: getattr(limit, name) for name in limit.__struct_fields__}
