"""Incidents of the network: cuts with and without an alarm, alarm storms, and planned work."""

from typing import Any, Final

import numpy as np

from agents.simulator.burst import merged, plateau
from agents.simulator.data import ELEMENTS_PER_CITY, Ints
from agents.simulator.incident import SUPPRESSED, SWOLLEN, Scene, Trouble
from agents.simulator.topology import core_of, elements_of_site
from models.cells import cell_of
from models.measures import Stream
from models.pane import HOUR

_CUT_SUBJECTS: Final = (
    ("NET", {"NET.OUTAGE": 0.45, "NET.DATA": 0.35, "NET.COV": 0.20}),
    ("BRD", {"BRD.DOWN": 0.85, "BRD.IPTV": 0.15}),
)
SITES_CUT: Final = 2
"""Sites of a city behind one cut (assumption)."""
STORM_ALARMS: Final = (240, 480)
"""Alarms of a storm: hundreds within `_STORM_MS` (assumption; operators speak of hundreds from one root)."""
ANNOUNCED_SECONDS: Final = 12 * HOUR
"""Planned work is told of so long before it begins (assumption)."""
_STORM_MS: Final = 300_000
_PROBLEMS: Final = (
    ("communicationsAlarm", "major", "link down"),
    ("communicationsAlarm", "major", "loss of signal"),
    ("communicationsAlarm", "minor", "loss of synchronisation"),
    ("qualityOfServiceAlarm", "minor", "packet loss above threshold"),
    ("equipmentAlarm", "warning", "backup path in use"),
)
_SERVICES: Final = ["mobile", "broadband", "iptv"]


def cut(scene: Scene, *, reported: bool) -> Trouble:
    """A fibre cut in one city, with or without an alarm."""
    region, city, sites = _somewhere(scene, SITES_CUT)
    code = scene.mix.provinces[region].code
    names = [name for site in sites for name in elements_of_site(code, city, site)]
    trouble = _complaints(scene, region, city, sites)
    trouble.truth["elements"] = names
    if reported:
        trouble.faults = _alarm(scene, code, names)
        trouble.truth["alarm"] = trouble.faults[0]["alarmId"]
    else:
        places = [{"region": code, "element": name} for name in (core_of(code, city), *names)]
        trouble.truth["rule"]["rules"].append("EW18")
        trouble.truth["rule"]["cells"] += map(cell_of, places)
        trouble.truth["cells"] += map(cell_of, places)
    return trouble


def storm(scene: Scene) -> Trouble:
    """A core node fails: one root alarm, hundreds below it, and a whole city that complains."""
    region, city, sites = _somewhere(scene, ELEMENTS_PER_CITY)
    code = scene.mix.provinces[region].code
    below = [name for site in sites for name in elements_of_site(code, city, site)]
    trouble = _complaints(scene, region, city, sites)
    root, cleared = _alarm(scene, code, [core_of(code, city)])
    count = scene.draws.within(*STORM_ALARMS)
    raised = root["raisedTime"] + np.sort(scene.draws.below(_STORM_MS, count))
    ended = cleared["time"] + scene.draws.below(_STORM_MS, count)
    places = scene.draws.below(len(below), count).tolist()
    problems = scene.draws.below(len(_PROBLEMS), count).tolist()
    events = [root, cleared]
    for index, (time, until, place, problem) in enumerate(
        zip(raised.tolist(), ended.tolist(), places, problems, strict=True), 1
    ):
        alarm_type, severity, text = _PROBLEMS[problem]
        alarm = f"{root['alarmId']}-{index}"
        common = {
            "alarmId": alarm,
            "alarmType": alarm_type,
            "region": code,
            "elementIds": [below[place]],
            "affectedServices": _SERVICES,
            "serviceAffecting": severity != "warning",
            "isRootCause": False,
            "parentAlarmId": root["alarmId"],
            "raisedTime": time,
            "specificProblem": text,
        }
        events.append(common | {"time": time, "perceivedSeverity": severity, "id": f"{alarm}-up"})
        events.append(
            common
            | {"time": until, "perceivedSeverity": "cleared", "clearedTime": until, "id": f"{alarm}-down"}
        )
    inside = [event for event in events if event["time"] < scene.spec.end * 1000]
    trouble.faults = sorted(inside, key=lambda event: event["time"])
    trouble.truth |= {
        "elements": [core_of(code, city), *below],
        "alarm": root["alarmId"],
        "alarms": count + 1,
    }
    return trouble


