"""Classes and tables in Python, by whichever library maps them."""

from __future__ import annotations

from oncelint.link.schemas import django, records, sqlalchemy
from oncelint.link.schemas.mapping import Mapping
from oncelint.link.schemas.source import Lineage, Source
from oncelint.model import ir

__all__ = ["Lineage", "Mapping", "mapping", "may_map", "read", "table_of", "tables"]

_PACKAGES = frozenset(
    {"sqlalchemy", "sqlmodel", "flask_sqlalchemy", "django", "peewee", "tortoise"}
)


def may_map(source: Source) -> bool:
    """Whether a module may declare tables: it imports a mapper, or has a __tablename__."""
    packages = source.module.packages
    return bool(packages & _PACKAGES) or any(
        isinstance(stmt, ir.Class) and stmt.bases for stmt in source.module.body
    )


def table_of(lineage: Lineage) -> str | None:
    """The table of a class in lower case; None when it has none, or when it is not known."""
    if django.is_model(lineage):
        return django.class_table(lineage)
    if records.is_peewee(lineage) or records.is_tortoise(lineage):
        return records.class_table(lineage)
    return sqlalchemy.class_table(lineage)


def mapping(lineage: Lineage) -> Mapping | None:
    """What a class declares of its table; None when it is mapped to none that is known."""
    if django.is_model(lineage):
        return django.class_mapping(lineage)
    if records.is_peewee(lineage) or records.is_tortoise(lineage):
        return records.class_mapping(lineage)
    return sqlalchemy.class_mapping(lineage)


def tables(source: Source) -> dict[str, Lineage | ir.Call]:
    """What a module maps to tables, by the table: classes, and Table(…) of SQLAlchemy."""
    found: dict[str, Lineage | ir.Call] = {}
    for cls in source.classes():
        lineage = source.lineage(cls)
        table = table_of(lineage) if lineage.outer else None
        if table is not None:
            found.setdefault(table, lineage)
    for _, value in source.assigned():
        if isinstance(value, ir.Call) and sqlalchemy.is_table(value, source):
            name = source.text(value.args[0])
            if name is not None:
                found.setdefault(name.lower().rpartition(".")[2], value)
    return found


def read(what: Lineage | ir.Call, source: Source) -> Mapping | None:
    """What one of a module's classes or tables declares."""
    if isinstance(what, ir.Call):
        return sqlalchemy.table_mapping(what, source)
    return mapping(what)
