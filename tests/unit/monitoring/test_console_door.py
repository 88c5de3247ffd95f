"""The door of the console, and what people may do behind it: spoken to as a server speaks to it, without one."""

import logging
import re
from collections.abc import Mapping
from typing import Any

import pytest

from models.annotated import WarningState
from models.errors import BarometerError
from monitoring.console.access import COOKIE, Access, Identity, Role
from monitoring.console.actions import Actions, NotDone, matchers_of, verbs_for
from monitoring.console.door import Door, Message, Scope
from monitoring.console.limits import Limit
from tests.unit.models.duties import warning
from topics.catalogue import OPERATOR_ACTIONS, WARNING_FEEDBACK, decoders

TOKEN = Access(token="act-0123456789abcdef", view_token="look-0123456789abcdef")
OPEN = Access(local_name="duty")
PAGE = b"<html><script>1</script><script type='module'>2</script>&lt;script></html>"


class Answer:
    """What a door answers to one request."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.scope: Scope = {}

    @property
    def status(self) -> int:
        first = self.messages[0]
        return int(first.get("status", first.get("code", 0)))

    @property
    def headers(self) -> dict[str, str]:
        return {name.decode(): value.decode() for name, value in self.messages[0]["headers"]}

    @property
    def body(self) -> bytes:
        return b"".join(message.get("body", b"") for message in self.messages[1:])


async def ask(
    door_of: Access | Door,
    path: str = "/en/board",
    *,
    method: str = "GET",
    kind: str = "http",
    peer: str = "127.0.0.1",
    body: bytes = b"",
    **headers: str,
) -> Answer:
    answer = Answer()

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        answer.scope = scope
        if scope["type"] == "http":
            start = {"type": "http.response.start", "status": 200}
            await send(
                {
                    **start,
                    "headers": [(b"content-type", b"text/html; charset=utf-8"), (b"content-length", b"1")],
                }
            )
            await send({"type": "http.response.body", "body": PAGE[:20], "more_body": True})
            await send({"type": "http.response.body", "body": PAGE[20:]})
        else:
            await send({"type": "websocket.accept"})

    door = door_of if isinstance(door_of, Door) else Door(app, door_of)
    door._app = app
    named = {"host": "localhost:8650", **{name.replace("_", "-"): value for name, value in headers.items()}}
    scope: Scope = {
        "type": kind,
        "path": path,
        "query_string": b"",
        "client": (peer, 1),
        "scheme": "http",
        "headers": [(name.encode(), value.encode()) for name, value in named.items()],
    }
    if kind == "http":
        scope["method"] = method

    async def receive() -> Message:
        return {"type": "http.request", "body": body}

    async def send(message: Message) -> None:
        answer.messages.append(message)

    await door(scope, receive, send)
    return answer


async def test_a_page_has_strict_headers_and_its_scripts_a_nonce() -> None:
    """A script that comes from elsewhere, or that somebody got into a text, does not run."""
    answer = await ask(OPEN)
    assert answer.status == 200
    assert answer.scope["state"]["identity"] == Identity("duty", Role.OPERATE, "local")
    policy = answer.headers["content-security-policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce is not None
    assert answer.body.count(f'<script nonce="{nonce[1]}"'.encode()) == 2
    assert b"&lt;script>" in answer.body
    assert answer.headers["content-length"] == str(len(answer.body))
    assert "frame-ancestors 'none'" in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = await ask(OPEN)
    assert again.headers["content-security-policy"] != policy, "a nonce is used once"


@pytest.mark.parametrize(
    ("path", "kind", "method", "origin", "status"),
    [
        ("/_nicegui_ws/socket.io/", "websocket", "GET", "http://localhost:8650", 0),
        ("/_nicegui_ws/socket.io/", "websocket", "GET", "http://evil.example", 4_403),
        ("/_nicegui_ws/socket.io/", "websocket", "GET", "", 4_403),
        ("/_nicegui_ws/socket.io/", "http", "GET", "http://evil.example", 403),
        ("/en/board", "http", "POST", "http://evil.example", 403),
        ("/en/board", "http", "POST", "http://localhost:8650", 200),
    ],
)
async def test_another_site_cannot_act_in_somebodys_name(
    path: str, kind: str, method: str, origin: str, status: int
) -> None:
    """Whatever changes something, and every WebSocket, must come from a page of the console."""
    answer = await ask(OPEN, path, kind=kind, method=method, origin=origin)
    assert answer.status == status


async def test_a_foreign_name_for_this_machine_gets_nothing() -> None:
    """Where nobody logs in, the name of the host is what tells the console from a trap."""
    assert (await ask(OPEN, host="evil.example:8650")).status == 421
    assert (await ask(OPEN, peer="10.1.2.3")).status == 401


async def test_a_token_is_asked_for_and_opens_the_door() -> None:
    """Pages lead to the sign-in, the socket is shut; the cookie is kept from scripts and from other sites."""
    assert (await ask(TOKEN)).headers["location"] == "/sign-in?next=/en/board"
    assert (
        await ask(TOKEN, "/_nicegui_ws/x", kind="websocket", origin="http://localhost:8650")
    ).status == 4_401
    assert (await ask(TOKEN, "/_nicegui/3/static/x.js")).status == 200, "files of the program hold nothing"
    assert b'name="token"' in (await ask(TOKEN, "/sign-in")).body
    form = b"token=act-0123456789abcdef&name=Li+Ming&next=/zh/board"
    answer = await ask(TOKEN, "/sign-in", method="POST", body=form, origin="http://localhost:8650")
    assert (answer.status, answer.headers["location"]) == (303, "/zh/board")
    cookie = answer.headers["set-cookie"]
    assert "HttpOnly; SameSite=Strict" in cookie
    inside = await ask(TOKEN, cookie=cookie.split(";")[0])
    assert inside.scope["state"]["identity"] == Identity("Li Ming", Role.OPERATE, "token")
    assert (await ask(TOKEN, cookie=f"{COOKIE}=made.up")).status == 303
    out = await ask(TOKEN, "/sign-out")
    assert "Max-Age=0" in out.headers["set-cookie"]


@pytest.mark.parametrize(
    "target", ["//evil.example", "https://evil.example", "/\\evil.example", "x", "/a\nb"]
)
async def test_after_signing_in_one_stays_here(target: str) -> None:
    """A link to the sign-in cannot lead on to somewhere else."""
    body = f"token={TOKEN.token}&name=x&next={target}".encode()
    answer = await ask(TOKEN, "/sign-in", method="POST", body=body, origin="http://localhost:8650")
    assert answer.headers["location"] == "/"


async def test_tokens_cannot_be_guessed_quickly(caplog: pytest.LogCaptureFixture) -> None:
    """After some tries the right one is refused as well, and the log says that somebody tries."""
    door = Door(lambda *_: None, TOKEN)  # type: ignore[arg-type]
    body = b"token=wrong&name=x"
    for _ in range(6):
        answer = await ask(door, "/sign-in", method="POST", body=body, origin="http://localhost:8650")
        assert answer.status == 403
    right = f"token={TOKEN.token}&name=x".encode()
    answer = await ask(door, "/sign-in", method="POST", body=right, origin="http://localhost:8650")
    assert answer.status == 403
    assert "a wrong token from 127.0.0.1" in caplog.text
    assert "wrong&name" not in caplog.text


class Sent:
    """Remembers what would go to Kafka; refuses like a broker that is away if it is told to."""

    def __init__(self) -> None:
        self.events: list[tuple[str, str, Mapping[str, Any]]] = []
        self.away = False

    def __call__(self, topic: str, key: str, fields: Mapping[str, Any], id: str = "") -> str:
        if self.away:
            raise BarometerError("the broker does not answer")
        decoders()[topic].decode(_event(fields), [])
        self.events.append((topic, key, fields))
        return id or "e1"


def _event(fields: Mapping[str, Any]) -> bytes:
    import msgspec

    return msgspec.json.encode({"id": "e1", "time": "2026-03-01T10:00:00Z", **fields})


def acting(sent: Sent, role: Role = Role.OPERATE) -> Actions:
    return Actions(Identity("li.ming", role, "token"), sent, Limit(50, 60), lambda: 1_772_359_200.0)


def test_every_action_is_an_event_that_the_desk_takes(caplog: pytest.LogCaptureFixture) -> None:
    """Decoded here as the desk would; each leaves a line in the audit log with who and what."""
    caplog.set_level(logging.INFO, "barometer.audit")
    sent = Sent()
    actions, one = acting(sent), warning()
    actions.acknowledge("w1", " on it ")
    actions.unacknowledge("w1")
    actions.assign("w1", "NOC-2")
    actions.note("w1", "fibre found")
    silence = actions.silence(one, "this", 7_200, "test")
    actions.judge("w1", right=False)
    assert [topic for topic, _, _ in sent.events] == [OPERATOR_ACTIONS] * 5 + [WARNING_FEEDBACK]
    assert [key for _, key, _ in sent.events] == ["w1"] * 4 + [silence, "w1"]
    assert sent.events[0][2] == {
        "verb": "acknowledge",
        "warningId": "w1",
        "note": "on it",
        "actor": "li.ming",
    }
    assert sent.events[4][2]["until"] == "2026-03-01T12:00:00+00:00"
    assert sent.events[5][2]["verdict"] == "false_alarm"
    assert all(fields["actor"] == "li.ming" for _, _, fields in sent.events)
    lines = [record.getMessage() for record in caplog.records]
    assert len(lines) == 6
    assert all("by li.ming (token), event e1" in line for line in lines)


def test_who_may_look_cannot_act(caplog: pytest.LogCaptureFixture) -> None:
    """Nothing is sent, whatever a browser asks for, and the log says who tried."""
    sent = Sent()
    actions = acting(sent, Role.VIEW)
    for act in (
        lambda: actions.acknowledge("w1"),
        lambda: actions.judge("w1", right=True),
        lambda: actions.look_into("x/0/1"),
    ):
        with pytest.raises(NotDone) as caught:
            act()
        assert caught.value.text == "act.forbidden"
    assert sent.events == []
    assert caplog.text.count("li.ming, who may look only") == 3


def test_what_is_too_often_or_not_sent_is_said() -> None:
    """The page tells why."""
    sent = Sent()
    actions = Actions(Identity("x", Role.OPERATE, "local"), sent, Limit(1, 1), lambda: 0.0)
    actions.note("w1", "one")
    with pytest.raises(NotDone) as caught:
        actions.note("w1", "two")
    assert caught.value.text == "act.too_often"
    sent.away = True
    with pytest.raises(NotDone) as caught:
        acting(sent).note("w1", "three")
    assert (caught.value.text, caught.value.why) == ("act.failed", "the broker does not answer")
    over = Identity("x", Role.OPERATE, "token", 999)
    with pytest.raises(NotDone) as caught:
        Actions(over, sent, Limit(9, 9), lambda: 999.0).note("w1", "four")
    assert caught.value.text == "act.signed_out", "a page that stays open outlives its session"
    with pytest.raises(NotDone) as caught:
        acting(Sent()).assign("w1", "")
    assert caught.value.text == "act.failed", "the desk would refuse it"


def test_a_silence_holds_what_its_scope_says() -> None:
    """This warning; its rule in its cell; its region, or where it has none the rule in its cell."""
    one, nation = warning(), warning(cell="all")
    assert matchers_of(one, "this") == {"warning": "w1"}
    assert matchers_of(one, "rule") == {"rule": "EW01", "cell": one.cell}
    assert matchers_of(one, "region") == {"region": "44"}
    assert matchers_of(nation, "region") == {"rule": "EW01", "cell": "all"}


def test_what_can_be_done_depends_on_what_is_so() -> None:
    """What is over is judged and noted, and no more."""
    state = WarningState(warning=warning(), opened=1)
    assert verbs_for(state, is_open=True)[0] == "ack"
    assert verbs_for(state, is_open=False) == ("feedback", "note")
