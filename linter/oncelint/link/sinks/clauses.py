"""What a statement does with the values it is executed with: its columns' sources, its clauses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from oncelint.flow.blocks import span_of
from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, At, Built, Comp, Foreign, Items, Lit, Phi
from oncelint.frameworks.python.databases import FUNCTIONS
from oncelint.link.sinks.sources import CONSTANT, UNKNOWN, constant, join, source_of
from oncelint.link.sinks.texts import HOLE
from oncelint.model.sinks import CHANGING_KINDS, Change, Conflict, Source
from oncelint.model.values import Span
from oncelint.sql.effects import Changed, Effect, Fill, Filled, OnConflict, read_effects


@dataclass(frozen=True, slots=True)
class Text:
    """A statement's text, where it is written, and the value it was put together as, if it was.

    `read` is the text with the names that are known to be put in.
    """

    text: str
    at: At | None = None
    computed: Comp | None = None
    read: str = ""

    @property
    def span(self) -> Span | None:
        return span_of(self.at) if self.at is not None else None


@dataclass(frozen=True, slots=True)
class Clauses:
    """What an effect's clauses come to (see oncelint.model.sinks.Sink)."""

    fills: tuple[tuple[str, Source], ...]
    changes: tuple[Change, ...]
    conflict: Conflict | None
    many: bool
    one_statement: bool


def texts(values: Iterable[Abs]) -> tuple[Text, ...]:
    """Every text that a statement may be: literal, computed, or sqlalchemy's text(…) and
    psycopg's sql.SQL(…).format(…) of one."""
    found: list[Text] = []
    for value in values:
        if isinstance(value, Phi):
            found.extend(texts(one for _, one in value.branches))
        elif isinstance(value, Lit) and isinstance(value.value, str):
            found.append(Text(value.value, value.at))
        elif isinstance(value, Comp):
            found.append(Text(value.template, value.at, value))
        elif isinstance(value, Foreign) and value.made_from:
            if value.path.partition("()")[0].endswith((".SQL", ".text")):
                for one in texts(value.made_from[:1]):
                    found.append(replace(one, read=with_names(one.text, value.made_from[1:])))
    return tuple(found)


def with_names(text: str, given: Sequence[Abs]) -> str:
    """psycopg's sql.SQL(…).format(…): the text with the literal names that are put in, in order.

    It stays as it is where its holes are not as many as what is given.
    """
    holes = list(HOLE.finditer(text))
    if not holes or len(holes) != len(given):
        return text
    parts = []
    end = 0
    for hole, value in zip(holes, given, strict=True):
        name = value.made_from[0] if isinstance(value, Foreign) and value.made_from else None
        known = isinstance(value, Foreign) and value.path.endswith(".Identifier()")
        put_in = hole.group()
        if known and isinstance(name, Lit) and isinstance(name.value, str):
            put_in = name.value
        parts += [text[end : hole.start()], put_in]
        end = hole.end()
    return "".join((*parts, text[end:]))


def effect_in(text: Text, dialect: str, operations: Sequence[str]) -> Effect | None:
    """The first effect of a text that is one of some operations.

    An entry in a table of what was processed, made by the same text, decides for what is behind
    it.
    """
    effects = read_effects(text.read or text.text, dialect)
    found = next((one for one in effects if one.operation in operations), None)
    if found is None or found.only_if is not None:
        return found
    for other in effects[: effects.index(found)]:
        if other.conflict is not None:
            if other.conflict.action == "nothing" and other.table != found.table:
                return replace(found, only_if=f"an entry in {other.table or 'another table'}")
    return found


def clauses(machine: Machine, execution: Execution, effect: Effect, text: Text) -> Clauses:
    """What fills an effect's columns when it is executed, and what it changes."""
    given = _Given(machine, execution, text)
    columns = zip(effect.columns, effect.filled, strict=False)
    fills = tuple((column, given.source(filled)) for column, filled in columns)
    if not fills:
        fills = given.of_rows(effect.columns)
    at_once = execution.method in FUNCTIONS and execution.method.endswith("execute_values")
    at_once = at_once or effect.at_once
    return Clauses(
        fills,
        given.changes(effect.changes, fills),
        given.conflict(effect.conflict, fills) if effect.conflict is not None else None,
        at_once or effect.rows != 1 or given.many(),
        at_once and effect.operation in ("insert", "upsert") and not given.exact(),
    )


_BATCHES = frozenset({"executemany", "execute_many", "execute_batch"})


