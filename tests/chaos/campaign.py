"""One campaign: three brokers, Redis, workers that die by a plan, a load with known truth; at the end everything is recomputed.

Two slots hold workers that are to die, one after the other; a third holds one that is only frozen. The load goes on through
all of it. Afterwards every slot holds a healthy worker, and what the topics and the board say is compared.
"""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from random import Random
from signal import Signals
from typing import Any, Final

import msgspec
from redis import Redis

from agents.boardagent import board_of
from agents.crashpoints import PLACES
from agents.embedded.guard import Guarded
from agents.embedded.kafka import KafkaCluster
from agents.embedded.redis import RedisServer
from agents.reading import TopicReader
from agents.recording import Envelope
from agents.replay import replay
from agents.settings import ENV_PREFIX, Settings, load_settings
from agents.simulator.simulate import simulate
from agents.simulator.spec import FIRST_DAY, SimulationSpec, days_from
from agents.verify.report import VerifyReport
from agents.verify.run import verify
from tests.chaos.plan import Blow, Death, Plan, Size, plan_of
from topics.catalogue import CLASSIFIED_COMPLAINTS, DEAD_LETTERS, EARLY_WARNINGS, catalogue
from topics.provision import provision

NODES: Final = 3
SESSION_SECONDS: Final = 3.0
REACH_SECONDS: Final = 45.0
"""A place that a worker has not reached by then is tried again later; after that the campaign has missed it."""
TRIES: Final = 3
CAUGHT_UP_SECONDS: Final = 300.0
SETTINGS: Final[dict[str, Any]] = {
    "replication": NODES,
    "metrics_port": 0,
    "session_timeout_seconds": SESSION_SECONDS,
    "heartbeat_interval_seconds": 0.5,
    # So that hours are summed and forgotten every few seconds of the campaign.
    "retention_hours": 1,
}

Say = Callable[[str], None]


@dataclass
class Result:
    """What happened, and what differed afterwards."""

    hits: Counter[str] = field(default_factory=Counter)
    blows: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    events: int = 0
    rebalances: int = 0
    wire_duplicates: dict[str, int] = field(default_factory=dict)
    seconds: float = 0.0
    report: VerifyReport | None = None


class Slot:
    """A place for one worker process after the other."""

    def __init__(self, name: str, scratch: Path, settings: Settings) -> None:
        self._name = name
        self._scratch = scratch
        self._settings = settings
        self.process: Guarded | None = None
        self._started = 0

    @property
    def hits(self) -> Path:
        """File in which an armed worker notes that it has reached its place."""
        return self._scratch / f"{self._name}.hits"

    def start(self, death: Death | None = None) -> None:
        """Start a worker, armed or healthy, in place of the one before."""
        self.stop()
        self._started += 1
        settings = self._settings
        environment = SETTINGS | {
            "brokers": settings.brokers,
            "redis_url": settings.redis_url.get_secret_value(),
            "data_dir": self._scratch / self._name,
        }
        program = ["-m", "agents.cli", "worker"]
        if death is not None:
            program = [
                "-m",
                "tests.chaos.worker",
                death.place,
                str(death.passes),
                str(death.delay_ms),
                str(self.hits),
            ]
        self.process = Guarded(
            [
                "env",
                *(f"{ENV_PREFIX}{name.upper()}={value}" for name, value in environment.items()),
                sys.executable,
                *program,
            ],
            log=self._scratch / f"{self._name}-{self._started}.log",
        )

    def stop(self) -> None:
        """End the worker as SIGTERM does."""
        if self.process is not None:
            self.process.close()
            self.process = None

    def log_tail(self) -> str:
        """Return the last lines of the running worker."""
        path = self._scratch / f"{self._name}-{self._started}.log"
        return path.read_text(encoding="utf-8", errors="replace")[-3_000:]


