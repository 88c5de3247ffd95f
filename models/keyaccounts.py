"""The group customers that somebody answers for by name (大客户): a list of the operator's own, and a dimension of cells.

    accounts:
      harbour-group: [g44-17, g44-18]     # a code of yours: the accounts that belong to it, as events have them

Dimensions have closed lists of values, so that the number of cells is known; which customers are key accounts is such a list.
Owns the file's meaning. Without a file there are none.
"""

import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, NamedTuple

from models.datafile import fail, known_keys, mapping, needed, parse, source_of, texts

MOST: Final = 1_000
"""Customers: so many cells may there be, and a pane is one record (`models.capacity`)."""
LONGEST_CODE: Final = 32
_CODE: Final = re.compile(rf"[a-z0-9][a-z0-9-]{{0,{LONGEST_CODE - 1}}}")


class KeyAccounts(NamedTuple):
    """Which account belongs to which key customer."""

    by_account: Mapping[str, str]
    """Account as events have it -> code."""
    digest: str
    """16 hexadecimal digits of its content; empty where there is no file."""

    def of(self, account: str) -> str:
        """Return the code of an account's customer; empty for everybody else."""
        return self.by_account.get(account, "")


NONE: Final = KeyAccounts({}, "")


def load_key_accounts(path: Path | None) -> KeyAccounts:
    """Read the file, if one is named.

    Raises:
        DataFileError: it cannot be read, or has a mistake; the message says where and what to do.
    """
    return NONE if path is None else parse_key_accounts(*source_of(path, ""))


def parse_key_accounts(source: str, name: str) -> KeyAccounts:
    """Parse and check a file; the errors are those of `load_key_accounts`."""
    document = parse(source, name)
    known_keys(document, ("accounts",), name, "")
    customers = mapping(needed(document, "accounts", name, ""), name, "accounts")
    if len(customers) > MOST:
        fail(name, "accounts", f"has {len(customers):,} customers", f"name {MOST:,} at most: the key ones")
    by_account: dict[str, str] = {}
    for code, listed in customers.items():
        place = f"accounts.{code}"
        if not _CODE.fullmatch(code):
            fail(
                name, place, "is no code", f"use up to {LONGEST_CODE} lower-case letters, digits and hyphens"
            )
        for account in texts(listed, name, place):
            if account in by_account:
                fail(name, place, f"has {account!r}, as {by_account[account]} does", "leave one of them out")
            by_account[account] = code
    content = "\n".join(f"{account} {code}" for account, code in sorted(by_account.items()))
    return KeyAccounts(by_account, hashlib.sha256(content.encode()).hexdigest()[:16])
