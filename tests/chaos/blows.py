"""What is done to the parts beside the workers that die: one method for each blow of the plan."""

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from random import Random
from signal import Signals
from threading import Event as Flag
from threading import Lock
from typing import Final

from kafka.errors import KafkaError
from redis import Redis

from agents.cli import EXIT_ENVIRONMENT
from agents.embedded.errors import PartUnavailable
from agents.embedded.kafka import KafkaCluster
from agents.embedded.redis import RedisServer
from tests.chaos.clock import STEPS, Clock
from tests.chaos.disk import Disk
from tests.chaos.leaders import move_leaders
from tests.chaos.network import Network
from tests.chaos.plan import Blow
from tests.chaos.slot import Slot, wait_until

NODES: Final = 3
SESSION_SECONDS: Final = 3.0
PATIENCE_SECONDS: Final = 120.0
"""How long a worker may take to have partitions, and a broker to die of its full disk, on a machine that is busy."""
LEADERS_TRIES: Final = 30
CROWD, ALONE = 0, 1
"""Fronts: of the workers that die, and of the one that is frozen and cut off."""
SET_BACK: Final = "the clock was set back"
"""What a worker says that ends because of it."""
SMALL_NODE: Final = NODES
"""The broker whose disk can be full."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What can be struck. The cluster, Redis, `victim` and `extra` belong to one lane of the plan each."""

    cluster: KafkaCluster
    redis: RedisServer
    network: Network
    disk: Disk
    victim: Slot
    """A worker that outlives its troubles."""
    extra: Slot
    """Where a worker is added and taken away."""
    clock: Clock | None
    """Of the victim."""
    over: Flag
    """Set where nothing more may be started; whoever waits for a time need not go on waiting."""


