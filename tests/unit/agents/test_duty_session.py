"""One ownership of the duty desk without Kafka: what it reads, what it writes at once, and what a successor does."""

from collections.abc import Mapping
from random import Random
from types import SimpleNamespace
from typing import Any, Final

import msgspec
import pytest
from confluent_kafka import KafkaError, TopicPartition
from prometheus_client import CollectorRegistry

from agents.duty import session as owner
from agents.duty.kept import Desk
from agents.duty.session import MARGIN_SECONDS, Session
from agents.settings import Settings
from agents.single.pace import Pace
from agents.single.transaction import Refused
from models.annotated import DutyPosition, WarningState
from models.dutybook import Told
from models.dutyfile import load_duty
from models.excesses import CellExcesses
from models.measures import Stream
from models.notification import Notification
from monitoring.duty import DutyMetrics
from tests.unit.models.duties import MORNING, cleared, incident, warning
from tests.unit.models.suspected import merged, suspected
from topics.catalogue import EARLY_WARNINGS, EXCESSES, INCIDENTS, OPERATOR_ACTIONS, WARNING_FEEDBACK

PARTITIONS: Final = 2


class Killed(Exception):
    """The process is gone before its transaction was committed."""


class Message:
    def __init__(self, place: tuple[str, int], offset: int, record: tuple[float, bytes] | None) -> None:
        self._place, self._offset, self._record = place, offset, record

    def topic(self) -> str:
        return self._place[0]

    def partition(self) -> int:
        return self._place[1]

    def offset(self) -> int:
        return self._offset

    def error(self) -> Any:
        if self._record is not None:
            return None
        return SimpleNamespace(code=lambda: KafkaError._PARTITION_EOF, retriable=lambda: False)

    def timestamp(self) -> tuple[int, int]:
        assert self._record is not None
        return 1, round(self._record[0] * 1_000)

    def key(self) -> bytes:
        return b""

    def value(self) -> bytes:
        assert self._record is not None
        return self._record[1]

    def headers(self) -> list[tuple[str, bytes]]:
        return []


class World:
    """The topics, and what was committed: the desk's states, its position, and everything that it told."""

    def __init__(self, seed: int = 0) -> None:
        self.luck = Random(seed)
        self.logs: dict[tuple[str, int], list[tuple[float, bytes]]] = {
            **{(EARLY_WARNINGS, number): [] for number in range(PARTITIONS)},
            **{(EXCESSES, number): [] for number in range(PARTITIONS)},
            **{(INCIDENTS, number): [] for number in range(PARTITIONS)},
            (OPERATOR_ACTIONS, 0): [],
            (WARNING_FEEDBACK, 0): [],
        }
        self.frontiers: dict[Any, int] = {}
        self.position: DutyPosition | None = None
        self.states: dict[str, WarningState] = {}
        self.others: dict[tuple[int, str], Any] = {}
        self.notifications: list[Notification] = []
        self.refused: list[str] = []
        self.now = float(MORNING)
        self.dies_in = -1
        """Transactions until the process is killed in the middle of one."""
        self._cursors: dict[tuple[str, int], int] = {}

    # What happens

    def append(self, topic: str, value: Any, partition: int = 0) -> None:
        raw = value if isinstance(value, bytes) else msgspec.json.encode(value)
        self.logs[topic, partition].append((self.now, raw))

    def act(self, verb: str, id: str, **fields: Any) -> None:
        told = {"id": id, "time": round(self.now * 1000), "verb": verb, "actor": "duty officer", **fields}
        self.append(OPERATOR_ACTIONS, told)

    # The consumer

    def assign(self, places: list[TopicPartition]) -> None:
        self._cursors = {(one.topic, one.partition): one.offset for one in places}

    def pause(self, places: list[TopicPartition]) -> None:
        raise AssertionError("nothing is crowded here")

    def get_watermark_offsets(
        self, place: Any, timeout: float = 0.0, cached: bool = False
    ) -> tuple[int, int]:
        return 0, len(self.logs[place.topic, place.partition])

    def consume(self, most: int, seconds: float) -> list[Message]:
        found = []
        places = list(self._cursors)
        self.luck.shuffle(places)
        for place in places:
            log, at = self.logs[place], self._cursors[place]
            until = min(len(log), at + self.luck.randint(1, 3))
            found += [Message(place, offset, log[offset]) for offset in range(at, until)]
            self._cursors[place] = until
            if until == len(log):
                found.append(Message(place, until, None))
        return found

    def close(self) -> None:
        return None

    # The writer

    def begin(self) -> None:
        return None

    def write(self, told: Told, refused: list[Refused], position: DutyPosition) -> None:
        if self.dies_in == 0:
            self.dies_in = -1
            raise Killed
        self.dies_in -= 1
        self.position = position
        self.refused += [str(one.rejected.reason) for one in refused]
        self.notifications += told.notifications
        for id, state in told.states.items():
            if state is None:
                del self.states[id]
            else:
                self.states[id] = state
        kept: tuple[Mapping[str, Any], ...] = (told.groups, told.holds, told.rules)
        for number, values in enumerate(kept):
            for key, value in values.items():
                self.others[number, key] = value

    def excesses(self, ends: Mapping[int, int]) -> list[CellExcesses]:
        return [
            msgspec.json.decode(raw, type=CellExcesses)
            for partition, end in ends.items()
            for _, raw in self.logs[EXCESSES, partition][:end]
        ]

    def kept(self) -> Desk:
        # Through bytes, as the topics have them.
        def again(value: Any) -> Any:
            return msgspec.json.decode(msgspec.json.encode(value), type=type(value))

        others = [again(value) for value in self.others.values() if value is not None]
        return Desk(self.position, {id: again(state) for id, state in self.states.items()}, others)


