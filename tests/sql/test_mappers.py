"""What a consume loop writes through mappers: operation, columns, keys, clauses, changes."""

from __future__ import annotations

from pathlib import Path
from textwrap import indent

import pytest

from oncelint.discover import list_files, read_file
from oncelint.link import link
from oncelint.model.sinks import Sink
from oncelint.scan import scan
from oncelint.settings import load

LOOP = """

from confluent_kafka import Consumer
import json

consumer = Consumer({"bootstrap.servers": "k", "group.id": "g"})
consumer.subscribe(["t"])
while True:
    message = consumer.poll(1.0)
    if message is None:
        continue
    handle(json.loads(message.value()))
"""
ASYNC_LOOP = """

from aiokafka import AIOKafkaConsumer

async def main():
    consumer = AIOKafkaConsumer("t", bootstrap_servers="k", group_id="g")
    await consumer.start()
    async for message in consumer:
        await handle(message.value)
"""
SQLALCHEMY = """
import uuid
from sqlalchemy import Column, Integer, MetaData, String, Table
from sqlalchemy import create_engine, delete, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.dialects.mysql import insert as mysql
from sqlalchemy.orm import declarative_base, sessionmaker

Base = declarative_base()
Session = sessionmaker(bind=create_engine("postgresql://db"))

class P(Base):
    __tablename__ = "p"
    id = Column(Integer, primary_key=True)
    code = Column("p_code", String, unique=True)
    n = Column(Integer)

class Q(Base):
    __tablename__ = "q"
    code = Column(String, primary_key=True)
    n = Column(Integer)

T = Table("t", MetaData(), Column("id", Integer, primary_key=True), Column("code", unique=True))
session = Session()
"""
DJANGO = """
from django.db.models import F
from shop.models import P, Q
"""
DJANGO_MODELS = """
from django.db import models

class P(models.Model):
    code = models.CharField(max_length=9, unique=True)
    shop = models.ForeignKey("Shop", on_delete=models.CASCADE)
    n = models.IntegerField(default=0)

class Q(models.Model):
    code = models.CharField(max_length=9, primary_key=True)
    n = models.IntegerField(default=0)
"""
PEEWEE = """
from peewee import CharField, IntegerField, Model, SqliteDatabase

db = SqliteDatabase("x")

class P(Model):
    code = CharField(unique=True, column_name="p_code")
    n = IntegerField()
    class Meta:
        database = db
"""
TORTOISE = """
from tortoise import fields
from tortoise.expressions import F
from tortoise.models import Model

class P(Model):
    code = fields.CharField(max_length=9, unique=True)
    n = fields.IntField()
"""


def _sinks(program: str, body: str, folder: Path, *, asynchronous: bool = False) -> list[Sink]:
    head = "async def handle(d):\n" if asynchronous else "def handle(d):\n"
    loop = ASYNC_LOOP if asynchronous else LOOP
    files = {"shop/run.py": program + "\n" + head + indent(body, "    ") + loop}
    if program == DJANGO:
        files["shop/models.py"] = DJANGO_MODELS
    for name, text in files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    settings = load(folder)
    listed = list_files(folder, settings.exclude)
    discovery, facts = scan(folder, listed, max_size=settings.max_file_size, overlay={}, jobs=1)
    linked = link(
        facts, discovery, settings, lambda path: read_file(folder, path, settings.max_file_size)
    )
    return list(linked.project.sinks)


def _insert(sink: Sink) -> tuple[object, ...]:
    keys = None if sink.keys is None else [sorted(key) for key in sink.keys]
    return (sink.operation, sink.table, sink.columns, sink.guard, keys)


