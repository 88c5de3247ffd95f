"""The surveys of one step, answered or not.

Owns whom people ask, who answers, and how satisfied people are: by what they have experienced. Nothing drifts by
itself, so that whatever a satisfaction rule finds has a cause: an incident, waits, or late cases.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, Final, NamedTuple

import numpy as np
import orjson

from agents.recording import Envelope
from agents.simulator.burst import Burst
from agents.simulator.data import cumulative
from agents.simulator.draw import Concern, Draws, chances
from agents.simulator.population import SEGMENTS
from agents.simulator.rhythm import within_hour
from agents.simulator.spec import STEP
from agents.simulator.stamp import stamp
from agents.simulator.world import World
from models.events import SurveyKind, SurveyMedium
from models.measures import Stream
from models.pane import DAY
from models.vocabulary import Channel
from topics.catalogue import input_of

_NPS_BY_CSAT: Final = ((0, 2), (0, 5), (4, 8), (6, 10), (9, 10))
"""Lowest and highest likelihood to recommend that goes with a satisfaction of 1 to 5 (assumption)."""
_SUB_SCORES_SHARE: Final = 0.35
"""Share of answers that rate the parts as well (assumption; the parts are those of seed D12)."""
_OCCUPATIONS: Final = ("职员", "学生", "退休", "个体经营", "务工", "教师", "司机", "")
_PARTS: Final = ("service", "coverage", "price", "customerService")
_AFTER_CALL_MS: Final = (60_000, 7_200_000)
_AFTER_CASE_MS: Final = (600_000, 86_400_000)
"""An answer, or the end of waiting for it, comes so long after the experience (assumption)."""
_ANSWERED: Final = 0.96
"""Share of contacts with people that are answered, about: the rest is given up."""
_STEP_MS: Final = STEP * 1000


class Mood(StrEnum):
    """What somebody has experienced; the values are keys of `surveys.csat` in mix.yaml."""

    GOOD = "good"
    WAITED = "waited"
    LATE = "late"
    FAULT = "fault"
    RUDE = "rude"


class Experience(NamedTuple):
    """Something that a customer may be asked about."""

    id: str
    """Of the contact or case."""
    ended: int
    """Epoch milliseconds."""
    region: int
    customer: int
    channel: str
    department: str
    product: str
    mood: Mood
    complaint: str
    after_case: bool


class _Asked(NamedTuple):
    """One survey before it is answered."""

    time: int
    id: str
    region: int
    customer: int
    kind: str
    channel: str
    department: str
    product: str
    mood: Mood
    complaint: str


class SurveyStream:
    """Draws step after step; what was experienced is asked about later."""

    def __init__(self, world: World, departments: Mapping[int, str]) -> None:
        """Take the world and, by number of incident, the department whose customers are treated rudely."""
        spec, mix = world.spec, world.mix
        self._topic, self._headers = input_of(Stream.SURVEYS), spec.headers
        self._seed, self._mix, self._people, self._rhythm = spec.seed, mix, world.people, world.rhythm
        self._rude = departments
        surveys = self._surveys = mix.raw["surveys"]
        after = _after_experiences(mix.raw, mix.events_per_day)
        self._base = (mix.events_per_day[Stream.SURVEYS] - after) * spec.scale * STEP / DAY * mix.weights
        self._departments = tuple(surveys["departments"])
        self._channels = tuple(Channel(name) for name in surveys["channels"])
        self._kinds = tuple(SurveyKind(name) for name in surveys["kinds"])
        self._media = tuple(SurveyMedium(name) for name in surveys["media"])
        self._products = tuple(mix.raw["calls"]["products"])
        self._shares = {name: _ends(surveys[name]) for name in ("departments", "channels", "kinds", "media")}
        self._shares["products"] = _ends(mix.raw["calls"]["products"])
        self._csat = {mood: _ends(surveys["csat"][mood]) for mood in Mood}
        self._due: defaultdict[int, list[_Asked]] = defaultdict(list)

    def ask(self, experiences: Sequence[Experience]) -> None:
        """Choose whom to ask about what they have experienced."""
        for experience in experiences:
            id_ = f"srv-{experience.id}"
            luck = chances(self._seed, id_)
            if luck[0] >= self._surveys["after_case" if experience.after_case else "after_call"]:
                continue
            low, high = _AFTER_CASE_MS if experience.after_case else _AFTER_CALL_MS
            time = experience.ended + low + int((high - low) * luck[1] * luck[1])
            asked = _Asked(
                time,
                id_,
                experience.region,
                experience.customer,
                SurveyKind.FOLLOW_UP if experience.after_case else SurveyKind.QUESTIONNAIRE,
                experience.channel,
                experience.department,
                experience.product,
                experience.mood,
                experience.complaint,
            )
            self._due[time // _STEP_MS].append(asked)

    def write(self, start: int, bursts: Mapping[int, tuple[int, Burst]]) -> list[Envelope]:
        """Return the surveys that were answered or given up in the step that begins at `start`, in order of time.

        `bursts` are answers of customers for whom satisfaction has broken down, by number of the incident.
        """
        asked = [*self._people_at_large(start), *self._due.pop(start // STEP, ())]
        for number, (first, burst) in bursts.items():
            stem = f"srv-{self._seed}-i{number}"
            asked += self._asked(stem, first, burst, Mood.RUDE, self._rude[number])
        # The segment and age of all of them at once.
        who = self._people.attributes(
            np.array([one.region for one in asked], dtype=np.int64),
            np.array([one.customer for one in asked], dtype=np.int64),
        )
        made = [
            self._record(one, SEGMENTS[segment], self._people.age_bands[age])
            for one, segment, age in zip(asked, who.segment, who.age, strict=True)
        ]
        made.sort(key=lambda envelope: (envelope.time, envelope.id))
        return made

    def _people_at_large(self, start: int) -> list[_Asked]:
        draws = Draws(self._seed, Concern.SURVEYS, start // STEP)
        begin, end = self._rhythm.step_of_profile("office", start)
        counts = draws.poisson(self._base * ((begin + end) / 2))
        regions = np.repeat(np.arange(len(counts)), counts)
        n = len(regions)
        offsets = within_hour(np.full(n, begin), np.full(n, end), draws.uniform(n), STEP)
        customers = self._people.draw(draws, regions, np.zeros(n, dtype=np.bool_))
        burst = Burst(start * 1000 + offsets, regions, np.zeros(n, dtype=np.int64), customers)
        return self._asked(f"srv-{self._seed}-{start // STEP}", 0, burst, Mood.GOOD, "")

    def _asked(self, stem: str, first: int, burst: Burst, mood: Mood, department: str) -> list[_Asked]:
        rows = zip(burst.times.tolist(), burst.regions.tolist(), burst.customers.tolist(), strict=True)
        found = []
        for index, (time, region, customer) in enumerate(rows):
            id_ = f"{stem}-{first + index}"
            luck = chances(self._seed, f"{id_}?")
            found.append(
                _Asked(
                    time,
                    id_,
                    region,
                    customer,
                    self._kinds[self._choice("kinds", luck[0])],
                    self._channels[self._choice("channels", luck[1])],
                    department or self._departments[self._choice("departments", luck[2])],
                    self._products[self._choice("products", luck[3])],
                    mood,
                    "",
                )
            )
        return found

    def _record(self, asked: _Asked, segment: str, age: str) -> Envelope:
        surveys = self._surveys
        luck = chances(self._seed, asked.id)
        key = self._people.id(asked.region, asked.customer)
        event: dict[str, Any] = {
            "id": asked.id,
            "time": stamp(asked.time),
            "customerId": key,
            "kind": asked.kind,
            "medium": self._media[self._choice("media", luck[2])],
            "channel": asked.channel,
            "region": self._mix.provinces[asked.region].code,
            "department": asked.department,
            "segment": segment,
            "product": asked.product,
            "ageBand": age,
            "occupation": _OCCUPATIONS[int(luck[3] * len(_OCCUPATIONS))],
        }
        if asked.complaint:
            event["complaintId"] = asked.complaint
        score = 1 + bisect_right(self._csat[asked.mood], luck[4])
        if asked.mood is Mood.RUDE or luck[5] < surveys["answered"][score - 1]:
            event["csat"] = score
            if luck[6] < surveys["nps_share"]:
                low, high = _NPS_BY_CSAT[score - 1]
                event["nps"] = low + int(luck[7] * (high - low + 1))
            if luck[8] < surveys["ces_share"]:
                event["ces"] = min(7, max(1, score + 1 + int(luck[9] * 3) - 1))
            if luck[10] < _SUB_SCORES_SHARE:
                event["subScores"] = {
                    part: min(5, max(1, score + int(number * 3) - 1))
                    for part, number in zip(_PARTS, luck[11:15], strict=True)
                }
        return Envelope(self._topic, key, orjson.dumps(event), asked.time, asked.id, self._headers)

    def _choice(self, name: str, uniform: float) -> int:
        return bisect_right(self._shares[name], uniform)


def _ends(shares: Mapping[str, float] | Sequence[float]) -> list[float]:
    """Return the ends of shares of [0, 1), but for the last one."""
    ends: list[float] = cumulative(shares).tolist()
    return ends[:-1]


def _after_experiences(raw: Mapping[str, Any], events: Mapping[Stream, float]) -> float:
    """Return how many surveys a day follow a contact or a case, at scale 1."""
    calls, cases, surveys = raw["calls"], raw["cases"], raw["surveys"]
    answered = events[Stream.CALLS] * (1 - calls["robot_alone"]) * _ANSWERED
    closed = events[Stream.COMPLAINTS] * cases["opened"]
    return float(answered * surveys["after_call"] + closed * surveys["after_case"])
