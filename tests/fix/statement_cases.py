"""Small projects with one write that is repeated, and what its fix makes of them.

`before` and `after` are the text of one file that the fix changes; everything else in the project
stays. `row` holds the values of a record as SQL literals, `ddl` declares the table in the
databases; where it is `known` it stands in the project's schema.sql too.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

_APP = """\
import json
from confluent_kafka import Consumer
{setup}

consumer = Consumer({{"bootstrap.servers": "kafka:9092", "group.id": "g"}})
consumer.subscribe(["orders"])
while True:
    message = consumer.poll(1.0)
    if message is None or message.error():
        continue
    order = json.loads(message.value())
{body}
"""
PSYCOPG2 = """\
import psycopg2
connection = psycopg2.connect("dbname=shop")
cursor = connection.cursor()
"""
SQLITE = """\
import sqlite3
cursor = sqlite3.connect("shop.db")
"""
PYMYSQL = """\
import pymysql
cursor = pymysql.connect(host="db").cursor()
"""
DUCKDB = """\
import duckdb
cursor = duckdb.connect("shop.db")
"""
ORDERS = "CREATE TABLE orders (id varchar(36) PRIMARY KEY, total integer);"
POSITIONS = (
    'CREATE TABLE events (topic varchar(99), partition integer, "offset" bigint, body text,'
    ' UNIQUE (topic, partition, "offset"));'
)
PAIR = "(order['id'], order['total'])"
ROW = ("'o-17'", "42")
EVENT = ("'orders'", "3", "1024", "'text'")


@dataclass(frozen=True)
class Case:
    """`row` is empty for what is no SQL text."""

    setup: str
    body: str
    before: str
    after: str
    title: str = ""
    safety: str = "safe"
    reason: str = ""
    path: str = "app.py"
    ddl: str = ORDERS
    known: bool = True
    row: tuple[str, ...] = ROW
    sql: str = "postgres"
    files: Mapping[str, str] = field(default_factory=dict)
    line_end: str = "\n"
    more: tuple[tuple[str, str], ...] = ()

    def project(self) -> dict[str, str]:
        files = {"app.py": app(self.setup, self.body), **self.files}
        if self.known and self.ddl:
            files["schema.sql"] = self.ddl + "\n"
        files = {path: text.replace("\n", self.line_end) for path, text in files.items()}
        return {"requirements.txt": "confluent-kafka==2.3.0\n", **files}


def app(setup: str, body: str) -> str:
    lines = "".join(f"    {line}\n" if line.strip() else f"{line}\n" for line in body.split("\n"))
    return _APP.format(setup=setup, body=lines.rstrip("\n"))


ORDER_CLAUSE = "ON CONFLICT (id) DO NOTHING"
EVENT_CLAUSE = 'ON CONFLICT (topic, partition, "offset") DO NOTHING'
_UNKNOWN = "it fails where no unique key on (topic, partition, offset) exists"

WRITTEN: dict[str, Case] = {
    "one line": Case(
        PSYCOPG2,
        f'cursor.execute("INSERT INTO orders (id, total) VALUES (%s, %s)", {PAIR})',
        '"INSERT INTO orders (id, total) VALUES (%s, %s)"',
        f'"INSERT INTO orders (id, total) VALUES (%s, %s) {ORDER_CLAUSE}"',
        title="add ON CONFLICT (id) DO NOTHING to the INSERT into orders",
    ),
    "keywords in lower case": Case(
        SQLITE,
        f"cursor.executemany('insert into orders (id, total) values (?, ?)', [{PAIR}])",
        "'insert into orders (id, total) values (?, ?)'",
        "'insert into orders (id, total) values (?, ?) on conflict (id) do nothing'",
        title="add on conflict (id) do nothing to the INSERT into orders",
        sql="sqlite",
    ),
    "keywords of both cases": Case(
        PSYCOPG2,
        f'cursor.execute("Insert Into orders (Id, total) Values (%s, %s)", {PAIR})',
        '"Insert Into orders (Id, total) Values (%s, %s)"',
        '"Insert Into orders (Id, total) Values (%s, %s) ON CONFLICT (Id) DO NOTHING"',
    ),
    "several lines": Case(
        PSYCOPG2,
        f'cursor.execute(\n    """\n    INSERT INTO orders (id, total)\n      VALUES (%s, %s)\n    """,\n    {PAIR},\n)',
        "          VALUES (%s, %s)\n",
        f"          VALUES (%s, %s)\n          {ORDER_CLAUSE}\n",
    ),
    "several lines with a semicolon": Case(
        PSYCOPG2,
        f'cursor.execute("""\nINSERT INTO orders\n  (id, total)\nVALUES\n  (%s, %s);\n\n""", {PAIR})',
        "    VALUES\n      (%s, %s);\n",
        f"    VALUES\n      (%s, %s)\n    {ORDER_CLAUSE};\n",
    ),
    "parentheses over several lines": Case(
        PSYCOPG2,
        f"cursor.execute('''INSERT INTO orders (\n        id,\n        total\n    ) VALUES (\n        %s,\n        %s\n    )''', {PAIR})",
        "            %s\n        )'''",
        f"            %s\n        )\n        {ORDER_CLAUSE}'''",
    ),
    "VALUES in the first of several lines": Case(
        PSYCOPG2,
        f"cursor.execute('''INSERT INTO orders (id, total) VALUES (\n    %s, %s\n)''', {PAIR})",
        "        %s, %s\n    )'''",
        f"        %s, %s\n    )\n    {ORDER_CLAUSE}'''",
    ),
    "one line in a triple-quoted text": Case(
        PSYCOPG2,
        f'cursor.execute("""\n    INSERT INTO orders (id, total) VALUES (%s, %s)\n""", {PAIR})',
        "(id, total) VALUES (%s, %s)\n",
        f"(id, total) VALUES (%s, %s) {ORDER_CLAUSE}\n",
    ),
    "a comment behind the rows": Case(
        PSYCOPG2,
        f'cursor.execute("""\n    INSERT INTO orders (id, total) -- one order\n    VALUES (%s, %s) -- its total\n""", {PAIR})',
        "VALUES (%s, %s) -- its total\n",
        f"VALUES (%s, %s) {ORDER_CLAUSE} -- its total\n",
    ),
    "RETURNING in its own line": Case(
        PSYCOPG2,
        f'cursor.execute("""\n    INSERT INTO orders (id, total)\n    VALUES (%s, %s)\n    RETURNING id\n""", {PAIR})',
        "        VALUES (%s, %s)\n",
        f"        VALUES (%s, %s)\n        {ORDER_CLAUSE}\n",
        safety="unsafe",
        reason="RETURNING gives no row for a record that is there already",
    ),
    "RETURNING behind the rows": Case(
        PSYCOPG2,
        f'cursor.execute("INSERT INTO orders (id, total) VALUES (%s, %s)RETURNING id", {PAIR})',
        "VALUES (%s, %s)RETURNING id",
        f"VALUES (%s, %s) {ORDER_CLAUSE} RETURNING id",
        safety="unsafe",
        reason="RETURNING gives no row",
    ),
    "literals one after the other": Case(
        PSYCOPG2,
        f"""cursor.execute(\n    "INSERT INTO orders (id, total)"  # both\n    ' VALUES (%s, %s) ',\n    {PAIR},\n)""",
        "' VALUES (%s, %s) '",
        f"' VALUES (%s, %s) {ORDER_CLAUSE} '",
    ),
    "lines as escapes": Case(
        PSYCOPG2,
        f'cursor.execute("INSERT INTO orders (id, total)\\n\\tVALUES (%s, %s)\\n", {PAIR})',
        '\\tVALUES (%s, %s)\\n"',
        f'\\tVALUES (%s, %s)\\n\\t{ORDER_CLAUSE}\\n"',
    ),
    "a literal for each line": Case(
        PSYCOPG2,
        f'cursor.execute(\n    "INSERT INTO orders (id, total)\\n"\n    "VALUES (%s, %s)\\n",\n    {PAIR},\n)',
        '"VALUES (%s, %s)\\n"',
        f'"VALUES (%s, %s)\\n{ORDER_CLAUSE}\\n"',
    ),
    "an escaped parenthesis": Case(
        PSYCOPG2,
        f'cursor.execute("INSERT INTO orders (id, total) VALUES (%s, %s\\x29", {PAIR})',
        'VALUES (%s, %s\\x29"',
        f'VALUES (%s, %s\\x29 {ORDER_CLAUSE}"',
    ),
    "a raw literal": Case(
        PSYCOPG2,
        f"cursor.execute(r'INSERT INTO orders (id, total) VALUES (%s, %s)', {PAIR})",
        "r'INSERT INTO orders (id, total) VALUES (%s, %s)'",
        f"r'INSERT INTO orders (id, total) VALUES (%s, %s) {ORDER_CLAUSE}'",
    ),
    "an f-string": Case(
        PSYCOPG2,
        "cursor.execute(f\"INSERT INTO orders (id, total) VALUES ('{order['id']}', {order['total']:>{2}})\")",
        "{order['total']:>{2}})\"",
        f"{{order['total']:>{{2}}}}) {ORDER_CLAUSE}\"",
        row=("o-17", "42"),
    ),
    "an f-string beside a plain literal": Case(
        PSYCOPG2,
        "cursor.execute(\n    'INSERT INTO orders (id, total) '\n    f\"VALUES ('{order['id']}', \"\n    f'{order[\"total\"]})'\n)",
        "    f'{order[\"total\"]})'\n",
        f"    f'{{order[\"total\"]}}) {ORDER_CLAUSE}'\n",
        row=("o-17", "42"),
    ),
    "braces that are text": Case(
        PSYCOPG2,
        "cursor.execute(f\"INSERT INTO orders (id, total) VALUES ('{{{order['id']}}}', 1)\")",
        "}}}', 1)\"",
        f"}}}}}}', 1) {ORDER_CLAUSE}\"",
        row=("o-17",),
    ),
    "quotation marks of the key": Case(
        PSYCOPG2,
        'cursor.execute("INSERT INTO events (topic, partition, \\"offset\\", body) VALUES (%s, %s, %s, %s)",'
        "\n    (message.topic(), message.partition(), message.offset(), order['body']))",
        '(%s, %s, %s, %s)"',
        '(%s, %s, %s, %s) ON CONFLICT (topic, partition, \\"offset\\") DO NOTHING"',
        title='add ON CONFLICT (topic, partition, "offset") DO NOTHING to the INSERT into events',
        safety="unsafe",
        reason=_UNKNOWN,
        ddl=POSITIONS,
        known=False,
        row=EVENT,
    ),
    "the position of the record": Case(
        PSYCOPG2,
        "cursor.execute('INSERT INTO events (body, \"offset\", topic, partition) VALUES (%s, %s, %s, %s)',"
        "\n    (order['body'], message.offset(), message.topic(), message.partition()))",
        "(%s, %s, %s, %s)'",
        '(%s, %s, %s, %s) ON CONFLICT ("offset", topic, partition) DO NOTHING\'',
        safety="unsafe",
        reason=_UNKNOWN,
        ddl=POSITIONS,
        known=False,
        row=("'text'", "1024", "'orders'", "3"),
    ),
    "the position by longer names": Case(
        SQLITE,
        "cursor.execute('INSERT INTO raw (kafka_topic, kafka_partition, kafka_offset) VALUES (?, ?, ?)',"
        "\n    (message.topic(), message.partition(), message.offset()))",
        "(?, ?, ?)'",
        "(?, ?, ?) ON CONFLICT (kafka_topic, kafka_partition, kafka_offset) DO NOTHING'",
        safety="unsafe",
        reason="it fails where no unique key",
        ddl="CREATE TABLE raw (kafka_topic varchar(99), kafka_partition integer, kafka_offset bigint,"
        " UNIQUE (kafka_topic, kafka_partition, kafka_offset));",
        known=False,
        row=EVENT[:3],
        sql="sqlite",
    ),
    "a key of several columns": Case(
        PSYCOPG2,
        'cursor.execute("INSERT INTO events (topic, partition, \\"offset\\", body) VALUES (%s, %s, %s, %s)",'
        "\n    (message.topic(), message.partition(), message.offset(), order['body']))",
        '(%s, %s, %s, %s)"',
        '(%s, %s, %s, %s) ON CONFLICT (topic, partition, \\"offset\\") DO NOTHING"',
        ddl=POSITIONS,
        row=EVENT,
    ),
    "several keys": Case(
        SQLITE,
        "cursor.execute('INSERT INTO orders (id, number, total) VALUES (?, ?, ?)',"
        " (order['id'], order['number'], order['total']))",
        "(?, ?, ?)'",
        f"(?, ?, ?) {ORDER_CLAUSE}'",
        ddl="CREATE TABLE orders (number varchar(9) UNIQUE, id varchar(36) PRIMARY KEY, total integer);",
        row=("'o-17'", "'n-1'", "42"),
        sql="sqlite",
    ),
    "no column list": Case(
        SQLITE,
        f"cursor.execute('INSERT INTO orders VALUES (?, ?)', {PAIR})",
        "(?, ?)'",
        f"(?, ?) {ORDER_CLAUSE}'",
        sql="sqlite",
    ),
    "several rows": Case(
        PSYCOPG2,
        f"cursor.execute(\"INSERT INTO orders (id, total) VALUES (%s, %s), ('fee', 1)\", {PAIR})",
        "('fee', 1)\"",
        f"('fee', 1) {ORDER_CLAUSE}\"",
    ),
    "named parameters": Case(
        PSYCOPG2,
        'cursor.execute("INSERT INTO orders (id, total) VALUES (%(id)s, %(total)s)", order)',
        '%(total)s)"',
        f'%(total)s) {ORDER_CLAUSE}"',
    ),
    "execute_values": Case(
        PSYCOPG2 + "from psycopg2.extras import execute_values\n",
        f'execute_values(cursor, "INSERT INTO orders (id, total) VALUES %s", [{PAIR}])',
        'VALUES %s"',
        f'VALUES %s {ORDER_CLAUSE}"',
    ),
    "numbered parameters": Case(
        "import asyncio, asyncpg\npool = asyncio.run(asyncpg.create_pool(dsn='postgresql://shop'))\n",
        "asyncio.run(pool.execute('INSERT INTO orders (id, total) VALUES ($1, $2)', order['id'], order['total']))",
        "($1, $2)'",
        f"($1, $2) {ORDER_CLAUSE}'",
    ),
    "DuckDB": Case(
        DUCKDB,
        f"cursor.execute('INSERT INTO orders (id, total) VALUES (?, ?)', {PAIR})",
        "(?, ?)'",
        f"(?, ?) {ORDER_CLAUSE}'",
        sql="duckdb",
    ),
    "text() of SQLAlchemy": Case(
        "from sqlalchemy import create_engine, text\nengine = create_engine('sqlite:///shop.db')\n",
        "with engine.begin() as connection:\n    connection.execute(text('INSERT INTO orders (id, total) VALUES (:id, :total)'), order)",
        "(:id, :total)'",
        f"(:id, :total) {ORDER_CLAUSE}'",
        sql="sqlite",
    ),
    "sql.SQL() of psycopg": Case(
        PSYCOPG2 + "from psycopg2 import sql\n",
        f"cursor.execute(sql.SQL('INSERT INTO orders (id, total) VALUES (%s, %s)'), {PAIR})",
        "(%s, %s)'",
        f"(%s, %s) {ORDER_CLAUSE}'",
    ),
    "blanks stripped": Case(
        PSYCOPG2,
        f'cursor.execute("""\n    INSERT INTO orders (id, total)\n    VALUES (%s, %s)\n""".strip(), {PAIR})',
        "        VALUES (%s, %s)\n",
        f"        VALUES (%s, %s)\n        {ORDER_CLAUSE}\n",
    ),
    "letters of more than one byte": Case(
        PSYCOPG2,
        f"print('größer 🛒'); cursor.execute('INSERT INTO orders (id, total) VALUES (%s, %s)', {PAIR})",
        "(%s, %s)'",
        f"(%s, %s) {ORDER_CLAUSE}'",
    ),
    "lines that end as on Windows": Case(
        PSYCOPG2,
        f'cursor.execute("""\n    INSERT INTO orders (id, total)\n    VALUES (%s, %s)\n""", {PAIR})',
        "        VALUES (%s, %s)\r\n",
        f"        VALUES (%s, %s)\r\n        {ORDER_CLAUSE}\r\n",
        line_end="\r\n",
    ),
    "a line continued": Case(
        PSYCOPG2,
        f"cursor.execute('INSERT INTO orders (id, total) \\\nVALUES (%s, %s)', {PAIR})",
        "VALUES (%s, %s)'",
        f"VALUES (%s, %s) {ORDER_CLAUSE}'",
    ),
    "a constant": Case(
        PSYCOPG2 + 'INSERT: str = "INSERT INTO orders (id, total) VALUES (%s, %s)"\n',
        f"cursor.execute(INSERT, {PAIR})",
        '(%s, %s)"',
        f'(%s, %s) {ORDER_CLAUSE}"',
    ),
    "a constant that is used again": Case(
        PSYCOPG2 + 'INSERT = "INSERT INTO orders (id, total) VALUES (%s, %s)"\nprint(INSERT)\n',
        f"cursor.execute(INSERT, {PAIR})",
        '(%s, %s)"',
        f'(%s, %s) {ORDER_CLAUSE}"',
        safety="unsafe",
        reason="the statement's name is used at other places as well",
    ),
    "a constant of another module": Case(
        PSYCOPG2 + "from statements import INSERT\n",
        f"cursor.execute(INSERT, {PAIR})",
        '(%s, %s)"',
        f'(%s, %s) {ORDER_CLAUSE}"',
        safety="unsafe",
        reason="the statement stands in statements.py, which other code may use",
        path="statements.py",
        files={"statements.py": 'INSERT = "INSERT INTO orders (id, total) VALUES (%s, %s)"\n'},
    ),
    "a file of SQL": Case(
        PSYCOPG2 + "from pathlib import Path\n",
        f"cursor.execute(Path('sql/insert.sql').read_text(), {PAIR})",
        "    VALUES (%s, %s);\n",
        f"    VALUES (%s, %s)\n    {ORDER_CLAUSE};\n",
        safety="unsafe",
        reason="the statement stands in sql/insert.sql, which other code may use",
        path="sql/insert.sql",
        files={
            "sql/insert.sql": "-- an order\nINSERT INTO orders (id, total)\n    VALUES (%s, %s);\n"
        },
    ),
    "a file of SQL, opened, from Windows": Case(
        SQLITE + "with open('insert.sql') as file:\n    INSERT = file.read()\n",
        f"cursor.execute(INSERT, {PAIR})",
        "values (?, ?)",
        "values (?, ?)\r\non conflict (id) do nothing",
        safety="unsafe",
        reason="the statement stands in insert.sql",
        path="insert.sql",
        files={"insert.sql": "insert into orders (id, total)\nvalues (?, ?)"},
        sql="sqlite",
        line_end="\r\n",
    ),
    "rows are counted": Case(
        PSYCOPG2,
        f"cursor.execute('INSERT INTO orders (id, total) VALUES (%s, %s)', {PAIR})\nassert cursor.rowcount == 1",
        "(%s, %s)'",
        f"(%s, %s) {ORDER_CLAUSE}'",
        safety="unsafe",
        reason="the code reads rowcount, which a skipped row does not set",
    ),
    "the connection is not seen": Case(
        "import psycopg2\ncursor = vars()['cursor']\n",
        f"cursor.execute('INSERT INTO orders (id, total) VALUES (%s, %s)', {PAIR})",
        "(%s, %s)'",
        f"(%s, %s) {ORDER_CLAUSE}'",
        safety="unsafe",
        reason="it is not certain that records are written here",
    ),
    "two declarations that differ": Case(
        PSYCOPG2,
        f"cursor.execute('INSERT INTO orders (id, total) VALUES (%s, %s)', {PAIR})",
        "(%s, %s)'",
        f"(%s, %s) {ORDER_CLAUSE}'",
        safety="unsafe",
        reason="the project's files do not agree on the table's unique keys",
        files={"old.sql": "CREATE TABLE orders (id varchar(36), total integer);\n"},
    ),
    "a constraint dropped": Case(
        PSYCOPG2,
        f"cursor.execute('INSERT INTO orders (id, total) VALUES (%s, %s)', {PAIR})",
        "(%s, %s)'",
        f"(%s, %s) {ORDER_CLAUSE}'",
        safety="unsafe",
        reason="or drop some",
        files={"two.sql": "ALTER TABLE orders DROP CONSTRAINT orders_pkey;\n"},
    ),
    "an index dropped by the program": Case(
        PSYCOPG2 + "cursor.execute('ALTER TABLE orders DROP CONSTRAINT one')\n",
        f"cursor.execute('INSERT INTO orders (id, total) VALUES (%s, %s)', {PAIR})",
        "(%s, %s)'",
        f"(%s, %s) {ORDER_CLAUSE}'",
        safety="unsafe",
        reason="or drop some",
    ),
    "values filled in by format()": Case(
        PSYCOPG2,
        "cursor.execute('INSERT INTO orders (id, total) VALUES (\\'{}\\', {})'.format(*order))",
        "{})'.format",
        f"{{}}) {ORDER_CLAUSE}'.format",
        row=("o-17", "42"),
    ),
    "MySQL": Case(
        PYMYSQL,
        f"cursor.executemany('INSERT INTO orders (id, total) VALUES (%s, %s)', [{PAIR}])",
        "(%s, %s)'",
        "(%s, %s) ON DUPLICATE KEY UPDATE id = id'",
        title="add ON DUPLICATE KEY UPDATE id = id to the INSERT into orders",
        sql="mysql",
    ),
    "MySQL in lower case, with marks": Case(
        PYMYSQL,
        f"cursor.execute('''\n    insert into orders (`id`, total)\n    values (%s, %s)\n''', {PAIR})",
        "        values (%s, %s)\n",
        "        values (%s, %s)\n        on duplicate key update `id` = `id`\n",
        sql="mysql",
    ),
    "MySQL and the position": Case(
        PYMYSQL,
        "cursor.execute('INSERT INTO events (topic, `partition`, `offset`) VALUES (%s, %s, %s)',"
        "\n    (message.topic(), message.partition(), message.offset()))",
        "(%s, %s, %s)'",
        "(%s, %s, %s) ON DUPLICATE KEY UPDATE topic = topic'",
        safety="unsafe",
        reason="it changes nothing where no unique key on (topic, partition, offset) exists",
        ddl="CREATE TABLE events (topic varchar(99), `partition` integer, `offset` bigint,"
        " UNIQUE (topic, `partition`, `offset`));",
        known=False,
        row=EVENT[:3],
        sql="mysql",
    ),
}

