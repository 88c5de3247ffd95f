"""What intake tells the windows: pane snapshots, each share to the partition where its cells live, then the watermark."""

import msgspec

from agents.outbox import Outbox
from models.cells import partition_of
from models.iso import iso
from models.measures import Stream
from models.outcomes import PaneSnapshot, Watermark
from models.panebook import Cells
from topics.catalogue import PANES
from topics.headers import cloudevent_headers

SNAPSHOT_TYPE = "cx.pane.snapshot.v1"
WATERMARK_TYPE = "cx.pane.watermark.v1"

_json = msgspec.json.Encoder().encode


class Snapshots:
    """The sender of one source partition."""

    def __init__(
        self, outbox: Outbox, stream: Stream, topic_id: str, partition: int, partitions: int
    ) -> None:
        self._send = outbox.send
        self._stream = stream
        self._topic_id = topic_id
        self._partition = partition
        self._partitions = partitions
        self._homes: dict[str, int] = {}

    def publish(self, pane: int, size: int, cells: Cells, stamp: int) -> None:
        """Send the cumulative `cells` of a pane, which contain every event up to source offset `stamp`."""
        homes = self._homes
        shares: dict[int, Cells] = {}
        for cell, vector in cells.items():
            home = homes.get(cell)
            if home is None:
                home = homes[cell] = partition_of(cell, self._partitions)
            share = shares.get(home)
            if share is None:
                share = shares[home] = {}
            share[cell] = vector
        key = f"{self._stream}|{self._partition}|{pane}".encode()
        when = iso(pane)
        for home, share in shares.items():
            snapshot = PaneSnapshot(
                stream=self._stream,
                topic_id=self._topic_id,
                partition=self._partition,
                pane=pane,
                size=size,
                offset=stamp,
                cells=share,
            )
            id_ = f"{self._topic_id}/{self._partition}/{pane}/{size}/{stamp}/{home}"
            self._send(PANES, home, key, _json(snapshot), cloudevent_headers(id_, SNAPSHOT_TYPE, when))

    def announce(self, offset: int, watermark: int) -> None:
        """Send the watermark to every partition of `panes`, behind the snapshots that it speaks for."""
        value = _json(
            Watermark(
                stream=self._stream,
                topic_id=self._topic_id,
                partition=self._partition,
                offset=offset,
                watermark=watermark,
            )
        )
        key = f"{self._stream}|{self._partition}".encode()
        headers = cloudevent_headers(
            f"{self._topic_id}/{self._partition}/{offset}", WATERMARK_TYPE, iso(watermark)
        )
        for home in range(self._partitions):
            self._send(PANES, home, key, value, headers)
