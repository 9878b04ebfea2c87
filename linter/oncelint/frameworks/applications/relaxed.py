"""Names of properties as Spring compares them: relaxed binding, map keys, variables.

Sources: Spring Boot reference, "Relaxed Binding" and "Binding Maps"; `ConfigurationPropertyName` and
`MapBinder` of Spring Boot.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

Name = tuple[str, ...]


def elements(name: str) -> Name:
    """The elements of a dotted name as they are written; `[a.b]` is one element without its
    brackets."""
    found: list[str] = []
    for match in _ELEMENT.finditer(name):
        found.append(match[0])
    return tuple(one for one in found if one)


_ELEMENT = re.compile(r"\[[^\]]*\]|[^.\[\]]+")


def uniform(name: Iterable[str]) -> Name:
    """Elements as relaxed binding compares them: without case, dashes and underscores."""
    return tuple(one if one.startswith("[") else _RELAXED.sub("", one).lower() for one in name)


_RELAXED = re.compile(r"[-_]")


def key_of(rest: Iterable[str]) -> str:
    """What elements behind a map's name are as a key of that map: brackets keep everything, of
    other elements nothing but letters, digits, dashes and underscores is kept (`MapBinder`)."""
    return ".".join(one[1:-1] if one.startswith("[") else _NOT_KEPT.sub("", one) for one in rest)


_NOT_KEPT = re.compile(r"[^\w.-]")


def environment(name: str) -> str | None:
    """The property that a variable of the environment sets in a Spring Boot application, as far
    as Kafka goes: `SPRING_KAFKA_PRODUCER_ACKS` is `spring.kafka.producer.acks`.

    Dashes are dropped in variables or written as `_`, and dots are `_` ("Binding From Environment
    Variables", `SystemEnvironmentPropertyMapper`): what stands behind a section's name is one name
    of Boot's, and behind `properties` one of the client's. None for any other variable.
    """
    if name.upper() != name or not name.startswith(_VARIABLES):
        return None
    parts = [part for part in name.lower().split("_") if part]
    head = parts[:2]
    rest = parts[2:]
    if rest[:1] and rest[0] in _SECTIONS:
        head.append(rest.pop(0))
    if rest[:1] == ["properties"]:
        return ".".join([*head, *rest]) if len(rest) > 1 else None
    return ".".join([*head, "".join(rest)]) if rest else None


_VARIABLES = ("SPRING_KAFKA_",)
_SECTIONS = frozenset({"producer", "consumer", "listener", "streams", "template", "admin"})
