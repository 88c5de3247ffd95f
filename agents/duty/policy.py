"""The policy of the duty desk: refused at the start of a worker, kept as it was where a later reading finds it wrong.

Owns when the file is read. What is in it, and every check, is `models.dutyfile`.
"""

import logging
from pathlib import Path
from typing import Final

from models.datafile import source_of
from models.dutyfile import FILE, check_duty
from models.dutypolicy import DutyPolicy
from models.errors import BarometerError, DataFileError

log = logging.getLogger(__name__)

SETTING: Final = "BAROMETER_DUTY_FILE"


class PolicyRefused(BarometerError):
    """The file that the settings name cannot be used."""

    exit_code = 2
    """Wrong usage: nothing around the worker is at fault."""


class PolicyFile:
    """One file, read when the worker starts and again whenever it becomes the duty desk.

    Args:
        path: of the file; None: the packaged one.

    Raises:
        PolicyRefused: it is wrong; the message names every mistake with file, line, field and remedy.
    """

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._policy = self._read()

    def latest(self) -> DutyPolicy:
        """Return what the file says now; where that is wrong, say so and return what it said before."""
        try:
            self._policy = self._read()
        except PolicyRefused as error:
            log.error("the policy before stays in force: %s", error)
        return self._policy

    def _read(self) -> DutyPolicy:
        try:
            source, name = source_of(self._path, FILE)
            found = check_duty(source, name)
        except DataFileError as error:
            raise PolicyRefused(f"{SETTING}: {error}") from None
        if found.policy is not None:
            return found.policy
        lines = [
            f"  {name}:{one.line}:{one.column}: {one.place or 'top level'} {one.fault}; {one.remedy}"
            for one in sorted(found.mistakes)
        ]
        raise PolicyRefused("\n".join([f"{SETTING}: the policy of the duty desk cannot be used", *lines]))
