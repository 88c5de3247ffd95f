"""May this client do what its role does? Asked once at the start, so that a missing ACL is named and not met at night.

A worker whose rights are taken away later ends at the next refused read or write.
"""

from collections.abc import Mapping
from typing import Any, Final

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AclOperation, AdminClient  # type: ignore[attr-defined]

from agents.kafkaclient import PATIENCE_SECONDS, KafkaAccess, confluent_config
from models.errors import BarometerError
from topics.access import Acl, Role

ANSWER_SECONDS: Final = 15.0
REMEDY: Final = "Grant it; `barometer topics acls worker` prints the commands."


class Forbidden(BarometerError):
    """ACLs are missing; the message names each resource and operation, and who needs them."""


def refuse_forbidden(access: KafkaAccess, wanted: tuple[Acl, ...], who: Role = Role.WORKER) -> None:
    """Return if the brokers allow all of `wanted` (operations of one word); missing topics and prefixes are passed over.

    Raises:
        Forbidden: something is not allowed.
    """
    try:
        missing = lacking(access, wanted)
    except (KafkaException, TimeoutError):
        return  # silence, which the next question reports
    if missing:
        raise Forbidden(
            f"Kafka at {access} does not allow {access.principal} what a {who} does: {'; '.join(missing)}. "
            f"Grant it; `barometer topics acls {who}` prints the commands."
        )


def lacking(access: KafkaAccess, wanted: tuple[Acl, ...]) -> list[str]:
    """Return what the brokers do not allow of `wanted`, in words.

    Raises:
        KafkaException, TimeoutError: they do not say.
    """
    admin = AdminClient({**confluent_config(access), "log_level": 0, "socket.timeout.ms": 10_000})
    missing = []
    for kind, ask in (("topic", _of_topics), ("group", _of_groups)):
        named = {acl.name: acl for acl in wanted if acl.kind == kind and not acl.prefixed}
        for name, allowed in ask(admin, list(named)).items():
            refused = [one for one in named[name].operations if AclOperation[one.upper()] not in allowed]
            if refused:
                missing.append(f"{', '.join(refused)} on {kind} {name}")
    return missing


def _of_topics(admin: AdminClient, names: list[str]) -> Mapping[str, set[AclOperation]]:
    asked = admin.describe_topics(
        TopicCollection(names), include_authorized_operations=True, request_timeout=ANSWER_SECONDS
    )
    return _answers(asked)


def _of_groups(admin: AdminClient, names: list[str]) -> Mapping[str, set[AclOperation]]:
    asked = admin.describe_consumer_groups(
        names, include_authorized_operations=True, request_timeout=ANSWER_SECONDS
    )
    return _answers(asked)


def _answers(asked: Mapping[str, Any]) -> dict[str, set[AclOperation]]:
    """Return what is allowed on each resource; one that does not exist, or a broker that does not say, is left out."""
    found: dict[str, set[AclOperation]] = {}
    for name, future in asked.items():
        try:
            operations = future.result(ANSWER_SECONDS + PATIENCE_SECONDS).authorized_operations
        except KafkaException as error:
            code = error.args[0].code()
            if code in (KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED):
                found[name] = set()
            elif code not in (KafkaError.UNKNOWN_TOPIC_OR_PART, KafkaError.GROUP_ID_NOT_FOUND):
                raise
        else:
            if operations is not None:
                found[name] = set(operations)
    return found
