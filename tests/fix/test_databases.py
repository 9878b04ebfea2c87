"""The databases agree: a fixed statement that runs twice leaves what it leaves when it runs once.

SQLite always; PostgreSQL and MariaDB as tools/databases.py says.
"""

from __future__ import annotations

import importlib.util
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import NamedTuple

import pytest
from tests.fix.statement_cases import CORE, DJANGO, WRITTEN, Case
from tests.fix.test_statement_fixes import check, edited, fixes

from databases import Database, Unavailable, mariadb, postgres

# SQLite has no ON DUPLICATE KEY; those statements run on MariaDB alone.
ON_CONFLICT = [name for name, case in WRITTEN.items() if case.sql != "mysql"]
ON_DUPLICATE_KEY = [name for name, case in WRITTEN.items() if case.sql == "mysql"]
_PLACEHOLDER = re.compile(r"%\(\w+\)s|%s|\{[^{}]*\}|\$\d+|:[a-z]\w*|\?")


class Pair(NamedTuple):
    """A case's statement before and after the fix, a record's values put in."""

    before: str
    after: str


def _filled(statement: str, case: Case) -> str:
    values = list(case.row)
    if len(_PLACEHOLDER.findall(statement)) < len(values):
        values = [f"({', '.join(values)})"]  # execute_values puts in whole rows
    return _PLACEHOLDER.sub(lambda _: values.pop(0), statement).rstrip().rstrip(";") + "\n;\n"


def _pair(case: Case, folder: Path) -> Pair:
    files = case.project()
    before = check(files, folder / "before")
    (fix,) = fixes(before, files)
    after = check(edited(files, fix), folder / "after")
    statements = [report.sinks[0].statement or "" for report in (before, after)]
    return Pair(*(_filled(statement, case) for statement in statements))


def _table(case: Case) -> str:
    found = re.search(r"CREATE TABLE (\w+)", case.ddl)
    assert found is not None
    return found[1]


def _keyless(ddl: str) -> str:
    return re.sub(r", UNIQUE \(.*\)\)", ")", ddl)


def _counts(connection: sqlite3.Connection, case: Case, statement: str) -> list[int]:
    """How many rows there are after each of two executions."""
    counts = []
    for _ in range(2):
        connection.execute(statement).fetchall()
        counts += connection.execute(f"SELECT count(*) FROM {_table(case)}").fetchone()
    return counts


@pytest.mark.parametrize("name", ON_CONFLICT)
def test_on_sqlite(name: str, tmp_path: Path) -> None:
    case = WRITTEN[name]
    pair = _pair(case, tmp_path)
    if "RETURNING" in pair.after and sqlite3.sqlite_version_info < (3, 35):
        pytest.skip("this SQLite has no RETURNING, which came with 3.35")
    plain, fixed = sqlite3.connect(":memory:"), sqlite3.connect(":memory:")
    plain.execute(case.ddl)
    fixed.execute(case.ddl)
    with pytest.raises(sqlite3.IntegrityError):
        _counts(plain, case, pair.before)
    once, twice = _counts(fixed, case, pair.after)
    assert once == twice == (2 if name == "several rows" else 1)


@pytest.mark.parametrize("name", [name for name in ON_CONFLICT if not WRITTEN[name].known])
def test_without_the_key_it_fails_as_the_fix_says(name: str, tmp_path: Path) -> None:
    case = WRITTEN[name]
    pair = _pair(case, tmp_path)
    connection = sqlite3.connect(":memory:")
    connection.execute(_keyless(case.ddl))
    assert _counts(connection, case, pair.before) == [1, 2]
    with pytest.raises(sqlite3.OperationalError, match="does not match any"):
        connection.execute(pair.after)


# Servers ----------------------------------------------------------------------------------------


