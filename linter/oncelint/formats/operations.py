"""What a writer is asked to do with one mapping of a text, and what it answers.

A writer is the `render` of a format's module: it takes all operations of one mapping at once and
yields the smallest edits that carry them out. What the user chose (spelling, quotes, indentation,
alignment, commas, comments, line ends) stays; a line that no operation names is not touched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TypeAlias

from oncelint.formats.tree import Entry, Mapping
from oncelint.model.values import Scalar
from oncelint.patches import Patch


@dataclass(frozen=True, slots=True)
class Add:
    """A new entry at the end of the mapping's own entries, or beside its like.

    `within` is the key of a mapping that is added to hold it; all that are added within one key
    stand in one mapping. YAML, JSON and TOML have such mappings.
    """

    key: str
    value: Scalar
    within: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """Another value for an entry; its key, quotes and comment stay."""

    entry: Entry
    value: Scalar


@dataclass(frozen=True, slots=True)
class Remove:
    """An entry goes, and with it its line where nothing else stands there."""

    entry: Entry


@dataclass(frozen=True, slots=True)
class Rename:
    """Another key for an entry; its value stays."""

    entry: Entry
    key: str


Operation: TypeAlias = "Add | Change | Remove | Rename"


WRITERS = (
    "properties",
    "yaml",
    "json",
    "toml",
    "dotenv",
    "ini",
    "logstash",
    "fluent-bit",
    "hcl",
    "dockerfile",
    "sql",
)


def render(
    kind: str, text: str, mapping: Mapping, operations: Sequence[Operation]
) -> tuple[Patch, ...]:
    """The patches that carry out all `operations` on `mapping`, ascending and apart.

    `kind` is one of WRITERS and `mapping` a node of that format's reader for `text`.

    Raises CannotWrite when one of them cannot be carried out, and then none is.
    """
    patches: tuple[Patch, ...] = import_module(
        f"oncelint.formats.writing.{kind.replace('-', '_')}"
    ).render(text, mapping, operations)
    return patches
