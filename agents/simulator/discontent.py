"""Incidents that people make or suffer: wrong bills, dearer tariffs, rude staff, few or slowed people on the hotline, reposts."""

from typing import Final

from agents.simulator.burst import Burst, merged, plateau, slope
from agents.simulator.data import choose, cumulative
from agents.simulator.incident import BURST_FACTOR, BURST_FLOOR, SWOLLEN, Scene, Trouble
from agents.simulator.repost import reposts
from agents.simulator.spec import NATION
from models.measures import Stream
from models.pane import HOUR
from models.reposts import wave_of
from models.sketch import sketch
from models.vocabulary import Channel

LOAD: Final = 2.3
"""Callers for each one that the people on an understaffed hotline could serve (assumption)."""
CALLS_FLOOR: Final = 300.0
"""Extra contacts an hour that an understaffed hotline sees: 75 in a quarter of an hour, above the sample that
service-level rules ask for (50)."""
SLOWER: Final = (1.5, 1.8)
"""So many times as long do people need for a contact while their desktop is slow (assumption)."""
ANSWERS_FLOOR: Final = 120.0
"""Answers that a satisfaction drop brings in all, or half of what the province gives in a day, if that is more."""
DROP_DEPARTMENT: Final = "customer-service"
RUDE_DEPARTMENT: Final = "home-delivery"
PRICE_FACTOR: Final = 1.6
"""Extra complaints of a price change at its height, in times of the normal rate (assumption)."""
PRICE_FLOOR: Final = 4.0
"""And so many an hour in a cell that normally has none: slow, not a surge (assumption)."""
REPOST_FACTOR: Final = 1.5
"""Reposts an hour, in times of the category's normal rate, above the floor (assumption)."""

_BILLING: Final = {"BIL.OVER": 0.45, "BIL.PLANFEE": 0.20, "BIL.DATAFEE": 0.20, "BIL.DISPUTE": 0.15}
_PRICE: Final = (
    ("BIL", {"BIL.PLANFEE": 0.70, "BIL.BILLVIEW": 0.15, "BIL.DISPUTE": 0.15}),
    ("PLN", {"PLN.CHANGE": 0.50, "PLN.COMPLEX": 0.25, "PLN.CANCEL": 0.25}),
)
_RUDE: Final = {"SVC.ATT": 0.75, "SVC.PROMISE": 0.25}
_REPOST_SUBJECT: Final = "BIL.VASFEE"
_REPOST_CHANNELS: Final = {
    Channel.SOCIAL: 0.5,
    Channel.APP: 0.25,
    Channel.WECHAT: 0.15,
    Channel.THIRD_PARTY: 0.10,
}


def billing(scene: Scene) -> Trouble:
    """A wrong bill run."""
    parts = []
    for region in scene.regions:
        times = plateau(scene.draws, scene.incident, scene.spec.end, scene.height(region, "BIL"))
        parts.append(scene.burst(times, region, _BILLING, scene.anybody(region, len(times))))
    burst = merged(parts)
    cells = [{"region": code, "category": "BIL"} for code in scene.codes]
    also = (*SWOLLEN, "EW13", "EW14")
    truth = scene.truth(["EW01"], cells, len(burst.times), products=("mobile",), also=also)
    return Trouble(scene.number, scene.incident, truth, {Stream.COMPLAINTS: burst})


def price(scene: Scene) -> Trouble:
    """A dearer tariff, which people notice one after the other."""
    parts = []
    for region in scene.regions:
        for category, shares in _PRICE:
            floor = 0.0 if NATION in scene.incident.regions else PRICE_FLOOR
            height = floor + PRICE_FACTOR * scene.normal(region, category)
            times = slope(scene.draws, scene.incident, scene.spec.end, height)
            parts.append(scene.burst(times, region, shares, scene.anybody(region, len(times))))
    burst = merged(parts)
    cells = [{"region": code, "category": category} for code in scene.codes for category, _ in _PRICE]
    cells += [{"category": category} for category, _ in _PRICE]
    truth = scene.truth(
        ["EW02"],
        cells,
        len(burst.times),
        products=("mobile",),
        grace=6 * HOUR,
        also=("EW01", "EW03", "EW04", "EW11"),
    )
    return Trouble(scene.number, scene.incident, truth, {Stream.COMPLAINTS: burst})


def shortage(scene: Scene) -> Trouble:
    """Too few people on the hotline, and a crowd that calls."""
    demand = scene.world.demand
    parts, people = [], {}
    for region in scene.regions:
        normal = demand.per_hour(scene.middle, region)
        extra = max(CALLS_FLOOR, 0.8 * normal)
        times = plateau(scene.draws, scene.incident, scene.spec.end, extra, rise=60.0, tail=0.05)
        parts.append(scene.plain(times, region))
        people[region] = max(1, int((normal + extra) * demand.handle_seconds / HOUR / LOAD))
    burst = merged(parts)
    truth = scene.truth(
        ["EW13", "EW14"],
        [{"region": code} for code in scene.codes],
        len(burst.times),
        departments=tuple(scene.mix.raw["calls"]["departments"]),
        also=("EW05", "EW06", "EW15"),
    )
    truth["people"] = {scene.mix.provinces[region].code: count for region, count in people.items()}
    return Trouble(scene.number, scene.incident, truth, {Stream.CALLS: burst}, people=people)


