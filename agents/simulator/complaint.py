"""The complaints of one step: how many of what from where, who complains again, through which channel, and in which words.

Owns rates and dispersion of the complaint stream. `draw` makes columns, cheap enough for steps that nobody sees;
`write` makes events of them. Steps are drawn in order, because people who complain again have complained before. What
incidents add is kept apart (`of_incident`), so that it changes nothing of the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import numpy as np
import orjson

from agents.recording import Envelope
from agents.simulator.burst import Burst
from agents.simulator.data import Floats, Ints, choose, cumulative
from agents.simulator.draw import Concern, Draws
from agents.simulator.grammar import Again, Language, load_texts
from agents.simulator.population import AREAS, SEGMENTS
from agents.simulator.rhythm import within_hour
from agents.simulator.spec import STEP
from agents.simulator.stamp import stamp
from agents.simulator.topology import access_node, cell_id
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
"""Steps of the past from which the repeats of one step are taken; enough that they are not all of one morning."""

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
_ELEMENT_KNOWN: Final = 0.7
"""Share of network and broadband complaints whose producer knows the cell or OLT (assumption)."""
_LANGUAGE_STATED: Final = 0.7
"""Share of complaints whose producer states the language (assumption)."""


@dataclass(frozen=True, slots=True)
class Complaints:
    """Complaints of one step, of the nation or of one incident, in order of time; columns of one length."""

    start: int
    """The step, epoch seconds."""
    stem: str
    """Of ids: seed, and step or incident."""
    first: int
    """Number of the first one under that stem."""
    times: Ints
    """Epoch milliseconds."""
    regions: Ints
    subjects: Ints
    customers: Ints
    again: Ints
    channels: Ints
    incident: int = 0
    """Number of the incident that made them; 0 for the nation's own."""
    texts: tuple[str, ...] | None = None
    """Words, where an incident puts them into people's mouths."""

    def id(self, index: int) -> str:
        """Return the id of the complaint at `index`."""
        return f"cmp-{self.stem}-{self.first + index}"