class _Given:
    """The arguments of an execution, as the placeholders of its statement name them."""

    def __init__(self, machine: Machine, execution: Execution, text: Text) -> None:
        self._machine = machine
        self._execution = execution
        self._text = text
        function = execution.method in FUNCTIONS
        self._args = execution.args[2:3] if function else execution.args[1:]
        self._named = dict(execution.keywords)
        if not self._args:
            handed = next((self._named[one] for one in _PARAMETERS if one in self._named), None)
            self._args = (handed,) if handed is not None else ()

    def many(self) -> bool:
        """Whether one call is given the parameters of several rows."""
        method = self._execution.method.rpartition(".")[2]
        if method in _BATCHES:
            return True
        first = self._args[0] if len(self._args) == 1 else None
        if not isinstance(first, Items) or first.keys or not first.items:
            return False
        return all(isinstance(one, Items) for one in first.items) and not first.exact

    def exact(self) -> bool:
        """Whether the rows of a batch are counted in the code."""
        if self._execution.method not in FUNCTIONS:
            return False  # a sequence of parameters, of which one may be all rows
        first = self._args[0] if len(self._args) == 1 else None
        return isinstance(first, Items) and first.exact

    def of_rows(self, columns: Sequence[str]) -> tuple[tuple[str, Source], ...]:
        """What fills the columns where all rows are put in at once."""
        if self._execution.method not in FUNCTIONS or not columns:
            return ()
        return tuple(
            (name, source_of(self._machine, self._argument(index)))
            for index, name in enumerate(columns)
        )

    def source(self, filled: Filled) -> Source:
        if not filled.fills:
            return CONSTANT if filled.known else UNKNOWN
        found = join(self._fill(one) for one in filled.fills)
        return found if filled.known else Source(found.kinds, False, found.span)

    def _fill(self, fill: Fill) -> Source:
        if fill.kind == "constant":
            return constant(fill.value)
        if fill.kind == "made":
            return Source(frozenset((str(fill.value),)))
        if fill.kind in ("index", "name"):
            return source_of(self._machine, self._argument(fill.value))
        return self._put_in(str(fill.value)) if fill.kind == "hole" else UNKNOWN

    def _put_in(self, hole: str) -> Source:
        """What Python puts into the text: `{record}`, `{uuid4()}`."""
        computed = self._text.computed
        if computed is None:
            return UNKNOWN
        if hole == "record":
            return Source(frozenset(("record",)), "other" not in computed.kinds)
        kinds = frozenset(str(kind) for kind in computed.kinds)
        changing = kinds & CHANGING_KINDS
        if not hole and kinds and not changing and "record" in kinds:
            return Source(frozenset(("record",)), "other" not in kinds)
        return Source(changing) if hole.endswith("()") and changing else UNKNOWN

    def _argument(self, filler: int | str) -> Abs | None:
        """The value of a parameter by index or name; of a batch, that of its first row."""
        given = self._args[0] if self._args else None
        if isinstance(given, Items) and given.items and not given.keys:
            first = given.items[0]
            inner = isinstance(first, (Items, Built)) or not given.exact
            if len(self._args) == 1 and inner and (given.items[1:] or not _is_value(first)):
                given = first
        if isinstance(given, Phi):
            given = next((one for _, one in given.branches if isinstance(one, Items)), given)
        if isinstance(filler, str):
            if isinstance(given, Items) and given.keys:
                return dict(zip(given.keys, given.items, strict=False)).get(filler)
            if isinstance(given, Built):
                return dict(given.fields).get(filler)
            return self._named.get(filler, given if not isinstance(given, Items) else None)
        if isinstance(given, Items) and not given.keys and len(self._args) == 1:
            return given.items[filler] if filler < len(given.items) else None
        if isinstance(given, Built) and len(self._args) == 1:
            return given.fields[filler][1] if filler < len(given.fields) else None
        if len(self._args) == 1 and not isinstance(given, (Lit, Items)):
            return given  # a row that is handed over whole, or asyncpg's only parameter
        return self._args[filler] if filler < len(self._args) else None

    def changes(
        self, changed: Iterable[Changed], fills: tuple[tuple[str, Source], ...]
    ) -> tuple[Change, ...]:
        known = dict(fills)
        span = self._text.span
        return tuple(
            Change(one.column, one.how, self._changed(one, known), span) for one in changed
        )

    def _changed(self, one: Changed, fills: dict[str, Source]) -> Source:
        if not one.filled.fills and not one.filled.known:
            # all rows are put in at once: `x = EXCLUDED.x` is what fills x
            return fills.get(one.column, UNKNOWN)
        return self.source(one.filled)

    def conflict(self, found: OnConflict, fills: tuple[tuple[str, Source], ...]) -> Conflict:
        return Conflict(
            found.action,
            found.columns,
            found.constraint,
            found.partial,
            self.changes(found.changes, fills),
            self._text.span,
            found.only_if,
        )


_PARAMETERS = ("params", "parameters", "vars", "args", "values", "param_list", "argslist", "data")


def _is_value(value: Abs) -> bool:
    """Whether a value is one column's, so that a list of them is one row."""
    return isinstance(value, (Lit, Comp))
