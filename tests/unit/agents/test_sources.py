"""Where settings come from: which place wins, what is no setting, secrets in files, and what a refusal shows of them."""

import json
import re
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from agents.cli import barometer
from agents.settings import ENV_PREFIX, Settings, SettingsError, load_settings, settings_and_origins
from agents.sources import _is_ours
from models.measures import Stream

SECRET = "sesame-opens-the-door"


@pytest.fixture(autouse=True)
def _no_settings_of_the_surroundings(monkeypatch: pytest.MonkeyPatch) -> None:
    """What this machine has set must not decide."""
    for name in (*Settings.model_fields, "config", "secrets_dir"):
        monkeypatch.delenv(ENV_PREFIX + name.upper(), raising=False)


def settings_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, name: str = "barometer.yaml"
) -> Path:
    """Write a settings file and name it."""
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    monkeypatch.setenv("BAROMETER_CONFIG", str(path))
    return path


def refusal() -> str:
    """Return what a start says."""
    with pytest.raises(SettingsError) as caught:
        load_settings()
    return str(caught.value)


def test_a_flag_beats_a_variable_beats_the_file_beats_the_default(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And each value knows where it stood.

    default     brokers  partitions  replication  linger_ms
    file                 5           5            5
    variable                         6            6
    flag                                          7
    """
    path = settings_file(tmp_path, monkeypatch, "# ours\npartitions: 5\nreplication: 5\nlinger_ms: 5\n")
    monkeypatch.setenv("BAROMETER_REPLICATION", "6")
    monkeypatch.setenv("BAROMETER_LINGER_MS", "6")
    settings, origins = settings_and_origins(linger_ms=7, brokers=None)
    assert (settings.brokers, settings.partitions) == ("localhost:9092", 5)
    assert (settings.replication, settings.linger_ms) == (6, 7)
    assert origins == {
        "partitions": f"{path}, line 2",
        "replication": "BAROMETER_REPLICATION",
        "linger_ms": "--linger-ms",
    }


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.yaml", "zone: Asia/Urumqi\nlog_json: true\ndimensions:\n  calls: [[], [region, department]]\n"),
        (
            "a.toml",
            'zone = "Asia/Urumqi"\nlog_json = true\n[dimensions]\ncalls = [[], ["region", "department"]]\n',
        ),
    ],
)
def test_yaml_and_toml_say_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, text: str
) -> None:
    """Mappings are written as mappings; JSON in a variable is for where there is no file."""
    settings_file(tmp_path, monkeypatch, text, name)
    settings, origins = settings_and_origins()
    assert (settings.zone, settings.log_json) == ("Asia/Urumqi", True)
    assert settings.dimensions[Stream.CALLS] == ((), ("region", "department"))
    assert origins["dimensions"].endswith("line 3")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "partitons: 6",
            r"^partitons \(given in .*, line 1, not shown\): there is no such setting\. Did you mean partitions\?$",
        ),
        ("a: 1\n\nzzz_qqq: 1", r"zzz_qqq .*line 3.*`barometer settings` lists all"),
        (
            "partitions: 0",
            r"^BAROMETER_PARTITIONS \(given: 0 in .*barometer\.yaml, line 1\): .*greater than or equal to 1",
        ),
        ("partitions: 6\npartitions: 7", r"line 2: partitions stands in line 1 already"),
        ("- partitions", r"line 1: holds no mapping"),
        ("a: [", r"line 1: is no YAML|line 2: is no YAML|is no YAML"),
    ],
)
def test_a_file_is_refused_by_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    """With the nearest right name."""
    settings_file(tmp_path, monkeypatch, text)
    assert re.search(said, refusal(), re.MULTILINE), refusal()


def test_what_cannot_be_read_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is named and missing is no empty file."""
    monkeypatch.setenv("BAROMETER_CONFIG", str(tmp_path / "none.yaml"))
    assert re.search(r"BAROMETER_CONFIG=.*none\.yaml: No such file", refusal())
    settings_file(tmp_path, monkeypatch, "a = [", "a.toml")
    assert "is no TOML" in refusal()
    (tmp_path / "a.toml").write_bytes(b"\xff")
    assert "is not UTF-8" in refusal()


def test_an_empty_file_sets_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Comments only, too."""
    settings_file(tmp_path, monkeypatch, "# nothing yet\n")
    assert settings_and_origins()[1] == {}


@pytest.mark.parametrize(
    ("variable", "nearest"),
    [
        ("BAROMETER_PARTITION", "BAROMETER_PARTITIONS"),
        ("BAROMETER_BROKER", "BAROMETER_BROKERS"),
        ("BAROMETER_CUSTOMER_KEYFILE", "BAROMETER_CUSTOMER_KEY_FILE"),
        ("BAROMETER_KAFKA_PASSWROD", "BAROMETER_KAFKA_PASSWORD"),
    ],
)
def test_a_misspelt_variable_stops_the_start_and_hides_its_value(
    variable: str, nearest: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In silence a default would be in force that nobody wants."""
    monkeypatch.setenv(variable, SECRET)
    assert refusal() == f"{variable}: there is no such setting. Did you mean {nearest}?"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BAROMETER_SERVICE_HOST", "10.0.0.1"),
        ("BAROMETER_SERVICE_PORT", "9464"),
        ("BAROMETER_SERVICE_PORT_METRICS", "9464"),
        ("BAROMETER_PORT", "tcp://10.0.0.1:9464"),
        ("BAROMETER_WORKER_PORT_9464_TCP", "tcp://10.0.0.1:9464"),
        ("BAROMETER_WORKER_PORT_9464_TCP_ADDR", "10.0.0.1"),
        ("BAROMETER_TEST_SCALE", "full"),
    ],
)
def test_variables_that_others_set_are_let_pass(
    variable: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Kubernetes puts such into every container beside a Service called barometer."""
    monkeypatch.setenv(variable, value)
    load_settings()


def test_no_setting_looks_like_a_variable_of_kubernetes() -> None:
    """It would be passed over."""
    assert all(_is_ours(f"{ENV_PREFIX}{name.upper()}", "tcp") for name in Settings.model_fields)


def test_everything_unknown_is_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From every place."""
    settings_file(tmp_path, monkeypatch, "broker: k:1\n")
    monkeypatch.setenv("BAROMETER_ZONES", "x")
    monkeypatch.setenv("BAROMETER_CUSTOMER_KEY_FILE", str(tmp_path / "missing"))
    assert len(refusal().splitlines()) == 3


@pytest.mark.parametrize("end", ["", "\n", "\r\n"])
def test_a_secret_is_read_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: str) -> None:
    """By a variable, by the settings file, or from the folder where secrets are mounted; without the editor's line end."""
    (tmp_path / "key").write_bytes((SECRET + end).encode())
    monkeypatch.setenv("BAROMETER_CUSTOMER_KEY_FILE", str(tmp_path / "key"))
    settings, origins = settings_and_origins()
    assert settings.customer_key.get_secret_value() == SECRET
    assert origins == {"customer_key": f"BAROMETER_CUSTOMER_KEY_FILE ({tmp_path / 'key'})"}
    monkeypatch.delenv("BAROMETER_CUSTOMER_KEY_FILE")
    settings_file(tmp_path, monkeypatch, f"customer_key_file: {tmp_path / 'key'}\n")
    assert load_settings().customer_key.get_secret_value() == SECRET


