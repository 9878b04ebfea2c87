"""What the statements of a text do to their tables, told by sqlglot.

Placeholders and Python's own braces are made names first, which sqlglot takes for columns, and are
told from columns again afterwards. A text that it cannot parse, or parses with words left over,
gives nothing; `statements` still knows a plain insert by its words.

Sources: PostgreSQL "INSERT" (conflict_target, conflict_action), "UPDATE", "MERGE"; SQLite "UPSERT";
MySQL "INSERT ... ON DUPLICATE KEY UPDATE Statement", "REPLACE Statement".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from sqlglot import exp

# What fills a place: a parameter by index or name, text that Python puts in (as it is written in
# braces), all rows at once, a value the database makes up (by kind), a constant, or a column that
# is there already.
FillKind: TypeAlias = Literal["index", "name", "hole", "rows", "made", "constant", "column"]
How: TypeAlias = Literal["set", "add", "append", "kept", "other"]


@dataclass(frozen=True, slots=True)
class Fill:
    """One thing that an expression is made of; `value` is the index, name, hole, kind, column,
    or the constant's text."""

    kind: FillKind
    value: int | str = ""


@dataclass(frozen=True, slots=True)
class Filled:
    """What an expression is made of; not `known` when a function of it is not."""

    fills: tuple[Fill, ...] = ()
    known: bool = True


@dataclass(frozen=True, slots=True)
class Changed:
    """What becomes of a column of a row that is there (see oncelint.model.sinks.Change)."""

    column: str
    how: How
    filled: Filled


@dataclass(frozen=True, slots=True)
class OnConflict:
    """A clause for rows that are there already (see oncelint.model.sinks.Conflict)."""

    action: Literal["nothing", "update", "replace", "merge"]
    columns: tuple[str, ...] | None = None
    constraint: str | None = None
    partial: bool = False
    changes: tuple[Changed, ...] = ()
    only_if: str | None = None


@dataclass(frozen=True, slots=True)
class Effect:
    """What one statement does to a table, None where its name is put in at run time.

    `columns` and `filled` go together, in statement order; no columns where they are not listed or
    not known. `only_if` is the condition of an UPDATE that a repetition fails. `rows` is how many
    it brings, None when that is not known; `at_once`: as many as one parameter or one text that is
    put in has (`VALUES %s`, `FROM unnest(%s)`), none of them left out. `returns`: it gives rows
    back.
    """

    operation: Literal["insert", "upsert", "update", "delete", "copy"]
    table: str | None
    columns: tuple[str, ...] = ()
    filled: tuple[Filled, ...] = ()
    conflict: OnConflict | None = None
    changes: tuple[Changed, ...] = ()
    selected_by: tuple[str, ...] = ()
    only_if: str | None = None
    rows: int | None = 1
    returns: bool = False
    at_once: bool = False


_WRITES = re.compile(r"\b(?:INSERT|REPLACE|UPSERT|MERGE|UPDATE|DELETE|COPY)\b", re.I)
# More than this is no statement of a consumer.
_LONG = 20_000


def read_effects(text: str, dialect: str) -> tuple[Effect, ...]:
    """The writes of a text, in its order; none where it has none or is not understood.

    `dialect` is one of frameworks.databases.DRIVERS' values, empty when it is not known.
    """
    if len(text) > _LONG or not _WRITES.search(text):
        return ()
    return _read(text, dialect)


@lru_cache(maxsize=2048)
def _read(text: str, dialect: str) -> tuple[Effect, ...]:
    plain, holes = _named(text, dialect)
    simple = _simple(plain, holes)
    if simple is not None:
        return (simple,)
    for one in (dialect,) if dialect else ("postgres", "mysql", "sqlite", "tsql"):
        parsed = _parsed(plain, one)
        if parsed is not None:
            reader = _Reader(holes, one)
            return tuple(effect for tree in parsed for effect in reader.effects(tree))
    return ()


