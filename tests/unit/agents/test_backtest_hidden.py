"""Suspected hidden outages in a backtest: those of the owner of network faults, told at the same minutes, right or false."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from agents.backtest.hidden import RULE, TOPICS, HiddenOutages
from agents.backtest.report import figures, judged
from agents.backtest.run import Run, backtest
from agents.backtest.scoring import Alarm
from agents.backtest.truth import incident_of
from agents.batch import Partition
from agents.recording import Envelope
from agents.settings import Settings, load_settings
from agents.simulator.simulate import Simulation
from agents.simulator.spec import FIRST_DAY, Incident, IncidentKind, SimulationSpec, days_from
from models.cells import cell_of, dimensions_of
from models.events import PerceivedSeverity
from models.incident import Change, Tally
from models.iso import iso, seconds_of
from models.joined import Incident as Told
from models.joined import Suspicion
from models.measures import Stream
from models.naming import load_names
from models.pane import HOUR, MINUTE
from models.rules import load_rules
from models.suspected import write_suspicion
from tests.unit.agents.modelled import ModelledBroker
from tests.unit.agents.replayed import APPENDED_MS, replayed, work
from tests.unit.agents.test_faults_session import Bench, Message, end
from topics.catalogue import CLASSIFIED_COMPLAINTS, NETWORK_FAULTS, NETWORK_TOPOLOGY, input_of

PARTITIONS = 3
SETTINGS = load_settings(partitions=PARTITIONS)
RULES = load_rules()
START, _ = days_from(FIRST_DAY, 1)
READ = {input_of(Stream.COMPLAINTS), *TOPICS}
WRONG = (
    Incident(IncidentKind.HIDDEN_CUT, ("37",), START + 8 * HOUR + 7 * MINUTE, START + 10 * HOUR),
    Incident(IncidentKind.FIBRE_CUT, ("44",), START + 9 * HOUR, START + 11 * HOUR),
)


@pytest.fixture(scope="module")
def simulation() -> Simulation:
    """A cut that no alarm tells of, and one that an alarm tells of."""
    return Simulation(SimulationSpec(START, START + 12 * HOUR, seed=5, scale=0.05, incidents=WRONG))


@pytest.fixture(scope="module")
def events(simulation: Simulation) -> list[Envelope]:
    """What the owner of network faults reads, and the complaints' heartbeat."""
    return [one for one in simulation.events() if one.topic in READ]


def run_over(events: list[Envelope], settings: Settings = SETTINGS) -> Run:
    return backtest(events, settings, [RULES], with_baselines=False, clock=lambda: APPENDED_MS / 1000)


@pytest.fixture(scope="module")
def tested(events: list[Envelope]) -> Run:
    """The backtest of the recording."""
    return run_over(events)


class _Kept(Message):
    """A record of the modelled broker."""

    def __init__(self, topic: str, partition: int, kept: Any) -> None:
        super().__init__(topic, partition, kept.offset, {})
        self._kept = kept

    def key(self) -> bytes:
        return self._kept.key or b""

    def value(self) -> bytes:
        value: bytes = self._kept.value
        return value

    def headers(self) -> list[tuple[str, bytes]]:
        return list(self._kept.headers)

    def timestamp(self) -> tuple[int, int]:
        return 1, self._kept.timestamp


class _Owner(Bench):
    """The real session of the owner, over the log of the modelled broker; what it would write is kept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__(monkeypatch, PARTITIONS)
        self.told: list[Told] = []

    def _write(self, joined: Any, refused: Any, where: Any) -> Counter[str]:  # type: ignore[override]
        assert not refused
        self.told += [one for one in joined.incidents if one.suspicion is not None]
        return Counter()

    def follow(self, broker: ModelledBroker, seconds: int) -> None:
        """Read what arrives in so many seconds of event time, look, and go on."""
        self.read(*self._log(broker, NETWORK_TOPOLOGY, 0))
        waiting = [
            (_time(message), message)
            for topic, partitions in ((NETWORK_FAULTS, 1), (CLASSIFIED_COMPLAINTS, PARTITIONS))
            for number in range(partitions)
            for message in self._log(broker, topic, number)
        ]
        waiting.sort(key=lambda one: one[0])
        for begin in range(START, START + 13 * HOUR, seconds):
            batch = [message for time, message in waiting if begin <= time < begin + seconds]
            for message in batch:
                if message.topic() == NETWORK_FAULTS:
                    self.reader.ends[NETWORK_FAULTS] = message.offset() + 1
            self.read(*batch)
            while self.reader.messages:
                self.read()
            ends = [self.session._next[NETWORK_FAULTS], *(queue.next for queue in self.desk.queues)]
            self.read(end(NETWORK_FAULTS, ends[0]))
            for number, offset in enumerate(ends[1:]):
                self.read(end(CLASSIFIED_COMPLAINTS, offset, number))
            self.look()

    def _log(self, broker: ModelledBroker, topic: str, partition: int) -> Iterator[_Kept]:
        # A topic of one partition is written through a producer that knows of three.
        partitions = range(PARTITIONS) if topic in TOPICS else (partition,)
        kept = [one for number in partitions for one in broker.logs[Partition(topic, number)]]
        for offset, one in enumerate(sorted(kept, key=lambda one: _time_in(one.value or b""))):
            one.offset = offset if topic in TOPICS else one.offset
            yield _Kept(topic, partition, one)


def _time(message: Message) -> int:
    return _time_in(message.value())


def _time_in(value: bytes) -> int:
    time = msgspec.json.decode(value)["time"]
    return time // 1000 if isinstance(time, int) else seconds_of(time)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [20, 600])
def test_what_is_suspected_and_when_is_what_the_owner_tells(
    seconds: int, events: list[Envelope], tested: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Through the real replay and intake, and the real session of the owner, which looks often or seldom."""
    broker = work(replayed(events, PARTITIONS, monkeypatch), PARTITIONS, 1_000_000)
    owner = _Owner(monkeypatch)
    owner.follow(broker, seconds)
    raised: list[tuple[str, int]] = []
    worse: Counter[str] = Counter()
    for one in owner.told:
        assert one.suspicion is not None
        worse[one.id] = max(worse[one.id], one.perceived_severity == PerceivedSeverity.CRITICAL)
        if Change.RAISED in one.reasons:
            cell = cell_of({"region": one.affected_location[0].id, "element": one.suspicion.element})
            raised.append((cell, seconds_of(one.suspicion.looked)))
    assert tested.suspected
    assert [(alarm.cell, alarm.raised) for alarm in tested.suspected] == raised
    assert sum(len(alarm.told) - 1 for alarm in tested.suspected) == worse.total()