def planned(scene: Scene) -> Trouble:
    """Announced work: the complaints come although everybody knows why. `raisedTime` is when the work begins."""
    region, city, sites = _somewhere(scene, SITES_CUT)
    code = scene.mix.provinces[region].code
    names = [name for site in sites for name in elements_of_site(code, city, site)]
    trouble = _complaints(scene, region, city, sites)
    start, end = scene.incident.start * 1000, scene.incident.end * 1000
    common = {
        "alarmId": f"wrk-{scene.id}",
        "alarmType": "operationalViolation",
        "region": code,
        "elementIds": names,
        "affectedServices": _SERVICES,
        "serviceAffecting": True,
        "plannedOutageIndicator": True,
        "raisedTime": start,
        "plannedEndTime": end,
        "specificProblem": "planned replacement of line cards",
    }
    announced = max(scene.spec.start, scene.incident.start - ANNOUNCED_SECONDS) * 1000
    trouble.faults = [
        common | {"time": announced, "perceivedSeverity": "indeterminate", "id": f"wrk-{scene.id}-0"},
        common | {"time": start, "perceivedSeverity": "indeterminate", "id": f"wrk-{scene.id}-1"},
        common | {"time": end, "perceivedSeverity": "cleared", "clearedTime": end, "id": f"wrk-{scene.id}-2"},
    ]
    trouble.faults = [fault for fault in trouble.faults if fault["time"] < scene.spec.end * 1000]
    trouble.truth |= {"elements": names, "alarm": common["alarmId"], "expect": SUPPRESSED}
    return trouble


def _somewhere(scene: Scene, sites: int) -> tuple[int, int, list[int]]:
    """Return province, city and sites."""
    region = scene.regions[0]
    city = scene.draws.within(0, len(scene.mix.provinces[region].cities))
    return region, city, np.sort(scene.draws.order(ELEMENTS_PER_CITY)[:sites]).tolist()


def _complaints(scene: Scene, region: int, city: int, sites: list[int]) -> Trouble:
    province = scene.mix.provinces[region]
    nodes: Ints = np.array(sites, dtype=np.int64)
    parts = []
    for category, shares in _CUT_SUBJECTS:
        times = plateau(scene.draws, scene.incident, scene.spec.end, scene.height(region, category))
        customers = scene.people.near(scene.draws, region, city, nodes, len(times))
        parts.append(scene.burst(times, region, shares, customers))
    burst = merged(parts)
    cells = [{"region": province.code, "category": category} for category, _ in _CUT_SUBJECTS]
    also = (*SWOLLEN, "EW05", "EW06", "EW13", "EW14", "EW15")
    truth = scene.truth(["EW01"], cells, len(burst.times), products=("mobile", "home"), also=also)
    truth["city"] = province.cities[city][0]
    return Trouble(scene.number, scene.incident, truth, {Stream.COMPLAINTS: burst})


def _alarm(scene: Scene, code: str, elements: list[str]) -> list[dict[str, Any]]:
    """Return an alarm as it is raised and cleared; what a simulation's end cuts off is left out by those who send it."""
    raised = scene.incident.start * 1000 + scene.draws.within(20_000, 180_000)
    cleared = scene.incident.end * 1000
    alarm = f"alm-{scene.id}"
    common = {
        "alarmId": alarm,
        "alarmType": "communicationsAlarm",
        "region": code,
        "elementIds": elements,
        "affectedServices": _SERVICES,
        "affectedSubscribers": scene.draws.within(4_000, 60_000),
        "serviceAffecting": True,
        "isRootCause": True,
        "raisedTime": raised,
        "specificProblem": "loss of signal on the aggregation ring",
        "probableCause": "fibre cut",
    }
    return [
        common | {"time": raised, "perceivedSeverity": "critical", "id": f"{alarm}-up"},
        common
        | {"time": cleared, "perceivedSeverity": "cleared", "clearedTime": cleared, "id": f"{alarm}-down"},
    ]
