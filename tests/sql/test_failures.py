"""What the rules about sinks say of databases: each statement is executed as a redelivery does it.

A flawed statement fails, adds or sets back what is there; the corrected one leaves what one execution
leaves. SQLite always; PostgreSQL and MariaDB as tools/databases.py says.
"""

from __future__ import annotations

import os
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import pytest

import documents
from databases import Database


@dataclass(frozen=True, slots=True)
class Redelivery:
    """Statements that are executed twice, with something that is done between.

    `left` is what `asked` gives in the end with the flaw, `kept` what it gives without; a flaw
    that the database refuses has the words in `refused`.
    """

    table: str
    flawed: str
    corrected: str
    asked: str
    kept: str
    left: str = ""
    refused: str = ""
    corrected_table: str = ""
    between: str = ""

    def script(self, table: str, statement: str) -> str:
        create = table.replace("CREATE TABLE", "CREATE TEMPORARY TABLE")
        steps = (create, statement, self.between, statement, self.asked)
        return "".join(f"{step};\n" if not step.endswith("\n") else step for step in steps if step)

    @property
    def wrong(self) -> str:
        return self.script(self.table, self.flawed)

    @property
    def right(self) -> str:
        return self.script(self.corrected_table or self.table, self.corrected)


_SHIPMENTS = "CREATE TABLE shipments (number VARCHAR(20)%s, state VARCHAR(20))"
_UPSERT = (
    "INSERT INTO shipments (number, state) VALUES ('s-3', 'sent')"
    " ON CONFLICT (number) DO UPDATE SET state = excluded.state"
)
_PAYMENTS = "CREATE TABLE payments (id INTEGER PRIMARY KEY, number VARCHAR(20)%s)"
_INVOICES = "CREATE TABLE invoices (id VARCHAR(40) PRIMARY KEY, number VARCHAR(20))"
_ACCOUNTS = "CREATE TABLE accounts (id VARCHAR(20) PRIMARY KEY, n INTEGER, last INTEGER)"
_ORDERS = "CREATE TABLE orders (id VARCHAR(20) PRIMARY KEY, status VARCHAR(20), note VARCHAR(20))"
_SHIPPED = "UPDATE orders SET status = 'shipped'"


def _keyed(key: str, clause: str = " ON CONFLICT (id) DO NOTHING") -> str:
    return f"INSERT INTO invoices (id, number) VALUES ({key}, 'i-9'){clause}"


def _added(clause: str) -> str:
    return f"INSERT INTO accounts (id, n, last) VALUES ('a', 5, 12) {clause}"


def _new(clause: str) -> str:
    return f"INSERT INTO orders (id, status) VALUES ('o-31', 'new') {clause}"


