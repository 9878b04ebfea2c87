"""Making a database write tolerate its own repetition: the clause, the dialect's insert, the flag.

What must hold for each is in the tables of preconditions in the documentation of fixes. A condition
that makes the edit impossible, or wrong, leaves a fix to be displayed; one that leaves it right but
leaves doubt about what else it changes makes it unsafe.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from oncelint.fix.write import edits_of
from oncelint.model.fixes import Edit, Fix
from oncelint.model.ir import Place
from oncelint.model.sinks import Sink
from oncelint.model.values import Position, Span
from oncelint.patches import CannotWrite, Patch, apply
from oncelint.python.literals import Template, escaped, template_of
from oncelint.python.operations import (
    AddArgument,
    Chain,
    ChangeValue,
    ImportInstead,
    Operation,
)
from oncelint.sql.repeatable import (
    ON_CONFLICT,
    Clause,
    Insert,
    NotRepeatable,
    check_dialect,
    clause,
    position_columns,
    read_insert,
)
from oncelint.sql.statements import read_statement
from oncelint.text import Region, SourceText

Read: TypeAlias = Callable[[str], "SourceText | None"]


def repeatable(sink: Sink, read: Read, others: Sequence[Sink] = ()) -> Fix:
    """The fix by which a write tolerates its own repetition.

    `read` gives the text of a file of the project, None where it has none. `others` are the
    project's other writes: those of the same statement are changed along with this one.
    """
    try:
        return _planned(sink, read, others)
    except (CannotWrite, NotRepeatable) as problem:
        return Fix(title=_wish(sink), safety="display", reason=problem.reason)


def _planned(sink: Sink, read: Read, others: Sequence[Sink]) -> Fix:
    if sink.guard is not None:
        raise CannotWrite(f"{sink.guard} makes it tolerate its repetition already")
    if sink.library == "peewee":
        raise CannotWrite("insert() with on_conflict_ignore() takes what is there already")
    if sink.operation == "orm-add":
        raise CannotWrite(
            "session.add() has nothing for it; session.merge(), or the database's own insert() with"
            " on_conflict_do_nothing(), takes what is there already"
        )
    if sink.operation == "orm-create":
        done = _bulk_create(sink, read)
    elif sink.statement is None:
        done = _built_insert(sink, read)
    else:
        done = _statement(sink, read)
    users = _users(sink, others)
    doubts = [*_doubts(sink, users, read), *done.doubts]
    return Fix(
        title=done.title,
        safety="unsafe" if doubts else "safe",
        edits=done.edits,
        reason="; ".join(doubts) or None,
        users=users,
    )


@dataclass(frozen=True, slots=True)
class _Done:
    """Edits, what they do, and what about them is doubtful."""

    title: str
    edits: tuple[Edit, ...]
    doubts: tuple[str, ...]


# What is common to all ------------------------------------------------------------------------


def _wish(sink: Sink) -> str:
    what = "INSERT" if sink.operation == "insert" else "write"
    return f"let the {what}{_into(sink)} tolerate its own repetition"


def _into(sink: Sink) -> str:
    return f" into {sink.table}" if sink.table else ""


def _key(sink: Sink, names: Collection[str], how: str) -> tuple[frozenset[str], tuple[str, ...]]:
    """The unique key to name, and what is doubtful about it.

    One key is enough where a repetition violates several: PostgreSQL, SQLite and DuckDB skip the
    row as soon as that one is violated. `names` are the columns that are written.
    """
    if sink.keys is None:
        position = position_columns(names)
        if not position:
            raise CannotWrite(
                f"it is not known which unique key of {sink.table or 'the table'} a repetition violates,"
                " and the statement has no columns named for the record's topic, partition and offset"
            )
        columns = ", ".join(position)
        return frozenset(position), (f"{how} where no unique key on ({columns}) exists",)
    if not sink.keys:
        raise CannotWrite(
            f"{sink.table or 'the table'} has no unique key that the record fills: it needs one first,"
            " on the record's business key or on columns for its topic, partition and offset"
        )
    return first_key(sink), ()


def first_key(sink: Sink) -> frozenset[str]:
    """The shortest key that a repetition violates, the one whose columns are written first."""
    order = list(sink.columns)
    return min(
        sink.keys or (),
        key=lambda key: (len(key), [one not in key for one in order], sorted(key)),
    )


def _users(sink: Sink, others: Sequence[Sink]) -> tuple[Span, ...]:
    """Where else the same text is executed, and the consumers whose records it writes as well."""
    users: dict[Span, None] = {}
    written = sink.statement_span or sink.span
    for other in others:
        if (other.statement_span or other.span) != written or other == sink:
            continue
        if other.sql != sink.sql:
            raise CannotWrite("the same statement is executed on databases of different kinds")
        users[other.span if other.span != sink.span else other.consumer.span] = None
    return tuple(users)


def _other_effect(sink: Sink, read: Read) -> str | None:
    """What else happens for a record on the way from its loop to the write."""
    from oncelint.python.effects import other_effect

    spans = [sink.span, *(step.span for step in sink.path)]
    for path in dict.fromkeys(span.path for span in spans):
        source = read(path)
        places = [
            (span.start.line, span.start.column, span.end.line, span.end.column)
            for span in spans
            if span.path == path
        ]
        found = other_effect(source.text, places) if source is not None else None
        if found is not None:
            return found
    return None


_COUNTS = re.compile(r"\.(?:lastrowid|rowcount|insert_id|inserted_primary_key)\b")


def _doubts(sink: Sink, users: Sequence[Span], read: Read) -> Iterator[str]:
    if users:
        more = "one more write" if len(users) == 1 else f"{len(users)} more writes"
        yield f"the same text serves {more}"
    if not sink.keys_settled:
        yield "the project's files do not agree on the table's unique keys, or drop some"
    effect = _other_effect(sink, read)
    if effect is not None:
        yield (
            f"{effect}() may be done for a record as well, and a violation that is not raised any"
            " more does not keep it from being done twice"
        )
    if sink.confidence != "high":
        yield "it is not certain that records are written here"
    written = sink.statement_span
    if written is not None and written.path != sink.span.path:
        yield f"the statement stands in {written.path}, which other code may use"
    here = {sink.span.path, *(step.span.path for step in sink.path[-1:])}
    for name in sorted(here):
        source = read(name)
        counted = _COUNTS.search(source.text) if source is not None else None
        if counted is not None:
            yield f"the code reads {counted[0][1:]}, which a skipped row does not set"
            return


def _source(read: Read, path: str) -> SourceText:
    source = read(path)
    if source is None:
        raise CannotWrite(f"{path} cannot be read")
    return source


def _tree(source: SourceText) -> ast.Module:
    try:
        return ast.parse(source.text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise CannotWrite(f"{source.path} cannot be parsed") from None


# The key's table may be declared in a way that its unique keys are no conflict targets.
_DEFERRABLE = re.compile(r"(?<!\bNOT )\bdeferrable\b(?!\s*=\s*False)", re.I)


def _check_target(sink: Sink, read: Read) -> None:
    """PostgreSQL takes no deferrable constraint as a conflict target ("INSERT", conflict_target)."""
    source = read(sink.keys_span.path) if sink.keys_span is not None else None
    if source is None or sink.keys_span is None or sink.sql not in ("postgres", ""):
        return
    if not source.path.endswith(".py"):
        declared = source.text[source.offset(sink.keys_span.start) :].partition(";")[0]
    else:
        declared = source.slice(sink.keys_span)
    if _DEFERRABLE.search(declared):
        raise CannotWrite(
            f"the table's constraint is deferrable, which no ON CONFLICT can name ({sink.keys_span})"
        )


# SQL ------------------------------------------------------------------------------------------


def _statement(sink: Sink, read: Read) -> _Done:
    span = sink.statement_span
    if span is None:
        raise CannotWrite("where the statement is written is not known")
    source = _source(read, span.path)
    start, end = source.offset(span.start), source.offset(span.end)
    if span.path.endswith((".py", ".pyi")):
        made = _in_literal(source.text[start:end], start, sink, source)
    else:
        made = _in_file(source.text[start:end], start, sink)
    doubts = list(made.doubts)
    if made.insert.returning:
        doubts.append("RETURNING gives no row for a record that is there already")
    if sink.keys is not None:
        _check_target(sink, read)
    if span.path.endswith((".py", ".pyi")) and _used_again(source, span):
        doubts.append("the statement's name is used at other places as well")
    return _Done(
        f"add {made.clause.words} to the INSERT{_into(sink)}",
        edits_of([made.patch], source),
        tuple(doubts),
    )


@dataclass(frozen=True, slots=True)
class _Added:
    insert: Insert
    clause: Clause
    patch: Patch
    doubts: tuple[str, ...]


def _clause(sink: Sink, text: str) -> tuple[Insert, Clause, tuple[str, ...]]:
    insert = read_insert(text, sink.sql)
    check_dialect(sink.sql)
    how = "it fails" if sink.sql in ON_CONFLICT else "it changes nothing"
    key, doubts = _key(sink, insert.columns, how)
    if insert.columns and not key <= set(insert.columns):
        raise CannotWrite(f"the statement does not fill the key ({', '.join(sorted(key))})")
    return insert, clause(insert, sink.sql, key), doubts


def _in_file(text: str, start: int, sink: Sink) -> _Added:
    """A file that is one statement."""
    plain, line_end = _plain_lines(text)
    insert, added, doubts = _clause(sink, plain)
    at = start + added.at + (plain.count("\n", 0, added.at) if line_end == "\r\n" else 0)
    patch = Patch(at, at, added.text.replace("\n", line_end))
    return _Added(insert, added, patch, doubts)


def _plain_lines(text: str) -> tuple[str, str]:
    """A text with LF line ends, and its own, which must be the same everywhere."""
    ends = set(re.findall(r"\r\n|\r|\n", text)) or {"\n"}
    if len(ends) > 1:
        raise CannotWrite("the file's lines end in different ways")
    (line_end,) = ends
    return text.replace(line_end, "\n"), line_end


def _in_literal(text: str, start: int, sink: Sink, source: SourceText) -> _Added:
    """A string literal, `start` is its offset in the file."""
    template = template_of(text)
    if template is None:
        raise CannotWrite("the statement is put together by an expression, not by a literal")
    # `.strip()` and the like change nothing that counts
    if not template.formatted and template.text.split() != (sink.statement or "").split():
        raise CannotWrite("what is executed is made from the literal by other code")
    insert, added, doubts = _clause(sink, template.text)
    added, patch = _inside(template, added, source)
    edited = template_of(apply(text, [patch]))
    wanted = template.text[: added.at] + added.text + template.text[added.at :]
    seen = read_statement(edited.text, sink.sql) if edited is not None else None
    # What Python and the lexer read of the edited literal is what is meant, or nothing is written.
    if edited is None or edited.text != wanted or seen is None or seen.guard is None:
        raise CannotWrite("the clause cannot be written into a literal of this form")
    return _Added(
        insert, added, Patch(start + patch.start, start + patch.end, patch.replacement), doubts
    )


def _inside(template: Template, added: Clause, source: SourceText) -> tuple[Clause, Patch]:
    """The edit of a literal's source that adds a clause to its text, and the clause as added."""
    at = Region(template.text, source, template.pieces).host_offset(added.at, end=True)
    literal = template.literal_at(at)
    if literal is None:
        raise CannotWrite("the clause cannot be written into a literal of this form")
    line_end = next(iter(re.findall(r"\r\n|\r|\n", source.text)), "\n")
    # a raw literal of one line cannot hold the end of a line
    for one in (added, added._replace(before=" ")):
        written = escaped(one.text, literal, line_end)
        if written is not None:
            return one, Patch(at, at, written)
    raise CannotWrite("the key's quotation marks cannot be written into a raw literal")