def _server(
    variable: str, start: Callable[[str], AbstractContextManager[Database]]
) -> Iterator[Database]:
    wanted = os.environ.get(variable)
    if not wanted:
        pytest.skip(f"set {variable}=1 to run the statements on a server of their own")
    try:
        context = start(wanted)
        database = context.__enter__()
    except Unavailable as problem:
        pytest.skip(f"{variable} is set, but {problem}")
    try:
        yield database
    finally:
        context.__exit__(None, None, None)


@pytest.fixture(scope="module")
def on_postgres() -> Iterator[Database]:
    yield from _server("ONCELINT_POSTGRES", postgres)


@pytest.fixture(scope="module")
def on_mariadb() -> Iterator[Database]:
    yield from _server("ONCELINT_MARIADB", mariadb)


def _script(case: Case, statement: str, ddl: str) -> str:
    table = ddl.replace("CREATE TABLE", "CREATE TEMPORARY TABLE")
    count = f"SELECT 'count', count(*) FROM {_table(case)};\n"
    return f"{table}\n{statement}{count}{statement}{count}"


def _counted(rows: list[str]) -> list[str]:
    return [row.removeprefix("count")[1:] for row in rows if row.startswith("count")]


@pytest.mark.parametrize("name", ON_CONFLICT)
def test_on_postgres(name: str, tmp_path: Path, on_postgres: Database) -> None:
    case = WRITTEN[name]
    pair = _pair(case, tmp_path)
    _, failure = on_postgres.run(_script(case, pair.before, case.ddl))
    assert "duplicate key value violates unique constraint" in failure
    rows, failure = on_postgres.run(_script(case, pair.after, case.ddl))
    assert not failure
    assert _counted(rows) == (["2", "2"] if name == "several rows" else ["1", "1"])


@pytest.mark.parametrize("name", [name for name in ON_CONFLICT if not WRITTEN[name].known])
def test_on_postgres_without_the_key(name: str, tmp_path: Path, on_postgres: Database) -> None:
    case = WRITTEN[name]
    script = _script(case, _pair(case, tmp_path).after, _keyless(case.ddl))
    assert "no unique or exclusion constraint matching" in on_postgres.run(script)[1]


def test_postgres_names_no_deferrable_constraint(on_postgres: Database) -> None:
    """Why a deferrable constraint leaves the fix to be displayed."""
    _, failure = on_postgres.run(
        "CREATE TEMPORARY TABLE orders (id text, UNIQUE (id) DEFERRABLE);\n"
        "INSERT INTO orders (id) VALUES ('o-17') ON CONFLICT (id) DO NOTHING;\n"
    )
    assert "does not support deferrable unique constraints" in failure


@pytest.mark.parametrize("name", ON_DUPLICATE_KEY)
def test_on_mariadb(name: str, tmp_path: Path, on_mariadb: Database) -> None:
    case = WRITTEN[name]
    pair = _pair(case, tmp_path)
    _, failure = on_mariadb.run(_script(case, pair.before, case.ddl))
    assert "Duplicate entry" in failure
    rows, failure = on_mariadb.run(_script(case, pair.after, case.ddl))
    assert not failure
    assert _counted(rows) == ["1", "1"]
    if not case.known:
        rows, failure = on_mariadb.run(_script(case, pair.after, _keyless(case.ddl)))
        assert not failure
        assert _counted(rows) == ["1", "2"], "without the key the clause changes nothing"


# Programs ---------------------------------------------------------------------------------------

