"""Parts of a consumed record, and what is worked out from them."""

from __future__ import annotations

from collections.abc import Iterable

from oncelint.flow.values import Abs, Comp, Lit, Rec, RecordPart, SourceKind

# What the clients' record classes call their parts, as methods (confluent-kafka) or attributes.
PARTS: dict[str, RecordPart] = {
    "key": "key",
    "value": "value",
    "topic": "topic",
    "partition": "partition",
    "offset": "offset",
    "headers": "headers",
    "timestamp": "timestamp",
}
CHANGING: frozenset[SourceKind] = frozenset(("random", "time", "process", "sequence", "hash"))


def part_of(record: Rec, name: Abs | str) -> Rec:
    """What a record gives by a name; a part's own attributes and items are of that part."""
    named = name.value if isinstance(name, Lit) else name
    if record.part == "record" and isinstance(named, str) and named in PARTS:
        return Rec(record.sites, PARTS[named])
    return record


def kinds_of(record: Rec) -> frozenset[SourceKind]:
    """The kinds that a record's part gives to what is computed from it.

    "other" stands for the rest of a value that was not followed.
    """
    if record.part in PARTS:
        return frozenset(("record", PARTS[record.part]))
    return frozenset(("record", "other") if record.part == "derived" else ("record",))


def worked_out(values: Iterable[Abs], sites: frozenset[int]) -> Abs:
    """What code that adds nothing of its own makes of values of which one is of a record."""
    parts: set[str] = set()
    kinds: frozenset[SourceKind] = frozenset()
    for value in values:
        if isinstance(value, Rec):
            parts.add(value.part)
            kinds |= kinds_of(value)
        elif isinstance(value, Comp) and value.kinds:
            kinds |= value.kinds
            parts.update(kind for kind in value.kinds if kind in PARTS or kind == "record")
        elif not isinstance(value, Lit):
            parts.add("derived")
    if "derived" in parts or kinds & CHANGING:  # `get("id", uuid4())` may be either
        return Rec(sites, "derived")
    known = parts & PARTS.keys()
    return Rec(sites, known.pop() if len(known) == 1 else "record")
