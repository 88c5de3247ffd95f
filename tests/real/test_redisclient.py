"""How Redis is reached: TLS, a user with the least rights, sentinels, a cluster; and what is said where it cannot be."""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from secrets import token_hex
from typing import Final

import pytest
import trustme
from redis import Redis

from agents.embedded.errors import PartUnavailable
from agents.embedded.places import free_ports
from agents.embedded.redis import find_redis
from monitoring.board import CLUSTER_PERMISSIONS, PERMISSIONS, Board, Details, Position
from monitoring.boardimage import BoardKind, Change, fold
from monitoring.redisclient import Client, RedisFault, parse
from tests.conftest import without
from tests.real.pipeline import until
from tests.real.redises import cluster, command, plain, tls_server, watched

SECRET: Final = "never-to-be-shown"
WARNINGS: Final = BoardKind.WARNINGS


def use(board: Board) -> None:
    """Do everything that projectors and readers do."""
    start = Position("T", 1)
    image = fold([Change("a", 1, b"{}")])
    details = Details(1, 1)
    board.clear(1)
    after = board.newest_change()
    board.mark(WARNINGS, 0, 0, 1, 1)
    assert board.swap(WARNINGS, 0, None, start, details, image, "w") == start
    changes = [Change("a", 2, None), *(Change(str(number), 1, b"{}") for number in range(600))]
    changes += [Change(str(number), 2, None) for number in range(600)]
    assert board.apply(WARNINGS, 0, start, Position("T", 9), details, changes) == Position("T", 9)
    assert board.position(WARNINGS, 0) == Position("T", 9)
    board.beat("w", {"id": "w"}, 1)
    view = board.read(1)
    assert view.partitions[0].offset == 9
    assert [worker["id"] for worker in view.workers] == ["w"]
    assert len(board.changes(after, 5_000).changes) == 1_202
    assert board.clear(1) == 4


def refusal(url: str, **options: object) -> str:
    """Return what is said when the board is read at a place where that cannot be."""
    board = Board(parse(url, **options), timeout_seconds=0.5)  # type: ignore[arg-type]
    with pytest.raises(RedisFault) as caught:
        board.read(1)
    board.close()
    said = str(caught.value)
    assert SECRET not in said
    return said


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> tuple[trustme.CA, Path]:
    """A certificate authority, and its certificate in a file."""
    authority = trustme.CA()
    file = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(str(file))
    return authority, file


