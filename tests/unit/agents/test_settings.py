"""Settings from the environment and flags: every refusal names its variable and the remedy, and no secret is shown."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from agents.settings import DEMO_CUSTOMER_KEY, ENV_PREFIX, Settings, SettingsError, load_settings
from models.cells import DEFAULT_DIMENSIONS
from models.measures import Stream

SECRET = "sesame-sesame"


@pytest.fixture(autouse=True)
def _no_settings_of_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine has set must not decide."""
    for name in Settings.model_fields:
        monkeypatch.delenv(ENV_PREFIX + name.upper(), raising=False)


WRONG = {
    "partitions": ["0", "513", "many", "4.5", ""],
    "replication": ["0", "8"],
    "customer_key": ["", SECRET],
    "zone": ["Mars/Olympus", "", "../../etc/passwd"],
    "allowed_lateness_seconds": ["-1", "3601"],
    "future_tolerance_seconds": ["-1", "86401"],
    "retention_hours": ["0", "745"],
    "answer_threshold_seconds": ["0", "601", "nan"],
    "holidays": ["XX", "DE-XX", "cn", "AUTO"],
    "dimensions": [
        '{"calls":[["moon"]]}',
        '{"stars":[["region"]]}',
        '{"calls":[["subcategory"]]}',
        "[]",
        "{broken",
        "region",
    ],
    "flush_interval_seconds": ["0.01", "11"],
    "flushes_open_max": ["0", "65"],
    "batch_records_max": ["0", "50001"],
    "fetch_wait_ms": ["0", "5001"],
    "linger_ms": ["-1", "1001"],
    "session_timeout_seconds": ["0.5", "1801"],
    "heartbeat_interval_seconds": ["0", "601"],
    "idle_after_seconds": ["0", "3601"],
    "heartbeats": ["perhaps"],
    "faults": ["perhaps"],
    "duty": ["perhaps"],
    "dead_letter_ratio_max": ["0", "1.1"],
    "dead_letter_window": ["99", "1000001"],
    "metrics_port": ["-1", "65536"],
    "log_level": ["LOUD", "info"],
    "log_json": ["perhaps"],
    "instance_id": ["x" * 201],
    "kafka_security": ["", "TLS", "sasl_ssl"],
    "kafka_mechanism": ["GSSAPI", ""],
    "kafka_verify_hostname": ["perhaps"],
    "kafka_password": [""],
    "redis_password": [""],
    "kafka_key_file": ["key.pem"],
    "console_port": ["0", "65536"],
    "console_token": ["short"],
    "console_view_token": ["short"],
    "console_proxies": ["moon", "10.0.0.1/8", "10.0.0.7 10.0.0.8"],
    "console_label": ["x" * 81],
}
ANY_TEXT = {
    *(
        "brokers",
        "redis_url",
        "redis_ca_file",
        "rules_file",
        "duty_file",
        "notices_file",
        "outage_size_file",
        "receivers_file",
        "model_file",
        "key_accounts_file",
        "metrics_host",
        "data_dir",
        "console_host",
        "console_user_header",
        "console_operators",
    ),
    *("kafka_username", "kafka_key_password", "kafka_certificate_file", "kafka_ca_file"),
}


def test_every_setting_that_can_be_wrong_is_tried() -> None:
    """A new setting belongs into one of the two lists."""
    assert set(WRONG) | ANY_TEXT == set(Settings.model_fields)


