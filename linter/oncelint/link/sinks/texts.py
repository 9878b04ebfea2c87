"""The text of a statement that is executed, wherever it is written."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, At, File, Foreign, Lit, Unk
from oncelint.frameworks.python.databases import STATEMENT_KEYWORDS
from oncelint.link.outline import walk
from oncelint.model import ir


def statement_args(execution: Execution) -> tuple[Abs, ...]:
    """The statement that a call executes, by place or by keyword; empty when none is given."""
    if execution.args:
        return execution.args[:1]
    return tuple(value for name, value in execution.keywords if name in STATEMENT_KEYWORDS)[:1]


# What psycopg's sql.SQL(…).format(…) puts values in for.
HOLE = re.compile(r"\{(\w*)\}")


def _in_order(machine: Machine, value: Foreign) -> Foreign:
    """psycopg's format() with its named values in the order of the text's holes; a value more
    where that cannot be told, so that they are not taken for one another."""
    template = value.made_from[0]
    if not value.path.endswith(".SQL().format()") or not isinstance(template, Lit):
        return value
    holes = HOLE.findall(str(template.value))
    if not any(holes):
        return value
    module = machine.modules.get(value.at.path) if value.at is not None else None
    nodes = (node for stmt in module.body for node in walk(stmt)) if module is not None else ()
    for node in nodes:
        if isinstance(node, ir.Call) and value.at is not None and node.place == value.at.place:
            named = dict(
                zip((one.name for one in node.keywords), value.made_from[1:], strict=False)
            )
            if not node.args and all(hole in named for hole in holes):
                return replace(value, made_from=(template, *(named[hole] for hole in holes)))
    return replace(value, made_from=(*value.made_from, *(Unk("a name") for _ in holes)))


# A .sql file with more lines than this is a script and no statement of a consumer.
_LINES = 200


def read_in(machine: Machine, execution: Execution, args: Sequence[Abs]) -> tuple[Abs, ...]:
    """The arguments with the text of a .sql file in place of the file."""

    def text(value: Abs) -> Abs:
        if isinstance(value, Foreign) and value.made_from:
            value = replace(value, made_from=(text(value.made_from[0]), *value.made_from[1:]))
            return _in_order(machine, value)
        if not isinstance(value, File) or not value.path.lower().endswith(".sql"):
            return value
        found = machine.files.lines("" if value.rooted else execution.at.path, value.path)
        if found is None or len(found[1]) > _LINES:
            return value
        path, lines = found
        return Lit("\n".join(lines), At(path, (1, 1, len(lines), len(lines[-1]) + 1)))

    return tuple(text(value) for value in args)