class Bench:
    """Sessions on a world, whose clock is the world's."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, world: World) -> None:
        self.world = world
        monkeypatch.setattr(owner, "topic_ids", lambda access, topics, partitions: dict.fromkeys(topics, "t"))
        monkeypatch.setattr(owner, "Consumer", lambda config: world)
        monkeypatch.setattr(owner, "Writer", lambda settings, group, clock: world)
        monkeypatch.setattr(owner, "read_kept", lambda access: world.kept())
        monkeypatch.setattr(owner, "read_excesses", lambda access, ends: world.excesses(ends))
        monkeypatch.setattr(owner, "monotonic", lambda: world.now)
        monkeypatch.setattr(owner, "Pace", lambda: Pace(lambda: world.now, lambda: 0.0))
        self.session = self.start()

    def start(self) -> Session:
        metrics = DutyMetrics(CollectorRegistry())
        session = Session(
            Settings(partitions=PARTITIONS),
            metrics,
            lambda: True,
            lambda: self.world.now,
            self.world.frontiers.get,
            load_duty(),
        )
        self.session = session
        session._take_over()
        session._follow()
        return session

    def run(self, minutes: float, looks: int = 12) -> None:
        """Let time pass, looking so often; whoever is killed is followed by another."""
        for _ in range(looks):
            self.world.now += minutes * 60 / looks
            try:
                for _ in range(4):
                    self.session._read()
                self.session._look()
            except Killed:
                self.start()


def excesses(cells: dict[str, tuple[int, float]]) -> CellExcesses:
    told = {"stream": "complaints", "measure": "distinct", "window_seconds": 900, "rules": {"EW01": "v"}}
    return CellExcesses(**told, pane=MORNING, cells=cells)  # type: ignore[arg-type]


def story(world: World, bench: Bench) -> None:
    """A day at the desk: what comes, when, and in which partition."""
    world.append(EARLY_WARNINGS, warning("w1"), 0)
    world.append(EARLY_WARNINGS, warning("w2", severity="minor", cell="region=31,category=BRD"), 1)
    bench.run(10)
    world.act("acknowledge", "a1", warningId="w1")
    world.act(
        "silence", "a2", silenceId="s1", matchers={"region": "31"}, until=round((world.now + 1_800) * 1000)
    )
    world.append(EXCESSES, excesses({"region=31": (41, 14.0)}), 1)
    bench.run(5)
    world.append(EARLY_WARNINGS, warning("w3", cell="region=31"), 1)
    world.append(INCIDENTS, incident(affected_location=({"id": "44"},)), 1)
    world.append(EARLY_WARNINGS, warning("w1", 2, "escalated", "critical"), 0)
    world.append(INCIDENTS, suspected(1), 0)
    bench.run(45)
    world.append(INCIDENTS, merged(2, into="i1"), 0)
    world.append(EXCESSES, excesses({"region=31,category=BRD": (40, 15.5)}), 0)
    world.append(INCIDENTS, incident(2, "resolved"), 1)
    world.append(EARLY_WARNINGS, cleared("w2", cell="region=31,category=BRD"), 1)
    bench.run(120)
    world.append(EARLY_WARNINGS, cleared("w1", 3), 0)
    world.append(EARLY_WARNINGS, cleared("w3", cell="region=31"), 1)
    bench.run(30)


def test_when_the_desk_began_is_written_before_anything_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """A successor must know what was history, wherever the first owner dies."""
    world = World()
    world.append(EARLY_WARNINGS, warning("old"))
    world.append(EARLY_WARNINGS, cleared("old"))
    world.now += 3_600
    bench = Bench(monkeypatch, world)
    assert world.position is not None
    assert world.position.begun == MORNING + 3_600
    world.dies_in = 0
    bench.run(30)
    assert world.position.begun == MORNING + 3_600
    assert world.states["old"].cleared
    assert world.notifications == []


def test_a_backlog_is_taken_in_as_it_was_appended(monkeypatch: pytest.MonkeyPatch) -> None:
    """An acknowledgement that came before the ladder's step stops it, though it is read by another partition's leave."""
    world = World()
    bench = Bench(monkeypatch, world)
    world.append(EARLY_WARNINGS, warning("w1"), 0)
    world.now += 600
    world.act("acknowledge", "a1", warningId="w1")
    world.now += 7_200
    world.append(EARLY_WARNINGS, warning("w2", cell="region=31"), 1)
    bench.run(5)
    assert [one.reasons for one in world.notifications] == [("new",), ("new",)]


def test_a_timer_goes_off_a_little_late_and_at_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two seconds: what was appended before it may still be on its way."""
    world = World()
    bench = Bench(monkeypatch, world)
    world.append(EARLY_WARNINGS, warning("w1"), 0)
    bench.run((30 + MARGIN_SECONDS - 1) / 60, looks=1)
    assert world.notifications == []
    bench.run(2 / 60, looks=1)
    assert [one.time for one in world.notifications] == ["2026-03-01T10:00:30Z"]


