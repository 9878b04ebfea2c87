"""Importing a name from another module."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Sequence

from oncelint.patches import CannotWrite
from oncelint.python.editing import sequences
from oncelint.python.editing.edits import Edits
from oncelint.python.editing.source import Source
from oncelint.python.editing.statement import Parsed
from oncelint.python.operations import ImportInstead


def import_instead(file: Source, edits: Edits, operations: Sequence[ImportInstead]) -> None:
    """Import names from other modules than now, behind the statement that imports them.

    Raises CannotWrite unless exactly one statement imports each, at the module's top level and
    under its own name.
    """
    grouped: dict[ast.ImportFrom, dict[str, str]] = defaultdict(dict)
    for one in operations:
        node = _importing(file, one.name)
        if "." * node.level + (node.module or "") == one.module:
            continue
        if grouped[node].setdefault(one.name, one.module) != one.module:
            raise CannotWrite("two changes contradict each other")
    for node, modules in grouped.items():
        _move(file, edits, node, modules)


def _move(file: Source, edits: Edits, node: ast.ImportFrom, modules: dict[str, str]) -> None:
    """Import the names of `modules` from these in place of the statement's own module."""
    statement = file.statement_of(node, file.tree.body)
    rest = file.rest(statement.end).strip()
    if not file.leads_line(statement.start) or (rest and not rest.startswith("#")):
        raise CannotWrite("other statements stand on the import's line")
    parsed = Parsed(file, statement)
    imported = parsed.imported()
    if len(node.names) == len(modules):
        if len(set(modules.values())) > 1:
            raise CannotWrite("all names of one import would go to several modules")
        spans = [parsed.spans[dot] for dot in imported.relative]
        if imported.module is not None:
            spans.append(parsed.spans[imported.module])
        edits.replace(spans[0][0], spans[-1][1], next(iter(modules.values())))
        return
    moved = {i for i, alias in enumerate(node.names) if alias.name in modules}
    sequences.edit(edits, parsed.names(imported), frozenset(moved), ())
    newline = file.newline_at(statement.end) if statement.start else file.newline
    for name, module in modules.items():
        edits.insert(file.line_end(statement.end), f"{newline}from {module} import {name}")


def _importing(file: Source, name: str) -> ast.ImportFrom:
    """The one statement that imports `name`."""
    found: list[tuple[ast.Import | ast.ImportFrom, ast.alias]] = []
    for node in ast.walk(file.tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            for alias in node.names:
                if name == (alias.asname or alias.name):
                    found.append((node, alias))
    if not found:
        raise CannotWrite(f"the file does not import {name} by that name")
    if len(found) > 1:
        raise CannotWrite(f"the file imports {name} more than once")
    node, alias = found[0]
    if not isinstance(node, ast.ImportFrom) or alias.asname is not None:
        raise CannotWrite(f"{name} is not what its module calls it")
    if not any(node is one for one in file.tree.body):
        raise CannotWrite(f"{name} is imported conditionally or inside a function")
    return node
