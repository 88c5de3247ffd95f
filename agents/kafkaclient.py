"""How one gets into Kafka: the one place that turns settings into the configurations of the three clients.

Readers and producers use confluent-kafka, the worker's consumer Faust's aiokafka, the creation of topics kafka-python. All
of them get their address, TLS and SASL from a `KafkaAccess`; where one is asked for, a bare address means an open
listener.
"""

import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from operator import methodcaller
from pathlib import Path
from typing import Any, Final, TypeAlias

from confluent_kafka import KafkaError
from pydantic import SecretStr

from agents.settings import Settings, SettingsError
from agents.sources import ENV_PREFIX
from topics.headers import UNREADABLE_NAME

NO_PASSWORD: Final = SecretStr("")
FORBIDDEN: Final = frozenset(
    {
        KafkaError.TOPIC_AUTHORIZATION_FAILED,
        KafkaError.GROUP_AUTHORIZATION_FAILED,
        KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    }
)
"""What a broker answers where an ACL is missing. Trying again does not help."""

RECEIVED_BYTES_MAX: Final = 2**31 - 1
"""The most that librdkafka can be told to take."""

READING: Final[Mapping[str, Any]] = {
    "enable.auto.commit": False,
    "enable.auto.offset.store": False,
    "enable.partition.eof": True,
    # It bounds what a batch of zstd may decompress to as well; a worker reads up to two gibibytes (agents.fetched).
    "receive.message.max.bytes": RECEIVED_BYTES_MAX,
    # Connection failures are said in sentences of our own; librdkafka's go to stderr unasked.
    "log_level": 2,
}
"""What every consumer of confluent-kafka is made with: it commits nothing, and is told where a partition ends."""

PATIENCE_SECONDS: Final = 5.0
"""By so much longer than librdkafka one waits for the answer to an administrator's question: it says by itself when time is over. Who
gives up in that very moment destroys a client whose question is just ending; a worker was aborted so, by an assertion in librdkafka."""

ONE_AT_A_TIME: Final[Mapping[str, Any]] = {"max.in.flight.requests.per.connection": 1}
"""For idempotent producers that write little: a first batch that is refused by a broker which does not lead yet must not be
overtaken by the second one (`agents.introduction` says what follows, and how workers do without this)."""

_headers: Final = methodcaller("headers")
"""Python looks for an error beside a result where C calls, and not where its own bytecode has been specialised: the error
would come up somewhere else."""
_NULL_NAME: Final = "(<NULL>,"


@dataclass(frozen=True, slots=True)
class KafkaAccess:
    """Address and credentials. As text it is the address alone; secrets show themselves as asterisks."""

    brokers: str
    security: str = "PLAINTEXT"
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password: SecretStr = NO_PASSWORD
    verify_hostname: bool = True
    mechanism: str = "SCRAM-SHA-512"
    username: str = ""
    password: SecretStr = NO_PASSWORD

    def __str__(self) -> str:
        return self.brokers

    @property
    def encrypted(self) -> bool:
        """Whether the connection uses TLS."""
        return self.security.endswith("SSL")

    @property
    def authenticated(self) -> bool:
        """Whether the client names itself by SASL."""
        return self.security.startswith("SASL")

    @property
    def principal(self) -> str:
        """Who brokers take this client for, as an error may say it."""
        if self.authenticated:
            return f"user {self.username!r}"
        return (
            "the client's certificate"
            if self.certificate_file
            else "a client without a name (User:ANONYMOUS)"
        )

    def confluent(self) -> dict[str, Any]:
        """Return what confluent-kafka (librdkafka) needs to connect."""
        config: dict[str, Any] = {"bootstrap.servers": self.brokers, "security.protocol": self.security}
        if self.encrypted:
            config |= {
                "ssl.ca.location": str(self.ca_file) if self.ca_file else "probe",
                "ssl.endpoint.identification.algorithm": "https" if self.verify_hostname else "none",
            }
            if self.certificate_file:
                config["ssl.certificate.location"] = str(self.certificate_file)
                config["ssl.key.location"] = str(self.key_file or self.certificate_file)
            if secret := self.key_password.get_secret_value():
                config["ssl.key.password"] = secret
        if self.authenticated:
            config |= {
                "sasl.mechanism": self.mechanism,
                "sasl.username": self.username,
                "sasl.password": self.password.get_secret_value(),
            }
        return config

    def python(self) -> dict[str, Any]:
        """Return what kafka-python and aiokafka need besides the address; both name it alike."""
        config: dict[str, Any] = {"security_protocol": self.security}
        if self.encrypted:
            config["ssl_context"] = self.tls()
        if self.authenticated:
            config |= {
                "sasl_mechanism": self.mechanism,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password.get_secret_value(),
            }
        return config

    def faust(self) -> Any:
        """Return Faust's credentials, None for an open listener."""
        import faust

        if self.authenticated:
            return faust.SASLCredentials(
                username=self.username,
                password=self.password.get_secret_value(),
                mechanism=self.mechanism,
                ssl_context=self.tls() if self.encrypted else None,
            )
        return faust.SSLCredentials(self.tls()) if self.encrypted else None

    def tls(self) -> ssl.SSLContext:
        """Return the TLS context of the Python clients.

        Raises:
            SettingsError: a file is missing, no PEM, or does not fit the others; names the setting.
        """
        try:
            context = ssl.create_default_context(cafile=self.ca_file)
        except OSError as error:
            raise _unusable("KAFKA_CA_FILE", self.ca_file, error, "PEM certificates") from None
        context.check_hostname = self.verify_hostname
        if self.certificate_file is None:
            return context
        # Without a function OpenSSL would ask at the terminal for the password of a key that has one.
        try:
            context.load_cert_chain(self.certificate_file, self.key_file, self.key_password.get_secret_value)
        except OSError as error:
            for name, path in (
                ("KAFKA_CERTIFICATE_FILE", self.certificate_file),
                ("KAFKA_KEY_FILE", self.key_file),
            ):
                if path is not None and not path.is_file():
                    raise _unusable(name, path, FileNotFoundError(2, "No such file"), "PEM") from None
            raise SettingsError(
                f"{ENV_PREFIX}KAFKA_CERTIFICATE_FILE ({self.certificate_file}) and its key "
                f"({self.key_file or 'in the same file'}): {_reason(error)}. "
                f"Give a PEM certificate, the key that belongs to it, and its password in {ENV_PREFIX}KAFKA_KEY_PASSWORD_FILE."
            ) from None
        return context


