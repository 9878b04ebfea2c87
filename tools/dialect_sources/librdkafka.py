"""confluent-kafka: the properties of the librdkafka it carries, and the keys its own Python layer takes."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dialect_sources.tables import ROLES, Declared, snapshot_of

CANONICAL = {
    # librdkafka's own property: the name of Kafka's, which it takes as an alias with the same meaning.
    "compression.codec": "compression.type",
    "fetch.message.max.bytes": "max.partition.fetch.bytes",
    "message.send.max.retries": "retries",
    "message.timeout.ms": "delivery.timeout.ms",
    "metadata.broker.list": "bootstrap.servers",
    "queue.buffering.max.ms": "linger.ms",
    "request.required.acks": "acks",
    "sasl.mechanisms": "sasl.mechanism",
    "sasl.oauthbearer.client.id": "sasl.oauthbearer.client.credentials.client.id",
    "sasl.oauthbearer.client.secret": "sasl.oauthbearer.client.credentials.client.secret",
}

TYPES = {
    "boolean": "boolean",
    "CSV flags": "list",
    "enum value": "enum",
    "float": "float",
    "integer": "int",
    "pattern list": "list",
    "string": "string",
}

LAYER: tuple[Declared, ...] = (
    # confluent_kafka.c, common_conf_setup, producer_conf_set_special and consumer_conf_set_special.
    Declared("error_cb", ("error_cb",), "callable", dict.fromkeys(ROLES)),
    Declared("throttle_cb", ("throttle_cb",), "callable", dict.fromkeys(ROLES)),
    Declared("stats_cb", ("stats_cb",), "callable", dict.fromkeys(ROLES)),
    Declared("oauth_cb", ("oauth_cb",), "callable", dict.fromkeys(ROLES)),
    Declared("logger", ("logger",), "any", dict.fromkeys(ROLES)),
    Declared(
        "default.topic.config",
        ("default.topic.config",),
        "any",
        dict.fromkeys(ROLES),
        deprecated="its entries belong in the configuration itself",
    ),
    Declared("on_delivery", ("on_delivery",), "callable", {"producer": None}),
    Declared("on_commit", ("on_commit",), "callable", {"consumer": None}),
)
"""Keys that the C layer of the Python package keeps from librdkafka."""

NOT_KEYS = frozenset({"log_cb"})
"""Strings of the C layer that look like callback keys: this one is a function's own name in a message."""

WRAPPERS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    # serializing_producer.py, deserializing_consumer.py and their asyncio counterparts.
    "key.serializer": ("producer", ("SerializingProducer", "AsyncSerializingProducer")),
    "value.serializer": ("producer", ("SerializingProducer", "AsyncSerializingProducer")),
    "key.deserializer": ("consumer", ("DeserializingConsumer", "AsyncDeserializingConsumer")),
    "value.deserializer": ("consumer", ("DeserializingConsumer", "AsyncDeserializingConsumer")),
}


def read_release(folder: Path) -> dict[str, Declared]:
    """What an unpacked confluent-kafka wheel takes, by canonical name."""
    return snapshot_of(
        [
            *library_settings(dump(shared_object(folder))),
            *layer_settings(folder / "confluent_kafka"),
        ]
    )


def shared_object(folder: Path) -> Path:
    """The librdkafka that a wheel carries, below the folder that holds `confluent_kafka`.

    Raises:
        FileNotFoundError: there is none, as in a build against the system's librdkafka.
    """
    for libraries in (folder / "confluent_kafka.libs", folder / "confluent_kafka" / ".libs"):
        for path in sorted(libraries.glob("librdkafka*.so*")):
            return path
    raise FileNotFoundError(f"no librdkafka shared object in {folder}")


def dump(library: Path) -> dict[str, Any]:
    """What `librdkafka_dump` prints about a shared object."""
    script = Path(__file__).with_name("librdkafka_dump.py")
    output = subprocess.run(
        [sys.executable, str(script), str(library)],
        # Old wheels find the libraries beside librdkafka only through their own extension module.
        env={**os.environ, "LD_LIBRARY_PATH": str(library.parent)},
        capture_output=True,
        text=True,
        check=True,
    )
    described: dict[str, Any] = json.loads(output.stdout)
    return described


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of librdkafka's documentation tables."""

    name: str
    topic: bool
    role: str
    range: str
    description: str

    @property
    def type(self) -> str | None:
        match = re.search(r"\*Type: ([^*]+)\*", self.description)
        # Settings made only by function calls have no type of value; Python cannot make them.
        return TYPES.get(match[1]) if match else None

    @property
    def alias_of(self) -> str | None:
        match = re.search(r"Alias for `([^`]+)`", self.description)
        return match[1] if match else None


def _rows(documentation: str) -> Iterator[_Row]:
    topic = False
    columns: list[str] = []
    for line in documentation.splitlines():
        if line.startswith("## "):
            topic = "Topic" in line
        elif line.startswith("Property "):
            columns = [column.strip() for column in line.split("|")]
        elif "|" in line and not line.startswith("---"):
            cells = [cell.strip() for cell in line.split("|", len(columns) - 1)]
            row = dict(zip(columns, cells, strict=True))
            yield _Row(row["Property"], topic, row["C/P"], row["Range"], row["Description"])


