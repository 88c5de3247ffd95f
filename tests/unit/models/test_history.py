"""Urges and repeats of a customer."""

from hypothesis import given
from hypothesis import strategies as st

from models.history import REPEAT_SECONDS, History, Recall
from models.pane import DAY

T0 = 1_750_000_000


def test_the_second_complaint_of_a_day_is_an_urge() -> None:
    """
    day      0        12 h          23 h 59 min 59 s       48 h
             first    urge          urge                   repeat of 1
    """
    history = History()
    assert history.recall("c", "NET", T0, 0, None) == Recall(is_urge=False, repeats=0)
    assert history.recall("c", "NET", T0 + DAY // 2, 1, T0) == Recall(is_urge=True, repeats=1)
    assert history.recall("c", "NET", T0 + DAY - 1, 2, T0).is_urge
    assert history.recall("c", "NET", T0 + 2 * DAY, 3, T0) == Recall(is_urge=False, repeats=1)


def test_other_customers_and_categories_do_not_matter() -> None:
    """The key is customer and category."""
    history = History()
    history.recall("c", "NET", T0, 0, None)
    assert history.recall("d", "NET", T0 + 1, 1, T0) == Recall(is_urge=False, repeats=0)
    assert history.recall("c", "BIL", T0 + 2, 2, T0) == Recall(is_urge=False, repeats=0)


def test_repeats_reach_back_thirty_days() -> None:
    """Thirty days exactly still count."""
    history = History()
    history.recall("c", "NET", T0, 0, None)
    assert history.recall("c", "NET", T0 + REPEAT_SECONDS, 1, T0).repeats == 1
    assert history.recall("c", "NET", T0 + REPEAT_SECONDS + 2 * DAY, 2, T0).repeats == 1


def test_a_complaint_judged_again_does_not_see_itself_or_later_ones() -> None:
    """A restored history may be ahead of the record."""
    history = History()
    first = history.recall("c", "NET", T0, 7, None)
    history.recall("c", "NET", T0 + 3 * DAY, 9, T0)
    assert history.recall("c", "NET", T0, 7, None) == first
    assert len(history.take_fresh()) == 2


complaints = st.lists(st.tuples(st.sampled_from("cd"), st.integers(0, 80 * DAY)), min_size=1, max_size=40)


@given(log=complaints, cut=st.integers(0, 40))
def test_forgetting_up_to_the_commit_changes_no_answer(log: list[tuple[str, int]], cut: int) -> None:
    """What is dropped lies before the horizon of every record that is still to come."""
    log = sorted(log, key=lambda entry: entry[1])
    cut = min(cut, len(log))

    def run(history: History, start: int) -> list[Recall]:
        return [
            history.recall(customer, "NET", T0 + shift, offset, T0 + shift)
            for offset, (customer, shift) in list(enumerate(log))[start:]
        ]

    whole = run(History(), 0)
    history = History()
    run_before = [
        history.recall(customer, "NET", T0 + shift, offset, T0 + shift)
        for offset, (customer, shift) in enumerate(log[:cut])
    ]
    if cut:
        history.forget(T0 + log[cut - 1][1] - REPEAT_SECONDS - 3600)
    assert run_before + run(history, cut) == whole


@given(log=complaints, undone=st.sets(st.integers(0, 39)), taken=st.integers(0, 39))
def test_what_is_undone_has_never_been(log: list[tuple[str, int]], undone: set[int], taken: int) -> None:
    """At once, before the next one and before it is stored; undoing what was not remembered does nothing."""
    history, without = History(), History()
    for offset, (customer, shift) in enumerate(log):
        answer = history.recall(customer, "NET", T0 + shift, offset, None)
        if offset in undone:
            history.undo(offset)
            history.undo(offset)
        else:
            assert without.recall(customer, "NET", T0 + shift, offset, None) == answer
        history.undo(offset + 1)
        if offset == taken:
            assert history.take_fresh() == without.take_fresh()
    assert history.take_fresh() == without.take_fresh()
    assert (history._entries, history._by_day) == (without._entries, without._by_day)
