"""Tables as Django's models and migrations declare them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from oncelint.link.schemas.mapping import Builder, Mapping
from oncelint.link.schemas.source import (
    Lineage,
    Source,
    constant,
    is_true,
    keyword,
    keywords,
    name_of,
)
from oncelint.model import ir
from oncelint.sql.schema import read_changes
from oncelint.sql.tables import Change, Column, CreateTable, DropKey, Unclear

_RELATIONS = frozenset({"ForeignKey", "OneToOneField"})
_NO_COLUMN = frozenset(
    {"ManyToManyField", "GenericForeignKey", "GenericRelation", "CompositePrimaryKey"}
)


@dataclass(slots=True)
class _Model:
    """A model's state: its fields and what its Meta says, each where it is written."""

    name: str
    table: str
    source: Source
    place: ir.Place
    fields: dict[str, tuple[ir.Call, Source]] = field(default_factory=dict)
    together: tuple[tuple[str, ...], ...] | None = ()
    together_at: tuple[Source, ir.Place] | None = None
    constraints: list[tuple[ir.Expr, Source]] = field(default_factory=list)
    complete: bool = True

    def mapping(self) -> Mapping:
        builder = Builder(self.table, self.source.span(self.place))
        builder.complete = self.complete
        for name, (call, source) in self.fields.items():
            _field(builder, name, call, source)
        if not builder.has_primary:
            span = self.source.span(self.place)
            builder.add("id", Column("id", True, False), span, unique=False, primary=True)
            builder.attributes.setdefault("pk", "id")
        else:
            builder.attributes.setdefault("pk", builder.primary_columns[0])
        if self.together is None:
            builder.complete = False
        elif self.together_at is not None:
            source, place = self.together_at
            for columns in self.together:
                builder.key(columns, source.span(place))
        for value, source in self.constraints:
            _constraint(builder, value, source)
        return builder.build()


def _field(builder: Builder, name: str, call: ir.Call, source: Source) -> None:
    kind = name_of(call.func)
    if kind in _NO_COLUMN:
        if kind == "CompositePrimaryKey":
            builder.primary(_texts(call.args, source), source.span(call.place))
        return
    relation = kind in _RELATIONS
    column = source.text(keyword(call, "db_column")) or (f"{name}_id" if relation else name)
    primary = is_true(call, "primary_key")
    made = kind.endswith("AutoField") or is_true(call, "auto_now", "auto_now_add")
    made = made or is_true(call, "auto_now_add")
    default = keyword(call, "default", "db_default")
    fixed = isinstance(default, (ir.Text, ir.Dict, ir.ListDisplay)) or (
        isinstance(default, ir.Const) and default.value is not None
    )
    if isinstance(default, ir.Attribute) and not default.name.islower():
        fixed = True  # a choice: Status.NEW
    made = made or (default is not None and not fixed and not isinstance(default, ir.Const))
    unique = is_true(call, "unique") or kind == "OneToOneField"
    builder.add(
        name,
        Column(column, made, is_true(call, "null"), fixed),
        source.span(call.place),
        unique=unique and not primary,
        primary=primary,
    )
    if relation:
        builder.attributes.setdefault(f"{name}_id", column.lower())


def _texts(values: Iterable[ir.Expr], source: Source) -> tuple[str, ...]:
    return tuple(text for text in (source.text(value) for value in values) if text is not None)


def _constraint(builder: Builder, value: ir.Expr, source: Source) -> None:
    if not isinstance(value, ir.Call):
        builder.complete = False
        return
    if name_of(value.func) != "UniqueConstraint":
        return
    given = keywords(value)
    # over expressions, or of a part of the rows
    if value.args or "condition" in given or "expressions" in given:
        return
    columns = source.texts(keyword(value, "fields"))
    if columns is None or None in given:
        builder.complete = False
        return
    builder.key(columns, source.span(value.place), source.text(keyword(value, "name")))


