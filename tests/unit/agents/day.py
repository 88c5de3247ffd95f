"""A day of calls in which the hotline of a region is understaffed for an hour, judged by intake and windows together.

However the lives of the workers are cut, and whatever was written twice, the identities of the ledger are those of one
uninterrupted life.
"""

from collections.abc import Callable
from functools import cache, partial
from random import Random

import msgspec

from agents.batch import Partition, Route
from agents.windows import WindowsContext, WindowsPartition
from models.calendar import Calendar
from models.measures import Stream
from models.outcomes import EarlyWarning
from models.pane import DAY, HOUR
from models.rule import RuleSet
from models.rules import load_rules
from tests.unit.agents.lives import PARTITIONS, SOURCES, T0, call
from tests.unit.agents.lives import routes as intake_routes
from tests.unit.agents.modelled import ModelledBroker, ModelledOutbox, ModelledWorker
from topics.catalogue import EARLY_WARNINGS, PANES, WINDOWS

RULES = load_rules()
HOMES = [Partition(PANES, home) for home in range(PARTITIONS)]
Identity = tuple[str, int, str, str, int]


def forward(lives: Random) -> Callable[[], float]:
    """Return a clock that goes on by up to two seconds each time that it is read: state is due every other time."""
    now = 1_750_000_000.0

    def clock() -> float:
        nonlocal now
        now += lives.random() * 2
        return now

    return clock


def routes(
    outbox: ModelledOutbox,
    lives: Random,
    version: str = "v",
    *,
    is_slow: bool = False,
    rules: RuleSet = RULES,
) -> list[Route]:
    """Intake of calls, and windows over it; the clock of state writing runs as it likes, or forward in slow lives."""
    context = WindowsContext(
        topic=PANES,
        topic_id="panes",
        source_ids=dict.fromkeys(Stream, "id"),
        version=f"{version}-{rules.version}",
        rules=rules,
        calendar=Calendar("Asia/Shanghai", "CN"),
        partitions=PARTITIONS,
        changelog="barometer-windows-changelog",
        outbox=outbox,  # type: ignore[arg-type]
        on_warning=lambda *_: None,
        on_notice=lambda *_: None,
        clock=forward(lives) if is_slow else lambda: lives.random() * 4 + 1_750_000_000,
    )
    return [*intake_routes(outbox), Route(PANES, context.changelog, partial(WindowsPartition, context))]


def calls_of_a_day() -> list[tuple[int, bytes]]:
    """60 calls every 15 minutes; from 03:00 to 04:00 after the start nobody answers in region 44."""
    found = []
    for minute in range(7 * 60):
        for index in range(8):
            time = T0 + minute * 60 + index * 7
            understaffed = 180 <= minute < 240
            body = {
                "id": f"call-{minute}-{index}",
                "time": time * 1000,
                "customerId": "c",
                "region": "44",
                "answered": not understaffed,
                "waitSeconds": 200 if understaffed else 3,
                "talkSeconds": 0 if understaffed else 60,
            }
            found.append((index % PARTITIONS, msgspec.json.encode(body)))
    end = T0 + 9 * HOUR
    return found + [(source, call(f"end-{source}", end, "11")) for source in range(PARTITIONS)]


LOG = calls_of_a_day()
BEHIND = ((), (EARLY_WARNINGS,), (PANES,), ("barometer-windows-changelog",), ("barometer-calls-changelog",))
"""Topics of which nothing arrives in a life: their brokers are behind, and it is killed before they have caught up."""


def ledger(broker: ModelledBroker) -> dict[str, list[Identity]]:
    """Identities by warning, in order of appearance, repeats left out."""
    decoder = msgspec.json.Decoder(EarlyWarning)
    found: dict[str, list[Identity]] = {}
    for home in range(PARTITIONS):
        for record in broker.logs[Partition(EARLY_WARNINGS, home)]:
            assert record.value is not None
            warning = decoder.decode(record.value)
            identity = (warning.id, warning.sequence, warning.transition, warning.severity, warning.pane)
            if identity not in found.setdefault(warning.id, []):
                found[warning.id].append(identity)
    return found


