"""Certificates for tests with TLS: an authority, what it signs, and what is wrong with some of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)


@dataclass(frozen=True)
class Authority:
    """An authority whose files lie in a folder."""

    folder: Path
    ca: trustme.CA

    @property
    def file(self) -> Path:
        """Its own certificate."""
        path = self.folder / "authority.pem"
        self.ca.cert_pem.write_to_path(path)
        return path

    def signed(self, name: str, *hosts: str, expired: bool = False) -> Path:
        """Return a PEM file with the key (PKCS#8, as Kafka wants it) and the certificate for `hosts`."""
        until = datetime(2020, 1, 1, tzinfo=UTC) if expired else None
        issued = self.ca.issue_cert(*hosts, common_name=name, not_after=until)
        key = load_pem_private_key(issued.private_key_pem.bytes(), None)
        path = self.folder / f"{name}.pem"
        chain = b"".join(pem.bytes() for pem in issued.cert_chain_pems)
        path.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()) + chain)
        return path


def authority(folder: Path) -> Authority:
    """Make an authority of its own in a new folder."""
    folder.mkdir()
    return Authority(folder, trustme.CA())
