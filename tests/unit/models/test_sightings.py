"""The sums of the half hour and of the hour before it: kept up to date, they are what a plain recount gives."""

from collections import Counter
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from models.explains import LinkReason, Phase
from models.linking import Link
from models.pane import MINUTE
from models.population import Population
from models.scan import CUSTOMERS_MIN, WINDOW
from models.sightings import HORIZON, Sightings
from models.topologytree import Topology
from tests.unit.models.outages import at, complaint, element

LINK = Link("i", "a", 0.9, LinkReason.SAME_ELEMENT, Phase.DURING)
TREE = ("cell-1", "cell-2", "bts", "core")
steps = st.lists(
    st.one_of(
        st.tuples(
            st.just("put"),
            st.integers(-100, 40),
            st.sampled_from(["", "cell-1", "cell-2", "bts", "new"]),
            st.integers(0, 9),
        ),
        st.tuples(st.just("explain"), st.integers(0, 30), st.booleans()),
        st.tuples(st.just("step"), st.integers(1, 40)),
        st.tuples(
            st.just("describe"),
            st.sampled_from(["cell-1", "cell-2", "new"]),
            st.sampled_from(["bts", "core", ""]),
        ),
    ),
    max_size=40,
)


def sightings() -> tuple[Topology, Population, Sightings]:
    topology = Topology()
    population = Population(topology)
    for id, parent in zip(TREE, ("bts", "bts", "core", ""), strict=True):
        one = element(id, parent)
        population.put(one, moved=topology.put(one))
    return topology, population, Sightings(topology, population, at("10:00"))


def plainly(held: list[tuple[Any, bool]], topology: Topology, now: int) -> tuple[Any, ...]:
    """Return window, kinds and past, counted anew."""
    window: dict[str, Counter[str]] = {}
    kinds: Counter[str] = Counter()
    past: Counter[str] = Counter()
    for facts, is_explained in held:
        age = now + (-facts.time // MINUTE) * MINUTE
        if (
            is_explained
            or facts.element not in topology
            or not 0 <= now - -(-facts.time // MINUTE) * MINUTE < HORIZON
        ):
            continue
        age = now - -(-facts.time // MINUTE) * MINUTE
        for node in (facts.element, *topology.above(facts.element)):
            if age < WINDOW:
                window.setdefault(node, Counter())[facts.customer] += 1
            else:
                past[node] += 1
        if age < WINDOW:
            kinds[facts.customer] += 1
    large = {node for node, who in window.items() if len(who) >= CUSTOMERS_MIN}
    return window, kinds, past, large


@given(steps)
def test_what_is_kept_up_to_date_is_what_is_counted_anew(walk: list[Any]) -> None:
    """Complaints early and late, explained and not, minutes that pass, elements that move or are described later."""
    topology, population, found = sightings()
    held: list[tuple[Any, bool]] = []
    for kind, *rest in walk:
        if kind == "put":
            minute, name, customer = rest
            facts = complaint(f"c{len(held)}", "10:00", element=name, customer=f"k{customer}")
            facts = facts._replace(time=found.judged + minute * MINUTE - 7)
            # One that comes when its minute has left is not looked at again.
            if found.judged - -(-facts.time // MINUTE) * MINUTE < HORIZON:
                held.append((facts, False))
            found.put(facts, None)
        elif kind == "explain" and rest[0] < len(held):
            held[rest[0]] = (held[rest[0]][0], rest[1])
            found.explain(held[rest[0]][0], LINK if rest[1] else None)
        elif kind == "step":
            for _ in range(rest[0]):
                found.step()
        elif kind == "describe":
            one = element(rest[0], rest[1])
            population.put(one, moved=topology.put(one))
            found.settle_ways()
        window, kinds, past, large = plainly(held, topology, found.judged)
        crowd = found.crowds.get("44")
        assert (crowd.customers if crowd else {}) == window
        assert (crowd.kinds.get("olt", {}) if crowd else {}) == kinds
        assert ({node: sum(by.values()) for node, by in crowd.past.items()} if crowd else {}) == past
        assert (crowd.large if crowd else set()) == large


def test_a_complaint_belongs_to_the_minute_that_it_ends_in() -> None:
    """Made at 10:05:00 to the minute 10:05, a second later to 10:06; it stays half an hour, and an hour more in the past."""
    _, _, found = sightings()
    for id, clock in (("a", "10:05"), ("b", "10:05:01")):
        found.put(complaint(id, clock, element="cell-1", customer=id), None)
    seen: dict[str, list[int]] = {"a": [], "b": []}
    remembered = []
    for minute in range(1, 130):
        found.step()
        for customer in found.crowds.get("44").customers.get("cell-1", {}) if found.crowds else ():  # type: ignore[union-attr]
            seen[customer].append(minute)
        remembered.append(found.crowds["44"].past.get("cell-1", {}).get("olt", 0) if found.crowds else 0)
    assert (seen["a"][0], seen["a"][-1]) == (5, 34)
    assert (seen["b"][0], seen["b"][-1]) == (6, 35)
    assert (
        remembered[33],
        remembered[34],
        remembered[35],
        remembered[93],
        remembered[94],
        remembered[95],
    ) == (0, 1, 2, 2, 1, 0)
