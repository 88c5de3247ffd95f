"""`barometer faults` without a broker: what is in force, under which heading, in which words."""

from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from agents.commands.faults import group_of, in_force, lines_of, order_of
from agents.lines import Language, Lines
from agents.noticelines import notice
from agents.reading import Record
from models.joined import AgainstUsual, Incident, NoticesTold
from tests.unit.models.hidden import Watch
from tests.unit.models.outages import Bench, at, complaint, report
from topics.catalogue import INCIDENTS

ZONE = ZoneInfo("Asia/Shanghai")
NOON, ONE = "2026-03-01T12:00:00Z", "2026-03-01T13:00:00Z"
LANGUAGES: tuple[Language, ...] = ("en", "zh")


def incident(
    alarm: str = "alm-1", severity: str = "critical", complaints: int = 0, **fields: Any
) -> Incident:
    """Return what the join tells of an alarm raised at 10:00 UTC and its complaints."""
    bench = Bench()
    bench.take(report(alarm, "10:00", severity, specific_problem="loss of signal", **fields))
    bench.take(*(complaint(f"c-{number}", "10:05") for number in range(complaints)))
    return bench.last[alarm]


def record(offset: int, value: bytes) -> Record:
    return Record(INCIDENTS, 0, offset, 0, None, value)


def test_the_largest_sequence_is_in_force_and_foreign_records_are_passed_over() -> None:
    """A change that was written twice counts once, of equal ones the later."""
    first, second = (msgspec.structs.replace(incident(), sequence=number) for number in (1, 2))
    again = msgspec.structs.replace(second, name="later")
    values = [msgspec.json.encode(one) for one in (first, second, again, first)]
    found = in_force(record(offset, value) for offset, value in enumerate([*values, b"{}", b""]))
    assert found == {first.id: again}


def test_each_stands_under_its_heading_worst_first() -> None:
    """What goes on, what is planned, what is over; then severity, then the number of complaints."""
    work: dict[str, Any] = {
        "planned_outage_indicator": True,
        "raised_time": "22:00",
        "planned_end_time": "26:00",
    }
    assert group_of(incident()) == "fault"
    assert group_of(incident(**work)) == "planned"
    assert group_of(msgspec.structs.replace(incident(), status="resolved")) == "over"
    found = [incident("a", "minor"), incident("b", "critical"), incident("c", "critical", 3)]
    assert [one.underlying_alarm[0].id for one in sorted(found, key=order_of)] == ["c", "b", "a"]


def test_a_suspicion_is_told_apart_with_what_speaks_for_it() -> None:
    """Under a heading of its own: customers, p, and complaints that it does not explain."""
    watch = Watch()
    watch.minutes("10:00", "10:08", "east-3-0", "east-3-1")
    one = watch.told[-1]
    assert group_of(one) == "suspected"
    assert group_of(msgspec.structs.replace(one, status="closed")) == "over"
    english, chinese = lines_of(one, "en", ZONE).plain, lines_of(one, "zh", ZONE).plain
    assert "Guangdong: suspected hidden outage of east-3" in english
    assert "8 of 8 customers of the region" in english
    assert "p = 1.6e-07" in english
    assert "complaints 8 (below its elements 8)" in english
    assert "alarms" not in english
    assert "广东：疑似隐性故障，east-3" in chinese
    assert "8 名客户的投诉指明网元且无故障可解释，其中 8 名在此，p = 1.6e-07" in chinese


def test_its_size_the_clocks_and_the_last_notice_are_told_in_both_languages() -> None:
    """Passed or ahead, with the deadlines of reports."""
    bench = Bench()
    bench.take(report("a", "10:00", affected_subscribers=600_000), complaint("c", "10:30"))
    ahead = lines_of(bench.last["a"], "en", ZONE).plain
    assert (
        "extraordinary outage: 600,000 services, if it lasts until 2026-03-01 19:00:00, oral report due"
        in ahead
    )
    bench.take(complaint("c2", "11:30"))
    last = NoticesTold(sequence=1, kind="outage_notice", time=at("10:10"), begun=at("10:10"))
    english = lines_of(bench.last["a"], "en", ZONE, last).plain
    chinese = lines_of(bench.last["a"], "zh", ZONE, last).plain
    assert "large outage: 600,000 services, since 2026-03-01 19:00:00" in english
    assert "oral report due 2026-03-01 19:00:00, written report due 2026-03-01 23:00:00" in english
    assert "notices to customers 1, last outage_notice 2026-03-01 18:10:00" in english
    assert (
        "特别重大事故：用户 600,000，已于 2026-03-01 19:00:00 达到，口头报告时限 2026-03-01 19:00:00，书面报告时限"
        in chinese
    )
    assert "已告知客户 1 次，最近：故障告知 2026-03-01 18:10:00" in chinese


def test_a_notice_to_customers_is_told_in_both_languages() -> None:
    """To how many, until when it is valid, and what they read; control characters are made harmless."""
    bench = Bench()
    bench.take(report("a\x1b[2J", "10:00", affected_subscribers=1_234), complaint("c", "10:30"))
    (one,) = bench.notices
    english, chinese = (notice(Lines.load(language, ZONE), one).plain for language in LANGUAGES)
    assert "2026-03-01 18:10:00" in english
    assert "outage_notice" in english
    assert "Guangdong  audience 1,233, complaints 1, valid until 2026-03-02 00:10:00" in english
    assert "a network fault has disrupted broadband, mobile service since 2026-03-01 10:00" in english
    assert "故障告知" in chinese
    assert "广东  告知对象 1,233，已投诉 1，有效至 2026-03-02 00:10:00" in chinese
    assert "\x1b" not in english


def test_an_incident_is_told_in_both_languages() -> None:
    """Local time, counts with their reasons, names from the lists; control characters are made harmless."""
    one = incident(complaints=2, affected_subscribers=1_234)
    english, chinese = lines_of(one, "en", ZONE).plain, lines_of(one, "zh", ZONE).plain
    assert "2026-03-01 18:00:00, alarms 1, services affected 1,234, priority 1" in english
    assert "Guangdong: loss of signal (broadband, mobile)" in english
    assert "complaints explained 2 (in its region 2)" in english
    assert "进行中" in chinese
    assert "广东：loss of signal" in chinese
    assert "关联投诉 2（同一区域 2）" in chinese
    assert "\x1b" not in lines_of(msgspec.structs.replace(one, name="a\x1b[2J"), "en", ZONE).plain


@pytest.mark.parametrize(
    ("against", "told"),
    [
        (
            AgainstUsual(since=NOON, until=ONE, complaints=60, usual=4.13, basis="region", tenfold=True),
            (
                "60 complaints where 4.1 are usual of its region: more than ten times, one level more severe",
                "投诉 60，该区域平常 4.1，超过平常的10倍，级别上调一级",
            ),
        ),
        (
            AgainstUsual(since=NOON, until=ONE, complaints=9, usual=1.0, basis="element"),
            ("9 complaints where 1.0 are usual of its elements", "投诉 9，其网元平常 1.0"),
        ),
    ],
)
def test_how_its_complaints_compare_with_the_usual_is_told(
    against: AgainstUsual, told: tuple[str, str]
) -> None:
    """The hour, the numbers, and whether it is more severe for them."""
    one = msgspec.structs.replace(incident(), against_usual=against)
    for lang, line in zip(LANGUAGES, told, strict=True):
        (found,) = (text for text in lines_of(one, lang, ZONE).plain.splitlines() if line in text)
        assert found.endswith(line)
        assert "2026-03-01 20:00:00 - 2026-03-01 21:00:00" in found
