"""The file of receivers: what it says, and that every mistake is named with line, place and remedy."""

import pytest

from models.receiverfile import check_receivers
from models.receivers import Platform, Receiver

GOOD = """receivers:
  - {id: noc, kind: alertmanager, url: "http://alertmanager:9093", resend: 30s, hold: 10m}
  - {id: tickets, kind: webhook, url: "https://tickets.example/in", secret_file: /run/secrets/tickets, suppressed: true}
  - {id: duty-chat, kind: wecom, url_file: /run/secrets/wecom, language: en, match: {notify: agent|team_lead}, patience: 2m}
"""


def test_a_good_file_says_what_it_says() -> None:
    """Durations in seconds, files as paths, defaults where nothing is said."""
    noc, tickets, chat = check_receivers(GOOD).receivers
    assert (noc.kind, noc.resend_seconds, noc.hold_seconds) == (Platform.ALERTMANAGER, 30, 600)
    assert (tickets.suppressed, str(tickets.secret_file)) == (True, "/run/secrets/tickets")
    assert chat.match == {"notify": "agent|team_lead"}
    assert (chat.language, chat.patience_seconds, chat.timeout_seconds) == ("en", 120, 10)
    assert Receiver(id="x", kind=Platform.FEISHU).language == "zh"


@pytest.mark.parametrize(
    ("wrong", "line", "place", "fault"),
    [
        (GOOD.replace("id: noc", "id: NOC"), 2, "receivers[0].id", "is 'NOC'"),
        (GOOD.replace("id: tickets", "id: noc"), 3, "receivers[1].id", "is 'noc' a second time"),
        (GOOD.replace("kind: wecom", "kind: sms"), 4, "receivers[2].kind", "is 'sms'"),
        (GOOD.replace("resend: 30s", "resend: 30"), 2, "receivers[0].resend", "is 30"),
        (GOOD.replace("hold: 10m", "hold: 45s"), 2, "receivers[0].hold", "is less than twice resend"),
        (GOOD.replace("suppressed: true", "suppressed: maybe"), 3, "receivers[1].suppressed", "is 'maybe'"),
        (GOOD.replace("language: en", "language: fr"), 4, "receivers[2].language", "is 'fr'"),
        (GOOD.replace("suppressed: true", "resend: 1m"), 3, "receivers[1].resend", "is not known to webhook"),
        (GOOD.replace("suppressed: true", "colour: red"), 3, "receivers[1].colour", "is not known to webhook"),
        (GOOD.replace("https://tickets.example/in", "tickets.example"), 3, "receivers[1].url", "is no address"),
        (GOOD.replace("url_file: /run/secrets/wecom", "timeout: 5s"), 4, "receivers[2].url", "and url_file"),
        (
            GOOD.replace("url_file: /run/secrets/wecom", "url: 'https://chat.example/send?key=1'"),
            4, "receivers[2].url", "of a chat robot holds its key",
        ),
        (GOOD.replace("agent|team_lead", "agent|"), 4, "receivers[2].match.notify", "is 'agent|'"),
        (GOOD.replace("patience: 2m", "link: 'https://desk.example/'"), 4, "receivers[2].link", "is 'https"),
        (GOOD + "groups: []\n", 5, "groups", "is not known"),
        ("receivers: []\n", 1, "receivers", "is no list"),
        ("receivers: [}", 1, "line 1", "is not readable YAML"),
    ],
)  # fmt: skip
def test_a_mistake_is_named(wrong: str, line: int, place: str, fault: str) -> None:
    """With where it stands; the remedy is never empty, and no receiver is used."""
    found = check_receivers(wrong, "own.yaml")
    assert found.receivers == ()
    assert any(
        one.line == line and one.place.startswith(place) and one.fault.startswith(fault) and one.remedy
        for one in found.mistakes
    ), found.mistakes