# What only wraps a statement.
_WRAPPERS = frozenset({"text", "SQL", "strip", "lstrip", "rstrip", "format"})


def _used_again(source: SourceText, span: Span) -> bool:
    """Whether a literal is given a name that is read at more than one place of its file."""
    tree = _tree(source)
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
            if _wraps(source, node.value, span):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                names.update(_target(one) for one in targets)
    uses = [
        node
        for node in ast.walk(tree)
        if isinstance(getattr(node, "ctx", None), ast.Load) and _target(node) in names - {""}
    ]
    return len(uses) > 1


def _wraps(source: SourceText, value: ast.expr, span: Span) -> bool:
    """Whether a value is the literal at a place, alone or in what makes a statement of it."""
    whole = _span(source, value)
    if whole == span or span.covers(whole):
        return True
    called = isinstance(value, ast.Call) and _target(value.func) in _WRAPPERS
    return called and whole.covers(span)


def _target(node: ast.AST) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


# Places of the tree -----------------------------------------------------------------------------


def _span(source: SourceText, node: ast.expr) -> Span:
    return Span(
        source.path,
        _position(source, node.lineno, node.col_offset),
        _position(source, node.end_lineno or node.lineno, node.end_col_offset or 0),
    )


def _position(source: SourceText, line: int, column: int) -> Position:
    """A position of ast, whose columns count UTF-8 bytes."""
    text = source.line(line)
    if text.isascii():
        return Position(line, column + 1)
    return Position(line, len(text.encode()[:column].decode("utf-8", "ignore")) + 1)


