"""Who is at work on a partition of windows, as its changelog says: at work, or drained.

An owner drains when its state holds everything that it has published; only from there may a version that judges
differently go on. Nothing may be published before the log says that the new owner is at work: a crash would otherwise
leave its predecessor's `drained` standing beside what the new one has published.

A zombie that drains late vouches for itself alone: whoever was at work meanwhile still is.
"""

import logging
from collections.abc import Callable, Collection
from typing import Final

from models.errors import ContractError

log = logging.getLogger(__name__)

KIND: Final = "o"
"""Of the owner's key in the changelog."""

_AT_WORK: Final = b"at work"
_DRAINED: Final = b"drained"


class Ownership:
    """The owner's record in one partition of the changelog.

    Args:
        key: under which this owner writes; it contains the writer's id.
        save: writes (key, stamp, body).
        bury: writes a tombstone.
    """

    def __init__(
        self, key: bytes, save: Callable[[bytes, int, bytes], None], bury: Callable[[bytes], None]
    ) -> None:
        self._key = key
        self._save = save
        self._bury = bury
        self._earlier: dict[bytes, tuple[str, bool]] = {}
        """Key of an earlier owner -> its version, and whether it has drained."""
        self._entering: int | None = None
        """The flush in which this owner said that it is at work."""
        self._has_drained = False
        self.is_at_work = False
        """The broker has confirmed that this owner is at work, and it has not drained since."""

    def restore(self, key: bytes, version: str, body: bytes | None) -> None:
        """Fold one record of an owner, in the order of the log; `body` None is a tombstone."""
        if body is None:
            self._earlier.pop(key, None)
        else:
            self._earlier[key] = (version, body == _DRAINED)

    @property
    def is_known(self) -> bool:
        """Somebody has been at work here before."""
        return bool(self._earlier)

    @property
    def undrained(self) -> set[str]:
        """The versions of those who may have published what no state holds."""
        return {version for version, drained in self._earlier.values() if not drained}

    def refuse_undrained(self, where: str, own: str, judged: Collection[str]) -> None:
        """Let another version go on only from state that holds what was published, or it would be judged again otherwise.

        Args:
            where: the partition, for messages.
            own: version of this owner.
            judged: versions by which the state was written, for a log in which nobody has said that they were at work.

        Raises:
            ContractError: another version may have published more.
        """
        others = set(judged) - {own}
        unclean = (self.undrained if self.is_known else others) - {own}
        if unclean:
            raise ContractError(
                f"{where}: version {', '.join(sorted(unclean))} was at work on its windows and has not stopped cleanly; this is "
                f"version {own}. Start the other one until it has stopped cleanly (SIGTERM), then this one."
            )
        for version in others:
            log.info("%s: going on from what version %s has judged", where, version)

    def flush(self, number: int, offset: int, *, drained: bool) -> bool:
        """Write in flush `number` what has changed; return whether anything was written.

        Args:
            number: of the flush.
            offset: the last one taken, the record's stamp.
            drained: partitions are about to be given back, and the state holds everything that was published.
        """
        if self._entering is None and not self._has_drained:
            self._save(self._key, offset, _AT_WORK)
            for key in self._earlier:
                self._bury(key)
            self._earlier.clear()
            self._entering = number
            return True
        if drained and self.is_at_work:
            self._save(self._key, offset, _DRAINED)
            self.is_at_work = False
            self._has_drained = True
            return True
        return False

    def confirmed(self, number: int) -> None:
        """Flush `number` and all before it are confirmed."""
        if number == self._entering:
            self.is_at_work = True

    def reopen(self) -> None:
        """Records come after all: an owner that has drained is to say anew that it is at work."""
        if self._has_drained:
            self._has_drained, self._entering = False, None
