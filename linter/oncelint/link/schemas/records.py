"""Tables as peewee's and Tortoise's model classes declare them."""

from __future__ import annotations

import re

from oncelint.link.schemas.mapping import Builder, Mapping
from oncelint.link.schemas.source import Lineage, Source, constant, is_true, keyword, name_of
from oncelint.model import ir
from oncelint.sql.tables import Column

_RELATIONS = frozenset({"ForeignKeyField", "OneToOneField", "DeferredForeignKey"})
_NO_COLUMN = frozenset(
    {"ManyToManyField", "BackwardFKRelation", "ReverseRelation", "ManyToManyRelation"}
)
_COUNTED = frozenset(
    {"AutoField", "BigAutoField", "PrimaryKeyField", "IdentityField", "RowIDField"}
    | {"IntField", "BigIntField", "SmallIntField"}
)


def is_peewee(lineage: Lineage) -> bool:
    """Whether a class is a peewee model, by what it derives from."""
    return any(
        name.startswith(("peewee.", "playhouse.", "peewee_async.")) for name in lineage.outer
    )


def is_tortoise(lineage: Lineage) -> bool:
    """Whether a class is a Tortoise model, by what it derives from."""
    return any(name.startswith("tortoise.") for name in lineage.outer)


def class_table(lineage: Lineage) -> str | None:
    """The name of a model's table, in lower case; None when it is made up by a function, and for
    an abstract Tortoise model."""
    cls, home = lineage.classes[0]
    own = _options(cls)
    if constant(own.get("abstract")) is True:
        return None
    for name in ("table_name", "db_table", "table"):
        if name in own:
            text = home.text(own[name])
            return text.lower() if text is not None else None
    if "table_function" in own or any("table_function" in _options(n) for n, _ in lineage.classes):
        return None
    return re.sub(r"[^\w]+", "_", cls.name.lower())


def class_mapping(lineage: Lineage) -> Mapping | None:
    """What a peewee or Tortoise model declares; inherited columns are its own, which is how both
    libraries have it."""
    table = class_table(lineage)
    if table is None:
        return None
    cls, home = lineage.classes[0]
    peewee = is_peewee(lineage)
    builder = Builder(table, home.span(cls.place))
    for node, source in lineage.classes:
        for stmt in node.body:
            if isinstance(stmt, ir.Assign) and isinstance(stmt.value, ir.Call):
                for target in stmt.targets:
                    if isinstance(target, ir.Name):
                        _field(builder, target.id, stmt.value, source, peewee=peewee)
    for node, source in lineage.classes:
        meta = _options(node)
        if meta:
            _meta(builder, meta, source, peewee=peewee)
            break
    if not builder.has_primary and not _keyless(lineage):
        span = home.span(cls.place)
        builder.add("id", Column("id", True, False), span, unique=False, primary=True)
    return builder.build()


def _keyless(lineage: Lineage) -> bool:
    """peewee's `primary_key = False`."""
    return any(constant(_options(node).get("primary_key")) is False for node, _ in lineage.classes)


def _field(builder: Builder, name: str, call: ir.Call, source: Source, *, peewee: bool) -> None:
    kind = name_of(call.func)
    if kind in _NO_COLUMN or not kind.endswith(("Field", "ForeignKey")):
        return
    relation = kind in _RELATIONS
    given = source.text(keyword(call, "column_name", "db_column", "source_field"))
    column = given or (f"{name}_id" if relation and not name.endswith("_id") else name)
    counted = kind in _COUNTED
    if peewee:
        primary = is_true(call, "primary_key") or kind in ("AutoField", "BigAutoField")
        primary = primary or kind in ("PrimaryKeyField", "IdentityField")
        made = kind in _COUNTED
    else:
        primary = is_true(call, "pk") or is_true(call, "primary_key")
        # Tortoise counts integer keys, and makes up a UUID's
        made = primary and (counted or kind == "UUIDField")
        made = made and constant(keyword(call, "generated")) is not False
        made = made or is_true(call, "auto_now") or is_true(call, "auto_now_add")
    default = keyword(call, "default", "db_default")
    literal = isinstance(default, (ir.Const, ir.Text))
    if isinstance(default, ir.Attribute) and default.name.isupper():
        literal = True
    made = made or (default is not None and not literal)
    builder.add(
        name,
        Column(column, made, is_true(call, "null"), default is not None and literal),
        source.span(call.place),
        unique=(is_true(call, "unique") or kind == "OneToOneField") and not primary,
        primary=primary,
    )
    if relation:
        builder.attributes.setdefault(f"{name}_id", column.lower())


def _options(node: ir.Class) -> dict[str, ir.Expr]:
    """What the class Meta of a model sets."""
    return {
        target.id: stmt.value
        for meta in node.body
        if isinstance(meta, ir.Class) and meta.name == "Meta"
        for stmt in meta.body
        if isinstance(stmt, ir.Assign) and stmt.value is not None
        for target in stmt.targets
        if isinstance(target, ir.Name)
    }


def _meta(builder: Builder, meta: dict[str, ir.Expr], source: Source, *, peewee: bool) -> None:
    primary = meta.get("primary_key")
    if isinstance(primary, ir.Call) and name_of(primary.func) == "CompositeKey":
        names = [source.text(arg) for arg in primary.args]
        if None in names:
            builder.complete = False
        else:
            builder.primary([one for one in names if one], source.span(primary.place))
    indexes = meta.get("indexes")
    if peewee and indexes is not None:
        _indexes(builder, indexes, source)
    together = meta.get("unique_together")
    if together is not None:
        _together(builder, together, source)
    constraints = meta.get("constraints")
    for one in constraints.items if isinstance(constraints, ir.ListDisplay) else ():
        if isinstance(one, ir.Call) and name_of(one.func) == "UniqueConstraint":
            columns = source.texts(keyword(one, "fields"))
            if columns is not None and keyword(one, "condition") is None:
                builder.key(columns, source.span(one.place))
        elif isinstance(one, ir.Call) and name_of(one.func) in ("SQL", "Check"):
            text = (source.text(one.args[0]) if one.args else None) or ""
            builder.complete = builder.complete and "unique" not in text.lower()


def _indexes(builder: Builder, value: ir.Expr, source: Source) -> None:
    """peewee's ((('a', 'b'), True), …): columns, and whether they are unique."""
    items = value.items if isinstance(value, ir.ListDisplay) else None
    if items is None:
        builder.complete = False
        return
    for item in items:
        parts = item.items if isinstance(item, ir.ListDisplay) else ()
        if len(parts) == 2 and constant(parts[1]) is True:
            columns = source.texts(parts[0])
            if columns is None:
                builder.complete = False
            else:
                builder.key(columns, source.span(item.place))


def _together(builder: Builder, value: ir.Expr, source: Source) -> None:
    items = value.items if isinstance(value, ir.ListDisplay) else None
    if items is None:
        builder.complete = False
        return
    nested: list[ir.Expr] = [item for item in items if isinstance(item, ir.ListDisplay)]
    for one in nested or [value]:
        columns = source.texts(one)
        if columns is None:
            builder.complete = False
        else:
            builder.key(columns, source.span(one.place))
