"""Redis: does it answer, how fast, does it keep what it is given, and what time has it?"""

from collections.abc import Callable, Iterator
from statistics import median
from typing import Any, Final

from redis.exceptions import ResponseError

from agents.doctor import clocks
from agents.doctor.finding import Finding, ok, warning, wrong
from agents.settings import Settings
from monitoring.redisclient import FAULTS, RedisFault, connect, explain, parse

AREA: Final = "redis"
TIMEOUT_SECONDS: Final = 3.0
PROBES: Final = 7
SLOW_SECONDS: Final = 0.05
"""A board's change is a few calls; at this each takes longer than a whole flush of a worker."""
SMALL_BYTES: Final = 64 * 1024 * 1024
"""docs/board.md: plenty for 5,000 cells."""
KEY: Final = "barometer:doctor"
"""Within what the board's user may touch; it is read only."""


def examine(settings: Settings, clock: Callable[[], float], ticks: Callable[[], float]) -> Iterator[Finding]:
    """Yield what Redis says. `clock` is seconds since the epoch, `ticks` seconds that pass."""
    url = settings.redis_url.get_secret_value()
    if not url:
        yield ok(AREA, "no Redis is set, so there is no live board")
        return
    password = None if settings.redis_password is None else settings.redis_password.get_secret_value()
    try:
        place = parse(url, password=password, ca_file=settings.redis_ca_file)
        client: Any = connect(place, TIMEOUT_SECONDS)
    except RedisFault as error:
        yield _unusable(error)
        return
    try:
        taken = [_timed(lambda: client.hget(KEY, "x"), ticks) for _ in range(PROBES)]
        yield from _latency(str(place), median(taken))
        yield from _memory(client)
        yield from _time(client, clock, ticks)
    except FAULTS as error:
        yield _unusable(explain(error, place))
    finally:
        client.close()


def _unusable(error: RedisFault) -> Finding:
    return wrong(
        AREA,
        str(error),
        "there is no live board; warnings, counts and notifications are not touched by it",
        "mend it, or set BAROMETER_REDIS_URL to nothing for no board; the workers fill it again by themselves",
    )


def _latency(place: str, seconds: float) -> Iterator[Finding]:
    said = f"{place} answers within {1000 * seconds:.1f} ms"
    if seconds > SLOW_SECONDS:
        yield warning(
            AREA,
            said,
            "the board falls behind when much happens",
            "look for slow commands, swap, or a long way",
        )
    else:
        yield ok(AREA, said)


def _memory(client: Any) -> Iterator[Finding]:
    try:
        told = client.info("memory")
    except ResponseError:
        yield warning(
            AREA,
            "its memory policy may not be asked by this user",
            "whether it evicts what the board shows is not known",
            "ask as an administrator: redis-cli config get maxmemory-policy must say noeviction",
        )
        return
    policy, most = str(told.get("maxmemory_policy", "unknown")), int(told.get("maxmemory", 0))
    if policy != "noeviction" and most:
        yield wrong(
            AREA,
            f"maxmemory-policy is {policy}",
            "parts of the board are thrown away when memory is short, and rebuilt again and again",
            "redis-cli config set maxmemory-policy noeviction, and in its configuration",
        )
    elif 0 < most < SMALL_BYTES:
        yield warning(
            AREA,
            f"maxmemory is {most} bytes",
            "a board of 5,000 cells needs up to 64 MB",
            "give it more (docs/board.md)",
        )
    else:
        yield ok(
            AREA,
            f"maxmemory-policy {policy}, maxmemory {most or 'not bounded'}; nothing has to be saved to disk",
        )


def _time(client: Any, clock: Callable[[], float], ticks: Callable[[], float]) -> Iterator[Finding]:
    began = ticks()
    try:
        seconds, micros = client.time()
    except ResponseError:
        yield warning(
            clocks.AREA,
            "Redis may not be asked for its time by this user",
            "its clock is not compared",
            "compare by hand: redis-cli time",
        )
        return
    yield from clocks.judge_redis(seconds + micros / 1e6, clock(), ticks() - began)


def _timed(question: Callable[[], object], ticks: Callable[[], float]) -> float:
    began = ticks()
    question()
    return ticks() - began