@pytest.mark.slow
def test_the_hidden_cut_is_found_where_it_is_and_the_reported_one_is_not_suspected(
    simulation: Simulation, tested: Run
) -> None:
    """Found by the element that is named, in the minute in which it is; it counts like any rule."""
    truth = [incident_of(line) for line in simulation.truth]
    score = judged("shipped", RULES, [], truth, tested.days, 0, tested.suspected).score
    found = {finding.incident.kind: finding for finding in score.findings}
    hidden = found[IncidentKind.HIDDEN_CUT]
    assert hidden.alarm is not None
    assert hidden.alarm.rule == RULE
    assert dimensions_of(hidden.alarm.cell)["region"] == "37"
    assert hidden.delay is not None
    assert 0 < hidden.delay <= 40 * MINUTE
    assert found[IncidentKind.FIBRE_CUT].alarm is None
    row = figures(score, has_truth=True)["rules"][-1]
    assert (row["rule"], row["fired"], row["recall"], row["false_alarms"]) == (RULE, 1, 1.0, 0)


def test_an_element_that_was_not_cut_is_a_false_alarm(simulation: Simulation) -> None:
    """In the right province and at the right time, too."""
    truth = [incident_of(line) for line in simulation.truth]
    wrong = Alarm(RULE, "region=37,element=core-37-99", (START + 9 * HOUR,))
    score = judged("shipped", RULES, [], truth, 1.0, 0, [wrong]).score
    assert (score.found, score.false) == (0, (wrong,))


def test_without_a_topology_or_without_an_owner_nobody_suspects(events: list[Envelope]) -> None:
    """Then EW18 is not in the table at all, and what is not read is passed over."""
    few = [one for one in events if one.topic in TOPICS][:20]
    no_topology = run_over([one for one in few if one.topic != NETWORK_TOPOLOGY])
    assert no_topology.suspected is None
    switched_off = run_over(few, load_settings(partitions=PARTITIONS, faults=False))
    assert switched_off.suspected is None
    assert switched_off.unread.total() == len(few)
    assert run_over(few).suspected == []
    assert run_over(few).unread.total() == 0
    assert [row.rule for row in judged("shipped", RULES, [], (), 1.0, 0, None).score.rules][-1] != RULE


def test_what_cannot_be_read_is_passed_over() -> None:
    """A fault without an id, an element without a name: dead letters of the owner."""
    hidden = HiddenOutages(SETTINGS, APPENDED_MS // 1000, "recording")
    assert not hidden.take(Envelope(NETWORK_FAULTS, "a", b'{"time":1}', 0))
    assert not hidden.take(Envelope(NETWORK_TOPOLOGY, "a", b"{}", 0))
    assert not hidden.is_on


def test_a_suspicion_is_told_again_when_it_becomes_worse() -> None:
    """Numbers that move tell nothing; major to critical does, at the minute that decided."""
    hidden = HiddenOutages(SETTINGS, APPENDED_MS // 1000, "recording")
    records = [
        told(PerceivedSeverity.MAJOR, 10, Change.RAISED),
        told(PerceivedSeverity.MAJOR, 12, Change.LINKED),
        told(PerceivedSeverity.CRITICAL, 15, Change.UPDATED),
        told(PerceivedSeverity.CRITICAL, 50, Change.CLOSED),
    ]
    for one in records:
        hidden._note(one)
    minutes = tuple(START + minute * MINUTE for minute in (10, 15))
    assert hidden.alarms() == [Alarm(RULE, "region=37,element=olt-1", minutes)]


def told(severity: PerceivedSeverity, minute: int, reason: Change) -> Told:
    """Return a record of one suspicion."""
    suspicion = Suspicion(
        element="olt-1", probability=1e-7, customers=9, of_customers=20, looked=iso(START + minute * MINUTE)
    )
    record = write_suspicion("s", "37", START, severity, ["olt-1"], 0, Tally(), suspicion, load_names())
    return msgspec.structs.replace(record, reasons=(str(reason),))