def _place(span: Span) -> Place:
    return span.start.line, span.start.column, span.end.line, span.end.column


def _expression(source: SourceText, tree: ast.Module, span: Span) -> ast.expr:
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and _span(source, node) == span:
            return node
    raise CannotWrite(f"the call at {span} was not found")


def _rendered(source: SourceText, operations: Sequence[Operation]) -> tuple[Edit, ...]:
    from oncelint.python.edit import render  # LibCST behind it

    return edits_of(render(source.text, operations), source)


# SQLAlchemy's insert() ------------------------------------------------------------------------

_GENERIC = frozenset(
    {"sqlalchemy", "sqlalchemy.sql", "sqlalchemy.sql.expression", "sqlalchemy.future", "sqlmodel"}
)
_DIALECTS = {"postgres": "postgresql", "sqlite": "sqlite"}


def _built_insert(sink: Sink, read: Read) -> _Done:
    """`insert(table).values(…)` becomes the dialect's own, which has on_conflict_do_nothing()."""
    span = sink.statement_span
    if span is None:
        raise CannotWrite("where the statement is made is not known")
    source = _source(read, span.path)
    tree = _tree(source)
    base, calls = _chain(_expression(source, tree, span))
    dialect = _DIALECTS.get(sink.sql)
    if dialect is None:
        raise CannotWrite(_OTHER_DIALECTS.get(sink.sql, _OTHER_DIALECT))
    operations: list[Operation] = []
    module = _module_of_insert(tree, base)
    if module in _GENERIC:
        operations.append(ImportInstead("insert", f"sqlalchemy.dialects.{dialect}"))
    elif module != f"sqlalchemy.dialects.{dialect}":
        raise CannotWrite(f"this insert() is that of {module}, and the database is another")
    values = [call for name, call in calls if name == "values"]
    given = [word.arg for call in values for word in call.keywords if word.arg is not None]
    key, doubts = _key(sink, given, "it fails")
    columns = _index_elements(key, given)
    if sink.keys is not None:
        _check_target(sink, read)
    more = list(doubts)
    if not {*columns} <= {*given, *sink.columns}:
        more.append(f"it is not seen whether the values fill ({', '.join(columns)})")
    if any(name == "returning" for name, _ in calls):
        more.append("returning() gives no row for a record that is there already")
    call = f"on_conflict_do_nothing(index_elements=[{', '.join(map(_quoted, columns))}])"
    operations.append(Chain(_place(span), f".{call}"))
    table = f" for {sink.table}" if sink.table else ""
    return _Done(
        f"use the insert() of sqlalchemy.dialects.{dialect} with {call}{table}",
        _rendered(source, operations),
        tuple(more),
    )


