"""Tables as SQLAlchemy and SQLModel declare them: classes, Table(…), and Column in migrations."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from oncelint.link.schemas.mapping import Builder, Mapping
from oncelint.link.schemas.source import (
    Lineage,
    Source,
    constant,
    is_false,
    is_true,
    keyword,
    keywords,
    name_of,
)
from oncelint.model import ir
from oncelint.sql.tables import Column

_COLUMNS = frozenset({"Column", "mapped_column", "Field", "MappedColumn"})
_COUNTED = frozenset({"Integer", "BigInteger", "SmallInteger", "int", "BIGINT", "INTEGER"})
# Types of Python and typing that an annotation is made of; any other lower-case name may be an
# Annotated[…] that brings a column of its own.
_PLAIN = frozenset(
    {"str", "int", "float", "bool", "bytes", "dict", "list", "datetime", "date", "time"}
)


def class_table(lineage: Lineage) -> str | None:
    """The name of the table a class is mapped to, in lower case; None when it is not known."""
    cls, _ = lineage.classes[0]
    for node, source in lineage.classes:
        value = _attribute(node, "__tablename__")
        if value is not None:
            text = source.text(value)
            return text.lower() if text is not None else None
        table = _table_call(node, source)
        if table is not None and table[0].args:
            text = table[1].text(table[0].args[0])
            return text.lower() if text is not None else None
        if node is not cls and _declares(node, "__tablename__"):
            return None  # made up by a mixin's method
    if any(name.rpartition(".")[2] == "SQLModel" for name in lineage.outer):
        return cls.name.lower()
    if any(name.endswith("SQLAlchemy().Model") for name in lineage.outer):
        return _snake(cls.name)
    return None


def _snake(name: str) -> str:
    """Flask-SQLAlchemy's name for a table: OrderItem becomes order_item."""
    name = re.sub(r"((?<=[a-z0-9])[A-Z]|(?!^)[A-Z](?=[a-z]))", r"_\1", name)
    return name.lower().lstrip("_")


def class_mapping(lineage: Lineage) -> Mapping | None:
    """What a mapped class declares, mixins included."""
    table = class_table(lineage)
    if table is None:
        return None
    cls, home = lineage.classes[0]
    builder = Builder(table, home.span(cls.place))
    named = False
    for node, source in lineage.classes:
        if _declares(node, "__tablename__") or _table_call(node, source) is not None:
            if named:
                builder.complete = False  # joined inheritance: another table's keys count as well
                break
            named = True
        _class_body(builder, node, source)
    _after_the_class(builder, cls, home)
    settle_counted(builder)
    return builder.build()


def _class_body(builder: Builder, node: ir.Class, source: Source) -> None:
    local = _locals(node)
    table = _table_call(node, source)
    if table is not None:
        _table_args(builder, table[0].args[2:], table[1])
        return
    for stmt in node.body:
        if isinstance(stmt, ir.Function) and stmt.name == "__table_args__":
            for value in _returned(stmt):
                _arguments(builder, value, source, local)
        if not isinstance(stmt, ir.Assign):
            continue
        names = [target.id for target in stmt.targets if isinstance(target, ir.Name)]
        if names == ["__table_args__"] and stmt.value is not None:
            _arguments(builder, stmt.value, source, local)
        elif names and not names[0].startswith("__"):
            _class_column(builder, names[0], stmt, source)


def _arguments(builder: Builder, value: ir.Expr, source: Source, local: dict[str, ir.Expr]) -> None:
    """__table_args__: constraints and indexes, and options in a dict at the end."""
    if isinstance(value, ir.ListDisplay):
        for one in value.items:
            _arguments(builder, one, source, local)
    elif isinstance(value, ir.Call):
        if not constraint(builder, value, source):
            builder.complete = builder.complete and name_of(value.func) in _HARMLESS
    elif isinstance(value, ir.Star) or not isinstance(value, ir.Dict):
        builder.complete = False


_HARMLESS = frozenset(
    {"Index", "CheckConstraint", "ForeignKeyConstraint", "ForeignKey", "dict", "Column"}
    | {"UniqueConstraint", "PrimaryKeyConstraint", "ExcludeConstraint"}
)


