"""Who gets into the console, and how often somebody may knock."""

from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitoring.console.access import (
    SESSION_SECONDS,
    Access,
    ConsoleRefused,
    Identity,
    Role,
    clean_name,
    is_same_origin,
)
from monitoring.console.limits import KEPT_MAX, Limit

OPEN = Access(local_name="duty")
TOKEN = Access(token="act-0123456789abcdef", view_token="look-0123456789abcdef")
PROXY = Access(proxies=(ip_network("10.0.0.0/8"),), operators=frozenset({"li.ming"}))
NOW = 1_772_359_200.0


def test_without_a_login_it_is_for_this_machine_alone() -> None:
    """Whoever sits at it may act; nobody else is let in, and it does not even listen elsewhere."""
    assert OPEN.identify("127.0.0.1", {}, "", NOW) == Identity("duty", Role.OPERATE, "local")
    assert OPEN.identify("::1", {}, "", NOW) is not None
    assert OPEN.identify("10.1.2.3", {}, "", NOW) is None
    for place in ("127.0.0.1", "localhost", "::1"):
        OPEN.refuse_place(place)
    for place in ("0.0.0.0", "::", "10.1.2.3", "noc.example"):  # noqa: S104 - nothing listens
        with pytest.raises(ConsoleRefused, match="BAROMETER_CONSOLE_TOKEN"):
            OPEN.refuse_place(place)
        TOKEN.refuse_place(place)
        PROXY.refuse_place(place)


@pytest.mark.parametrize(
    ("host", "answers"),
    [
        ("localhost:8650", True),
        ("127.0.0.1:8650", True),
        ("[::1]:8650", True),
        ("localhost", True),
        ("evil.example:8650", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_without_a_login_it_answers_to_its_own_names_only(host: str, answers: bool) -> None:
    """A name elsewhere that was pointed at 127.0.0.1 (DNS rebinding) gets nothing."""
    assert OPEN.answers_to(host) is answers
    assert TOKEN.answers_to(host)


def test_a_token_opens_a_session_that_ends() -> None:
    """One for those who may act, one for those who may look; a wrong one is nobody."""
    acting, looking = TOKEN.of_token(TOKEN.token, "Li Ming"), TOKEN.of_token(TOKEN.view_token, "")
    assert acting == Identity("Li Ming", Role.OPERATE, "token")
    assert looking == Identity("view", Role.VIEW, "token")
    assert not looking.may_act
    assert TOKEN.of_token("guess", "x") is None
    assert TOKEN.of_token("", "x") is None
    sealed = TOKEN.seal(acting, NOW)
    inside = TOKEN.identify("10.1.2.3", {}, sealed, NOW)
    assert inside == acting
    assert inside.ends == NOW + SESSION_SECONDS
    assert TOKEN.identify("10.1.2.3", {}, sealed, NOW + SESSION_SECONDS) is None
    assert Access(token="another-0123456789").identify("10.1.2.3", {}, sealed, NOW) is None, (
        "it ends with its token"
    )


@given(st.text(max_size=120), st.integers(0, 200))
def test_nobody_makes_a_session_up(text: str, place: int) -> None:
    """Neither out of nothing nor by changing a letter of one."""
    assert TOKEN.open(text, NOW) is None
    sealed = TOKEN.seal(Identity("a", Role.VIEW, "token"), NOW)
    place %= len(sealed)
    changed = sealed[:place] + ("A" if sealed[place] != "A" else "B") + sealed[place + 1 :]
    assert TOKEN.open(changed, NOW) is None


def test_a_proxy_names_people_and_nobody_else_does() -> None:
    """Its word counts from its own networks; those who are named operators may act."""
    header = {"x-forwarded-user": "li.ming"}
    assert PROXY.identify("10.1.2.3", header, "", NOW) == Identity("li.ming", Role.OPERATE, "proxy")
    assert PROXY.identify("10.1.2.3", {"x-forwarded-user": "guest"}, "", NOW) == Identity(
        "guest", Role.VIEW, "proxy"
    )
    assert PROXY.identify("192.168.1.1", header, "", NOW) is None
    assert PROXY.identify("10.1.2.3", {}, "", NOW) is None
    assert PROXY.identify("127.0.0.1", header, "", NOW) is None, "loopback is no proxy unless it is named"


def test_a_page_elsewhere_is_another_origin() -> None:
    """Host and port must agree, whatever the scheme (a proxy may end TLS)."""
    assert is_same_origin("http://noc:8650", "noc:8650")
    assert is_same_origin("https://noc", "noc")
    for origin in ("", "null", "http://evil", "http://noc:8651", "http://noc:8650.evil"):
        assert not is_same_origin(origin, "noc:8650")
    assert not is_same_origin("", "")


def test_a_name_is_one_line() -> None:
    """It stands in logs and in events."""
    assert clean_name(" Li\nMing\x1b[1m ") == "LiMing[1m"
    assert len(clean_name("x" * 500)) == 64


def test_a_limit_lets_a_burst_pass_and_then_so_many_a_minute() -> None:
    """Everybody has a bucket of his own, and time fills it."""
    limit = Limit(2, 60)
    assert [limit.allows("a", 0.0) for _ in range(3)] == [True, True, False]
    assert limit.allows("b", 0.0)
    assert limit.allows("a", 1.0)
    assert not limit.allows("a", 1.0)
    for number in range(KEPT_MAX + 1):
        limit.allows(f"x{number}", 1.0)
    assert limit.allows("a", 1.0), "forgotten: it begins anew"
