"""Every setting of a worker, with its unit, bound and default.

Settings are frozen values, and no module holds an instance. Where they come from (a file, secret files, the environment,
flags) is read in `agents.sources`; nothing reads the environment elsewhere.
"""

from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from agents.sources import ENV_PREFIX, Given, SettingsError, collected
from models.cells import DEFAULT_DIMENSIONS, KNOWN_DIMENSIONS
from models.measures import Stream

__all__ = ["DEMO_CUSTOMER_KEY", "ENV_PREFIX", "Settings", "SettingsError", "load_settings"]

DEMO_CUSTOMER_KEY: Final = "barometer-demo-key-not-for-production"
"""Pseudonym key of the demo and the tests; a worker warns when it runs with it."""

AUTO: Final = "auto"
CHINA: Final = "CN"
CHINA_ZONE: Final = "Asia/Shanghai"


def listed(text: str) -> list[str]:
    """Return the parts of a comma-separated setting."""
    return [part for one in text.split(",") if (part := one.strip())]


class Settings(BaseSettings):
    """The configuration of one process."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    brokers: str = Field("localhost:9092", description="Kafka bootstrap servers, host:port, comma-separated.")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT",
        description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL, as the brokers' listener has it.",
    )
    kafka_ca_file: Path | None = Field(
        None,
        description="PEM file of the authorities that sign the brokers' certificates; the system's by default.",
    )
    kafka_certificate_file: Path | None = Field(
        None, description="PEM file of this client's certificate, where brokers ask for one."
    )
    kafka_key_file: Path | None = Field(None, description="PEM file of that certificate's private key.")
    kafka_key_password: SecretStr | None = Field(None, description="Password of that key, if it has one.")
    kafka_verify_hostname: bool = Field(
        True, description="Refuse a broker whose certificate is for another host name."
    )
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        "SCRAM-SHA-512", description="SASL mechanism: PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512."
    )
    kafka_username: str = Field("", validate_default=True, description="SASL user name.")
    kafka_password: SecretStr | None = Field(
        None, validate_default=True, min_length=1, description="SASL password."
    )
    partitions: int = Field(
        4, ge=1, le=512, description="Partitions of every stream topic and of panes. Frozen once data exists."
    )
    replication: int = Field(1, ge=1, le=7, description="Replication factor of topics that are created.")
    redis_url: SecretStr = Field(
        SecretStr("redis://localhost:6379/0"),
        description="Redis that holds the live board (redis, rediss; +sentinel, +cluster); empty: no board.",
    )
    redis_password: SecretStr | None = Field(
        None, min_length=1, description="Password of Redis, instead of one in the URL."
    )
    redis_ca_file: Path | None = Field(
        None,
        description="Certificates (PEM) that are trusted in a rediss:// connection; the system's by default.",
    )
    customer_key: SecretStr = Field(
        SecretStr(DEMO_CUSTOMER_KEY),
        min_length=16,
        description="Key of the customer pseudonyms (keyed hash), 16 characters or more. Set your own.",
    )
    zone: str = Field(
        "Asia/Shanghai", description="IANA time zone of calendars: workdays, billing days, peaks."
    )
    holidays: str = Field(
        "auto",
        validate_default=True,
        description="Whose days off count: a country (CN, DE) or a part of it (DE-BY); empty: the week alone; auto: CN in "
        "the zone Asia/Shanghai, else the week.",
    )
    allowed_lateness_seconds: int = Field(
        30, ge=0, le=3_600, description="How far a partition's watermark stays behind its newest event."
    )
    future_tolerance_seconds: int = Field(
        300, ge=0, le=86_400, description="Events further ahead of their append time are refused."
    )
    retention_hours: int = Field(
        24,
        ge=1,
        le=24 * 31,
        description="How late an event may be and still count (as late); also how long ids are remembered.",
    )
    answer_threshold_seconds: float = Field(
        15.0, gt=0, le=600, description="Calls answered within this wait meet the service level."
    )
    dimensions: dict[Stream, tuple[tuple[str, ...], ...]] = Field(
        DEFAULT_DIMENSIONS, description="JSON: which combinations of dimensions are counted, for each stream."
    )
    rules_file: Path | None = Field(None, description="YAML rule set; the shipped one by default.")
    model_file: Path | None = Field(
        None,
        description="Model of `barometer classifier train`, asked where the lexicon is unsure; the shipped one by default, "
        "`none`: the lexicon alone.",
    )
    key_accounts_file: Path | None = Field(
        None,
        description="YAML list of the group customers that are key accounts: the complaints of each are counted (EW21). By default there are none.",
    )
    flush_interval_seconds: float = Field(
        0.25, ge=0.02, le=10, description="How often dirty panes are written and offsets become committable."
    )
    flushes_open_max: int = Field(
        4, ge=1, le=64, description="Unconfirmed flushes after which the worker stops fetching."
    )
    batch_records_max: int = Field(4_000, ge=1, le=50_000, description="Records taken from one fetch.")
    fetch_wait_ms: int = Field(
        10,
        ge=1,
        le=5_000,
        description="How long the broker may wait for data on a fetch; where nothing has come for a second, 100 ms if that is longer.",
    )
    linger_ms: float = Field(1.0, ge=0, le=1_000, description="How long the producer waits to fill a batch.")
    session_timeout_seconds: float = Field(
        6.0,
        ge=1,
        le=1_800,
        description="The group waits this long for a silent worker before it reassigns; not set, 3 s where the brokers allow it.",
    )
    heartbeat_interval_seconds: float = Field(
        0.5,
        gt=0,
        le=600,
        description="How often a worker tells the group that it lives, and hears of the others.",
    )
    idle_after_seconds: float = Field(
        5.0, gt=0, le=3_600, description="Quiet time after which a partition gets a heartbeat record."
    )
    heartbeats: bool = Field(True, description="Write heartbeat records into idle input partitions.")
    faults: bool = Field(
        True, description="Join network faults and complaints; of all workers that do, one is at it."
    )
    outage_size_file: Path | None = Field(
        None, description="YAML limits of outage size and regulators' clocks; the shipped ones by default."
    )
    notices_file: Path | None = Field(
        None, description="YAML policy and texts of notices to customers; the shipped one by default."
    )
    duty: bool = Field(
        True,
        description="Take in what people do about warnings, and notify them; of all workers that do, one is at it.",
    )
    duty_file: Path | None = Field(
        None, description="YAML policy of groups, ladders and inhibition; the shipped one by default."
    )
    receivers_file: Path | None = Field(
        None, description="YAML file of whom `barometer deliver` delivers notifications to."
    )
    dead_letter_ratio_max: float = Field(
        0.5,
        gt=0,
        le=1,
        description="Share of dead letters in a partition's last records at which the worker stops.",
    )
    dead_letter_window: int = Field(
        5_000,
        ge=100,
        le=1_000_000,
        description="How many of a partition's last records that share is taken over.",
    )
    metrics_host: str = Field("127.0.0.1", description="Where /metrics and /health listen.")
    metrics_port: int = Field(9464, ge=0, le=65_535, description="0 takes any free port and logs it.")
    console_host: str = Field(
        "127.0.0.1", description="Where the console listens; another address needs a token or proxies."
    )
    console_port: int = Field(8650, ge=1, le=65_535, description="The console's port.")
    console_token: SecretStr | None = Field(
        None, min_length=16, description="Token of those who may act in the console, 16 characters or more."
    )
    console_view_token: SecretStr | None = Field(
        None, min_length=16, description="Token of those who may look and not act."
    )
    console_proxies: str = Field(
        "",
        description="Addresses or networks of proxies that sign people in (OIDC) and name them, comma-separated.",
    )
    console_user_header: str = Field(
        "X-Forwarded-User", description="Header in which such a proxy names who is signed in."
    )
    console_operators: str = Field(
        "",
        description="Names from such a proxy that may act, comma-separated; `*` for all. Others may look.",
    )
    console_label: str = Field(
        "",
        max_length=80,
        description="What stands in the bar of every page of the console, for example a site; two texts with a "
        "vertical bar between them: English and Chinese.",
    )
    data_dir: Path = Field(
        Path(".cache/worker"), description="Faust's scratch folder; holds nothing that matters."
    )
    log_level: str = Field(
        "INFO", pattern="^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR."
    )
    log_json: bool = Field(False, description="One JSON object a line instead of text.")
    instance_id: str = Field(
        "", max_length=200, description="Static group membership: a stable name of this worker."
    )

    @field_validator("zone")
    @classmethod
    def _zone_exists(cls, zone: str) -> str:
        try:
            ZoneInfo(zone)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"{zone!r} is no IANA time zone; write for example Asia/Shanghai") from None
        return zone

    @field_validator("holidays")
    @classmethod
    def _holidays_known(cls, place: str, info: ValidationInfo) -> str:
        if place == AUTO:
            return CHINA if info.data.get("zone") == CHINA_ZONE else ""
        from models.daysoff import days_off  # slow to import, and most commands ask for no day

        days_off(place)
        return place

    @field_validator("dimensions")
    @classmethod
    def _dimensions_known(
        cls, dimensions: dict[Stream, tuple[tuple[str, ...], ...]]
    ) -> dict[Stream, tuple[tuple[str, ...], ...]]:
        for stream, combinations in dimensions.items():
            for name in {name for combination in combinations for name in combination}:
                if name not in KNOWN_DIMENSIONS[stream]:
                    known = ", ".join(sorted(KNOWN_DIMENSIONS[stream]))
                    raise ValueError(f"{stream} has no dimension {name!r}; it has {known}")
            # An event would be counted twice in one cell.
            if len(set(combinations)) < len(combinations):
                raise ValueError(f"{stream} names a combination twice; name it once")
            if any(len(set(combination)) < len(combination) for combination in combinations):
                raise ValueError(f"{stream} names a dimension twice in one combination; name it once")
        return {stream: dimensions.get(stream, DEFAULT_DIMENSIONS[stream]) for stream in Stream}

    @field_validator("console_proxies")
    @classmethod
    def _networks(cls, text: str) -> str:
        for one in listed(text):
            try:
                ip_network(one)
            except ValueError:
                raise ValueError(
                    f"{one!r} is no network; write for example 10.0.0.7 or 10.1.0.0/16"
                ) from None
        return text

    @field_validator("kafka_username", "kafka_password")
    @classmethod
    def _known_to_the_brokers(cls, value: Any, info: ValidationInfo) -> Any:
        security = info.data.get("kafka_security")
        if not value and str(security).startswith("SASL"):
            raise ValueError(f"is needed where {ENV_PREFIX}KAFKA_SECURITY is {security}; set it")
        return value

    @field_validator("kafka_key_file")
    @classmethod
    def _belongs_to_a_certificate(cls, value: Path | None, info: ValidationInfo) -> Path | None:
        if value is not None and info.data.get("kafka_certificate_file") is None:
            raise ValueError(f"belongs to a certificate; set {ENV_PREFIX}KAFKA_CERTIFICATE_FILE as well")
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what is handed in and nothing else: `load_settings` has read everything and knows where it stood."""
        return (init_settings,)

    @property
    def retention_seconds(self) -> int:
        return self.retention_hours * 3600


