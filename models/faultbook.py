"""All alarms and planned works that are known: what is on now, what was, and from where the log must be read again.

A fold of `NetworkFault` reports: their order and repetition do not matter (`models.alarmfold`). What ended long ago is
forgotten, so that the book stays as large as the network's trouble and not as its history; where the trouble has no
bounds, the book has (`ALARMS_MAX`).
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet
from heapq import nsmallest
from typing import Final

from models.alarmfold import Alarm, Occurrence, Report

ALARMS_MAX: Final = 50_000
"""Most alarms that are held: about 200 MB, and half a second of one core for a look in a storm."""


class FaultBook:
    """One per operator. Not thread-safe."""

    def __init__(self) -> None:
        self.dropped = 0
        """How many alarms were forgotten for want of room."""
        self._alarms: dict[str, Alarm] = {}
        self._lost: set[str] = set()

    def __len__(self) -> int:
        return len(self._alarms)

    def put(self, report: Report) -> bool:
        """Take in a report; say whether it was new."""
        id = report.fault.alarm_id
        alarm = self._alarms.get(id)
        if alarm is None:
            alarm = self._alarms[id] = Alarm(id)
        is_new = alarm.put(report)
        if len(self._alarms) > ALARMS_MAX:
            self._make_room()
        return is_new

    def lost(self) -> set[str]:
        """Return the occurrences that were forgotten for want of room since this was asked last."""
        lost, self._lost = self._lost, set()
        return lost

    def occurrences(self) -> Iterator[Occurrence]:
        """Yield every occurrence, by alarm id, then time."""
        for id in sorted(self._alarms):
            yield from self._alarms[id].occurrences

    def forget(self, closed: AbstractSet[str], before: int) -> None:
        """Forget the occurrences `closed`, and what was reported before `before` (epoch seconds) of no occurrence."""
        for id in [id for id, alarm in self._alarms.items() if alarm.forget(closed, before)]:
            del self._alarms[id]

    def _make_room(self) -> None:
        """Forget a sixteenth, so that this is not done at every report: what was cleared longest ago, then what is
        on and was not mentioned for longest.
        """
        surplus = len(self._alarms) - ALARMS_MAX + ALARMS_MAX // 16
        for alarm in nsmallest(surplus, self._alarms.values(), key=_worth):
            self._lost.update(occurrence.id for occurrence in alarm.occurrences)
            del self._alarms[alarm.id]
        self.dropped += surplus

    def oldest_offset(self) -> int | None:
        """Return the smallest offset that everything in the book can be read from again; None if it is empty."""
        return min((alarm.first_offset for alarm in self._alarms.values()), default=None)


def _worth(alarm: Alarm) -> tuple[bool, int, str]:
    return alarm.is_on, alarm.last, alarm.id
