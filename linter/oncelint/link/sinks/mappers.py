"""Writes through mappers: objects that are added, saved or created, and statements built by calls.

SQLAlchemy, SQLModel and Flask-SQLAlchemy sessions; Django's managers, query sets and models and the
serializers of its REST framework; peewee; Tortoise. Sources: SQLAlchemy "Session Basics",
`Session.merge`, "INSERT…ON CONFLICT (Upsert)"; Django "QuerySet API reference" (get_or_create,
update_or_create, bulk_create), "Model instance reference"; peewee "Querying" (upsert,
get_or_create) and `Model.save`; Tortoise `Model.get_or_create`, `Model.bulk_create`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from oncelint.flow.blocks import span_of
from oncelint.flow.machine import Machine
from oncelint.flow.objects import bases_of
from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, Built, ClassObj, Foreign, Items, Lit, Phi, Ref
from oncelint.frameworks.python.databases import LOOKUP_METHODS, MAPPERS, STATEMENT_METHODS
from oncelint.link.schemas import Declared, Schemas
from oncelint.link.sinks import loaded
from oncelint.link.sinks.chains import (
    Chains,
    Step,
    assignments,
    change,
    conditions,
    derived,
    path_steps,
)
from oncelint.link.sinks.origins import dialect_of, library_of, origin
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.rows import Row, fills, fresh, named, row_of, violated
from oncelint.link.sinks.sources import UNKNOWN
from oncelint.link.sinks.texts import statement_args
from oncelint.model import ir
from oncelint.model.sinks import Change, Conflict

# Libraries whose models are created and saved by themselves, by what their ways begin with.
_MODELS = ("django", "peewee", "playhouse", "peewee_async", "tortoise", "rest_framework")
_ADDS = frozenset({"add", "add_all", "bulk_save_objects", "bulk_insert_mappings"})
_CREATES = frozenset({"create", "acreate"})
_BULK = frozenset({"bulk_create", "abulk_create"})
_GETS = frozenset({"get_or_create", "aget_or_create", "get_or_none_create"})
_UPSERTS = frozenset({"update_or_create", "aupdate_or_create"})
_SAVES = frozenset({"save", "asave"})
_GUARDS = {
    "on_conflict_do_nothing": "nothing",
    "on_conflict_do_update": "update",
    "on_duplicate_key_update": "update",
    "on_conflict_ignore": "nothing",
    "on_conflict_replace": "replace",
    "on_conflict": "update",
    "prefix_with": "",
}


def recognise(
    machine: Machine, execution: Execution, schemas: Schemas, chains: Chains
) -> Partial | None:
    """What an execution writes through a mapper; None for anything else."""
    reading = _Reading(machine, execution, schemas, chains)
    found = reading.read()
    if found is None:
        return None
    repeated = fresh(found.fills)
    return replace(
        found,
        target=found.table,
        repeated=tuple(one for one in found.columns if one not in repeated),
    )


@dataclass(frozen=True, slots=True)
class _Model:
    """The mapped class, or the table by its name, that is written, as far as it is declared."""

    table: str | None
    declared: Declared | None
    cls: Ref | None = None


class _Reading:
    """One execution, read as a write of one library after the other."""

    def __init__(
        self, machine: Machine, execution: Execution, schemas: Schemas, chains: Chains
    ) -> None:
        self.machine = machine
        self.execution = execution
        self.schemas = schemas
        self.chains = chains
        self.library, self.inferred = library_of(machine, execution)
        self.dialect = dialect_of(execution, self.library)

    def read(self) -> Partial | None:
        method = self.execution.method
        receiver = self.execution.receiver
        path = receiver.path if isinstance(receiver, Foreign) else ""
        if self.library in _MODELS:
            return self._of_models(self.chains.step(self.execution), path)
        if method in _ADDS:
            return self._added()
        if method == "merge":
            return self._merged()
        if method in STATEMENT_METHODS:
            return self._executed(next(iter(statement_args(self.execution)), None))
        if self.library in MAPPERS and ".query" in path.replace("().query()", ".query"):
            if method == "update":
                return self._updated(self.chains.steps(receiver), path)
            if method == "delete":
                return self._deleted(self.chains.steps(receiver), path)
        if self.library in MAPPERS and method in loaded.LOADS:
            return self._changed_later()
        return None

    # Models and tables ------------------------------------------------------------------------

    def _class(self, value: Abs | None) -> Ref | None:
        ref = value.cls if isinstance(value, Built) else value
        if isinstance(ref, Ref) and isinstance(self.machine.obj(ref), ClassObj):
            return ref
        return None

    def _model(self, cls: Ref | None) -> _Model:
        if cls is None:
            return _Model(None, None)
        declared = self.schemas.model(cls)
        table = declared.table if declared is not None else self.schemas.model_table(cls)
        if declared is not None and table is not None:
            declared = self.schemas.completed(declared, table, self.execution.at.path, self.dialect)
        return _Model(table, declared, cls)

    def _model_in(self, value: Abs | None) -> _Model:
        """What a statement, query or manager is about: a mapped class or a Table."""
        if self._class(value) is not None:
            return self._model(self._class(value))
        if not isinstance(value, Foreign):
            return _Model(None, None)
        for one in value.made_from:
            if self._class(one) is not None:
                return self._model(self._class(one))
            if isinstance(one, Foreign) and one.path.endswith(
                (".Table()", ".query()", ".__table__")
            ):
                return self._model_in(one)
            if isinstance(one, Lit) and ".Table()" in value.path and isinstance(one.value, str):
                table = one.value.lower()
                found = self.schemas.find(table, self.execution.at.path, self.dialect)
                return _Model(table, found)
        return _Model(None, None)

    def _partial(self, operation: str, model: _Model, row: Row, guard: str | None) -> Partial:
        filled = fills(self.machine, row)
        return Partial(
            library=self.library or "SQL",
            operation=operation,
            certain=not self.inferred,
            table=model.table,
            columns=tuple(row.values) if row.whole else (),
            guard=guard,
            fills=filled,
            declared=model.declared if model.table is not None else None,
            keys=violated(model.declared, row, fresh(filled)),
            sql=self.dialect,
        )

    # SQLAlchemy's sessions --------------------------------------------------------------------

    def _added(self) -> Partial | None:
        """session.add(Model(…)): what is added must be a mapped object made here."""
        execution = self.execution
        value = execution.args[0] if execution.args else None
        mappings = execution.method == "bulk_insert_mappings"
        if isinstance(value, Items) and value.items:
            value = value.items[0]
        cls = self._class(value)
        if cls is None or not (mappings or isinstance(value, Built)):
            return None
        if self.library not in MAPPERS and not _is_mapped(self.machine, cls):
            return None
        model = self._model(cls)
        rows = execution.args[1] if mappings and len(execution.args) > 1 else value
        found = self._partial("orm-add", model, row_of(rows, model.declared), None)
        return replace(found, many=execution.method != "add")

    def _merged(self) -> Partial | None:
        """session.merge(Model(…)): an update of the row with the object's primary key, which is
        inserted when there is none, or when the object has no key yet."""
        value = self.execution.args[0] if self.execution.args else None
        cls = self._class(value)
        if cls is None or not isinstance(value, Built):
            return None
        if self.library not in MAPPERS and not _is_mapped(self.machine, cls):
            return None
        model = self._model(cls)
        row = row_of(value, model.declared)
        primary = model.declared.primary if model.declared is not None else frozenset()
        keyed = not (row.whole and primary) or primary <= set(row.values)
        if not keyed and model.declared is not None and primary & model.declared.generated:
            return self._partial("orm-add", model, row, None)
        found = self._partial("orm-upsert", model, row, "merge()")
        if fresh(found.fills) & primary:
            return replace(found, operation="orm-add", guard=None)
        changes = tuple(
            Change(column, "set", source, source.span)
            for column, source in found.fills
            if column not in primary
        )
        conflict = Conflict("merge", tuple(sorted(primary)) or None, changes=changes)
        return replace(found, conflict=conflict)

    # Statements built by calls ----------------------------------------------------------------

    def _executed(self, value: Abs | None) -> Partial | None:
        if isinstance(value, Phi):
            read = [self._executed(one) for _, one in value.branches]
            if any(one is None for one in read):
                return next((one for one in read if one is not None and one.guard), None)
            return next((one for one in read if one is not None and one.guard), read[0])
        if not isinstance(value, Foreign) or value.path.partition(".")[0] not in MAPPERS:
            return None
        calls = path_steps(value.path)
        steps = self.chains.steps(value)
        for verb, reader in (
            ("insert", self._inserted),
            ("update", self._update),
            ("delete", None),
        ):
            if verb in calls[:2]:
                found = reader(value, calls, steps) if reader else self._delete(value, steps)
                record = derived(steps)
                span = span_of(value.at) if value.at is not None else None
                return replace(found, statement_span=span, record=record)
        return None

    def _inserted(self, value: Foreign, calls: list[str], steps: list[Step]) -> Partial:
        """insert(table).values(…): the chain of calls is the statement."""
        named_ = value.path.removeprefix("sqlalchemy.dialects.").partition(".")[0]
        self.dialect = self.dialect or _DIALECTS.get(named_, "")
        model = self._model_in(value)
        guard = next((call for call in calls if call in _GUARDS), None)
        # from_select may hold its own NOT EXISTS
        guard = guard or ("from_select" if "from_select" in calls else None)
        row = Row()
        for step in steps:
            if step.name == "values":
                row = self._values(step, model.declared)
        rows = self.execution.args[1] if len(self.execution.args) > 1 else None
        if not row.values and rows is not None:
            row = row_of(rows, model.declared)
        seen = [step.name for step in steps]
        if "insert" not in seen or seen[seen.index("insert") :] != calls[calls.index("insert") :]:
            row = Row(row.values)  # some of what it was given is not seen
        found = self._partial("insert", model, row, guard)
        given = [one for step in steps if step.name == "values" for one in step.execution.args]
        if _is_batch(given[0] if given else None):
            found = replace(found, many=True, one_statement=True)
        if guard is None or guard not in _GUARDS:
            return found
        if guard == "prefix_with":  # any text, IGNORE or OR REPLACE among it
            return found
        clause = next((one for one in steps if one.name == guard), None)
        conflict = self._clause(guard, clause, model, found)
        return replace(found, operation=_verb(guard), conflict=conflict)

    def _values(self, step: Step, declared: Declared | None) -> Row:
        if step.execution.keywords:
            return named(step.execution.keywords, declared)
        first = step.execution.args[0] if step.execution.args else None
        return row_of(first, declared)

    def _clause(
        self, guard: str, step: Step | None, model: _Model, found: Partial
    ) -> Conflict | None:
        """What on_conflict_…() says; None where it is not seen."""
        if step is None:
            return None
        span = span_of(step.execution.at)
        given = step.keywords
        action = _GUARDS[guard]
        columns = self._columns(step, "index_elements", model)
        columns = columns or self._columns(step, "conflict_target", model)
        constraint = given.get("constraint", given.get("conflict_constraint"))
        name = str(constraint.value) if isinstance(constraint, Lit) else None
        changes: tuple[Change, ...] = ()
        if guard == "on_duplicate_key_update":
            changes = tuple(
                self._change(name_, value, step.written(name_), model)
                for name_, value in step.execution.keywords
            )
        elif action == "update":
            word = "set_" if guard == "on_conflict_do_update" else "update"
            pairs = assignments(given.get(word), step.written(word))
            changes = tuple(self._change(*pair, model) for pair in pairs)
            preserved = self._columns(step, "preserve", model) or ()
            sources = dict(found.fills)
            changes += tuple(
                Change(column, "set", sources[column], span)
                for column in preserved
                if column in sources
            )
            if guard == "on_conflict" and not changes:
                action = "nothing"
        return Conflict(
            action,  # type: ignore[arg-type]
            columns,
            name.lower() if name is not None else None,
            partial="index_where" in given or "conflict_where" in given,
            changes=changes,
            span=span,
        )

    def _columns(self, step: Step, word: str, model: _Model) -> tuple[str, ...] | None:
        """Columns that a keyword lists, by text or by attribute."""
        value = step.keywords.get(word)
        written = step.written(word)
        names: list[str] = []
        shown = written.items if isinstance(written, ir.ListDisplay) else ()
        values = value.items if isinstance(value, Items) else ()
        for index, one in enumerate(shown):
            if isinstance(one, ir.Attribute):
                names.append(one.name)
            elif isinstance(one, ir.Text):
                names.append(one.value)
            elif index < len(values) and isinstance(values[index], Lit):
                names.append(str(values[index].value))  # type: ignore[union-attr]
            else:
                return None
        if not shown:
            if not values or not all(isinstance(one, Lit) for one in values):
                return None
            names = [str(one.value) for one in values if isinstance(one, Lit)]
        return tuple(self._column(name, model) for name in names)

    @staticmethod
    def _column(name: str, model: _Model) -> str:
        return model.declared.column(name) if model.declared is not None else name.lower()

    def _change(self, name: str, value: Abs | None, written: object, model: _Model) -> Change:
        span = span_of(self.execution.at)
        place = getattr(value, "at", None)
        if place is not None:
            span = span_of(place)
        return change(self.machine, self._column(name, model), name, value, written, span)  # type: ignore[arg-type]

    def _update(self, value: Foreign, calls: list[str], steps: list[Step]) -> Partial:
        model = self._model_in(value)
        changes: list[Change] = []
        for step in steps:
            if step.name == "values":
                changes += self._sets(step, model)
        return self._changed("update", model, changes, steps)

    def _delete(self, value: Foreign, steps: list[Step]) -> Partial:
        return self._changed("delete", self._model_in(value), [], steps)

    def _sets(self, step: Step, model: _Model) -> list[Change]:
        """The new values that update(…) or values(…) is given."""
        found = [
            self._change(name, value, step.written(name), model)
            for name, value in step.execution.keywords
            if name not in ("synchronize_session", "update_args")
        ]
        first = step.execution.args[0] if step.execution.args else None
        pairs = assignments(first, step.argument(0))
        return found + [self._change(*pair, model) for pair in pairs]

    def _changed(
        self, operation: str, model: _Model, changes: list[Change], steps: list[Step]
    ) -> Partial:
        """An UPDATE or DELETE, guarded where it tests a column that it sets."""
        selected = tuple(self._column(name, model) for name in conditions(steps))
        tested = next((c.column for c in changes if c.how == "set" and c.column in selected), None)
        found = self._partial(operation, model, Row(), None)
        return replace(
            found,
            columns=tuple(one.column for one in changes),
            fills=tuple((one.column, one.source) for one in changes),
            changes=tuple(changes),
            selected_by=selected,
            guard=f"a condition on {tested}" if tested is not None else None,
            keys=None,
            record=derived(steps),
        )

    def _updated(self, steps: list[Step], path: str) -> Partial:
        """session.query(Model).filter(…).update({…})."""
        model = self._model_in(self.execution.receiver)
        step = self.chains.step(self.execution)
        return self._changed("orm-update", model, self._sets(step, model), [*steps, step])

    def _deleted(self, steps: list[Step], path: str) -> Partial:
        model = self._model_in(self.execution.receiver)
        return self._changed("delete", model, [], [*steps, self.chains.step(self.execution)])

    def _changed_later(self) -> Partial | None:
        """An object that is loaded and whose attributes are then changed: the session writes it."""
        execution = self.execution
        steps = [*self.chains.steps(execution.receiver), self.chains.step(execution)]
        first = execution.args[0] if execution.args else None
        model = self._model_in(first if self._class(first) is not None else execution.receiver)
        for one in execution.receiver.made_from if isinstance(execution.receiver, Foreign) else ():
            if model.cls is None and isinstance(one, Foreign) and "select" in path_steps(one.path):
                model = self._model_in(one)
                steps = [*self.chains.steps(one), *steps]
        if model.cls is None:
            return None
        changes = [
            replace(one, column=self._column(one.column, model))
            for one in loaded.changes_behind(self.machine, execution)
        ]
        adding = next((one for one in changes if one.how == "add"), None)
        if adding is None:
            return None
        found = self._changed("orm-update", model, changes, steps)
        return replace(found, span=adding.span)

    # Django, peewee, Tortoise -----------------------------------------------------------------

    def _of_models(self, step: Step, path: str) -> Partial | None:
        if self.library == "rest_framework":
            return self._serialized(step, path)
        name = step.name
        receiver = self.execution.receiver
        if name in _SAVES:
            return self._saved(step, path)
        model = self._model_in(receiver)
        if model.cls is None:
            return None
        if name in _CREATES:
            row = named(self.execution.keywords, model.declared)
            return self._partial("orm-create", model, row, None)
        if name in _BULK:
            return self._bulk(model)
        if name in _GETS or name in _UPSERTS:
            return self._get_or_create(step, model, updates=name in _UPSERTS)
        if self.library == "peewee" and name == "execute":
            return self._peewee(receiver, model)
        if self.library == "peewee" and name in ("update", "delete", "insert", "replace"):
            return None  # nothing is done before execute()
        steps = [*self.chains.steps(receiver), step]
        if name in ("update", "aupdate"):
            return self._changed("orm-update", model, self._sets(step, model), steps)
        if name in ("delete", "adelete") and "filter()" in path:
            return self._changed("delete", model, [], steps)
        return None

    def _bulk(self, model: _Model) -> Partial:
        given = dict(self.execution.keywords)
        first = self.execution.args[0] if self.execution.args else given.get("objs")
        guard = next((name for name in _TOLERANT if _is_set(given.get(name))), None)
        found = self._partial("orm-create", model, row_of(first, model.declared), guard)
        found = replace(found, many=True)
        if guard is None:
            return found
        columns = _literals(given.get("unique_fields", given.get("on_conflict")))
        conflict = Conflict(
            "nothing" if guard == "ignore_conflicts" else "update",
            tuple(self._column(one, model) for one in columns) or None,
            changes=tuple(
                Change(column, "set", dict(found.fills).get(column, UNKNOWN))
                for column in (self._column(one, model) for one in _updated_fields(given))
            ),
            span=span_of(self.execution.at),
        )
        return replace(found, conflict=conflict)

    def _get_or_create(self, step: Step, model: _Model, *, updates: bool) -> Partial:
        """A lookup by all keywords but `defaults`, and an insert where it finds nothing: without
        a unique key of these columns two of them may both insert."""
        execution = self.execution
        keys = [(name, one) for name, one in execution.keywords if name not in _NOT_LOOKED_UP]
        looked = tuple(self._column(name.partition("__")[0], model) for name, _ in keys)
        given = dict(execution.keywords)
        more = given.get("defaults")
        entries = dict(row_of(more, model.declared).values)
        row = Row({**named(keys, model.declared).values, **entries}, whole=bool(keys))
        found = self._partial("orm-upsert", model, row, f"{step.name}()")
        changes: tuple[Change, ...] = ()
        if updates:
            pairs = assignments(more, step.written("defaults"))
            changes = tuple(self._change(*pair, model) for pair in pairs)
        conflict = Conflict(
            "update" if updates else "nothing",
            tuple(dict.fromkeys(looked)) or None,
            changes=changes,
            span=span_of(execution.at),
        )
        return replace(found, conflict=conflict, looked_up=span_of(execution.at))

    def _saved(self, step: Step, path: str) -> Partial | None:
        """Model(…).save(), and save() of an object that was loaded and changed."""
        receiver = self.execution.receiver
        made = (
            receiver.made_from[0] if isinstance(receiver, Foreign) and receiver.made_from else None
        )
        if isinstance(made, Built) and path.endswith("()") and path.count("()") == 1:
            model = self._model(self._class(made))
            row = row_of(made, model.declared)
            primary = model.declared.primary if model.declared is not None else frozenset()
            given = primary and primary <= set(row.values)
            if given and not (fresh(fills(self.machine, row)) & primary):
                if self.library == "django":
                    # UPDATE by the primary key first, INSERT where there is no such row
                    found = self._partial("orm-upsert", model, row, "save()")
                    return replace(found, conflict=Conflict("merge", tuple(sorted(primary))))
                if self.library == "peewee" and not _is_set(step.keywords.get("force_insert")):
                    return None  # an UPDATE, that of nothing where there is no such row
            return self._partial("orm-create", model, row, None)
        model = self._model_in(receiver)
        if model.cls is None:
            return None
        found_steps = self.chains.steps(receiver)
        changes = [
            replace(one, column=self._column(one.column, model))
            for one in loaded.changes(self.machine, self.execution)
        ]
        if not changes:
            return None
        return self._changed("orm-update", model, changes, found_steps)

    def _serialized(self, step: Step, path: str) -> Partial | None:
        """serializer.save() of a ModelSerializer: a create() unless it was given an instance."""
        receiver = self.execution.receiver
        made = (
            receiver.made_from[0] if isinstance(receiver, Foreign) and receiver.made_from else None
        )
        if step.name not in _SAVES or not isinstance(made, Built) or "ModelSerializer" not in path:
            return None
        given = [name for name, _ in made.fields if name not in ("data", "context", "many")]
        obj = self.machine.obj(made.cls)
        if given or not isinstance(obj, ClassObj):
            return None
        if any(name in obj.attrs for name in ("create", "save", "update")):
            return None  # its own way of writing
        if not loaded.made_by_keywords(self.machine, self.execution, obj.name):
            return None  # what it is given by position may be an instance
        model = self._model(_serializes(self.machine, obj))
        if model.cls is None:
            return None
        # which fields the record brings is the serializer's matter
        found = self._partial("orm-create", model, Row(), None)
        return replace(found, keys=None, certain=False)

    def _peewee(self, value: Abs, model: _Model) -> Partial | None:
        """Model.insert(…), update(…), delete() and what follows, when it is executed."""
        path = value.path if isinstance(value, Foreign) else ""
        calls = path_steps(path)
        steps = self.chains.steps(value)
        verb = calls[0] if calls else ""
        record = derived(steps)
        first = steps[0] if steps and steps[0].name == verb else None
        if verb in ("insert", "insert_many", "replace", "replace_many"):
            guard = next((call for call in calls if call in _GUARDS), None)
            guard = guard or ("replace()" if verb.startswith("replace") else None)
            row = self._values(first, model.declared) if first is not None else Row()
            self.dialect = self.dialect or self._peewee_dialect(model.cls)
            found = self._partial("insert", model, row, guard)
            if verb == "insert_many" and first is not None:
                rows = next(iter(first.execution.args), None)
                found = replace(found, one_statement=_is_batch(rows))
            if guard in _GUARDS:
                clause = next((one for one in steps if one.name == guard), None)
                conflict = self._clause(guard, clause, model, found)
                found = replace(found, operation=_verb(guard or ""), conflict=conflict)
            elif guard is not None:
                found = replace(found, operation="upsert", conflict=Conflict("replace"))
            return replace(found, record=record, many=verb.endswith("many"))
        if verb == "update":
            changes = self._sets(first, model) if first is not None else []
            return replace(self._changed("orm-update", model, changes, steps), record=record)
        if verb == "delete":
            return replace(self._changed("delete", model, [], steps), record=record)
        return None

    def _peewee_dialect(self, cls: Ref | None, depth: int = 0) -> str:
        """The SQL of the database that a model's Meta, or that of a base, names."""
        obj = self.machine.obj(cls) if cls is not None else None
        if not isinstance(obj, ClassObj) or depth > 4:
            return ""
        meta = obj.attrs.get("Meta")
        inner = self.machine.obj(meta) if isinstance(meta, Ref) else None
        database = inner.attrs.get("database") if isinstance(inner, ClassObj) else None
        path = database.path.lower() if isinstance(database, Foreign) else ""
        for word, name in (("postgres", "postgres"), ("mysql", "mysql"), ("sqlite", "sqlite")):
            if word in path:
                return name
        bases = (one for one in obj.bases if isinstance(one, Ref))
        return next(filter(None, (self._peewee_dialect(one, depth + 1) for one in bases)), "")


