"""What will happen in a campaign: drawn from a seed before anything starts, so that a campaign can be repeated."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from agents.crashpoints import PLACES

STEADY: Final = "steady"
"""Killed from outside, at no named place: whatever a worker that is ready is at just then."""
DEATHS: Final = {**PLACES, STEADY: "anywhere: from outside, while it works"}
"""Every way in which a worker dies -> what is half done then."""
MOST_PASSES: Final = {
    "take": 40,
    "flush": 12,
    "sealed": 12,
    "confirmed": 12,
    "commit": 8,
    "committed": 8,
    "pane": 40,
    "fold": 2,
}
"""Place -> up to how many passes are let through; elsewhere the first one counts."""
LONGEST_DELAY_MS: Final = 30
"""Longest time between the place and the death, in which a part of what is queued goes out."""
LONGEST_WORK_MS: Final = 3_000
"""Longest time that a worker works before it is killed from outside."""


class Blow(StrEnum):
    """What is done to the parts beside the workers that die."""

    ZOMBIE = "zombie"
    WORKER_CUT_OFF = "worker_cut_off"
    CLOCK_STEPPED = "clock_stepped"
    BROKER_KILLED = "broker_killed"
    BROKER_FROZEN = "broker_frozen"
    BROKER_CUT_OFF = "broker_cut_off"
    LEADERS_MOVED = "leaders_moved"
    DISK_FULL = "disk_full"
    NETWORK_SLOW = "network_slow"
    REDIS_KILLED = "redis_killed"
    REDIS_EMPTIED = "redis_emptied"
    WORKER_ADDED = "worker_added"


BLOWS: Final[Mapping[Blow, str]] = {
    Blow.ZOMBIE: "a worker is frozen for longer than its session, and thawed",
    Blow.WORKER_CUT_OFF: "a worker reaches no broker for longer than its session, and what it sent arrives afterwards",
    Blow.CLOCK_STEPPED: "a worker's clock is stepped, and stepped back",
    Blow.BROKER_KILLED: "a broker is killed and started again",
    Blow.BROKER_FROZEN: "a broker answers nobody for some seconds",
    Blow.BROKER_CUT_OFF: "a broker that leads is reached by no worker for some seconds",
    Blow.LEADERS_MOVED: "what a broker leads is led by another: reassignment and preferred election",
    Blow.DISK_FULL: "a broker's disk is full until it has died of it; then there is room, and it is started again",
    Blow.NETWORK_SLOW: "every byte between workers and brokers is late, and few pass",
    Blow.REDIS_KILLED: "Redis is killed and comes back empty",
    Blow.REDIS_EMPTIED: "Redis forgets everything",
    Blow.WORKER_ADDED: "a worker is added, and taken away with SIGTERM",
}
"""What each blow is, in words."""
LANES: Final = (
    (Blow.ZOMBIE, Blow.WORKER_CUT_OFF, Blow.CLOCK_STEPPED),
    (Blow.BROKER_KILLED, Blow.BROKER_FROZEN, Blow.BROKER_CUT_OFF, Blow.LEADERS_MOVED, Blow.DISK_FULL),
    (Blow.NETWORK_SLOW, Blow.REDIS_KILLED, Blow.REDIS_EMPTIED, Blow.WORKER_ADDED),
)
"""Blows of one lane follow each other, lanes go beside each other: never two brokers at once, so that two always confirm."""
VICTIMS: Final = 0
"""Lane of the worker that outlives its troubles."""


@dataclass(frozen=True, slots=True)
class Death:
    """A worker that is to die."""

    place: str
    """Of `DEATHS`."""
    passes: int
    delay_ms: int
    """Between the place, or its being ready, and its death."""


@dataclass(frozen=True, slots=True)
class Size:
    """How large a campaign is."""

    events: int
    """At least so many are sent; and on, while something is still to happen."""
    rate: float
    """Events sent in a second."""
    rounds: int
    """How often each place is tried."""
    blows: Mapping[Blow, int]

    @property
    def seconds(self) -> float:
        """In which the events are sent, at least."""
        return self.events / self.rate


SIZES: Final = {
    "short": Size(100_000, 1_250.0, 1, {**dict.fromkeys(Blow, 1), Blow.ZOMBIE: 2}),
    "full": Size(
        1_000_000, 1_250.0, 6,
        {
            Blow.ZOMBIE: 20, Blow.WORKER_CUT_OFF: 8, Blow.CLOCK_STEPPED: 8,
            Blow.BROKER_KILLED: 10, Blow.BROKER_FROZEN: 5, Blow.BROKER_CUT_OFF: 5, Blow.LEADERS_MOVED: 8, Blow.DISK_FULL: 3,
            Blow.NETWORK_SLOW: 5, Blow.REDIS_KILLED: 5, Blow.REDIS_EMPTIED: 5, Blow.WORKER_ADDED: 6,
        },
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """Deaths in their order, and the blows of each lane in theirs."""

    deaths: tuple[Death, ...]
    lanes: tuple[tuple[Blow, ...], ...]


def plan_of(size: Size, seed: int) -> Plan:
    """Draw the plan of a campaign: every place as often as the size says, in an order of its own each round."""
    chance = Random(seed)
    deaths = [
        _death(place, chance)
        for _ in range(size.rounds)
        for place in chance.sample(list(DEATHS), len(DEATHS))
    ]
    lanes = []
    for kinds in LANES:
        blows = [blow for blow in kinds for _ in range(size.blows[blow])]
        chance.shuffle(blows)
        lanes.append(tuple(blows))
    return Plan(tuple(deaths), tuple(lanes))


def _death(place: str, chance: Random) -> Death:
    longest = LONGEST_WORK_MS if place == STEADY else LONGEST_DELAY_MS
    return Death(place, chance.randint(1, MOST_PASSES.get(place, 1)), chance.randint(0, longest))
