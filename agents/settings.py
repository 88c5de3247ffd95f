"""Every setting of a worker, with its unit, bound and default. Read from the environment (`BAROMETER_<NAME>`), then flags.

Settings are frozen values. Nothing reads the environment elsewhere, and no module holds an instance.
"""

from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSetting

from models.cells import DEFAULT_DIMENSIONS, KNOWN_DIMENSIONS
from models.errors import BarometerError
from models.measures import Stream

ENV_PREFIX: Final = "BAROMETER_"

DEMO_CUSTOMER_KEY: Final = "barometer-demo-key-not-for-production"
"""Pseudonym key of the demo and the tests; a worker warns when it runs with it."""


class SettingsError(BarometerError):
    """A setting is wrong. The message names each one, what it was and what it should be."""


class Settings(BaseSettings):
    """The configuration of one process."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="forbid")

    brokers: str = Field("localhost:9092", description="Kafka bootstrap servers, host:port, comma-separated.")
    partitions: int = Field(
        4, ge=1, le=512, description="Partitions of every stream topic and of panes. Frozen once data exists."
    )
    replication: int = Field(1, ge=1, le=7, description="Replication factor of topics that are created.")
    redis_url: str = Field("redis://localhost:6379/0", description="Redis that holds the live board.")
    customer_key: SecretStr = Field(
        SecretStr(DEMO_CUSTOMER_KEY),
        min_length=16,
        description="Key of the customer pseudonyms (keyed hash), 16 characters or more. Set your own.",
    )
    zone: str = Field(
        "Asia/Shanghai", description="IANA time zone of calendars: workdays, billing days, peaks."
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
    flush_interval_seconds: float = Field(
        0.25, ge=0.02, le=10, description="How often dirty panes are written and offsets become committable."
    )
    flushes_open_max: int = Field(
        4, ge=1, le=64, description="Unconfirmed flushes after which the worker stops fetching."
    )
    batch_records_max: int = Field(4_000, ge=1, le=50_000, description="Records taken from one fetch.")
    fetch_wait_ms: int = Field(
        10, ge=1, le=5_000, description="How long the broker may wait for data on a fetch."
    )
    linger_ms: float = Field(1.0, ge=0, le=1_000, description="How long the producer waits to fill a batch.")
    session_timeout_seconds: float = Field(
        10.0, ge=1, le=1_800, description="The group waits this long for a silent worker before it reassigns."
    )
    heartbeat_interval_seconds: float = Field(
        1.0, gt=0, le=600, description="How often a worker tells the group that it lives."
    )
    idle_after_seconds: float = Field(
        5.0, gt=0, le=3_600, description="Quiet time after which a partition gets a heartbeat record."
    )
    heartbeats: bool = Field(True, description="Write heartbeat records into idle input partitions.")
    faults: bool = Field(
        True, description="Join network faults and complaints; of all workers that do, one is at it."
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

    @property
    def retention_seconds(self) -> int:
        return self.retention_hours * 3600


def load_settings(**flags: Any) -> Settings:
    """Return the settings of this process: defaults, then `BAROMETER_*`, then those `flags` that are not None.

    Raises:
        SettingsError: names every wrong setting, its environment variable and the remedy.
    """
    try:
        return Settings(**{name: value for name, value in flags.items() if value is not None})
    except ValidationError as error:
        lines = []
        for problem in error.errors():
            name = str(problem["loc"][0]) if problem["loc"] else "?"
            shown = "" if "key" in name else f" (given: {problem['input']!r})"
            field = Settings.model_fields.get(name)
            meaning = f" {field.description}" if field is not None and field.description else ""
            lines.append(f"{ENV_PREFIX}{name.upper()}{shown}: {problem['msg']}.{meaning}")
        raise SettingsError("\n".join(lines)) from None
    except UnreadableSetting:
        # The one setting that the environment holds as JSON.
        needed = Settings.model_fields["dimensions"].description
        raise SettingsError(f"{ENV_PREFIX}DIMENSIONS: is no JSON. {needed}") from None
