"""kafka-python and kafka-python-ng: the DEFAULT_CONFIG dictionaries of the three client classes."""

import ast
from collections.abc import Mapping
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
    "producer": ("KafkaProducer", "kafka/producer/kafka.py"),
    "consumer": ("KafkaConsumer", "kafka/consumer/group.py"),
    "admin": ("KafkaAdminClient", "kafka/admin/client.py"),
}

VALUES: Mapping[str, tuple[Any, ...]] = {
    # kafka/producer/kafka.py: the keys of _COMPRESSORS; None means no compression.
    "compression_type": ("gzip", "snappy", "lz4", "zstd", None),
    # kafka/consumer/group.py and fetcher.py.
    "auto_offset_reset": ("earliest", "latest", "none", "smallest", "largest"),
    # kafka/conn.py, since 3.0 kafka/net: SECURITY_PROTOCOLS.
    "security_protocol": ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"),
    # kafka/consumer/fetcher.py.
    "isolation_level": ("read_uncommitted", "read_committed"),
    # Documented in kafka/producer/kafka.py.
    "acks": (0, 1, -1, "all"),
}

DEPRECATED = {
    "socks5_proxy": "use proxy_url",
}

ANY_CASE = frozenset({"auto_offset_reset", "isolation_level"})
"""Settings whose values are taken in any case (isolation_level since 3.0)."""


def read_release(folder: Path) -> dict[str, Declared]:
    """What an unpacked release declares, by canonical name."""
    defaults: dict[str, dict[str, Any]] = {}
    deprecated: set[str] = set()
    for role, (class_name, path) in CLIENTS.items():
        source = package_file(folder, path).read_text(encoding="utf-8")
        config, ignored = read_class(source, class_name)
        deprecated |= ignored
        for keyword, value in config.items():
            defaults.setdefault(keyword, {})[role] = value
    return declared_settings(defaults, deprecated)


def read_class(source: str, class_name: str) -> tuple[dict[str, Any], set[str]]:
    """The DEFAULT_CONFIG of a client class, and the keywords it takes only to ignore them.

    Returns:
        keyword to default as `literal` gives it, and the names in DEPRECATED_CONFIGS (whose default is null).

    Raises:
        LookupError: the class has no DEFAULT_CONFIG that is a plain dictionary.
    """
    for node in ast.parse(source).body:
        if isinstance(node, ast.ClassDef) and node.name == class_name:
            attributes = _attributes(node)
            config = attributes.get("DEFAULT_CONFIG")
            if not isinstance(config, ast.Dict):
                break
            defaults = {
                str(key.value): literal(value)
                for key, value in zip(config.keys, config.values, strict=True)
                if isinstance(key, ast.Constant)
            }
            if len(defaults) != len(config.keys):
                break
            ignored = attributes.get("DEPRECATED_CONFIGS", ast.Tuple(elts=[]))
            names = {str(name) for name in literal(ignored)}
            return defaults | dict.fromkeys(names, None), names
    raise LookupError(f"{class_name} has no DEFAULT_CONFIG that is a dictionary of literal keys")


def _attributes(node: ast.ClassDef) -> dict[str, ast.expr]:
    return {
        target.id: statement.value
        for statement in node.body
        if isinstance(statement, ast.Assign)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }


def declared_settings(
    defaults: Mapping[str, Mapping[str, Any]], ignored: set[str]
) -> dict[str, Declared]:
    """Declarations from keyword → role → default, as DEFAULT_CONFIG has them at run time or in the source."""
    settings = []
    for keyword, by_role in defaults.items():
        sample = next((value for value in by_role.values() if value is not None), None)
        values = VALUES.get(keyword)
        note = "accepted and ignored" if keyword in ignored else DEPRECATED.get(keyword)
        settings.append(
            Declared(
                canonical=canonical_name(keyword),
                spellings=(keyword,),
                type="callable" if sample is OPAQUE else setting_type(keyword, sample, values),
                defaults={role: json_default(value) for role, value in by_role.items()},
                values=values,
                ignore_case=keyword in ANY_CASE,
                deprecated=note,
            )
        )
    return snapshot_of(settings)
