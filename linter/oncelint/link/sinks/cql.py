"""What a CQL statement writes: Cassandra Query Language, "INSERT" and "UPDATE"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

MADE_UP: Final = "made up"
# Columns that are likely part of the primary key when they are called so.
LIKE_A_KEY = re.compile(r"^(?:id|uuid|event_id|record_id|row_id|pk)$")

_INSERT = re.compile(
    r"^\s*INSERT\s+INTO\s+([\w.\"]+)\s*\(([^)]*)\)\s*VALUES\s*\((.*?)\)\s*(?:IF\b|USING\b|;|$)",
    re.I | re.S,
)
_UPDATE = re.compile(
    r"^\s*UPDATE\s+([\w.\"]+)\s+(?:USING\s.+?\s)?SET\s+(.*?)\s+WHERE\b", re.I | re.S
)
_ADDED = re.compile(r"(\w+)\s*=\s*\1\s*[+-]\s*(\[|\?|%s|%\(|:|\d|\{)", re.I)
_FRESH = re.compile(r"^(?:uuid|now|currenttimeuuid|currenttimestamp|totimestamp)\s*\(", re.I)
_HOLE = re.compile(r"^(?:\?|%s)$")


@dataclass(frozen=True, slots=True)
class Written:
    """`columns` maps each to the index of its placeholder, to MADE_UP, or to None for anything
    else; `added` are the columns that are added to, and whether a list literal is."""

    table: str
    columns: dict[str, int | str | None]
    added: tuple[tuple[str, bool], ...] = ()


def read(statement: str) -> Written | None:
    """An INSERT or UPDATE; None for anything else, and for values with nested parentheses that
    cannot be told apart."""
    insert = _INSERT.match(statement)
    if insert is not None:
        table, listed, values = insert.groups()
        columns = [one.strip().strip('"').lower() for one in listed.split(",")]
        fillers: list[int | str | None] = []
        holes = 0
        for value in (one.strip() for one in values.split(",")):
            if _HOLE.match(value):
                fillers.append(holes)
                holes += 1
            else:
                fillers.append(MADE_UP if _FRESH.match(value) else None)
        if len(columns) != len(fillers):
            return Written(table, dict.fromkeys(columns))
        return Written(table, dict(zip(columns, fillers, strict=True)))
    update = _UPDATE.match(statement)
    if update is None:
        return None
    # adding to a set, `{`, adds it once
    added = tuple(
        (column.lower(), value == "[")
        for column, value in _ADDED.findall(update.group(2))
        if value != "{"
    )
    return Written(update.group(1), {}, added)