_OTHER_DIALECT = "which database it is executed on is not known, nor its insert()"
_OTHER_DIALECTS = {
    "mysql": "MySQL's insert() takes on_duplicate_key_update(), whose values have to be chosen;"
    " INSERT IGNORE also hides errors in the data",
    "tsql": "SQL Server has no such clause; MERGE does it",
    "oracle": "Oracle has no such clause; MERGE does it",
}


def _quoted(name: str) -> str:
    return f'"{name}"'


def _chain(node: ast.expr) -> tuple[ast.expr, list[tuple[str, ast.Call]]]:
    """The function that a chain of calls begins with, and the methods called on what it gives."""
    calls: list[tuple[str, ast.Call]] = []
    while isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Call):
            calls.append((node.func.attr, node))
            node = node.func.value
            continue
        return node.func, calls
    raise CannotWrite("the statement is made in several steps")


def _module_of_insert(tree: ast.Module, base: ast.expr) -> str:
    """The module that the name a chain begins with was imported from, as `insert`."""
    if not isinstance(base, ast.Name):
        if _target(base) != "insert":
            raise CannotWrite("the statement is made in several steps")
        raise CannotWrite(
            "insert() is called as an attribute; only one that is imported by its name is replaced"
        )
    found = [
        (node.module or "", alias)
        for node in tree.body
        if isinstance(node, ast.ImportFrom) and not node.level
        for alias in node.names
        if (alias.asname or alias.name) == base.id
    ]
    bound = [node for node in ast.walk(tree) if base.id in _bound(node)]
    if len(found) != 1 or len(bound) != 1:
        raise CannotWrite(f"{base.id} is not imported once, at the top of the module")
    module, alias = found[0]
    if alias.name != "insert":
        raise CannotWrite(f"{alias.name} of {module} is not SQLAlchemy's insert()")
    if alias.asname not in (None, "insert") and module in _GENERIC:
        raise CannotWrite(f"insert is imported under the name {alias.asname}")
    return module


