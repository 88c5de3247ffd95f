"""Suspected hidden outages: scenarios on a drawn timeline, in a network of two cities of twelve sites of two cells."""

import pytest

from models import watchlist
from models.iso import iso
from models.pane import HOUR
from models.scan import KEPT_FOR
from tests.unit.models.hidden import SITES, Watch, cells
from tests.unit.models.outages import at, element, report


def test_customers_of_one_site_give_its_outage_away() -> None:
    """No alarm; a customer a minute, alternately of its two cells, and nobody elsewhere. Eight are enough for a site that is one
    of 24: (2/25)^8 x 4 levels x 24 < 1e-6.

    complaints   10:00 | | | | | | | | 10:07
    suspicion                        raised
    """
    watch = Watch()
    watch.minutes("10:00", "10:08", "east-3-0", "east-3-1")
    (one,) = watch.told
    assert (one.status, one.perceived_severity, one.priority, one.reasons) == (
        "inProgress",
        "major",
        3,
        ("raised",),
    )
    assert one.name == "Guangdong: suspected hidden outage of east-3"
    assert one.name_zh == "广东：疑似隐性故障，east-3"
    assert one.first_alert == iso(at("10:00"))
    assert [ticket.id for ticket in one.trouble_ticket] == [f"c{number}" for number in range(1, 16, 2)]
    assert one.link_reasons == {"below_element": 8}
    assert (one.underlying_alarm, one.underlying_alarm_count, one.planned_outage) == ((), 0, False)
    assert [place.id for place in one.affected_location] == ["44"]
    assert [resource.id for resource in one.affected_resource] == ["east-3"]
    assert one.responsible_party is not None
    assert (one.responsible_party.id, one.responsible_party.name) == ("network", "Network operations")
    assert one.suspicion is not None
    assert (one.suspicion.element, one.suspicion.customers, one.suspicion.of_customers) == ("east-3", 8, 8)
    assert one.suspicion.probability == pytest.approx((2 / 25) ** 8 * 4 * 24, rel=0.01)
    assert one.suspicion.expected == pytest.approx(8 / 24, rel=0.01), (
        "of the eight, by its share of the customers"
    )
    assert one.suspicion.looked == iso(at("10:07"))
    assert not watch.bench.links, "a suspicion explains no complaint"
    assert not watch.bench.desk.told, "and is no outage"


def test_it_is_the_smallest_element_that_explains_it() -> None:
    """All of them hang on one cell: it is named, not its site, its city or the network."""
    watch = Watch()
    watch.minutes("10:00", "10:20", "east-3-0")
    assert watch.changes == [("major", "east-3-0", "inProgress", ("raised",))]
    assert watch.told[-1].link_reasons == {"same_element": 20}


def test_all_that_hangs_on_an_element_is_the_element() -> None:
    """Both cells of a site come under suspicion: the site fails, and that is no second failure beside it."""
    watch = Watch()
    watch.minutes("10:00", "10:29", "east-3-0", "east-3-1", each=3)
    assert watch.changes == [("major", "east-3", "inProgress", ("raised",))]


def test_one_customer_is_one_however_often_she_complains() -> None:
    """Sixty complaints, four customers."""
    watch = Watch()
    for number in range(4):
        watch.minutes(f"10:0{number}", f"10:0{number + 1}", "east-3-0", each=15, customer=f"angry {number}")
    watch.minutes("10:04", "10:10")
    assert watch.told == []


def test_a_rise_of_the_whole_region_blames_nobody() -> None:
    """Twelve complaints a minute, everywhere alike; then all about one product's elements only.

    complaints   10:00 ====================== 11:00   720 of 48 cells
    """
    olts = [
        element(f"olt-{city}-{site}", city, kind="olt") for city in ("east", "west") for site in range(SITES)
    ]
    watch = Watch(*olts)
    watch.minutes("10:00", "10:30", *cells(), each=12)
    assert watch.told == []
    watch.minutes("10:30", "11:00", *(olt.element_id for olt in olts), each=12)
    assert watch.told == []


def test_the_second_element_of_a_parent_makes_it_critical_and_names_the_parent() -> None:
    """Then what they share is what has failed.

    east-3    10:00 ||||||||||||||||||||||
    east-7             10:10 |||||||||||||
    suspicion      major: east-3      critical: east
    """
    watch = Watch()
    watch.minutes("10:00", "10:10", "east-3-0", "east-3-1")
    watch.minutes("10:10", "10:35", "east-7-0", "east-3-0", "east-7-1", "east-3-1", "east-7-0", each=3)
    assert watch.changes == [
        ("major", "east-3", "inProgress", ("raised",)),
        ("critical", "east", "inProgress", ("linked", "updated")),
    ]
    last = watch.told[-1]
    assert {one.id for one in watch.told} == {last.id}
    assert [resource.id for resource in last.affected_resource] == ["east-3", "east-7"]
    assert last.name == "Guangdong: suspected hidden outage of east (east-3, east-7)"
    assert last.name_zh == "广东：疑似隐性故障，east（east-3、east-7）"
    assert last.priority == 1


