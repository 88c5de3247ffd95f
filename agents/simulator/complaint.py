"""The complaints of one hour: how many of what from where, who complains again, and what they write.

Owns rates and dispersion of the complaint stream. `draw` makes columns, cheap enough for hours that nobody sees;
`write` makes events of them. Hours are drawn in order, because people who complain again have complained before.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random
from typing import Any, Final

import numpy as np
import orjson

from agents.recording import Envelope
from agents.simulator.data import Ints, choose, cumulative
from agents.simulator.grammar import Again, Language, load_texts
from agents.simulator.incident import Burst, element_id
from agents.simulator.population import AREAS, SEGMENTS
from agents.simulator.rhythm import within_hour
from agents.simulator.stamp import stamp
from agents.simulator.world import World
from models.measures import Stream
from models.pane import DAY, HOUR
from models.vocabulary import Channel, JourneyStage, Product
from topics.catalogue import input_of

URGE_HOURS: Final = 22
"""An urge follows within these hours: with both events anywhere in theirs that is less than 24 h."""
REPEAT_HOURS: Final = (30, 28 * 24)
"""A repeat follows this much later at the least and at the most; within 30 days."""
_REPEAT_SAMPLE: Final = 8

_STAGES: Final = {
    "NET": JourneyStage.USE,
    "BRD": JourneyStage.FAULT,
    "BIL": JourneyStage.USE,
    "PLN": JourneyStage.CHANGE,
    "MKT": JourneyStage.AWARENESS,
    "SVC": JourneyStage.USE,
    "BUS": JourneyStage.PURCHASE,
    "VAS": JourneyStage.RENEWAL,
    "DEV": JourneyStage.FAULT,
    "ENT": JourneyStage.FAULT,
}
_WITH_ELEMENT: Final = frozenset({"NET", "BRD"})
_ELEMENT_KNOWN: Final = 0.7
"""Share of network and broadband complaints whose producer knows the access node."""
_LANGUAGE_STATED: Final = 0.7


@dataclass(frozen=True, slots=True)
class Complaints:
    """Complaints of one hour in order of time; columns of one length."""

    hour: int
    times: Ints
    """Epoch milliseconds."""
    regions: Ints
    subjects: Ints
    customers: Ints
    again: Ints
    channels: Ints

    def id(self, index: int, seed: int) -> str:
        """Return the id of the `index`th complaint: seed, hour and position in it."""
        return f"cmp-{seed}-{self.hour // HOUR}-{index}"


class ComplaintStream:
    """Draws hour after hour."""

    def __init__(self, world: World) -> None:
        spec, mix = world.spec, world.mix
        self._topic, self._headers = input_of(Stream.COMPLAINTS), spec.headers
        self._seed, self._mix, self._people, self._rhythm = spec.seed, mix, world.people, world.rhythm
        per_hour = mix.events_per_day[Stream.COMPLAINTS] * spec.scale * HOUR / DAY
        shares = np.array([subject.share for subject in mix.subjects])
        self._base = per_hour * np.outer(mix.weights, shares)
        names = list(dict.fromkeys(subject.category for subject in mix.subjects))
        self._category = np.array([names.index(subject.category) for subject in mix.subjects])
        self._categories = len(names)
        self._enterprise = np.array([subject.category == "ENT" for subject in mix.subjects])
        self._channels = tuple(Channel(name) for name in mix.raw["channels"])
        self._channel_shares = cumulative(mix.raw["channels"])
        self._language_shares = cumulative(mix.raw["languages"])
        self._past: deque[tuple[int, Ints, Ints, Ints]] = deque()
        self._texts = load_texts(mix)

    def draw(self, hour: int, bursts: Iterable[Burst] = ()) -> Complaints:
        """Return the complaints of the hour that begins at `hour` (epoch seconds), with what incidents add."""
        rng = np.random.default_rng([self._seed, 1, hour])
        begin, end = self._rhythm.subjects(hour)
        dispersion = self._mix.raw["dispersion"]
        rates = self._base * ((begin + end) / 2)
        rates *= _gamma(rng, dispersion["region"], (len(rates), 1))
        rates *= _gamma(rng, dispersion["region_category"], (len(rates), self._categories))[:, self._category]
        counts = rng.poisson(rates).ravel()
        flat = np.repeat(np.arange(counts.size), counts)
        regions, subjects = np.divmod(flat, rates.shape[1])
        customers = self._people.draw(rng, regions, self._enterprise[subjects])
        again = np.full(len(flat), int(Again.FIRST))
        self._come_again(rng, hour, (regions, subjects, customers, again))
        times = hour * 1000 + within_hour(begin[subjects], end[subjects], rng.random(len(flat)))
        for burst in bursts:
            times, regions, subjects, customers, again = (
                np.concatenate(pair)
                for pair in (
                    (times, burst.times),
                    (regions, burst.regions),
                    (subjects, burst.subjects),
                    (customers, burst.customers),
                    (again, np.zeros_like(burst.times)),
                )
            )
        order = np.argsort(times, kind="stable")
        channels = choose(self._channel_shares, rng.random(len(order)))
        drawn = Complaints(
            hour, times[order], regions[order], subjects[order], customers[order], again[order], channels
        )
        first = drawn.again != Again.URGE
        self._past.append((hour, drawn.regions[first], drawn.subjects[first], drawn.customers[first]))
        while self._past[0][0] < hour - REPEAT_HOURS[1] * HOUR:
            self._past.popleft()
        return drawn

    def _come_again(
        self, rng: np.random.Generator, hour: int, columns: tuple[Ints, Ints, Ints, Ints]
    ) -> None:
        """Turn a share of the complaints, in place, into ones of people who have complained about the same before."""
        regions, subjects, customers, again = columns
        uniform = rng.random(len(regions))
        urge, repeat = self._mix.raw["urge_share"], self._mix.raw["repeat_share"]
        recent = [past for past in self._past if hour - URGE_HOURS * HOUR <= past[0]]
        old = [past for past in self._past if past[0] <= hour - REPEAT_HOURS[0] * HOUR]
        if len(old) > _REPEAT_SAMPLE:
            old = [old[index] for index in np.sort(rng.choice(len(old), _REPEAT_SAMPLE, replace=False))]
        for kind, pool, chosen in (
            (Again.URGE, recent, uniform < urge),
            (Again.REPEAT, old, (uniform >= urge) & (uniform < urge + repeat)),
        ):
            size = sum(len(past[1]) for past in pool)
            at = np.flatnonzero(chosen)
            if not size or not len(at):
                continue
            picked = rng.integers(0, size, len(at))
            for column, position in ((regions, 1), (subjects, 2), (customers, 3)):
                column[at] = np.concatenate([past[position] for past in pool])[picked]
            again[at] = kind

    def write(self, drawn: Complaints) -> list[Envelope]:
        """Return the events of `drawn`, in the same order."""
        rng = np.random.default_rng([self._seed, 2, drawn.hour])
        pick = Random(int(rng.integers(2**62))).random
        mix, people, compose, dumps = self._mix, self._people, self._texts.compose, orjson.dumps
        who = people.attributes(drawn.regions, drawn.customers)
        languages = choose(self._language_shares, rng.random(len(drawn.times))).tolist()
        found = []
        rows = zip(
            drawn.times.tolist(),
            drawn.regions.tolist(),
            drawn.subjects.tolist(),
            drawn.customers.tolist(),
            drawn.again.tolist(),
            drawn.channels.tolist(),
            languages,
            strict=True,
        )
        for index, (time, region, number, customer, again, channel, language) in enumerate(rows):
            subject, province = mix.subjects[number], mix.provinces[region]
            city_index = who.city[index]
            city = province.cities[city_index]
            key, id_ = people.id(region, customer), drawn.id(index, self._seed)
            product: str = subject.product
            if product == Product.MOBILE and who.segment[index] == 1 and pick() < 0.2:
                product = Product.HOME
            event: dict[str, Any] = {
                "id": id_,
                "time": stamp(time),
                "customerId": key,
                "text": compose(number, language, again, city, pick),
                "channel": self._channels[channel],
                "region": province.code,
                "city": city[0],
                "area": AREAS[who.area[index]],
                "segment": SEGMENTS[who.segment[index]],
                "tier": who.tier[index],
                "product": product,
                "ageBand": people.age_bands[who.age[index]],
                "networkAgeMonths": who.network_age[index],
                "journeyStage": _STAGES.get(subject.category, JourneyStage.UNKNOWN),
            }
            if subject.category in _WITH_ELEMENT and pick() < _ELEMENT_KNOWN:
                event["elementId"] = element_id(province.code, city_index, who.element[index])
            if language != Language.MIXED and pick() < _LANGUAGE_STATED:
                event["lang"] = "en" if language else "zh"
            account = people.account(region, customer)
            if account:
                event["accountId"] = account
            found.append(Envelope(self._topic, key, dumps(event), time, id_, self._headers))
        return found


def _gamma(rng: np.random.Generator, variance: float, shape: tuple[int, int]) -> Any:
    """Factors of mean 1 and the given variance."""
    return rng.gamma(1 / variance, variance, shape) if variance else np.ones(shape)
