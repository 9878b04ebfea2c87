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

    Dashes are dropped in variables, and every `_` is a dot ("Binding From Environment Variables"),
    so that names are to be compared as relaxed binding does. None for any other variable.
    """
    if name.upper() != name or not name.startswith(_VARIABLES):
        return None
    return ".".join(part for part in name.lower().split("_") if part)


_VARIABLES = ("SPRING_KAFKA_", "SPRING_CLOUD_STREAM_KAFKA_", "SPRING_CLOUD_STREAM_BINDINGS_")
