"""The settings: what is allowed, and yet no good idea on a cluster of one's own."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

from agents.doctor.finding import Finding, ok, warning, wrong
from agents.duty.policy import PolicyFile, PolicyRefused
from agents.faults.policies import OutageFileRefused, load_policies
from agents.settings import DEMO_CUSTOMER_KEY, Settings
from models.errors import BarometerError, DataFileError
from models.rules import load_rules

AREA: Final = "settings"
HEARTBEATS_IN_A_SESSION: Final = 3
"""As Kafka advises: so many heartbeats may be lost before a worker is missed."""


def examine(settings: Settings, origins: Mapping[str, str]) -> Iterator[Finding]:
    """Yield what the settings say of themselves."""
    given = ", ".join(sorted(origins)) or "none: all defaults"
    yield ok(AREA, f"{len(origins)} settings are given ({given})")
    if settings.customer_key.get_secret_value() == DEMO_CUSTOMER_KEY:
        yield warning(
            AREA,
            "customer pseudonyms use the published demo key",
            "anybody can compute the pseudonym of a customer id",
            "write a key of your own into a file and set BAROMETER_CUSTOMER_KEY_FILE; docs/security.md says how to change it later",
        )
    if settings.kafka_security in {"PLAINTEXT", "SASL_PLAINTEXT"}:
        yield warning(
            AREA,
            f"the connection to Kafka is not encrypted ({settings.kafka_security})",
            "whoever is on the way reads complaints"
            + (", and passwords with PLAIN" if "SASL" in settings.kafka_security else ""),
            "set BAROMETER_KAFKA_SECURITY to SASL_SSL or SSL, unless broker and workers are on one machine",
        )
    if settings.heartbeat_interval_seconds * HEARTBEATS_IN_A_SESSION > settings.session_timeout_seconds:
        yield wrong(
            AREA,
            f"a heartbeat every {settings.heartbeat_interval_seconds:g} s, and a session of {settings.session_timeout_seconds:g} s",
            "a worker is missed after one or two late heartbeats, and partitions change hands for nothing",
            f"set BAROMETER_HEARTBEAT_INTERVAL_SECONDS to {settings.session_timeout_seconds / HEARTBEATS_IN_A_SESSION:g} or less",
        )
    yield from _files(settings)


def _files(settings: Settings) -> Iterator[Finding]:
    try:
        rules = load_rules(settings.rules_file, settings.dimensions)
    except DataFileError as error:
        yield wrong(
            AREA,
            f"the rule file: {error}",
            "a worker does not start",
            "barometer rules check FILE names every mistake",
        )
    else:
        yield ok(AREA, f"{len(rules.rules)} rules, version {rules.version} ({_named(settings.rules_file)})")
    if settings.duty:
        try:
            PolicyFile(settings.duty_file)
        except PolicyRefused as error:
            yield wrong(
                AREA,
                f"the duty policy: {error}",
                "a worker does not start",
                "barometer warnings policy FILE names every mistake",
            )
        else:
            yield ok(AREA, f"the duty policy is sound ({_named(settings.duty_file)})")
    if settings.faults:
        try:
            load_policies(settings)
        except OutageFileRefused as error:
            yield wrong(
                AREA, str(error), "a worker does not start", "correct the file, or remove the setting"
            )
    if settings.receivers_file is not None:
        from agents.delivery.receivers import load_targets

        try:
            targets = load_targets(settings.receivers_file)
        except BarometerError as error:
            yield wrong(
                AREA,
                str(error),
                "`barometer deliver` does not start",
                "barometer deliver check FILE names every mistake",
            )
        else:
            yield ok(AREA, f"{len(targets)} receivers ({settings.receivers_file})")


def _named(path: Path | None) -> str:
    return "the shipped one" if path is None else str(path)