INSERTS = [
    (SQLALCHEMY, 'session.add(P(code=d["id"]))', ("orm-add", "p", ("p_code",), None, [["p_code"]])),
    (SQLALCHEMY, 'session.add(P(n=d["n"]))', ("orm-add", "p", ("n",), None, [])),
    (SQLALCHEMY, "session.add(P(**d))", ("orm-add", "p", (), None, [["p_code"]])),
    (
        SQLALCHEMY,
        'session.add(Q(code=str(uuid.uuid4()), n=d["n"]))',
        ("orm-add", "q", ("code", "n"), None, []),
    ),
    (
        SQLALCHEMY,
        'session.add_all([P(code=d["id"])])',
        ("orm-add", "p", ("p_code",), None, [["p_code"]]),
    ),
    (
        SQLALCHEMY,
        'session.bulk_insert_mappings(P, [{"code": d["id"], "n": 1}])',
        ("orm-add", "p", ("p_code", "n"), None, [["p_code"]]),
    ),
    (
        SQLALCHEMY,
        'session.merge(Q(code=d["id"], n=d["n"]))',
        ("orm-upsert", "q", ("code", "n"), "merge()", [["code"]]),
    ),
    (
        SQLALCHEMY,
        'session.merge(P(code=d["id"]))',
        ("orm-add", "p", ("p_code",), None, [["p_code"]]),
    ),
    (
        SQLALCHEMY,
        'session.execute(insert(P).values(code=d["id"], n=1))',
        ("insert", "p", ("p_code", "n"), None, [["p_code"]]),
    ),
    (
        SQLALCHEMY,
        'session.execute(insert(P).values({"code": d["id"]}))',
        ("insert", "p", ("p_code",), None, [["p_code"]]),
    ),
    (
        SQLALCHEMY,
        'session.execute(insert(P), [{"code": d["id"]}])',
        ("insert", "p", ("p_code",), None, [["p_code"]]),
    ),
    (
        SQLALCHEMY,
        'statement = upsert(P).values(code=d["id"])\n'
        "session.execute(statement.on_conflict_do_nothing())",
        ("insert", "p", ("p_code",), "on_conflict_do_nothing", [["p_code"]]),
    ),
    (
        SQLALCHEMY,
        'session.execute(insert(P.__table__).values(p_code=d["id"]))',
        ("insert", "p", ("p_code",), None, [["p_code"]]),
    ),
    (
        SQLALCHEMY,
        'session.execute(T.insert().values(code=d["id"]))',
        ("insert", "t", ("code",), None, [["code"]]),
    ),
    (
        SQLALCHEMY,
        'session.execute(insert(P).prefix_with("IGNORE").values(code=d["id"]))',
        ("insert", "p", ("p_code",), "prefix_with", [["p_code"]]),
    ),
    (
        DJANGO,
        'P(code=d["id"], shop_id=1).save()',
        ("orm-create", "shop_p", ("code", "shop_id"), None, [["code"]]),
    ),
    (
        DJANGO,
        'P.objects.create(code=d["id"], shop=d["shop"])',
        ("orm-create", "shop_p", ("code", "shop_id"), None, [["code"]]),
    ),
    (DJANGO, 'Q(code=d["id"]).save()', ("orm-upsert", "shop_q", ("code",), "save()", [["code"]])),
    (
        DJANGO,
        'P.objects.bulk_create([P(code=d["id"])])',
        ("orm-create", "shop_p", ("code",), None, [["code"]]),
    ),
    (
        PEEWEE,
        'P.create(code=d["id"], n=1)',
        ("orm-create", "p", ("p_code", "n"), None, [["p_code"]]),
    ),
    (
        PEEWEE,
        'P(code=d["id"]).save(force_insert=True)',
        ("orm-create", "p", ("p_code",), None, [["p_code"]]),
    ),
    (
        PEEWEE,
        'P.insert(code=d["id"]).execute()',
        ("insert", "p", ("p_code",), None, [["p_code"]]),
    ),
    (
        PEEWEE,
        'P.insert_many([{"code": d["id"]}]).execute()',
        ("insert", "p", ("p_code",), None, [["p_code"]]),
    ),
    (
        PEEWEE,
        'P.replace(code=d["id"]).execute()',
        ("upsert", "p", ("p_code",), "replace()", [["p_code"]]),
    ),
]


@pytest.mark.parametrize(("program", "body", "expected"), INSERTS, ids=[one[1] for one in INSERTS])
def test_inserts(program: str, body: str, expected: tuple[object, ...], tmp_path: Path) -> None:
    assert [_insert(sink) for sink in _sinks(program, body, tmp_path)] == [expected]


def _conflict(sink: Sink) -> tuple[object, ...] | None:
    if sink.conflict is None:
        return None
    changes = [(one.column, one.how) for one in sink.conflict.changes]
    return (sink.operation, sink.conflict.action, sink.conflict.columns, changes)