_MODELS = """\
from sqlalchemy import Column, Integer, String
from sqlalchemy.orm import declarative_base

Base = declarative_base()


class Order(Base):
    __tablename__ = "orders"
    id = Column(String(36), primary_key=True)
    total = Column(Integer)
"""
_CORE = """\
from sqlalchemy import create_engine, insert
from models import Order
engine = create_engine("sqlite:///shop.db")
"""
_VALUES = "values(id=order['id'], total=order['total'])"
_NUMBERED = "values(number=order['id'], total=order['total'])"
_ON_CONFLICT = 'on_conflict_do_nothing(index_elements=["id"])'
_IMPORT = (
    "from sqlalchemy import create_engine, insert\n",
    "from sqlalchemy import create_engine\nfrom sqlalchemy.dialects.sqlite import insert\n",
)


def _core(
    body: str,
    before: str,
    *,
    setup: str = _CORE,
    more: tuple[tuple[str, str], ...] = (_IMPORT,),
    reason: str = "",
    models: str = _MODELS,
    key: str = "id",
) -> Case:
    clause = _ON_CONFLICT.replace("id", key)
    return Case(
        setup,
        f"with engine.begin() as connection:\n    {body}",
        before,
        f"{before}.{clause}",
        title=f"use the insert() of sqlalchemy.dialects.sqlite with {clause} for orders",
        safety="unsafe" if reason else "safe",
        reason=reason,
        ddl="",
        row=(),
        sql="sqlite",
        files={"models.py": models},
        more=more,
    )


