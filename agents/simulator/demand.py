"""How many contacts people are planned for: what a hotline's planners expect of an hour, province by province."""

from typing import Any, Final

from agents.simulator.data import Floats, Mix
from agents.simulator.rhythm import Rhythm
from agents.simulator.spec import STEP
from agents.simulator.staffing import handle_seconds, people_for
from models.measures import Stream
from models.pane import DAY, HOUR
from models.vocabulary import Channel


class CallDemand:
    """Expected contacts at one scale. `plain` come by themselves, `linked` because of a complaint."""

    def __init__(self, mix: Mix, rhythm: Rhythm, scale: float) -> None:
        calls, channels = mix.raw["calls"], mix.raw["channels"]
        self._calls: Final[dict[str, Any]] = calls
        self._weights, self._rhythm = mix.weights, rhythm
        share = (channels[Channel.HOTLINE] + channels[Channel.CHAT]) / sum(channels.values())
        self._linked = mix.events_per_day[Stream.COMPLAINTS] * share * calls["with_complaint"] * scale
        self.plain: Final[Floats] = (
            (mix.events_per_day[Stream.CALLS] * scale - self._linked) * STEP / DAY * mix.weights
        )
        """Contacts in a step, by province, at a relative rate of 1."""
        self.handle_seconds: Final = handle_seconds(calls)
        """Mean time that a contact takes of a person."""

    def per_hour(self, hour: int, region: int) -> float:
        """Return the contacts that want a human in the hour that begins at `hour`, by its busier end."""
        calls, level = self._calls, self._rhythm.level(hour)
        human = 1 - calls["robot_alone"] - calls["outbound"]
        plain = float(self.plain[region]) * (HOUR / STEP) * max(self._rhythm.profile("office", hour)) * human
        busiest = max(self._mean(rates) for rates in self._rhythm.subjects(hour))
        return float((plain + self._linked / 24 * float(self._weights[region]) * busiest) * level)

    def load(self, hour: int, region: int) -> float:
        """Return the same in erlangs."""
        return self.per_hour(hour, region) * self.handle_seconds / HOUR

    def people(self, hour: int, region: int) -> int:
        """Return how many people are planned for an hour."""
        calls = self._calls
        load = round(self.load(hour, region) * calls["reserve"], 4)
        level, seconds = calls["service_level"], calls["answer_seconds"]
        return people_for(load, self.handle_seconds, seconds, level, calls["fewest"])

    def _mean(self, rates: Floats) -> float:
        return float(sum((rates * self._rhythm.shares).tolist()))
