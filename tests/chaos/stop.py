"""Ends a campaign on Ctrl-C or SIGTERM, in whatever phase it is: what it has started is killed by its process id, within seconds.

Its threads wait for workers, brokers and answers, for minutes where they have to. When everything is killed under them their waiting
ends; what still waits then (a client that looks for its brokers) is not waited for.
"""

import os
import shutil
import signal
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from threading import Event as Flag
from types import FrameType
from typing import Final

from agents.embedded import guard

STOP_SECONDS: Final = 10.0
"""How long an orderly end may take."""
EXIT_CODE: Final = 130
"""As shells tell a Ctrl-C."""
LOOK_SECONDS: Final = 0.1
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
GUARD: Final = os.fsencode(str(Path(guard.__file__).resolve()))


@contextmanager
def stopping(over: Flag, folder: Path) -> Iterator[None]:
    """While it lasts the first signal sets `over`, kills all that guards have started, and raises KeyboardInterrupt here.

    The process ends with code 130 after `STOP_SECONDS`, whatever it waits for; `folder` is then removed. Further signals change nothing.
    """
    woken, waker = socket.socketpair()
    waker.setblocking(False)
    # A handler runs when the main thread is back from what it calls; this tells at once.
    signal.set_wakeup_fd(waker.fileno())
    is_first = True

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        nonlocal is_first
        if is_first:
            is_first = False
            raise KeyboardInterrupt

    before = {number: signal.signal(number, interrupt) for number in SIGNALS}
    threading.Thread(target=_end, args=(woken, over, folder), daemon=True).start()
    with closing(waker):
        try:
            yield
        finally:
            signal.set_wakeup_fd(-1)
            if is_first:
                for number, handler in before.items():
                    signal.signal(number, handler)


def _end(woken: socket.socket, over: Flag, folder: Path) -> None:
    with woken:
        if not woken.recv(1):
            return
    over.set()
    deadline = time.monotonic() + STOP_SECONDS
    while time.monotonic() < deadline:
        for pid in guarded():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        time.sleep(LOOK_SECONDS)
    os.write(2, f"no orderly end within {STOP_SECONDS:.0f} s\n".encode())
    shutil.rmtree(folder, ignore_errors=True)
    os._exit(EXIT_CODE)


def guarded() -> list[int]:
    """Return the processes that guards of this one have started; none where there is no /proc: guards then end them after us."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name stands in parentheses and may contain anything.
            parents[int(stat.parent.name)] = int(stat.read_bytes().rpartition(b")")[2].split()[1])
    guards = {pid for pid, parent in parents.items() if parent == os.getpid() and _is_guard(pid)}
    return [pid for pid, parent in parents.items() if parent in guards]


def _is_guard(pid: int) -> bool:
    with suppress(OSError):
        return GUARD in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return False
