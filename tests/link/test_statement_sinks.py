"""SQL in consume loops: what fills it, what decides about it, and what the rules say of it.

Each case is the body of one consume loop; `|` separates what stands before the loop.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent, indent

import pytest

import documents
from oncelint.model.finding import Report

HEAD = """\
import hashlib, json, uuid
from datetime import datetime
import psycopg2
from confluent_kafka import Consumer
from psycopg2 import sql
from psycopg2.extras import execute_values

connection = psycopg2.connect("dbname=x")
consumer = Consumer(
    {"bootstrap.servers": "k:9092", "group.id": "g", "enable.auto.commit": False}
)
consumer.subscribe(["t"])
"""
LOOP = """
while True:
    m = consumer.poll(1.0)
    if m is None or m.error():
        continue
    d = json.loads(m.value())
    with connection, connection.cursor() as c:
{body}
    consumer.commit(m)
"""
OURS = {
    *("conflict-key-not-from-record", "conflict-target-not-unique", "non-idempotent-update"),
    *("batch-upsert-not-deduplicated", "check-then-insert", "upsert-overwrites-progress"),
}
SERIAL = 'with connection.cursor() as made:\n    made.execute("CREATE TABLE o (id serial PRIMARY KEY, k text)")\n'
ADD = 'c.execute("UPDATE a SET n = n + %s WHERE id = %s", (d["n"], d["id"]))\n'
NEW = "INSERT INTO a (id, v) VALUES (%s, %s) ON CONFLICT (id) DO NOTHING"


def _run(folder: Path, body: str, before: str = "") -> Report:
    text = HEAD + before + LOOP.format(body=indent(dedent(body).strip("\n"), " " * 8))
    report = documents.run({"requirements.txt": "confluent-kafka==2.5.0\n", "app.py": text}, folder)
    assert report.errors == ()
    return report


def _rules(report: Report) -> set[str]:
    return {finding.rule for finding in report.findings} & OURS


def _once(first: str, then: str = ADD) -> str:
    return f"{first}\n{then}"


ADDED = {
    "a plain update": ("", ADD),
    "an f-string": ("", """c.execute(f"UPDATE a SET n = n + {d['n']} WHERE id = {d['id']}")"""),
    "a class attribute": (
        'class Q:\n    add = "UPDATE a SET n = n + %s WHERE id = %s"\n',
        'c.execute(Q.add, (d["n"], d["id"]))',
    ),
    "a name that psycopg puts in": (
        "",
        'c.execute(sql.SQL("UPDATE {} SET n = n + %s").format(sql.Identifier("a")), (d["n"],))',
    ),
    "executemany": (
        "",
        'c.executemany("UPDATE a SET n = n + %s WHERE id = %s", [(d["n"], d["id"])])',
    ),
    "only if there is enough": (
        "",
        'c.execute("UPDATE a SET n = n - %s WHERE id = %s AND n >= %s", (d["n"], d["id"], d["n"]))',
    ),
    "skipped where the account is missing": (
        "",
        _once(
            'c.execute("SELECT 1 FROM a WHERE id = %s", (d["id"],))\nif not c.fetchone():\n    continue'
        ),
    ),
    "a row that has to be there": (
        "",
        _once(
            'c.execute("UPDATE a SET seen = %s WHERE id = %s", (d["at"], d["id"]))\n'
            "if c.rowcount == 0:\n    continue"
        ),
    ),
    "the rows of another statement": (
        "",
        _once(
            "c.execute(\"UPDATE o SET s = 'paid' WHERE k = %s AND s = 'new'\", (d['k'],))\n"
            'c.execute("SELECT 1 FROM a WHERE id = %s", (d["id"],))\n'
            "if c.fetchone() is None:\n    continue"
        ),
    ),
    "an entry that decides nothing": (
        "",
        _once('c.execute("INSERT INTO j (id) VALUES (%s) ON CONFLICT DO NOTHING", (d["id"],))'),
    ),
}


@pytest.mark.parametrize("case", ADDED)
def test_what_is_added_twice(case: str, tmp_path: Path) -> None:
    before, body = ADDED[case]
    assert _rules(_run(tmp_path, body, before)) == {"non-idempotent-update"}


ENTERED = 'c.execute("INSERT INTO j (id) VALUES (%s) ON CONFLICT DO NOTHING", (d["id"],))\n'
ONCE = {
    "the number of entered rows": _once(ENTERED + "if c.rowcount == 0:\n    continue"),
    "the row that was entered": (
        'c.execute("INSERT INTO j (id) VALUES (%s) ON CONFLICT DO NOTHING RETURNING id", (d["id"],))\n'
        "if c.fetchone() is not None:\n    " + ADD
    ),
    "a lookup of what was entered": _once(
        'c.execute("SELECT 1 FROM j WHERE id = %s", (d["id"],))\nif c.fetchone():\n    continue'
    ),
    "a violation that leads past it": _once(
        'try:\n    c.execute("INSERT INTO j (id) VALUES (%s)", (d["id"],))\n'
        "except psycopg2.errors.UniqueViolation:\n    continue"
    ),
    "an offset in the row": (
        'c.execute("UPDATE a SET n = n + 1, pos = %s WHERE id = %s AND pos < %s",'
        ' (m.offset(), d["id"], m.offset()))'
    ),
    "a version that counts": 'c.execute("UPDATE a SET s = %s, version = version + 1", (d["s"],))',
    "a change that a repetition fails": _once(
        "c.execute(\"UPDATE o SET s = 'paid' WHERE k = %s AND s = 'new'\", (d['k'],))\n"
        "if c.rowcount == 0:\n    continue"
    ),
    "a position that was passed": _once(
        'c.execute("UPDATE at SET next = %s WHERE part = %s AND next <= %s",'
        " (m.offset() + 1, m.partition(), m.offset()))\nif c.rowcount != 1:\n    continue"
    ),
    "an element that the list has not got": (
        'c.execute("UPDATE a SET l = array_append(l, %s) WHERE id = %s AND NOT l @> ARRAY[%s]",'
        ' (d["x"], d["id"], d["x"]))'
    ),
    "an element that is not any of the list": (
        'c.execute("UPDATE a SET l = array_append(l, %s) WHERE id = %s AND %s <> ALL (l)",'
        ' (d["x"], d["id"], d["x"]))'
    ),
    "nothing of the record": 'c.execute("UPDATE beats SET n = n + 1")',
}


@pytest.mark.parametrize("case", ONCE)
def test_what_is_added_once(case: str, tmp_path: Path) -> None:
    assert _rules(_run(tmp_path, ONCE[case])) == set()


def test_a_helper_that_tells_the_first_time(tmp_path: Path) -> None:
    helper = dedent(
        """
        def first_time(cursor, key):
            cursor.execute("INSERT INTO j (id) VALUES (%s) ON CONFLICT DO NOTHING", (key,))
            return cursor.rowcount == 1
        """
    )
    body = 'if not first_time(c, d["id"]):\n    continue\n' + ADD
    report = _run(tmp_path, body, helper)
    assert _rules(report) == set()
    assert {sink.deduplicated for sink in report.sinks} == {None, "an entry in j"}


# What an id is filled with, the kinds of its source, and whether it repeats.
SOURCES = [
    ('d["id"]', {"value"}, True),
    ("m.key()", {"key"}, True),
    ("m.offset()", {"offset"}, True),
    ('f"{m.topic()}-{m.partition()}-{m.offset()}"', {"topic", "partition", "offset"}, True),
    ("hashlib.sha256(m.value()).hexdigest()", {"value"}, True),
    ('uuid.uuid5(uuid.NAMESPACE_URL, d["url"])', {"value"}, True),
    ('datetime.fromisoformat(d["at"])', {"value"}, True),
    ("uuid.uuid4().hex", {"random"}, False),
    ("""f"{d['id']}-{uuid.uuid4()}\"""", {"value", "random"}, False),
    ("datetime.now()", {"time"}, False),
    ('hash(d["id"])', {"record", "hash"}, False),
    ('d.get("id", str(uuid.uuid4()))', {"record"}, None),
    ("made(d)", {"record"}, None),
    ('"fixed"', {"constant"}, True),
]


