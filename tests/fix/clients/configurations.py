"""The configurations of clients, read from the text of their files without running anything.

This reads what the client will be given, by Python's own parser and by javaproperties, and shares
nothing with the linter's readers.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ROLES: Mapping[str, str] = {
    "Producer": "producer",
    "Consumer": "consumer",
    "KafkaProducer": "producer",
    "KafkaConsumer": "consumer",
    "AIOKafkaProducer": "producer",
    "AIOKafkaConsumer": "consumer",
}
"""The constructors of the Python clients, by what they construct."""


@dataclass(frozen=True, slots=True)
class Configuration:
    """What one client is given: `settings` in the order in which they are written, and the line
    where it is constructed (0 where a file is the configuration)."""

    role: str
    settings: tuple[tuple[str, Any], ...]
    line: int = 0

    def get(self, *names: str) -> Any:
        """The value of the first of these keys that is set, or None."""
        found = dict(self.settings)
        return next((found[name] for name in names if name in found), None)


def of_python(text: str) -> list[Configuration]:
    """The configurations of a module's clients, in the order of their lines.

    Raises ValueError where one is not made of literals and of module-level names for them.
    """
    module = ast.parse(text)
    names = {
        target.id: node.value
        for node in module.body
        if isinstance(node, ast.Assign)
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    calls = [
        node
        for node in ast.walk(module)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ROLES
    ]
    found = [
        Configuration(ROLES[_name(call)], tuple(_settings(call, names)), call.lineno)
        for call in calls
    ]
    return sorted(found, key=lambda one: one.line)


def _name(call: ast.Call) -> str:
    assert isinstance(call.func, ast.Name)
    return call.func.id


def _settings(call: ast.Call, names: Mapping[str, ast.expr]) -> Iterator[tuple[str, Any]]:
    """confluent-kafka takes a dict, the others keyword arguments beside topics."""
    if _name(call) in ("Producer", "Consumer"):
        for argument in call.args:
            yield from _entries(argument, names)
    for keyword in call.keywords:
        if keyword.arg is None:
            yield from _entries(keyword.value, names)
        else:
            yield keyword.arg, _literal(keyword.value, names)


def _entries(node: ast.expr, names: Mapping[str, ast.expr]) -> Iterator[tuple[str, Any]]:
    """The entries of a dict; lists become tuples, so that a configuration can be compared."""
    for key, value in _literal(node, names).items():
        yield key, tuple(value) if isinstance(value, list) else value


def _literal(node: ast.expr, names: Mapping[str, ast.expr]) -> Any:
    while isinstance(node, ast.Name) and node.id in names:
        node = names[node.id]
    value = ast.literal_eval(node)
    return tuple(value) if isinstance(value, list) else value


def of_properties(text: str, role: str) -> list[Configuration]:
    """The configuration that a .properties file is."""
    import javaproperties

    return [Configuration(role, tuple(javaproperties.loads(text).items()))]
