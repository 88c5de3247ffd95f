"""What the safeguards of time, of the ledger and of the source's identity prevent, as in `test_safeguards`."""

import re
from functools import partial
from pathlib import Path
from random import Random

import pytest

from agents.batch import Partition
from agents.intake import IntakeContext, IntakePartition
from agents.windows import WindowsPartition, _Staged
from models.pane import HOUR, MINUTE
from models.screen import Outcome, Screen
from tests.unit.agents.day import ledger, play, reference
from tests.unit.agents.lives import (
    PARTITIONS,
    SOURCES,
    T0,
    TOPIC,
    call,
    cut_short,
    long_script_of,
    routes,
    run,
    script_of,
)
from tests.unit.agents.modelled import ModelledBroker, ModelledWorker
from tests.unit.agents.recounted import Difference, differences
from tests.unit.agents.shortened import calls, cut
from topics.catalogue import PANES


def test_without_a_watermark_of_its_own_a_partition_s_events_are_late_because_of_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Then it depends on who is read first whether an event is on time, and after a crash it is another one.

    partition 0   12:00 12:10 12:20
    partition 1   12:00 ........... 12:01      on time here, late beside partition 0
    """
    decide = Screen.decide
    for seed in range(3):
        with monkeypatch.context() as patch:
            assert differences(run(script_of(seed))) == set()
            newest = T0

            def shared(self: Screen, key: str, time: int, append: int, offset: int) -> Outcome:
                nonlocal newest
                outcome = decide(self, key, time, append, offset)
                newest = max(newest, time)
                if outcome is Outcome.DUPLICATE:
                    return outcome
                late = time - time % MINUTE + MINUTE <= newest - self._policy.allowed_lateness
                return Outcome.LATE if late else Outcome.ON_TIME

            patch.setattr(Screen, "decide", shared)
            assert differences(run(script_of(seed))) >= {Difference.SPLIT}


def zombie_beats_late(seed: int) -> ModelledBroker:
    """Let a worker that has lost its partition believe that nothing happens there.

    zombie   takes some ................... an hour later: a heartbeat for the offset that it expects
    owner               takes more                                                                      takes the rest
    """
    chance = Random(seed)
    broker = ModelledBroker(append_ms=T0 * 1000)

    def append(events: int, time: int) -> None:
        for number in range(events):
            broker.append(TOPIC, 0, b"c", call(f"id{time}-{number}", time + number, "44"))

    append(chance.randint(1, 9), T0)
    zombie = ModelledWorker(broker, routes, PARTITIONS)
    zombie.take(SOURCES[0], 1_000)
    owner = ModelledWorker(broker, routes, PARTITIONS)
    append(chance.randint(1, 9), T0 + MINUTE)
    owner.take(SOURCES[0], 1_000)
    broker.append_ms += HOUR * 1000
    zombie.core.live[SOURCES[0]].idle(3600.0)
    zombie.outbox.deliver(1_000)
    append(chance.randint(1, 9), T0 + 2 * MINUTE)
    owner.drain([SOURCES[0]])
    return broker


def test_without_the_expected_offset_a_zombie_s_heartbeat_makes_events_late(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It speaks of an idleness that has ended: what was sent meanwhile stands before it in the log."""
    seeds = range(3)
    assert [differences(zombie_beats_late(seed)) for seed in seeds] == [set()] * 3
    beat = Screen.beat

    def anywhere(
        self: Screen, time: int | None, expected_offset: int | None, append: int, offset: int
    ) -> bool:
        return beat(self, time, offset, append, offset)

    monkeypatch.setattr(Screen, "beat", anywhere)
    assert all(Difference.SPLIT in differences(zombie_beats_late(seed)) for seed in seeds)


def test_with_state_beside_its_outputs_transitions_are_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next owner goes on after a transition that nobody was told of.

    life 1   raises a warning; that the episode is raised arrives, the warning does not; killed
    life 2   updates and clears what was never raised
    """
    seed = 13
    assert ledger(play(seed, is_slow=True)) == reference()
    stage = WindowsPartition._stage

    def at_once(self: WindowsPartition, number: int) -> _Staged:
        staged = stage(self, number)
        self._write(staged)
        return staged

    monkeypatch.setattr(WindowsPartition, "_stage", at_once)
    told = ledger(play(seed, is_slow=True))
    assert any(set(transitions) - set(told.get(id_, ())) for id_, transitions in reference().items())


def source_is_made_anew(seed: int, topic_ids: tuple[str, str]) -> ModelledBroker:
    """Let a topic be deleted and created again under its name, with other events under the same ids.

    topic_ids: what it is known by before and after.
    """
    chance = Random(seed)
    broker = ModelledBroker(append_ms=(T0 + 10**6) * 1000)
    for topic_id, events in zip(topic_ids, (chance.randint(20, 40), chance.randint(1, 30)), strict=True):
        # What was said of the former one is of no interest here.
        for place in (SOURCES[0], Partition(PANES, 0), Partition(PANES, 1)):
            broker.logs[place].clear()
        for number in range(events):
            time = T0 + chance.randrange(5) * MINUTE
            broker.append(TOPIC, 0, b"c", call(f"id{number}", time, chance.choice(("11", "44"))))
        ModelledWorker(broker, partial(routes, topic_id=topic_id), PARTITIONS).drain(SOURCES)
    return broker


def test_without_the_topic_s_id_a_topic_that_was_made_anew_is_taken_for_the_former_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Its first offsets are committed already, its ids are known, and stamps of the former one are larger."""
    seeds = range(3)
    ids = ("first", "second")
    assert [differences(source_is_made_anew(seed, ids), "second") for seed in seeds] == [set()] * 3
    monkeypatch.setattr(IntakeContext, "topic_id", property(lambda self: self.topic))
    assert all(Difference.LOST in differences(source_is_made_anew(seed, ids), TOPIC) for seed in seeds)


def read_in_part(seed: int) -> ModelledBroker:
    """Let the last life go on from a changelog whose end was not read, unless it is told that its state lacks something."""
    broker = cut(cut_short(long_script_of(seed)), calls(), Random(seed))
    ModelledWorker(broker, routes, PARTITIONS, compact=True).drain(SOURCES)
    return broker


def test_without_the_end_of_a_flush_a_part_of_the_changelog_passes_for_all_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """State that is older than what was committed with it lacks events that nobody reads again.

    Where nothing comes to their minutes any more, these are right with their readers, and the hour's sum alone is short.
    """
    seeds = (7, 38)
    assert [differences(read_in_part(seed)) for seed in seeds] == [set()] * 2
    monkeypatch.setattr(IntakePartition, "lacks", lambda self, committed: False)
    assert [differences(read_in_part(seed)) for seed in seeds] == [{Difference.HOUR}] * 2


def test_the_page_names_each_of_these_tests() -> None:
    """docs/exactness.md has a row for every safeguard; its names are those of tests that exist."""
    here = Path(__file__).parent
    page = (here.parents[2] / "docs" / "exactness.md").read_text(encoding="utf-8")
    files = [*here.glob("test_safeguards*.py"), here.parents[1] / "real" / "test_zombie.py"]
    tests = {
        name
        for file in files
        for name in re.findall(r"^def (test_with\w+)\(", file.read_text(encoding="utf-8"), re.MULTILINE)
    }
    assert set(re.findall(r"`(test_with\w+)`", page)) == tests
