"""The console speaks two languages, and says the same in both."""

import re
from pathlib import Path

import pytest

from models.annotated import SuppressionReason
from models.events import FeedbackVerdict
from models.outcomes import WarningTransition
from monitoring.boardimage import BoardKind
from monitoring.boardview import Standing
from monitoring.console.filters import SEVERITIES, SORTS, TAKEN
from monitoring.console.pages import PAGES
from monitoring.console.satisfaction import MEASURES, Verdict
from monitoring.console.texts import LANGUAGES, TEXTS, sayer, words

CONSOLE = Path(__file__).parents[3] / "monitoring" / "console"
CHINESE = re.compile(r"[\u4e00-\u9fff]")
NAMED = re.compile(r"""\bsay\(\s*"([^"{}]+)"\s*\)""")
IN_BROWSER = re.compile(r"""(?:\bt\(|texts\[)'([^'+]+)'[)\]]""")


@pytest.mark.parametrize("name", TEXTS)
def test_every_text_says_the_same_in_both_languages(name: str) -> None:
    """Neither is empty, both have the same places to fill, and English has no Chinese in it but the name of the language."""
    english, chinese = TEXTS[name]
    assert english.strip()
    assert chinese.strip()
    assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", chinese))
    assert not CHINESE.search(english) or name == "language.other"


def test_every_text_that_a_page_names_is_there() -> None:
    """In Python by `say("name")`, in components by `t('name')`: a missing one would be seen by its reader."""
    named = {
        name for path in CONSOLE.rglob("*.py") for name in NAMED.findall(path.read_text(encoding="utf-8"))
    }
    named |= {
        name
        for path in CONSOLE.rglob("*.js")
        for name in IN_BROWSER.findall(path.read_text(encoding="utf-8"))
    }
    assert len(named) > 80
    assert named - TEXTS.keys() == set()


def test_names_that_are_put_together_are_there() -> None:
    """Severities, states, reasons and pages, as the code has them."""
    wanted = {
        *SEVERITIES,
        *(f"letter.{one}" for one in SEVERITIES),
        *(f"page.{page.name}" for page in PAGES),
        *(one.value for one in WarningTransition),
        *(f"held.{one}" for one in SuppressionReason if one is not SuppressionReason.NONE),
        *(f"verdict.{one}" for one in (*FeedbackVerdict, *Verdict)),
        *(f"standing.{one}" for one in Standing),
        *(f"kind.{one}" for one in BoardKind),
        *(f"measure.{one.id}" for one in MEASURES),
        *(f"filter.{one}" for one in TAKEN),
        *(f"sort.{one}" for one in SORTS),
    }
    assert wanted - TEXTS.keys() == set()


def test_a_component_gets_its_texts_and_no_others() -> None:
    """By the first part of their names, in the language of its page."""
    assert LANGUAGES == ("en", "zh")
    assert words("zh", ["sort"]) == {name: TEXTS[name][1] for name in TEXTS if name.split(".")[0] == "sort"}
    assert sayer("en")("sort") == TEXTS["sort"][0]
    with pytest.raises(KeyError):
        sayer("en")("no such text")
