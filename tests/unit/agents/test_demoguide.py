"""The demo says beforehand what happens, where to look and what it means, in both languages."""

import re
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.demo import INCIDENTS, MORNING
from agents.demoguide import LEAD_SECONDS, SAID, STORIES, Guide, said
from agents.lines import Language
from agents.simulator.spec import Incident, IncidentKind
from models.naming import load_names
from models.outcomes import EarlyWarning
from models.pane import HOUR, MINUTE
from models.taxonomy import load_taxonomy
from tests.unit.models.duties import warning

NAMES, ZONE = load_names(), ZoneInfo("Asia/Shanghai")
DAY = 1_772_294_400
"""Midnight in Shanghai, 1 March 2026."""
BEGINS, ENDS = (DAY + hour * HOUR for hour in MORNING)
WRONG = [
    Incident(kind, (region,), DAY + start * HOUR, DAY + end * HOUR) for kind, region, start, end in INCIDENTS
]
CUT = next(one for one in WRONG if one.kind is IncidentKind.FIBRE_CUT)
ADDRESS = "http://127.0.0.1:1/zh/board"


def guide(seconds: float = 90.0, language: Language = "en", address: str | None = ADDRESS) -> Guide:
    return Guide(WRONG, BEGINS, ENDS, seconds, language, ZONE, NAMES, address)


def raised(
    rule: str = "EW01", cell: str = "region=44,category=NET", pane: int = 0, **fields: Any
) -> EarlyWarning:
    return warning(rule=rule, cell=cell, pane=pane or CUT.start + 17 * MINUTE, **fields)


@given(st.floats(10.0, 3_600.0))
def test_everything_is_announced_before_it_happens_and_told_when_it_does(seconds: float) -> None:
    """At any pace; the lead is `LEAD_SECONDS` where the morning has begun by then."""
    cues = guide(seconds).cues()
    assert [cue.at for cue in cues] == sorted(cue.at for cue in cues)
    assert len(cues) == 3 * len(WRONG)
    for one in WRONG:
        place = NAMES.values["region"][one.regions[0]][0]
        told, happens, ends = (cue for cue in cues if place in cue.text)
        at = (one.start - BEGINS) / (ENDS - BEGINS) * seconds
        assert happens.at == pytest.approx(at)
        assert told.at == pytest.approx(max(0.0, at - LEAD_SECONDS))
        assert told.at < happens.at < ends.at <= seconds
        assert f"?region={one.regions[0]}" in told.text


def test_the_usual_demo_announces_a_fibre_cut_twenty_seconds_ahead() -> None:
    """With the time on the simulated clock, where to look, and how one sees it."""
    text = next(cue.text for cue in guide().cues() if "fibre" in cue.text)
    assert text.startswith("In 20 s, at 08:00 simulated time: a fibre is cut in Guangdong.")
    assert f"Watch {ADDRESS}?region=44" in text
    assert "an incident appears" in text
    chinese = next(cue.text for cue in guide(language="zh").cues() if "广东" in cue.text)
    assert chinese.startswith("20 秒后，模拟时间 08:00：广东一条光缆被挖断。")
    assert "the lines below" in guide(address=None).cues()[0].text


def test_the_first_warning_of_an_incident_is_explained_and_no_other() -> None:
    """By its rule, its place and its time; once."""
    one = guide()
    assert one.met(raised(pane=CUT.start)) == "", "before anything can have been counted"
    assert one.met(raised(cell="region=31,category=NET")) == ""
    assert one.met(raised(cell="region=44,category=BIL")) == ""
    assert one.met(raised("EW13", "region=44", stream="calls")) == ""
    assert one.met(raised(transition="escalated")) == ""
    assert one.met(raised(pane=CUT.end + 2 * HOUR)) == ""
    told = one.met(raised())
    assert told.startswith(
        "There it is, 17 min of event time after it began: EW01 Complaint surge for Guangdong"
    )
    assert "tied to the incident" in told
    assert one.met(raised()) == ""
    assert "来了，事件时间上在发生 17 分钟之后：广东" in guide(language="zh").met(raised())


def test_every_incident_of_the_demo_has_its_story_in_both_languages() -> None:
    """With the same places to fill, and categories that exist."""
    assert {one.kind for one in WRONG} <= STORIES.keys()
    for story in STORIES.values():
        for english, chinese in (story.what, story.sign, story.meaning):
            assert set(re.findall(r"{\w+}", english)) == set(re.findall(r"{\w+}", chinese))
            assert re.search("[\u4e00-\u9fff]", chinese)
        assert story.categories <= {one.code for one in load_taxonomy().categories}
    for english, chinese in SAID.values():
        assert set(re.findall(r"{[^}]+}", english)) == set(re.findall(r"{[^}]+}", chinese))
    assert said("zh", "worker.killed", pid=7).startswith("对 worker 7")
