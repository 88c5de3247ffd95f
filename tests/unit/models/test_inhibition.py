"""Which warnings are told of those that fire for the same thing: always one that nothing holds back, in any order."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.contributors import rate_of
from models.dutypolicy import Inhibition, Relation, rank_of
from models.inhibition import Inhibitor, Open, inhibited, size_of, wholes_of
from models.matchers import labels_of
from tests.unit.models.duties import POLICY, Bench, cleared, warning

CELLS = (
    "all",
    "region=44",
    "region=31",
    "category=NET",
    "category=BIL",
    "region=44,category=NET",
    "region=44,category=BIL",
    "region=31,category=NET",
)
SEVERITIES = ("warning", "minor", "major", "critical")
SHARE = 0.8


def going_on(*told: tuple[str, str, str, float]) -> dict[str, Open]:
    """Return open warnings from id, cell, severity and excess of an hour."""
    found = {}
    for id, cell, severity, excess in told:
        one = warning(
            id, cell=cell, severity=severity, observed=100 + excess, expected=100.0, window_seconds=3_600
        )
        found[id] = Open(one, labels_of(one), rate_of(one))
    return found


def held(*told: tuple[str, str, str, float]) -> dict[str, Inhibitor]:
    """Return what the shipped policy says of these."""
    return inhibited(POLICY.inhibitions, going_on(*told))


opened = st.lists(
    st.tuples(st.sampled_from(CELLS), st.sampled_from(SEVERITIES), st.integers(-20, 300)), max_size=9
).map(lambda drawn: going_on(*((f"w{number}", *one) for number, one in enumerate(drawn))))
_entry = st.sampled_from(
    (
        *POLICY.inhibitions,
        replace(POLICY.inhibitions[1], relation=Relation.SAME),
        replace(POLICY.inhibitions[0], share=0.0),
    )
)


def test_every_step_of_a_chain_is_explained_and_the_smallest_is_told() -> None:
    """Of the nation the province has 82 %, of the province its category 85 %: each step explains, and the last one is told.

    all 100  <- 82 %  region=44  <- 85 %  region=44,category=NET
    """
    found = held(
        ("a", "all", "major", 100.0),
        ("r", "region=44", "major", 82.0),
        ("c", "region=44,category=NET", "major", 70.0),
    )
    assert found == {"a": (Relation.PART, "r", "c"), "r": (Relation.PART, "c", "c")}


def test_the_smallest_is_chosen_and_not_the_worst() -> None:
    """Both explain the nation: the category of the province is told, however severe the province."""
    found = held(
        ("a", "all", "minor", 100.0),
        ("r", "region=44", "critical", 95.0),
        ("c", "region=44,category=NET", "minor", 90.0),
    )
    assert found["a"].near == "c"
    # A milder part never holds back a worse whole: the province is told, and its category is linked to it.
    assert (found["c"].told, found["a"].told) == ("r", "r")
    assert "r" not in found


def test_a_wave_over_all_provinces_is_told_once() -> None:
    """Its parts explain their provinces, and are linked to the category themselves: one call instead of sixty-two."""
    told = [("n", "category=NET", "major", 900.0)]
    for region in ("11", "31", "44"):
        told += [(f"c{region}", f"region={region},category=NET", "major", 30.0)]
        told += [(f"p{region}", f"region={region}", "minor", 32.0)]
    found = held(*told)
    assert {one.told for one in found.values()} == {"n"}
    assert found["p44"] == (Relation.PART, "c44", "n")
    assert len(found) == 6


def test_what_nothing_explains_is_told_beside_the_part_that_explains_another() -> None:
    """Bills explain the nation's excess; a cut in one province has nothing to do with them."""
    found = held(
        ("a", "all", "major", 1_000.0),
        ("b", "category=BIL", "major", 900.0),
        ("c", "region=44,category=NET", "major", 60.0),
    )
    assert found == {"a": (Relation.PART, "b", "b")}


@given(opened, st.lists(_entry, max_size=4), st.randoms())
def test_every_warning_that_is_held_back_names_one_that_is_told(
    going_on: dict[str, Open], entries: list[Inhibition], luck: object
) -> None:
    """At least as severe, and one step away or through others that are held back by it; the order changes nothing."""
    found = inhibited(entries, going_on)
    shuffled = list(going_on.items())
    luck.shuffle(shuffled)  # type: ignore[attr-defined]
    assert inhibited(entries, dict(shuffled)) == found
    assert len(found) < len(going_on) or not going_on
    for id, (relation, near, told) in found.items():
        assert told not in found
        assert near == told or found[near].told == told
        assert rank_of(going_on[told].warning.severity) >= rank_of(going_on[id].warning.severity)
        own, other = going_on[id].warning.cell, going_on[near].warning.cell
        if relation is Relation.PART:
            assert own in wholes_of(other)
        elif relation is Relation.WHOLE:
            assert other in wholes_of(own)
        else:
            assert own == other


