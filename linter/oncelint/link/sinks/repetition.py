"""What a second delivery of the same record writes again, and what it makes up anew."""

from __future__ import annotations

from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, Comp, Items
from oncelint.frameworks.python.databases import FUNCTIONS
from oncelint.link.schemas import Declared
from oncelint.link.sinks.sources import changing
from oncelint.sql.statements import Written


def violated(
    declared: Declared, written: Written, execution: Execution
) -> tuple[frozenset[str], ...] | None:
    """The unique keys that the same record violates when it is written again.

    None where it is not known which columns are written, so that a key which the database would
    make up may come from the record after all, and where the table may have other keys by now.
    """
    fresh = made_up(written, execution)
    keys = [key for key in declared.keys if not key.columns & fresh]
    if written.columns:
        found = set(declared.violated(frozenset(written.columns)))
        keys = [key for key in keys if key.columns in found]
    elif keys and all(key.generated for key in keys):
        return None
    else:
        keys = [key for key in keys if not key.generated]
    if not keys and not declared.settled:
        return None
    return tuple(dict.fromkeys(key.columns for key in keys))


def made_up(written: Written, execution: Execution) -> frozenset[str]:
    """Columns that get another value each time: by the database, or by the program."""
    fresh = {
        column
        for column, filler in zip(written.columns, written.fillers, strict=False)
        if filler is False or (filler is not None and _changes(argument_of(execution, filler)))
    }
    fresh.update(name for name, given in execution.keywords if _changes(given))
    return frozenset(fresh)


def argument_of(execution: Execution, filler: int | str) -> Abs | None:
    """The value of a parameter of the statement, by index or by name."""
    given = execution.args[2:3] if execution.method in FUNCTIONS else execution.args[1:]
    if isinstance(filler, str):
        given_first = given[0] if given else None
        if isinstance(given_first, Items) and filler in given_first.keys:
            return given_first.items[given_first.keys.index(filler)]
        return dict(execution.keywords).get(filler)
    if len(given) == 1 and isinstance(given[0], Items):
        row = given[0]
        if row.items and isinstance(row.items[0], Items) and not row.items[0].keys:
            row = row.items[0]  # executemany: the first row stands for all
        return row.items[filler] if filler < len(row.items) and not row.keys else None
    return given[filler] if filler < len(given) else None


def _changes(value: Abs | None) -> bool:
    return isinstance(value, Comp) and bool(changing(value))
