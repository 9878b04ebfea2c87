"""What is done for a consumed record outside its loop: writes, calls and messages.

Each kind of write has a recogniser; the first that knows an execution tells what it does.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from oncelint.flow.blocks import span_of
from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution, LoopContext
from oncelint.flow.values import At
from oncelint.frameworks.python.databases import FUNCTIONS, NOT_RELATIONAL
from oncelint.frameworks.python.streaming import FRAMEWORK
from oncelint.link.clients import Made, Surroundings, is_test
from oncelint.link.outline import place_of, walk
from oncelint.link.paths import call_path
from oncelint.link.schemas import Schemas
from oncelint.link.sinks import calls, mappers, stores, tables
from oncelint.link.sinks.chains import Chains
from oncelint.link.sinks.clauses import texts
from oncelint.link.sinks.deciding import (
    Decision,
    compares,
    decides,
    keeps_distinct,
    locks,
    mentions,
    raises_past,
    sets_what_it_compares,
)
from oncelint.link.sinks.engines import Engines
from oncelint.link.sinks.handling import caught_when_sent, going_on
from oncelint.link.sinks.lookups import given, is_idle, scope_of, within
from oncelint.link.sinks.marking import committed_between
from oncelint.link.sinks.origins import library_of
from oncelint.link.sinks.partial import Partial
from oncelint.model import ir
from oncelint.model.finding import Confidence
from oncelint.model.project import Consumer
from oncelint.model.sinks import Decided, Sink
from oncelint.model.values import Span


@dataclass(frozen=True, slots=True)
class Found:
    """All sinks, and by the id() of each execution in the trace what it became: one sink for each
    consumer whose records lead to it, the very objects of `sinks` where they stand there."""

    sinks: tuple[Sink, ...]
    by_execution: dict[int, tuple[Sink, ...]] = field(default_factory=dict)


def find(
    machine: Machine,
    made: Sequence[Made],
    around: Surroundings,
    files: Iterable[str] = (),
    read: Callable[[str], bytes | None] = lambda path: None,
) -> Found:
    """Every write in a consume loop, once for each consumer whose records lead to it.

    `files` are the project's, `read` gives the bytes of one: its .sql files tell unique keys.
    """
    consumers = {one.site: one.client for one in reversed(made) if isinstance(one.client, Consumer)}
    positioned = {use.site for use in machine.trace.uses if use.method in _POSITIONS}
    listed = tuple(files)
    schemas = Schemas(machine, around, listed, read)
    finder = _Finder(machine, around, schemas, Engines(machine, around, listed, read))
    found: dict[tuple[Span, Span], Sink] = {}
    keys: dict[int, list[tuple[Span, Span]]] = {}
    for execution in machine.trace.executions:
        for loop in execution.loops:
            for site, polled in loop.consumers.items():
                consumer = consumers.get(site)
                sink = finder.sink(execution, consumer, polled, loop) if consumer else None
                if sink is None:
                    continue
                if site in positioned:
                    sink = replace(sink, positioned=True)
                key = (sink.span, sink.consumer.span)
                keys.setdefault(id(execution), []).append(key)
                if key not in found or (sink.guard and not found[key].guard):
                    found[key] = sink
        finder.remember(execution)
    by_execution = {
        one: tuple(found[key] for key in dict.fromkeys(listed)) for one, listed in keys.items()
    }
    return Found(tuple(found.values()), by_execution)


def sinks(
    machine: Machine,
    made: Sequence[Made],
    around: Surroundings,
    files: Iterable[str] = (),
    read: Callable[[str], bytes | None] = lambda path: None,
) -> tuple[Sink, ...]:
    """The sinks alone of what `find` finds."""
    return find(machine, made, around, files, read).sinks


# What chooses the position of a consumer other than its group and auto.offset.reset do.
_POSITIONS = frozenset({"seek", "seek_to_beginning", "assign", "incremental_assign"})
# Names of tables that remember which records were processed (the inbox pattern).
_INBOX = re.compile(r"inbox|processed|dedup|idempoten|already_|seen_|handled_|consumed_")
_ANY_TABLE = "*"
_CHANGES = frozenset({"update", "orm-update", "delete"})
_GROWS = _CHANGES | {"increment", "append"}
_INSERTS = frozenset({"insert", "orm-add", "orm-create"})
_TEMPORARY = re.compile(
    r"\bCREATE\s+(?:GLOBAL\s+|LOCAL\s+)?TEMP(?:ORARY)?\s+TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?"
    r"[\"`]?(\w+)",
    re.I,
)
# As much of a statement is looked at for it.
_HEAD = 2000
# More than these of what came before in a loop are not looked through for one write.
_EARLIER = 12


# A request for what a service has already.
_ASKED = "a GET"


@dataclass(frozen=True, slots=True)
class _Earlier:
    """A lookup of a table, or (`enters`) an insert that skips what is there already, or `raises`
    where something is; or a change (`updates`) that tells whether it found a row, of which a
    repetition finds none where it `claims` it by a condition on what it changes."""

    execution: Execution
    table: str | None
    told: str
    enters: bool
    raises: bool = False
    updates: bool = False
    claims: bool = False


class _Finder:
    """Judges one execution after the other, in the order of the program."""

    def __init__(
        self, machine: Machine, around: Surroundings, schemas: Schemas, engines: Engines
    ) -> None:
        self._machine = machine
        self._engines = engines
        self._around = around
        self._schemas = schemas
        self._chains = Chains(machine)
        self._looked: dict[int, dict[str, str]] = {}
        # what may decide in a loop whether a write is done: its lookups, and what it enters
        self._earlier: dict[int, list[_Earlier]] = {}
        self._commits: dict[int, list[Execution]] = {}
        self._locked: set[int] = set()
        self._partials: dict[int, Partial | None] = {}
        self._functions: dict[str, list[ir.Function]] = {}
        self._temporary: set[str] | None = None
        # the columns of a table that an UPDATE in a loop sets
        self._set: dict[tuple[int, str], set[str]] | None = None

    def sink(
        self, execution: Execution, consumer: Consumer, polled: At, loop: LoopContext
    ) -> Sink | None:
        partial = self._recognised(execution)
        if partial is None or (execution.record is False and partial.record is False):
            return None
        deciding = self._deciding(execution, partial)
        before = self._guard(execution, partial, deciding)
        known = partial.declared
        path = call_path(execution.path, loop, polled, execution.at, "writes here")
        confidence: Confidence = "high" if partial.certain else "medium"
        if execution.record is not True and partial.record is not True:
            confidence = "low"
        span = partial.span or span_of(execution.at)
        statement = partial.statement_span
        if statement is not None and self._hands_on(execution, statement):
            span = statement
        sites = [At(step.span.path, place_of(step.span)) for step in execution.path]
        called = consumer.placement == FRAMEWORK
        handlers = going_on(
            self._machine.modules,
            execution.handlers,
            (*sites, execution.at),
            loop.at,
            called=called,
        )
        return Sink(
            library=partial.library,
            operation=partial.operation,
            span=span,
            consumer=consumer,
            path=path,
            kind=partial.kind,
            target=partial.target,
            statement=partial.statement,
            table=partial.table,
            columns=partial.columns,
            guard=partial.guard or before or self._staged(partial),
            deduplicated=self._deduplicated(execution, deciding),
            conflict=partial.conflict,
            fills=partial.fills,
            changes=partial.changes,
            selected_by=partial.selected_by,
            keys=partial.keys,
            identity=partial.identity,
            identity_name=partial.identity_name,
            engine=partial.engine,
            many=partial.many,
            one_statement=partial.one_statement,
            rows_distinct=partial.one_statement and self._distinct(execution),
            caught=self._caught(execution, partial, handlers, sites),
            confidence=confidence,
            in_tests=is_test(execution.at.path) and not self._around.include_tests,
            statement_span=statement,
            keys_span=known.span if known is not None else None,
            keys_settled=known is None or known.settled,
            unique=tuple(key.columns for key in known.keys) if known is not None else None,
            generated=known.generated if known is not None else frozenset(),
            looked_up=self._races(execution, partial, deciding),
            tried_first=any(one.updates and not one.enters for one in deciding),
            decided=self._decided(execution, partial, deciding),
            marked_first=self._marked_first(execution, partial, deciding),
            swallowed=any(_swallows(name) for name in handlers),
            sql=partial.sql,
            repeated=partial.repeated,
        )

    def _caught(
        self,
        execution: Execution,
        partial: Partial,
        handlers: Sequence[str],
        sites: Sequence[At],
    ) -> bool:
        """Whether a violation is caught around the write, or where a mapper sends it."""
        if any(_catches(name) for name in handlers):
            return True
        if not partial.operation.startswith("orm-"):
            return False
        modules = self._machine.modules
        return caught_when_sent(modules, (*sites, execution.at), execution.handlers, _catches)

    def _recognised(self, execution: Execution) -> Partial | None:
        """What an execution does; asked once for each of them."""
        key = id(execution)
        if key not in self._partials:
            self._partials[key] = self._recognise(execution)
        return self._partials[key]

    def _recognise(self, execution: Execution) -> Partial | None:
        machine, schemas = self._machine, self._schemas
        library, _ = library_of(machine, execution)
        partial = None
        if library not in NOT_RELATIONAL:
            partial = mappers.recognise(machine, execution, schemas, self._chains)
            partial = partial or tables.recognise(machine, execution, schemas)
        partial = partial or stores.recognise(machine, execution, self._engines)
        return partial or calls.recognise(machine, execution)

    def _hands_on(self, execution: Execution, statement: Span) -> bool:
        """Whether a helper writes a statement that another function gives it."""
        module = self._machine.modules.get(execution.at.path)
        index = 1 if execution.method in FUNCTIONS else 0
        if module is None or not given(module.body, execution.at.place, index):
            return False
        return statement.path != execution.at.path or not within(
            module.body, execution.at.place, place_of(statement)
        )

    def _guard(
        self, execution: Execution, partial: Partial, deciding: Sequence[_Earlier]
    ) -> str | None:
        """What happens before a write that keeps it from being repeated."""
        if partial.operation in _CHANGES:
            found = next((one.told for one in deciding), None)
            return found or self._looked_up(execution.loops, _ANY_TABLE)
        entered = next(
            (
                one.told
                for one in deciding
                if one.enters or one.updates or one.table != partial.table
            ),
            None,
        )
        return entered or self._looked_up(execution.loops, partial.table or partial.target)

    def _deduplicated(self, execution: Execution, deciding: Sequence[_Earlier]) -> str | None:
        """What was done before in the loop by which a repetition is told from the first."""
        return next((one.told for one in deciding), None) or self._looked_up(
            execution.loops, _ANY_TABLE
        )

    def _distinct(self, execution: Execution) -> bool:
        """Whether code on the way to a write may keep one row for each key."""
        places = [At(step.span.path, place_of(step.span)) for step in execution.path]
        for at in (*places, execution.at):
            module = self._machine.modules.get(at.path)
            if module is not None and keeps_distinct(
                scope_of(module.body, (), at.place)[0], self._functions_named
            ):
                return True
        return False

    def _functions_named(self, name: str) -> Sequence[ir.Function]:
        """The project's functions and methods of a name."""
        if not self._functions:
            for module in self._machine.modules.loaded():
                for stmt in module.body:
                    for one in walk(stmt):
                        if isinstance(one, ir.Function):
                            self._functions.setdefault(one.name, []).append(one)
        return self._functions.get(name, ())

    def _deciding(self, execution: Execution, partial: Partial) -> list[_Earlier]:
        """What was looked up or entered before and decides that a write is done, of which a
        repetition finds that it is not to be done."""
        found = []
        for loop in execution.loops:
            for one in self._earlier.get(id(loop), ())[-_EARLIER:]:
                here, there = execution.at, one.execution.at
                if (here.path, here.place) == (there.path, there.place):
                    continue  # the same statement, by another way
                if one.told == _ASKED and (partial.kind, partial.target) != ("http", one.table):
                    continue  # tells nothing of another service's entries
                modules = self._machine.modules
                decision = decides(modules, one.execution, execution)
                if one.raises:
                    judged = partial.operation in _GROWS or one.claims
                    if judged and raises_past(modules, one.execution, execution):
                        found.append(one)
                elif one.enters:
                    if decision is not None:
                        found.append(one)
                elif one.updates:
                    if decision == "present" and one.claims:
                        found.append(replace(one, enters=True))
                    elif decision == "absent" and one.table == partial.table:
                        found.append(one)
                elif self._keeps_out(one, decision, execution, partial):
                    found.append(one)
        return found

    def _keeps_out(
        self, lookup: _Earlier, decision: Decision | None, execution: Execution, partial: Partial
    ) -> bool:
        """Whether a repetition that looks up again finds that the write is not to be done."""
        if decision == "absent" or (decision == "differs" and lookup.table == partial.table):
            return True
        return decision is not None and self._moves(lookup, execution)

    def _staged(self, partial: Partial) -> str | None:
        """A temporary table goes with its transaction or connection."""
        if self._temporary is None:
            executions = self._machine.trace.executions
            said = (one.text for each in executions for one in texts(each.args[:1]))
            self._temporary = {
                name.lower() for text in said for name in _TEMPORARY.findall(text[:_HEAD])
            }
        return "a temporary table" if partial.table in self._temporary else None

    def _moves(self, lookup: _Earlier, execution: Execution) -> bool:
        """Whether what was looked up and compared is changed for the same record, so that a
        repetition finds another state."""
        if sets_what_it_compares(self._machine.modules, lookup.execution, execution):
            return True
        modules = self._machine.modules
        if lookup.table is None or not compares(modules, lookup.execution, execution):
            return False
        if self._set is None:
            self._set = {}
            for one in self._machine.trace.executions:
                partial = self._recognised(one) if one.loops else None
                if partial is None or partial.operation != "update" or partial.table is None:
                    continue
                columns = {each.column for each in partial.changes if each.how == "set"}
                for loop in one.loops:
                    self._set.setdefault((id(loop), partial.table), set()).update(columns)
        said = " ".join(text.text.lower() for text in texts(lookup.execution.args[:1]))
        words = set(re.findall(r"\w+", said))
        return any(
            words & self._set.get((id(loop), lookup.table), set()) for loop in execution.loops
        )

    def _races(
        self, execution: Execution, partial: Partial, deciding: Sequence[_Earlier]
    ) -> Span | None:
        """The lookup of the same table that a second delivery passes as well: no lock is taken in
        the loop, and no transaction is serialisable."""
        lookup = next(
            (one for one in deciding if not one.enters and one.table == partial.table), None
        )
        if lookup is None and partial.looked_up is None:
            return None
        if lookup is not None and (partial.operation in _CHANGES or partial.conflict is not None):
            return None
        if self._waits(execution, lookup):
            return None
        if any(one.enters or one.table != partial.table for one in deciding) or self._looked_up(
            execution.loops, _ANY_TABLE
        ):
            return None
        return span_of(lookup.execution.at) if lookup is not None else partial.looked_up

    def _decided(
        self, execution: Execution, partial: Partial, deciding: Sequence[_Earlier]
    ) -> Decided | None:
        """The lookup that alone keeps a repetition from being written."""
        looks = (one for one in deciding if not one.enters and not one.updates)
        lookup = next((one for one in looks if one.table is not None), None)
        if lookup is None or lookup.table is None or partial.conflict is not None:
            return None
        if partial.guard is not None or any(one.enters for one in deciding):
            return None
        if self._waits(execution, lookup):
            return None
        return Decided(span_of(lookup.execution.at), lookup.table)

    def _marked_first(
        self, execution: Execution, partial: Partial, deciding: Sequence[_Earlier]
    ) -> Span | None:
        """The commit of the entry that keeps a repetition out, where it comes before the write."""
        if partial.kind != "table":
            return None
        commits = [one for loop in execution.loops for one in self._commits.get(id(loop), ())]
        for one in deciding if commits else ():
            if one.enters and not (one.raises or one.updates) and one.table != partial.table:
                modules = self._machine.modules
                found = committed_between(modules, one.execution, commits, execution)
                if found is not None:
                    return span_of(found.at)
        return None

    def _waits(self, execution: Execution, lookup: _Earlier | None) -> bool:
        """Whether a second delivery waits for the first, or fails: a lock is taken in the loop, a
        transaction is serialisable, or rows have a version that is compared."""
        if any(id(loop) in self._locked for loop in execution.loops):
            return True
        here = lookup.execution.at if lookup is not None else execution.at
        for path in {execution.at.path, here.path, execution.module}:
            module = self._machine.modules.get(path)
            if module is not None and any(mentions(module.body, word) for word in _STRICT):
                return True
        return False

    def remember(self, execution: Execution) -> None:
        """A lookup or a deletion of a table: what follows in the loop depends on it.

        A table of what was processed guards every write behind it, whether it is looked up or
        written to first. A lookup whose rows nothing depends on guards nothing.
        """
        if not any(loop.consumers for loop in execution.loops):
            return
        if execution.method == "commit":
            for loop in execution.loops:
                self._commits.setdefault(id(loop), []).append(execution)
        if locks(execution):
            self._locked.update(id(loop) for loop in execution.loops)
        table, told = mappers.looked_up(self._schemas, execution)
        if table is None:
            table, told = tables.looked_up(execution)
        if table is None:
            table, told = stores.looked_up(self._machine, execution)
        if table is None and (address := calls.asked(execution)) is not None:
            self._keep(execution, _Earlier(execution, address, _ASKED, False))
            return
        if table is not None and told not in _CLEARS:
            module = self._machine.modules.get(execution.at.path)
            if module is not None and is_idle(module.body, execution.at.place):
                return
        if table is not None and told not in _CLEARS:
            self._keep(execution, _Earlier(execution, table, told, False))
        self._keep_change(execution)
        if table is None:
            partial = self._recognised(execution)
            if partial is not None and partial.conflict is not None:
                if partial.conflict.action == "nothing":
                    told = f"an entry in {partial.table or 'another table'}"
                    self._keep(execution, _Earlier(execution, partial.table, told, True))
            elif (
                partial is not None
                and partial.operation in _INSERTS
                and (
                    any(_catches(name) for name in execution.handlers)
                    or (execution.handlers and partial.keys)
                )
            ):
                told = f"an entry in {partial.table or 'another table'}"
                keyed = bool(partial.keys)
                self._keep(
                    execution, _Earlier(execution, partial.table, told, True, True, claims=keyed)
                )
            elif partial is not None and stores.raises_again(execution, partial):
                told = f"an entry in {partial.target or 'another collection'}"
                self._keep(execution, _Earlier(execution, partial.target, told, True, True))
            if partial is not None and partial.table is not None:
                if _INBOX.search(partial.table):
                    table, told = partial.table, f"an entry in {partial.table}"
        if table is None:
            return
        for loop in execution.loops:
            looked = self._looked.setdefault(id(loop), {})
            looked.setdefault(table, told)
            if _INBOX.search(table):
                looked.setdefault(_ANY_TABLE, told)

    def _keep_change(self, execution: Execution) -> None:
        """A change after which the program can ask whether there was anything to change."""
        partial = self._recognised(execution)
        if partial is None:
            return
        claims = stores.claims(execution)
        if partial.operation in _CHANGES:
            claims = partial.guard is not None or partial.operation == "delete"
        elif not claims:
            return
        told = f"the condition of a change of {partial.target or 'another table'}"
        earlier = _Earlier(
            execution, partial.table or partial.target, told, False, updates=True, claims=claims
        )
        self._keep(execution, earlier)

    def _keep(self, execution: Execution, earlier: _Earlier) -> None:
        for loop in execution.loops:
            self._earlier.setdefault(id(loop), []).append(earlier)

    def _looked_up(self, loops: Sequence[LoopContext], table: str | None) -> str | None:
        for loop in loops:
            looked = self._looked.get(id(loop), {})
            told = looked.get(table or "") or looked.get(_ANY_TABLE)
            if told:
                return told
        return None


_STRICT = ("SERIALIZABLE", "VERSION_ID_COL")
_CLEARS = frozenset({"delete()", "DELETE"})


# What is caught -------------------------------------------------------------------------------

_VIOLATIONS = frozenset(
    {"IntegrityError", "UniqueViolation", "UniqueViolationError", "DuplicateKeyError"}
    | {"NotUniqueError", "BulkWriteError", "ConditionalCheckFailedException"}
)
_ANYTHING = frozenset({"*", "Exception", "BaseException", "any exception"})
_ANY_DATABASE_ERROR = ("Error", "DatabaseError", "SQLAlchemyError", "DBAPIError", "PostgresError")


def _catches(name: str) -> bool:
    return name.rpartition(".")[2] in _VIOLATIONS


def _swallows(name: str) -> bool:
    last = name.rpartition(".")[2]
    return name in _ANYTHING or last in _ANYTHING or ("." in name and last in _ANY_DATABASE_ERROR)
