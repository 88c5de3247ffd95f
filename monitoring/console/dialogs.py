"""The window in which an action is asked for: acknowledge, give back, silence, assign, note, judge; and what becomes of it.

One on each page, made with it and never again: what is drawn anew around it does not close it. What is written lives in the browser
(`web/action_window.js`) until it is answered here; every answer is said, and none within time is said there.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from models.outcomes import EarlyWarning
from monitoring.console.actions import AFTERWARDS, NOTE_MAX, SCOPES, SILENCES, Actions, NotDone
from monitoring.console.desk import Visit
from monitoring.console.texts import words
from monitoring.console.theme import WEB
from monitoring.console.underway import Deed

VERBS: Final = ("ack", "unack", "silence", "assign", "note", "feedback")
EXPLAINED: Final = frozenset({"ack", "silence", "feedback"})
_REF: Final = re.compile("[0-9a-f]{32}")
"""A browser's name for what it asks for: the id of the event."""

Known = Callable[[str], EarlyWarning | None]
"""A warning's id -> the warning, where the page knows it."""


def actions_of(visit: Visit, id: str = "") -> Actions:
    """Return what this visitor may do; `id` of the event where there may be a repeat."""
    desk = visit.desk
    return Actions(visit.identity, desk.sources.send, desk.limit, desk.clock, id)


class ActionWindow(Element, component=WEB / "action_window.js"):
    """What people see of it."""

    def __init__(self, visit: Visit) -> None:
        super().__init__()
        say = visit.say
        self.props.update(
            texts=words(visit.language, ("act", "dialog")),
            name=visit.identity.name,
            scopes=[{"value": one, "label": say(f"dialog.silence.{one}")} for one in SCOPES],
            durations=[{"value": one, "label": say(f"dialog.{one}")} for one in SILENCES],
        )


class Window:
    """Of one page. `known` finds the warnings that can be acted on there."""

    def __init__(self, visit: Visit, known: Known) -> None:
        self._visit = visit
        self._known = known
        self._asked: dict[str, EarlyWarning] = {}
        self._shown = ActionWindow(visit) if visit.identity.may_act else None
        if self._shown is not None:
            self._shown.on("send", self._send)

    def ask(self, verb: str, warning_id: str) -> None:
        """Open it for a verb; say so where the warning is over or the visitor may only look."""
        say, warning = self._visit.say, self._known(warning_id)
        if self._shown is None or verb not in VERBS:
            ui.notify(say("act.forbidden"), type="warning")
            return
        if warning is None:
            ui.notify(say("act.gone"), type="warning")
            return
        self._asked[warning.id] = warning
        self._shown.run_method(
            "open",
            {
                "verb": verb,
                "id": warning.id,
                "title": say(f"act.{verb}" if verb in {"unack", "note"} else f"dialog.{verb}"),
                "about": f"{self._visit.book.place(warning.cell)} · {warning.rule}",
                "long": say(f"dialog.{verb}.long") if verb in EXPLAINED else "",
            },
        )

    async def _send(self, event: GenericEventArguments) -> None:
        """Do what the browser asks for, and answer it."""
        given: Mapping[str, Any] = event.args if isinstance(event.args, dict) else {}
        said = await self._done(given)
        shown = self._shown
        if shown is None or shown.is_deleted:
            return
        shown.run_method("answer", {"ref": given.get("ref"), "said": said})
        if not said:
            ui.notify(self._visit.say("act.sent"), type="positive", timeout=3_000)

    async def _done(self, given: Mapping[str, Any]) -> str:
        """Return why it was not done; nothing where it was sent."""
        visit, desk = self._visit, self._visit.desk
        verb, ref = str(given.get("verb")), str(given.get("ref"))
        id = str(given.get("id"))
        warning = self._known(id)
        if warning is None and verb in AFTERWARDS:
            warning = self._asked.get(id)
        if warning is None or verb not in VERBS or not _REF.fullmatch(ref):
            return visit.say("act.gone")
        note = str(given.get("note") or "")[:NOTE_MAX]
        deed = Deed(ref, visit.identity.name, verb, warning.id, warning.cell, note, desk.clock())
        actions = actions_of(visit, ref)
        try:
            await desk.outgoing.send(deed, lambda: _act(actions, verb, warning, given, note))
        except NotDone as refused:
            return visit.say(refused.text).format(why=refused.why)
        return ""


def _act(actions: Actions, verb: str, warning: EarlyWarning, given: Mapping[str, Any], note: str) -> object:
    match verb:
        case "ack":
            return actions.acknowledge(warning.id, note)
        case "unack":
            return actions.unacknowledge(warning.id, note)
        case "assign":
            return actions.assign(warning.id, str(given.get("who") or ""), note)
        case "note":
            return actions.note(warning.id, note)
        case "silence":
            scope, duration = str(given.get("scope")), str(given.get("duration"))
            if scope not in SCOPES or duration not in SILENCES:
                raise NotDone("act.failed", "scope, duration")
            return actions.silence(warning, scope, SILENCES[duration], note)
        case _:
            return actions.judge(warning.id, right=bool(given.get("right")), note=note)
