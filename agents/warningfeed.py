"""How transitions, excesses and notices leave the owner of a partition of cells: into their topics, and to whoever counts them."""

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from agents.crashpoints import reach
from agents.outbox import Outbox
from models.excesses import CellExcesses
from models.iso import iso
from models.outcomes import EarlyWarning, ProvisionalNotice, WarningTransition
from topics.catalogue import ACTIVE_WARNINGS, EARLY_WARNINGS, EXCESSES, PROVISIONAL_NOTICES
from topics.headers import cloudevent_headers

WARNING_TYPE: Final = "cx.warning.changed.v1"
EXCESSES_TYPE: Final = "cx.cells.exceeded.v1"
NOTICE_TYPE: Final = "cx.warning.provisional.v1"

_json = msgspec.json.Encoder().encode


class WarningFeed:
    """The teller of one partition; `clock` is seconds since the epoch, for what is marked as observed."""

    def __init__(
        self,
        outbox: Outbox,
        partition: int,
        on_warning: Callable[[EarlyWarning, int], None],
        on_notice: Callable[[ProvisionalNotice], None],
        clock: Callable[[], float],
    ) -> None:
        self._send = outbox.send
        self._partition = partition
        self._on_warning = on_warning
        self._on_notice = on_notice
        self._clock = clock

    def publish(self, warnings: Iterable[EarlyWarning], append_ms: int) -> None:
        """Send the transitions of a pane; `append_ms` is when the record that closed it was appended."""
        for warning in warnings:
            self._publish(warning, append_ms)
            reach("published")

    def explain(self, excesses: Iterable[CellExcesses]) -> None:
        """Send from where the excesses of warnings came, as far as this partition knows."""
        for one in excesses:
            key = f"{one.stream}|{one.measure}|{one.window_seconds}"
            headers = cloudevent_headers(f"{key}/{self._partition}/{one.pane}", EXCESSES_TYPE, iso(one.pane))
            self._send(EXCESSES, self._partition, key.encode(), _json(one), headers)

    def _publish(self, warning: EarlyWarning, append_ms: int) -> None:
        decided = msgspec.structs.replace(warning, decided_at=iso(int(self._clock())))
        value = _json(decided)
        headers = cloudevent_headers(f"{warning.id}/{warning.sequence}", WARNING_TYPE, iso(warning.pane))
        key = warning.id.encode()
        self._send(EARLY_WARNINGS, self._partition, key, value, headers)
        active = None if warning.transition == WarningTransition.CLEARED else value
        self._send(ACTIVE_WARNINGS, self._partition, key, active, headers)
        self._on_warning(decided, append_ms)

    def notify(self, notices: Iterable[ProvisionalNotice]) -> None:
        """Send notices."""
        for notice in notices:
            self._notify(notice)

    def _notify(self, notice: ProvisionalNotice) -> None:
        announced = msgspec.structs.replace(notice, announced_at=iso(int(self._clock())))
        headers = cloudevent_headers(f"{notice.id}/{notice.state}", NOTICE_TYPE, iso(notice.pane))
        self._send(PROVISIONAL_NOTICES, self._partition, notice.id.encode(), _json(announced), headers)
        self._on_notice(announced)