# What SQLite and PostgreSQL spell alike.
BOTH: dict[str, Redelivery] = {
    "conflict-target-not-unique: refused": Redelivery(
        _SHIPMENTS % "",
        _UPSERT,
        _UPSERT,
        "SELECT count(*) FROM shipments",
        kept="1",
        refused="ON CONFLICT",
        corrected_table=_SHIPMENTS % " UNIQUE",
    ),
    "non-idempotent-update: an upsert adds": Redelivery(
        _ACCOUNTS,
        _added("ON CONFLICT (id) DO UPDATE SET n = accounts.n + excluded.n"),
        _added(
            "ON CONFLICT (id) DO UPDATE SET n = accounts.n + excluded.n, last = excluded.last"
            " WHERE accounts.last < excluded.last"
        ),
        "SELECT n FROM accounts",
        kept="5",
        left="10",
    ),
    "upsert-overwrites-progress: DO UPDATE": Redelivery(
        _ORDERS,
        _new("ON CONFLICT (id) DO UPDATE SET status = excluded.status"),
        _new("ON CONFLICT (id) DO NOTHING"),
        "SELECT status FROM orders",
        kept="shipped",
        left="new",
        between=_SHIPPED,
    ),
}
_UPDATES = "CREATE TABLE counts AS SELECT 1 AS id, 0 AS n, 0 AS last"
EVERYWHERE: dict[str, Redelivery] = {
    "non-idempotent-update: an update adds": Redelivery(
        _UPDATES,
        "UPDATE counts SET n = n + 1 WHERE id = 1",
        "UPDATE counts SET n = n + 1, last = 7 WHERE id = 1 AND last < 7",
        "SELECT n FROM counts",
        kept="1",
        left="2",
    ),
}
SQLITE: dict[str, Redelivery] = {
    "conflict-target-not-unique: nothing to violate": Redelivery(
        _PAYMENTS % "",
        "INSERT INTO payments (number) VALUES ('p-17') ON CONFLICT DO NOTHING",
        "INSERT INTO payments (number) VALUES ('p-17') ON CONFLICT DO NOTHING",
        "SELECT count(*) FROM payments",
        kept="1",
        left="2",
        corrected_table=_PAYMENTS % " UNIQUE",
    ),
    "conflict-key-not-from-record: a random key": Redelivery(
        _INVOICES,
        _keyed("hex(randomblob(16))"),
        _keyed("'orders-0-9'"),
        "SELECT count(*) FROM invoices",
        kept="1",
        left="2",
    ),
    "upsert-overwrites-progress: REPLACE": Redelivery(
        _ORDERS,
        "REPLACE INTO orders (id, note) VALUES ('o-31', 'first')",
        "INSERT INTO orders (id, note) VALUES ('o-31', 'first') ON CONFLICT (id) DO NOTHING",
        "SELECT coalesce(status, 'nothing') FROM orders",
        kept="shipped",
        left="nothing",
        between=_SHIPPED,
    ),
}
_POSITIONS = "CREATE TABLE positions (vehicle VARCHAR(20) PRIMARY KEY, at INTEGER)"
_MERGE = (
    "MERGE INTO positions t USING (VALUES %s) s (vehicle, at) ON t.vehicle = s.vehicle"
    " WHEN MATCHED THEN UPDATE SET at = s.at"
    " WHEN NOT MATCHED THEN INSERT (vehicle, at) VALUES (s.vehicle, s.at)"
)
_POSITION = "INSERT INTO positions (vehicle, at) VALUES %s ON CONFLICT (vehicle) DO UPDATE SET at = excluded.at"
POSTGRES: dict[str, Redelivery] = {
    "conflict-target-not-unique: nothing to violate": Redelivery(
        (_PAYMENTS % "").replace("INTEGER", "SERIAL"),
        "INSERT INTO payments (number) VALUES ('p-17') ON CONFLICT DO NOTHING",
        "INSERT INTO payments (number) VALUES ('p-17') ON CONFLICT DO NOTHING",
        "SELECT count(*) FROM payments",
        kept="1",
        left="2",
        corrected_table=(_PAYMENTS % " UNIQUE").replace("INTEGER", "SERIAL"),
    ),
    "conflict-key-not-from-record: a random key": Redelivery(
        _INVOICES,
        _keyed("gen_random_uuid()"),
        _keyed("'orders-0-9'"),
        "SELECT count(*) FROM invoices",
        kept="1",
        left="2",
    ),
    "conflict-key-not-from-record: the time": Redelivery(
        _INVOICES,
        _keyed("now()::text"),
        _keyed("'orders-0-9'"),
        "SELECT count(*) FROM invoices",
        kept="1",
        left="2",
    ),
    "batch-upsert-not-deduplicated: an upsert": Redelivery(
        _POSITIONS,
        _POSITION % "('v-8', 1), ('v-9', 1), ('v-8', 2)",
        _POSITION % "('v-9', 1), ('v-8', 2)",
        "SELECT at FROM positions WHERE vehicle = 'v-8'",
        kept="2",
        refused="ON CONFLICT DO UPDATE command cannot affect row a second time",
    ),
    "batch-upsert-not-deduplicated: a merge": Redelivery(
        _POSITIONS,
        "INSERT INTO positions VALUES ('v-8', 0) ON CONFLICT DO NOTHING;\n"
        + _MERGE % "('v-8', 1), ('v-9', 1), ('v-8', 2)",
        _MERGE % "('v-9', 1), ('v-8', 2)",
        "SELECT at FROM positions WHERE vehicle = 'v-8'",
        kept="2",
        refused="MERGE command cannot affect row a second time",
    ),
    "append-only-write: COPY": Redelivery(
        "CREATE TABLE clicks (id VARCHAR(20))",
        "COPY clicks FROM stdin;\nc-40\n\\.\n",
        "CREATE TEMPORARY TABLE IF NOT EXISTS stage (id VARCHAR(20));\nTRUNCATE stage;\n"
        "COPY stage FROM stdin;\nc-40\n\\.\n"
        "INSERT INTO clicks SELECT id FROM stage ON CONFLICT DO NOTHING",
        "SELECT count(*) FROM clicks",
        kept="1",
        left="2",
        corrected_table="CREATE TABLE clicks (id VARCHAR(20) PRIMARY KEY)",
    ),
}
MARIADB: dict[str, Redelivery] = {
    "conflict-target-not-unique: nothing to violate": Redelivery(
        (_PAYMENTS % "").replace("PRIMARY KEY", "AUTO_INCREMENT PRIMARY KEY"),
        "INSERT IGNORE INTO payments (number) VALUES ('p-17')",
        "INSERT IGNORE INTO payments (number) VALUES ('p-17')",
        "SELECT count(*) FROM payments",
        kept="1",
        left="2",
        corrected_table=(_PAYMENTS % " UNIQUE").replace(
            "PRIMARY KEY", "AUTO_INCREMENT PRIMARY KEY"
        ),
    ),
    "conflict-key-not-from-record: a random key": Redelivery(
        _INVOICES,
        _keyed("uuid()", " ON DUPLICATE KEY UPDATE number = 'i-9'"),
        _keyed("'orders-0-9'", " ON DUPLICATE KEY UPDATE number = 'i-9'"),
        "SELECT count(*) FROM invoices",
        kept="1",
        left="2",
    ),
    "non-idempotent-update: an upsert adds": Redelivery(
        _ACCOUNTS,
        _added("ON DUPLICATE KEY UPDATE n = n + VALUES(n)"),
        _added("ON DUPLICATE KEY UPDATE n = IF(last < VALUES(last), n + VALUES(n), n)"),
        "SELECT n FROM accounts",
        kept="5",
        left="10",
    ),
    "upsert-overwrites-progress: ON DUPLICATE KEY": Redelivery(
        _ORDERS,
        _new("ON DUPLICATE KEY UPDATE status = VALUES(status)"),
        _new("ON DUPLICATE KEY UPDATE id = VALUES(id)"),
        "SELECT status FROM orders",
        kept="shipped",
        left="new",
        between=_SHIPPED,
    ),
    "upsert-overwrites-progress: REPLACE": Redelivery(
        _ORDERS,
        "REPLACE INTO orders (id, note) VALUES ('o-31', 'first')",
        "INSERT IGNORE INTO orders (id, note) VALUES ('o-31', 'first')",
        "SELECT coalesce(status, 'nothing') FROM orders",
        kept="shipped",
        left="nothing",
        between=_SHIPPED,
    ),
}