def _class_column(builder: Builder, name: str, stmt: ir.Assign, source: Source) -> None:
    value = stmt.value
    annotation = _mapped(stmt.annotation)
    call = value if isinstance(value, ir.Call) and name_of(value.func) in _COLUMNS else None
    if isinstance(value, ir.Call) and call is None:
        if name_of(value.func) != "deferred" or not value.args:
            return  # relationship() and kin
        call = value.args[0] if isinstance(value.args[0], ir.Call) else None
    if call is None and annotation is not None:
        call = _annotated(builder, annotation, source)
    if call is None:
        if stmt.annotation is not None and annotation is not None:
            column = Column(name, nullable=admits_none(annotation))
            builder.add(name, column, source.span(stmt.place), unique=False, primary=False)
        return
    inner = keyword(call, "sa_column")
    if isinstance(inner, ir.Call):
        call = inner
    read_column(builder, call, source, name, annotation)
    if name_of(call.func) == "Field" and _is_required(call, annotation):
        builder.required.add(builder.attributes.get(name, name))


def _mapped(annotation: ir.Expr | None) -> ir.Expr | None:
    """The T of Mapped[T]; a plain annotation is SQLModel's."""
    if isinstance(annotation, ir.Subscript) and name_of(annotation.base) in ("Mapped", "Annotated"):
        if name_of(annotation.base) == "Mapped":
            return annotation.key
    if isinstance(annotation, ir.Subscript) and name_of(annotation.base) in (
        "ClassVar",
        "list",
        "List",
    ):
        return None
    return annotation


def _annotated(
    builder: Builder, annotation: ir.Expr, source: Source, depth: int = 0
) -> ir.Call | None:
    """The mapped_column() of Mapped[intpk], where intpk = Annotated[int, mapped_column(…)]."""
    if isinstance(annotation, ir.Name) and annotation.id not in _PLAIN and depth < 4:
        found = source.look(annotation)
        if isinstance(found.stmt, ir.Assign) and found.stmt.value and found.source is not None:
            return _annotated(builder, found.stmt.value, found.source, depth + 1)
        if found.stmt is None and not found.dotted and annotation.id[:1].islower():
            builder.complete = False
    if isinstance(annotation, ir.Subscript) and name_of(annotation.base) == "Annotated":
        parts = annotation.key.items if isinstance(annotation.key, ir.ListDisplay) else ()
        for part in parts:
            if isinstance(part, ir.Call) and name_of(part.func) in _COLUMNS:
                return part
    return None


def read_column(
    builder: Builder,
    call: ir.Call,
    source: Source,
    attribute: str | None,
    annotation: ir.Expr | None = None,
    local: dict[str, ir.Expr] | None = None,
) -> str | None:
    """Read Column(…), mapped_column(…) or Field(…) into a builder; the column's name, or None."""
    name = source.text(keyword(call, "name"), local)
    if name is None and name_of(call.func) != "Field" and call.args:
        name = source.text(call.args[0], local)
    if name is None:
        if attribute is None:
            builder.complete = False
            return None
        name = attribute
    extra = keyword(call, "sa_column_kwargs")
    more = {}
    if isinstance(extra, ir.Dict):
        more = {constant(key): value for key, value in extra.items if key is not None}
    primary = is_true(call, "primary_key")
    unique = is_true(call, "unique") or constant(more.get("unique")) is True
    kinds = {name_of(arg) for arg in call.args}
    if annotation is not None:
        kinds |= _names(annotation)
    made, fixed = _default(call, more)
    foreign = bool(kinds & {"ForeignKey"}) or "foreign_key" in keywords(call)
    counted = primary and bool(kinds & _COUNTED) and not foreign
    made = made or bool(kinds & {"Identity", "Sequence"}) or is_true(call, "autoincrement")
    made = made or (counted and not is_false(call, "autoincrement"))
    nullable: bool | None = not primary
    given = constant(keyword(call, "nullable"))
    if isinstance(given, bool):
        nullable = given
    elif annotation is not None and not primary:
        nullable = admits_none(annotation)
    if None in keywords(call) and name_of(call.func) in ("Column", "mapped_column", "Field"):
        builder.complete = False
    column = Column(name, made, nullable, fixed)
    builder.add(attribute or name, column, source.span(call.place), unique=unique, primary=primary)
    return name


