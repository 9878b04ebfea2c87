"""Texts in YAML: scalars of several lines whose key is a file's name, and the scripts that containers
start."""

from __future__ import annotations

import re
from collections.abc import Iterator

from oncelint.formats.conf import conf_kind
from oncelint.formats.hosts import Embedded
from oncelint.formats.hosts.scalars import literal_region, region_of, undoubled
from oncelint.formats.tree import Document, Mapping, Node, Scalar, Sequence, walk
from oncelint.text import Piece, Region, Text

_FILES: dict[str, str] = {
    ".properties": "properties",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".toml": "toml",
    ".ini": "ini",
    ".env": "dotenv",
    ".sh": "shell",
    ".sql": "sql",
    ".conf": "conf",
}
# Keys that hold a file under another name: the values of the Helm chart bitnami/kafka.
_NAMED: dict[str, str] = {"extraConfig": "properties"}
# Keys whose text is of a collector, where it looks like that: the values of Fluent Bit's Helm chart,
# the pipelines of Logstash (pipelines.yml, Elastic's operator).
_COLLECTORS = frozenset({"inputs", "outputs", "config.string"})


def find(document: Document, text: Text) -> Iterator[Embedded]:
    for root in document.roots:
        compose = isinstance(root, Mapping) and isinstance(root.get("services"), Mapping)
        for node in walk(root):
            if isinstance(node, Sequence):
                for item in node.items:
                    if isinstance(item, Scalar) and item.text.startswith(_PROPERTIES + "="):
                        yield from _of_variable(item, text, len(_PROPERTIES) + 1)
            elif isinstance(node, Mapping):
                yield from _written_file(node, text)
                for entry in node.entries:
                    if entry.key.text in _COMMANDS and not entry.merged:
                        yield from _scripts(entry.key.text, entry.value, text, compose)
                        continue
                    if entry.key.text == _PROPERTIES and isinstance(entry.value, Scalar):
                        yield from _of_variable(entry.value, text, 0)
                    kind = kind_of_file(entry.key.text) or _NAMED.get(entry.key.text)
                    if entry.key.text in _COLLECTORS:
                        kind = "conf"
                    if kind is None or entry.merged or not isinstance(entry.value, Scalar):
                        continue
                    region = scalar_region(entry.value, text)
                    if region is None:
                        continue
                    if entry.key.text in _COLLECTORS:
                        kind = conf_kind(region.text)
                        if kind not in ("logstash", "fluent-bit"):
                            continue
                    yield Embedded(kind, entry.key.text, region)


# Where a file that is given with its content goes: Ansible's modules copy and blockinfile ("dest",
# "path"), cloud-init's write_files ("path").
_TARGETS = ("dest", "path")


def _written_file(node: Mapping, text: Text) -> Iterator[Embedded]:
    """The content of a file that a playbook or a machine's first boot writes."""
    content = node.get("content")
    if not isinstance(content, Scalar):
        return
    for key in _TARGETS:
        target = node.get(key)
        name = target.text.rpartition("/")[2] if isinstance(target, Scalar) else ""
        kind = kind_of_file(name)
        region = scalar_region(content, text) if kind in ("properties", "dotenv") else None
        if kind is not None and region is not None and "{%" not in region.text:
            yield Embedded(kind, name, region)
            return


# The variable that Strimzi's image makes the file of a Connect worker of (kafka_connect_run.sh).
_PROPERTIES = "KAFKA_CONNECT_CONFIGURATION"


def _of_variable(scalar: Scalar, text: Text, cut: int) -> Iterator[Embedded]:
    """A whole file in a variable, behind the variable's name in a list."""
    region = region_of(scalar, text)
    if region is None or not region.text[cut:].strip():
        return
    length = len(region.text) - cut
    inner = Region(region.text[cut:], region, (Piece(0, length, cut, length),))
    yield Embedded("properties", "connect.properties", inner if cut else region)


_COMMANDS = frozenset({"command", "entrypoint", "args"})
# Statements that a runner of Flink SQL is given as an argument.
_SQL = re.compile(r"\s*(?:--[^\n]*\s*)*(?:CREATE|SET|USE|BEGIN|EXECUTE)\s[^$]*;", re.IGNORECASE)


def _scripts(name: str, node: Node, text: Text, compose: bool) -> Iterator[Embedded]:
    """The scripts of a container's command: a text is one, in a list what stands behind `-c`, and
    what has several lines. docker compose fills in its own `$`, and `$$` is a script's."""
    found: list[Scalar] = []
    if isinstance(node, Scalar) and isinstance(node.value, str):
        found = [node]
    elif isinstance(node, Sequence):
        before = ""
        for item in node.items:
            told = item.text if isinstance(item, Scalar) else ""
            if isinstance(item, Scalar) and _SQL.match(told):
                region = region_of(item, text)
                if region is not None:
                    yield Embedded("sql", "args.sql", region)
                continue
            if isinstance(item, Scalar) and (_RUNS.fullmatch(before) or "\n" in told.strip()):
                found.append(item)
            before = told
    for scalar in found:
        region = region_of(scalar, text)
        if region is not None:
            yield Embedded("shell", f"{name}.sh", undoubled(region) if compose else region)


_RUNS = re.compile(r"-[a-z]*c")


def kind_of_file(name: str) -> str | None:
    """The format of a file by its name's ending; None when it is none that is read."""
    return next((kind for ending, kind in _FILES.items() if name.endswith(ending)), None)


def scalar_region(scalar: Scalar, text: Text) -> Region | None:
    """The text of a scalar of several lines as a region of its host: a block's, or one that is
    quoted with its line breaks written out (`"a=1\\nb=2"`); None for other scalars.

    An edit of it is indented as the block is, and escaped as the quotes ask for.
    """
    if scalar.style == "block":
        return literal_region(scalar, text)
    return region_of(scalar, text) if "\n" in scalar.text.rstrip("\n") else None