# One row of an insert, all of it put in, without a clause: `INSERT INTO t (a, b) VALUES (%s, %s)`.
_SIMPLE = re.compile(
    r"\s*INSERT\s+INTO\s+(?:[a-z]\w*\.)?(?P<table>[a-z]\w*)\s*"
    r"\((?P<columns>\s*[a-z]\w*(?:\s*,\s*[a-z]\w*)*\s*)\)\s*"
    r"VALUES\s*\((?P<row>\s*oncp\d+_(?:\s*,\s*oncp\d+_)*\s*)\)\s*;?\s*",
    re.I | re.A,
)

# Words that are reserved in a dialect, or begin something there, and mostly no names.
_RESERVED = frozenset(
    {"all", "alter", "analyse", "analyze", "and", "any", "array", "as", "asc"}
    | {"asymmetric", "authorization", "begin", "between", "binary", "both", "case", "cast"}
    | {"charset", "check", "collate", "collation", "column", "concurrently"}
    | {"connect_by_root", "constraint", "create", "cross", "current_catalog"}
    | {"current_date", "current_datetime", "current_role", "current_schema", "current_time"}
    | {"current_timestamp", "current_user", "current_user_id", "default", "deferrable"}
    | {"desc", "describe", "distinct", "distinctrow", "do", "drop", "else", "end", "except"}
    | {"exclude", "explain", "false", "fetch", "for", "force", "foreign", "freeze", "from"}
    | {"full", "fulltext", "function", "glob", "global", "grant", "group", "having"}
    | {"identifier", "if", "ignore", "ilike", "index", "initially", "inner", "insert"}
    | {"install", "intersect", "into", "isnull", "join", "key", "lateral", "leading"}
    | {"left", "like", "limit", "localtime", "localtimestamp", "macro", "map"}
    | {"match_recognize", "minus", "mod", "natural", "not", "notnull", "null", "offset"}
    | {"on", "only", "option", "or", "order", "outer", "overlaps", "partitioned_by"}
    | {"placing", "positional", "prewhere", "primary", "prior", "projection", "qualify"}
    | {"references", "regexp", "returning", "revoke", "right", "rlike", "rollback"}
    | {"sample", "select", "separator", "session_user", "similar", "some", "spatial"}
    | {"straight_join", "summarize", "symmetric", "sysdate", "system_user", "systimestamp"}
    | {"table", "tablesample", "then", "to", "trailing", "true", "uncache", "undrop"}
    | {"union", "unique", "unnest", "unpivot", "user", "using", "values", "variadic"}
    | {"verbose", "when", "where", "window", "with", "xor"}
)


def _simple(text: str, holes: tuple[Fill, ...]) -> Effect | None:
    """What the plainest of inserts does: its words say so, and sqlglot takes long to load.

    None for any other statement, and where a name may be a word of SQL.
    """
    match = _SIMPLE.fullmatch(text)
    if match is None:
        return None
    table = match["table"].lower()
    columns = tuple(one.strip().lower() for one in match["columns"].split(","))
    row = [holes[int(one.strip()[len(_MARK) : -1])] for one in match["row"].split(",")]
    if len(row) != len(columns):
        return None
    head = text[: match.start("row")].lower()
    if _MARK in head or not _RESERVED.isdisjoint(re.findall(r"\w+", head)[2:-1]):
        return None
    return Effect("insert", table, columns, tuple(Filled((one,)) for one in row))


# Placeholders ---------------------------------------------------------------------------------

_MARK = "oncp"
_MARKED = re.compile(rf"{_MARK}(\d+)_", re.I)
_HOLES = (
    r"%\((?P<named>\w+)\)s|(?P<next>%s)|\{(?P<hole>[^{}]*)\}|\$(?P<number>\d+)(?!\w*\$)"
    r"|(?<![:\w]):(?P<colon>[A-Za-z_]\w*)|(?<![@\w])@(?P<at>[A-Za-z_]\w*)"
)
_PLACEHOLDER = re.compile(_HOLES)
# PostgreSQL's drivers take no `?`; it is an operator of jsonb there.
_QUESTIONED = re.compile(_HOLES + r"|(?P<mark>\?)")
_VERB = re.compile(r"\A\s*(REPLACE|UPSERT)\b(?!\s*\()", re.I)
# `VALUES %s` and `VALUES {rows}`: all the rows are put in at once.
_ALL_ROWS = re.compile(rf"\bVALUES\s*(?P<hole>{_MARK}(?P<index>\d+)_)(?!\w)", re.I)


