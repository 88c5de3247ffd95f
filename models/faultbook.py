"""All alarms and planned works that are known: what is on now, what was, and from where the log must be read again.

A fold of `NetworkFault` reports: their order and repetition do not matter (`models.alarmfold`). What ended long ago is
forgotten, so that the book stays as large as the network's trouble and not as its history.
"""

from collections.abc import Iterator
from collections.abc import Set as AbstractSet

from models.alarmfold import Alarm, Occurrence, Report


class FaultBook:
    """One per operator. Not thread-safe."""

    def __init__(self) -> None:
        self._alarms: dict[str, Alarm] = {}

    def __len__(self) -> int:
        return len(self._alarms)

    def put(self, report: Report) -> bool:
        """Take in a report; say whether it was new."""
        id = report.fault.alarm_id
        alarm = self._alarms.get(id)
        if alarm is None:
            alarm = self._alarms[id] = Alarm(id)
        return alarm.put(report)

    def occurrences(self) -> Iterator[Occurrence]:
        """Yield every occurrence, by alarm id, then time."""
        for id in sorted(self._alarms):
            yield from self._alarms[id].occurrences

    def forget(self, closed: AbstractSet[str], before: int) -> None:
        """Forget the occurrences `closed`, and what was reported before `before` (epoch seconds) of no occurrence."""
        for id in [id for id, alarm in self._alarms.items() if alarm.forget(closed, before)]:
            del self._alarms[id]

    def oldest_offset(self) -> int | None:
        """Return the smallest offset that everything in the book can be read from again; None if it is empty."""
        return min((alarm.first_offset for alarm in self._alarms.values()), default=None)