@pytest.mark.parametrize(("value", "kinds", "repeats"), SOURCES)
def test_what_fills_a_column(
    value: str, kinds: set[str], repeats: bool | None, tmp_path: Path
) -> None:
    report = _run(tmp_path, f'c.execute("{NEW}", ({value}, d["v"]))', "from ids import made\n")
    (sink,) = report.sinks
    source = dict(sink.fills)["id"]
    assert source.repeats() is repeats
    if repeats is not None:
        assert source.kinds == kinds
    assert ("conflict-key-not-from-record" in _rules(report)) is (repeats is False)


def test_an_id_that_the_record_may_bring(tmp_path: Path) -> None:
    body = f'c.execute("{NEW}", (d.get("id") or str(uuid.uuid4()), d["v"]))'
    assert _rules(_run(tmp_path, body)) == set()


def test_a_counter_in_memory(tmp_path: Path) -> None:
    body = f'n += 1\nc.execute("{NEW}", (n, d["v"]))'
    assert _rules(_run(tmp_path, body, "n = 0\n")) == {"conflict-key-not-from-record"}


def test_a_named_parameter(tmp_path: Path) -> None:
    text = "INSERT INTO a (id, v) VALUES (%(id)s, %(v)s) ON CONFLICT (id) DO NOTHING"
    body = f'c.execute("{text}", {{"id": uuid.uuid4(), "v": d["v"]}})'
    assert _rules(_run(tmp_path, body)) == {"conflict-key-not-from-record"}