def test_two_cities_are_two_suspicions() -> None:
    """Sites that hang on nothing in common but the network."""
    watch = Watch()
    watch.minutes("10:00", "10:29", "east-3-0", "west-5-0", each=4)
    assert sorted(one[1] for one in watch.changes if one[3] == ("raised",)) == ["east-3-0", "west-5-0"]


def test_the_alarm_that_explains_its_complaints_takes_it() -> None:
    """The OSS tells of it at last, ten minutes after the customers did.

    complaints   10:00 |||||||||||||||||||||||
    suspicion             raised     merged
    alarm                        10:20, of 10:02
    """
    watch = Watch()
    watch.minutes("10:00", "10:20", "east-3-0", "east-3-1")
    watch.take(report("a", "10:20", raised_time="10:02", element_ids=("east-3",)))
    (alarm,) = watch.bench.desk.told.values()
    last = watch.told[-1]
    assert (last.status, last.reasons, last.parent_problem) == ("cancelled", ("merged",), alarm.id)
    assert (last.trouble_ticket_count, alarm.trouble_ticket_count) == (0, 20)
    assert not watch.bench.desk.suspicions.told
    watch.minutes("10:20", "10:50", "east-3-0", "east-3-1")
    assert watch.told[-1] is last, "what an alarm explains is no news"


def test_an_alarm_elsewhere_ends_nothing() -> None:
    """It explains a few of its complaints at most."""
    watch = Watch()
    watch.minutes("10:00", "10:20", "east-3-0", "east-3-1")
    watch.take(report("a", "10:20", raised_time="10:02", element_ids=("east-4",)))
    watch.minutes("10:20", "10:25", "east-3-0")
    assert watch.told[-1].status == "inProgress"


def test_planned_work_is_no_hidden_outage() -> None:
    """Everybody knows why they complain."""
    watch = Watch()
    plan = {"planned_outage_indicator": True, "raised_time": "10:00", "planned_end_time": "12:00"}
    watch.take(report("work", "9:00", "minor", element_ids=("east-3",), **plan))
    watch.minutes("10:00", "10:30", "east-3-0", "east-3-1")
    assert watch.told == []


def test_it_ends_when_it_has_been_calm_for_half_an_hour() -> None:
    """p passes 0.05 when two complaints are left in the window. What comes later is another.

    complaints   10:00 ||||||||||||||| 10:14                         14:00 |||||||||||||||
    p < 0.05         ~~~~~~~~~~~~~~~~~~~~~~ 10:41                         ~~~~~~~
    suspicion           raised                     closed 11:11            raised
    """
    watch = Watch()
    watch.minutes("10:00", "10:15", "east-3-0", "east-3-1")
    watch.minutes("10:15", "14:00")
    watch.minutes("14:00", "14:15", "east-3-0", "east-3-1")
    first, closed, again = (one for one in watch.told if one.reasons != ("linked",))
    assert (closed.id, closed.status, closed.reasons) == (first.id, "closed", ("closed",))
    assert closed.trouble_ticket_count == 15
    assert closed.resolution_date == iso(at("10:41"))
    assert (again.reasons, again.status) == (("raised",), "inProgress")
    assert again.id != first.id
    assert [one.sequence for one in watch.told if one.id == first.id] == list(range(1, closed.sequence + 1))


def test_all_its_complaints_are_counted_also_those_of_hours_ago() -> None:
    """Five hours: what has left the window is counted for good; urges apart."""
    watch = Watch()
    watch.minutes("10:00", "15:00", "east-3-0", "east-3-1")
    watch.minutes("15:00", "15:01", "east-3-0", is_urge=True)
    watch.minutes("15:01", "15:03")
    last = watch.told[-1]
    assert (last.trouble_ticket_count, last.urge_count) == (300, 1)
    assert len({one.id for one in watch.told}) == 1


