"""A broker's disk that can be full: a small file system of its own, or a limit on what its process may write.

The file system is a tmpfs in a mount namespace of the campaign's, so that nothing of it is left however the campaign ends. Where
mounting is not allowed, the broker's RLIMIT_FSIZE is lowered: writes fail too, with EFBIG in the place of ENOSPC.
"""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, Protocol

ROOM_MB: Final = 16_384
"""Of the file system; a tmpfs takes what it holds."""
OWN_MOUNTS: Final = "CHAOS_OWN_MOUNTS"
"""Set in the environment of a campaign that has a mount namespace of its own."""
_PAGE: Final = 4_096


class Disk(Protocol):
    """What one broker writes to."""

    how: str
    """How it is made full, for the report."""

    def fill(self) -> None:
        """Leave no room."""

    def free(self) -> None:
        """Let there be room again, for a broker that is started now."""


class SmallDisk:
    """A tmpfs at `folder`."""

    how = "tmpfs without room (ENOSPC)"

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        _mount("-t", "tmpfs", "-o", f"size={ROOM_MB}m", "tmpfs", str(folder))

    def fill(self) -> None:
        # As small as what it holds: a tmpfs cannot be made smaller, and this takes no memory.
        while True:
            used = shutil.disk_usage(self._folder).used
            try:
                _mount("-o", f"remount,size={used // _PAGE * _PAGE}", str(self._folder))
            except subprocess.CalledProcessError:
                continue  # something was written meanwhile
            return

    def free(self) -> None:
        _mount("-o", f"remount,size={ROOM_MB}m", str(self._folder))

    def close(self) -> None:
        """Unmount it."""
        subprocess.run(["umount", "--lazy", str(self._folder)], check=False, capture_output=True)


class LimitedProcess:
    """The files of a process may not grow; `pid` is asked when it is full."""

    how = "RLIMIT_FSIZE of 0 (EFBIG)"

    def __init__(self, pid: Callable[[], int]) -> None:
        self._pid = pid

    def fill(self) -> None:
        pid = self._pid()
        _, most = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (0, most))

    def free(self) -> None:
        """Nothing is to be done: a process that is started anew has no such limit."""

    def close(self) -> None:
        """Nothing is left behind."""


def enter_own_mounts(program: Sequence[str]) -> None:
    """Start this program again in a mount namespace of its own, where that is possible; else return."""
    if OWN_MOUNTS in os.environ or sys.platform != "linux":
        return
    with TemporaryDirectory(prefix="barometer-mount-") as folder:
        tried = subprocess.run(
            ["unshare", "--mount", "mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder],
            check=False, capture_output=True, stdin=subprocess.DEVNULL,
        ) if shutil.which("unshare") else None  # fmt: skip
    if tried is not None and tried.returncode == 0:
        os.environ[OWN_MOUNTS] = "1"
        os.execvp("unshare", ["unshare", "--mount", *program])  # noqa: S606 - as S603


def has_own_mounts() -> bool:
    """Return whether file systems may be mounted."""
    return OWN_MOUNTS in os.environ


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True, capture_output=True)