# A consumer that delivers one record twice, as after a crash between the write and the commit.
_KAFKA = """\
class Delivered(Exception):
    pass

class Message:
    def error(self): return None
    def value(self): return b'{"id": "o-17", "number": "n-1", "total": 42, "body": "text"}'
    def topic(self): return "orders"
    def partition(self): return 3
    def offset(self): return 1024

class Consumer:
    def __init__(self, settings): self.left = 2
    def subscribe(self, topics): pass
    def poll(self, timeout):
        self.left -= 1
        if self.left < 0:
            raise Delivered
        return Message()
"""
_RUN = """\
import confluent_kafka, sys
names = {"__name__": "app"}
try:
    exec(compile(open("app.py").read(), "app.py", "exec"), names)
except confluent_kafka.Delivered:
    pass
"""
_SQLITE = """\
import sqlite3
connection = sqlite3.connect("shop.db")
connection.execute(DDL)
connection.close()
"""
_MAPPED = """\
from sqlalchemy import create_engine, text
from models import Base
Base.metadata.create_all(create_engine("sqlite:///shop.db"))
"""
_CONFIGURED = """\
import django
from django.conf import settings
settings.configure(
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "shop.db"}},
    INSTALLED_APPS=["shop"], DEFAULT_AUTO_FIELD="django.db.models.AutoField", USE_TZ=True,
)
django.setup()
from django.db import connection
from shop.models import Order
with connection.schema_editor() as editor:
    editor.create_model(Order)
"""


def _run(files: dict[str, str], before: str, count: str, folder: Path) -> tuple[int, str]:
    """Runs a project's app.py in a process of its own; its exit code, and what it said."""
    started = {"confluent_kafka.py": _KAFKA, "run.py": before + _RUN + count}
    for name, text in {**files, **started}.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(text.encode())
    done = subprocess.run(
        [sys.executable, "run.py"], cwd=folder, capture_output=True, text=True, timeout=120
    )
    return done.returncode, done.stdout.strip() + done.stderr[-2000:]


def _once(case: Case, before: str, count: str, folder: Path, error: str = "IntegrityError") -> None:
    """Before the fix the program dies of the second delivery, after it one row is left."""
    files = case.project()
    (fix,) = fixes(check(files, folder / "checked"), files)
    code, said = _run(files, before, count, folder / "plain")
    assert code == 1
    assert error in said
    code, said = _run(edited(files, fix), before, count, folder / "fixed")
    assert (code, said.splitlines()[-1:]) == (0, ["1"]), said


@pytest.mark.parametrize("name", [n for n in ON_CONFLICT if "import sqlite3" in WRITTEN[n].setup])
def test_programs_on_sqlite(name: str, tmp_path: Path) -> None:
    case = WRITTEN[name]
    count = f"print(*names['cursor'].execute('SELECT count(*) FROM {_table(case)}').fetchone())\n"
    _once(case, f"DDL = {case.ddl!r}\n{_SQLITE}", count, tmp_path)


def test_a_program_on_duckdb(tmp_path: Path) -> None:
    case = WRITTEN["DuckDB"]
    _needs(case, "duckdb")
    before = f"DDL = {case.ddl!r}\n{_SQLITE}".replace("sqlite3", "duckdb")
    count = "print(*names['cursor'].execute('SELECT count(*) FROM orders').fetchone())\n"
    _once(case, before, count, tmp_path, "ConstraintException")


def _needs(case: Case, *packages: str) -> None:
    for package in packages:
        if package in case.setup + "".join(case.files.values()):
            if importlib.util.find_spec(package) is None:
                pytest.skip(f"{package} is not installed")


@pytest.mark.parametrize("name", [*CORE, "text() of SQLAlchemy"])
def test_programs_with_sqlalchemy(name: str, tmp_path: Path) -> None:
    case = CORE[name] if name in CORE else WRITTEN[name]
    _needs(case, "sqlalchemy", "sqlmodel")
    count = (
        "with names['engine'].begin() as connection:\n"
        "    print(connection.exec_driver_sql('SELECT count(*) FROM orders').scalar())\n"
    )
    before = _MAPPED if name in CORE else f"DDL = {case.ddl!r}\n{_SQLITE}"
    _once(case, before, count, tmp_path)


@pytest.mark.parametrize("name", DJANGO)
def test_programs_with_django(name: str, tmp_path: Path) -> None:
    case = DJANGO[name]
    _needs(case, "django")
    _once(case, _CONFIGURED, "print(Order.objects.count())\n", tmp_path)
