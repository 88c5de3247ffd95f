"""Lives of the real intake of calls on the modelled broker, cut at random, and what must come out of them.

take  flush  deliver k  commit        in any order, interrupted by
crash                                 a new life, restored from what was delivered; the group's offsets may have expired
zombie                                the old life goes on writing beside the new one, but cannot commit
"""

from collections.abc import Callable, Sequence
from functools import partial
from random import Random
from typing import Any

import msgspec

from agents.batch import Partition, Route
from agents.intake import Event, Handler, IntakeContext, IntakePartition, Output
from agents.streams import CountingHandler, counting
from models.count import CellNamer
from models.decode import EventDecoder
from models.events import CallRecord
from models.history import History
from models.measures import Stream
from models.pane import HOUR
from models.panebook import Increment
from models.screen import ScreenPolicy
from tests.unit.agents.modelled import ModelledBroker, ModelledOutbox, ModelledWorker
from topics.catalogue import input_of

TOPIC = input_of(Stream.CALLS)
CHANGELOG = "barometer-calls-changelog"
PARTITIONS = 2
T0 = 1_749_999_600
POLICY = ScreenPolicy(allowed_lateness=30, future_tolerance=10**9, retention=2 * HOUR)
FAILS = "99"
"""Region at which judging fails: a dead letter whose id is no sighting, so that the same id may count later."""
SOURCES = [Partition(TOPIC, partition) for partition in range(PARTITIONS)]


class Failing(CountingHandler):
    """The real handler with a defect: it cannot stand one region."""

    def handle(self, event: Event, outputs: list[Output]) -> tuple[Increment, Sequence[str]]:
        if event.body.region == FAILS:
            raise KeyError(FAILS)
        return super().handle(event, outputs)


def routes(outbox: ModelledOutbox, version: str = "v", topic_id: str = "id") -> list[Route]:
    """The real intake of calls, counted for the nation and by region."""
    context = IntakeContext(
        stream=Stream.CALLS,
        topic=TOPIC,
        topic_id=topic_id,
        version=version,
        partitions=PARTITIONS,
        changelog=CHANGELOG,
        decoder=EventDecoder(CallRecord, "cx.call.ended.v1"),
        policy=POLICY,
        outbox=outbox,  # type: ignore[arg-type]
        dead_letter_ratio_max=1.0,
        dead_letter_window=10**9,
        heartbeats=True,
        report=lambda _: None,
        siblings=lambda _: None,
    )

    def handler(partition: int, history: History) -> Handler:
        return Failing(CellNamer([(), ("region",)], {}), counting(Stream.CALLS, 15.0))

    make: Callable[[int], Any] = partial(IntakePartition, context, make_handler=handler)
    return [Route(TOPIC, CHANGELOG, make)]


def call(id_: str, time: int, region: str) -> bytes:
    return msgspec.json.encode(
        {
            "id": id_,
            "time": time * 1000,
            "customerId": "c",
            "region": region,
            "answered": False,
            "waitSeconds": 3,
        }
    )


def region_of(id_: int, shift: int) -> str:
    return FAILS if (id_ + shift // 5) % 7 == 0 else "44" if shift % 2 else "11"


Op = tuple[str, int, int]

WEIGHTS = {
    "event": 30,
    "take": 20,
    "flush": 12,
    "deliver": 16,
    "commit": 5,
    "crash": 4,
    "zombie": 2,
    "zombie take": 4,
    "zombie flush": 4,
}


def script_of(seed: int, length: int = 160) -> list[Op]:
    """Return a random script; long enough that most have several lives with something half delivered."""
    chance = Random(seed)
    names = chance.choices(list(WEIGHTS), weights=list(WEIGHTS.values()), k=length)
    clock = 0
    script = []
    for name in names:
        if name == "event":
            clock += chance.choice((0, 5, 5, 20, 60, 400))
            script.append(
                (name, chance.randrange(40), max(0, clock - chance.choice((0, 0, 0, 40, 90, 5_000, 9_000))))
            )
        elif name in ("take", "zombie take"):
            script.append((name, chance.randrange(PARTITIONS), chance.randint(1, 6)))
        else:
            script.append((name, chance.randrange(2), chance.choice((1, 3, 7, 1_000))))
    return script


def long_script_of(seed: int) -> list[Op]:
    """Return a script over half a day, so that hours are summed and forgotten in the second half."""
    return [*script_of(seed), ("event", 0, 40_000), ("event", 1, 40_001), *script_of(seed + 1)]


def run(script: list[Op], expires: Random | None = None) -> ModelledBroker:
    """Play `script`, then let a last life process everything. `expires` draws whether a life finds no committed offsets."""
    broker = cut_short(script, expires)
    expire(broker, expires)
    ModelledWorker(broker, routes, PARTITIONS, compact=True).drain(SOURCES)
    return broker


def expire(broker: ModelledBroker, expires: Random | None) -> None:
    """Let the group have no committed offsets any more, every other time."""
    if expires is not None and expires.random() < 0.5:
        broker.committed.clear()


def cut_short(script: list[Op], expires: Random | None = None) -> ModelledBroker:
    """Play `script`, and kill the last life."""
    broker = ModelledBroker(append_ms=(T0 + 10**6) * 1000)
    worker = ModelledWorker(broker, routes, PARTITIONS)
    zombie = worker
    for name, a, b in script:
        if name == "event":
            broker.append(TOPIC, a % PARTITIONS, b"c", call(f"id{a}", T0 + b, region_of(a, b)))
        elif name == "take":
            worker.take(SOURCES[a], b)
        elif name == "flush":
            worker.flush()
        elif name == "deliver":
            worker.outbox.deliver(b)
        elif name == "commit":
            worker.commit()
        elif name == "crash":
            expire(broker, expires)
            worker = ModelledWorker(broker, routes, PARTITIONS, compact=bool(a))
        elif name == "zombie":
            expire(broker, expires)
            zombie, worker = worker, ModelledWorker(broker, routes, PARTITIONS, compact=bool(a))
        elif name == "zombie take" and zombie is not worker:
            zombie.take(SOURCES[a], b)
        elif name == "zombie flush" and zombie is not worker:
            zombie.flush()
            zombie.outbox.deliver(b)
    return broker
