"""One campaign: three brokers, Redis, workers that die by a plan, a load with known truth; at the end everything is recomputed.

load ────────────────────────────────> 3 brokers <── recomputation
2 slots, in which workers die ──> network ──> |
1 victim, frozen and cut off  ──> network ──> |   Redis <── all workers
1 slot for a worker more      ──> network ──> |

Two slots hold workers that are to die, one after the other. The load goes on through all of it. Afterwards every slot holds a
healthy worker, and what the topics and the board say is compared.
"""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from queue import Empty, SimpleQueue
from random import Random
from threading import Event as Flag
from threading import Lock
from typing import Any, Final

from agents.boardagent import board_of
from agents.embedded.kafka import KafkaCluster
from agents.embedded.redis import RedisServer
from agents.settings import Settings, load_settings
from agents.verify.run import verify
from tests.chaos.blows import ALONE, CROWD, NODES, PATIENCE_SECONDS, SESSION_SECONDS, SMALL_NODE, Blows, Parts
from tests.chaos.clock import find_clock
from tests.chaos.compaction import BROKER as COMPACTING
from tests.chaos.compaction import compact_often
from tests.chaos.disk import LimitedProcess, SmallDisk, has_own_mounts
from tests.chaos.load import Load
from tests.chaos.network import Network
from tests.chaos.plan import DEATHS, STEADY, VICTIMS, Blow, Death, Plan, Size, plan_of
from tests.chaos.result import Result, repeats, told_by
from tests.chaos.slot import Slot
from topics.catalogue import catalogue
from topics.provision import provision

REACH_SECONDS: Final = 60.0
"""A place that a worker has not reached by then is tried again later; after some tries the campaign has missed it."""
TRIES: Final = 5
CAUGHT_UP_SECONDS: Final = 900.0
"""How long the workers may take, on a machine that is busy, to be done with everything."""
LOOK_SECONDS: Final = 1.0
SHARE: Final = 0.9
"""Of the load's time in which the blows begin."""
SETTINGS: Final[dict[str, Any]] = {
    "replication": NODES,
    "metrics_port": 0,
    "session_timeout_seconds": SESSION_SECONDS,
    "heartbeat_interval_seconds": 0.5,
    # So that hours are summed and forgotten every few seconds of the campaign.
    "retention_hours": 1,
}
Say = Callable[[str], None]


def _failed(*futures: Future[Any]) -> bool:
    return any(future.done() and future.exception() is not None for future in futures)