CONFLICTS = [
    (
        SQLALCHEMY,
        "session.execute(upsert(P).values(code=d['id'], n=1).on_conflict_do_update("
        "index_elements=[P.code], set_={'n': P.n + 1}))",
        ("upsert", "update", ("p_code",), [("n", "add")]),
    ),
    (
        SQLALCHEMY,
        "s = upsert(P).values(code=d['id'], n=d['n'])\n"
        "s = s.on_conflict_do_update(index_elements=['p_code'], set_=dict(n=s.excluded.n))\n"
        "session.execute(s)",
        ("upsert", "update", ("p_code",), [("n", "set")]),
    ),
    (
        SQLALCHEMY,
        "session.execute(mysql(P).values(code=d['id']).on_duplicate_key_update(n=P.n + 1))",
        ("upsert", "update", None, [("n", "add")]),
    ),
    (
        SQLALCHEMY,
        "session.merge(Q(code=d['id'], n=d['n']))",
        ("orm-upsert", "merge", ("code",), [("n", "set")]),
    ),
    (
        DJANGO,
        "P.objects.update_or_create(code=d['id'], defaults={'n': F('n') + 1})",
        ("orm-upsert", "update", ("code",), [("n", "add")]),
    ),
    (
        DJANGO,
        "P.objects.get_or_create(shop_id=d['s'], n=1, defaults={'code': d['id']})",
        ("orm-upsert", "nothing", ("shop_id", "n"), []),
    ),
    (
        DJANGO,
        "P.objects.bulk_create([P(code=d['id'], n=d['n'])], update_conflicts=True,"
        " unique_fields=['code'], update_fields=['n'])",
        ("orm-create", "update", ("code",), [("n", "set")]),
    ),
    (
        PEEWEE,
        "P.insert(code=d['id'], n=1).on_conflict(conflict_target=[P.code],"
        " update={P.n: P.n + 1}).execute()",
        ("upsert", "update", ("p_code",), [("n", "add")]),
    ),
    (
        PEEWEE,
        "P.insert(code=d['id']).on_conflict_ignore().execute()",
        ("insert", "nothing", None, []),
    ),
    (
        PEEWEE,
        "P.insert(code=d['id']).on_conflict_replace().execute()",
        ("upsert", "replace", None, []),
    ),
]


@pytest.mark.parametrize(
    ("program", "body", "expected"), CONFLICTS, ids=[one[1] for one in CONFLICTS]
)
def test_clauses(program: str, body: str, expected: tuple[object, ...], tmp_path: Path) -> None:
    assert [_conflict(sink) for sink in _sinks(program, body, tmp_path)] == [expected]


def _update(sink: Sink) -> tuple[object, ...]:
    changes = [(one.column, one.how) for one in sink.changes]
    return (sink.operation, sink.table, changes, sink.selected_by)


UPDATES = [
    (
        SQLALCHEMY,
        "session.execute(update(P).where(P.code == d['id']).values(n=P.n + d['n']))",
        ("update", "p", [("n", "add")], ("p_code",)),
    ),
    (
        SQLALCHEMY,
        "session.query(P).filter_by(code=d['id']).update({'n': P.n + 1})",
        ("orm-update", "p", [("n", "add")], ("p_code",)),
    ),
    (
        SQLALCHEMY,
        "session.query(P).filter(P.code == d['id']).update({P.n: d['n']})",
        ("orm-update", "p", [("n", "set")], ("p_code",)),
    ),
    (
        SQLALCHEMY,
        "p = session.query(P).filter_by(code=d['id']).one()\np.n += 1\nsession.commit()",
        ("orm-update", "p", [("n", "add")], ("p_code",)),
    ),
    (
        SQLALCHEMY,
        "p = session.get(P, d['id'])\np.n = p.n + d['n']\nsession.commit()",
        ("orm-update", "p", [("n", "add")], ()),
    ),
    (
        SQLALCHEMY,
        "p = session.execute(select(P).where(P.code == d['id'])).scalar_one()\np.n -= d['n']",
        ("orm-update", "p", [("n", "add")], ("p_code",)),
    ),
    (
        SQLALCHEMY,
        "session.execute(delete(P).where(P.code == d['id']))",
        ("delete", "p", [], ("p_code",)),
    ),
    (
        SQLALCHEMY,
        "session.execute(T.update().where(T.c.code == d['id']).values(id=T.c.id + 1))",
        ("update", "t", [("id", "add")], ("code",)),
    ),
    (
        DJANGO,
        "P.objects.filter(code=d['id']).update(n=F('n') + d['n'])",
        ("orm-update", "shop_p", [("n", "add")], ("code",)),
    ),
    (
        DJANGO,
        "p = P.objects.get(code=d['id'])\np.n = F('n') + 1\np.save()",
        ("orm-update", "shop_p", [("n", "add")], ("code",)),
    ),
    (
        DJANGO,
        "P.objects.filter(code=d['id']).delete()",
        ("delete", "shop_p", [], ("code",)),
    ),
    (
        PEEWEE,
        "P.update(n=P.n + d['n']).where(P.code == d['id']).execute()",
        ("orm-update", "p", [("n", "add")], ("p_code",)),
    ),
    (
        PEEWEE,
        "P.update({P.n: P.n * 2}).where(P.code == d['id']).execute()",
        ("orm-update", "p", [("n", "other")], ("p_code",)),
    ),
    (
        PEEWEE,
        "p = P.get(P.code == d['id'])\np.n += 1\np.save()",
        ("orm-update", "p", [("n", "add")], ("p_code",)),
    ),
]