@pytest.mark.parametrize("name", ["customer_key", "barometer_customer_key"])
def test_a_folder_of_secrets_is_looked_through(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """One file for each secret, by its name; a variable wins, and files of others are left alone."""
    (tmp_path / name).write_text(SECRET, encoding="utf-8")
    (tmp_path / "tls.crt").write_text("not ours", encoding="utf-8")
    monkeypatch.setenv("BAROMETER_SECRETS_DIR", str(tmp_path))
    assert load_settings().customer_key.get_secret_value() == SECRET
    monkeypatch.setenv("BAROMETER_CUSTOMER_KEY", SECRET * 2)
    assert load_settings().customer_key.get_secret_value() == SECRET * 2


def test_every_secret_is_looked_for_in_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No password has a way of its own; a variable that names its file is one of the others' as well."""
    names = {name for name in Settings.model_fields if name.endswith(("_password", "_key"))}
    assert {"redis_password", "kafka_password", "kafka_key_password", "customer_key"} <= names
    for name in names:
        (tmp_path / name).write_text(f"{SECRET} {name}\n", encoding="utf-8")
    monkeypatch.setenv("BAROMETER_SECRETS_DIR", str(tmp_path))
    monkeypatch.setenv("BAROMETER_REDIS_PASSWORD_FILE", str(tmp_path / "redis_password"))
    monkeypatch.setenv("BAROMETER_KAFKA_SECURITY", "SASL_SSL")
    monkeypatch.setenv("BAROMETER_KAFKA_USERNAME", "barometer")
    settings = load_settings()
    for name in names:
        assert getattr(settings, name).get_secret_value() == f"{SECRET} {name}"
        assert SECRET not in repr(settings)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file"),
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"\xff\xfe", "not UTF-8"),
        (b"x" * 65_537, "too large"),
    ],
)
def test_a_file_that_holds_no_secret_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: bytes | None, said: str
) -> None:
    """By the variable and the path."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setenv("BAROMETER_CUSTOMER_KEY_FILE", str(path))
    told = refusal()
    assert said in told
    assert f"BAROMETER_CUSTOMER_KEY_FILE ({path})" in told


def test_a_secret_that_is_given_twice_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Which of the two was meant, nobody can know."""
    (tmp_path / "key").write_text(SECRET, encoding="utf-8")
    monkeypatch.setenv("BAROMETER_CUSTOMER_KEY_FILE", str(tmp_path / "key"))
    monkeypatch.setenv("BAROMETER_CUSTOMER_KEY", SECRET * 2)
    assert refusal().startswith("BAROMETER_CUSTOMER_KEY: is set twice")