def _named(text: str, dialect: str) -> tuple[str, tuple[Fill, ...]]:
    """The text with names in place of placeholders, and what each of them stands for."""
    found: list[Fill] = []
    count = 0

    def name(match: re.Match[str]) -> str:
        nonlocal count
        groups = match.groupdict()
        number = groups["number"]
        if groups["next"] or groups.get("mark"):
            found.append(Fill("index", count))
            count += 1
        elif number is not None:
            found.append(Fill("index", int(number) - 1))
        elif groups["hole"] is not None:
            found.append(Fill("hole", groups["hole"]))
        else:
            found.append(Fill("name", groups["named"] or groups["colon"] or groups["at"] or ""))
        return f"{_MARK}{len(found) - 1}_"

    pattern = _PLACEHOLDER if dialect == "postgres" else _QUESTIONED
    plain = pattern.sub(name, text).replace("%%", "%")
    for whole in _ALL_ROWS.finditer(plain):
        index = int(whole["index"])
        found[index] = replace(found[index], kind="rows")
    plain = _ALL_ROWS.sub(r"VALUES (\g<hole>)", plain)
    return plain, tuple(found)


def _parsed(text: str, dialect: str) -> list[exp.Expr] | None:
    """sqlglot's trees; None where it does not understand a statement."""
    import logging

    import sqlglot  # a quarter of the start of a run, for statements of consume loops alone
    from sqlglot import exp

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)  # it warns of what it leaves alone
    verb = _VERB.match(text)
    if verb is not None:
        text = text[: verb.start(1)] + "INSERT" + text[verb.end(1) :]
    try:
        trees = sqlglot.parse(text, read=dialect or None)
    except Exception:
        return None  # ParseError, TokenError, and what deep nesting raises
    found = [tree for tree in trees if isinstance(tree, exp.Expr)]
    if any(isinstance(tree, exp.Command) for tree in found):
        return None
    if verb is not None:
        for tree in found[:1]:
            tree.set("alternative", "REPLACE")
    return found


# Trees ----------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Row:
    """The names a statement has for its table's rows (`old`), and for those it brings (`new`),
    with what fills their columns. `alone`: there are no other tables, so that whatever is not
    new is old."""

    old: frozenset[str]
    new: frozenset[str] = frozenset()
    filled: dict[str, Filled] = field(default_factory=dict)
    alone: bool = False


