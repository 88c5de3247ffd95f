"""The connection to Redis: one server, Sentinel or a cluster, with TLS and users; and what to do when it fails.

    redis://[user:password@]host[:6379][/db]                       one server; rediss:// with TLS
    redis+sentinel://[user:password@]host[:26379],host/master[/db]   the master that the sentinels name; rediss+sentinel://
    redis+cluster://[user:password@]host[:6379],host               a cluster; rediss+cluster://

Errors name the place (host and port), what is wrong and the remedy. No password is ever part of a message, of a place's
`repr`, or of a log line. Nothing here retries or waits longer than the timeout: whoever asks knows how patient to be.
"""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from redis import Redis, exceptions
from redis.backoff import NoBackoff
from redis.cluster import ClusterNode, RedisCluster
from redis.retry import Retry
from redis.sentinel import MasterNotFoundError, Sentinel

from models.errors import BarometerError

Client = Redis | RedisCluster

FAULTS: Final = (exceptions.RedisError, exceptions.RedisClusterException, OSError)
"""Everything that a client raises where the server or the way to it is at fault."""
REDIS_PORT: Final = 6379
SENTINEL_PORT: Final = 26379
FORMS: Final = (
    "redis://host:port/0, redis+sentinel://host:port,host:port/master/0 or redis+cluster://host:port,host:port, "
    "with rediss instead of redis for TLS"
)

_URL: Final = re.compile(
    r"(?P<tls>rediss?)(?:\+(?P<kind>sentinel|cluster))?://(?:(?P<login>[^@]*)@)?(?P<hosts>[^/@?#]+)(?P<path>/[^?#@]*)?"
)
_HOST: Final = re.compile(r"(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]]+)(?::(?P<port>[0-9]{1,5}))?")


class RedisFault(BarometerError):
    """Redis cannot be used as configured or as it is now; the message says why and what to do."""


class Form(StrEnum):
    """How the server is found."""

    SINGLE = "single"
    SENTINEL = "sentinel"
    CLUSTER = "cluster"


@dataclass(frozen=True, slots=True)
class RedisPlace:
    """Where Redis is and who asks. `str` gives hosts and ports, nothing else."""

    form: Form
    hosts: tuple[tuple[str, int], ...]
    tls: bool = False
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    service: str = ""
    """Name of the master among the sentinels."""
    db: int = 0
    ca_file: Path | None = None
    """Certificates that are trusted beside the system's."""

    def __str__(self) -> str:
        return ",".join(f"[{host}]:{port}" if ":" in host else f"{host}:{port}" for host, port in self.hosts)


def parse(url: str, *, password: str | None = None, ca_file: Path | None = None) -> RedisPlace:
    """Return what a URL says; `password` holds instead of the one in the URL.

    Raises:
        RedisFault: it is no such URL. It is not shown, since it may contain a password.
    """
    found = _URL.fullmatch(url)
    if found is None:
        raise RedisFault(f"BAROMETER_REDIS_URL is no Redis URL; write {FORMS} (percent-encode a password)")
    form = Form(found["kind"] or "single")
    default = SENTINEL_PORT if form is Form.SENTINEL else REDIS_PORT
    hosts = tuple(_host_of(text, default) for text in found["hosts"].split(","))
    if form is Form.SINGLE and len(hosts) > 1:
        raise RedisFault(
            f"BAROMETER_REDIS_URL names several hosts but neither sentinel nor cluster; write {FORMS}"
        )
    user, _, secret = (found["login"] or "").partition(":")
    parts = [part for part in (found["path"] or "").split("/") if part]
    service = ""
    if form is Form.SENTINEL:
        if not parts:
            raise RedisFault(
                "BAROMETER_REDIS_URL names sentinels but no master; end it with /<name of the master>"
            )
        service = unquote(parts.pop(0))
    db = parts.pop(0) if parts else "0"
    if parts or not (db.isascii() and db.isdecimal()) or len(db) > 5 or (form is Form.CLUSTER and int(db)):
        raise RedisFault("BAROMETER_REDIS_URL does not end in a database's number (a cluster has 0 only)")
    return RedisPlace(
        form=form,
        hosts=hosts,
        tls=found["tls"] == "rediss",
        username=unquote(user) or None,
        password=password or unquote(secret) or None,
        service=service,
        db=int(db),
        ca_file=ca_file,
    )