def _is_batch(value: Abs | None) -> bool:
    """Whether rows are handed over that are not counted in the code."""
    if isinstance(value, Phi):
        return any(_is_batch(one) for _, one in value.branches)
    return isinstance(value, Items) and not value.keys and not value.exact


# SQLAlchemy's packages of dialects whose insert() is their own, with the names of their SQL.
_DIALECTS = {"postgresql": "postgres", "sqlite": "sqlite", "mysql": "mysql", "mariadb": "mysql"}
_TOLERANT = ("ignore_conflicts", "update_conflicts", "on_conflict")
_NOT_LOOKED_UP = ("defaults", "create_defaults", "using_db")


def _verb(guard: str) -> str:
    """An insert that skips what is there stays one."""
    return "insert" if _GUARDS.get(guard) == "nothing" else "upsert"


def _updated_fields(given: dict[str, Abs]) -> list[str]:
    return _literals(given.get("update_fields"))


def _is_set(value: Abs | None) -> bool:
    return value is not None and not (isinstance(value, Lit) and not value.value)


def _literals(value: Abs | None) -> list[str]:
    items = value.items if isinstance(value, Items) else ()
    return [str(one.value) for one in items if isinstance(one, Lit)]


def _serializes(machine: Machine, serializer: ClassObj) -> Ref | None:
    """The model of a serializer's Meta."""
    meta = serializer.attrs.get("Meta")
    obj = machine.obj(meta) if isinstance(meta, Ref) else None
    model = obj.attrs.get("model") if isinstance(obj, ClassObj) else None
    return model if isinstance(model, Ref) else None