def slow(scene: Scene) -> Trouble:
    """The people's desktop is slow; nobody calls for that, and whoever calls waits for people who are busy for longer."""
    low, high = SLOWER
    factor = round(low + (high - low) * scene.draws.one(), 2)
    cells = [{"region": code} for code in scene.codes]
    cells += [{}] if NATION in scene.incident.regions else []
    truth = scene.truth(
        ["EW15"],
        cells,
        0,
        departments=tuple(scene.mix.raw["calls"]["departments"]),
        also=("EW13", "EW14", "EW05", "EW06"),
    )
    truth["factor"] = factor
    return Trouble(scene.number, scene.incident, truth, pace=dict.fromkeys(scene.regions, factor))


def drop(scene: Scene) -> Trouble:
    """The satisfaction with one department breaks down."""
    burst = _answers(scene)
    # Satisfaction is judged over 24 h, at whole hours: the finding may come some hours after the end.
    truth = scene.truth(
        ["EW05"],
        [{"region": code} for code in scene.codes],
        len(burst.times),
        departments=(DROP_DEPARTMENT,),
        grace=4 * HOUR,
        also=("EW06",),
    )
    truth["department"] = DROP_DEPARTMENT
    return Trouble(scene.number, scene.incident, truth, {Stream.SURVEYS: burst}, rude=DROP_DEPARTMENT)


def rude(scene: Scene) -> Trouble:
    """Rude staff: answers fall, and some complain about it."""
    answers, parts = _answers(scene), []
    for region in scene.regions:
        height = (BURST_FLOOR + BURST_FACTOR * scene.normal(region, "SVC")) / 2
        times = plateau(scene.draws, scene.incident, scene.spec.end, height)
        parts.append(scene.burst(times, region, _RUDE, scene.anybody(region, len(times))))
    complaints = merged(parts)
    cells = [{"region": code} for code in scene.codes]
    cells += [{"region": code, "category": "SVC"} for code in scene.codes]
    departments = (RUDE_DEPARTMENT, "customer-service")
    events = len(answers.times) + len(complaints.times)
    truth = scene.truth(
        ["EW05", "EW01"], cells, events, departments=departments, grace=4 * HOUR, also=(*SWOLLEN, "EW06")
    )
    truth["department"] = RUDE_DEPARTMENT
    bursts = {Stream.SURVEYS: answers, Stream.COMPLAINTS: complaints}
    return Trouble(scene.number, scene.incident, truth, bursts, rude=RUDE_DEPARTMENT)


def repost(scene: Scene) -> Trouble:
    """One text, sent by many with small edits."""
    category = scene.mix.subjects[scene.mix.index(_REPOST_SUBJECT)].category
    nation = NATION in scene.incident.regions
    parts = []
    for region in scene.regions:
        floor = BURST_FLOOR * float(scene.mix.weights[region]) * 8 if nation else BURST_FLOOR
        height = floor + REPOST_FACTOR * scene.normal(region, category)
        times = plateau(scene.draws, scene.incident, scene.spec.end, height, rise=1_200.0)
        parts.append(scene.burst(times, region, {_REPOST_SUBJECT: 1.0}, scene.anybody(region, len(times))))
    burst = merged(parts)
    count = len(burst.times)
    original, texts = reposts(scene.draws, count)
    names, ends = list(_REPOST_CHANNELS), cumulative(list(_REPOST_CHANNELS.values()))
    channels = tuple(names[index] for index in choose(ends, scene.draws.uniform(count)).tolist())
    spread = Burst(burst.times, burst.regions, burst.subjects, burst.customers, texts, channels)
    cells = [{"region": code, "category": category} for code in scene.codes]
    cells += [{"category": category}] if nation else []
    # Each partition names the wave by the first text that it takes in, which may be an edited one.
    cells += [{"template": wave} for wave in sorted({wave for wave in map(_wave, texts) if wave})]
    truth = scene.truth(["EW26"], cells, count, products=("mobile", "vas"), also=SWOLLEN)
    truth["text"] = original
    return Trouble(scene.number, scene.incident, truth, {Stream.COMPLAINTS: spread})


def _wave(text: str) -> str:
    sketched = sketch(text)
    return wave_of(sketched) if sketched is not None else ""


def _answers(scene: Scene) -> Burst:
    parts = []
    for region in scene.regions:
        surveys = scene.daily(Stream.SURVEYS, region)
        answers = max(ANSWERS_FLOOR, 0.5 * surveys * 0.6)
        times = plateau(
            scene.draws, scene.incident, scene.spec.end, answers / scene.hours, rise=60.0, tail=0.0
        )
        parts.append(scene.plain(times, region))
    return merged(parts)
