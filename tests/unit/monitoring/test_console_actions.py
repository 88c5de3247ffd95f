"""What somebody does in the console is done once, or he is told: nothing that was written is lost without a word."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from threading import Event
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace
from nicegui import Client, background_tasks, core
from nicegui.events import GenericEventArguments
from nicegui.page import page

from models.annotated import HoldKind, HoldState, OperatorNote, WarningState
from models.decode import identity
from models.errors import BarometerError
from models.naming import load_names
from models.outcomes import EarlyWarning, WindowSnapshot
from monitoring.boardimage import BoardKind
from monitoring.console.access import Access, Identity, Role
from monitoring.console.actions import NotDone
from monitoring.console.desk import Desk, Visit
from monitoring.console.dialogs import ActionWindow
from monitoring.console.feed import Feed
from monitoring.console.frame import _late
from monitoring.console.outgoing import ASK_SECONDS, Outgoing
from monitoring.console.sources import Bucket, Explanation, Letter
from monitoring.console.texts import Language, sayer
from monitoring.console.underway import KEPT_MAX, LATE_SECONDS, SOURCE, TOLD_SECONDS, Deed, Underway
from monitoring.console.views.warning import _Page
from tests.unit.models.duties import MORNING, cleared, incident, warning
from tests.unit.monitoring.boards import DictBoard

REF = "0123456789abcdef" * 2
LI = Identity("li.ming", Role.OPERATE, "token")


def deed(id: str = "e1", who: str = "li.ming", at: float = 0.0, verb: str = "note") -> Deed:
    return Deed(id, who, verb, "w1", "region=44,category=NET", "site 12", at)


def applied(*ids: str, **fields: Any) -> WarningState:
    seen = tuple(identity(SOURCE, id) for id in ids)
    return WarningState(warning=warning(), opened=MORNING, seen=seen, **fields)


def test_what_the_desk_has_applied_is_done_and_what_it_has_not_is_told_to_whoever_did_it() -> None:
    """Neither at once nor for ever, and to nobody else."""
    book = Underway()
    for one in (deed("e1"), deed("e2", at=5.0), deed("e3", who="wang")):
        book.put(one)
    assert book.newest(10.0) == 5.0
    assert book.late("li.ming", LATE_SECONDS) == []
    assert [one.id for one in book.late("li.ming", LATE_SECONDS + 6)] == ["e2", "e1"]
    book.settle([applied("e2")], 20.0)
    assert [one.id for one in book.late("li.ming", 30.0)] == ["e1"]
    assert book.done("w1") == 1
    book.dismiss("wang", "e1")
    assert book.late("li.ming", 30.0), "another's word is not taken away"
    book.dismiss("li.ming", "e1")
    assert book.late("li.ming", 30.0) == []
    hold = HoldState(id="s-1", kind=HoldKind.SILENCE, since=1, seen=(identity(SOURCE, "e3"),))
    book.settle([hold], 30.0)
    assert book.newest(30.0) is None
    book.put(deed("e4"))
    book.settle([], TOLD_SECONDS + 1)
    assert book.newest(99.0) is None
    for number in range(KEPT_MAX + 3):
        book.put(deed(f"m{number}"))
    assert len(book.late("li.ming", 99.0)) == KEPT_MAX


async def test_a_deed_that_is_asked_for_twice_is_done_once() -> None:
    """Whoever asks again waits for the first; a failure may be tried again."""
    outgoing = Outgoing(dict, list, lambda: 0.0)
    going, done = Event(), []

    def act() -> None:
        assert going.wait(10)
        done.append(1)

    both = [asyncio.create_task(outgoing.send(deed(), act)) for _ in range(2)]
    await asyncio.sleep(0)
    going.set()
    await asyncio.gather(*both)
    assert done == [1]

    def fail() -> None:
        raise NotDone("act.failed", "no broker")

    with pytest.raises(NotDone):
        await outgoing.send(deed("e2"), fail)
    with pytest.raises(NotDone) as caught:
        await outgoing.send(deed("e2"), lambda: 1 / 0)
    assert caught.value.why == "ZeroDivisionError", "an error of the program is no silence either"
    await outgoing.send(deed("e2"), act)
    assert done == [1, 1]
    assert {one.id for one in outgoing.underway.late("li.ming", 99.0)} == {"e1", "e2"}


async def test_what_the_board_does_not_show_is_looked_up() -> None:
    """A note on a warning that is over, a silence: not at once, and less often the longer it takes."""
    now, asked = [0.0], []

    def ask() -> list[WarningState]:
        asked.append(now[0])
        return [applied("e1")] if now[0] > 60 else []

    outgoing = Outgoing(dict, ask, lambda: now[0])
    await outgoing.send(deed(), lambda: None)
    for second in range(100):
        now[0] = float(second)
        await outgoing.look()
    assert asked[0] == ASK_SECONDS
    assert 5 < len(asked) < 20
    assert asked[-1] > 60
    assert outgoing.underway.newest(99.0) is None
    assert outgoing.underway.done("w1") == 1


class Told:
    """What Kafka knows, and what was sent."""

    def __init__(self) -> None:
        self.known: dict[str, WarningState] = {}
        self.transitions: tuple[EarlyWarning, ...] = (warning(),)
        self.fault = ""
        self.sent: list[tuple[str, str, Mapping[str, Any], str]] = []
        self.refuses = ""

    def explain(self, warning_id: str, lang: Language) -> Explanation | None:
        if self.fault:
            raise BarometerError(self.fault)
        buckets = (
            Bucket(MORNING - 900, 9.0, 12.0, in_episode=False),
            Bucket(MORNING, 41.0, 12.0, in_episode=True),
        )
        return Explanation(self.transitions, self.known.get(warning_id), buckets, ("EW01", "why"))

    def states(self) -> Mapping[str, WarningState]:
        return self.known

    def holds(self) -> Sequence[HoldState]:
        return []

    def letters(self, limit: int) -> tuple[Sequence[Letter], int, Mapping[str, int]]:
        return [], 0, {}

    def letter(self, letter_id: str) -> str | None:
        return None

    def subscribers(self) -> Mapping[tuple[str, str], int]:
        return {}

    def recent_windows(self) -> Iterator[WindowSnapshot]:
        yield from ()

    def send(self, topic: str, key: str, fields: Mapping[str, Any], id: str = "") -> str:
        if self.refuses:
            raise BarometerError(self.refuses)
        self.sent.append((topic, key, fields, id))
        return id


class Scene:
    """A page of one warning in no browser: `board` and `told` are the world, `answers` what the browser hears."""

    def __init__(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        self.client = client
        self.board, self.told = DictBoard(), Told()
        self.now = 1_000.0
        self.answers: list[tuple[str, Any]] = []
        monkeypatch.setattr(
            ActionWindow, "run_method", lambda _, name, told: self.answers.append((name, told))
        )
        self.board.put(warning(), WarningState(warning=warning(), opened=MORNING))
        self.feed = Feed(self.board, 1, lambda: self.now)
        self.feed.round()
        self.desk = Desk(
            self.feed, self.told, Access(), load_names(), ZoneInfo("Asia/Shanghai"), clock=lambda: self.now
        )
        query = {"warning_id": "w1"}
        self.visit = Visit(self.desk, "en", "dark", LI, sayer("en"), "warning", query)
        with client:
            self.page = _Page(self.visit, "w1")
            self.page.look()

    def change(self, *values: Any) -> None:
        self.board.put(*values)
        self.feed.round()
        self.look()

    def look(self) -> None:
        with self.client:
            self.page.look()

    async def read(self) -> None:
        self.page._not_before = 0.0
        with self.client:
            await self.page.read_on()

    async def send(self, **given: Any) -> None:
        window = self.page._window
        assert window._shown is not None
        with self.client:
            args = {"verb": "note", "id": "w1", "ref": REF, "note": "site 12", **given}
            await window._send(GenericEventArguments(sender=window._shown, client=self.client, args=args))

    def texts(self, tag: str = "") -> list[str]:
        return [
            one._text for one in self.client.elements.values() if one._text and (not tag or one.tag == tag)
        ]

    def buttons(self) -> dict[str, int]:
        return {
            str(one._props["label"]): one.id for one in self.client.elements.values() if one.tag == "q-btn"
        }

    def windows(self) -> list[int]:
        return [one.id for one in self.client.elements.values() if isinstance(one, ActionWindow)]


@pytest.fixture
async def scene(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Scene]:
    monkeypatch.setattr(core, "loop", asyncio.get_running_loop())
    client = Client(page(""))
    yield Scene(client, monkeypatch)
    client.delete()
    for task in list(background_tasks.running_tasks):
        task.cancel()
    await asyncio.sleep(0)


async def test_a_page_that_is_drawn_anew_leaves_the_window_and_its_buttons_alone(scene: Scene) -> None:
    """Whatever becomes of the warning while somebody writes; a button is another one only where what can be done is other."""
    windows, buttons = scene.windows(), scene.buttons()
    assert len(windows) == 1
    assert {"Acknowledge", "Add a note"} <= buttons.keys()
    await scene.read()
    worse = warning(sequence=2, transition="escalated", severity="critical")
    scene.told.transitions = (warning(), worse)
    scene.change(worse, WarningState(warning=worse, opened=MORNING, incident_id="i1"), incident())
    await scene.read()
    assert any("Guangdong: loss of signal" in text for text in scene.texts("span"))
    assert scene.windows() == windows
    assert scene.buttons() == buttons
    over = cleared(sequence=3)
    scene.told.transitions = (warning(), worse, over)
    scene.board.drop(BoardKind.WARNINGS, "w1")
    scene.board.drop(BoardKind.STATES, "w1")
    scene.feed.round()
    await scene.read()
    assert "Acknowledge" not in scene.buttons()
    assert scene.windows() == windows


async def test_who_does_what_is_shown_without_kafka_and_the_rest_when_it_can_be_read(scene: Scene) -> None:
    """A reading that failed says so and is tried again, though nothing has changed."""
    scene.told.fault = "no broker answers"
    await scene.read()
    assert any("no broker answers" in text for text in scene.texts())
    note = OperatorNote(actor="wang", at=MORNING, text="splice team at site 12")
    scene.change(WarningState(warning=warning(), opened=MORNING, notes=(note,)))
    assert any("splice team at site 12" in text for text in scene.texts("li"))
    scene.told.fault = ""
    await scene.read()
    assert not any("no broker answers" in text for text in scene.texts())
    assert "The rule in words" in scene.texts("h2")
    assert any("splice team at site 12" in text for text in scene.texts("li"))


async def test_a_note_on_a_warning_that_is_over_appears(scene: Scene) -> None:
    """No board tells of it: what was sent from here is looked up until the desk has it."""
    over = cleared(sequence=2)
    scene.told.transitions = (warning(), over)
    scene.board.drop(BoardKind.WARNINGS, "w1")
    scene.board.drop(BoardKind.STATES, "w1")
    scene.told.known["w1"] = WarningState(warning=over, opened=MORNING, cleared=MORNING + 60)
    scene.feed.round()
    await scene.read()
    await scene.send()
    note = OperatorNote(actor="li.ming", at=MORNING + 90, text="site 12")
    scene.told.known["w1"] = replace(scene.told.known["w1"], notes=(note,), seen=(identity(SOURCE, REF),))
    scene.now += ASK_SECONDS
    await scene.desk.outgoing.look()
    await scene.read()
    assert any("site 12" in text for text in scene.texts("li"))


async def test_every_answer_is_said_and_what_is_sent_again_has_the_same_id(scene: Scene) -> None:
    """Sent, refused, or nonsense; the window is answered by the name that it asked under."""
    await scene.send()
    assert scene.answers == [("answer", {"ref": REF, "said": ""})]
    await scene.send()
    assert [id for *_, id in scene.told.sent] == [REF, REF]
    scene.told.refuses = "the broker does not answer"
    await scene.send()
    assert scene.answers[-1] == ("answer", {"ref": REF, "said": "Not sent: the broker does not answer"})
    for nonsense in (
        {"ref": "x"},
        {"verb": "drop"},
        {"id": "w9"},
        {"verb": "silence", "scope": "all", "duration": "9y"},
    ):
        await scene.send(**nonsense)
        assert scene.answers[-1][1]["said"], nonsense
    assert len(scene.told.sent) == 2


async def test_the_bar_tells_of_what_the_desk_has_not_taken_in(scene: Scene) -> None:
    """On every page of whoever did it, with the text, until it is there; and why nothing will come where the warning is over."""
    await scene.send()
    await scene.send(verb="ack", ref=REF[::-1], note="")
    picture = scene.feed.picture
    assert _late(scene.visit, picture, scene.now + 1) is None
    told = _late(scene.visit, picture, scene.now + LATE_SECONDS + 1)
    assert told is not None
    assert told["id"] == REF[::-1]
    assert "Acknowledge, Guangdong" in told["what"]
    assert told["more"] == "and 1 more"
    assert "kept" in told["long"]
    scene.board.drop(BoardKind.WARNINGS, "w1")
    scene.feed.round()
    told = _late(scene.visit, scene.feed.picture, scene.now + LATE_SECONDS + 1)
    assert told is not None
    assert "was over" in told["long"]
    scene.change(applied(REF, REF[::-1]))
    await scene.desk.outgoing.look()
    assert _late(scene.visit, scene.feed.picture, scene.now + LATE_SECONDS + 1) is None