def _together(value: ir.Expr | None, source: Source) -> tuple[tuple[str, ...], ...] | None:
    """unique_together: one tuple of names, or several; None when it cannot be told."""
    if isinstance(value, ir.Call) and name_of(value.func) in ("set", "frozenset", "list", "tuple"):
        if not value.args:
            return ()
        value = value.args[0]
    if isinstance(value, ir.Const) and value.value is None:
        return ()
    if not isinstance(value, ir.ListDisplay):
        return () if isinstance(value, ir.Dict) and not value.items else None
    if all(isinstance(item, ir.ListDisplay) for item in value.items):
        found = [source.texts(item) for item in value.items]
        return None if None in found else tuple(one for one in found if one)
    flat = source.texts(value)
    return None if flat is None else (flat,)


# Models ---------------------------------------------------------------------------------------


def is_model(lineage: Lineage) -> bool:
    """Whether a class derives from django.db.models.Model, by the names of its outer bases."""
    return bool(_outer_models(lineage))


def _outer_models(lineage: Lineage) -> set[str]:
    """The outer bases that are models: Django's own, and abstract ones of Django's and others."""
    return {
        name
        for name in lineage.outer
        if name.endswith(_MODELS) and name.partition(".")[0] in (*_PACKAGES, "models")
    }


_MODELS = (".Model", "Model", "AbstractUser", "AbstractBaseUser")
_PACKAGES = ("django", "django_extensions", "model_utils", "mptt", "polymorphic")
_PLAIN = frozenset({"django.db.models.Model", "django.db.models.base.Model", "models.Model"})


def class_mapping(lineage: Lineage) -> Mapping | None:
    """The table of a model class; None for an abstract one."""
    model = _model(lineage)
    return model.mapping() if model is not None else None


def class_table(lineage: Lineage) -> str | None:
    """The table of a model, in lower case; None for a class that has none."""
    model = _model(lineage)
    return model.table.lower() if model is not None else None


def _model(lineage: Lineage) -> _Model | None:
    cls, home = lineage.classes[0]
    meta = _meta(lineage)
    own = _own_meta(cls)
    if (
        own is not None
        and constant(_options(own[0], home).get("abstract", (None, home))[0]) is True
    ):
        return None
    proxy = meta.get("proxy", (None, home))[0]
    if constant(proxy) is True and len(lineage.classes) > 1:
        parent, source = lineage.classes[1]
        return _model(source.lineage(parent))
    label = app_label(home.path)
    given = meta.get("app_label")
    if given is not None:
        label = given[1].text(given[0]) or label
    table = f"{label}_{cls.name}"
    named = meta.get("db_table")
    if named is not None:
        text = named[1].text(named[0])
        if text is None:
            return None
        table = text
    model = _Model(cls.name, table.lower().replace('"', ""), home, cls.place)
    model.complete = _outer_models(lineage) <= _PLAIN  # of other bases the columns are not seen
    for index, (node, source) in enumerate(lineage.classes):
        if index and not _is_abstract(node, source) and _is_mapped(node, source):
            model.complete = False  # its own table: a row of that is written as well
            continue
        for name, call in _class_fields(node):
            model.fields.setdefault(name, (call, source))
    together = meta.get("unique_together")
    if together is not None:
        model.together = _together(together[0], together[1])
        model.together_at = (together[1], together[0].place)
    constraints = meta.get("constraints")
    if constraints is not None:
        value, source = constraints
        if isinstance(value, ir.ListDisplay):
            model.constraints = [(one, source) for one in value.items]
        else:
            model.complete = False
    return model


def _class_fields(node: ir.Class) -> Iterator[tuple[str, ir.Call]]:
    for stmt in node.body:
        if isinstance(stmt, ir.Assign) and isinstance(stmt.value, ir.Call):
            kind = name_of(stmt.value.func)
            if kind.endswith(("Field", "PrimaryKey")) or kind == "ForeignKey":
                for target in stmt.targets:
                    if isinstance(target, ir.Name):
                        yield target.id, stmt.value


