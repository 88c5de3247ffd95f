"""What goes over the wire to each kind of receiver, and that no secret shows itself."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import msgspec
import pytest
from click.testing import CliRunner

from agents.commands.deliver import deliver
from agents.delivery.posting import Post, Writer
from agents.delivery.receivers import ReceiversRefused, Target, load_targets, target_of
from agents.delivery.templates import template_of
from models import signatures
from models.alerts import AlertBook
from models.iso import iso
from models.naming import load_names
from models.notification import Notification
from models.receivers import CHATS, Platform, Receiver
from tests.unit.models.notified import item, notification

NOW = 1_772_359_300.25
NAMES = load_names()


def writer(
    kind: Platform, *, secret: str = "", bearer: str = "", url: str = "https://chat.example/send?key=1"
) -> Writer:
    template = template_of(kind) if kind in CHATS else None
    target = Target(Receiver(id="r", kind=kind, url=url), url, secret, bearer, None, template)
    return Writer(target, NAMES, ZoneInfo("Asia/Shanghai"))


def test_a_webhook_gets_the_notification_with_its_key_signed() -> None:
    """The same key however often; signature and time are of the attempt. The body is what the published schema says."""
    own = notification(item(), item("w2"))
    post = writer(Platform.WEBHOOK, secret="sesame").notification(own, NOW)
    assert msgspec.json.decode(post.body, type=Notification) == own
    headers = post.headers
    assert headers["Idempotency-Key"] == headers["webhook-id"] == headers["ce-id"] == own.id
    assert headers["webhook-timestamp"] == str(int(NOW))
    assert headers["webhook-signature"] == signatures.webhook("sesame", own.id, int(NOW), post.body)
    assert headers["ce-type"] == "cx.warning.notified.v1"
    later = writer(Platform.WEBHOOK, secret="sesame").notification(own, NOW + 60)
    assert later.headers["Idempotency-Key"] == own.id
    assert later.headers["webhook-signature"] != headers["webhook-signature"]
    unsigned = writer(Platform.WEBHOOK, bearer="token").notification(own, NOW)
    assert "webhook-signature" not in unsigned.headers
    assert unsigned.headers["Authorization"] == "Bearer token"


def test_dingtalk_is_signed_in_the_address_and_feishu_in_the_body() -> None:
    """As each of them wants it; milliseconds here, seconds there."""
    ding = writer(Platform.DINGTALK, secret="s").notification(notification(), NOW)
    asked = parse_qs(urlsplit(ding.url).query)
    milliseconds = int(NOW * 1000)
    assert asked == {
        "key": ["1"],
        "timestamp": [str(milliseconds)],
        "sign": [signatures.dingtalk("s", milliseconds)],
    }
    feishu = json.loads(writer(Platform.FEISHU, secret="s").notification(notification(), NOW).body)
    assert (feishu["timestamp"], feishu["sign"]) == (str(int(NOW)), signatures.feishu("s", int(NOW)))
    assert feishu["msg_type"] == "interactive"
    plain = json.loads(writer(Platform.FEISHU).notification(notification(), NOW).body)
    assert "sign" not in plain


def test_alerts_go_to_the_api_of_alertmanager_and_end_by_themselves() -> None:
    """Unless they are told again within the hold time."""
    alerts = AlertBook().take(notification())
    post = writer(Platform.ALERTMANAGER, url="http://alertmanager:9093/").alerts(alerts, NOW)
    assert post.url == "http://alertmanager:9093/api/v2/alerts"
    (sent,) = json.loads(post.body)
    assert sent["endsAt"] == iso(int(NOW) + 900)


def test_no_secret_shows_itself() -> None:
    """Neither of a target nor of a request: a log line or a traceback may hold either."""
    target = Target(Receiver(id="r", kind=Platform.WEBHOOK), "https://h.example/SECRET", "SECRET", "SECRET")
    assert "SECRET" not in repr(target)
    assert target.host == "h.example"
    assert "SECRET" not in repr(Post("https://h.example/SECRET", b"", {"Authorization": "SECRET"}))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "url").write_text("https://chat.example/robot?key=SECRET\n", encoding="utf-8")
    (tmp_path / "key").write_text("SECRET\n", encoding="utf-8")
    (tmp_path / "receivers.yaml").write_text(
        f"receivers:\n  - {{id: chat, kind: dingtalk, url_file: {tmp_path}/url, secret_file: {tmp_path}/key}}\n"
        "  - {id: noc, kind: alertmanager, url: 'http://am:9093', match: {severity: critical}}\n",
        encoding="utf-8",
    )
    return tmp_path


def test_secrets_come_from_files(folder: Path) -> None:
    """One line end behind them is none of theirs."""
    chat, noc = load_targets(folder / "receivers.yaml")
    assert (chat.url, chat.secret, chat.host) == (
        "https://chat.example/robot?key=SECRET",
        "SECRET",
        "chat.example",
    )
    assert (noc.secret, noc.host) == ("", "am:9093")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url_file": "none"}, "url_file none cannot be read"),
        ({"url_file": "key"}, "holds no address"),
        ({"secret_file": "empty"}, "is empty or has several lines"),
        ({"ca_file": "key"}, "ca_file key cannot be used"),
        ({"template": "key"}, "not a mapping"),
    ],
)
def test_a_file_that_a_receiver_names_is_checked_at_the_start(
    folder: Path, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], said: str
) -> None:
    """And not when the first warning is to be told."""
    from models.errors import BarometerError

    monkeypatch.chdir(folder)
    (folder / "empty").write_text("\n", encoding="utf-8")
    receiver = Receiver(id="chat", kind=Platform.WECOM, url_file=Path("url"))
    target_of(receiver)
    files: dict[str, Any] = {name: Path(value) for name, value in change.items()}
    with pytest.raises(BarometerError, match=said):
        target_of(replace(receiver, **files))


def test_without_a_file_nothing_starts(folder: Path) -> None:
    """Exit code 2, with the setting's name; several mistakes are all told."""
    with pytest.raises(ReceiversRefused, match="BAROMETER_RECEIVERS_FILE"):
        load_targets(None)
    path = folder / "receivers.yaml"
    path.write_text(
        path.read_text(encoding="utf-8").replace("noc", "NOC").replace("am:9093", "am:x"), encoding="utf-8"
    )
    with pytest.raises(ReceiversRefused, match=r"(?s)receivers\.yaml:3:.*receivers\.yaml:3:") as found:
        load_targets(path)
    assert found.value.exit_code == 2


def test_check_says_what_is_there_and_what_is_wrong(folder: Path) -> None:
    """With line, place and remedy; without any secret; exit code 1 for a mistake."""
    path = folder / "receivers.yaml"
    done = CliRunner().invoke(deliver, ["check", str(path)])
    assert done.exit_code == 0, done.output
    assert "chat: dingtalk at chat.example, everything" in done.output
    assert "noc: alertmanager at am:9093, severity=critical" in done.output
    assert "SECRET" not in done.output
    (folder / "key").unlink()
    done = CliRunner().invoke(deliver, ["check", str(path), "--json"])
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert [one["id"] for one in told["receivers"]] == ["noc"]
    assert "secret_file" in told["mistakes"][0]["fault"]
    path.write_text("receivers:\n  - {id: x, kind: fax}\n", encoding="utf-8")
    done = CliRunner().invoke(deliver, ["check", str(path)])
    assert done.exit_code == 1
    assert f"{path}:2:13: receivers[0].kind is 'fax'; use one of" in done.output