@pytest.mark.parametrize(
    "text",
    [
        f"kafka_password: {SECRET}\npartitions: 0\n",
        f"kafka_pasword: {SECRET}\n",
        f"customer_key: {SECRET[:5]}\n",
        f"kafka_password: [{SECRET}\n",
        f"kafka_password: {SECRET}\nkafka_password: {SECRET}\n",
        f"redis_url: redis://u:{SECRET}@h/0\npartitions: x\n",
        f"kafka_password: {{a: {SECRET}}}\n",
    ],
)
def test_no_refusal_shows_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Misspelt, too short, in broken YAML, beside another mistake, or of the wrong kind."""
    settings_file(tmp_path, monkeypatch, text)
    assert SECRET[:5] not in refusal()


def test_credentials_for_an_open_connection_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever sets them expects them to be used; said out loud, PLAINTEXT is what it says."""
    monkeypatch.setenv("BAROMETER_KAFKA_USERNAME", "someone")
    assert re.search(r"BAROMETER_KAFKA_USERNAME.*no effect.*BAROMETER_KAFKA_SECURITY.*SASL_SSL", refusal())
    assert load_settings(kafka_security="PLAINTEXT").kafka_username == "someone"


@pytest.mark.parametrize("security", ["SASL_SSL", "SASL_PLAINTEXT"])
def test_sasl_wants_a_user_and_a_password(security: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both are named at once."""
    monkeypatch.setenv("BAROMETER_KAFKA_SECURITY", security)
    lines = refusal().splitlines()
    assert [line.partition(":")[0] for line in lines] == [
        "BAROMETER_KAFKA_USERNAME",
        "BAROMETER_KAFKA_PASSWORD",
    ]
    assert all(f"BAROMETER_KAFKA_SECURITY is {security}" in line for line in lines)


def test_the_command_shows_values_and_origins_and_no_secret(tmp_path: Path) -> None:
    """For people and for programs; the file by flag."""
    path = tmp_path / "barometer.yaml"
    path.write_text(
        f"kafka_security: SASL_SSL\nkafka_username: bob\nkafka_password: {SECRET}\nredis_url: redis://u:{SECRET}@h/0\n",
        encoding="utf-8",
    )
    environment = {"BAROMETER_CUSTOMER_KEY": SECRET, "BAROMETER_CONFIG": str(path)}
    told = CliRunner().invoke(barometer, ["settings", "--set"], env=environment)
    assert told.exit_code == 0, told.output
    assert SECRET not in told.output
    assert len(told.output.splitlines()) == 6
    assert re.search(rf"kafka_username +bob +{re.escape(str(path))}, line 2", told.output)
    listed = json.loads(CliRunner().invoke(barometer, ["settings", "--json"], env=environment).output)
    assert set(listed) == set(Settings.model_fields)
    assert listed["customer_key"] == {"value": "***", "origin": "BAROMETER_CUSTOMER_KEY", "secret": True}
    assert listed["partitions"]["origin"] == "default"
    assert SECRET not in json.dumps(listed)


@pytest.mark.parametrize("arguments", [["--config", "FILE", "settings"], ["settings", "--config", "FILE"]])
def test_a_file_is_named_before_or_after_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    """The worker takes it after its name, as units and manifests write it."""
    path = settings_file(tmp_path, monkeypatch, "partitions: 9\n")
    monkeypatch.setenv("BAROMETER_CONFIG", "elsewhere.yaml")
    told = CliRunner().invoke(
        barometer, [str(path) if one == "FILE" else one for one in arguments] + ["--json"]
    )
    assert json.loads(told.output)["partitions"] == {"value": 9, "origin": f"{path}, line 1", "secret": False}


@given(st.dictionaries(st.sampled_from(["partitions", "replication", "retention_hours"]), st.integers(1, 7)))
def test_what_is_written_is_what_is_read(values: dict[str, int]) -> None:
    """Every value from its own line, whatever their order."""
    with pytest.MonkeyPatch.context() as patch:
        from tempfile import TemporaryDirectory

        with TemporaryDirectory() as folder:
            path = settings_file(Path(folder), patch, yaml.safe_dump(values, sort_keys=False))
            settings, origins = settings_and_origins()
            assert {name: getattr(settings, name) for name in values} == values
            assert origins == {name: f"{path}, line {line}" for line, name in enumerate(values, start=1)}
