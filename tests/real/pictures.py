"""`make screenshots`: every page of the console, in both languages and both themes, of a simulated morning on real parts.

    python -m tests.real.pictures [FOLDER]

Starts what the browser tests start, at a larger scale; a few things are done by people before the pictures are taken, through the
pages, as they would. The pictures say that their data is simulated.
"""

import io
import sys
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import numpy as np
from PIL import Image
from playwright.sync_api import Page, expect

from agents.embedded.kafka import KafkaCluster
from agents.embedded.redis import RedisServer
from monitoring.console.filters import SEVERITIES
from monitoring.console.pages import PAGES
from monitoring.console.texts import LANGUAGES
from monitoring.console.theme import THEMES
from tests.real.consoles import Scene, scene

FOLDER: Final = Path(__file__).parents[2] / "docs" / "pictures"
SCALE: Final = 0.5
MORNING_SECONDS: Final = 40.0
SIZE: Final = (1_600, 900)
COLOURS: Final = 256
VIVID: Final = 90
"""Distance of a colour from grey, of 255, from which few pixels of it matter: severities are small."""
CUT: Final = "region=44,category=NET"
BYTES_MAX: Final = 150_000
SETTLED_MS: Final = 2_500
WAIT_MS: Final = 90_000


def main(folder: Path) -> None:
    """Take them all."""
    folder.mkdir(parents=True, exist_ok=True)
    with (
        TemporaryDirectory(prefix="barometer-pictures-") as scratch,
        KafkaCluster() as kafka,
        RedisServer() as redis,
    ):
        said("two days before the morning ...")
        with scene(kafka, redis, Path(scratch), scale=SCALE) as found:
            said("the morning ...")
            found.play(MORNING_SECONDS)
            pipeline = found.pipeline
            pipeline.workers[0].until(
                lambda: pipeline.committed() == pipeline.ends(), "the morning is taken in"
            )
            with found.looking() as page:
                page.wait_for_selector("li.wrn", timeout=WAIT_MS)
                time.sleep(5)
                worked_on = act(page, found)
            for page_ in PAGES:
                path = f"warning/{worked_on}" if page_.name == "warning" else page_.name
                for language in LANGUAGES:
                    for theme in THEMES:
                        take(
                            found,
                            f"/{language}/{path}?theme={theme}",
                            folder / f"{page_.name}-{language}-{theme}.png",
                        )


def act(page: Page, found: Scene) -> str:
    """Do what a shift does: take some on, hand one on, write a note, judge; return the warning that was worked on most."""
    states = [one for one in found.states().values() if one.is_open]
    said(f"{len(states)} warnings go on: {Counter(one.warning.severity for one in states)}")
    # First what the cut of Guangdong's fibre has raised: its page has most to tell.
    states.sort(
        key=lambda one: (one.warning.cell != CUT, SEVERITIES.index(one.warning.severity), one.warning.id)
    )
    ids = [one.warning.id for one in states]
    for number, id in enumerate(ids[:4]):
        page.goto(f"{found.console.url}/en/warning/{id}")
        _do(page, "Acknowledge", "on it")
        if number == 0:
            _do(page, "Add a note", "Field team is on the way; spares from the depot, ETA 40 min.")
            _do(page, "Assign", "")
        if number == 2:
            page.get_by_role("button", name="Judge").click()
            page.get_by_role("button", name="It was right").click()
            page.wait_for_timeout(800)
    return ids[0]


def _do(page: Page, verb: str, text: str) -> None:
    page.get_by_role("button", name=verb, exact=True).click(timeout=WAIT_MS)
    if text:
        page.get_by_role("dialog").get_by_role("textbox").last.fill(text)
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("dialog")).to_have_count(0, timeout=WAIT_MS)
    page.wait_for_timeout(1_200)


def take(found: Scene, path: str, file: Path) -> None:
    """Take one picture when the page has settled, and write it small."""
    with found.looking(path, viewport={"width": SIZE[0], "height": SIZE[1]}, device_scale_factor=1) as page:
        expect(page.locator(".pill")).to_have_class("pill is-live", timeout=WAIT_MS)
        page.wait_for_timeout(SETTLED_MS + (4_000 if "/warning/" in path or "/pipeline" in path else 0))
        picture = Image.open(io.BytesIO(page.screenshot()))
    small(picture.convert("RGB")).save(file, optimize=True)
    size = file.stat().st_size
    said(f"{file.name}: {size // 1_000} KB")
    if size > BYTES_MAX:
        sys.exit(f"{file} is larger than {BYTES_MAX} bytes; take fewer colours")


def small(picture: Image.Image) -> Image.Image:
    """Return a picture in few colours, of which the vivid ones get their share."""
    pixels = np.asarray(picture).reshape(-1, 3)
    vivid = pixels[pixels.max(axis=1).astype(int) - pixels.min(axis=1) >= VIVID]
    learned = np.concatenate([pixels, *[vivid] * max(1, len(pixels) // max(1, len(vivid)))])[
        : 2 * len(pixels)
    ]
    sample = Image.fromarray(learned[: len(learned) // 1_000 * 1_000].reshape(-1, 1_000, 3))
    return picture.quantize(palette=sample.quantize(COLOURS), dither=Image.Dither.NONE)


def said(text: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