def sums(broker: ModelledBroker) -> dict[bytes, list[int]]:
    """What was counted on the whole day, by cell, as the rolling windows have it that were told last."""
    found = {}
    for home in HOMES:
        for record in broker.logs[Partition(WINDOWS, home.partition)]:
            assert record.key is not None
            assert record.value is not None
            found[record.key] = msgspec.json.decode(record.value)["windows"][str(DAY)]
    return found


def play(seed: int | None, *, is_slow: bool = False) -> ModelledBroker:
    """Play the day; with a seed, in lives that are cut at random moments, and then a last one."""
    chance = Random(seed)
    broker = cut_short(chance, is_slow=is_slow) if seed is not None else log_of_the_day()
    finish(broker, chance, is_slow=is_slow)
    return broker


@cache
def uninterrupted() -> ModelledBroker:
    """Return the day of one uninterrupted life, to look at; whoever writes takes a copy of it, or plays another."""
    return play(None)


@cache
def reference() -> dict[str, list[Identity]]:
    """Return the ledger of an uninterrupted life."""
    return ledger(uninterrupted())


def finish(broker: ModelledBroker, chance: Random, *, is_slow: bool = False) -> None:
    """Let a life process everything that is left."""
    make = partial(routes, lives=chance, is_slow=is_slow)
    ModelledWorker(broker, make, PARTITIONS, compact=True).drain([*SOURCES, *HOMES])


def log_of_the_day() -> ModelledBroker:
    """The day's calls, nothing judged."""
    broker = ModelledBroker(append_ms=(T0 + 10**6) * 1000)
    for number, value in LOG:
        broker.append(SOURCES[number].topic, number, b"c", value)
    return broker


def _nothing(_: ModelledBroker) -> None:
    return None


def haunted(chance: Random) -> ModelledBroker:
    """Play the day in lives that lose their partitions, and go on beside their successors without a commit until these lose theirs."""
    broker = log_of_the_day()
    make = partial(routes, lives=chance, is_slow=True)
    zombie: ModelledWorker | None = None
    for _ in range(8):
        worker = ModelledWorker(broker, make, PARTITIONS, compact=chance.random() < 0.5)
        for _ in range(chance.randint(3, 25)):
            _step(worker, chance)
            if zombie is not None and chance.random() < 0.5:
                _step(zombie, chance)
            if chance.random() < 0.4:
                worker.commit()
        zombie = worker
    return broker


def _step(worker: ModelledWorker, chance: Random) -> None:
    for source in (*SOURCES, *HOMES):
        if chance.random() < 0.7:
            worker.take(source, chance.randint(1, 150))
    if chance.random() < 0.6:
        worker.flush()
    if chance.random() < 0.7:
        worker.outbox.deliver(chance.choice((3, 40, 400, 10_000)))


def cut_short(
    chance: Random, *, is_slow: bool = False, meanwhile: Callable[[ModelledBroker], None] = _nothing
) -> ModelledBroker:
    """Play the day in lives that are all killed.

    Slow ones write their state often, and some topics have not caught up when they are killed.

    Args:
        chance: decides everything.
        is_slow: see above.
        meanwhile: what others do to the broker, between any two steps.
    """
    broker = log_of_the_day()
    make = partial(routes, lives=chance, is_slow=is_slow)
    everything = [*SOURCES, *HOMES]
    for _ in range(6):
        worker = ModelledWorker(broker, make, PARTITIONS, compact=chance.random() < 0.5)
        behind = chance.choice(BEHIND) if is_slow else ()
        for _ in range(chance.randint(3, 25)):
            meanwhile(broker)
            for source in everything:
                if chance.random() < 0.7:
                    worker.take(source, chance.randint(1, 150))
            if chance.random() < 0.6:
                worker.flush()
            if chance.random() < 0.7:
                worker.outbox.deliver(chance.choice((3, 40, 400, 10_000)), but=behind)
            if chance.random() < 0.4:
                worker.commit()
    return broker
