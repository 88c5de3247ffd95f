"""Work on several processes, with a count of what is done and an end at Ctrl-C."""

import gc
import multiprocessing
import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from multiprocessing.sharedctypes import Synchronized
from types import TracebackType
from typing import Final, Self, TypeVar

from agents.collector import without_collector

A = TypeVar("A")
R = TypeVar("R")

POLL_SECONDS: Final = 0.2

_shared: "Synchronized[int] | None" = None
_local: Callable[[int], None] | None = None
_STOP: Final = -1


class Stopped(Exception):
    """The main process was interrupted; this one gives up."""


def done(records: int) -> None:
    """Tell that `records` were worked on; called by tasks, often.

    Raises:
        Stopped: nobody waits for the result any more.
    """
    if _shared is not None:
        with _shared.get_lock():
            if _shared.value <= _STOP:
                raise Stopped
            _shared.value += records
    elif _local is not None:
        _local(records)


def _start(shared: "Synchronized[int]") -> None:
    global _shared  # noqa: PLW0603 - one process serves one pool
    _shared = shared
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What tasks hold are millions of plain values without cycles: going through them again and again takes a fifth of
    # the time and finds nothing.
    gc.disable()


class Pool:
    """Runs tasks on `processes` fresh processes, or within this one if that is 1. A context manager.

    Tasks are module-level functions of one argument; both travel between processes.
    """

    def __init__(self, processes: int, on_done: Callable[[int], None]) -> None:
        self._on_done = on_done
        self._executor: ProcessPoolExecutor | None = None
        # Not forked: the Kafka client has threads.
        context = multiprocessing.get_context("spawn")
        self._counter: Synchronized[int] = context.Value("q", 0)
        self._told = 0
        if processes > 1:
            self._executor = ProcessPoolExecutor(processes, context, _start, (self._counter,))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._executor is None:
            return
        if kind is not None:
            with self._counter.get_lock():
                self._counter.value = _STOP
        self._executor.shutdown(wait=kind is None, cancel_futures=True)

    def map(self, task: Callable[[A], R], arguments: Iterable[A]) -> Iterator[R]:
        """Yield the results in the order of the arguments."""
        if self._executor is None:
            yield from self._here(task, arguments)
            return
        futures = [self._executor.submit(task, argument) for argument in arguments]
        open_futures = set(futures)
        while open_futures:
            _, open_futures = wait(open_futures, POLL_SECONDS, FIRST_COMPLETED)
            self._tell()
        for future in futures:
            yield future.result()

    def _here(self, task: Callable[[A], R], arguments: Iterable[A]) -> Iterator[R]:
        global _local  # noqa: PLW0603 - the same way for tasks, wherever they run
        _local = self._on_done
        try:
            with without_collector():
                for argument in arguments:
                    yield task(argument)
        finally:
            _local = None

    def _tell(self) -> None:
        with self._counter.get_lock():
            value = self._counter.value
        self._on_done(value - self._told)
        self._told = value