class _Reader:
    def __init__(self, holes: tuple[Fill, ...], dialect: str) -> None:
        self._holes = holes
        self._dialect = dialect

    def effects(self, tree: exp.Expr) -> Iterator[Effect]:
        """The writes of a statement, those in its WITH first."""
        from sqlglot import exp

        clause = tree.args.get("with_") or tree.args.get("with")
        if isinstance(clause, exp.With):
            for one in clause.expressions:
                yield from self.effects(one.this)
        if isinstance(tree, exp.Insert):
            if tree.expression is not None or tree.args.get("default"):
                yield self._insert(tree)
        elif isinstance(tree, exp.Update):
            if tree.expressions:
                yield self._update(tree)
        elif isinstance(tree, exp.Merge):
            yield self._merge(tree)
        elif isinstance(tree, exp.Delete):
            yield Effect("delete", self._table(tree.this), selected_by=self._selected(tree))
        elif isinstance(tree, exp.Copy) and tree.args.get("kind"):
            table, columns = self._target(tree.this)
            yield Effect("copy", table, columns, rows=None)

    # Names

    def _name(self, node: exp.Expr | None) -> str | None:
        """A name in lower case; None for one that is put in, wholly or in part."""
        text = node.name.lower() if node is not None else ""
        return None if not text or _MARKED.search(text) else text

    def _table(self, node: exp.Expr | None) -> str | None:
        from sqlglot import exp

        found = node.find(exp.Table) if node is not None else None
        return self._name(found)

    def _target(self, node: exp.Expr) -> tuple[str | None, tuple[str, ...]]:
        from sqlglot import exp

        columns: tuple[str, ...] = ()
        if isinstance(node, exp.Schema):
            names = [self._name(one) for one in node.expressions]
            if all(names):
                columns = tuple(name for name in names if name is not None)
        return self._table(node), columns

    def _names(self, node: exp.Expr | None) -> frozenset[str]:
        """The names by which a table's columns may be qualified."""
        from sqlglot import exp

        found = node.find(exp.Table) if node is not None else None
        if found is None:
            return frozenset(("",))
        return frozenset(("", found.name.lower(), found.alias.lower()))

    # Inserts

    def _insert(self, tree: exp.Insert) -> Effect:
        table, columns = self._target(tree.this)
        filled, rows = self._rows(tree.expression)
        if len(filled) != len(columns):
            filled = ()
        row = _Row(
            self._names(tree.this),
            frozenset(("excluded", self._alias(tree.expression))) - {""},
            dict(zip(columns, filled, strict=False)),
            alone=True,
        )
        conflict = self._conflict(tree, row)
        # `ON DUPLICATE KEY UPDATE id = id` leaves the row as it is
        left = conflict is not None and all(one.how == "kept" for one in conflict.changes)
        upserts = conflict is not None and conflict.action != "nothing"
        upserts = upserts and not (left and conflict is not None and conflict.changes)
        return Effect(
            "upsert" if upserts else "insert",
            table,
            columns,
            filled,
            conflict,
            rows=rows,
            returns=bool(tree.args.get("returning")),
            at_once=self._at_once(tree.expression),
        )

    def _at_once(self, node: exp.Expr | None) -> bool:
        """Whether the rows are those of one parameter, or of one text that Python puts in."""
        from sqlglot import exp

        if isinstance(node, exp.Subquery):
            node = node.this
        if isinstance(node, exp.Values):
            holes = [self._hole(one) for row in node.expressions for one in row.walk()]
            return any(hole is not None and hole.kind == "rows" for hole in holes)
        if not isinstance(node, exp.Select) or node.args.get("joins"):
            return False
        if any(node.args.get(one) for one in ("distinct", "group", "limit", "qualify", "where")):
            return False
        source = node.args.get("from_") or node.args.get("from")
        if source is None or not isinstance(source.this, (exp.Table, exp.Unnest)):
            return False
        if isinstance(source.this, exp.Table) and isinstance(source.this.this, exp.Identifier):
            return False
        return any(self._hole(one) is not None for one in source.walk())

    def _alias(self, node: exp.Expr | None) -> str:
        return node.alias.lower() if node is not None else ""

    def _rows(self, node: exp.Expr | None) -> tuple[tuple[Filled, ...], int | None]:
        """What fills the first row, and how many rows there are."""
        from sqlglot import exp

        plain = _Row(frozenset())
        if isinstance(node, exp.Values):
            first = node.expressions[0] if node.expressions else None
            inner = first.expressions if isinstance(first, exp.Tuple) else [first]
            given = [one.unnest() for one in inner if isinstance(one, exp.Expr)]
            rows: int | None = len(node.expressions)
            holes = [self._hole(one) for one in given]
            if any(hole is not None and hole.kind == "rows" for hole in holes):
                return (), None
            return tuple(self._filled(one, plain) for one in given), rows
        if isinstance(node, exp.Select):
            found = tuple(self._filled(one.unalias(), plain) for one in node.expressions)
            source = node.args.get("from_") or node.args.get("from")
            if source is None:
                return found, 1
            return tuple(_without_columns(one) for one in found), None
        return (), None

    def _conflict(self, tree: exp.Insert, row: _Row) -> OnConflict | None:
        from sqlglot import exp

        clause = tree.args.get("conflict")
        if not isinstance(clause, exp.OnConflict):
            said = str(tree.args.get("alternative") or "").upper()
            if said == "REPLACE":
                return OnConflict("replace")
            return OnConflict("nothing") if tree.args.get("ignore") or said == "IGNORE" else None
        action = str(clause.args.get("action") or "").upper()
        where = clause.args.get("where")
        keys = [one.this if isinstance(one, exp.Ordered) else one for one in _keys(clause)]
        plain = [one for one in keys if isinstance(one, (exp.Column, exp.Identifier))]
        names = [self._name(one) for one in plain]
        columns = tuple(name for name in names if name is not None) if keys else None
        partial = bool(clause.args.get("index_predicate")) or len(columns or ()) < len(keys)
        changes = self._changes(clause.expressions, row)
        return OnConflict(
            "nothing" if "NOTHING" in action else "update",
            columns,
            self._name(clause.args.get("constraint")),
            partial,
            changes,
            self._only_if(where, row, changes),
        )

    # Updates

    def _update(self, tree: exp.Update) -> Effect:
        source = tree.args.get("from_") or tree.args.get("from")
        row = _Row(self._names(tree.this), alone=source is None)
        changes = self._changes(tree.expressions, row)
        return Effect(
            "update",
            self._table(tree.this),
            tuple(change.column for change in changes),
            tuple(change.filled for change in changes),
            changes=changes,
            selected_by=self._selected(tree),
            only_if=self._only_if(tree.args.get("where"), row, changes),
            returns=bool(tree.args.get("returning")),
        )

    def _merge(self, tree: exp.Merge) -> Effect:
        from sqlglot import exp

        source = tree.args.get("using")
        filled, rows = self._brought(source)
        row = _Row(self._names(tree.this), frozenset((self._alias(source),)) - {""}, filled)
        changes: tuple[Changed, ...] = ()
        only_if = None
        columns: tuple[str, ...] = ()
        values: tuple[Filled, ...] = ()
        whens = tree.args.get("whens")
        for when in whens.expressions if whens is not None else ():
            then = when.args.get("then")
            if isinstance(then, exp.Update):
                changes = self._changes(then.expressions, row)
                only_if = self._only_if(when.args.get("condition"), row, changes)
            elif isinstance(then, exp.Insert) and isinstance(then.this, exp.Tuple):
                names = [self._name(one) for one in then.this.expressions]
                given = then.expression.expressions if then.expression is not None else []
                if all(names) and len(given) == len(names):
                    columns = tuple(name for name in names if name is not None)
                    values = tuple(self._filled(one, row) for one in given)
        keys = self._joined(tree.args.get("on"), row.old)
        conflict = OnConflict("merge", keys or None, None, False, changes, only_if)
        return Effect(
            "upsert",
            self._table(tree.this),
            columns,
            values,
            conflict,
            rows=rows,
            at_once=self._at_once(source),
        )

    def _brought(self, source: exp.Expr | None) -> tuple[dict[str, Filled], int | None]:
        """The columns of MERGE's USING and what fills them."""
        from sqlglot import exp

        if isinstance(source, exp.Values):
            filled, rows = self._rows(source)
            alias = source.args.get("alias")
            names = [one.name.lower() for one in alias.columns] if alias is not None else []
            return dict(zip(names, filled, strict=False)), rows
        select = source.this if isinstance(source, exp.Subquery) else None
        if isinstance(select, exp.Select):
            given = {
                one.alias_or_name.lower(): self._filled(one.unalias(), _Row(frozenset()))
                for one in select.expressions
            }
            return given, 1
        return {}, None

    def _joined(self, on: exp.Expr | None, old: frozenset[str]) -> tuple[str, ...]:
        """The table's columns that MERGE compares for equality."""
        from sqlglot import exp

        found: dict[str, None] = {}
        for one in on.find_all(exp.EQ) if on is not None else ():
            for side in (one.this, one.expression):
                if isinstance(side, exp.Column) and side.table.lower() in old - {""}:
                    name = self._name(side)
                    if name is not None:
                        found[name] = None
        return tuple(found)

    # Expressions

    def _hole(self, node: exp.Expr) -> Fill | None:
        """The placeholder that a name or a quoted text holds."""
        from sqlglot import exp

        if not isinstance(node, (exp.Column, exp.Identifier, exp.Var, exp.Literal, exp.Table)):
            return None
        match = _MARKED.search(node.name)
        return self._holes[int(match[1])] if match is not None else None

    def _filled(self, node: exp.Expr, row: _Row) -> Filled:
        """What an expression is made of."""
        from sqlglot import exp

        fills: dict[Fill, None] = {}
        known = True
        for one in node.walk(bfs=False, prune=_closed):
            brought = self._values_call(one, row)
            if brought is not None:
                fills.update(dict.fromkeys(brought.fills))
                known = known and brought.known
                continue
            hole = self._hole(one)
            if hole is not None:
                fills[hole] = None
            elif isinstance(one, exp.Column):
                given = self._given(one, row)
                if given is None:
                    fills[Fill("column", one.name.lower())] = None
                else:
                    fills.update(dict.fromkeys(given.fills))
                    known = known and given.known
            elif isinstance(one, (exp.Subquery, exp.Select)):
                known = False
            elif _made(one):
                fills[Fill("made", _made(one))] = None
            elif isinstance(one, exp.Anonymous) and one.name.lower() not in _PURE:
                known = False
            elif isinstance(one, (exp.Literal, exp.Null, exp.Boolean)):
                fills[Fill("constant", _literal(one))] = None
            elif isinstance(one, exp.Var) and one.name.upper() == "DEFAULT":
                known = False
            elif isinstance(one, exp.CurrentDate) or type(one).__name__ == "UtcDate":
                known = False  # the same for a day, and mostly for a record that comes again
        return Filled(tuple(fills), known)

    def _given(self, column: exp.Column, row: _Row) -> Filled | None:
        """What fills a column of the new row; None for one of the row that is there."""
        if column.table.lower() not in row.new:
            return None
        return row.filled.get(column.name.lower(), Filled(known=False))

    def _values_call(self, node: exp.Expr, row: _Row) -> Filled | None:
        """MySQL's VALUES(column): what the new row has there."""
        if not _is_values_call(node):
            return None
        return row.filled.get(node.expressions[0].name.lower(), Filled(known=False))

    def _changes(self, assigned: list[exp.Expr], row: _Row) -> tuple[Changed, ...]:
        from sqlglot import exp

        pairs: list[tuple[exp.Expr, exp.Expr]] = []
        for one in assigned:
            if not isinstance(one, exp.EQ):
                continue
            left, right = one.this, one.expression
            if isinstance(left, exp.Tuple):
                if isinstance(right, exp.Tuple):
                    pairs.extend(zip(left.expressions, right.expressions, strict=False))
            else:
                pairs.append((left, right))
        found = []
        for left, right in pairs:
            column = self._name(left)
            if column is not None:
                filled = self._filled(right, row)
                own = tuple(fill for fill in filled.fills if fill.kind != "column")
                how = self._how(right, column, row)
                found.append(Changed(column, how, replace(filled, fills=own)))
        return tuple(found)

    def _how(self, node: exp.Expr, column: str, row: _Row) -> How:
        """What an assigned expression makes of the old value."""
        from sqlglot import exp

        old = [one for one in node.find_all(exp.Column) if self._is_old(one, row)]
        own = [one for one in old if one.name.lower() == column]
        if not own:
            return "other" if old or node.find(exp.Subquery, exp.Select) else "set"
        node = _bare(node)
        if isinstance(node, exp.Column):
            return "kept"
        for one in node.find_all(exp.Add, exp.Sub):
            if any(self._is_itself(side, column, row) for side in (one.this, one.expression)):
                return "add" if not node.find(exp.Case, exp.If) else "other"
        if self._appends(node, column, row):
            return "append"
        if isinstance(node, exp.Coalesce):
            first = _bare(node.this)
            return "kept" if isinstance(first, exp.Column) and first in own else "set"
        if isinstance(node, (exp.Greatest, exp.Least, exp.Case, exp.If)):
            arms = [_bare(one) for one in _arms(node)]
            if all(
                one in own or not any(c in own for c in one.find_all(exp.Column)) for one in arms
            ):
                return "kept"
        return "other"

    def _is_old(self, column: exp.Column, row: _Row) -> bool:
        if self._hole(column) is not None or _is_values_call(column.parent):
            return False
        table = column.table.lower()
        return table in row.old or (row.alone and table not in row.new)

    def _is_itself(self, node: exp.Expr, column: str, row: _Row) -> bool:
        """Whether an operand is the old value, or that with a default for NULL."""
        from sqlglot import exp

        node = _bare(node)
        if isinstance(node, exp.Coalesce):
            node = _bare(node.this)
        return (
            isinstance(node, exp.Column) and node.name.lower() == column and self._is_old(node, row)
        )

    def _appends(self, node: exp.Expr, column: str, row: _Row) -> bool:
        """Whether a text or a list grows. `||` of what may be two JSON objects merges them."""
        from sqlglot import exp

        if isinstance(node, (exp.ArrayAppend, exp.ArrayPrepend, exp.ArrayConcat, exp.Concat)):
            parts = list(node.iter_expressions())
            return any(self._is_itself(one, column, row) for one in parts)
        if isinstance(node, exp.Anonymous) and node.name.lower() in _APPENDING:
            return any(self._is_itself(one, column, row) for one in node.expressions)
        if not isinstance(node, exp.DPipe):
            return False
        operands = [_bare(one) for one in node.flatten()]
        if not any(self._is_itself(one, column, row) for one in operands):
            return False
        if any(cast.to.is_type("json", "jsonb") for cast in node.find_all(exp.Cast)):
            return False
        return any(
            isinstance(one, exp.Array) or (isinstance(one, exp.Literal) and not self._hole(one))
            for one in operands
        )

    # Conditions

    def _selected(self, tree: exp.Expr) -> tuple[str, ...]:
        """The columns of a WHERE, those of its subqueries left out."""
        from sqlglot import exp

        where = tree.args.get("where")
        if where is None:
            return ()
        names: dict[str, None] = {}
        for one in where.walk(
            bfs=False, prune=lambda one: isinstance(one, (exp.Subquery, exp.Select))
        ):
            if isinstance(one, exp.Column) and self._hole(one) is None:
                names[one.name.lower()] = None
        return tuple(names)

    def _only_if(
        self, where: exp.Expr | None, row: _Row, changes: tuple[Changed, ...]
    ) -> str | None:
        """The condition that a repetition fails: one on what the statement itself sets, or one
        other than equality with what it is given. That a number is large enough, or a row active,
        is none."""
        from sqlglot import exp

        if where is None:
            return None
        grown = {one.column for one in changes if one.how in ("add", "append")}
        appended = {one.column for one in changes if one.how == "append"}
        assigned = {one.column for one in changes} - grown
        condition = where.this if isinstance(where, exp.Where) else where
        for one in condition.flatten() if isinstance(condition, exp.And) else (condition,):
            one = _bare(one)
            columns = {c.name.lower() for c in one.find_all(exp.Column) if self._is_old(c, row)}
            given = any(
                self._hole(part) is not None or self._is_new(part, row) for part in one.walk()
            )
            if isinstance(one, exp.EQ):
                if columns & (assigned | grown):
                    return self._shown(one)
            elif given and columns & appended and _lacks(one):
                return self._shown(one)
            elif columns & assigned or (given and not columns & grown) or one.find(exp.Exists):
                if not isinstance(one, (exp.In, exp.Any)):
                    return self._shown(one)
        return None

    def _is_new(self, node: exp.Expr, row: _Row) -> bool:
        from sqlglot import exp

        return isinstance(node, exp.Column) and node.table.lower() in row.new

    def _shown(self, node: exp.Expr) -> str:
        return _MARKED.sub("…", node.sql(self._dialect))


