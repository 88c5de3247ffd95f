"""The sum of an incident's complaints is that of those that are there, whatever came and went."""

from hypothesis import given
from hypothesis import strategies as st

from models.explains import LinkReason, Phase
from models.held import Held, Stamp
from models.incident import TICKETS_MAX, Tally
from models.linked import KEPT, Linked
from models.linking import Link
from tests.unit.models.outages import complaint

REASONS = (LinkReason.SAME_ELEMENT, LinkReason.REGION_ONLY)


def held(number: int, minute: int, *, is_urge: bool = False) -> Held:
    link = Link("i", "a", 0.5, REASONS[number % 2], Phase.DURING)
    facts = complaint(f"c-{number:04d}", f"10:{minute}", is_urge=is_urge)
    return Held(facts, Stamp(number, 0, "", number), link)


def summed(complaints: list[Held]) -> Tally:
    counted = [one for one in complaints if not one.facts.is_urge]
    reasons = [str(one.link.reason) for one in counted if one.link]
    quarters: dict[int, tuple[int, int]] = {}
    for one, reason in zip(counted, reasons, strict=True):
        start = one.facts.time // 900 * 900
        count, named = quarters.get(start, (0, 0))
        quarters[start] = count + 1, named + (reason == LinkReason.SAME_ELEMENT)
    return Tally(
        {reason: reasons.count(reason) for reason in sorted(set(reasons))},
        len(complaints) - len(counted),
        tuple(sorted((one.facts.time, one.facts.id) for one in counted)[:TICKETS_MAX]),
        quarters,
    )


@given(st.lists(st.tuples(st.integers(0, 300), st.booleans(), st.booleans()), max_size=60))
def test_it_is_the_sum_of_what_is_there(steps: list[tuple[int, bool, bool]]) -> None:
    """Complaints and urges come and go in any order; removing one that is not there changes nothing."""
    linked, there = Linked(), list[Held]()
    for number, (minute, leaves, is_urge) in enumerate(steps):
        if leaves and there:
            gone = there.pop(minute % len(there))
            linked.remove(gone)
            linked.remove(gone)
        else:
            there.append(held(number, minute, is_urge=is_urge))
            linked.add(there[-1])
        assert (linked.tally(), len(linked)) == (summed(there), len(there))


def test_the_earliest_are_right_while_the_front_settles() -> None:
    """More than are kept in order, going from the front as in a long outage, with late ones among those that come."""
    linked, there = Linked(), list[Held]()
    for number in range(4 * KEPT):
        there.append(held(number, number if number % 7 else number // 2))
        linked.add(there[-1])
    while there:
        for gone in there[:30]:
            linked.remove(gone)
        del there[:30]
        assert linked.tally() == summed(there)


def test_what_comes_behind_those_that_are_kept_in_order_waits_its_turn() -> None:
    """A long outage in balance: ten settle at the front while ten come at the end, and there are always more between."""
    linked, there = Linked(), list[Held]()
    for number in range(2 * KEPT):
        there.append(held(number, number))
        linked.add(there[-1])
    for number in range(2 * KEPT, 6 * KEPT, 10):
        for gone in there[:10]:
            linked.remove(gone)
        del there[:10]
        for later in range(number, number + 10):
            there.append(held(later, later))
            linked.add(there[-1])
        assert linked.tally() == summed(there)


def test_the_whole_front_may_go_before_anyone_asks() -> None:
    """Links move by the hundred when an alarm turns out to be another's child."""
    linked, there = Linked(), [held(number, number) for number in range(3 * KEPT)]
    for one in there:
        linked.add(one)
    for gone in there[: KEPT + 1]:
        linked.remove(gone)
    del there[: KEPT + 1]
    there += [held(9_000, 0), held(9_001, 10_000)]
    for one in there[-2:]:
        linked.add(one)
    assert linked.tally() == summed(there)