_DEFAULTS = ("default", "default_factory", "server_default", "insert_default")
_CALLED = re.compile(r"\w\s*\(|CURRENT_", re.I)


def _default(call: ir.Call, more: dict[object, ir.Expr]) -> tuple[bool, bool]:
    """Whether a column's default is another in each row, and whether it is always the same."""
    made = fixed = False
    for name in _DEFAULTS:
        value = keyword(call, name) or more.get(name)
        if value is None:
            continue
        if isinstance(value, ir.Const) and value.value is None:
            continue
        text = constant(value)
        if isinstance(value, ir.Call) and name_of(value.func) == "text" and value.args:
            text = constant(value.args[0])
        if text is None and not isinstance(value, (ir.Const, ir.ListDisplay, ir.Dict)):
            # an Enum member or a constant is no call
            attribute = isinstance(value, ir.Attribute) and value.name.isupper()
            made, fixed = made or not attribute, fixed or attribute
        elif isinstance(text, str) and "server" in name and _CALLED.search(text):
            made = True
        else:
            fixed = True
    return made, fixed and not made


def settle_counted(builder: Builder) -> None:
    """Of several primary columns none is counted by itself, by SQLAlchemy's
    autoincrement="auto"."""
    primary = set(builder.primary_columns)
    for name in primary if len(primary) > 1 else ():
        if name in builder.columns and not builder.columns[name].constant:
            builder.set_generated(name, False)


def constraint(
    builder: Builder, call: ir.Call, source: Source, local: dict[str, ir.Expr] | None = None
) -> bool:
    """Read UniqueConstraint, PrimaryKeyConstraint or a unique Index; False for what is none, and
    for one over expressions or with a condition."""
    kind = name_of(call.func)
    span = source.span(call.place)
    named = source.text(keyword(call, "name"), local)
    if kind in ("UniqueConstraint", "PrimaryKeyConstraint"):
        columns = _column_names(call.args, source, local)
        if columns is None:
            builder.complete = False
            return True
        if kind == "PrimaryKeyConstraint":
            builder.primary(columns, span)
        else:
            builder.key(columns, span, named)
        return True
    if kind == "Index" and is_true(call, "unique") and call.args:
        if any(word is None or word.endswith("_where") for word in keywords(call)):
            return True
        columns = _column_names(call.args[1:], source, local)
        if columns is not None:
            builder.key(columns, span, source.text(call.args[0], local))
        return True
    return False


def _column_names(
    args: Iterable[ir.Expr], source: Source, local: dict[str, ir.Expr] | None
) -> tuple[str, ...] | None:
    """Columns by their texts, by attributes of the class (Order.code) or by t.c.code."""
    names: list[str] = []
    for arg in args:
        text = source.text(arg, local)
        if text is None and isinstance(arg, (ir.Name, ir.Attribute)):
            text = name_of(arg)
        if text is None or not text.isidentifier():
            return None  # an expression
        names.append(text)
    return tuple(names)


def columns_of(
    value: ir.Expr | None, source: Source, local: dict[str, ir.Expr]
) -> tuple[str, ...] | None:
    """The columns of a list of names, in lower case; None where one is an expression."""
    columns = source.texts(value, local)
    if columns is None or not all(one.isidentifier() for one in columns):
        return None
    return tuple(one.lower() for one in columns)


def table_mapping(call: ir.Call, source: Source) -> Mapping | None:
    """Table("name", metadata, Column(…), …)."""
    name = source.text(call.args[0]) if call.args else None
    if name is None:
        return None
    builder = Builder(name, source.span(call.place))
    _table_args(builder, call.args[2:], source)
    if is_true(call, "autoload") or keyword(call, "autoload_with") is not None:
        builder.complete = False
    settle_counted(builder)
    return builder.build()


def _table_args(builder: Builder, args: Iterable[ir.Expr], source: Source) -> None:
    read_arguments(builder, args, source, None)


