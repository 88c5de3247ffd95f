"""How many people a hotline needs: Erlang's formulas B and C.

Pure functions of load and people; what load is expected is for those who plan. A. K. Erlang's model has Poisson
arrivals, exponential handling times, callers who wait for ever and one queue in order of arrival. Real callers give up,
which makes waits a little shorter than the formula says.
"""

import math
from collections.abc import Mapping
from functools import lru_cache
from typing import Any


def erlang_c(load: float, people: int) -> float:
    """Return the share of callers who wait, for `load` in erlangs (arrival rate times handling time); 1 if overloaded."""
    if people <= load:
        return 1.0
    blocked = 1.0
    for servers in range(1, people + 1):
        blocked = load * blocked / (servers + load * blocked)
    return people * blocked / (people - load * (1 - blocked))


def service_level(load: float, people: int, handle_seconds: float, answer_seconds: float) -> float:
    """Return the share of callers who are answered within `answer_seconds`; 0 if overloaded."""
    if people <= load:
        return 0.0
    waiting = math.exp(-(people - load) * answer_seconds / handle_seconds)
    return 1 - erlang_c(load, people) * waiting


def mean_wait(load: float, people: int, handle_seconds: float) -> float:
    """Return the mean wait of all callers, in seconds; infinite if overloaded."""
    if people <= load:
        return math.inf
    return erlang_c(load, people) * handle_seconds / (people - load)


@lru_cache(maxsize=65_536)
def people_for(load: float, handle_seconds: float, answer_seconds: float, level: float, fewest: int) -> int:
    """Return the smallest number of people, at least `fewest`, who reach the service level."""
    people = max(fewest, int(load) + 1)
    while service_level(load, people, handle_seconds, answer_seconds) < level:
        people += 1
    return people


def handle_seconds(calls: Mapping[str, Any]) -> float:
    """Return the mean time that a contact takes of a person, from the section `calls` of mix.yaml."""
    talk = float(calls["talk_median_seconds"]) * math.exp(float(calls["talk_sigma"]) ** 2 / 2)
    return (
        talk
        + float(calls["hold_share"]) * float(calls["hold_mean_seconds"])
        + float(calls["wrap_mean_seconds"])
    )