def _on_sqlite(script: str) -> str:
    """What the last statement gives, or what the database says against one of them."""
    connection = sqlite3.connect(":memory:")
    given = ""
    try:
        for statement in script.split(";\n"):
            row = connection.execute(statement).fetchone()
            given = given if row is None else str(row[0])
    except sqlite3.OperationalError as problem:
        return str(problem)
    finally:
        connection.close()
    return given


def _on_server(database: Database, script: str) -> str:
    rows, failure = database.run(script)
    return failure or [row for row in rows if row][-1]


def _holds(redelivery: Redelivery, wrong: str, right: str) -> None:
    assert right == redelivery.kept
    if redelivery.refused:
        assert redelivery.refused in wrong
    else:
        assert wrong == redelivery.left != redelivery.kept


@pytest.mark.parametrize("name", [*BOTH, *EVERYWHERE, *SQLITE])
def test_on_sqlite(name: str) -> None:
    redelivery = {**BOTH, **EVERYWHERE, **SQLITE}[name]
    _holds(redelivery, _on_sqlite(redelivery.wrong), _on_sqlite(redelivery.right))


@pytest.mark.parametrize("name", [*BOTH, *EVERYWHERE, *POSTGRES])
def test_on_postgres(name: str, on_postgres: Database) -> None:
    redelivery = {**BOTH, **EVERYWHERE, **POSTGRES}[name]
    wrong, right = (_on_server(on_postgres, one) for one in (redelivery.wrong, redelivery.right))
    _holds(redelivery, wrong, right)


