"""Producers between the world and the topics: silent ones, late ones, ones with wrong clocks, and faulty ones.

Owns what they do to complaints on the way, and the exact count of it in the incident's truth. A batch that is held back
keeps its order. Everything that a faulty producer adds has an id of its own, so that nothing good is lost by it.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np

from agents.recording import Envelope
from agents.simulator.complaint import Complaints
from agents.simulator.draw import Concern, Draws, chances
from agents.simulator.incident import NOTHING, RAISED, Scene, Trouble
from agents.simulator.spec import NATION, OFFSET_SECONDS, STEP, Incident, IncidentKind
from agents.simulator.stamp import stamp
from agents.simulator.world import World
from models.measures import Stream
from models.pane import DAY, HOUR
from models.vocabulary import Channel
from topics.catalogue import input_of

Arrival = tuple[int, Envelope]
"""Epoch milliseconds, and what arrives."""
Sent = tuple[int, int, Envelope]
"""When it arrives, when again (0: never), and what."""

CLOCK_AHEAD_SECONDS: Final = 90
"""Within the tolerance for times ahead (300 s): such events are accepted, and carry the watermark with them."""
CLOCK_BEHIND_SECONDS: Final = 600
"""Far beyond the allowed lateness (30 s)."""
LONGEST_HOLD_SECONDS: Final = 20 * HOUR
"""Below the retention (24 h), so that everything held back counts as late and nothing is too late."""
RELEASE_HOUR: Final = 7
"""Local hour at which a batch that was held back arrives."""
GARBAGE_AN_HOUR: Final = 60
"""At any scale, so that there are some of each kind."""
DUPLICATE_SHARE: Final = 0.25
"""Of a faulty producer's events, each repeated up to three times."""
REORDERED_SHARE: Final = 0.30
REORDERED_MS: Final = 18_000
"""Longest delay of a reordered event: with the jitter it stays within the allowed lateness."""

_BAD: Final[tuple[tuple[str, bytes], ...]] = (
    ("malformed_json", b'{"id":"%(id)b","time":"%(time)b","customerId":"%(key)b","text":'),
    ("malformed_json", b'\xff\xfe\x00{"id":"%(id)b"}'),
    ("not_an_object", b'["%(id)b","%(time)b","%(key)b"]'),
    ("wrong_type", b'{"id":"%(id)b","time":"%(time)b","customerId":17,"text":"?","channel":"app"}'),
    ("missing_field", b'{"id":"%(id)b","time":"%(time)b","text":"?","channel":"app"}'),
    (
        "unknown_value",
        b'{"id":"%(id)b","time":"%(time)b","customerId":"%(key)b","text":"?","channel":"telex"}',
    ),
    ("bad_time", b'{"id":"%(id)b","time":"yesterday","customerId":"%(key)b","text":"?","channel":"app"}'),
    ("out_of_range", b'{"id":"%(id)b","time":"%(time)b","customerId":"%(key)b","text":" ","channel":"app"}'),
)
"""Records that cannot be read, each with the reason for which it must be refused (`models.errors.RejectReason`)."""


def silent(scene: Scene) -> Trouble:
    """A channel's complaints are lost."""
    channel = Channel.APP
    cells = [{"channel": channel.value}]
    if scene.incident.regions != (NATION,):
        cells = [{"region": code, "channel": channel.value} for code in scene.codes]
    truth = scene.truth(["EW27"], cells, 0)
    truth |= {"expect": RAISED, "channel": channel, "withheld": 0}
    return Trouble(scene.number, scene.incident, truth, channel=channel)


def disturbed(scene: Scene) -> Trouble:
    """A producer of a province's complaints is late, has a wrong clock, or is faulty."""
    truth = scene.truth([], [], 0, expect=NOTHING)
    incident = scene.incident
    if incident.kind is IncidentKind.LATE_BATCH:
        if incident.end - incident.start > LONGEST_HOLD_SECONDS:
            raise ValueError(f"a late batch spans {LONGEST_HOLD_SECONDS // HOUR} h at the most: {incident}")
        truth |= {"late": 0, "arrives": stamp(release_of(incident, scene.spec.end) * 1000)}
    elif incident.kind is IncidentKind.BAD_PRODUCER:
        truth |= {"duplicates": 0, "reordered": 0, "dead_letters": 0, "reasons": {}}
    else:
        ahead = incident.kind is IncidentKind.CLOCK_AHEAD
        truth |= {"skewed": 0, "skew_seconds": CLOCK_AHEAD_SECONDS if ahead else -CLOCK_BEHIND_SECONDS}
    return Trouble(scene.number, incident, truth)