def _own_meta(node: ir.Class) -> tuple[ir.Class] | None:
    found = [s for s in node.body if isinstance(s, ir.Class) and s.name == "Meta"]
    return (found[-1],) if found else None


def _is_abstract(node: ir.Class, source: Source) -> bool:
    own = _own_meta(node)
    return (
        own is not None
        and constant(_options(own[0], source).get("abstract", (None, source))[0]) is True
    )


def _is_mapped(node: ir.Class, source: Source) -> bool:
    """Whether a base has a table: it is a model and no plain mixin."""
    return is_model(source.lineage(node))


def _options(meta: ir.Class, source: Source) -> dict[str, tuple[ir.Expr, Source]]:
    return {
        target.id: (stmt.value, source)
        for stmt in meta.body
        if isinstance(stmt, ir.Assign) and stmt.value is not None
        for target in stmt.targets
        if isinstance(target, ir.Name)
    }


def _meta(lineage: Lineage) -> dict[str, tuple[ir.Expr, Source]]:
    """The options that hold for a class: its own Meta and those it derives from, else the first
    abstract base's."""
    for index, (node, source) in enumerate(lineage.classes):
        own = _own_meta(node)
        if own is None or (index and not _is_abstract(node, source)):
            continue
        options = _options(own[0], source)
        if own[0].bases:  # class Meta(Base.Meta)
            for other, home in lineage.classes[index + 1 :]:
                base = _own_meta(other)
                if base is not None:
                    inherited = _options(base[0], home)
                    options = {**inherited, **options}
        if index:
            options.pop("db_table", None)
        options.pop("abstract", None)
        return options
    return {}


def app_label(path: str) -> str:
    """The application a models or migrations module is part of, by its folder."""
    parts = path.split("/")[:-1]
    while parts and parts[-1] in ("models", "migrations"):
        parts.pop()
    if not path.rpartition("/")[2].startswith("models") and "models" in path.split("/"):
        parts = path.split("/")[: path.split("/").index("models")]
    return parts[-1] if parts else ""


# Migrations -----------------------------------------------------------------------------------


def is_migration(source: Source) -> bool:
    """Whether a module holds a migration."""
    return any(cls.name == "Migration" for cls in source.classes())


def replay(migrations: Sequence[Source], dialect: str) -> list[Change]:
    """What the migrations of one application make, in the order of their names.

    A squashed migration is left out where all those it replaces are there.
    """
    label = app_label(migrations[0].path) if migrations else ""
    stems = {source.path.rpartition("/")[2].removesuffix(".py") for source in migrations}
    state = _State(label, dialect)
    for source in sorted(migrations, key=lambda one: one.path):
        cls = next((one for one in source.classes() if one.name == "Migration"), None)
        if cls is None:
            continue
        options = _options(cls, source)
        replaced = _replaced(options.get("replaces"), source)
        if replaced and replaced <= stems:
            continue
        operations = options.get("operations")
        if operations is not None:
            state.operations(operations[0], source)
    return state.changes()


def _replaced(value: tuple[ir.Expr, Source] | None, source: Source) -> set[str]:
    if value is None or not isinstance(value[0], ir.ListDisplay):
        return set()
    pairs = [source.texts(item) for item in value[0].items]
    return {pair[1] for pair in pairs if pair is not None and len(pair) == 2}