@pytest.mark.parametrize("name", [*EVERYWHERE, *MARIADB])
def test_on_mariadb(name: str, on_mariadb: Database) -> None:
    redelivery = {**EVERYWHERE, **MARIADB}[name]
    wrong, right = (_on_server(on_mariadb, one) for one in (redelivery.wrong, redelivery.right))
    _holds(redelivery, wrong, right)


def test_sqlite_takes_a_key_twice_in_one_upsert() -> None:
    """Why batch-upsert-not-deduplicated is silent there."""
    upsert = POSTGRES["batch-upsert-not-deduplicated: an upsert"]
    assert _on_sqlite(upsert.wrong) == upsert.kept


def test_postgres_takes_a_key_twice_where_it_does_nothing(on_postgres: Database) -> None:
    upsert = POSTGRES["batch-upsert-not-deduplicated: an upsert"]
    nothing = upsert.wrong.replace("UPDATE SET at = excluded.at", "NOTHING")
    assert _on_server(on_postgres, nothing) == "1"


# Two deliveries at a time ------------------------------------------------------------------------

_LOOKED_UP = (
    "INSERT INTO signups (email)"
    " SELECT 'ann' WHERE NOT EXISTS (SELECT 1 FROM signups WHERE email = 'ann')"
)


@pytest.mark.parametrize(("key", "rows"), [("", 2), (" UNIQUE", 1)])
def test_two_lookups_both_find_nothing(key: str, rows: int, tmp_path: Path) -> None:
    members = [sqlite3.connect(tmp_path / "shop.db", isolation_level=None) for _ in range(2)]
    members[0].execute(f"CREATE TABLE signups (email TEXT{key})")
    found = [one.execute("SELECT 1 FROM signups WHERE email = 'ann'").fetchone() for one in members]
    for member, row in zip(members, found, strict=True):
        if row is None:
            clause = " ON CONFLICT DO NOTHING" if key else ""
            member.execute(f"INSERT INTO signups (email) VALUES ('ann'){clause}")
    assert members[0].execute("SELECT count(*) FROM signups").fetchone() == (rows,)
    for member in members:
        member.close()


@pytest.mark.parametrize(("key", "rows"), [("", "2"), (" UNIQUE", "1")])
def test_two_lookups_in_one_statement_each(key: str, rows: str, on_postgres: Database) -> None:
    if os.environ["ONCELINT_POSTGRES"] != "1":
        pytest.skip("two connections share no temporary table, and no other is made elsewhere")
    insert = _LOOKED_UP + (" ON CONFLICT DO NOTHING" if key else "")
    created = on_postgres.run(f"CREATE TABLE signups (email text{key});\n")
    assert created[1] == ""
    delivery = f"BEGIN;\n{insert};\nSELECT pg_sleep(1);\nCOMMIT;\n"
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(on_postgres.run, (delivery, delivery)))
    assert [failure for _, failure in ended] == ["", ""]
    asked = on_postgres.run("SELECT count(*) FROM signups;\nDROP TABLE signups;\n")
    assert asked[0][0] == rows


# What is executed above is what the rule reports -------------------------------------------------

_BATCH = """\
import json

import psycopg2
from confluent_kafka import Consumer
from psycopg2.extras import execute_values

connection = psycopg2.connect("dbname=fleet")
consumer = Consumer(
    {"bootstrap.servers": "kafka:9092", "group.id": "fleet", "enable.auto.commit": False}
)
consumer.subscribe(["positions"])
while True:
    messages = consumer.consume(500, 1.0)
    rows = [(p["vehicle"], p["at"]) for p in (json.loads(m.value()) for m in messages)]
    ROWS
    with connection, connection.cursor() as cursor:
        execute_values(cursor, "STATEMENT", rows)
    consumer.commit(asynchronous=False)
"""


@pytest.mark.parametrize("flawed", [True, False])
def test_a_batch_of_upserts_is_reported(flawed: bool, tmp_path: Path) -> None:
    kept = "" if flawed else "rows = list({row[0]: row for row in rows}.values())"
    program = _BATCH.replace("STATEMENT", _POSITION).replace("ROWS", kept)
    report = documents.run({"app.py": program}, tmp_path)
    found = [one.rule for one in report.findings]
    assert ("batch-upsert-not-deduplicated" in found) is flawed
    assert len(report.sinks) == 1
