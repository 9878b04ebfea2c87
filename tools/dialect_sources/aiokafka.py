"""aiokafka: the signatures of the three client classes."""

import ast
import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from dialect_sources.downloads import package_file
from dialect_sources.keywords import (
    OPAQUE,
    canonical_name,
    json_default,
    literal,
    setting_type,
)
from dialect_sources.tables import Declared, snapshot_of

CLIENTS = {
    "producer": ("AIOKafkaProducer", ("aiokafka/producer/producer.py",)),
    "consumer": ("AIOKafkaConsumer", ("aiokafka/consumer/consumer.py",)),
    # The admin client came with 0.8.0, as a single module at first.
    "admin": ("AIOKafkaAdminClient", ("aiokafka/admin/client.py", "aiokafka/admin.py")),
}

VALUES: Mapping[str, tuple[Any, ...]] = {
    # aiokafka/producer/producer.py: refused otherwise, with ValueError.
    "acks": (0, 1, -1, "all"),
    "compression_type": ("gzip", "snappy", "lz4", "zstd", None),
    # aiokafka/client.py: refused otherwise, with ValueError.
    "security_protocol": ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    "sasl_mechanism": ("PLAIN", "GSSAPI", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"),
    # aiokafka/consumer/fetcher.py: anything but read_committed reads uncommitted, without a word.
    "isolation_level": ("read_uncommitted", "read_committed"),
    # aiokafka/consumer/subscription_state.py by way of OffsetResetStrategy.
    "auto_offset_reset": ("earliest", "latest", "none"),
}

ANY_CASE = frozenset({"auto_offset_reset"})
"""Settings whose values are taken in any case."""


def read_release(folder: Path) -> dict[str, Declared]:
    """What an unpacked release declares, by canonical name."""
    defaults: dict[str, dict[str, Any]] = {}
    deprecated: dict[str, str] = {}
    for role, (class_name, paths) in CLIENTS.items():
        source = _first(folder, paths)
        if source is None:
            continue
        config, notes = read_class(source, class_name)
        deprecated |= notes
        for keyword, value in config.items():
            defaults.setdefault(keyword, {})[role] = value
    return declared_settings(defaults, deprecated)


def _first(folder: Path, paths: tuple[str, ...]) -> str | None:
    for path in paths:
        with suppress(FileNotFoundError):
            return package_file(folder, path).read_text(encoding="utf-8")
    return None


def read_class(source: str, class_name: str) -> tuple[dict[str, Any], dict[str, str]]:
    """The keyword parameters of a client class and the deprecation warnings its constructor raises.

    A parameter whose default is a sentinel gets the value that the constructor assigns when nothing
    was passed (`acks`: 1, unless idempotence asks for all).

    Returns:
        keyword to default as `literal` gives it, and keyword to what its DeprecationWarning says.

    Raises:
        LookupError: the module does not define the class with a constructor.
    """
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            for function in node.body:
                if isinstance(function, ast.FunctionDef) and function.name == "__init__":
                    return _parameters(function), _deprecations(function)
    raise LookupError(f"no {class_name}.__init__")


def _parameters(function: ast.FunctionDef) -> dict[str, Any]:
    arguments = function.args
    positional = arguments.args[len(arguments.args) - len(arguments.defaults) :]
    pairs = [
        *zip(positional, arguments.defaults, strict=True),
        *zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True),
    ]
    required = arguments.args[1 : len(arguments.args) - len(arguments.defaults)]
    parameters: dict[str, Any] = {argument.arg: None for argument in required}
    for argument, default in pairs:
        parameters[argument.arg] = (
            None if default is None else _default(function, argument, default)
        )
    return parameters


def _default(function: ast.FunctionDef, argument: ast.arg, default: ast.expr) -> Any:
    value = literal(default)
    if value is not OPAQUE:
        return value
    for statement in function.body:
        match statement:
            case ast.If(
                test=ast.Compare(left=ast.Name(id=tested), ops=[ast.Is()], comparators=[sentinel]),
                body=[ast.Assign(targets=[ast.Name(id=assigned)], value=fallback)],
            ) if tested == assigned == argument.arg and ast.dump(sentinel) == ast.dump(default):
                return literal(fallback)
    return OPAQUE


def _deprecations(function: ast.FunctionDef) -> dict[str, str]:
    notes: dict[str, str] = {}
    for branch in ast.walk(function):
        if not isinstance(branch, ast.If):
            continue
        match branch.test:
            case ast.Compare(left=ast.Name(id=name)):
                pass
            case _:
                continue
        for call in ast.walk(branch):
            match call:
                case ast.Call(
                    func=ast.Attribute(attr="warn"),
                    args=[ast.Constant(value=str(text)), ast.Name(id="DeprecationWarning"), *_],
                ):
                    notes[name] = _note(text)
    return notes


def _note(warning: str) -> str:
    since = re.search(r"deprecated since ([\d.]+\d)", warning)
    note = f"deprecated since {since[1]}" if since else "deprecated"
    return f"{note}, without effect" if "no-op" in warning else note


def declared_settings(
    defaults: Mapping[str, Mapping[str, Any]], deprecated: Mapping[str, str]
) -> dict[str, Declared]:
    """Declarations from keyword → role → default, as the signatures have them."""
    settings = []
    for keyword, by_role in defaults.items():
        sample = next((value for value in by_role.values() if value is not None), None)
        values = VALUES.get(keyword)
        settings.append(
            Declared(
                canonical=canonical_name(keyword),
                spellings=(keyword,),
                type="callable" if sample is OPAQUE else setting_type(keyword, sample, values),
                defaults={role: json_default(value) for role, value in by_role.items()},
                values=values,
                ignore_case=keyword in ANY_CASE,
                deprecated=deprecated.get(keyword),
            )
        )
    return snapshot_of(settings)