LOOKED_UP = 'c.execute("SELECT 1 FROM o WHERE k = %s", (d["k"],))\n'
INSERTED = 'c.execute("INSERT INTO o (k) VALUES (%s)", (d["k"],))\n'


def test_two_deliveries_pass_one_lookup(tmp_path: Path) -> None:
    report = _run(tmp_path, LOOKED_UP + "if not c.fetchone():\n    " + INSERTED, SERIAL)
    assert _rules(report) == {"check-then-insert"}


@pytest.mark.parametrize(
    "body",
    [
        'c.execute("SELECT 1 FROM p WHERE k = %s FOR UPDATE", (d["p"],))\n'
        + LOOKED_UP
        + "if not c.fetchone():\n    "
        + INSERTED,
        LOOKED_UP + "total = c.fetchone()\n" + INSERTED,
    ],
    ids=["the parent is locked", "nothing is decided"],
)
def test_a_lookup_that_is_no_race(body: str, tmp_path: Path) -> None:
    assert "check-then-insert" not in _rules(_run(tmp_path, body, SERIAL))


HISTORY = 'c.execute("INSERT INTO history (k) VALUES (%s)", (d["k"],))\n'
PAID = "c.execute(\"UPDATE o SET s = 'paid' WHERE k = %s AND s = 'new'\", (d['k'],))\n"
STATE = (
    'c.execute("SELECT s FROM o WHERE k = %s FOR UPDATE", (d["k"],))\nrow = c.fetchone()\n'
    "if row is None:\n    raise LookupError(d['k'])\nif row[0] == d['s']:\n    continue\n"
)
TOUCHED = 'c.execute("UPDATE o SET at = now() WHERE k = %s", (d["k"],))\n'
SET = 'c.execute("UPDATE o SET s = %s WHERE k = %s", (d["s"], d["k"]))\n'
STAGED = 'c.execute("CREATE TEMP TABLE history (k text) ON COMMIT DROP")\n'
GUARDED = {
    "a change that a repetition fails": (PAID + "if c.rowcount == 0:\n    continue\n", True),
    "the row it returns": (
        PAID.replace("'new'", "'new' RETURNING k") + "if c.fetchone() is None:\n    continue\n",
        True,
    ),
    "a row that is taken out": (
        'c.execute("DELETE FROM open WHERE k = %s", (d["k"],))\nif not c.rowcount:\n    continue\n',
        True,
    ),
    "a state that is changed with it": (STATE + SET, True),
    "a temporary table": (STAGED, True),
    "a state that stays": (STATE + TOUCHED, False),
    "a row that has to be there": (TOUCHED + "if c.rowcount == 0:\n    continue\n", False),
    "a change that decides nothing": (PAID, False),
}