def _bound(node: ast.AST) -> tuple[str, ...]:
    """The names that a node binds by itself."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return tuple(alias.asname or alias.name for alias in node.names)
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return (node.name,)
    if isinstance(node, ast.arg):
        return (node.arg,)
    if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
        return (node.id,)
    return ()


def _index_elements(key: frozenset[str], given: Sequence[str]) -> tuple[str, ...]:
    """The key's columns by their names in the database, in the order of the values."""
    order = [name.lower() for name in given if name.lower() in key]
    return (*order, *sorted(key - {*order}))


# Django ---------------------------------------------------------------------------------------


def _bulk_create(sink: Sink, read: Read) -> _Done:
    """`bulk_create(objects)` is given ignore_conflicts=True ("QuerySet API", bulk_create)."""
    source = _source(read, sink.span.path)
    tree = _tree(source)
    call = _expression(source, tree, sink.span)
    method = _target(call.func) if isinstance(call, ast.Call) else ""
    if not isinstance(call, ast.Call) or "bulk_create" not in method:
        raise CannotWrite(
            f"{method or 'create'}() has nothing for it; get_or_create() on a unique key of the"
            " record takes what is there already"
        )
    key, _ = _key(sink, (), "")
    flag = next((word for word in call.keywords if word.arg == "ignore_conflicts"), None)
    if any(word.arg is None for word in call.keywords) or any(
        isinstance(arg, ast.Starred) for arg in call.args
    ):
        raise CannotWrite("some arguments are not seen (* or **), and may hold ignore_conflicts")
    if len(call.args) > 2:
        raise CannotWrite("ignore_conflicts is given by its position")
    # The backend is not seen. MySQL and MariaDB turn errors in the data into warnings as well.
    doubts = [
        "the database is not known, and on MySQL and MariaDB ignore_conflicts also hides errors in"
        " the data"
    ]
    operation: Operation = AddArgument(_place(sink.span), "ignore_conflicts", True)
    if flag is not None:
        operation = ChangeValue(_place(_span(source, flag.value)), True)
        doubts.append("ignore_conflicts was switched off on purpose")
    if _result_used(tree, call):
        doubts.append("with ignore_conflicts the objects get no primary keys, and they are used")
    return _Done(
        f"give {method}() ignore_conflicts=True for the unique key ({', '.join(sorted(key))})",
        _rendered(source, [operation]),
        tuple(doubts),
    )


def _result_used(tree: ast.Module, call: ast.Call) -> bool:
    """Whether a call's result, or the objects it is given, are used afterwards."""
    statements = [node for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    alone = any(
        node.value is call or (isinstance(node.value, ast.Await) and node.value.value is call)
        for node in statements
    )
    first = call.args[0] if call.args else None
    later = isinstance(first, ast.Name) and any(
        isinstance(node, ast.Name)
        and node.id == first.id
        and isinstance(node.ctx, ast.Load)
        and node.lineno > (call.end_lineno or call.lineno)
        for node in ast.walk(tree)
    )
    return not alone or later