def library_settings(described: Mapping[str, Any]) -> list[Declared]:
    """The properties that confluent-kafka can pass on as text, from what `dump` returned.

    A property of both levels is the global one, since confluent-kafka sets global properties first and
    librdkafka falls back to the topic's.
    """
    rows: dict[str, _Row] = {}
    documented: set[str] = set()
    for row in _rows(described["documentation"]):
        documented.add(row.name)
        if row.type is not None:
            rows.setdefault(row.name, row)
    settings = [
        _declared(row, _aliases(row, rows), described)
        for row in rows.values()
        if row.alias_of not in rows or row.topic != rows[str(row.alias_of)].topic
    ]
    hidden = set(described["global"]) | set(described["topic"]) | set(described["accepted"])
    return settings + [
        _hidden(name, described["global"].get(name, described["topic"].get(name)))
        for name in sorted(hidden - documented)
    ]


def _aliases(row: _Row, rows: Mapping[str, _Row]) -> list[str]:
    return [r.name for r in rows.values() if r.alias_of == row.name and r.topic == row.topic]


def _declared(row: _Row, aliases: list[str], described: Mapping[str, Any]) -> Declared:
    names = [row.name, *aliases]
    canonical = CANONICAL.get(row.name, row.name)
    spellings = sorted(names, key=lambda name: name != canonical)
    defaults = described["topic" if row.topic else "global"]
    default = _value(row.type or "string", defaults.get(row.name))
    roles = {"*": ROLES, "P": ("producer",), "C": ("consumer",)}[row.role]
    minimum, maximum = _limits(row)
    kind = "password" if re.search(r"(password|secret|passphrase)$", row.name) else row.type
    return Declared(
        canonical=canonical,
        spellings=tuple(spellings),
        type=kind or "string",
        defaults=dict.fromkeys(roles, default),
        values=_values(row, described),
        # rdkafka_conf.c compares the names of values without regard to case.
        ignore_case=_values(row, described) is not None,
        minimum=minimum,
        maximum=maximum,
        deprecated=_deprecation(row.description),
    )


def _values(row: _Row, described: Mapping[str, Any]) -> tuple[str, ...] | None:
    if row.name in described["named_all"]:
        return ("all",)
    if row.type in ("enum", "list") and row.range:
        return tuple(value.strip() for value in row.range.split(","))
    return None


def _limits(row: _Row) -> tuple[float | None, float | None]:
    match = re.fullmatch(r"(-?[\d.]+) \.\. (-?[\d.]+)", row.range)
    if match is None:
        return None, None
    low, high = float(match[1]), float(match[2])
    if row.type == "int":
        return int(low), int(high)
    return low, high


def _value(kind: str, text: str | None) -> Any:
    """A dumped default as JSON; what librdkafka leaves unset is null."""
    if text is None:
        return None
    match kind:
        case "boolean":
            return text == "true"
        case "int":
            return int(text)
        case "float":
            number = float(text)
            return int(number) if number.is_integer() else number
    return text


def _deprecation(description: str) -> str | None:
    if "**DEPRECATED**" not in description:
        return None
    if "No longer used" in description:
        instead = re.search(r"See `([^`]+)`", description)
        return f"no longer used; see {instead[1]}" if instead else "no longer used"
    if "LEGACY PROPERTY" in description:
        return "used by the legacy consumer only"
    return "deprecated by librdkafka"


def _hidden(name: str, default: str | None) -> Declared:
    """A property that librdkafka takes and does not document; its type shows only in its default."""
    if default in ("true", "false"):
        kind = "boolean"
    elif default is not None and re.fullmatch(r"-?\d+", default):
        kind = "int"
    else:
        kind = "any"
    return Declared(
        canonical=name,
        spellings=(name,),
        type=kind,
        defaults=dict.fromkeys(ROLES, _value(kind, default)),
        hidden=True,
    )


def layer_settings(package: Path) -> list[Declared]:
    """The keys that the Python package itself takes, judged by the strings in its modules.

    Args:
        package: the folder `confluent_kafka` of a release.

    Raises:
        LookupError: the extension module names a callback key that LAYER does not know.
    """
    [extension] = package.glob("cimpl*.so")
    code = extension.read_bytes()
    callbacks = {key.decode() for key in re.findall(rb"(?<=\x00)[a-z]+_cb(?=\x00)", code)}
    unknown = callbacks - {setting.canonical for setting in LAYER} - NOT_KEYS
    if unknown:
        raise LookupError(f"{extension.name} takes callbacks that LAYER lacks: {sorted(unknown)}")
    settings = [s for s in LAYER if f"\0{s.canonical}\0".encode() in code]
    python = "\n".join(p.read_text(encoding="utf-8") for p in sorted(package.rglob("*.py")))
    for key, (role, classes) in WRAPPERS.items():
        having = tuple(name for name in classes if f"class {name}(" in python)
        if having:
            settings.append(Declared(key, (key,), "callable", {role: None}, classes=having))
            # SerdeSpec's counterpart, which makes the (de)serializer from the configuration.
            if "+ '.builder'" in python:
                builder = f"{key}.builder"
                settings.append(Declared(builder, (builder,), "any", {role: None}, classes=having))
    return settings
