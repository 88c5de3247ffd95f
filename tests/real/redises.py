"""Redis servers of special kinds for tests: with TLS, with sentinels, as a cluster; ended with the test."""

import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from redis import Redis
from redis.exceptions import AuthenticationError, RedisError

from agents.embedded.guard import Guarded
from agents.embedded.places import free_ports
from agents.embedded.redis import find_redis
from tests.real.pipeline import until


def command(client: Redis, *words: str | int) -> Any:
    """Send a command for which the client has no method."""
    return client.execute_command(*words)  # type: ignore[no-untyped-call]


def _answers(client: Redis) -> bool:
    try:
        return bool(client.ping())
    except AuthenticationError:
        return True
    except RedisError:
        return False


def _launch(stack: ExitStack, folder: Path, name: str, *arguments: str) -> Guarded:
    process = Guarded([str(find_redis().program), *arguments], log=folder / f"{name}.log")
    stack.callback(process.close)
    return process


def plain(stack: ExitStack, folder: Path, *arguments: str) -> int:
    """Start a server that keeps nothing and return its port when it answers."""
    (port,) = free_ports(1)
    options = ["--port", str(port), "--dir", str(folder), "--save", "", "--bind", "127.0.0.1"]
    _launch(stack, folder, f"redis-{port}", *options, *arguments)
    with Redis(port=port, socket_timeout=2) as client:
        until(lambda: _answers(client), "Redis answers", seconds=20)
    return port


@contextmanager
def tls_server(folder: Path, certificate: Path, ca: Path) -> Iterator[int]:
    """Start a server that speaks TLS only; yields its port."""
    with ExitStack() as stack:
        (port,) = free_ports(1)
        _launch(
            stack,
            folder,
            "redis-tls",
            *("--port", "0", "--tls-port", str(port), "--dir", str(folder), "--save", ""),
            *("--tls-cert-file", str(certificate), "--tls-key-file", str(certificate)),
            *("--tls-ca-cert-file", str(ca), "--tls-auth-clients", "no", "--bind", "127.0.0.1"),
        )
        with Redis(port=port, ssl=True, ssl_ca_certs=str(ca), socket_timeout=2) as client:
            until(lambda: _answers(client), "Redis answers with TLS", seconds=20)
        yield port


class Watched:
    """A master, a replica and a sentinel that promotes the replica when the master is gone."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        self._stack, self._folder = stack, folder
        master, replica, self.sentinel = free_ports(3)
        self.master_port = master
        common = ["--dir", str(folder), "--save", "", "--bind", "127.0.0.1"]
        self.master = _launch(stack, folder, "master", "--port", str(master), *common)
        _launch(
            stack, folder, "replica", "--port", str(replica), *common, "--replicaof", "127.0.0.1", str(master)
        )
        config = folder / "sentinel.conf"
        config.write_text(
            f"port {self.sentinel}\nbind 127.0.0.1\ndir {folder}\n"
            f"sentinel monitor board 127.0.0.1 {master} 1\n"
            "sentinel down-after-milliseconds board 1000\nsentinel failover-timeout board 5000\n"
        )
        with Redis(port=replica, socket_timeout=2) as client:
            until(lambda: _answers(client) and self._is_linked(client), "the replica follows", seconds=30)
        _launch(stack, folder, "sentinel", str(config), "--sentinel")
        with Redis(port=self.sentinel, socket_timeout=2) as client:
            until(
                lambda: _answers(client) and self._knows(client), "the sentinel knows the replica", seconds=60
            )

    def _is_linked(self, client: Redis) -> bool:
        return dict(client.info("replication")).get("master_link_status") == "up"

    def _knows(self, client: Redis) -> bool:
        found = command(client, "SENTINEL", "REPLICAS", "board")
        return bool(found)


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """Start master, replica and sentinel."""
    with ExitStack() as stack:
        yield Watched(stack, folder)


@contextmanager
def cluster(folder: Path) -> Iterator[int]:
    """Start a cluster of one node that has every slot; yields its port."""
    with ExitStack() as stack:
        port = plain(stack, folder, "--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf")
        with Redis(port=port, socket_timeout=5) as client:
            command(client, "CLUSTER", "ADDSLOTSRANGE", 0, 16383)
            until(lambda: re.search(r"cluster_state\W+ok", _told(port)), "the cluster is whole", seconds=20)
        yield port


def _told(port: int) -> str:
    with Redis(port=port, socket_timeout=2) as client:
        return repr(command(client, "CLUSTER", "INFO"))