@pytest.mark.parametrize(("name", "value"), [(name, value) for name in WRONG for value in WRONG[name]])
def test_a_wrong_setting_is_refused_by_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With what was given and what the setting means."""
    monkeypatch.setenv(ENV_PREFIX + name.upper(), value)
    with pytest.raises(SettingsError) as caught:
        load_settings()
    message = str(caught.value)
    description = Settings.model_fields[name].description
    assert message.startswith(ENV_PREFIX + name.upper())
    assert description
    assert description in message
    if name in {"customer_key", "kafka_password", "redis_password", "console_token", "console_view_token"}:
        assert not value or value not in message
    elif name != "dimensions":
        assert repr(value) in message


def test_all_wrong_settings_are_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """One line each, so that nobody mends them one start at a time."""
    monkeypatch.setenv("BAROMETER_PARTITIONS", "0")
    monkeypatch.setenv("BAROMETER_ZONE", "Mars/Olympus")
    with pytest.raises(SettingsError) as caught:
        load_settings(linger_ms=-1)
    lines = str(caught.value).splitlines()
    assert {line.partition(" ")[0].rstrip(":") for line in lines} == {
        "BAROMETER_PARTITIONS",
        "BAROMETER_ZONE",
        "BAROMETER_LINGER_MS",
    }


def test_a_flag_that_does_not_exist_is_refused() -> None:
    """A misspelled one must not be passed over."""
    with pytest.raises(SettingsError, match="BAROMETER_PARTITION "):
        load_settings(partition=3)


def test_a_password_in_the_url_of_redis_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not where settings are printed, and not where the URL or another setting is refused."""
    url = f"redis://user:{SECRET}@redis:6379/0"
    monkeypatch.setenv("BAROMETER_REDIS_URL", url)
    settings = load_settings()
    assert settings.redis_url.get_secret_value() == url
    for shown in (repr(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert SECRET not in shown
    with pytest.raises(SettingsError) as caught:
        load_settings(partitions=0)
    assert SECRET not in str(caught.value)


def test_the_key_of_the_pseudonyms_is_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not in what is printed, dumped or compared, nor in a refusal of something else."""
    secret = SECRET * 2
    monkeypatch.setenv("BAROMETER_CUSTOMER_KEY", secret)
    settings = load_settings()
    assert settings.customer_key.get_secret_value() == secret
    for shown in (repr(settings), str(settings), str(settings.model_dump()), settings.model_dump_json()):
        assert secret not in shown
    monkeypatch.setenv("BAROMETER_PARTITIONS", "0")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert secret not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_the_defaults_are_the_documented_ones() -> None:
    """Those that the semantics name."""
    settings = load_settings()
    assert (settings.brokers, settings.partitions, settings.zone) == ("localhost:9092", 4, "Asia/Shanghai")
    assert (settings.allowed_lateness_seconds, settings.future_tolerance_seconds) == (30, 300)
    assert (settings.retention_hours, settings.retention_seconds) == (24, 86_400)
    assert settings.answer_threshold_seconds == 15
    assert settings.dimensions == DEFAULT_DIMENSIONS
    assert settings.customer_key.get_secret_value() == DEMO_CUSTOMER_KEY


def test_flags_win_over_the_environment_where_they_are_given(monkeypatch: pytest.MonkeyPatch) -> None:
    """None is a flag that nobody gave."""
    monkeypatch.setenv("BAROMETER_PARTITIONS", "6")
    monkeypatch.setenv("BAROMETER_RULES_FILE", "/x/rules.yaml")
    settings = load_settings(partitions=8, rules_file=None, brokers=None)
    assert (settings.partitions, settings.rules_file) == (8, Path("/x/rules.yaml"))
    assert settings.brokers == "localhost:9092"


def test_dimensions_replace_those_of_the_streams_that_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other streams keep theirs."""
    monkeypatch.setenv("BAROMETER_DIMENSIONS", json.dumps({"calls": [[], ["region", "department"]]}))
    dimensions = load_settings().dimensions
    assert dimensions[Stream.CALLS] == ((), ("region", "department"))
    assert dimensions[Stream.COMPLAINTS] == DEFAULT_DIMENSIONS[Stream.COMPLAINTS]


@pytest.mark.parametrize("combinations", [[["region"], ["region"]], [["region", "region"]], [[], []]])
def test_a_dimension_that_is_named_twice_is_refused(
    combinations: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An event would be counted twice in one cell."""
    monkeypatch.setenv("BAROMETER_DIMENSIONS", json.dumps({"calls": combinations}))
    with pytest.raises(SettingsError, match=r"BAROMETER_DIMENSIONS.*twice"):
        load_settings()


def test_settings_do_not_change() -> None:
    """What was checked at the start holds."""
    with pytest.raises(ValidationError, match="frozen"):
        load_settings().partitions = 5  # type: ignore[misc]


def test_every_setting_says_what_it_means() -> None:
    """README's table and the refusals are made of it."""
    assert [name for name, field in Settings.model_fields.items() if not field.description] == []


def test_days_off_follow_the_zone_unless_they_are_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """China's with the zone of China; nobody else gets them unasked, and an empty value asks for none."""
    assert load_settings().holidays == "CN"
    assert load_settings(zone="Europe/Berlin").holidays == ""
    assert load_settings(zone="Europe/Berlin", holidays="DE-BY").holidays == "DE-BY"
    monkeypatch.setenv("BAROMETER_HOLIDAYS", "")
    assert load_settings().holidays == ""