class Blows:
    """Strikes, and counts. `say` prints a line."""

    def __init__(self, parts: Parts, say: Callable[[str], None]) -> None:
        self._parts = parts
        self._say = say
        self._lock = Lock()
        self.struck: Counter[Blow] = Counter()
        self.leaders_moved = 0
        self.clock_ends = 0
        """Workers that ended because their clock was set back, as they should."""
        self.ended: list[str] = []
        """Workers that ended though nobody killed them: slot and exit code."""
        self._strike: Final[Mapping[Blow, Callable[[Random], None]]] = {
            Blow.ZOMBIE: self._zombie,
            Blow.WORKER_CUT_OFF: self._worker_cut_off,
            Blow.CLOCK_STEPPED: self._clock_stepped,
            Blow.BROKER_KILLED: self._broker_killed,
            Blow.BROKER_FROZEN: self._broker_frozen,
            Blow.BROKER_CUT_OFF: self._broker_cut_off,
            Blow.LEADERS_MOVED: self._leaders_moved,
            Blow.DISK_FULL: self._disk_full,
            Blow.NETWORK_SLOW: self._network_slow,
            Blow.REDIS_KILLED: self._redis_killed,
            Blow.REDIS_EMPTIED: self._redis_emptied,
            Blow.WORKER_ADDED: self._worker_added,
        }

    def strike(self, blow: Blow, chance: Random) -> None:
        """Do it, and return when it is over.

        Raises:
            BarometerError: a part did not come back.
        """
        if blow is Blow.CLOCK_STEPPED and self._parts.clock is None:
            return
        self._strike[blow](chance)
        with self._lock:
            self.struck[blow] += 1

    def has_ended(self, slot: Slot) -> bool:
        """Note, if the worker of `slot` has ended by itself, with what code, and start another; not when everything is over."""
        code = slot.exit_code()
        if code is None or self._parts.over.is_set():
            return False
        with self._lock:
            self.ended.append(f"{slot.name}: {code}")
        self._say(f"the worker in {slot.name} has ended by itself, with code {code}:\n{slot.tail()}")
        slot.start()
        return True

    def _at_work(self) -> int:
        """Return when the victim has partitions, how often it has taken over so far."""
        victim = self._parts.victim
        while not victim.recovers(0, PATIENCE_SECONDS) and self.has_ended(victim):
            pass
        return victim.recoveries()

    def _is_back(self, before: int) -> None:
        victim = self._parts.victim
        if not victim.recovers(before, PATIENCE_SECONDS):
            self.has_ended(victim)

    def _zombie(self, chance: Random) -> None:
        before = self._at_work()
        self._parts.victim.signal(Signals.SIGSTOP)
        self._parts.over.wait(SESSION_SECONDS + 1 + chance.random() * 3)
        self._parts.victim.signal(Signals.SIGCONT)
        self._is_back(before)

    def _worker_cut_off(self, chance: Random) -> None:
        before = self._at_work()
        self._parts.network.cut_off_front(ALONE)
        self._parts.over.wait(SESSION_SECONDS + 1 + chance.random() * 4)
        self._parts.network.mend_front(ALONE)
        self._is_back(before)

    def _clock_stepped(self, chance: Random) -> None:
        assert self._parts.clock is not None
        self._at_work()
        self._parts.clock.step(chance.choice(STEPS))
        self._parts.over.wait(4 + chance.random() * 4)
        self._parts.clock.step(0)
        self._ends_by_clock()

    def _ends_by_clock(self) -> None:
        """Wait until the victim has noticed that its clock was set back, be it from before or to before, and start another."""
        victim = self._parts.victim
        code = victim.exit_code(wait_seconds=PATIENCE_SECONDS)
        if self._parts.over.is_set():
            return
        if code == EXIT_ENVIRONMENT and SET_BACK in victim.tail():
            with self._lock:
                self.clock_ends += 1
            victim.start()
        elif not self.has_ended(victim):
            with self._lock:
                self.ended.append(f"{victim.name}: did not notice that its clock was set back")

    def _broker_killed(self, chance: Random) -> None:
        node = chance.randint(1, NODES)
        self._parts.cluster.kill(node)
        self._parts.over.wait(1 + chance.random() * 6)
        self._parts.cluster.restart(node)

    def _broker_frozen(self, chance: Random) -> None:
        node = chance.randint(1, NODES)
        self._parts.cluster.signal(node, Signals.SIGSTOP)
        self._parts.over.wait(1 + chance.random() * 5)
        self._parts.cluster.signal(node, Signals.SIGCONT)

    def _broker_cut_off(self, chance: Random) -> None:
        node = chance.randint(1, NODES)
        self._parts.network.cut_off_node(node)
        self._parts.over.wait(1 + chance.random() * 6)
        self._parts.network.mend_node(node)

    def _leaders_moved(self, _: Random) -> None:
        for _try in range(LEADERS_TRIES):
            if self._parts.over.is_set():
                return
            try:
                moved = move_leaders(self._parts.cluster.bootstrap)
            except KafkaError as error:
                self._say(f"leaders stay where they are: {error!r}")
                moved = 0
            self.leaders_moved += moved
            if moved:
                return
            self._parts.over.wait(1)
        raise PartUnavailable("no partition could be given another leader")

    def _disk_full(self, chance: Random) -> None:
        cluster, disk = self._parts.cluster, self._parts.disk
        disk.fill()
        if not wait_until(lambda: SMALL_NODE not in cluster.pids, PATIENCE_SECONDS):
            self._say("the broker outlives its full disk; it is killed")
            cluster.kill(SMALL_NODE)
        self._parts.over.wait(chance.random() * 3)
        disk.free()
        cluster.restart(SMALL_NODE)

    def _network_slow(self, chance: Random) -> None:
        self._parts.network.slow_down(0.02 + chance.random() * 0.2, 2.0 ** chance.uniform(18, 21))
        self._parts.over.wait(4 + chance.random() * 4)
        self._parts.network.slow_down(0.0, 0.0)

    def _redis_killed(self, chance: Random) -> None:
        self._parts.redis.kill()
        self._parts.over.wait(chance.random() * 4)
        self._parts.redis.restart()

    def _redis_emptied(self, _: Random) -> None:
        with Redis.from_url(self._parts.redis.url) as client:
            client.flushall()

    def _worker_added(self, chance: Random) -> None:
        extra = self._parts.extra
        extra.start()
        if extra.recovers(0, PATIENCE_SECONDS):
            self._parts.over.wait(chance.random() * 3)
        extra.stop()