CORE: dict[str, Case] = {
    "insert() of SQLAlchemy": _core(
        f"connection.execute(insert(Order).{_VALUES})", f"insert(Order).{_VALUES}"
    ),
    "a statement with a name": _core(
        f"statement = insert(Order).{_VALUES}\n    connection.execute(statement)",
        f"insert(Order).{_VALUES}",
    ),
    "a column with another name": _core(
        f"connection.execute(insert(Order).{_VALUES})",
        f"insert(Order).{_VALUES}",
        models=_MODELS.replace("id = Column(", "id = Column('order_no', "),
        key="order_no",
    ),
    "insert() of SQLModel": _core(
        f"connection.execute(insert(Order).{_VALUES})",
        f"insert(Order).{_VALUES}",
        setup="from sqlmodel import create_engine, insert\n" + _CORE.partition("\n")[2],
        more=(
            (
                "from sqlmodel import create_engine, insert\n",
                "from sqlmodel import create_engine\nfrom sqlalchemy.dialects.sqlite import insert\n",
            ),
        ),
    ),
    "insert() with rows beside it": _core(
        "connection.execute(insert(Order), [order])",
        "insert(Order)",
        reason="it is not seen whether the values fill (id)",
    ),
    "insert() of the dialect": _core(
        f"connection.execute(add(Order).{_VALUES})",
        f"add(Order).{_VALUES}",
        setup=_CORE.replace(
            "create_engine, insert\n",
            "create_engine\nfrom sqlalchemy.dialects.sqlite import insert as add\n",
        ),
        more=(),
    ),
    "returning()": _core(
        f"connection.execute(insert(Order).{_VALUES}.returning(Order.id))",
        f"insert(Order).{_VALUES}.returning(Order.id)",
        reason="returning() gives no row for a record that is there already",
    ),
}