class _State:
    """The models of one application, as its migrations leave them."""

    def __init__(self, label: str, dialect: str) -> None:
        self.label = label
        self.dialect = dialect
        self.models: dict[str, _Model] = {}
        self.executed: list[Change] = []

    def changes(self) -> list[Change]:
        made: list[Change] = []
        for model in self.models.values():
            create = model.mapping().create
            made.append(
                CreateTable(
                    create.table, create.span, create.columns, create.keys, complete=create.complete
                )
            )
        return [*made, *self.executed]

    def operations(self, value: ir.Expr, source: Source) -> None:
        if not isinstance(value, ir.ListDisplay):
            self._unclear(None)
            return
        for one in value.items:
            if isinstance(one, ir.Call):
                self._operation(one, source)
            else:
                self._unclear(None)

    def _unclear(self, model: _Model | None) -> None:
        for one in self.models.values() if model is None else (model,):
            one.complete = False

    def _operation(self, call: ir.Call, source: Source) -> None:
        name = name_of(call.func)
        if name == "SeparateDatabaseAndState":
            value = keyword(call, "database_operations")
            if value is not None:
                self.operations(value, source)
            elif call.args:
                self.operations(call.args[0], source)
            if keyword(call, "state_operations") is not None:
                self._state_only(keyword(call, "state_operations"), source)
            return
        if name in ("RunSQL", "RunPython"):
            if name == "RunSQL":
                self._run(call, source)
            return
        if name == "CreateModel":
            self._create(call, source)
            return
        word, handler = _HANDLERS.get(name, ("", None))
        if handler is None:
            return
        wanted = source.text(_given(call, 0, word))
        model = self.models.get(wanted.lower()) if wanted is not None else None
        if wanted is None:
            self._unclear(None)
        elif model is not None:
            handler(self, model, call, source)

    def _state_only(self, value: ir.Expr | None, source: Source) -> None:
        """Models that the state alone changes were changed in the database by somebody else."""
        items = value.items if isinstance(value, ir.ListDisplay) else ()
        for one in items:
            if isinstance(one, ir.Call):
                if name_of(one.func) == "CreateModel":
                    self._create(one, source)
                named = source.text(_named(one))
                model = self.models.get((named or "").lower())
                self._unclear(model)

    def _create(self, call: ir.Call, source: Source) -> None:
        name = source.text(_given(call, 0, "name"))
        if name is None:
            self._unclear(None)
            return
        model = _Model(name, f"{self.label}_{name}".lower(), source, call.place)
        fields = _given(call, 1, "fields")
        for item in fields.items if isinstance(fields, ir.ListDisplay) else ():
            parts = item.items if isinstance(item, ir.ListDisplay) else ()
            label = source.text(parts[0]) if len(parts) == 2 else None
            if label is None or not isinstance(parts[1], ir.Call):
                model.complete = False
            else:
                model.fields[label] = (parts[1], source)
        options = _given(call, 2, "options")
        if isinstance(options, ir.Dict):
            self._options(model, options, source)
        elif options is not None:
            model.complete = False
        bases = _given(call, 3, "bases")
        if isinstance(bases, ir.ListDisplay) and any(isinstance(b, ir.Text) for b in bases.items):
            model.complete = False
        self.models[name.lower()] = model

    def _options(self, model: _Model, options: ir.Dict, source: Source) -> None:
        for key, value in options.items:
            label = source.text(key) if key is not None else None
            if label is None:
                model.complete = False
            elif label == "db_table":
                model.table = (source.text(value) or model.table).lower().replace('"', "")
            elif label == "unique_together":
                model.together = _together(value, source)
                model.together_at = (source, value.place)
            elif label == "constraints" and isinstance(value, ir.ListDisplay):
                model.constraints = [(one, source) for one in value.items]

    def _run(self, call: ir.Call, source: Source) -> None:
        value = _given(call, 0, "sql")
        span = source.span(call.place)
        statements = value.items if isinstance(value, ir.ListDisplay) else (value,)
        for one in statements:
            if isinstance(one, ir.ListDisplay):  # with parameters
                one = one.items[0] if one.items else None
            text = source.text(one)
            if text is None:
                self.executed.append(Unclear())
            else:
                self.executed.extend(read_changes(text, self.dialect, lambda start, end: span))

    # Operations of a model --------------------------------------------------------------------

    def set_field(self, model: _Model, call: ir.Call, source: Source) -> None:
        name = source.text(_given(call, 1, "name"))
        value = _given(call, 2, "field")
        if name is None or not isinstance(value, ir.Call):
            model.complete = False
        else:
            model.fields[name] = (value, source)

    def remove_field(self, model: _Model, call: ir.Call, source: Source) -> None:
        name = source.text(_given(call, 1, "name"))
        if name is None:
            model.complete = False
        else:
            model.fields.pop(name, None)

    def rename_field(self, model: _Model, call: ir.Call, source: Source) -> None:
        old = source.text(_given(call, 1, "old_name"))
        new = source.text(_given(call, 2, "new_name"))
        if old is None or new is None or old not in model.fields:
            model.complete = False
            return
        model.fields = {(new if n == old else n): one for n, one in model.fields.items()}
        if model.together:
            model.together = tuple(
                tuple(new if one == old else one for one in columns) for columns in model.together
            )
        if model.constraints:
            model.complete = False  # they name the fields of their time

    def rename(self, model: _Model, call: ir.Call, source: Source) -> None:
        new = source.text(_given(call, 1, "new_name"))
        if new is None:
            model.complete = False
            return
        del self.models[model.name.lower()]
        if model.table == f"{self.label}_{model.name}".lower():
            model.table = f"{self.label}_{new}".lower()
        model.name = new
        self.models[new.lower()] = model

    def delete(self, model: _Model, call: ir.Call, source: Source) -> None:
        del self.models[model.name.lower()]

    def alter_together(self, model: _Model, call: ir.Call, source: Source) -> None:
        value = _given(call, 1, "unique_together")
        model.together = _together(value, source)
        if value is not None:
            model.together_at = (source, value.place)

    def alter_table(self, model: _Model, call: ir.Call, source: Source) -> None:
        value = _given(call, 1, "table")
        text = source.text(value)
        if text is not None:
            model.table = text.lower().replace('"', "")
        elif isinstance(value, ir.Const):
            model.table = f"{self.label}_{model.name}".lower()
        else:
            model.complete = False

    def add_constraint(self, model: _Model, call: ir.Call, source: Source) -> None:
        value = _given(call, 1, "constraint")
        if value is None:
            model.complete = False
        else:
            model.constraints.append((value, source))

    def remove_constraint(self, model: _Model, call: ir.Call, source: Source) -> None:
        name = source.text(_given(call, 1, "name"))
        if name is None:
            model.complete = False
            return
        kept = [
            (one, home)
            for one, home in model.constraints
            if not isinstance(one, ir.Call) or home.text(keyword(one, "name")) != name
        ]
        if len(kept) == len(model.constraints):
            self.executed.append(DropKey(model.table, name.lower()))
        model.constraints = kept


def _named(call: ir.Call) -> ir.Expr | None:
    """The argument that names the model of an operation."""
    return call.args[0] if call.args else keyword(call, "model_name", "name", "old_name")


def _given(call: ir.Call, index: int, name: str) -> ir.Expr | None:
    """An argument by its place or its name."""
    return call.args[index] if index < len(call.args) else keyword(call, name)


_Handler: TypeAlias = "Callable[[_State, _Model, ir.Call, Source], None]"
# Operations of one model: the argument that names it, and what becomes of it.
_HANDLERS: dict[str, tuple[str, _Handler]] = {
    "AddField": ("model_name", _State.set_field),
    "AlterField": ("model_name", _State.set_field),
    "RemoveField": ("model_name", _State.remove_field),
    "RenameField": ("model_name", _State.rename_field),
    "RenameModel": ("old_name", _State.rename),
    "DeleteModel": ("name", _State.delete),
    "AlterUniqueTogether": ("name", _State.alter_together),
    "AlterModelTable": ("name", _State.alter_table),
    "AddConstraint": ("model_name", _State.add_constraint),
    "RemoveConstraint": ("model_name", _State.remove_constraint),
}
