"""What will happen in a campaign: drawn from a seed before anything starts, so that a campaign can be repeated."""

from dataclasses import dataclass
from enum import StrEnum
from random import Random
from typing import Final

from agents.crashpoints import PLACES

MOST_PASSES: Final = {
    "take": 60,
    "flush": 20,
    "sealed": 20,
    "confirmed": 20,
    "commit": 15,
    "committed": 15,
    "pane": 60,
    "fold": 2,
}
"""Place -> up to how many passes are let through; elsewhere the first one counts."""
LONGEST_DELAY_MS: Final = 30
"""Longest time between the place and the death, in which a part of what is queued goes out."""


class Blow(StrEnum):
    """What is done to the parts beside the workers that die."""

    ZOMBIE = "zombie"
    """A worker is frozen for longer than its session, and thawed."""
    BROKER_KILLED = "broker_killed"
    BROKER_FROZEN = "broker_frozen"
    """A broker answers nobody for some seconds: a network that is cut, or very slow."""
    REDIS_KILLED = "redis_killed"
    REDIS_EMPTIED = "redis_emptied"
    WORKER_ADDED = "worker_added"
    """And taken away again, with SIGTERM."""


@dataclass(frozen=True, slots=True)
class Death:
    """A worker that is to die."""

    place: str
    passes: int
    delay_ms: int


@dataclass(frozen=True, slots=True)
class Size:
    """How large a campaign is."""

    events: int
    days: int
    """Simulated; time passes as much faster."""
    seconds: float
    """In which the events are sent."""
    rounds: int
    """How often each place is tried."""
    blows: dict[Blow, int]


SIZES: Final = {
    "short": Size(
        100_000, 1, 240.0, 1,
        {Blow.ZOMBIE: 2, Blow.BROKER_KILLED: 1, Blow.BROKER_FROZEN: 1, Blow.REDIS_KILLED: 1, Blow.REDIS_EMPTIED: 1, Blow.WORKER_ADDED: 1},
    ),
    "full": Size(
        1_000_000, 10, 2_400.0, 6,
        {Blow.ZOMBIE: 20, Blow.BROKER_KILLED: 10, Blow.BROKER_FROZEN: 6, Blow.REDIS_KILLED: 5, Blow.REDIS_EMPTIED: 5, Blow.WORKER_ADDED: 6},
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Plan:
    """Deaths in their order, and blows in theirs."""

    deaths: tuple[Death, ...]
    blows: tuple[Blow, ...]


def plan_of(size: Size, seed: int) -> Plan:
    """Draw the plan of a campaign: every place as often as the size says, in an order of its own each round."""
    chance = Random(seed)
    deaths = [
        Death(place, chance.randint(1, MOST_PASSES.get(place, 1)), chance.randint(0, LONGEST_DELAY_MS))
        for _ in range(size.rounds)
        for place in chance.sample(list(PLACES), len(PLACES))
    ]
    blows = [blow for blow, count in size.blows.items() for _ in range(count)]
    chance.shuffle(blows)
    return Plan(tuple(deaths), tuple(blows))
