"""What the source says about a type: its docstring, and the one that stands under each of its fields.

Owns reading docstrings from the source text, since Python keeps none of a field's. So that a published description is
the sentence that the next reader of the code sees, and is written once.
"""

import ast
import inspect
import sys
from collections.abc import Iterator, Mapping
from enum import Enum
from functools import cache
from itertools import pairwise
from types import MappingProxyType

from models.errors import ContractError


def summary_of(cls: type) -> str:
    """Return the docstring of a class without its indentation; empty where it has none of its own."""
    doc = _class(cls)
    return inspect.cleandoc(ast.get_docstring(doc) or "")


@cache
def fields_of(cls: type) -> Mapping[str, str]:
    """Return attribute -> docstring of a class, what it inherits included; attributes without one are left out.

    Where a field has none, that of its type's alias in the same module counts (`tier: Tier`).

    Raises:
        ContractError: the source is not there.
    """
    found: dict[str, str] = {}
    for owner in reversed(cls.__mro__):
        if owner.__module__.partition(".")[0] in {"builtins", "msgspec", "enum"}:
            continue
        aliases = _documented(_module(owner.__module__).body)
        body = _class(owner).body
        for statement in body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                alias = aliases.get(ast.unparse(statement.annotation))
                if alias:
                    found[statement.target.id] = alias
        found |= _documented(body)
    return MappingProxyType(found)


def members_of(enumeration: type[Enum]) -> dict[str, str]:
    """Return value -> docstring of an enumeration's members, in their order; members without one are left out."""
    docs = fields_of(enumeration)
    return {str(member.value): docs[member.name] for member in enumeration if member.name in docs}


def _documented(body: list[ast.stmt]) -> dict[str, str]:
    return dict(_pairs(body))


def _pairs(body: list[ast.stmt]) -> Iterator[tuple[str, str]]:
    """Yield (name, docstring) of each assignment that a string stands under."""
    for statement, after in pairwise(body):
        targets = (
            [statement.target]
            if isinstance(statement, ast.AnnAssign)
            else statement.targets
            if isinstance(statement, ast.Assign)
            else []
        )
        if (
            len(targets) == 1
            and isinstance(targets[0], ast.Name)
            and isinstance(after, ast.Expr)
            and isinstance(after.value, ast.Constant)
            and isinstance(after.value.value, str)
        ):
            yield targets[0].id, inspect.cleandoc(after.value.value)


@cache
def _module(name: str) -> ast.Module:
    try:
        return ast.parse(inspect.getsource(sys.modules[name]))
    except OSError as error:
        raise ContractError(
            f"the source of {name} is not there, and with it the descriptions: {error}"
        ) from None


def _class(cls: type) -> ast.ClassDef:
    for node in _module(cls.__module__).body:
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__:
            return node
    raise ContractError(f"{cls.__module__} does not define {cls.__name__} at its top level")