@pytest.mark.parametrize("case", GUARDED)
def test_what_decides_about_an_insert(case: str, tmp_path: Path) -> None:
    before, silent = GUARDED[case]
    report = _run(tmp_path, before + HISTORY)
    found = [one for one in report.findings if one.rule == "insert-without-conflict-key"]
    assert (not found) is silent


@pytest.mark.parametrize("test", ["not paid(c, d['k'])", "paid(c, d['k']) is False"])
def test_a_helper_that_changes_a_state(test: str, tmp_path: Path) -> None:
    helper = (
        "def paid(cursor, key):\n"
        "    cursor.execute(\"UPDATE o SET s = 'paid' WHERE k = %s AND s = 'new'\", (key,))\n"
        "    return cursor.rowcount == 1\n"
    )
    report = _run(tmp_path, f"if {test}:\n    continue\n{HISTORY}{ADD}", helper)
    found = {one.rule for one in report.findings}
    assert found.isdisjoint({"insert-without-conflict-key", "non-idempotent-update"})


def test_an_insert_where_the_update_found_no_row(tmp_path: Path) -> None:
    body = (
        'c.execute("UPDATE o SET v = %s WHERE k = %s", (d["v"], d["k"]))\n'
        "if c.rowcount == 0:\n    " + INSERTED
    )
    report = _run(tmp_path, body, SERIAL)
    found = [one for one in report.findings if one.rule in {"check-then-insert", *INSERT_RULES}]
    assert [(one.rule, one.confidence) for one in found] == [("check-then-insert", "low")]


INSERT_RULES = frozenset(("insert-without-conflict-key", "db-and-offset-not-atomic"))
NAMES = [
    ("""f"INSERT INTO {os.environ['T']} (k, v) VALUES (%s, %s)\"""", ("k", "v")),
    ('"insert into " + os.getenv("T") + " (k, v) values (%s, %s)"', ("k", "v")),
    ('"INSERT INTO {} (k, v) VALUES (%s, %s)".format(os.getenv("T"))', ("k", "v")),
]


@pytest.mark.parametrize(("text", "columns"), NAMES)
def test_a_table_whose_name_is_not_known(
    text: str, columns: tuple[str, ...], tmp_path: Path
) -> None:
    report = _run(tmp_path, f'c.execute({text}, (d["k"], d["v"]))', "import os\n")
    (sink,) = report.sinks
    assert (sink.table, sink.columns) == (None, columns)


def test_a_statement_of_thousands_of_rows(tmp_path: Path) -> None:
    text = "INSERT INTO o (k) VALUES " + ",".join(["(%s)"] * 20_000)
    report = _run(tmp_path, f'c.execute("{text}", [d["k"]] * 20_000)')
    assert [sink.table for sink in report.sinks] == ["o"]


ROWS = 'execute_values(c, "INSERT INTO o (k, v) VALUES %s {clause}", {rows})'
UPDATES = "ON CONFLICT (k) DO UPDATE SET v = EXCLUDED.v"
POLLED = "polled = [json.loads(one.value()) for one in consumer.consume(50)]\n"
EACH = '[(x["k"], x["v"]) for x in polled]'
LAST = 'list({x["k"]: (x["k"], x["v"]) for x in polled}.values())'
BATCHES = [
    (POLLED + ROWS.format(clause=UPDATES, rows=EACH), True),
    (POLLED + ROWS.format(clause="ON CONFLICT (k) DO NOTHING", rows=EACH), False),
    (POLLED + ROWS.format(clause=UPDATES, rows=LAST), False),
    (ROWS.format(clause=UPDATES, rows='[(d["k"], d["v"])]'), False),
    (ROWS.format(clause=UPDATES, rows='[(d["k"], x["v"]) for x in d["all"]]'), False),
    (
        f'{POLLED}c.executemany("INSERT INTO o (k, v) VALUES (%s, %s) {UPDATES}", {EACH})',
        False,
    ),
]


@pytest.mark.parametrize(("body", "speaks"), BATCHES)
def test_a_key_that_comes_twice_in_a_batch(body: str, speaks: bool, tmp_path: Path) -> None:
    found = "batch-upsert-not-deduplicated" in _rules(_run(tmp_path, body))
    assert found is speaks