def release_of(incident: Incident, end: int) -> int:
    """Return when what was held back arrives: the next morning, or before that if it would be too late then."""
    midnight = incident.end - (incident.end + OFFSET_SECONDS) % DAY
    morning = midnight + RELEASE_HOUR * HOUR
    if morning < incident.end:
        morning += DAY
    latest = min(incident.start + LONGEST_HOLD_SECONDS, (incident.end + end) // 2)
    return max(incident.end, min(morning, latest))


class Producers:
    """All producers of complaints: what they are given, and what arrives."""

    def __init__(self, world: World, troubles: Sequence[Trouble]) -> None:
        self._world, self._seed = world, world.spec.seed
        self._topic = input_of(Stream.COMPLAINTS)
        self._disturbed = [
            (trouble, self._regions(trouble)) for trouble in troubles if trouble.incident.kind in _DISTURBING
        ]

    def _regions(self, trouble: Trouble) -> frozenset[int]:
        codes = trouble.incident.regions
        mix = self._world.mix
        everywhere = codes == (NATION,)
        return frozenset(range(len(mix.provinces)) if everywhere else map(mix.region, codes))

    def pass_on(self, drawn: Complaints, sent: Sequence[Sent]) -> tuple[list[Sent], list[Arrival]]:
        """Return what nobody disturbs of `drawn`, and what arrives of the rest."""
        begin, end = drawn.start, drawn.start + STEP
        active = [
            (trouble, regions)
            for trouble, regions in self._disturbed
            if trouble.incident.start < end and begin < trouble.incident.end
        ]
        if not active:
            return list(sent), []
        good: list[Sent] = []
        other: list[Arrival] = []
        channels = tuple(Channel(name) for name in self._world.mix.raw["channels"])
        rows = zip(drawn.regions.tolist(), drawn.channels.tolist(), sent, strict=True)
        for region, channel, one in rows:
            for trouble, regions in active:
                incident = trouble.incident
                inside = incident.start * 1000 <= one[2].time < incident.end * 1000
                if region in regions and inside and trouble.channel in (None, channels[channel]):
                    other += self._disturb(trouble, (one[0], one[2]))
                    break
            else:
                good.append(one)
        return good, other

    def _disturb(self, trouble: Trouble, arrival: Arrival) -> list[Arrival]:
        truth, (time, envelope) = trouble.truth, arrival
        truth["events"] += 1
        match trouble.incident.kind:
            case IncidentKind.SILENT_CHANNEL:
                truth["withheld"] += 1
                return []
            case IncidentKind.LATE_BATCH:
                truth["late"] += 1
                held = release_of(trouble.incident, self._world.spec.end) * 1000
                # A minute's worth of sending for hours of events, in their order.
                return [(held + (time - trouble.incident.start * 1000) // 600, envelope)]
            case IncidentKind.BAD_PRODUCER:
                return self._faulty(truth, arrival)
            case _:
                truth["skewed"] += 1
                wrong = envelope.time + int(truth["skew_seconds"]) * 1000
                value = envelope.value.replace(stamp(envelope.time).encode(), stamp(wrong).encode(), 1)
                told = Envelope(envelope.topic, envelope.key, value, wrong, envelope.id, envelope.headers)
                return [(time, told)]

    def _faulty(self, truth: dict[str, Any], arrival: Arrival) -> list[Arrival]:
        time, envelope = arrival
        luck = chances(self._seed, f"{envelope.id}!")
        if luck[0] < REORDERED_SHARE:
            truth["reordered"] += 1
            time += int(luck[1] * REORDERED_MS)
        found = [(time, envelope)]
        if luck[2] < DUPLICATE_SHARE:
            copies = 1 + int(luck[3] * 3)
            truth["duplicates"] += copies
            found += [(time + 1_000 + int(luck[4 + copy] * 120_000), envelope) for copy in range(copies)]
        return found

    def garbage(self, start: int) -> Iterator[Arrival]:
        """Yield what faulty producers send in the step that begins at `start` although it is no event."""
        for trouble, regions in self._disturbed:
            incident = trouble.incident
            begin, end = max(start, incident.start), min(start + STEP, incident.end)
            if incident.kind is IncidentKind.BAD_PRODUCER and begin < end:
                yield from self._garbage(trouble, min(regions), begin, end)

    def _garbage(self, trouble: Trouble, region: int, begin: int, end: int) -> Iterator[Arrival]:
        draws = Draws(self._seed, Concern.PRODUCERS, trouble.number, begin)
        mean = GARBAGE_AN_HOUR * (end - begin) / HOUR
        count = int(draws.poisson(np.array([mean]))[0])
        places = np.sort(draws.below((end - begin) * 1000, count)).tolist()
        kinds = draws.below(len(_BAD), count).tolist()
        people = self._world.people
        customers = people.draw(draws, np.full(count, region), np.zeros(count, dtype=np.bool_)).tolist()
        reasons: Counter[str] = Counter(trouble.truth["reasons"])
        for index, (place, kind, customer) in enumerate(zip(places, kinds, customers, strict=True)):
            time = begin * 1000 + place
            key, id_ = people.id(region, customer), f"bad-{self._seed}-{trouble.number}-{begin}-{index}"
            reason, form = _BAD[kind]
            value = form % {b"id": id_.encode(), b"time": stamp(time).encode(), b"key": key.encode()}
            reasons[reason] += 1
            # Without an id of its own: a producer that writes this writes no headers either.
            yield time, Envelope(self._topic, key, value, time, "", self._world.spec.headers)
        trouble.truth["reasons"] = dict(sorted(reasons.items()))
        trouble.truth["dead_letters"] = reasons.total()


_DISTURBING: Final = frozenset(
    {
        IncidentKind.SILENT_CHANNEL,
        IncidentKind.LATE_BATCH,
        IncidentKind.CLOCK_AHEAD,
        IncidentKind.CLOCK_BEHIND,
        IncidentKind.BAD_PRODUCER,
    }
)
