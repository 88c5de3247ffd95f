"""Does a broker let us in? One connection, made before anything else, that names what is wrong where it does not.

The clients try again for ever and log a line each time, since most failures pass. A wrong password, an expired
certificate, a foreign authority or the wrong kind of listener do not pass: here they end the command with a sentence.
Silence is no verdict: a broker that does not answer is for the clients to wait for.
"""

import asyncio
import logging
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Final

from aiokafka.conn import AIOKafkaConnection
from aiokafka.errors import (
    IllegalSaslStateError,
    KafkaConnectionError,
    KafkaError,
    SaslAuthenticationFailed,
    UnsupportedSaslMechanismError,
)
from aiokafka.protocol.metadata import MetadataRequest

from agents.kafkaclient import KafkaAccess, access_of
from agents.settings import Settings
from agents.sources import ENV_PREFIX
from models.errors import BarometerError

CONNECT_SECONDS: Final = 3.0
ANSWER_SECONDS: Final = 10.0
CLOSE_SECONDS: Final = 1.0
EXPIRED, NOT_YET, HOSTNAME, ADDRESS = 10, 9, 62, 64
"""OpenSSL's verification results (X509_V_ERR_...); any other that can occur is about who signed."""
_ADDRESS: Final = re.compile(r"\[?(?P<host>[^\[\]]+?)\]?:(?P<port>[0-9]{1,5})")


class KafkaRefused(BarometerError):
    """The brokers do not let this client in and never will with these settings; says why and what to do."""


def reach(settings: Settings) -> KafkaAccess:
    """Return the access to the settings' Kafka, after a look whether a broker lets us in.

    Raises:
        SettingsError: certificates cannot be used.
        KafkaRefused: the first broker that takes a connection refuses this client for good.
    """
    access = access_of(settings)
    look(access)
    return access


def look(access: KafkaAccess) -> bool:
    """Return whether a broker let us in; False where none answers.

    Raises:
        KafkaRefused: see `reach`.
    """
    for address in access.brokers.split(","):
        found = _ADDRESS.fullmatch(address.strip())
        if found is None:
            continue
        host, port = found["host"], int(found["port"])
        try:
            socket.create_connection((host, port), timeout=CONNECT_SECONDS).close()
        except (OSError, UnicodeError, OverflowError):
            continue
        with _quiet():
            return asyncio.run(_enter(access, host, port))
    return False


async def _enter(access: KafkaAccess, host: str, port: int) -> bool:
    connection = AIOKafkaConnection(
        host, port, client_id="barometer", request_timeout_ms=int(ANSWER_SECONDS * 1000), **access.python()
    )
    try:
        return await _greet(connection, access, host, port)
    finally:
        connection.close()
        if connection._protocol is not None:
            # TLS says goodbye; without waiting for it the socket would be left open.
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(connection._closed_fut), CLOSE_SECONDS)


async def _greet(connection: AIOKafkaConnection, access: KafkaAccess, host: str, port: int) -> bool:
    where = f"{host}:{port}"
    try:
        await connection.connect()
    except ssl.SSLCertVerificationError as error:
        raise KafkaRefused(_certificate(access, where, error)) from None
    except SaslAuthenticationFailed:
        raise KafkaRefused(
            f"Kafka at {where} does not accept {access.principal} by {access.mechanism}: wrong user name or password, or the "
            f"user has no {access.mechanism} credentials. Check {ENV_PREFIX}KAFKA_USERNAME and {ENV_PREFIX}KAFKA_PASSWORD_FILE."
        ) from None
    except UnsupportedSaslMechanismError as error:
        enabled = str(error).rpartition("are: ")[2] or "others"
        raise KafkaRefused(
            f"Kafka at {where} does not offer {access.mechanism} ({enabled}). Set {ENV_PREFIX}KAFKA_MECHANISM to one it offers."
        ) from None
    except IllegalSaslStateError:
        raise KafkaRefused(
            f"the listener at {where} asks for no SASL. Set {ENV_PREFIX}KAFKA_SECURITY to "
            f"{'SSL' if access.encrypted else 'PLAINTEXT'}, or use the address of another listener."
        ) from None
    except (KafkaError, OSError, TimeoutError) as error:
        if (why := await _other_listener(access, host, port, error)) is not None:
            raise KafkaRefused(why) from None
        return False
    try:
        if not access.authenticated:
            await connection.send(MetadataRequest([]))
    except (KafkaConnectionError, TimeoutError):
        raise KafkaRefused(
            f"Kafka at {where} ended the connection at the first question: its listener asks for SASL"
            f"{' or for a certificate of this client' if access.encrypted else ''}. Set {ENV_PREFIX}KAFKA_SECURITY to "
            f"{'SASL_SSL' if access.encrypted else 'SASL_PLAINTEXT'}, with user name and password."
        ) from None
    return True


def _certificate(access: KafkaAccess, where: str, error: ssl.SSLCertVerificationError) -> str:
    said = error.verify_message
    if error.verify_code == EXPIRED:
        return f"the certificate of Kafka at {where} has expired. Renew it on the brokers."
    if error.verify_code == NOT_YET:
        return f"the certificate of Kafka at {where} is not valid yet. Are the clocks right, here and there?"
    if error.verify_code in (HOSTNAME, ADDRESS):
        return (
            f"the certificate of Kafka at {where} is for another host ({said.rstrip('.')}). Use the name that stands in it, also in "
            f"the brokers' advertised.listeners; or, knowing that nobody can stand between, {ENV_PREFIX}KAFKA_VERIFY_HOSTNAME=false."
        )
    authorities = access.ca_file or "this system"
    return (
        f"the certificate of Kafka at {where} is signed by nobody that {authorities} knows ({said}). "
        f"Set {ENV_PREFIX}KAFKA_CA_FILE to the certificate of the authority that signed it."
    )


async def _other_listener(access: KafkaAccess, host: str, port: int, error: Exception) -> str | None:
    """Return a sentence where the listener speaks TLS and we do not, or the other way round; None where it is silent."""
    where = f"{host}:{port}"
    if access.encrypted:
        reason = str(getattr(error, "reason", "") or "")
        if "ALERT" in reason or "CERTIFICATE_REQUIRED" in reason or isinstance(error, KafkaConnectionError):
            return (
                f"Kafka at {where} ended the TLS connection ({reason.replace('_', ' ').lower() or 'without a word'}): it asks for a "
                f"certificate of this client, or for another one. Set {ENV_PREFIX}KAFKA_CERTIFICATE_FILE and {ENV_PREFIX}KAFKA_KEY_FILE."
            )
        if not isinstance(error, TimeoutError):
            return (
                f"the listener at {where} speaks no TLS. Set {ENV_PREFIX}KAFKA_SECURITY to "
                f"{'SASL_PLAINTEXT' if access.authenticated else 'PLAINTEXT'}, or use the address of its TLS listener."
            )
        return None
    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname, anybody.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(CONNECT_SECONDS):
            _, writer = await asyncio.open_connection(host, port, ssl=anybody)
    except (OSError, TimeoutError):
        return None
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return (
        f"the listener at {where} speaks TLS. Set {ENV_PREFIX}KAFKA_SECURITY to "
        f"{'SASL_SSL' if access.authenticated else 'SASL_SSL (with user name and password) or SSL'}."
    )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep aiokafka's lines about the attempt to ourselves: one sentence follows."""
    loggers = [logging.getLogger(name) for name in ("aiokafka", "asyncio")]
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
