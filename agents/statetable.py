"""What Faust is shown of the changelogs: tables that keep nothing, so that it creates, assigns and recovers their topics."""

from typing import Any

from faust.tables.manager import TableManager
from faust.tables.table import Table


class StateTable(Table[bytes, bytes]):
    """A Faust table that stands for a changelog whose records the batch core folds itself.

    Faust creates the changelog topic, co-partitions it with its source and runs the recovery; the values live in the
    partition agents, so nothing is kept here a second time.
    """

    async def on_changelog_event(self, event: Any) -> None:
        return None

    def apply_changelog_batch(self, batch: Any) -> None:
        return None


class StateTables(TableManager):
    """Faust's tables, which it lets wait for modules that add more; all of ours are there before it starts."""

    async def on_start(self) -> None:
        if not self.should_stop:
            await self._update_channels()
            await self.recovery.start()