@pytest.mark.parametrize(("program", "body", "expected"), UPDATES, ids=[one[1] for one in UPDATES])
def test_updates(program: str, body: str, expected: tuple[object, ...], tmp_path: Path) -> None:
    assert [_update(sink) for sink in _sinks(program, body, tmp_path)] == [expected]


def test_an_increment_stands_where_it_is_written(tmp_path: Path) -> None:
    body = "p = session.get(P, d['id'])\np.n += 1\nsession.commit()"
    (sink,) = _sinks(SQLALCHEMY, body, tmp_path)
    (line,) = [
        number
        for number, text in enumerate((tmp_path / "shop/run.py").read_text().splitlines(), 1)
        if "+= 1" in text
    ]
    assert sink.span.start.line == line


def test_an_update_that_its_own_condition_guards(tmp_path: Path) -> None:
    body = "session.query(P).filter_by(code=d['id'], n=0).update({'n': 1})"
    (sink,) = _sinks(SQLALCHEMY, body, tmp_path)
    assert sink.guard == "a condition on n"


NOTHING = [
    (SQLALCHEMY, "session.get(P, d['id'])"),
    (SQLALCHEMY, "p = session.get(P, d['id'])\np.n = 1\nsession.add(p)"),
    (PEEWEE, "P.insert(code=d['id'])"),
    (PEEWEE, "P(code=d['id'])"),
    (DJANGO, "P(code=d['id'])"),
    (DJANGO, "P.objects.filter(code=d['id']).exists()"),
]


@pytest.mark.parametrize(("program", "body"), NOTHING)
def test_what_writes_nothing(program: str, body: str, tmp_path: Path) -> None:
    assert _sinks(program, body, tmp_path) == []


def test_get_or_create_looks_up_first(tmp_path: Path) -> None:
    body = "P.objects.get_or_create(code=d['id'], defaults={'n': 1})"
    (sink,) = _sinks(DJANGO, body, tmp_path)
    assert (sink.guard, sink.looked_up) == ("get_or_create()", sink.span)
    assert sink.unique == (frozenset({"id"}), frozenset({"code"}))
    assert sink.generated == {"id"}


def test_tortoise(tmp_path: Path) -> None:
    body = """
await P.create(code=d["id"], n=1)
await P.get_or_create(code=d["id"], defaults={"n": 1})
await P.bulk_create([P(code=d["id"])], ignore_conflicts=True)
await P.filter(code=d["id"]).update(n=F("n") + 1)
p = P(code=d["id"])
await p.save()
"""
    found = _sinks(TORTOISE, body, tmp_path, asynchronous=True)
    assert [(sink.operation, sink.columns) for sink in found] == [
        ("orm-create", ("code", "n")),
        ("orm-upsert", ("code", "n")),
        ("orm-create", ("code",)),
        ("orm-update", ("n",)),
        ("orm-create", ("code",)),
    ]
    assert {sink.library for sink in found} == {"tortoise"}
    assert found[0].keys == (frozenset({"code"}),)


def test_an_async_session(tmp_path: Path) -> None:
    program = SQLALCHEMY.replace(
        "session = Session()",
        "from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine\n"
        'engine = create_async_engine("postgresql+asyncpg://db")\n',
    )
    body = "async with AsyncSession(engine) as session:\n    session.add(P(code=d['id']))\n"
    (sink,) = _sinks(program, body, tmp_path, asynchronous=True)
    assert _insert(sink) == ("orm-add", "p", ("p_code",), None, [["p_code"]])