Brokers: TypeAlias = str | KafkaAccess
"""Where Kafka is; a bare `host:port,...` is an open listener."""


def access_of(settings: Settings) -> KafkaAccess:
    """Return the access that the settings describe; files are looked at, no broker is asked.

    Raises:
        SettingsError: certificates cannot be used.
    """
    access = KafkaAccess(
        brokers=settings.brokers,
        security=settings.kafka_security,
        ca_file=settings.kafka_ca_file,
        certificate_file=settings.kafka_certificate_file,
        key_file=settings.kafka_key_file,
        key_password=settings.kafka_key_password or NO_PASSWORD,
        verify_hostname=settings.kafka_verify_hostname,
        mechanism=settings.kafka_mechanism,
        username=settings.kafka_username,
        password=settings.kafka_password or NO_PASSWORD,
    )
    if access.encrypted:
        access.tls()
    return access


def confluent_config(brokers: Brokers) -> dict[str, Any]:
    """Return what confluent-kafka needs to connect to `brokers`."""
    access = brokers if isinstance(brokers, KafkaAccess) else KafkaAccess(brokers)
    return access.confluent()


def headers_of(message: Any) -> tuple[tuple[str, bytes | None], ...]:
    """Return the headers of a message of confluent-kafka, with `UNREADABLE_NAME` for a name that is not UTF-8.

    At such a name the first call gives a result and an error at once, the second a list with that name missing: a null
    pointer in a tuple, which must not be touched, but can be printed.
    """
    try:
        return tuple(_headers(message) or ())
    except SystemError:
        pairs = _headers(message)
    return tuple((UNREADABLE_NAME, pair[1]) if repr(pair).startswith(_NULL_NAME) else pair for pair in pairs)


def explained(error: KafkaError, brokers: Brokers) -> str:
    """Return what a broker refused, and for a missing ACL who needs it and what grants it."""
    if error.code() not in FORBIDDEN:
        return error.str()
    who = brokers.principal if isinstance(brokers, KafkaAccess) else KafkaAccess(brokers).principal
    return f"{error.str()}: {who} lacks an ACL. `barometer topics acls` prints what each role needs"


def _unusable(name: str, path: Path | None, error: OSError, wanted: str) -> SettingsError:
    return SettingsError(
        f"{ENV_PREFIX}{name} (given: {str(path)!r}): {_reason(error)}. Name a file with {wanted}."
    )


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return (error.reason or "holds nothing that can be used").replace("_", " ").lower()
    return error.strerror or type(error).__name__
