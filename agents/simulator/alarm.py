"""What the network reports: small alarms that nobody feels, work at night, and the alarms of incidents.

Owns the background and the order of events. None of the background affects a service, so that it explains nothing.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import orjson

from agents.recording import Envelope
from agents.simulator.data import ELEMENTS_PER_CITY, SECTORS
from agents.simulator.draw import Concern, Draws
from agents.simulator.incident import Trouble
from agents.simulator.spec import OFFSET_SECONDS, STEP
from agents.simulator.stamp import stamp
from agents.simulator.topology import access_node, cell_id
from agents.simulator.world import World
from models.pane import DAY, HOUR, MINUTE
from topics.catalogue import NETWORK_FAULTS

ALARMS_A_DAY: Final = 6.0
"""Small alarms of a province (assumption; real networks report many more, of which most are filtered before)."""
WORKS_A_NIGHT: Final = 0.5
"""Planned work of a province (assumption)."""
WORK_HOURS: Final = (0, 5)
"""Local hours in which work that nobody feels is done (assumption; the custom of maintenance windows)."""
_SHORTEST, _LONGEST = 5 * MINUTE, 120 * MINUTE
_TIMES: Final = ("time", "raisedTime", "clearedTime", "plannedEndTime")
_SMALL: Final = (
    ("equipmentAlarm", "minor", "fan speed out of range"),
    ("environmentalAlarm", "warning", "cabinet temperature high"),
    ("communicationsAlarm", "minor", "bit errors above threshold"),
    ("processingErrorAlarm", "warning", "configuration mismatch"),
    ("equipmentAlarm", "minor", "mains failure, running on battery"),
)


class AlarmStream:
    """Draws hour after hour; what was raised is cleared later."""

    def __init__(self, world: World, troubles: Sequence[Trouble]) -> None:
        self._world = world
        self._due: defaultdict[int, list[dict[str, Any]]] = defaultdict(list)
        for trouble in troubles:
            for fault in trouble.faults:
                self._keep(fault)

    def write(self, start: int) -> list[Envelope]:
        """Return the events of the step that begins at `start`, in order of time."""
        if start % HOUR == 0:
            for fault in self._background(start):
                self._keep(fault)
        due = sorted(self._due.pop(start // STEP, ()), key=lambda fault: (fault["time"], fault["id"]))
        headers = self._world.spec.headers
        found = []
        for fault in due:
            times = {name: stamp(fault[name]) for name in _TIMES if name in fault}
            value = orjson.dumps(fault | times)
            found.append(
                Envelope(NETWORK_FAULTS, fault["alarmId"], value, fault["time"], fault["id"], headers)
            )
        return found

    def _keep(self, fault: dict[str, Any]) -> None:
        if self._world.spec.start * 1000 <= fault["time"] < self._world.spec.end * 1000:
            self._due[fault["time"] // (STEP * 1000)].append(fault)

    def _background(self, hour: int) -> Iterator[dict[str, Any]]:
        world = self._world
        draws = Draws(world.spec.seed, Concern.FAULTS, hour // HOUR)
        provinces = world.mix.provinces
        works = WORK_HOURS[0] <= (hour + OFFSET_SECONDS) % DAY // HOUR < WORK_HOURS[1]
        alarms = draws.poisson(np.full(len(provinces), ALARMS_A_DAY / 24)).tolist()
        work = draws.poisson(
            np.full(len(provinces), WORKS_A_NIGHT / (WORK_HOURS[1] - WORK_HOURS[0]))
        ).tolist()
        for region, province in enumerate(provinces):
            for number in range(alarms[region] + (work[region] if works else 0)):
                planned = number >= alarms[region]
                begin = hour * 1000 + draws.within(0, HOUR * 1000)
                end = begin + draws.within(_SHORTEST, _LONGEST) * 1000
                city, site = draws.within(0, len(province.cities)), draws.within(0, ELEMENTS_PER_CITY)
                alarm_type, severity, text = _SMALL[draws.within(0, len(_SMALL))]
                element = (
                    access_node("olt", province.code, city, site)
                    if planned or draws.one() < 0.4
                    else cell_id(province.code, city, site, draws.within(0, SECTORS))
                )
                alarm = f"{'wrk' if planned else 'alm'}-{province.code}-{hour // HOUR}-{number}"
                common: dict[str, Any] = {
                    "alarmId": alarm,
                    "alarmType": "operationalViolation" if planned else alarm_type,
                    "region": province.code,
                    "elementIds": [element],
                    "serviceAffecting": False,
                    "raisedTime": begin,
                    "specificProblem": "software update without interruption" if planned else text,
                }
                if planned:
                    common |= {"plannedOutageIndicator": True, "plannedEndTime": end}
                up = "indeterminate" if planned else severity
                yield common | {"time": begin, "perceivedSeverity": up, "id": f"{alarm}-up"}
                yield common | {
                    "time": end,
                    "perceivedSeverity": "cleared",
                    "clearedTime": end,
                    "id": f"{alarm}-down",
                }
