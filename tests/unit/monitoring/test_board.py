"""What the board is made of, without Redis: URLs, how records become changes, what is said of faults, and README."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis import exceptions

from models.incident import Status
from monitoring.board import CLUSTER_PERMISSIONS, PERMISSIONS, PREFIX
from monitoring.boardimage import BoardKind, Change, change_of, fold
from monitoring.redisclient import Form, RedisFault, RedisPlace, explain, parse
from tests.incidents import incident

SECRET = "never-to-be-shown"


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://localhost", RedisPlace(Form.SINGLE, (("localhost", 6379),))),
        ("redis://10.0.0.1:7000/3", RedisPlace(Form.SINGLE, (("10.0.0.1", 7000),), db=3)),
        ("rediss://[::1]:6380/", RedisPlace(Form.SINGLE, (("::1", 6380),), tls=True)),
        (
            "redis://u%40x:p%3Aw%2F@h:1/0",
            RedisPlace(Form.SINGLE, (("h", 1),), username="u@x", password="p:w/"),
        ),
        ("redis://:p@h", RedisPlace(Form.SINGLE, (("h", 6379),), password="p")),
        (
            "redis+sentinel://u:p@a,b:26380/main/2",
            RedisPlace(
                Form.SENTINEL,
                (("a", 26379), ("b", 26380)),
                username="u",
                password="p",
                service="main",
                db=2,
            ),
        ),
        (
            "rediss+cluster://a:1,b:2",
            RedisPlace(Form.CLUSTER, (("a", 1), ("b", 2)), tls=True),
        ),
    ],
)
def test_a_url_says_where_and_who(url: str, place: RedisPlace) -> None:
    """One server, sentinels, a cluster; with and without TLS, login, port and database."""
    assert parse(url) == place


@pytest.mark.parametrize(
    "url",
    [
        f"{SECRET}:6379",
        "http://localhost",
        "redis://",
        "redis://h:0",
        "redis://h:65536",
        "redis://h/one",
        "redis://h/0/1",
        "redis://a,b",
        "redis+sentinel://a",
        "redis+cluster://a/1",
        f"redis://u:{SECRET}@ss@h",
    ],
)
def test_a_url_that_is_none_is_refused_by_its_setting(url: str) -> None:
    """Before anything is connected, with the setting's name, and never with the URL itself: it may hold a password."""
    with pytest.raises(RedisFault, match="BAROMETER_REDIS_URL") as caught:
        parse(url)
    assert SECRET not in str(caught.value)


@given(
    st.text(max_size=60)
    | st.from_regex(r"rediss?(\+sentinel|\+cluster)?://[a-z:@,/0-9\[\]%]{0,40}", fullmatch=True)
)
def test_any_text_is_a_place_or_a_fault(url: str) -> None:
    """Nothing else is ever raised."""
    try:
        place = parse(url)
    except RedisFault:
        return
    assert all(0 < port < 65_536 and host for host, port in place.hosts)


def test_a_password_is_never_shown() -> None:
    """Neither by the place nor by what is said of a fault; one of its own holds instead of the URL's."""
    place = parse("redis://u:other@h:1", password=SECRET)
    assert place.password == SECRET
    assert str(place) == "h:1"
    assert SECRET not in repr(place)
    for error in (
        exceptions.AuthenticationError("WRONGPASS"),
        exceptions.ConnectionError("Error 111"),
        OSError(1, "x"),
    ):
        assert SECRET not in str(explain(error, place))


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (exceptions.NoPermissionError("this user has no permissions to run 'eval'"), "forbids user 'u'"),
        (exceptions.OutOfMemoryError("command not allowed when used memory > 'maxmemory'."), "is full"),
        (exceptions.ReadOnlyError("You can't write against a read only replica."), "is a replica"),
        (exceptions.BusyLoadingError("Redis is loading the dataset in memory"), "is still loading"),
        (exceptions.ResponseError("MISCONF Errors writing to the RDB"), "cannot save to its disk"),
        (exceptions.ResponseError("DB index is out of range"), "no database of the number"),
        (exceptions.MovedError("12 127.0.0.1:7001"), "redis\\+cluster://"),
        (exceptions.ClusterDownError("The cluster is down"), "not whole"),
        (exceptions.TimeoutError("Timeout reading from h:1"), "does not answer in time"),
        (exceptions.ConnectionError("Connection closed by server."), "rediss://"),
        (
            exceptions.ResponseError("ERR something else\nsecond line"),
            "answers with an error: ERR something else$",
        ),
    ],
)
def test_what_the_server_says_is_told_with_the_remedy(error: Exception, said: str) -> None:
    """What only a broken server says is seen here; the rest on real ones."""
    place = parse("redis://u:p@h:1")
    with pytest.raises(RedisFault, match=said):
        raise explain(error, place)