def test_a_slow_beginning_is_not_forgiven() -> None:
    """Everybody complains a little; one site ever more, so slowly that its own complaints fill the hour before.

    elsewhere    9:00 . . . . . . . . . . . . . . . . .
    east-3                     10:00 .  .  . .. ... ||||| raised
    """
    watch = Watch()
    names = [name for name in cells() if not name.startswith("east-3")]
    watch.minutes("9:00", "10:00", *names)
    for half_hour in range(5):
        share = ["east-3-0", "east-3-1"] * (half_hour + 1)
        mixed = [name for pair in zip(names[: len(share) * 2], share * 2, strict=False) for name in pair]
        first = f"{10 + half_hour // 2}:{30 * (half_hour % 2):02d}"
        watch.minutes(first, f"{10 + (half_hour + 1) // 2}:{30 * ((half_hour + 1) % 2):02d}", *mixed)
    assert [one[:2] for one in watch.changes][:1] == [("major", "east-3")]


def test_who_always_complains_is_excused() -> None:
    """Half of the few complaints come from one site all day; when the whole region complains four times as much, so does it.

    east-3       8:00 :   :   :   :   :   :   12:00 ::::::::::::::
    elsewhere    8:00 :   :   :   :   :   :   12:00 ::::::::::::::
    """
    names = [name for name in cells() if not name.startswith("east-3")]

    def play(*, past: bool) -> list[tuple[str, str, str, tuple[str, ...]]]:
        watch = Watch()
        for number in range(30 if past else 0):
            clock = 8 * 60 + number * 8
            first, last = (f"{minute // 60}:{minute % 60:02d}" for minute in (clock, clock + 1))
            watch.minutes(first, last, "east-3-0" if number % 2 else names[number])
        mixed = [name for pair in zip(names, ["east-3-0", "east-3-1"] * 23, strict=True) for name in pair]
        watch.minutes("12:00", "12:29", *mixed)
        return watch.changes

    assert play(past=True) == []
    assert play(past=False)[0][:2] == ("major", "east-3")


def test_what_has_lasted_long_is_the_way_things_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """After twelve hours (here two) the site is compared with what it was an hour ago; half an hour later the suspicion ends.

    complaints   0:00 |||||||||||||||||||||||||||||||||||||||| 5:00
    suspicion       raised              2:04        closed 2:34
    """
    assert KEPT_FOR == 12 * HOUR
    monkeypatch.setattr(watchlist, "KEPT_FOR", 2 * HOUR)
    watch = Watch()
    watch.minutes("0:00", "5:00", "east-3-0", "east-3-1")
    raised, closed = (one for one in watch.told if one.reasons != ("linked",))
    assert (raised.reasons, closed.reasons) == (("raised",), ("closed",))
    assert closed.resolution_date == iso(at("2:03"))


def test_what_comes_late_counts_in_the_minutes_to_come() -> None:
    """A producer's queue: complaints of 10:00 to 10:08 arrive at 10:12; they are still of the last half hour."""
    watch = Watch()
    late = [watch.complain(f"10:0{minute}", "east-3-0") for minute in range(8)]
    watch.minutes("10:00", "10:12")
    watch.take(*late)
    assert watch.told == []
    watch.minutes("10:12", "10:14")
    assert [one.suspicion.looked for one in watch.told if one.suspicion] == [iso(at("10:12"))]
    assert watch.told[0].trouble_ticket_count == 8


def test_elements_that_nobody_has_described_are_no_suspects() -> None:
    """How many there are is not known; once they are described, their complaints count."""
    watch = Watch()
    watch.minutes("10:00", "10:10", "new-1", "new-2")
    assert watch.told == []
    watch.take(
        element("new", "east", kind="bts"), *(element(f"new-{cell}", "new", kind="cell") for cell in (1, 2))
    )
    watch.minutes("10:10", "10:12")
    assert [one[1] for one in watch.changes] == ["new"]


def test_the_only_one_is_never_blamed() -> None:
    """A region of one site: all complaints are about it, whatever has happened."""
    watch = Watch(
        element("island", region="46", kind="bts"), element("island-0", "island", region="46", kind="cell")
    )
    watch.minutes("10:00", "10:30", "island-0", each=9, region="46")
    assert watch.told == []


def test_subscribers_that_the_topology_tells_are_affected() -> None:
    """A site of 4,000 is no more likely than one of 400: it takes more customers, and the record says how many hang on it."""

    def play(subscribers: int) -> tuple[int, int]:
        more = [
            element(f"east-3-{cell}", "east-3", kind="cell", subscribers=subscribers // 2)
            for cell in range(2)
        ]
        others = [
            element(name, name.rpartition("-")[0], kind="cell", subscribers=200)
            for name in cells()
            if not name.startswith("east-3")
        ]
        watch = Watch(*more, *others, element("east-3", "east", kind="bts", subscribers=subscribers))
        watch.minutes("10:00", "10:29", "east-3-0", "east-3-1")
        first = watch.told[0]
        return first.affected_number_of_services, first.trouble_ticket_count

    assert play(400) == (400, 8)
    services, complaints = play(4_000)
    assert services == 4_000
    assert complaints > 12