@pytest.fixture(scope="module")
def tls_port(ca: tuple[trustme.CA, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A Redis that speaks TLS only."""
    if find_redis().origin != "system":
        without(
            "Redis with TLS",
            PartUnavailable("the Valkey of the wheel is built without; install redis-server"),
        )
    authority, file = ca
    folder = tmp_path_factory.mktemp("tls")
    certificate = folder / "server.pem"
    authority.issue_cert("localhost", "127.0.0.1").private_key_and_cert_chain_pem.write_to_path(
        str(certificate)
    )
    with tls_server(folder, certificate, file) as port:
        yield port


def test_it_speaks_tls(tls_port: int, ca: tuple[trustme.CA, Path]) -> None:
    """With the certificates of one's own authority."""
    board = Board(parse(f"rediss://127.0.0.1:{tls_port}/0", ca_file=ca[1]))
    use(board)
    board.close()


def test_what_is_wrong_with_tls_is_named(tls_port: int, redis_url: str, tmp_path: Path) -> None:
    """An unknown authority, no TLS where it is wanted, TLS where there is none, a CA file that is not there."""
    said = refusal(f"rediss://127.0.0.1:{tls_port}/0")
    assert "not trusted" in said
    assert "BAROMETER_REDIS_CA_FILE" in said
    assert "rediss://" in refusal(f"redis://127.0.0.1:{tls_port}/0")
    said = refusal(redis_url.replace("redis://", "rediss://"))
    assert "speaks no TLS" in said
    missing = tmp_path / "missing.pem"
    assert f"there is no file {missing}" in refusal(f"rediss://127.0.0.1:{tls_port}/0", ca_file=missing)


@pytest.fixture
def admin(redis_url: str) -> Iterator[Redis]:
    """Somebody who may create users."""
    with Redis.from_url(redis_url) as client:
        yield client


def test_a_user_with_the_documented_rights_can_do_everything(redis_url: str, admin: Redis) -> None:
    """And with each of them missing something is forbidden, and named: the list is the least."""
    name = f"u{token_hex(4)}"
    url = redis_url.replace("://", f"://{name}:{SECRET}@")
    rules = ["reset", "on", f">{SECRET}", "~barometer:*", "-@all", *PERMISSIONS]
    try:
        command(admin, "ACL", "SETUSER", name, *rules)
        board = Board(parse(url))
        use(board)
        board.close()
        for right in PERMISSIONS:
            command(admin, "ACL", "SETUSER", name, right.replace("+", "-"))
            board = Board(parse(url))
            with pytest.raises(RedisFault, match="forbids user") as caught:
                use(board)
            assert SECRET not in str(caught.value)
            board.close()
            command(admin, "ACL", "SETUSER", name, right)
    finally:
        command(admin, "ACL", "DELUSER", name)


def test_a_wrong_login_is_named(tmp_path: Path) -> None:
    """Wrong password, unknown user, and none where one is needed; the password is never in the message."""
    with ExitStack() as stack:
        port = plain(stack, tmp_path, "--requirepass", "another")
        for login in ("", f":{SECRET}@", f"default:{SECRET}@", f"somebody:{SECRET}@"):
            said = refusal(f"redis://{login}127.0.0.1:{port}")
            user = "somebody" if login.startswith("some") else "default"
            assert f"refuses user {user!r}" in said
            assert "BAROMETER_REDIS_PASSWORD_FILE" in said
        board = Board(parse(f"redis://:{SECRET}@127.0.0.1:{port}", password="another"))
        use(board)
        board.close()


def test_an_address_where_nobody_is_is_named() -> None:
    """With the setting."""
    (port,) = free_ports(1)
    for kind in ("redis", "redis+cluster"):
        said = refusal(f"{kind}://:{SECRET}@127.0.0.1:{port}")
        assert f"127.0.0.1:{port} cannot be reached" in said
        assert "BAROMETER_REDIS_URL" in said
    said = refusal(f"redis+sentinel://:{SECRET}@127.0.0.1:{port}/board")
    assert "no reachable master 'board'" in said


def test_the_sentinels_master_is_followed(tmp_path: Path) -> None:
    """
    master    ####| killed
    replica   ····|···|######  promoted by the sentinel: the board is read there, and it is whole
    """
    with watched(tmp_path) as redises:
        board = Board(parse(f"redis+sentinel://127.0.0.1:{redises.sentinel}/board/0"))
        use(board)
        position = Position("T", 3)
        assert board.swap(WARNINGS, 0, None, position, Details(1, 3), fold([]), "w") == position
        with Redis(port=redises.master_port) as master:
            assert master.wait(1, 5_000) == 1
        redises.master.kill()

        def is_there() -> bool:
            try:
                return board.position(WARNINGS, 0) == position
            except RedisFault:
                return False

        until(is_there, "the replica is the master", seconds=60)

        def is_written() -> bool:
            try:
                use(board)
            except RedisFault:
                return False
            return True

        until(is_written, "it can be written to", seconds=60)
        board.close()
        said = refusal(f"redis+sentinel://127.0.0.1:{redises.sentinel}/other")
        assert "no reachable master 'other'" in said


def test_a_cluster_takes_every_call(tmp_path: Path, redis_url: str) -> None:
    """All keys of a call are in one slot; the wrong kind of URL is named both ways."""
    with cluster(tmp_path) as port:
        board = Board(parse(f"redis+cluster://127.0.0.1:{port}"))
        use(board)
        with Redis(port=port) as client:
            rules = ["on", f">{SECRET}", "~barometer:*", "-@all", *PERMISSIONS, *CLUSTER_PERMISSIONS]
            command(client, "ACL", "SETUSER", "limited", *rules)
        board.close()
        board = Board(parse(f"redis+cluster://limited:{SECRET}@127.0.0.1:{port}"))
        use(board)
        board.close()
        # One node has every slot, so that a client that knows nothing of clusters is not sent away.
        use(Board(parse(f"redis://127.0.0.1:{port}")))
    assert "is no cluster" in refusal(redis_url.replace("redis://", "redis+cluster://").removesuffix("/0"))


def test_the_client_keeps_its_connection(redis_url: str) -> None:
    """A board that works does not connect anew for every call."""
    board = Board(parse(redis_url))
    board.position(WARNINGS, 0)
    client: Client | None = board._client
    board.position(WARNINGS, 1)
    assert board._client is client is not None
    board.close()