class ComplaintStream:
    """Draws step after step."""

    def __init__(self, world: World) -> None:
        spec, mix = world.spec, world.mix
        self._topic, self._headers = input_of(Stream.COMPLAINTS), spec.headers
        self._seed, self._mix, self._people, self._rhythm = spec.seed, mix, world.people, world.rhythm
        per_step = mix.events_per_day[Stream.COMPLAINTS] * spec.scale * STEP / DAY
        self._base = per_step * np.outer(mix.weights, world.rhythm.shares)
        names = list(dict.fromkeys(subject.category for subject in mix.subjects))
        self._category = np.array([names.index(subject.category) for subject in mix.subjects])
        self._categories = len(names)
        self._enterprise = np.array([subject.category == "ENT" for subject in mix.subjects])
        self.channels: Final = tuple(Channel(name) for name in mix.raw["channels"])
        self._channel_shares = [_channel_shares(mix.raw, again=again) for again in (False, True)]
        self._appeals = _appeals(mix.raw, [subject.category for subject in mix.subjects], world.rhythm.shares)
        self._regulator = self.channels.index(Channel.REGULATOR)
        self._language_shares = cumulative(mix.raw["languages"])
        self._past: list[Ints] = []
        """Rows of provinces, subjects and customers that complained first or again: an entry for each step, the last one last."""
        self._texts = load_texts(mix)
        self._noise = lru_cache(maxsize=2)(self._noise_of)

    def draw(self, start: int) -> Complaints:
        """Return the complaints of the step that begins at `start` (epoch seconds), incidents apart."""
        draws = Draws(self._seed, Concern.COMPLAINTS, start // STEP)
        begin, end = self._rhythm.step_of_subjects(start)
        rates = (
            self._base * ((begin + end) / 2) * self._rhythm.level(start) * self._noise(start - start % HOUR)
        )
        counts = draws.poisson(rates).ravel()
        flat = np.repeat(np.arange(counts.size), counts)
        regions, subjects = np.divmod(flat, rates.shape[1])
        n = len(flat)
        times = start * 1000 + within_hour(begin[subjects], end[subjects], draws.uniform(n), STEP)
        customers = self._people.draw(draws, regions, self._enterprise[subjects])
        again = np.full(n, int(Again.FIRST))
        self._come_again(start, (regions, subjects, customers, again))
        order = np.argsort(times, kind="stable")
        columns = (column[order] for column in (times, regions, subjects, customers, again))
        times, regions, subjects, customers, again = columns
        channels = self._channels(draws, subjects, again)
        stem = f"{self._seed}-{start // STEP}"
        drawn = Complaints(start, stem, 0, times, regions, subjects, customers, again, channels)
        first = again != Again.URGE
        self._past.append(np.stack((regions, subjects, customers))[:, first])
        del self._past[: -REPEAT_HOURS[1] * HOUR // STEP]
        return drawn

    def of_incident(self, number: int, start: int, burst: Burst, first: int) -> Complaints:
        """Return what the incident `number` adds to the step; `first` is the place of `burst` in the whole."""
        draws = Draws(self._seed, Concern.INCIDENTS, number, start // STEP)
        again = np.full(len(burst.times), int(Again.FIRST))
        channels = self._channels(draws, burst.subjects, again)
        if burst.channels is not None:
            channels = np.array([self.channels.index(channel) for channel in burst.channels], dtype=np.int64)
        return Complaints(
            start,
            f"{self._seed}-i{number}",
            first,
            burst.times,
            burst.regions,
            burst.subjects,
            burst.customers,
            again,
            channels,
            number,
            burst.texts,
        )

    def _noise_of(self, hour: int) -> Floats:
        """Extra variance of an hour's rates, by province and subject."""
        draws, dispersion = Draws(self._seed, Concern.NOISE, hour // HOUR), self._mix.raw["dispersion"]
        regions = len(self._base)
        common = draws.noise(dispersion["region"], regions)[:, None]
        apart = draws.noise(dispersion["region_category"], regions * self._categories)
        factors: Floats = common * apart.reshape(regions, self._categories)[:, self._category]
        return factors

    def _channels(self, draws: Draws, subjects: Ints, again: Ints) -> Ints:
        n = len(subjects)
        uniform, appeal = draws.uniform(n), draws.uniform(n)
        once_more = again != Again.FIRST
        chosen = np.where(
            once_more, choose(self._channel_shares[1], uniform), choose(self._channel_shares[0], uniform)
        )
        return np.where(appeal < self._appeals[once_more.astype(np.int64), subjects], self._regulator, chosen)

    def _come_again(self, start: int, columns: tuple[Ints, Ints, Ints, Ints]) -> None:
        """Turn a share of the complaints, in place, into ones of people who have complained about the same before."""
        draws = Draws(self._seed, Concern.AGAIN, start // STEP)
        regions, subjects, customers, again = columns
        uniform = draws.uniform(len(regions))
        urge, repeat = self._mix.raw["urge_share"], self._mix.raw["repeat_share"]
        recent = self._past[-URGE_HOURS * HOUR // STEP :]
        old_enough = max(0, len(self._past) - REPEAT_HOURS[0] * HOUR // STEP)
        old = [self._past[index] for index in draws.below(old_enough, _REPEAT_SAMPLE if old_enough else 0)]
        for kind, pool, chosen in (
            (Again.URGE, recent, uniform < urge),
            (Again.REPEAT, old, (uniform >= urge) & (uniform < urge + repeat)),
        ):
            at = np.flatnonzero(chosen)
            before = np.concatenate(pool, axis=1) if len(at) and pool else np.empty((3, 0), dtype=np.int64)
            size = before.shape[1]
            if not size:
                continue
            regions[at], subjects[at], customers[at] = before[:, draws.below(size, len(at))]
            again[at] = kind

    def write(self, drawn: Complaints) -> list[Envelope]:
        """Return the events of `drawn`, in the same order."""
        draws = Draws(self._seed, Concern.COMPLAINT_TEXTS, drawn.start // STEP, drawn.incident)
        pick = draws.python().random
        mix, people, compose, dumps = self._mix, self._people, self._texts.compose, orjson.dumps
        who = people.attributes(drawn.regions, drawn.customers)
        languages = choose(self._language_shares, draws.uniform(len(drawn.times))).tolist()
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
            key, id_ = people.id(region, customer), drawn.id(index)
            product: str = subject.product
            if product == Product.MOBILE and who.contract[index] == Product.HOME and pick() < 0.3:
                product = Product.HOME
            text = drawn.texts[index] if drawn.texts else compose(number, language, again, city, pick)
            event: dict[str, Any] = {
                "id": id_,
                "time": stamp(time),
                "customerId": key,
                "text": text,
                "channel": self.channels[channel],
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
            if subject.category == "NET" and pick() < _ELEMENT_KNOWN:
                site = who.element[index]
                event["elementId"] = cell_id(province.code, city_index, site, who.sector[index])
            elif subject.category == "BRD" and pick() < _ELEMENT_KNOWN:
                event["elementId"] = access_node("olt", province.code, city_index, who.element[index])
            if language != Language.MIXED and pick() < _LANGUAGE_STATED:
                event["lang"] = "en" if language else "zh"
            account = people.account(region, customer)
            if account:
                event["accountId"] = account
            found.append(Envelope(self._topic, key, dumps(event), time, id_, self._headers))
        return found


def spoken(channels: Sequence[Channel]) -> list[int]:
    """Return the places of the channels on which one speaks with people."""
    return [index for index, name in enumerate(channels) if name in (Channel.HOTLINE, Channel.CHAT)]


def _channel_shares(raw: Mapping[str, Any], *, again: bool) -> Floats:
    shares = dict(raw["channels"])
    for name, factor in raw["escalate_again"].items() if again else ():
        shares[name] *= factor
    shares[Channel.REGULATOR.value] = 0.0
    return cumulative(shares)


def _appeals(raw: Mapping[str, Any], categories: Sequence[str], shares: Floats) -> Floats:
    """Return how likely a complaint goes to the regulator: a row for first ones, one for others; by subject."""
    base = raw["channels"]["regulator"] / sum(raw["channels"].values())
    whole = sum(entry["share"] for entry in raw["appeals"])
    factors = np.zeros(len(categories))
    for entry in raw["appeals"]:
        among = np.isin(categories, entry["categories"])
        factors[among] = entry["share"] / whole / sum(shares[among].tolist())
    return np.stack([base * factors, base * raw["escalate_again"]["regulator"] * factors])
