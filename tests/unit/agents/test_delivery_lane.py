"""How one receiver is told, whatever it answers: once in the end, in its own time, and nothing goes by unseen.

A receiver that answers from a script, a clock that moves when the lane waits, and a record that keeps instead of sends. Kafka
and HTTP are real in tests/real/test_delivery.py.
"""

import asyncio
from collections import Counter
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from agents.delivery.lane import REFUSALS, Lane
from agents.delivery.posting import Post, Writer
from agents.delivery.receivers import Target
from agents.kafkaclient import KafkaAccess
from models.answers import Answer, Outcome
from models.deliveries import DeliveryFailure, FailureState
from models.iso import seconds_of
from models.naming import load_names
from models.receivers import Platform, Receiver
from monitoring.delivery import DeliveryMetrics
from tests.unit.models.notified import DUE, notification

NAMES: Final = load_names()
PATIENCE: Final = 20.0
OWN: Final = notification()


class Scripted:
    """Answers one after the other, then takes everything."""

    def __init__(self, script: list[Answer]) -> None:
        self.script = list(script)
        self.keys: list[str] = []

    async def send(self, post: Post) -> Answer:
        self.keys.append(post.headers.get("Idempotency-Key", ""))
        return self.script.pop(0) if self.script else Answer(Outcome.TAKEN)


class Kept:
    """What would have been recorded."""

    def __init__(self) -> None:
        self.states: list[FailureState] = []

    async def write(self, failure: DeliveryFailure) -> None:
        self.states.append(failure.state)


class Life:
    """One notification and what became of it."""

    def __init__(self, script: list[Answer]) -> None:
        self.now = float(seconds_of(DUE))
        self.waits: list[float] = []
        self.sender, self.kept = Scripted(script), Kept()
        self.registry = CollectorRegistry()
        target = Target(
            Receiver(id="r", kind=Platform.WEBHOOK, patience_seconds=PATIENCE), "http://h.example"
        )
        lane = Lane(
            target,
            KafkaAccess("none:1"),
            1,
            Writer(target, NAMES, ZoneInfo("Asia/Shanghai")),
            cast(Any, self.kept),
            DeliveryMetrics(self.registry, lambda: self.now),
            lambda: self.now,
            chance=lambda: 0.0,
            sleep=self._sleep,
        )

        def post() -> Post:
            return lane._writer.notification(OWN, self.now)

        asyncio.run(lane._deliver(cast(Any, self.sender), OWN, float(seconds_of(DUE)), post))

    async def _sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds

    def counted(self, outcome: str) -> float:
        labels = {"receiver": "r", "outcome": outcome}
        return self.registry.get_sample_value("barometer_delivery_attempts_total", labels) or 0.0


ANSWERS = st.builds(
    Answer,
    st.sampled_from(
        [Outcome.TIMEOUT, Outcome.UNREACHABLE, Outcome.FAILED, Outcome.THROTTLED, Outcome.REFUSED]
    ),
    st.just("why"),
    st.none() | st.floats(min_value=0, max_value=100),
)


@given(st.lists(ANSWERS, max_size=15))
def test_a_notification_is_taken_once_or_passed_over_for_what_it_is(script: list[Answer]) -> None:
    """Whatever is answered before: the same key each time, every attempt counted, overdue said once and taken back."""
    life = Life(script)
    refusals = [at for at, answer in enumerate(script) if answer.outcome is Outcome.REFUSED]
    gave_up = len(refusals) >= REFUSALS
    tried = script[: refusals[REFUSALS - 1] + 1] if gave_up else [*script, Answer(Outcome.TAKEN)]
    assert life.sender.keys == [OWN.id] * len(tried)
    assert all(
        life.counted(outcome) == count for outcome, count in Counter(one.outcome for one in tried).items()
    )
    assert life.counted("gave_up") == gave_up
    assert len(life.waits) == len(tried) - 1
    assert all(wait >= (answer.wait or 0) for wait, answer in zip(life.waits, tried, strict=False))
    late = sum(life.waits[: len(tried) - 2]) >= PATIENCE if len(tried) > 1 else False
    states = [FailureState.OVERDUE] if late else []
    if gave_up:
        assert life.kept.states[-1] is FailureState.GAVE_UP
    else:
        assert life.kept.states == ([*states, FailureState.DELIVERED] if states else [])


def test_one_that_is_taken_at_once_is_never_spoken_of() -> None:
    """No wait, no record."""
    life = Life([])
    assert (life.waits, life.kept.states, life.counted("taken")) == ([], [], 1)


def test_an_alertmanager_that_cannot_be_told_again_is_seen() -> None:
    """Though nothing new is to be told: after its hold time it would take what goes on for over."""
    now = [1_000.0]
    registry = CollectorRegistry()
    target = Target(Receiver(id="am", kind=Platform.ALERTMANAGER), "http://am.example")
    writer = Writer(target, NAMES, ZoneInfo("Asia/Shanghai"))
    metrics = DeliveryMetrics(registry, lambda: now[0])
    lane = Lane(target, KafkaAccess("none:1"), 1, writer, cast(Any, Kept()), metrics, lambda: now[0])
    lane._fold(OWN)
    assert lane._book is not None
    sender = Scripted([Answer(Outcome.UNREACHABLE)] * 2)
    since: list[float | None] = []
    for _ in range(3):
        asyncio.run(lane._refresh(cast(Any, sender), lane._book))
        since.append(lane.view.waiting_since)
        now[0] += 10
    assert since == [1_000.0, 1_000.0, None]
    assert lane.view.alerts == 1


def test_two_refusals_are_not_believed() -> None:
    """A proxy may have said it while the receiver was away."""
    refusal = Answer(Outcome.REFUSED, "HTTP 400")
    assert Life([refusal] * (REFUSALS - 1)).counted("taken") == 1
    given_up = Life([refusal] * REFUSALS)
    assert (given_up.counted("taken"), given_up.kept.states) == (0, [FailureState.GAVE_UP])