# What needs a PostgreSQL server to run.
POSTGRES: dict[str, Case] = {
    "insert() on PostgreSQL": replace(
        _core(
            f"connection.execute(insert(Order).{_VALUES})",
            f"insert(Order).{_VALUES}",
            setup=_CORE.replace("sqlite:///shop.db", "postgresql+psycopg://db/shop"),
            more=((_IMPORT[0], _IMPORT[1].replace("sqlite", "postgresql")),),
        ),
        title="use the insert() of sqlalchemy.dialects.postgresql with"
        ' on_conflict_do_nothing(index_elements=["id"]) for orders',
        sql="postgres",
    ),
}

_DJANGO_MODELS = """\
from django.db import models


class Order(models.Model):
    number = models.CharField(max_length=36, unique=True)
    total = models.IntegerField()
"""
_HIDES = "the database is not known, and on MySQL and MariaDB ignore_conflicts also hides errors in"
_ROWS = "[Order(number=order['id'], total=order['total'])]"


def _django(body: str, before: str, after: str, reason: str = _HIDES) -> Case:
    return Case(
        "from shop.models import Order\n",
        body,
        before,
        after,
        title="give bulk_create() ignore_conflicts=True for the unique key (number)",
        safety="unsafe",
        reason=reason,
        ddl="",
        row=(),
        files={"shop/models.py": _DJANGO_MODELS},
    )