class Campaign:
    """Everything of one campaign. `say` prints a line."""

    def __init__(self, size: Size, seed: int, scratch: Path, say: Say) -> None:
        self._size = size
        self._seed = seed
        self._plan: Plan = plan_of(size, seed)
        self._scratch = scratch
        self._say = say
        self._result = Result()
        self._deaths: SimpleQueue[tuple[Death, int]] = SimpleQueue()
        self._lock = threading.Lock()

    def run(self) -> Result:
        """Run it whole.

        Raises:
            BarometerError: a part did not start, or the workers did not catch up.
        """
        begun = time.monotonic()
        with ExitStack() as stack:
            self._cluster = stack.enter_context(KafkaCluster(NODES))
            self._redis = stack.enter_context(RedisServer())
            self._settings = load_settings(
                brokers=self._cluster.bootstrap, redis_url=self._redis.url, data_dir=self._scratch, **SETTINGS
            )
            provision(
                self._settings.brokers, catalogue(), partitions=self._settings.partitions, replication=NODES
            )
            self._slots = [Slot(f"slot-{number}", self._scratch, self._settings) for number in range(3)]
            self._extra = Slot("extra", self._scratch, self._settings)
            for slot in (*self._slots, self._extra):
                stack.callback(slot.stop)
            self._suffer()
            self._look()
        self._result.seconds = time.monotonic() - begun
        return self._result

    def _suffer(self) -> None:
        for death in self._plan.deaths:
            self._deaths.put((death, 1))
        self._slots[2].start()
        threads = [threading.Thread(target=self._kill, args=(slot,)) for slot in self._slots[:2]]
        load = threading.Thread(target=self._load)
        for thread in (load, *threads):
            thread.start()
        chance = Random(self._seed + 1)
        pause = self._size.seconds * 0.9 / (len(self._plan.blows) + 1)
        for blow in self._plan.blows:
            load.join(timeout=pause)
            self._say(f"{blow}")
            getattr(self, f"_{blow.value}")(chance)
            self._result.blows[blow] += 1
        for thread in (load, *threads):
            thread.join()

    def _load(self) -> None:
        start, end = days_from(FIRST_DAY, self._size.days)
        scale = 1.05 * self._size.events / self._size.days / 100_000
        spec = SimulationSpec(start, end, seed=self._seed, scale=scale)
        told = 0

        def counted() -> Iterator[Envelope]:
            nonlocal told
            for envelope in simulate(spec):
                self._result.events += not envelope.heartbeat
                if self._result.events >= told + self._size.events // 20:
                    told = self._result.events
                    self._say(f"{told:,} events sent")
                yield envelope

        replay(counted(), self._settings.brokers, speed=(end - start) / self._size.seconds)

    def _kill(self, slot: Slot) -> None:
        """Let one worker after the other die in `slot`, and leave a healthy one there."""
        while True:
            try:
                death, tries = self._deaths.get_nowait()
            except Empty:
                break
            slot.hits.unlink(missing_ok=True)
            slot.start(death)
            assert slot.process is not None
            slot.process.exit_code(wait_seconds=REACH_SECONDS)
            if slot.process.exit_code() is None:
                slot.process.kill()
            if slot.hits.exists():
                with self._lock:
                    self._result.hits[death.place] += 1
                self._say(f"killed at {death.place}: {PLACES[death.place]}")
            elif tries < TRIES:
                self._deaths.put((death, tries + 1))
            else:
                with self._lock:
                    self._result.missed.append(death.place)
        slot.start()

    def _zombie(self, chance: Random) -> None:
        worker = self._slots[2].process
        assert worker is not None
        worker.signal(Signals.SIGSTOP)
        time.sleep(SESSION_SECONDS + 1 + chance.random() * 3)
        worker.signal(Signals.SIGCONT)

    def _broker_killed(self, chance: Random) -> None:
        node = chance.randint(1, NODES)
        self._cluster.kill(node)
        time.sleep(1 + chance.random() * 6)
        self._cluster.restart(node)

    def _broker_frozen(self, chance: Random) -> None:
        node = chance.randint(1, NODES)
        self._cluster.signal(node, Signals.SIGSTOP)
        time.sleep(1 + chance.random() * 5)
        self._cluster.signal(node, Signals.SIGCONT)

    def _redis_killed(self, chance: Random) -> None:
        self._redis.kill()
        time.sleep(chance.random() * 4)
        self._redis.restart()

    def _redis_emptied(self, _: Random) -> None:
        with Redis.from_url(self._redis.url) as client:
            client.flushall()

    def _worker_added(self, chance: Random) -> None:
        self._extra.start()
        time.sleep(4 + chance.random() * 4)
        self._extra.stop()

    def _look(self) -> None:
        for slot in self._slots:
            if slot.process is None or slot.process.exit_code() is not None:
                self._say(f"a healthy worker has ended:\n{slot.log_tail()}")
                slot.start()
        self._say("everything is sent and everybody is healthy; recomputing")
        board = board_of(self._settings)
        self._result.report = verify(
            self._settings.brokers, self._settings, wait_seconds=CAUGHT_UP_SECONDS, board=board
        )
        self._result.wire_duplicates = {
            topic: self._repeats(topic) for topic in (CLASSIFIED_COMPLAINTS, EARLY_WARNINGS, DEAD_LETTERS)
        }
        self._result.rebalances = sum(
            path.read_text(encoding="utf-8", errors="replace").count("recovered ")
            for path in self._scratch.glob("*.log")
        )

    def _repeats(self, topic: str) -> int:
        """Return how many records of a topic repeat an earlier one, by their CloudEvents id."""
        seen: Counter[bytes] = Counter()
        with TopicReader(self._settings.brokers, topic) as reader:
            for record in reader.read():
                seen[dict(record.headers).get("ce_id") or b""] += 1
        return seen.total() - len(seen)


def line_of(result: Result, seed: int) -> str:
    """Return the last line of a campaign: one JSON object."""
    assert result.report is not None
    return msgspec.json.encode({
        "seed": seed, "events": result.events, "worker_kills": result.hits.total(),
        "zombies": result.blows[Blow.ZOMBIE],
        "broker_restarts": result.blows[Blow.BROKER_KILLED] + result.blows[Blow.BROKER_FROZEN],
        "redis_losses": result.blows[Blow.REDIS_KILLED] + result.blows[Blow.REDIS_EMPTIED],
        "rebalances": result.rebalances, "wire_duplicates": result.wire_duplicates,
        "places": {place: result.hits[place] for place in PLACES}, "missed": result.missed,
        "differences": result.report.differences, "seconds": round(result.seconds, 1),
    }).decode()  # fmt: skip
