"""Build typed dataclasses from loosely typed mappings: JSON messages, and TOML tables.

One checker for both, so that a bad value is named the same way everywhere: by its key, what it should be, what it is.
Supported field types: bool, int, float, str, lists and tuples of these, `X | None`, `Literal`, and nested dataclasses.
"""

from __future__ import annotations

import dataclasses
import functools
import types
from collections.abc import Hashable, Mapping
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

__all__ = ["build"]

T = TypeVar("T")

_NAMES = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}


@functools.cache
def _hints(cls: Hashable) -> dict[str, Any]:
    hints = get_type_hints(cls)
    return {field.name: hints[field.name] for field in dataclasses.fields(cls)}  # type: ignore[arg-type]  # a dataclass


def build(cls: type[T], values: Mapping[str, object], *, strict: bool = False, where: str = "") -> T:
    """Make a `cls` of `values`; fields without a value keep their default.

    Args:
        cls: a dataclass.
        values: keys and values as a JSON or TOML parser gives them.
        strict: refuse keys that `cls` does not have, instead of ignoring them.
        where: prefix for keys in error texts, as in "session.".

    Raises:
        ValueError: a key is missing, unknown (when strict), of the wrong type, or refused by `cls` itself.
    """
    hints: dict[str, Any] = _hints(cls)  # type: ignore[arg-type]  # classes are hashable
    if strict and (unknown := sorted(values.keys() - hints.keys())):
        raise ValueError(f"unknown key {where}{unknown[0]}; known here: {', '.join(sorted(hints))}")
    checked = {name: _check(hint, values[name], where + name) for name, hint in hints.items() if name in values}
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]  # a dataclass
        no_default = field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING
        if no_default and field.name not in checked:
            raise ValueError(f"{where}{field.name} is missing")
    return cls(**checked)


def _check(hint: Any, value: object, key: str) -> object:
    origin = get_origin(hint)
    if origin in (Union, types.UnionType):
        return _check_optional(get_args(hint), value, key)
    if origin is Literal:
        if value not in get_args(hint):
            raise ValueError(f"{key} must be one of {', '.join(map(repr, get_args(hint)))}, not {_describe(value)}")
        return value
    if origin in (list, tuple):
        if not isinstance(value, list):
            raise ValueError(f"{key} must be a list, not {_describe(value)}")
        items = [_check(get_args(hint)[0], item, f"{key}[{index}]") for index, item in enumerate(value)]
        return origin(items)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, Mapping):
            raise ValueError(f"{key} must be a table, not {_describe(value)}")
        return build(hint, value, where=f"{key}.")
    if hint is float and type(value) is int:
        return _float(value, key)
    if type(value) is not hint:
        raise ValueError(f"{key} must be {_NAMES[hint]}, not {_describe(value)}")
    return value


def _float(value: int, key: str) -> float:
    try:
        return float(value)
    except OverflowError:
        raise ValueError(f"{key} is too large, {_describe(value)}") from None


def _check_optional(members: tuple[Any, ...], value: object, key: str) -> object:
    if value is None and types.NoneType in members:
        return None
    (only,) = (member for member in members if member is not types.NoneType)
    return _check(only, value, key)


def _describe(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."  # noqa: PLR2004  # an error text is one line
