"""The little windows in which an action is asked for: acknowledge, silence, assign, note, judge."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from nicegui import run, ui

from models.outcomes import EarlyWarning
from monitoring.console.actions import SCOPES, SILENCES, Actions, NotDone
from monitoring.console.desk import Visit
from monitoring.console.markup import button, heading, paragraph

VERBS: Final = ("ack", "unack", "silence", "assign", "note", "feedback")
EXPLAINED: Final = frozenset({"ack", "silence", "feedback"})


def actions_of(visit: Visit) -> Actions:
    """Return what this visitor may do."""
    desk = visit.desk
    return Actions(visit.identity, desk.sources.send, desk.limit, desk.clock)


async def done(visit: Visit, act: Callable[[], object]) -> bool:
    """Do an action beside the event loop, and tell what became of it; return whether it was sent."""
    try:
        await run.io_bound(act)
    except NotDone as refused:
        ui.notify(visit.say(refused.text).format(why=refused.why), type="negative", timeout=8_000)
        return False
    ui.notify(visit.say("act.sent"), type="positive", timeout=3_000)
    return True


def ask(visit: Visit, verb: str, warning: EarlyWarning | None) -> None:
    """Open the window of a verb; says so where the warning is over or the visitor may only look."""
    if not visit.identity.may_act or verb not in VERBS or warning is None:
        ui.notify(visit.say("act.gone" if warning is None else "act.forbidden"), type="warning")
        return
    _Window(visit, verb, warning).open()


class _Window:
    """One window, gone when it is closed."""

    def __init__(self, visit: Visit, verb: str, warning: EarlyWarning) -> None:
        self._visit = visit
        self._verb = verb
        self._warning = warning
        self._scope: Any = None
        self._duration: Any = None
        self._who: Any = None
        self._note: Any = None
        self._dialog: Any = None

    def open(self) -> None:
        visit, verb, say = self._visit, self._verb, self._visit.say
        title = say(f"act.{verb}" if verb in {"unack", "note"} else f"dialog.{verb}")
        with ui.dialog() as self._dialog, ui.card():
            self._dialog.props["aria-label"] = title
            heading(2, title)
            paragraph(f"{visit.book.place(self._warning.cell)} · {self._warning.rule}", "faint")
            if verb in EXPLAINED:
                paragraph(say(f"dialog.{verb}.long"), "faint")
            self._fields()
            with ui.row().style("justify-content:flex-end;width:100%;gap:8px;margin-top:10px"):
                button(say("act.cancel"), self._dialog.close)
                self._buttons()
        self._dialog.on("hide", self._dialog.delete)
        self._dialog.open()

    def _fields(self) -> None:
        say, verb = self._visit.say, self._verb
        if verb == "silence":
            self._scope = ui.radio({name: say(f"dialog.silence.{name}") for name in SCOPES}, value="this")
            self._duration = ui.toggle({name: say(f"dialog.{name}") for name in SILENCES}, value="2h")
            self._duration.props("unelevated no-caps")
            self._duration.props["aria-label"] = say("dialog.for")
        if verb == "assign":
            self._who = ui.input(say("dialog.who"), value=self._visit.identity.name).style("width:100%")
        label = say("dialog.note" if verb == "note" else "dialog.why")
        self._note = ui.input(label).style("width:100%").props("maxlength=1000")
        (self._who or self._note).props("autofocus")

    def _buttons(self) -> None:
        say = self._visit.say
        if self._verb == "feedback":
            button(say("act.false"), self._sender(right=False))
            button(say("act.right"), self._sender(right=True), main=True)
            return
        send = self._sender(right=None)
        button(say("act.send"), send, main=True)
        self._note.on("keydown.enter", send)

    def _sender(self, *, right: bool | None) -> Callable[[], Awaitable[None]]:
        async def send() -> None:
            if await done(self._visit, lambda: self._act(right)):
                self._dialog.close()

        return send

    def _act(self, right: bool | None) -> object:
        actions, id = actions_of(self._visit), self._warning.id
        note = str(self._note.value or "")
        match self._verb:
            case "ack":
                return actions.acknowledge(id, note)
            case "unack":
                return actions.unacknowledge(id)
            case "assign":
                return actions.assign(id, str(self._who.value or ""), note)
            case "note":
                return actions.note(id, note)
            case "silence":
                seconds = SILENCES[str(self._duration.value)]
                return actions.silence(self._warning, str(self._scope.value), seconds, note)
            case _:
                return actions.judge(id, right=bool(right), note=note)