def read_arguments(
    builder: Builder,
    args: Iterable[ir.Expr],
    source: Source,
    local: dict[str, ir.Expr] | None,
) -> None:
    """The columns and constraints that Table(…) and op.create_table(…) are given."""
    for arg in args:
        if not isinstance(arg, ir.Call):
            builder.complete = False
        elif name_of(arg.func) in ("Column", "mapped_column"):
            read_column(builder, arg, source, None, None, local)
        elif not constraint(builder, arg, source, local):
            builder.complete = builder.complete and name_of(arg.func) in _HARMLESS


def is_table(call: ir.Expr | None, source: Source) -> bool:
    """Whether a call makes SQLAlchemy's Table."""
    if not isinstance(call, ir.Call) or name_of(call.func) != "Table" or len(call.args) < 2:
        return False
    dotted = source.dotted(call.func)
    return dotted == "" or dotted.startswith("sqlalchemy")


def _table_call(node: ir.Class, source: Source) -> tuple[ir.Call, Source] | None:
    """The Table of a class by its __table__."""
    value = _attribute(node, "__table__")
    if isinstance(value, ir.Call) and is_table(value, source):
        return value, source
    if isinstance(value, (ir.Name, ir.Attribute)):
        found = source.look(value)
        if isinstance(found.stmt, ir.Assign) and found.source is not None:
            inner = found.stmt.value
            if isinstance(inner, ir.Call) and is_table(inner, found.source):
                return inner, found.source
    return None


def _after_the_class(builder: Builder, cls: ir.Class, source: Source) -> None:
    """Index("name", Order.code, unique=True) behind the class."""
    for stmt in source.module.body:
        if not isinstance(stmt, ir.Evaluate) or not isinstance(stmt.value, ir.Call):
            continue
        call = stmt.value
        owners = {arg.base.id for arg in call.args if _is_member(arg)}  # type: ignore[union-attr]
        if name_of(call.func) == "Index" and owners == {cls.name}:
            constraint(builder, call, source)


def _is_member(arg: ir.Expr) -> bool:
    return isinstance(arg, ir.Attribute) and isinstance(arg.base, ir.Name)


def _attribute(node: ir.Class, name: str) -> ir.Expr | None:
    return _locals(node).get(name)


def _locals(node: ir.Class) -> dict[str, ir.Expr]:
    return {
        target.id: stmt.value
        for stmt in node.body
        if isinstance(stmt, ir.Assign) and stmt.value is not None
        for target in stmt.targets
        if isinstance(target, ir.Name)
    }


def _declares(node: ir.Class, name: str) -> bool:
    return name in _locals(node) or any(
        isinstance(stmt, ir.Function) and stmt.name == name for stmt in node.body
    )


def _returned(function: ir.Function) -> Iterator[ir.Expr]:
    for stmt in function.body:
        if isinstance(stmt, ir.Return) and stmt.value is not None:
            yield stmt.value


def _is_required(call: ir.Call, annotation: ir.Expr | None) -> bool:
    """SQLModel's fields of a type that excludes None, with no default: a record without one of
    them is refused wherever it is validated, and so it is part of every record."""
    if call.args or annotation is None or admits_none(annotation):
        return False
    names = keywords(call)
    return not names & {"default", "default_factory", "sa_column", "sa_column_kwargs", None}


def admits_none(annotation: ir.Expr) -> bool:
    """Whether None is a value of a type; an annotation in quotation marks is not read."""
    if isinstance(annotation, ir.Binary):
        return admits_none(annotation.left) or admits_none(annotation.right)
    if isinstance(annotation, ir.Subscript):
        return name_of(annotation.base) in ("Optional", "Union")
    return isinstance(annotation, (ir.Const, ir.Text)) or name_of(annotation) in ("Any", "")


def _names(value: ir.Expr) -> set[str]:
    """The names in an annotation."""
    if isinstance(value, ir.Subscript):
        return _names(value.base) | _names(value.key)
    if isinstance(value, ir.Binary):
        return _names(value.left) | _names(value.right)
    if isinstance(value, ir.ListDisplay):
        return {name for item in value.items for name in _names(item)}
    return {name_of(value)} - {""}
