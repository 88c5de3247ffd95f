"""A secured embedded Kafka: listeners with TLS and SASL, SCRAM users, and an authorizer, beside the open internal one.

The certificates are handed in, so that tests can hand in wrong ones. Brokers talk to each other, and whoever sets
the cluster up talks to them, over an open loopback listener as the super user `User:ANONYMOUS`; on the secured ones nobody
may do anything before an ACL allows it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

INTERNAL: Final = "INTERNAL"
"""Name of the open listener."""
MECHANISMS: Final = ("SCRAM-SHA-256", "SCRAM-SHA-512", "PLAIN")


@dataclass(frozen=True, slots=True)
class Listener:
    """One secured listener of every node."""

    name: str
    """Letters and underscores; clients never see it."""
    protocol: str = "SASL_SSL"
    """SSL, SASL_PLAINTEXT or SASL_SSL."""
    keystore: Path | None = None
    """PEM: the private key (PKCS#8) and the certificate chain. Needed for TLS."""
    truststore: Path | None = None
    """PEM: authorities of client certificates, which are then required."""


@dataclass(frozen=True, slots=True)
class Security:
    """What `KafkaCluster` needs to secure itself. The first listener is the one of `bootstrap`."""

    listeners: tuple[Listener, ...]
    users: Mapping[str, str] = field(default_factory=dict, repr=False)
    """SASL user -> password, for every mechanism."""

    def scram(self) -> Iterator[str]:
        """Yield what storage is formatted with (`--add-scram`), since the first connection needs the users."""
        for user, password in self.users.items():
            for mechanism in MECHANISMS[:2]:
                yield f"{mechanism}=[name={user},password={password}]"

    def settings(self) -> dict[str, str]:
        """Return the broker settings besides the listeners' addresses."""
        found = {
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "allow.everyone.if.no.acl.found": "false",
        }
        for listener in self.listeners:
            prefix = f"listener.name.{listener.name.lower()}"
            if listener.keystore is not None:
                found[f"{prefix}.ssl.keystore.type"] = "PEM"
                found[f"{prefix}.ssl.keystore.location"] = str(listener.keystore)
            if listener.truststore is not None:
                found[f"{prefix}.ssl.truststore.type"] = "PEM"
                found[f"{prefix}.ssl.truststore.location"] = str(listener.truststore)
                found[f"{prefix}.ssl.client.auth"] = "required"
            if listener.protocol.startswith("SASL"):
                found[f"{prefix}.sasl.enabled.mechanisms"] = ",".join(MECHANISMS)
                scram = "org.apache.kafka.common.security.scram.ScramLoginModule required;"
                for mechanism in MECHANISMS[:2]:
                    found[f"{prefix}.{mechanism.lower()}.sasl.jaas.config"] = scram
                users = "".join(f' user_{user}="{password}"' for user, password in self.users.items())
                found[f"{prefix}.plain.sasl.jaas.config"] = (
                    f"org.apache.kafka.common.security.plain.PlainLoginModule required{users};"
                )
        return found
