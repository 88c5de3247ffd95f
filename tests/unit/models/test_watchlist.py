"""What an element is held against: as it was when its complaints began to be too many, for twelve hours."""

import msgspec
import pytest

from models import watchlist
from models.joined import Watched
from models.scan import CALM_FOR, KEPT_FOR, Share
from models.suspects import Findings
from models.watchlist import Watchlist


def findings(**p: float) -> Findings:
    """Return one minute: p of each element; all tolerate a tenth."""
    return Findings(100, p, {element: Share(0.05, 0.1) for element in p}, {})


def test_what_was_tolerated_first_is_kept_while_they_are_too_many() -> None:
    """Below 0.05 from minute 0 to minute 60 on, then calm for half an hour: forgotten."""
    watched = Watchlist()
    watched.note("44", findings(olt=0.04, bts=0.06), 0)
    later = Findings(100, {"olt": 1e-9}, {"olt": Share(0.05, 0.9)}, {})
    watched.note("44", later, 3_600)
    assert watched.kept("44", 3_600) == {"olt": 0.1}
    assert watched.state() == (Watched(region="44", element="olt", share=0.1, since=0, seen=3_600),)
    watched.note("44", findings(olt=0.06), 3_600 + CALM_FOR - 60)
    assert watched.kept("44", 3_600 + CALM_FOR) == {"olt": 0.1}
    watched.note("44", findings(olt=0.06), 3_600 + CALM_FOR)
    assert not watched.kept("44", 3_600 + CALM_FOR)
    assert list(watched.regions) == []


def test_all_of_a_region_are_let_go_together() -> None:
    """A cell that came to the list eleven hours after its site is held against what it was for one hour more."""
    watched = Watchlist()
    watched.note("44", findings(site=0.01), 0)
    watched.note("44", findings(site=0.01, cell=0.01), KEPT_FOR - 60)
    watched.note("31", findings(other=0.01), KEPT_FOR - 60)
    assert watched.kept("44", KEPT_FOR - 60).keys() == {"site", "cell"}
    assert not watched.kept("44", KEPT_FOR)
    assert watched.kept("31", KEPT_FOR).keys() == {"other"}


def test_a_successor_knows_the_list_and_it_has_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """The most improbable are taken on."""
    monkeypatch.setattr(watchlist, "WATCHED_MAX", 2)
    watched = Watchlist()
    watched.note("44", findings(a=0.03, b=0.01, c=0.02), 60)
    state = msgspec.json.decode(msgspec.json.encode(watched.state()), type=tuple[Watched, ...])
    assert [one.element for one in state] == ["b", "c"]
    assert Watchlist(state).state() == state
