"""The pages of the console. Another one is a module in `monitoring/console/views` and a line here (and its title in the labels)."""

from collections.abc import Callable
from typing import Final, NamedTuple, cast

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import app, ui
from nicegui.language import Language as HtmlLanguage

from monitoring.console.desk import Desk, Visit
from monitoring.console.frame import LANGUAGE_COOKIE, framed, visit_of
from monitoring.console.texts import HTML_LANGUAGE, LANGUAGES, Language
from monitoring.console.views import board, handover, pipeline, regions, satisfaction, warning


class Page(NamedTuple):
    """One page. `icon` is a name of Material Icons; a page without one is not in the bar."""

    name: str
    icon: str
    build: Callable[[Visit], None]
    rest: str = ""
    """What follows the name in its address."""


PAGES: Final = (
    Page("board", "dashboard", board.build),
    Page("regions", "grid_on", regions.build),
    Page("satisfaction", "sentiment_satisfied", satisfaction.build),
    Page("pipeline", "account_tree", pipeline.build),
    Page("handover", "assignment", handover.build),
    Page("warning", "", warning.build, "/{warning_id}"),
)
IN_BAR: Final = tuple((page.name, page.icon) for page in PAGES if page.icon)


def install(desk: Desk) -> None:
    """Give every page an address in each language, and the bare address a way to the board."""
    for page in PAGES:
        for language in LANGUAGES:
            _install(desk, page, language)

    @app.get("/")
    def home(request: Request) -> RedirectResponse:
        wanted = request.cookies.get(LANGUAGE_COOKIE) or request.headers.get("accept-language", "")
        return RedirectResponse(f"/{'zh' if wanted.startswith('zh') else 'en'}/board", status_code=303)


def _install(desk: Desk, page: Page, language: Language) -> None:
    html = cast(HtmlLanguage, HTML_LANGUAGE[language])

    @ui.page(f"/{language}/{page.name}{page.rest}", language=html)
    def show(request: Request) -> None:
        visit = visit_of(desk, language, page.name, request)
        visit.query.update(request.path_params)
        address = request.url.path.removeprefix(f"/{language}/")
        with framed(visit, visit.say(f"page.{page.name}"), IN_BAR, address):
            page.build(visit)