def load_settings(**flags: Any) -> Settings:
    """Return the settings of this process: defaults, file, secret files, `BAROMETER_*`, then those `flags` that are not None.

    Raises:
        SettingsError: names every wrong setting, where it stood, what it was and the remedy.
    """
    return settings_and_origins(**flags)[0]


def settings_and_origins(**flags: Any) -> tuple[Settings, dict[str, str]]:
    """Return the settings, and for each that is no default where it stood.

    Raises:
        SettingsError: as `load_settings`.
    """
    given = collected(Settings, flags)
    try:
        settings = Settings(**{name: one.value for name, one in given.items()})
        if "kafka_security" not in given:
            _refuse_unused(given)
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = str(problem["loc"][0]) if problem["loc"] else "?"
            field = Settings.model_fields.get(name)
            meaning = f" {field.description}" if field is not None and field.description else ""
            shown = f" {given[name]}" if name in given else ""
            said = problem["msg"].removeprefix("Value error, ")
            lines.append(f"{ENV_PREFIX}{name.upper()}{shown}: {said}.{meaning}")
        raise SettingsError("\n".join(lines)) from None
    return settings, {name: one.origin for name, one in given.items()}


def _refuse_unused(given: dict[str, Given]) -> None:
    """Refuse credentials for a connection that is open by default: whoever set them expects them to be used."""
    unused = [name for name in given if name.startswith("kafka_") and name != "kafka_verify_hostname"]
    if unused:
        raise SettingsError(
            "\n".join(
                f"{ENV_PREFIX}{name.upper()} {given[name]}: has no effect, since {ENV_PREFIX}KAFKA_SECURITY is not set. "
                "Set it to SASL_SSL or SSL, or remove this one."
                for name in unused
            )
        )
