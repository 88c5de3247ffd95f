"""Plain HTML elements from Python: headings, paragraphs, links, lists. Texts are texts, never markup."""

from collections.abc import Callable
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement


def tag(name: str, classes: str = "", text: str | None = None, **attributes: object) -> Element:
    """Return an element; a trailing `_` of an attribute's name is left out, and `_` stands for `-`."""
    made = Element(name) if text is None else TextElement(tag=name, text=text)
    if classes:
        made.classes(classes)
    for attribute, value in attributes.items():
        made.props[attribute.rstrip("_").replace("_", "-")] = value
    return made


def heading(level: int, text: str, classes: str = "") -> Element:
    """Return a heading of a level, 1 to 6."""
    return tag(f"h{level}", classes, text)


def paragraph(text: str, classes: str = "") -> Element:
    """Return a paragraph."""
    return tag("p", classes, text)


def link(text: str, href: str, classes: str = "", **attributes: object) -> Element:
    """Return a link to an address of the console."""
    return tag("a", classes, text, href=href, **attributes)


def facts(pairs: list[tuple[str, str]], classes: str = "facts") -> Element:
    """Return label and value pairs as a list of definitions."""
    with tag("dl", classes) as made:
        for label, value in pairs:
            with tag("div"):
                tag("dt", "", label)
                tag("dd", "", value)
    return made


def panel(title: str, classes: str = "") -> Element:
    """Return a box with a heading; what is made inside it stands below."""
    with tag("section", f"panel {classes}".strip()) as made:
        heading(2, title)
    return made


def page_head(title: str, text: str = "") -> Element:
    """Return the head of a page; what is made inside it stands beside the title."""
    with tag("div", "page-head") as made:
        heading(1, title)
        if text:
            paragraph(text)
    return made


def segments(label: str, choices: list[tuple[str, str, bool]]) -> Element:
    """Return links of which one is on: (text, address, on)."""
    with tag("div", "segments no-print", role="group", aria_label=label) as made:
        for text, href, on in choices:
            link(text, href, "on" if on else "", aria_current="true" if on else "false")
    return made


class Part:
    """A part of a page that is drawn anew only when what it shows is other: nobody's click meets what is just being replaced."""

    def __init__(self, box: Element) -> None:
        self.box = box
        self._shown: object = None

    def show(self, what: object, draw: Callable[[], None]) -> None:
        """Draw it, unless it shows `what` already; `what` is compared, and never None."""
        if what == self._shown:
            return
        self._shown = what
        self.box.clear()
        with self.box:
            draw()


def button(
    text: str, on_click: Callable[..., Any], *, icon: str | None = None, main: bool = False
) -> Element:
    """Return a button; of several the one that is most likely meant is the main one. Its colours are the style sheet's."""
    made = ui.button(text, on_click=on_click, icon=icon, color=None).props("flat no-caps dense")
    return made.classes("solid" if main else "soft")
