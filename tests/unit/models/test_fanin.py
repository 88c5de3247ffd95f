"""From the snapshots of all source partitions to closed panes."""

from hypothesis import given
from hypothesis import strategies as st

from models.fanin import FanIn

M = 1_750_000_020


def test_a_pane_waits_for_every_source_partition() -> None:
    """
    source 0   snapshot(m) watermark m+60
    source 1                              watermark m+60   -> only now m may close
    """
    fold = FanIn(2, 1)
    fold.add_snapshot(0, M, 3, {"all": [2, 9]}, 100)
    fold.add_watermark(0, 3, M + 60)
    frontiers = [fold.frontier]
    fold.add_watermark(1, 0, M + 60)
    frontiers.append(fold.frontier)
    assert frontiers == [None, M + 60]
    assert fold.close(M) == {"all": [2]}


def test_late_halves_decide_nothing() -> None:
    """A cell with late counts only is not in the total, and its pane opens no stream."""
    fold = FanIn(1, 1)
    fold.add_snapshot(0, M, 3, {"all": [0, 4]}, 100)
    assert fold.first_pane() is None
    assert fold.close(M) == {}


def test_the_commit_holds_back_to_the_first_record_of_an_open_pane() -> None:
    """Open panes are restored by reading `panes` again."""
    fold = FanIn(1, 1)
    fold.add_snapshot(0, M, 1, {"all": [1, 0]}, 100)
    fold.add_snapshot(0, M, 2, {"all": [2, 0]}, 150)
    fold.add_snapshot(0, M + 60, 2, {"all": [1, 0]}, 151)
    assert fold.needed_from() == 100
    fold.close(M)
    assert fold.needed_from() == 151


snapshots = st.lists(st.tuples(st.integers(0, 2), st.integers(0, 30)), min_size=1, max_size=30)


@given(log=snapshots, order=st.randoms(use_true_random=False))
def test_the_fold_does_not_depend_on_order_or_repetition(log: list[tuple[int, int]], order: object) -> None:
    """For each source the snapshot with the largest offset stays."""
    expected: dict[int, int] = {}
    for source, offset in log:
        expected[source] = max(offset, expected.get(source, -1))
    total = sum(offset + 1 for offset in expected.values())
    shuffled = log + log
    order.shuffle(shuffled)  # type: ignore[attr-defined]
    fold = FanIn(3, 1)
    for seen, (source, offset) in enumerate(shuffled):
        fold.add_snapshot(source, M, offset, {"all": [offset + 1, 0]}, seen)
    assert fold.peek(M + 60) == {M: {"all": [total]}}
    assert fold.close(M) == {"all": [total]}
