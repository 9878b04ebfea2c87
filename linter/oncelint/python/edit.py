"""Writing changes into Python source: the smallest patches that carry operations out.

`ast` finds the smallest statement that holds a place; LibCST parses that statement alone, and what
it knows of commas, comments and brackets tells which characters have to change.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from oncelint.patches import CannotWrite, Patch, apply
from oncelint.python.editing.edits import Edits
from oncelint.python.editing.imports import import_instead
from oncelint.python.editing.source import Source, Statement, parsed, source
from oncelint.python.editing.writer import Writer, place_of
from oncelint.python.operations import ImportInstead, Operation


def render(text: str, operations: Sequence[Operation]) -> tuple[Patch, ...]:
    """The patches (code point offsets of `text`) that carry out all `operations`, ascending and
    apart.

    An operation whose result is there already yields none. The edited file parses.

    Raises CannotWrite when one of them cannot be carried out, and then none is.
    """
    if not operations:
        return ()
    file = source(text)
    edits = Edits(file)
    import_instead(file, edits, [one for one in operations if isinstance(one, ImportInstead)])
    statements: dict[int, Statement] = {}
    grouped: dict[int, list[Operation]] = defaultdict(list)
    for one in operations:
        if not isinstance(one, ImportInstead):
            statement = file.statement_at(*file.offsets(place_of(one)))
            statements[id(statement.node)] = statement
            grouped[id(statement.node)].append(one)
    removed: list[Statement] = []
    for key, group in grouped.items():
        writer = Writer(file, edits, statements[key])
        writer.write(group)
        if writer.removed:
            removed.append(statements[key])
    _remove_statements(file, edits, removed)
    patches = edits.patches()
    if patches:
        try:
            parsed(apply(text, patches))
        except CannotWrite:
            raise CannotWrite("the edited file would be no valid Python") from None
    return patches


def _remove_statements(file: Source, edits: Edits, removed: Sequence[Statement]) -> None:
    """Remove whole statements; a block that would be empty becomes `pass`."""
    gone = {id(statement.node) for statement in removed}
    for statement in removed:
        block = statement.block
        if not statement.top and all(id(node) in gone for node in block):
            if block[-1] is statement.node:
                edits.replace(statement.start, statement.end, "pass")
                continue
        index = next(i for i, node in enumerate(block) if node is statement.node)
        following = file.start_of(block[index + 1]) if index + 1 < len(block) else None
        if following is not None and following <= file.line_end(statement.end):
            edits.delete(statement.start, following)
            continue
        rest = file.rest(statement.end)
        blank = len(rest) - len(rest.lstrip())
        end = statement.end + (blank + 1 if rest[blank:].startswith(";") else 0)
        if file.leads_line(statement.start):
            edits.delete(statement.start, file.line_end(end))
        else:
            edits.delete(file.end_of(block[index - 1]) if index else statement.start, end)