def _without_columns(filled: Filled) -> Filled:
    """What fills a column from another table's: not known where it is one of them."""
    own = tuple(one for one in filled.fills if one.kind != "column")
    return Filled(own, filled.known and len(own) == len(filled.fills))


def _keys(clause: exp.OnConflict) -> list[exp.Expr]:
    return list(clause.args.get("conflict_keys") or ())


def _literal(node: exp.Expr) -> str:
    """The text of a constant."""
    from sqlglot import exp

    if isinstance(node, exp.Literal):
        return node.name
    if isinstance(node, exp.Boolean):
        return str(bool(node.this)).lower()
    return "null"


def _lacks(node: exp.Expr) -> bool:
    """Whether a condition holds where a list has not got an element: NOT (x = ANY (list)),
    x <> ALL (list), array_position(list, x) IS NULL."""
    from sqlglot import exp

    if isinstance(node, exp.Not):
        return not isinstance(_bare(node.this), exp.Is)
    if isinstance(node, exp.NEQ):
        return any(isinstance(one, exp.All) or one.name.upper() == "ALL" for one in node.walk())
    return isinstance(node, exp.Is) and isinstance(node.expression, exp.Null)


def _bare(node: exp.Expr) -> exp.Expr:
    """An expression without parentheses and casts around it."""
    from sqlglot import exp

    while isinstance(node, (exp.Paren, exp.Cast)):
        node = node.this
    return node