def test_what_cannot_be_read_is_refused_or_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Inputs of others go to the dead letters, once; what only workers write is named in the log."""
    world = World()
    bench = Bench(monkeypatch, world)
    world.append(OPERATOR_ACTIONS, b"{not json")
    world.act("silence", "a1", matchers={"region": "44"})
    world.append(WARNING_FEEDBACK, {"id": "f", "time": MORNING * 1000, "warningId": "w1", "verdict": "maybe"})
    world.append(EARLY_WARNINGS, b"{}", 1)
    world.append(EARLY_WARNINGS, warning("w1"), 1)
    bench.run(2)
    bench.run(2)
    assert sorted(world.refused) == ["malformed_json", "missing_field", "unknown_value"]
    assert set(world.states) == {"w1"}


def test_a_stream_that_stands_still_is_seen_and_nothing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten minutes without a closed pane mark its warnings, also over a takeover; the next pane takes the mark away."""
    world = World()
    bench = Bench(monkeypatch, world)
    world.frontiers.update({Stream.COMPLAINTS: MORNING, Stream.CALLS: MORNING})
    world.append(EARLY_WARNINGS, warning("w1", severity="minor"))
    bench.run(8, looks=8)
    world.frontiers[Stream.CALLS] += 60
    assert world.states["w1"].stale_since == 0
    bench.run(4, looks=4)
    marked = world.states["w1"].stale_since
    assert MORNING < marked <= MORNING + 60
    bench.start()
    bench.run(4, looks=4)
    assert world.states["w1"].stale_since == marked
    world.frontiers[Stream.COMPLAINTS] += 60
    bench.run(1, looks=1)
    assert world.states["w1"].stale_since == 0
    assert len(world.notifications) == 1


def test_what_an_older_version_read_of_suspicions_is_known_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    """A first desk makes a warning of each; one that goes on from an older version's position, of those that come from then on."""
    world = World()
    bench = Bench(monkeypatch, world)
    assert world.position is not None
    assert world.position.suspected_from == 0
    world.append(INCIDENTS, suspected(1), 1)
    bench.run(2)
    assert [one.items[0].rule for one in world.notifications] == ["EW18"]
    world.states.clear()
    world.position = msgspec.structs.replace(world.position, suspected_from=None)
    before = world.position.now
    bench.start()
    world.append(INCIDENTS, suspected(2), 1)
    bench.run(2)
    for _ in range(2):
        assert world.position.suspected_from == before
        assert world.states["s1"].warning.sequence == 2
        bench.start()
        bench.run(2)


@pytest.mark.parametrize("seed", range(6))
def test_whoever_dies_in_a_transaction_the_desk_tells_the_same(
    monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Killed at another write each time, and again soon after: the same notifications, by id and in full, and no other."""
    whole = World()
    story(whole, Bench(monkeypatch, whole))
    broken = World(seed)
    bench = Bench(monkeypatch, broken)
    broken.dies_in = seed
    died = []
    start = bench.start

    def again() -> Session:
        died.append(broken.now)
        broken.dies_in = (seed + len(died)) % 4
        return start()

    monkeypatch.setattr(bench, "start", again)
    story(broken, bench)
    assert died
    assert broken.notifications == whole.notifications
    assert len({one.id for one in whole.notifications}) == len(whole.notifications) > 6
    assert broken.states == whole.states
    assert whole.states["s1"].incident_id == "i1"
    excess = whole.states["w3"].excess
    assert excess is not None
    assert [(one.cell, one.share) for one in excess.contributors] == [("region=31,category=BRD", 0.907)]