def _is_mapped(machine: Machine, cls: Ref) -> bool:
    """Whether a class derives from a mapper's base."""
    return any(origin(base) in MAPPERS for base in bases_of(machine, cls))


def looked_up(schemas: Schemas, execution: Execution) -> tuple[str | None, str]:
    """The table that a mapper's call looks up or clears by a condition, and by what."""
    method = execution.method
    receiver = execution.receiver
    if method == "__call__" and isinstance(receiver, Foreign):
        method = receiver.path.rpartition(".")[2]
    if method in LOOKUP_METHODS or method in _MORE_LOOKUPS:
        return _looked_up_object(schemas, execution), f"{method}()"
    if method not in STATEMENT_METHODS:
        return None, ""
    value: Abs | None = next(iter(statement_args(execution)), None)
    if isinstance(value, Foreign):
        calls = path_steps(value.path)
        if origin(value) in MAPPERS and ("select" in calls or "delete" in calls):
            return _table_in(schemas, value), "select()" if "select" in calls else "delete()"
    return None, ""


_MORE_LOOKUPS = frozenset({"get_or_none", "exclude", "aexists", "select", "get_by_id", "filter_by"})


# What a column of a mapped class is made by: select(Order.id) looks its table up.
_COLUMNS = (".mapped_column()", ".Column()")


def _table_in(schemas: Schemas, value: Foreign) -> str | None:
    """The table of a statement or manager: a mapped class or a Table it was made from."""
    for one in value.made_from:
        if isinstance(one, Ref):
            return schemas.model_table(one)
        if isinstance(one, Foreign) and one.path.endswith(".Table()"):
            return _table_in(schemas, one)
        if isinstance(one, Foreign) and one.path.endswith(_COLUMNS) and one.at is not None:
            return schemas.column_table(one.at)
        if isinstance(one, Lit) and ".Table()" in value.path and isinstance(one.value, str):
            return one.value.lower()
    return None


def _looked_up_object(schemas: Schemas, execution: Execution) -> str | None:
    """session.get(Order, id), session.query(Order), Order.objects.filter(…): the table."""
    first = execution.args[0] if execution.args else None
    if isinstance(first, Ref):
        return schemas.model_table(first)
    receiver = execution.receiver
    if isinstance(receiver, Foreign) and origin(receiver) in (*MAPPERS, *_MODELS):
        return _table_in(schemas, receiver)
    return None
