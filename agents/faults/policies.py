"""What outages oblige to, as the settings name it: limits of size, and notices to customers. Refused at the start of a worker.

Read once in a process. What is in the files, and every check, is `models.sizefile` and `models.noticefile`.
"""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, TypeVar

from agents.settings import ENV_PREFIX, Settings
from models.errors import BarometerError, DataFileError
from models.noticefile import load_notices
from models.noticepolicy import NoticePolicy
from models.outagesize import SizePolicy
from models.sizefile import load_sizes

T = TypeVar("T")


class OutageFileRefused(BarometerError):
    """A file that the settings name cannot be used."""

    exit_code = 2
    """Wrong usage: nothing around the worker is at fault."""


class Policies(NamedTuple):
    """Both of them."""

    sizes: SizePolicy
    notices: NoticePolicy


def load_policies(settings: Settings) -> Policies:
    """Read both files.

    Raises:
        OutageFileRefused: one is wrong; the message names setting, file, place and remedy.
    """
    return Policies(
        _read("outage_size_file", load_sizes, settings.outage_size_file),
        _read("notices_file", load_notices, settings.notices_file),
    )


def _read(setting: str, load: Callable[[Path | None], T], path: Path | None) -> T:
    try:
        return load(path)
    except DataFileError as error:
        raise OutageFileRefused(f"{ENV_PREFIX}{setting.upper()}: {error}") from None