def _arms(node: exp.Expr) -> Iterator[exp.Expr]:
    """The values that a choice may come to."""
    from sqlglot import exp

    if isinstance(node, exp.Case):
        for one in node.args.get("ifs") or ():
            yield one.args["true"]
    elif isinstance(node, exp.If):
        yield node.args["true"]
        if node.args.get("false") is not None:
            yield node.args["false"]
    else:
        yield node.this
        yield from node.expressions
    if isinstance(node, exp.Case) and node.args.get("default") is not None:
        yield node.args["default"]


def _is_values_call(node: exp.Expr | None) -> bool:
    from sqlglot import exp

    named = isinstance(node, exp.Anonymous) and node.name.upper() == "VALUES"
    return named and node is not None and bool(node.expressions)


def _closed(node: exp.Expr) -> bool:
    """Whether what is inside an expression is not looked at."""
    from sqlglot import exp

    return isinstance(node, (exp.Column, exp.Subquery, exp.Select)) or _is_values_call(node)


_APPENDING = frozenset(
    {"array_append", "array_prepend", "array_cat", "list_append", "concat", "concat_ws"}
    | {"json_array_append", "jsonb_insert", "list_concat"}
)
# Functions sqlglot has no class for that give the same for the same arguments.
_PURE = frozenset(
    {"jsonb_build_object", "json_build_object", "jsonb_set", "to_jsonb", "json_object", "json"}
    | {"st_point", "st_makepoint", "st_setsrid", "st_geomfromtext", "unnest", "to_tsvector"}
    | {"uuid_generate_v5", "uuid_generate_v3", "encode", "decode", "digest", "make_interval"}
    | {"from_unixtime", "str_to_date", "json_extract", "isnull", "values", *_APPENDING}
)
_MADE: dict[str, str] = {
    "gen_random_uuid": "random",
    "uuid_generate_v1": "random",
    "uuid_generate_v4": "random",
    "uuid": "random",
    "uuid_to_bin": "",
    "newid": "random",
    "newsequentialid": "random",
    "sys_guid": "random",
    "random": "random",
    "rand": "random",
    "randomblob": "random",
    "nextval": "sequence",
    "now": "time",
    "clock_timestamp": "time",
    "statement_timestamp": "time",
    "transaction_timestamp": "time",
    "localtimestamp": "time",
    "getdate": "time",
    "getutcdate": "time",
    "sysdate": "time",
    "systimestamp": "time",
    "sysutcdatetime": "time",
    "sysdatetime": "time",
    "utc_timestamp": "time",
    "unix_timestamp": "time",
}
_TIMES = frozenset(
    {"CurrentTimestamp", "CurrentTime", "CurrentDatetime", "UtcTimestamp"}
    | {"CurrentTimestampLTZ", "Localtimestamp", "Localtime", "UtcTime", "Systimestamp"}
)


def _made(node: exp.Expr) -> str:
    """The kind of a value that the database makes up anew each time; empty for anything else."""
    from sqlglot import exp

    kind = type(node).__name__
    if kind in _TIMES:
        return "time"
    if isinstance(node, (exp.Uuid, exp.Rand)):
        return "random"
    if kind == "NextValueFor":
        return "sequence"
    if isinstance(node, exp.Anonymous):
        # with an argument it is the time of that argument
        timed = node.name.lower() in ("unix_timestamp",) and node.expressions
        return "" if timed else _MADE.get(node.name.lower(), "")
    if isinstance(node, exp.Column) and not node.table and node.name.lower() in ("sysdate",):
        return "time"
    return ""