DJANGO: dict[str, Case] = {
    "bulk_create() of Django": _django(
        f"Order.objects.bulk_create({_ROWS})",
        f"bulk_create({_ROWS})",
        f"bulk_create({_ROWS}, ignore_conflicts=True)",
    ),
    "the objects are used again": _django(
        f"orders = {_ROWS}\nOrder.objects.bulk_create(orders)\nprint(orders[0].pk)",
        "bulk_create(orders)",
        "bulk_create(orders, ignore_conflicts=True)",
        "the objects get no primary keys",
    ),
    "the result is used": _django(
        f"made = Order.objects.bulk_create({_ROWS})",
        f"bulk_create({_ROWS})",
        f"bulk_create({_ROWS}, ignore_conflicts=True)",
        "the objects get no primary keys",
    ),
    "switched off": _django(
        f"Order.objects.bulk_create({_ROWS}, ignore_conflicts=False)",
        "ignore_conflicts=False",
        "ignore_conflicts=True",
        "ignore_conflicts was switched off on purpose",
    ),
}


# Preconditions --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Refusal:
    """A write for which no fix can be written; `reason` is part of what the user is told."""

    reason: str
    setup: str
    body: str
    known: bool = True
    ddl: str = ORDERS
    files: Mapping[str, str] = field(default_factory=dict)

    def project(self) -> dict[str, str]:
        files = {"app.py": app(self.setup, self.body), **self.files}
        if self.known:
            files["schema.sql"] = self.ddl + "\n"
        return {"requirements.txt": "confluent-kafka==2.3.0\n", **files}