def connect(place: RedisPlace, timeout_seconds: float) -> Client:
    """Return a client for `place`. One server and Sentinel are not asked before the first command; a cluster is.

    Raises:
        RedisFault: the cluster does not answer, or the CA file cannot be read.
    """
    if place.ca_file is not None and not place.ca_file.is_file():
        raise RedisFault(f"BAROMETER_REDIS_CA_FILE: there is no file {place.ca_file}")
    options: dict[str, Any] = {
        "username": place.username,
        "password": place.password,
        "socket_timeout": timeout_seconds,
        "socket_connect_timeout": timeout_seconds,
        "retry": Retry(NoBackoff(), 0),
        "protocol": 2,
    }
    if place.tls:
        options |= {"ssl": True, "ssl_ca_certs": str(place.ca_file) if place.ca_file else None}
    if place.form is Form.SINGLE:
        (host, port), *_ = place.hosts
        return Redis(host=host, port=port, db=place.db, **options)
    if place.form is Form.SENTINEL:
        # Sentinels have users of their own, or none; the login in the URL is the master's.
        asking = {name: value for name, value in options.items() if name not in ("username", "password")}
        sentinel = Sentinel(list(place.hosts), sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
        master: Redis = sentinel.master_for(place.service, db=place.db, **options)  # type: ignore[no-untyped-call]
        return master
    nodes = [ClusterNode(host, port) for host, port in place.hosts]  # type: ignore[no-untyped-call]
    try:
        return RedisCluster(startup_nodes=nodes, **options)
    except FAULTS as error:
        raise explain(error, place) from None


def explain(error: Exception, place: RedisPlace) -> RedisFault:
    """Return what a failure of the client means and what to do about it."""
    if isinstance(error, RedisFault):
        return error
    causes = [error, error.__cause__, error.__context__]
    said = " ".join(str(cause) for cause in causes if cause is not None)
    user = place.username or "default"
    return RedisFault(f"Redis at {place} {_meaning(error, said, user, place)}")


def _meaning(error: Exception, said: str, user: str, place: RedisPlace) -> str:
    for signs, meaning in _MEANINGS:
        if any(sign.lower() in said.lower() for sign in signs):
            return meaning.format(user=user, said=_first_line(error))
    if isinstance(error, exceptions.MovedError | exceptions.AskError):
        return "is a cluster; write redis+cluster:// in BAROMETER_REDIS_URL"
    if isinstance(error, exceptions.AuthenticationError):
        return _LOGIN.format(user=user)
    if isinstance(error, MasterNotFoundError):
        return f"(the sentinels) know no reachable master {place.service!r}; is the name in BAROMETER_REDIS_URL right?"
    if isinstance(error, exceptions.TimeoutError):
        return "does not answer in time; it is busy, stopped or out of reach" + (
            ", or speaks no TLS (then write redis:// in BAROMETER_REDIS_URL)" if place.tls else ""
        )
    if isinstance(error, exceptions.ConnectionError | exceptions.RedisClusterException | OSError):
        if any(sign in said.lower() for sign in ("closed by server", "reset by peer", "broken pipe")):
            return _CLOSED if not place.tls else "closed the connection; is it restarting?"
        return f"cannot be reached ({_first_line(error)}). Is it running, and is BAROMETER_REDIS_URL right?"
    return f"answers with an error: {_first_line(error)}"


_LOGIN: Final = (
    "refuses user {user!r}: wrong user or password. Set BAROMETER_REDIS_PASSWORD_FILE, or user and password in "
    "BAROMETER_REDIS_URL"
)
_CLOSED: Final = (
    "closed the connection. If this lasts, it may want TLS: write rediss:// in BAROMETER_REDIS_URL"
)
_MEANINGS: Final = (
    (("NOAUTH", "Authentication required", "WRONGPASS", "invalid username-password", "invalid password"), _LOGIN),
    (
        ("NOPERM", "no permissions", "ACL failure", "can't run this command"),
        "forbids user {user!r} what the board needs ({said}); docs/board.md lists the permissions",
    ),
    (
        ("OOM command", "> 'maxmemory'"),
        "is full (maxmemory): nothing can be written. Give it more memory; docs/board.md says how much the board needs",
    ),
    (("MISCONF",), "refuses to write, since it cannot save to its disk: {said}"),
    (("READONLY", "read only replica"), "is a replica and cannot be written to; name the master, or use redis+sentinel://"),
    (("loading the dataset",), "is still loading its data"),
    (
        ("CERTIFICATE_VERIFY_FAILED",),
        "shows a certificate that is not trusted ({said}). Set BAROMETER_REDIS_CA_FILE to the CA that signed it",
    ),
    (
        ("WRONG_VERSION_NUMBER", "record layer failure", "SSL: "),
        "does not speak TLS as BAROMETER_REDIS_URL says; write redis:// if it has none ({said})",
    ),
    (
        ("cluster support disabled", "Cluster mode is not enabled"),
        "is no cluster; write redis:// without +cluster in BAROMETER_REDIS_URL",
    ),
    (("CLUSTERDOWN", "not covered", "not served", "cluster is down"), "is a cluster that is not whole: {said}"),
    (("DB index is out of range",), "has no database of the number in BAROMETER_REDIS_URL"),
)  # fmt: skip
"""What the server or TLS says -> what it means. The first that fits holds."""


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]


def _host_of(text: str, default: int) -> tuple[str, int]:
    found = _HOST.fullmatch(text)
    port = int(found["port"] or default) if found is not None else 0
    if found is None or not 0 < port < 65_536:
        raise RedisFault(f"BAROMETER_REDIS_URL does not name hosts as host:port; write {FORMS}")
    return found["host"].strip("[]"), port
