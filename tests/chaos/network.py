"""The network between workers and brokers: TCP relays in a process of their own, that can be slow, and cut.

A front is a port for each broker; a broker advertises all of them, so that who came in at one reaches every broker through
it alone. What a cut line has swallowed is not lost: it arrives when the line is whole again, as TCP sends lost packets again.
"""

import asyncio
import contextlib
import multiprocessing
from asyncio import StreamReader, StreamWriter
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection
from threading import Lock
from types import TracebackType
from typing import Final, Self

from agents.embedded.places import free_ports, give_back

CHUNK: Final = 64 * 1024
LOOK_SECONDS: Final = 0.02
READY_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Weather:
    """What the lines are like."""

    cut: frozenset[tuple[int, int]] = field(default_factory=frozenset)
    """(front, node) through which nothing passes, in either direction."""
    delay_seconds: float = 0.0
    """By which each chunk is late."""
    bytes_a_second: float = 0.0
    """That pass in one direction of one connection; 0 is no limit."""


FAIR: Final = Weather()


class Network:
    """`fronts` times `nodes` relays. A context manager; Any thread may change it; `lead_to` must be called before anybody connects."""

    def __init__(self, fronts: int, nodes: int) -> None:
        ports = free_ports(fronts * nodes)
        self.ports: Final = [ports[at : at + nodes] for at in range(0, len(ports), nodes)]
        """For each front, the port of every node."""
        self._nodes = nodes
        self._weather = FAIR
        self._lock = Lock()

    def __enter__(self) -> Self:
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_relay_all, args=(self.ports, theirs), daemon=True)
        self._process.start()
        theirs.close()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pipe.close()
        self._process.join(READY_SECONDS)
        self._process.close()
        for ports in self.ports:
            give_back(ports)

    def lead_to(self, targets: Sequence[Sequence[int]]) -> None:
        """Say which loopback port stands behind each relay, in the shape of `ports`; returns when they listen."""
        self._pipe.send(targets)
        if not self._pipe.poll(READY_SECONDS):
            raise TimeoutError("the relays between workers and brokers do not listen")
        self._pipe.recv()

    def bootstrap(self, front: int) -> str:
        """Return the addresses at which `front` offers the brokers."""
        return ",".join(f"127.0.0.1:{port}" for port in self.ports[front])

    def cut_off_front(self, front: int) -> None:
        """Let nothing pass through one front."""
        self._change(cut={(front, node) for node in range(self._nodes)})

    def mend_front(self, front: int) -> None:
        """Let everything pass through it again."""
        self._change(mended={(front, node) for node in range(self._nodes)})

    def cut_off_node(self, node: int) -> None:
        """Let nothing reach a node (from 1), through any front."""
        self._change(cut={(front, node - 1) for front in range(len(self.ports))})

    def mend_node(self, node: int) -> None:
        """Let everything reach it again."""
        self._change(mended={(front, node - 1) for front in range(len(self.ports))})

    def slow_down(self, delay_seconds: float, bytes_a_second: float) -> None:
        """Let every byte be late, and few pass; 0 and 0 is as before."""
        with self._lock:
            self._become(replace(self._weather, delay_seconds=delay_seconds, bytes_a_second=bytes_a_second))

    def _change(
        self,
        cut: AbstractSet[tuple[int, int]] = frozenset(),
        mended: AbstractSet[tuple[int, int]] = frozenset(),
    ) -> None:
        with self._lock:
            # Somebody else may have cut the same line: whole is whole.
            self._become(replace(self._weather, cut=(self._weather.cut | cut) - mended))

    def _become(self, weather: Weather) -> None:
        self._weather = weather
        self._pipe.send(weather)


def _relay_all(ports: Sequence[Sequence[int]], pipe: Connection) -> None:
    with contextlib.suppress(KeyboardInterrupt, EOFError):
        targets = pipe.recv()
        asyncio.run(_Relays(ports, targets, pipe).run())


class _Relays:
    """The process of the relays; it ends with the pipe."""

    def __init__(
        self, ports: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], pipe: Connection
    ) -> None:
        self._ports = ports
        self._targets = targets
        self._pipe = pipe
        self._weather = FAIR

    async def run(self) -> None:
        for front, row in enumerate(self._ports):
            for node, port in enumerate(row):
                await asyncio.start_server(self._server(front, node), "127.0.0.1", port)
        self._pipe.send("listening")
        heard = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._pipe.fileno(), heard.set)
        while True:
            await heard.wait()
            heard.clear()
            while self._pipe.poll():
                self._weather = self._pipe.recv()  # EOFError: whoever started us is gone

    def _server(self, front: int, node: int) -> "_Server":
        return _Server(self, front, node, self._targets[front][node])

    @property
    def weather(self) -> Weather:
        return self._weather

    async def passable(self, front: int, node: int) -> None:
        """Return when the line is whole."""
        # Lines are mended by a message, not by an event of this loop; a cut lasts seconds.
        while (front, node) in self._weather.cut:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)


@dataclass(frozen=True, slots=True)
class _Server:
    """One relay: takes connections and carries them on."""

    relays: _Relays
    front: int
    node: int
    target: int

    async def __call__(self, reader: StreamReader, writer: StreamWriter) -> None:
        await self.relays.passable(self.front, self.node)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.close()
            return
        await asyncio.gather(self._carry(reader, back), self._carry(there, writer))

    async def _carry(self, reader: StreamReader, writer: StreamWriter) -> None:
        """Carry one direction until its end; then nobody answers the other one either."""
        with contextlib.suppress(OSError):
            while chunk := await reader.read(CHUNK):
                weather = self.relays.weather
                if weather.delay_seconds:
                    await asyncio.sleep(weather.delay_seconds)
                if weather.bytes_a_second:
                    await asyncio.sleep(len(chunk) / weather.bytes_a_second)
                await self.relays.passable(self.front, self.node)
                writer.write(chunk)
                await writer.drain()
        await self.relays.passable(self.front, self.node)
        writer.close()
