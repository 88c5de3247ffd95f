"""The surveys of one hour, answered or not.

Owns how satisfied people are. The healthy distribution does not drift with anything, so that whatever a satisfaction
rule finds outside an incident is a false alarm.
"""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import orjson

from agents.recording import Envelope
from agents.simulator.data import choose, cumulative
from agents.simulator.incident import DROP_DEPARTMENT, Burst
from agents.simulator.population import SEGMENTS
from agents.simulator.rhythm import within_hour
from agents.simulator.stamp import stamp
from agents.simulator.world import World
from models.events import SurveyKind, SurveyMedium
from models.measures import Stream
from models.pane import DAY, HOUR
from models.vocabulary import Channel
from topics.catalogue import input_of

_NPS_BY_CSAT: Final = ((0, 2), (0, 5), (4, 8), (6, 10), (9, 10))
"""Lowest and highest likelihood to recommend that goes with a satisfaction of 1 to 5."""
_SUB_SCORES_SHARE: Final = 0.35
_OCCUPATIONS: Final = ("职员", "学生", "退休", "个体经营", "务工", "教师", "司机", "")
_PARTS: Final = ("service", "coverage", "price", "customerService")


class SurveyStream:
    """Draws hour after hour; hours do not depend on each other."""

    def __init__(self, world: World) -> None:
        spec, mix = world.spec, world.mix
        self._topic, self._headers = input_of(Stream.SURVEYS), spec.headers
        self._seed, self._mix, self._people, self._rhythm = spec.seed, mix, world.people, world.rhythm
        surveys = self._surveys = mix.raw["surveys"]
        self._base = mix.events_per_day[Stream.SURVEYS] * spec.scale * HOUR / DAY * mix.weights
        self._departments = tuple(surveys["departments"])
        self._channels = tuple(Channel(name) for name in surveys["channels"])
        self._kinds = tuple(SurveyKind(name) for name in surveys["kinds"])
        self._media = tuple(SurveyMedium(name) for name in surveys["media"])
        self._products = tuple(mix.raw["calls"]["products"])
        self._shares = {
            name: cumulative(surveys[name]) for name in ("departments", "channels", "kinds", "media")
        }
        self._shares["products"] = cumulative(mix.raw["calls"]["products"])
        self._csat, self._csat_in_drop = cumulative(surveys["csat"]), cumulative(surveys["csat_in_drop"])

    def write(self, hour: int, bursts: Sequence[Burst]) -> list[Envelope]:
        """Return the surveys that were answered or given up in the hour that begins at `hour`.

        `bursts` are answers of customers for whom satisfaction has broken down.
        """
        rng = np.random.default_rng([self._seed, 4, hour])
        begin, end = self._rhythm.profile("office", hour)
        counts = rng.poisson(self._base * rng.gamma(1 / 0.015, 0.015, len(self._base)) * (begin + end) / 2)
        regions = np.repeat(np.arange(len(counts)), counts)
        n = len(regions)
        times = hour * 1000 + within_hour(np.full(n, begin), np.full(n, end), rng.random(n))
        customers = self._people.draw(rng, regions, np.zeros(n, dtype=np.bool_))
        dropped = np.repeat([False, True], [n, sum(len(burst.times) for burst in bursts)])
        times = np.concatenate([times, *(burst.times for burst in bursts)])
        regions = np.concatenate([regions, *(burst.regions for burst in bursts)])
        customers = np.concatenate([customers, *(burst.customers for burst in bursts)])
        order = np.argsort(times, kind="stable")
        times, regions, customers, dropped = times[order], regions[order], customers[order], dropped[order]
        n = len(times)
        who = self._people.attributes(regions, customers)
        uniform = rng.random(n)
        csat = np.where(dropped, choose(self._csat_in_drop, uniform), choose(self._csat, uniform)) + 1
        columns = zip(
            times.tolist(),
            regions.tolist(),
            customers.tolist(),
            dropped.tolist(),
            csat.tolist(),
            ((rng.random(n) < self._surveys["answered"]) | dropped).tolist(),
            (rng.random(n) < self._surveys["nps_share"]).tolist(),
            (rng.random(n) < self._surveys["ces_share"]).tolist(),
            (rng.random(n) < _SUB_SCORES_SHARE).tolist(),
            rng.random((n, 6)).tolist(),
            *(
                choose(self._shares[name], rng.random(n)).tolist()
                for name in ("departments", "channels", "kinds", "media", "products")
            ),
            strict=True,
        )
        found = []
        stem, dumps, people = f"srv-{self._seed}-{hour // HOUR}-", orjson.dumps, self._people
        for index, (
            time, region, customer, in_drop, score, answered, with_nps, with_ces, with_parts, u,
            department, channel, kind, medium, product,
        ) in enumerate(columns):  # fmt: skip
            key, id_ = people.id(region, customer), f"{stem}{index}"
            event: dict[str, Any] = {
                "id": id_,
                "time": stamp(time),
                "customerId": key,
                "kind": self._kinds[kind],
                "medium": self._media[medium],
                "channel": self._channels[channel],
                "region": self._mix.provinces[region].code,
                "department": DROP_DEPARTMENT if in_drop else self._departments[department],
                "segment": SEGMENTS[who.segment[index]],
                "product": self._products[product],
                "ageBand": people.age_bands[who.age[index]],
                "occupation": _OCCUPATIONS[int(u[5] * len(_OCCUPATIONS))],
            }
            if answered:
                event["csat"] = score
                if with_nps:
                    low, high = _NPS_BY_CSAT[score - 1]
                    event["nps"] = low + int(u[0] * (high - low + 1))
                if with_ces:
                    event["ces"] = min(7, max(1, score + 1 + int(u[0] * 3) - 1))
                if with_parts:
                    event["subScores"] = {
                        part: min(5, max(1, score + int(part_u * 3) - 1))
                        for part, part_u in zip(_PARTS, u[1:5], strict=True)
                    }
            found.append(Envelope(self._topic, key, dumps(event), time, id_, self._headers))
        return found
