"""The frame of every page: the bar, the style, the main part; and what it knows of a visitor from his request."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import urlencode

from fastapi import Request
from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from monitoring.boardview import Standing
from monitoring.console.access import Identity, Role
from monitoring.console.actions import AFTERWARDS
from monitoring.console.desk import Desk, Visit
from monitoring.console.door import SIGN_OUT
from monitoring.console.filters import SEVERITIES
from monitoring.console.formats import clock
from monitoring.console.live import ConsoleBar
from monitoring.console.markup import tag
from monitoring.console.picture import Picture
from monitoring.console.rows import tally
from monitoring.console.texts import HTML_LANGUAGE, Language, other, sayer, words
from monitoring.console.theme import PALETTES, STYLE, theme_of

LANGUAGE_COOKIE: Final = "barometer_lang"
THEME_COOKIE: Final = "barometer_theme"
PREFERENCE: Final = "Path=/; Max-Age=31536000; SameSite=Lax"
BEAT_SECONDS: Final = 1.0
"""How often the bar hears that the console lives, though nothing has changed."""
_TEXTS: Final = (
    *("console", "pages", "skip", "theme", "language", "sign out", "unit", *SEVERITIES),
    *("live", "behind", "rebuilding", "stale", "missing", "redis", "offline", "loading", "late"),
)


def visit_of(desk: Desk, language: Language, page: str, request: Request) -> Visit:
    """Return who looks at what, and how he likes it."""
    query = dict(request.query_params)
    identity = getattr(request.state, "identity", None)
    assert isinstance(identity, Identity), "the door lets nobody in without one"
    theme = theme_of(query.get("theme") or request.cookies.get(THEME_COOKIE, ""))
    return Visit(desk, language, theme, identity, sayer(language), page, query)


@contextmanager
def framed(visit: Visit, title: str, pages: Sequence[tuple[str, str]], address: str) -> Iterator[Element]:
    """Draw the frame; what is made inside stands in the main part.

    Args:
        visit: whose.
        title: of the window.
        pages: (name, icon) of those in the bar.
        address: of this page, without its language: `board`, `warning/5f2c...`.
    """
    dark = visit.theme == "dark"
    client = ui.context.client
    client.title = f"{title} · Barometer"
    background, ink = ("#0b1117", PALETTES["dark"].text) if dark else ("#eef1f4", PALETTES["light"].text)
    # Before anything is mounted: no page is white for a moment, and what was chosen is remembered.
    cookies = "".join(
        f"document.cookie='{name}={value}; {PREFERENCE}';"
        for name, value in ((LANGUAGE_COOKIE, visit.language), (THEME_COOKIE, visit.theme))
    )
    ui.add_head_html(f"<style>html{{background:{background};color:{ink}}}</style><script>{cookies}</script>")
    ui.add_css(STYLE)
    ui.dark_mode(value=dark)
    ui.colors(primary=PALETTES[visit.theme].seen)
    # Above the landmark `main`, which is NiceGUI's.
    _bar(visit, pages, address).move(client.layout, target_index=0)
    with tag("div", "page", id="content", tabindex="-1") as main:
        yield main


def _bar(visit: Visit, pages: Sequence[tuple[str, str]], address: str) -> ConsoleBar:
    say, identity = visit.say, visit.identity
    theme = "light" if visit.theme == "dark" else "dark"
    kept = {name: value for name, value in visit.query.items() if name != "theme"}
    role = say(f"role.{identity.role}")
    made = ConsoleBar(
        visit.desk.hub,
        _told(visit),
        texts=words(visit.language, _TEXTS),
        pages=[
            {
                "name": name,
                "icon": icon,
                "title": say(f"page.{name}"),
                "href": visit.path(name),
                "on": name == visit.page,
            }
            for name, icon in pages
        ],
        links={
            "theme": f"?{urlencode({**kept, 'theme': theme})}",
            "language": f"/{other(visit.language)}/{address}",
            "other": HTML_LANGUAGE[other(visit.language)],
            "out": SIGN_OUT if identity.how == "token" else "",
        },
        who={
            "name": identity.name,
            "role": "" if identity.role is Role.OPERATE else role,
            "said": f"{say('signed in').format(name=identity.name)}, {role}",
        },
        label=visit.desk.label[visit.language],
        severities=list(SEVERITIES),
        board=visit.path("board"),
        theme=visit.theme,
    )

    def dismiss(event: GenericEventArguments) -> None:
        visit.desk.outgoing.underway.dismiss(identity.name, str(event.args))

    made.on("dismiss", dismiss)
    return made


def _late(visit: Visit, picture: Picture, now: float) -> dict[str, str] | None:
    """Return what a visitor is told of what he has done and the duty desk has not taken in; None where there is nothing."""
    say, found = visit.say, visit.desk.outgoing.underway.late(visit.identity.name, now)
    if not found:
        return None
    deed = found[0]
    is_over = deed.warning_id not in picture.warnings and deed.verb not in AFTERWARDS
    what = say("late").format(
        what=say(f"act.{deed.verb}") + (f" “{deed.note}”" if deed.note else ""),
        place=visit.book.place(deed.cell),
        time=clock(deed.at, visit.desk.zone),
    )
    more = say("late.more").format(count=len(found) - 1) if len(found) > 1 else ""
    return {"id": deed.id, "what": what, "more": more, "long": say("late.over" if is_over else "late.long")}


def _told(visit: Visit) -> Callable[[Picture, bool], dict[str, Any] | None]:
    desk = visit.desk
    last = 0.0

    def message(picture: Picture, whole: bool) -> dict[str, Any] | None:
        nonlocal last
        now = desk.clock()
        if not whole and abs(now - last) < BEAT_SECONDS:
            return None
        last = now
        now_ms = int(now * 1000)
        age = picture.age_ms(now_ms)
        standing = picture.standing(now_ms)
        if not picture.is_loaded and not picture.fault:
            standing = Standing.MISSING
        return {
            "now": now,
            "offset": desk.offset_seconds(now),
            "age": age if age is not None else (now_ms - picture.read_at if picture.read_at else None),
            "standing": standing.value,
            "fault": picture.fault.rstrip("."),
            "progress": picture.progress(),
            "late": _late(visit, picture, now),
            "counts": tally(visit.book.rows(picture).values()),
        }

    return message
