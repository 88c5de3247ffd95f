"""A child process that cannot outlive this one, however this one ends, `kill -9` included.

Between the two stands a small guard process (this file, run as a script). It starts the child, holds the reading end
of a pipe whose writing end only the parent has, and ends the child when the pipe breaks or the parent is gone. Should
the guard itself be killed, the kernel ends the child (`PR_SET_PDEATHSIG`, Linux). The guard has one thread: that
signal follows the *thread* that forked, so the parent, which may start parts from any thread, must not fork them.

This file must import nothing but the standard library at its top: the guard runs it without site-packages.
"""

import argparse
import contextlib
import os
import select
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

PR_SET_PDEATHSIG = 1
"""From linux/prctl.h."""
END = 0
"""Control byte: end the child and go. Any other byte is the number of a signal for the child."""
GRACE_SECONDS = 15.0
"""How long a child may take after SIGTERM before SIGKILL."""
_LOOK_SECONDS = 0.5
"""How often the guard looks whether its parent changed (a forked sibling may hold the pipe open)."""


class Guarded:
    """A running child: signal it, wait for it, end it. Its output goes into a file, its input is empty.

    Args:
        command: program and arguments.
        log: file that the child's output is appended to; created.
        remove: folder that the guard deletes if the parent dies before it (then the child is killed at once),
            and its parent folder with it once that is empty.

    Raises:
        OSError: the program cannot be started.
    """

    def __init__(self, command: list[str], *, log: Path, remove: Path | None = None) -> None:
        options = ["--log", str(log), "--parent", str(os.getpid())]
        if remove is not None:
            options += ["--remove", str(remove)]
        self._guard = subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).resolve()), *options, "--", *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            bufsize=0,
            start_new_session=True,  # Ctrl-C belongs to the parent, which then ends the child in its own order
        )
        self._exit_code: int | None = None
        self._buffer = b""
        word, number = self._report(timeout_seconds=None)
        if word != "pid":
            self.close()
            raise OSError(number, os.strerror(number), command[0])
        self.pid = number

    def _report(self, timeout_seconds: float | None) -> tuple[str, int]:
        """Return the guard's next report: ("pid", pid), ("exit", code), ("errno", number), or ("", 0) if none came."""
        assert self._guard.stdout is not None
        deadline = None if timeout_seconds is None else time.monotonic() + timeout_seconds
        while b"\n" not in self._buffer:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if not select.select([self._guard.stdout], [], [], left)[0]:
                return "", 0
            chunk = os.read(self._guard.stdout.fileno(), 4096)
            if not chunk:  # the guard was killed, and with it the child
                return "exit", -signal.SIGKILL
            self._buffer += chunk
        line, _, self._buffer = self._buffer.partition(b"\n")
        word, number = line.decode("ascii").split()
        return word, int(number)

    def exit_code(self, wait_seconds: float = 0.0) -> int | None:
        """Return the child's exit code (minus the signal's number if one ended it), None while it runs."""
        if self._exit_code is None:
            word, number = self._report(wait_seconds)
            if word == "exit":
                self._exit_code = number
        return self._exit_code

    def signal(self, number: signal.Signals) -> None:
        """Send the child a signal; nothing happens if it has ended."""
        self._control(int(number))

    def kill(self) -> None:
        """End the child as a power cut would, and return when it is gone."""
        self.signal(signal.SIGKILL)
        if self.exit_code(wait_seconds=GRACE_SECONDS) is None:
            raise TimeoutError(f"process {self.pid} is still there after SIGKILL")

    def close(self) -> None:
        """End the child (SIGTERM, after `GRACE_SECONDS` SIGKILL) and its guard; return when both are gone."""
        self._control(END)
        self.exit_code(wait_seconds=2 * GRACE_SECONDS)
        for pipe in (self._guard.stdin, self._guard.stdout):
            if pipe is not None:
                pipe.close()
        self._guard.wait(timeout=GRACE_SECONDS)

    def _control(self, byte: int) -> None:
        if self._guard.stdin is not None and not self._guard.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._guard.stdin.write(bytes([byte]))


def _die_with_guard(guard: int) -> None:
    """Run in the fresh child: have the kernel kill it when the guard goes; do not start if it has gone already."""
    if sys.platform == "linux":
        import ctypes

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != guard:
        os._exit(1)


def _end(child: subprocess.Popen[bytes], grace_seconds: float) -> None:
    if grace_seconds > 0 and child.poll() is None:
        child.send_signal(signal.SIGCONT)  # a stopped process would not hear the next one
        child.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            child.wait(timeout=grace_seconds)
    if child.poll() is None:
        child.kill()
    child.wait()


def _report(word: str, number: int) -> None:
    with contextlib.suppress(BrokenPipeError):
        os.write(1, f"{word} {number}\n".encode("ascii"))


def _guard(command: list[str], log: Path, parent: int, remove: Path | None) -> None:
    guard = os.getpid()
    try:
        with log.open("ab") as output:
            child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                preexec_fn=lambda: _die_with_guard(guard),  # noqa: PLW1509 - one thread only, see the top
            )
    except OSError as error:
        _report("errno", error.errno or 1)
        return
    _report("pid", child.pid)
    wake, waker = os.pipe()
    os.set_blocking(waker, False)
    signal.set_wakeup_fd(waker)
    signal.signal(signal.SIGCHLD, lambda number, frame: None)
    reported = False
    while True:
        ready, _, _ = select.select([0, wake], [], [], _LOOK_SECONDS)
        if wake in ready:
            os.read(wake, 4096)
        if not reported and child.poll() is not None:
            reported = True
            _report("exit", child.returncode)
        words = os.read(0, 64) if 0 in ready else None
        orphaned = words == b"" or os.getppid() != parent
        if orphaned or (words and END in words):
            _end(child, 0 if orphaned and remove is not None else GRACE_SECONDS)
            if not reported:
                _report("exit", child.returncode)
            if orphaned and remove is not None:
                shutil.rmtree(remove, ignore_errors=True)
                with contextlib.suppress(OSError):
                    remove.parent.rmdir()
            return
        for number in words or b"":
            child.send_signal(number)


def main() -> None:
    """Be the guard of one child; see the top of this file."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--log", type=Path, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--remove", type=Path)
    parser.add_argument("command", nargs="+")
    arguments = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, frame: None)  # not SIG_IGN: the child would inherit that
    _guard(arguments.command, arguments.log, arguments.parent, arguments.remove)


if __name__ == "__main__":
    main()
