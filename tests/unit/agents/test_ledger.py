"""The ledger of warnings through crashes: intake and windows together on the modelled broker, over the day that `day` plays."""

from functools import partial
from random import Random

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from agents.batch import Partition
from models.errors import ContractError
from models.outcomes import EarlyWarning
from tests.examples import examples
from tests.unit.agents.day import HOMES, ledger, log_of_the_day, play, reference, routes, uninterrupted
from tests.unit.agents.lives import PARTITIONS, SOURCES
from tests.unit.agents.modelled import ModelledBroker, ModelledWorker
from topics.catalogue import ACTIVE_WARNINGS, EARLY_WARNINGS


def test_the_understaffed_hour_raises_and_clears_its_warnings() -> None:
    """Both by the answer rate and by abandonment, each for the region and the nation."""
    decoder = msgspec.json.Decoder(EarlyWarning)
    broker = uninterrupted()
    warnings = [
        decoder.decode(record.value)
        for home in range(PARTITIONS)
        for record in broker.logs[Partition(EARLY_WARNINGS, home)]
        if record.value is not None
    ]
    raised = {(warning.rule, warning.cell) for warning in warnings if warning.transition == "raised"}
    assert {("EW13", "region=44"), ("EW14", "region=44")} <= raised
    cleared = {(warning.rule, warning.cell) for warning in warnings if warning.transition == "cleared"}
    assert cleared == raised
    for identities in reference().values():
        assert [identity[1] for identity in identities] == list(range(1, len(identities) + 1))
    active = {
        r.key: r.value for home in range(PARTITIONS) for r in broker.logs[Partition(ACTIVE_WARNINGS, home)]
    }
    assert set(active.values()) == {None}


@settings(max_examples=examples(15), deadline=None)
@example(seed=18, is_slow=False)  # state written while snapshots were still being read again
@given(seed=st.integers(0, 2**32), is_slow=st.booleans())
def test_the_ledger_is_that_of_an_uninterrupted_life(seed: int, is_slow: bool) -> None:
    """Transitions may be repeated on the wire; none is skipped, and none is new."""
    assert ledger(play(seed, is_slow=is_slow)) == reference()


def half(broker: ModelledBroker, version: str, *, drained: bool) -> ModelledWorker:
    """A life of `version` that judges about half of what is left, and stops cleanly or not at all."""
    worker = ModelledWorker(broker, partial(routes, lives=Random(1), version=version), PARTITIONS)
    worker.flush()
    worker.outbox.deliver(10_000)
    for source in SOURCES:
        worker.take(source, 900)
    for _ in range(3):
        worker.flush()
        worker.outbox.deliver(10_000)
        for home in HOMES:
            worker.take(home, 100_000)
    if drained:
        stop(worker)
    return worker


def stop(worker: ModelledWorker) -> None:
    """End a life as SIGTERM does."""
    for _ in range(3):
        worker.core.flush(closing=True)
        worker.outbox.deliver(10_000)
        worker.commit()


def test_another_version_goes_on_where_the_old_one_has_stopped_cleanly() -> None:
    """With the same judgement its ledger is the same too; nothing is lost between the two."""
    broker = log_of_the_day()
    half(broker, "old", drained=True)
    half(broker, "new", drained=True)
    last = partial(routes, lives=Random(2), version="newest")
    ModelledWorker(broker, last, PARTITIONS, compact=True).drain([*SOURCES, *HOMES])
    assert ledger(broker) == reference()


def test_another_version_is_refused_where_the_old_one_was_killed() -> None:
    """Panes may have been judged and published that no state knows of; the message says what to start."""
    broker = log_of_the_day()
    half(broker, "old", drained=False)
    with pytest.raises(
        ContractError, match=r"version old-\w+ was at work .* has not stopped cleanly; this is version new-"
    ):
        half(broker, "new", drained=False)
    half(broker, "old", drained=True)
    half(broker, "new", drained=False)


def test_a_zombie_that_drains_late_vouches_for_nobody() -> None:
    """The new owner is at work and was killed: what it has published is in no state.

    old   works ..................... stops cleanly, late
    new            works, is killed
    other                                                  is refused
    """
    broker = log_of_the_day()
    zombie = half(broker, "old", drained=False)
    half(broker, "old", drained=False)
    stop(zombie)
    with pytest.raises(ContractError, match="has not stopped cleanly"):
        half(broker, "other", drained=False)


def test_a_version_that_died_without_storing_anything_is_asked_for_too() -> None:
    """What it has published is in no state; it may go on itself, and nobody else.

    old   works, stops cleanly
    new                         publishes, is killed     goes on
    old                                       is refused
    """
    broker = log_of_the_day()
    half(broker, "old", drained=True)
    before = ledger(broker)
    worker = ModelledWorker(broker, partial(routes, lives=Random(3), version="new"), PARTITIONS)
    worker.flush()
    worker.outbox.deliver(1_000_000)
    for source in SOURCES:
        worker.take(source, 2_000)
        # The input alone is flushed: what the windows publish goes out, and their state does not.
        worker.core.live[source].flush(1_000, closing=False)
    worker.outbox.deliver(1_000_000)
    for home in HOMES:
        worker.take(home, 1_000_000)
    worker.outbox.deliver(1_000_000)
    assert ledger(broker) != before
    with pytest.raises(ContractError, match=r"version new-\w+ was at work"):
        half(broker, "old", drained=False)
    ModelledWorker(broker, partial(routes, lives=Random(4), version="new"), PARTITIONS).drain(
        [*SOURCES, *HOMES]
    )
    assert ledger(broker) == reference()


def test_the_very_first_version_is_asked_for_where_it_died() -> None:
    """It has no state yet, and may have published all the same."""
    broker = log_of_the_day()
    worker = ModelledWorker(broker, partial(routes, lives=Random(5), version="first"), PARTITIONS)
    worker.flush()
    worker.outbox.deliver(1_000)
    with pytest.raises(ContractError, match=r"version first-\w+ was at work"):
        half(broker, "second", drained=False)
    half(broker, "first", drained=True)
    half(broker, "second", drained=False)


def test_nothing_is_published_before_the_log_says_that_somebody_is_at_work() -> None:
    """A crash just before would otherwise leave the predecessor's word standing for what the new owner has published."""
    broker = log_of_the_day()
    half(broker, "old", drained=True)
    before = ledger(broker)
    worker = ModelledWorker(broker, partial(routes, lives=Random(3), version="new"), PARTITIONS)
    for source in SOURCES:
        worker.take(source, 1_000_000)
    worker.flush()
    entries = [broker.logs[Partition("barometer-windows-changelog", home.partition)] for home in HOMES]
    written = sum(map(len, entries))
    while sum(map(len, entries)) == written:
        worker.outbox.deliver(1)
    for home in HOMES:
        worker.take(home, 1_000_000)
    worker.outbox.deliver(1_000_000)
    assert ledger(broker) == before
    worker.drain(HOMES)
    assert ledger(broker) == reference()