@given(opened)
def test_a_part_that_holds_back_has_enough_of_the_excess_and_none_that_has_is_smaller(
    going_on: dict[str, Open],
) -> None:
    """By the packaged policy: four fifths, and what is not held back has no such part that is as severe."""
    found = inhibited(POLICY.inhibitions, going_on)
    for id, target in going_on.items():
        enough = [
            one
            for one, source in going_on.items()
            if target.warning.cell in wholes_of(source.warning.cell)
            and rank_of(source.warning.severity) >= rank_of(target.warning.severity)
            and source.excess >= SHARE * target.excess > 0
        ]
        if not enough:
            assert id not in found or found[id].relation is not Relation.PART
            continue
        assert found[id].relation is Relation.PART
        assert found[id].near in enough
        assert size_of(going_on[found[id].near].warning.cell) == max(
            size_of(going_on[one].warning.cell) for one in enough
        )


@given(st.permutations(range(5)), st.integers(0, 4))
def test_the_order_of_arrival_changes_nothing_and_an_end_hides_nothing(order: list[int], over: int) -> None:
    """The same is held back in the end whoever came first; when one is over, the others are judged without it."""
    told = (
        ("a", "all", 1_000.0, "minor"),
        ("n", "category=NET", 900.0, "minor"),
        ("r", "region=44", 95.0, "minor"),
        ("c", "region=44,category=NET", 90.0, "major"),
        ("d", "region=31,category=NET", 40.0, "minor"),
    )

    def open_all(indexes: list[int]) -> Bench:
        bench = Bench()
        for at in indexes:
            id, cell, excess, severity = told[at]
            bench.warn(0, warning(id, cell=cell, observed=100 + excess, expected=100.0, severity=severity))
        return bench

    bench, other = open_all(order), open_all(sorted(order))
    found = {id: (state.suppression, state.linked) for id, state in bench.desk.states.items()}
    assert found == {id: (state.suppression, state.linked) for id, state in other.desk.states.items()}
    id, cell, _, _ = told[over]
    bench.warn(1, cleared(id, cell=cell))
    without = open_all([at for at in order if at != over])
    assert {one: state.suppression for one, state in bench.desk.states.items() if one != id} == {
        one: state.suppression for one, state in without.desk.states.items()
    }


def test_a_part_that_recovers_goes_on_explaining_until_it_is_over() -> None:
    """Its count is down already, and its parent's window still holds what it counted: nobody is called about that.

    c   NET in 44   10:00 raised ------ 10:30 recovering ------------ 11:00 cleared
    p   region 44   10:00 raised ---------------------------------------------------
    o   elsewhere                             10:40 raised
    told            10:00:30 c                10:40:30 o              11:00:30 p released
    """
    bench = Bench()
    bench.warn(
        0,
        warning("p", cell="region=44", observed=150.0, expected=100.0),
        warning("c", observed=60.0, expected=14.0),
    )
    bench.warn(30, warning("c", 2, "recovering", observed=15.0, expected=14.0))
    bench.warn(40, warning("o", cell="region=31,category=BRD"))
    assert bench.state("p").suppression.by == "c"
    bench.warn(60, cleared("c", 3))
    assert not bench.state("p").is_suppressed
    assert "released" in bench.state("p").news


@pytest.mark.parametrize("cell", ["all", "region=44"])
def test_what_lies_between_is_named(cell: str) -> None:
    """`by` is who is told, `via` the warning that explains it in the first place."""
    bench = Bench()
    bench.warn(
        0,
        warning("a", cell="all", observed=200.0, expected=100.0),
        warning("r", cell="region=44", observed=182.0, expected=100.0),
        warning("c", observed=170.0, expected=100.0),
    )
    id = {"all": "a", "region=44": "r"}[cell]
    held = bench.state(id).suppression
    assert (held.reason, held.by, held.via) == ("part", "c", "r" if id == "a" else "")
    assert bench.state("c").linked == ("a", "r")