def _pg(
    reason: str, statement: str, values: str = PAIR, *, known: bool = True, ddl: str = ORDERS
) -> Refusal:
    return Refusal(reason, PSYCOPG2, f"cursor.execute({statement}, {values})", known, ddl)


def _orm(reason: str, setup: str, body: str, models: str = _MODELS) -> Refusal:
    return Refusal(reason, setup, body, known=False, files={"models.py": models})


def _shop(reason: str, body: str, models: str = _DJANGO_MODELS, setup: str = "") -> Refusal:
    setup = "from shop.models import Order\n" + setup
    return Refusal(reason, setup, body, known=False, files={"shop/models.py": models})


_PLAIN = "'INSERT INTO orders (id, total) VALUES (%s, %s)'"
_POSITION = "(message.topic(), message.partition(), message.offset())"
_ENGINE = "with engine.begin() as connection:\n    "


def _indexed(index: str) -> str:
    """The model with a generated key and an index."""
    return (
        _MODELS.replace("import Column", "import Column, Index, func, text")
        .replace("id = Column(String(36), ", "number = Column(String)\n    id = Column(Integer, ")
        .replace("    total", f"    __table_args__ = ({index},)\n    total")
    )


REFUSED: dict[str, Refusal] = {
    # the database
    "SQL Server": Refusal(
        "SQL Server has no such clause",
        "import pymssql\ncursor = pymssql.connect('db').cursor()\n",
        f"cursor.execute({_PLAIN}, {PAIR})",
    ),
    "Oracle": Refusal(
        "Oracle has no such clause",
        "import oracledb\ncursor = oracledb.connect('db').cursor()\n",
        f"cursor.execute('INSERT INTO orders (id, total) VALUES (:1, :2)', {PAIR})",
    ),
    "ODBC": Refusal(
        "which database executes it is not known",
        "import pyodbc\ncursor = pyodbc.connect('DSN=shop').cursor()\n",
        f"cursor.execute('INSERT INTO orders (id, total) VALUES (?, ?)', {PAIR})",
    ),
    "a URL that is not known": Refusal(
        "which database executes it is not known",
        "import os\nfrom sqlalchemy import create_engine, text\n"
        "engine = create_engine(os.environ['DB'])\n",
        _ENGINE
        + "connection.execute(text('INSERT INTO orders (id, total) VALUES (:id, :total)'), order)",
    ),
    "two kinds of databases": Refusal(
        "the same statement is executed on databases of different kinds",
        PSYCOPG2 + "import duckdb\nother = duckdb.connect('x')\n"
        "INSERT = 'INSERT INTO orders (id, total) VALUES ($1, $2)'\n",
        f"cursor.execute(INSERT, {PAIR})\nother.execute(INSERT, {PAIR})",
    ),
    # the key
    "no unique key": _pg(
        "orders has no unique key that the record fills",
        _PLAIN,
        ddl="CREATE TABLE orders (id varchar(36), total integer);",
    ),
    "only a generated key": _pg(
        "orders has no unique key that the record fills",
        _PLAIN,
        ddl="CREATE TABLE orders (row serial PRIMARY KEY, id varchar(36), total integer);",
    ),
    "only a partial index": _pg(
        "orders has no unique key that the record fills",
        _PLAIN,
        ddl="CREATE TABLE orders (id text, total integer);\n"
        "CREATE UNIQUE INDEX one ON orders (id) WHERE total > 0;",
    ),
    "only an expression index": _pg(
        "orders has no unique key that the record fills",
        _PLAIN,
        ddl="CREATE TABLE orders (id text, total integer);\n"
        "CREATE UNIQUE INDEX one ON orders (lower(id));",
    ),
    "keys that are not known": _pg(
        "it is not known which unique key of orders a repetition violates", _PLAIN, known=False
    ),
    "no partition": _pg(
        "no columns named for the record's topic, partition and offset",
        "'INSERT INTO events (topic, \"offset\") VALUES (%s, %s)'",
        "(message.topic(), message.offset())",
        known=False,
    ),
    "two offsets": _pg(
        "no columns named for the record's topic, partition and offset",
        "'INSERT INTO events (topic, partition, start_offset, end_offset) VALUES (%s, %s, %s, %s)'",
        "(message.topic(), message.partition(), message.offset(), order['end'])",
        known=False,
    ),
    "a deferrable constraint": _pg(
        "the table's constraint is deferrable",
        _PLAIN,
        ddl="CREATE TABLE orders (id text, total integer, UNIQUE (id) DEFERRABLE);",
    ),
    "no column list on PostgreSQL": _pg(
        "the statement lists no columns, and how id is quoted is not known",
        "'INSERT INTO orders VALUES (%s, %s)'",
    ),
    "no column list, and a reserved word": Refusal(
        "the statement lists no columns, and how order is quoted is not known",
        SQLITE,
        "cursor.execute('INSERT INTO lines VALUES (?, ?)', (order['id'], order['total']))",
        ddl='CREATE TABLE lines ("order" text PRIMARY KEY, total integer);',
    ),
    # the statement
    "the table is put in": _pg(
        "the table's name is put in at run time",
        "f\"INSERT INTO {order['table']} (topic, partition, seq_offset) VALUES (%s, %s, %s)\"",
        _POSITION,
    ),
    "a part of the table's name is put in": _pg(
        "the table's name is put in at run time",
        "f\"INSERT INTO orders_{order['year']} (topic, partition, offset) VALUES (%s, %s, %s)\"",
        _POSITION,
    ),
    "a column is put in": _pg(
        "a part of the column list is put in at run time",
        "f\"INSERT INTO orders (id, {order['column']}) VALUES (%s, %s)\"",
    ),
    "the columns are put in": _pg(
        "what stands behind the table's name is put in at run time",
        "f\"INSERT INTO orders {order['columns']} VALUES (%s, %s)\"",
    ),
    "the rows are put in": _pg(
        "the rows behind VALUES are put in at run time",
        "f\"INSERT INTO orders (id, total) VALUES {order['rows']}\"",
    ),
    "INSERT with SELECT": _pg(
        "its rows come from a SELECT",
        "'INSERT INTO orders (id, total) SELECT id, %s FROM carts WHERE id = %s'",
        "(order['total'], order['id'])",
    ),
    "INSERT with DEFAULT VALUES": _pg(
        "it inserts DEFAULT VALUES", "'INSERT INTO orders DEFAULT VALUES'"
    ),
    "INSERT with SET": Refusal(
        "it is an INSERT … SET",
        PYMYSQL,
        f"cursor.execute('INSERT INTO orders SET id = %s, total = %s', {PAIR})",
    ),
    "several statements": _pg(
        "the text holds several statements",
        "'INSERT INTO orders (id, total) VALUES (%s, %s); UPDATE counts SET n = n + 1'",
    ),
    "WITH before it": _pg(
        "the statement does not begin with a plain INSERT INTO",
        "'WITH one AS (SELECT 1) INSERT INTO orders (id, total) VALUES (%s, %s)'",
    ),
    "INSERT OR ABORT": Refusal(
        "the statement does not begin with a plain INSERT INTO",
        SQLITE,
        f"cursor.execute('INSERT OR ABORT INTO orders (id, total) VALUES (?, ?)', {PAIR})",
    ),
    "an alias": _pg(
        "AS stands between the columns and VALUES",
        "'INSERT INTO orders AS one (id, total) VALUES (%s, %s)'",
    ),
    "OVERRIDING": _pg(
        "OVERRIDING stands between the columns and VALUES",
        "'INSERT INTO orders (id, total) OVERRIDING SYSTEM VALUE VALUES (%s, %s)'",
    ),
    "an alias of the row": Refusal(
        "AS stands behind the rows",
        PYMYSQL,
        f"cursor.execute('INSERT INTO orders (id, total) VALUES (%s, %s) AS new', {PAIR})",
    ),
    # the literal
    "texts added": _pg(
        "the statement is put together by an expression",
        "'INSERT INTO orders (id, total)' + ' VALUES (%s, %s)'",
    ),
    "values filled in by %": _pg(
        "the statement is put together by an expression",
        "'INSERT INTO orders (id, total) VALUES (%s, %s)' % (order['id'], order['total'])",
    ),
    "a text replaced": _pg(
        "what is executed is made from the literal by other code",
        "'INSERT INTO TABLE_NAME (id, total) VALUES (%s, %s)'.replace('TABLE_NAME', 'orders')",
    ),
    "a raw literal with the key's marks": _pg(
        "the key's quotation marks cannot be written into a raw literal",
        '\'INSERT INTO events (topic, partition, "offset")\' r" VALUES (%s, %s, %s)"',
        _POSITION,
        ddl=POSITIONS,
    ),
    "a file with lines of two kinds": Refusal(
        "the file's lines end in different ways",
        PSYCOPG2,
        f"cursor.execute(open('insert.sql').read(), {PAIR})",
        files={"insert.sql": "INSERT INTO orders\r\n(id, total)\nVALUES (%s, %s)\n"},
    ),
    # SQLAlchemy
    "session.add()": _orm(
        "session.merge()",
        _CORE.replace(", insert", "\nfrom sqlalchemy.orm import Session"),
        "with Session(engine) as session:\n    session.add(Order(id=order['id']))",
    ),
    "a method of the table": _orm(
        "insert() is called as an attribute",
        _CORE,
        _ENGINE + f"connection.execute(Order.__table__.insert().{_VALUES})",
    ),
    "an attribute of the package": _orm(
        "insert() is called as an attribute",
        _CORE.replace("create_engine, insert", "create_engine\nimport sqlalchemy as sa"),
        _ENGINE + f"connection.execute(sa.insert(Order).{_VALUES})",
    ),
    "another name for insert": _orm(
        "insert is imported under the name add",
        _CORE.replace("insert", "insert as add"),
        _ENGINE + f"connection.execute(add(Order).{_VALUES})",
    ),
    "insert imported in a function": _orm(
        "insert is not imported once, at the top of the module",
        _CORE.replace(", insert", "")
        + "def store(connection, order):\n    from sqlalchemy import insert\n"
        + f"    connection.execute(insert(Order).{_VALUES})\n",
        _ENGINE + "store(connection, order)",
    ),
    "another thing with the name insert": _orm(
        "insert is not imported once, at the top of the module",
        _CORE + "def other(insert):\n    return insert\n",
        _ENGINE + f"connection.execute(insert(Order).{_VALUES})",
    ),
    "a statement made in steps": _orm(
        "the statement is made in several steps",
        _CORE,
        _ENGINE + f"one = insert(Order)\n    one = one.{_VALUES}\n    connection.execute(one)",
    ),
    "insert() on MySQL": _orm(
        "MySQL's insert() takes on_duplicate_key_update()",
        _CORE.replace("sqlite:///shop.db", "mysql+pymysql://db/shop"),
        _ENGINE + f"connection.execute(insert(Order).{_VALUES})",
    ),
    "insert() on SQL Server": _orm(
        "SQL Server has no such clause",
        _CORE.replace("sqlite:///shop.db", "mssql+pyodbc://db/shop"),
        _ENGINE + f"connection.execute(insert(Order).{_VALUES})",
    ),
    "insert() on Oracle": _orm(
        "Oracle has no such clause",
        _CORE.replace("sqlite:///shop.db", "oracle://db/shop"),
        _ENGINE + f"connection.execute(insert(Order).{_VALUES})",
    ),
    "insert() on an unknown database": _orm(
        "which database it is executed on is not known",
        "import os\n" + _CORE.replace('"sqlite:///shop.db"', "os.environ['DB']"),
        _ENGINE + f"connection.execute(insert(Order).{_VALUES})",
    ),
    "insert() of another dialect": _orm(
        "this insert() is that of sqlalchemy.dialects.postgresql, and the database is another",
        _CORE.replace(", insert", "\nfrom sqlalchemy.dialects.postgresql import insert"),
        _ENGINE + f"connection.execute(insert(Order).{_VALUES})",
    ),
    "only a partial index of a model": _orm(
        "orders has no unique key that the record fills",
        _CORE,
        _ENGINE + f"connection.execute(insert(Order).{_NUMBERED})",
        _indexed("Index('one', 'number', unique=True, sqlite_where=text('total > 0'))"),
    ),
    "only an expression index of a model": _orm(
        "orders has no unique key that the record fills",
        _CORE,
        _ENGINE + f"connection.execute(insert(Order).{_NUMBERED})",
        _indexed("Index('one', func.lower('number'), 'total', unique=True)"),
    ),
    "a table whose keys are not seen": _orm(
        "it is not known which unique key of the table a repetition violates",
        _CORE.replace("from models import Order", "from other import Order"),
        _ENGINE + f"connection.execute(insert(Order).{_VALUES})",
    ),
    # Django
    "create()": _shop(
        "create() has nothing for it; get_or_create() on a unique key",
        "Order.objects.create(number=order['id'], total=order['total'])",
    ),
    "bulk_create() without a key": _shop(
        "order has no unique key that the record fills",
        f"Order.objects.bulk_create({_ROWS})",
        _DJANGO_MODELS.replace(", unique=True", ""),
    ),
    "bulk_create() with unseen options": _shop(
        "some arguments are not seen",
        f"Order.objects.bulk_create({_ROWS}, **OPTIONS)",
        setup="from shop.options import OPTIONS\n",
    ),
    "bulk_create() with positions": _shop(
        "ignore_conflicts is given by its position",
        f"Order.objects.bulk_create({_ROWS}, 100, False)",
    ),
}