@pytest.mark.parametrize(
    ("kind", "value", "headers", "change"),
    [
        (BoardKind.WARNINGS, b'{"id":"k","sequence":3}', [], Change("k", 3, b'{"id":"k","sequence":3}')),
        (BoardKind.WARNINGS, None, [("ce_id", b"k/4")], Change("k", 4, None)),
        (BoardKind.WARNINGS, None, [("ce_id", b"k/x")], Change("k", None, None)),
        (BoardKind.WARNINGS, None, [], Change("k", None, None)),
        (BoardKind.WARNINGS, b"{}", [], None),
        (BoardKind.WARNINGS, b"{", [], None),
        (BoardKind.WINDOWS, b'{"closedUntil":60}', [], Change("k", 60, b'{"closedUntil":60}')),
        (BoardKind.WINDOWS, b'{"sequence":60}', [], None),
        (BoardKind.INCIDENTS, b'{"status":"inProgress"}', [], Change("k", 7, b'{"status":"inProgress"}')),
        (BoardKind.STATES, b'{"opened":5}', [], Change("k", 7, b'{"opened":5}')),
        (BoardKind.STATES, b'{"opened":5,"cleared":6}', [], Change("k", 7, None)),
        (BoardKind.STATES, None, [("ce_id", b"k/12/1772359200")], Change("k", 7, None)),
    ],
)
def test_a_record_is_a_change_of_its_key(
    kind: BoardKind, value: bytes | None, headers: list[tuple[str, bytes | None]], change: Change | None
) -> None:
    """By the sequence of its topic; an incident or state without one has its offset; what is not as it should be is none."""
    assert change_of(kind, b"k", value, headers, 7) == change
    assert change_of(kind, None, value, headers, 7) is None


@pytest.mark.parametrize("status", Status)
def test_an_incident_leaves_when_it_is_over(status: Status) -> None:
    """Planned and going on are on the board; cleared, settled and called off are not."""
    value = incident("k", 3, status)
    shown = value if status in {Status.PENDING, Status.IN_PROGRESS} else None
    assert change_of(BoardKind.INCIDENTS, b"k", value, [], 7) == Change("k", 3, shown)


def test_a_reopened_incident_comes_back() -> None:
    """Its next record has a larger sequence than the one with which it left; an older one changes nothing."""

    def board(*records: bytes) -> dict[str, tuple[int, bytes]]:
        changes = (change_of(BoardKind.INCIDENTS, b"k", record, [], 0) for record in records)
        return fold(change for change in changes if change is not None).entries

    raised, cleared, again = incident("k", 1), incident("k", 2, Status.RESOLVED), incident("k", 3)
    assert board(raised) == {"k": (1, raised)}
    assert board(raised, cleared, raised) == {}
    assert board(raised, cleared, again) == {"k": (3, again)}


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 4)), max_size=12), st.randoms())
def test_the_image_does_not_depend_on_order(pairs: list[tuple[str, int]], chance: object) -> None:
    """Equal (key, sequence) being equal, as the contracts have it; even numbers are ends here."""
    changes = [Change(key, number, None if number % 2 == 0 else b"%d" % number) for key, number in pairs]
    shuffled = sorted(changes + changes, key=lambda _: chance.random())  # type: ignore[attr-defined]
    assert fold(shuffled).entries == fold(changes).entries


def test_its_page_names_the_permissions_and_the_keys() -> None:
    """So that the ACL that people copy is the one that the tests use."""
    text = (Path(__file__).parents[3] / "docs" / "board.md").read_text(encoding="utf-8")
    # As docs/deployment.md takes them into an ACL file.
    rights = [right for line in text.splitlines() if line.startswith("    +") for right in line.split()]
    assert rights == list(PERMISSIONS)
    assert f"`{' '.join(CLUSTER_PERMISSIONS)}`" in text
    assert f"`{PREFIX}:<kind>:<partition>`" in text
