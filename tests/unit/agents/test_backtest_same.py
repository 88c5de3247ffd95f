"""One ledger: workers on the modelled broker at any pace, the recomputation of `verify`, and `backtest`, byte for byte."""

from collections.abc import Sequence

import pytest

from agents.backtest.ledger import identities, ledger_lines
from agents.backtest.run import Run, backtest
from agents.batch import Partition
from agents.judging import judging
from agents.recording import Envelope
from agents.settings import load_settings
from agents.simulator.simulate import simulate
from agents.simulator.spec import FIRST_DAY, Incident, IncidentKind, SimulationSpec, days_from
from agents.verify.complaint import Desk
from agents.verify.judge import Fate
from agents.verify.kinds import CLASSIFIED, DEAD_LETTERS, WORK_ORDERS
from agents.verify.ledger import cells_of, judge_cell
from agents.verify.log import SourceRecord
from agents.verify.prefixes import stamp_table
from agents.verify.run import policy_of
from agents.verify.walk import Source, Walk, Walked
from models.calendar import Calendar
from models.measures import Stream
from models.outcomes import EarlyWarning
from models.pane import DAY, HOUR
from models.privacy import Pseudonymiser
from models.route import load_router
from models.rules import load_rules
from models.screen import Outcome
from models.triage import load_triage
from tests.unit.agents.modelled import ModelledBroker
from tests.unit.agents.replayed import APPENDED_MS, replayed, warnings_in, work
from tests.unit.agents.test_verify_walk import KINDS, _Copying
from topics.catalogue import decoders, input_of

PARTITIONS = 3
SETTINGS = load_settings(partitions=PARTITIONS)
RULES = load_rules()
DESK = Desk(
    judging(None).judge, load_triage(), load_router(), Pseudonymiser(b"a key of sixteen characters"), "v1"
)
"""As a worker is set up: with the second opinion, without which some complaints are counted in other cells."""

pytestmark = pytest.mark.slow


def recording() -> list[Envelope]:
    """Two simulated days: a hotline, a cut, and producers that are late, fast, slow and faulty."""
    start, end = days_from(FIRST_DAY, 2)
    wrong = tuple(
        Incident(kind, (code,), start + DAY + a * HOUR, start + DAY + b * HOUR)
        for kind, code, a, b in (
            (IncidentKind.LATE_BATCH, "37", -6, -2),
            (IncidentKind.UNDERSTAFFED_HOTLINE, "51", 8, 10),
            (IncidentKind.FIBRE_CUT, "44", 10, 13),
            (IncidentKind.CLOCK_AHEAD, "32", 9, 12),
            (IncidentKind.CLOCK_BEHIND, "42", 13, 15),
            (IncidentKind.BAD_PRODUCER, "33", 12, 18),
        )
    )
    return list(simulate(SimulationSpec(start, end, seed=5, scale=0.05, incidents=wrong)))


@pytest.fixture(scope="module")
def events() -> list[Envelope]:
    return recording()


@pytest.fixture(scope="module")
def tested(events: list[Envelope]) -> Run:
    """The backtest of the recording."""
    return backtest(events, SETTINGS, [RULES], with_baselines=False, clock=lambda: APPENDED_MS / 1000)


def lines(warnings: Sequence[EarlyWarning]) -> bytes:
    return b"".join(ledger_lines(warnings))


@pytest.mark.parametrize("take", [37, 1_000_000])
def test_the_ledger_is_that_of_workers_at_any_pace(
    take: int, events: list[Envelope], tested: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A few records at a time, or everything at once; through the real replay, intake, panes and windows."""
    broker = work(replayed(events, PARTITIONS, monkeypatch), PARTITIONS, take)
    live = warnings_in(broker, PARTITIONS)
    assert len(identities(tested.ledgers[0])) > 10
    assert lines(tested.ledgers[0]) == lines(live)


def test_the_ledger_is_that_of_the_recomputation(
    events: list[Envelope], tested: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Screened, counted and judged a second time by code that shares neither; and every event has the same fate."""
    broker = replayed(events, PARTITIONS, monkeypatch)
    ledger: list[EarlyWarning] = []
    for stream in Stream:
        walked = [_walk(broker, stream, number) for number in range(PARTITIONS)]
        marks = [walk.watermark for walk in walked if walk.watermark is not None]
        frontier = min(marks) if len(marks) == PARTITIONS else None
        for cell in cells_of(stream, [walk.totals for walk in walked], frontier):
            assert frontier is not None
            ledger += judge_cell(cell, frontier, RULES, Calendar(SETTINGS.zone))
        fates = {
            outcome: sum(walk.fates.get(fate, 0) for walk in walked)
            for outcome, fate in (
                (Outcome.ON_TIME, Fate.ON_TIME),
                (Outcome.LATE, Fate.LATE),
                (Outcome.DUPLICATE, Fate.DUPLICATE),
                (Outcome.DEAD_LETTER, Fate.DEAD_LETTER),
            )
        }
        assert {name: tested.outcomes[stream][name] for name in fates} == fates
    assert lines(tested.ledgers[0]) == lines(ledger)


def test_the_streams_have_what_can_go_wrong(tested: Run) -> None:
    """Late events, duplicates and refusals are in the recording, or the comparison would show little."""
    counted = tested.outcomes[Stream.COMPLAINTS]
    assert min(counted[one] for one in (Outcome.LATE, Outcome.DUPLICATE, Outcome.DEAD_LETTER)) > 10


def _walk(broker: ModelledBroker, stream: Stream, number: int) -> Walked:
    topic = input_of(stream)
    log = broker.logs[Partition(topic, number)]
    is_complaints = stream is Stream.COMPLAINTS
    walk = Walk(
        Source(stream, topic, "id", number, len(log), len(log)),
        policy_of(SETTINGS),
        decoders()[topic],
        DESK if is_complaints else None,
        stamp_table([]),
        lambda q, place: b"",
        classified=_Copying(KINDS[CLASSIFIED], []) if is_complaints else None,
        orders=_Copying(KINDS[WORK_ORDERS], []) if is_complaints else None,
        letters=_Copying(KINDS[DEAD_LETTERS], []),
    )
    for record in log:
        walk.record(
            SourceRecord(record.offset, record.timestamp, record.key, record.value, list(record.headers))
        )
    return walk.finish()