class Campaign:
    """Everything of one campaign. `say` prints a line; `over` is set where nothing more may be started."""

    def __init__(self, size: Size, seed: int, scratch: Path, brokers: Path, say: Say, over: Flag) -> None:
        self._size = size
        self._seed = seed
        self._plan: Plan = plan_of(size, seed)
        self._scratch = scratch
        self._brokers = brokers
        self._say = say
        self._deaths: SimpleQueue[tuple[Death, int]] = SimpleQueue()
        self._hits: Counter[str] = Counter()
        self._missed: list[str] = []
        self._lock = Lock()
        self._over = over
        """Somebody wants it to stop, or something went wrong that no campaign survives."""

    def run(self) -> Result:
        """Run it whole.

        Raises:
            BarometerError: a part did not start, or the workers did not catch up.
        """
        begun = time.monotonic()
        with ExitStack() as stack:
            self._set_up(stack)
            delivered = self._suffer()
            result = self._look(delivered)
        result.seconds = time.monotonic() - begun
        return result

    def _set_up(self, stack: ExitStack) -> None:
        disk: SmallDisk | LimitedProcess
        if has_own_mounts():
            disk = SmallDisk(self._brokers / f"node-{SMALL_NODE}" / "data")
            for node in range(1, NODES + 1):
                (self._brokers / f"node-{node}").mkdir(exist_ok=True)
        else:
            disk = LimitedProcess(lambda: cluster.pids[SMALL_NODE])
        stack.callback(disk.close)
        network = stack.enter_context(Network(fronts=2, nodes=NODES))
        cluster = stack.enter_context(KafkaCluster(NODES, self._brokers, COMPACTING, fronts=network.ports))
        for node in range(1, NODES + 1):
            stack.callback(cluster.kill, node)  # its data goes with it: nobody waits for an orderly end
        network.lead_to([cluster.behind(front) for front in (CROWD, ALONE)])
        redis = stack.enter_context(RedisServer())
        self._settings: Settings = load_settings(
            brokers=cluster.bootstrap, redis_url=redis.url, data_dir=self._scratch, **SETTINGS
        )
        provision(
            self._settings.brokers, catalogue(), partitions=self._settings.partitions, replication=NODES
        )
        crowd = SETTINGS | {"brokers": network.bootstrap(CROWD), "redis_url": redis.url}
        clock = find_clock(self._scratch)
        self._slots = [Slot(f"slot-{number}", self._scratch, crowd) for number in range(2)]
        alone = crowd | {"brokers": network.bootstrap(ALONE)}
        victim = Slot("victim", self._scratch, alone, clock)
        extra = Slot("extra", self._scratch, crowd)
        for slot in (*self._slots, victim, extra):
            stack.callback(slot.kill)
        self._parts = Parts(cluster, redis, network, disk, victim, extra, clock, self._over)
        self._blows = Blows(self._parts, self._say)

    def _suffer(self) -> int:
        """Let everything happen; return how many events were delivered."""
        for death in self._plan.deaths:
            self._deaths.put((death, 1))
        self._parts.victim.start()
        load = Load(self._settings.brokers, self._size, self._seed, self._say)
        with ThreadPoolExecutor() as pool:
            sent = pool.submit(load.run)
            kills = [pool.submit(self._kill, slot) for slot in self._slots]
            lanes = [
                pool.submit(self._lane, lane, Random(self._seed + number))
                for number, lane in enumerate(self._plan.lanes, start=1)
            ]
            others = [*kills, *lanes, pool.submit(compact_often, self._settings.brokers, self._over)]
            watched = [*zip(self._slots, kills, strict=True), (self._parts.victim, lanes[VICTIMS])]
            try:
                while not _failed(sent, *others) and not all(future.done() for future in others):
                    wait(others, timeout=LOOK_SECONDS, return_when=FIRST_EXCEPTION)
                    for slot, striking in watched:
                        if striking.done():
                            self._blows.has_ended(slot)
                load.enough()
                if _failed(sent, *others):
                    self._end(load)
                sent.result()
            except BaseException:
                # The pool waits for everybody, also where Ctrl-C was pressed.
                self._end(load)
                raise
            for future in others:
                future.result()
            return sent.result().delivered

    def _end(self, load: Load) -> None:
        self._over.set()
        load.stop()

    def _lane(self, lane: tuple[Blow, ...], chance: Random) -> None:
        """Strike one blow after the other, spread over the time of the load."""
        begun = time.monotonic()
        for number, blow in enumerate(lane, start=1):
            due = begun + number * self._size.seconds * SHARE / (len(lane) + 1)
            if self._over.wait(timeout=max(0.0, due - time.monotonic())):
                return
            self._say(f"{blow}")
            self._blows.strike(blow, chance)

    def _kill(self, slot: Slot) -> None:
        """Let one worker after the other die in `slot`, and leave a healthy one there."""
        while not self._over.is_set():
            try:
                death, tries = self._deaths.get_nowait()
            except Empty:
                break
            begun = time.monotonic()
            slot.start(death)
            died = self._dies_steadily(slot, death) if death.place == STEADY else self._dies_there(slot)
            if died:
                with self._lock:
                    self._hits[death.place] += 1
                took = time.monotonic() - begun
                self._say(f"killed after {took:.1f} s at {death.place}: {DEATHS[death.place]}")
            elif tries < TRIES:
                self._say(f"not reached, to be tried again: {death.place}")
                # On a machine that is slow the first pass may be all that there is time for.
                self._deaths.put((replace(death, passes=1), tries + 1))
            else:
                with self._lock:
                    self._missed.append(death.place)
                self._say(f"never reached: {death.place}")
        if not self._over.is_set():
            slot.start()

    def _dies_there(self, slot: Slot) -> bool:
        slot.exit_code(wait_seconds=REACH_SECONDS)
        if not slot.died_there:
            self._blows.has_ended(slot)
        slot.kill()
        return slot.died_there

    def _dies_steadily(self, slot: Slot, death: Death) -> bool:
        if (
            not slot.recovers(0, PATIENCE_SECONDS)
            or slot.exit_code(wait_seconds=death.delay_ms / 1000) is not None
        ):
            self._blows.has_ended(slot)
            slot.kill()
            return False
        slot.kill()
        return True

    def _look(self, delivered: int) -> Result:
        for slot in (*self._slots, self._parts.victim):
            self._blows.has_ended(slot)
        self._say("everything is sent and everybody is healthy; recomputing")
        phases: set[str] = set()

        def progress(phase: str, *_: int) -> None:
            if phase not in phases:
                phases.add(phase)
                self._say(phase)

        report = verify(
            self._settings.brokers,
            self._settings,
            wait_seconds=CAUGHT_UP_SECONDS,
            board=board_of(self._settings),
            progress=progress,
        )
        return Result(
            seed=self._seed,
            events=delivered,
            hits=self._hits,
            missed=self._missed,
            blows=self._blows.struck,
            leaders_moved=self._blows.leaders_moved,
            clock_ends=self._blows.clock_ends,
            ended=self._blows.ended,
            disk=self._parts.disk.how,
            has_clock=self._parts.clock is not None,
            wire=repeats(self._settings.brokers),
            told=told_by(workers=self._scratch, brokers=self._brokers),
            report=report,
        )
