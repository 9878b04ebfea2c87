"""Which keys the files of a project give a table: migrations replayed, models and scripts read."""

from __future__ import annotations

from textwrap import dedent

import pytest

from oncelint.flow.machine import Machine
from oncelint.flow.modules import Modules
from oncelint.frameworks.python import databases
from oncelint.frameworks.python.clients import CONSTRUCTORS, CONSUMERS
from oncelint.link.clients import Surroundings
from oncelint.link.files import ProjectFiles
from oncelint.link.schemas import Declared, Schemas
from oncelint.python.lower import parse


class Project:
    """Files in memory; `opened` are those that were read."""

    def __init__(self, files: dict[str, str]) -> None:
        self.files = {path: dedent(text) for path, text in files.items()}
        self.opened: set[str] = set()
        modules = Modules(
            [path for path in files if path.endswith(".py")],
            lambda path: parse(path, self._text(path)),
        )
        machine = Machine(
            modules,
            CONSTRUCTORS,
            CONSUMERS,
            databases.METHODS,
            databases.FUNCTIONS,
            ProjectFiles(frozenset(files), self.read),
        )
        self.schemas = Schemas(machine, Surroundings({}, (), {}), list(files), self.read)

    def _text(self, path: str) -> str:
        self.opened.add(path)
        return self.files[path]

    def read(self, path: str) -> bytes | None:
        return self._text(path).encode()

    def find(self, table: str, dialect: str = "postgres") -> Declared | None:
        return self.schemas.find(table, "app/consume.py", dialect)


def _keys(files: dict[str, str], table: str, dialect: str = "postgres") -> list[list[str]] | None:
    """The keys' columns; a question mark behind those of a table that is not settled."""
    found = Project(files).find(table, dialect)
    if found is None:
        return None
    keys = sorted(sorted(key.columns) for key in found.keys)
    return keys if found.settled else [*keys, ["?"]]


# SQL ------------------------------------------------------------------------------------------

CREATE = "CREATE TABLE t (id bigserial PRIMARY KEY, code text, shop text, n int);"


def test_flyway_by_number_and_not_by_name() -> None:
    files = {
        "db/migration/V10__drop.sql": "ALTER TABLE t DROP CONSTRAINT uq_code;",
        "db/migration/V2__key.sql": "ALTER TABLE t ADD CONSTRAINT uq_code UNIQUE (code);",
        "db/migration/V1__t.sql": CREATE,
        "db/migration/V2_1__key.sql": "CREATE UNIQUE INDEX uq_shop ON t (shop, code);",
        "db/migration/U2__key.sql": "DROP TABLE t;",
        "db/migration/R__views.sql": "CREATE VIEW v AS SELECT 1;",
    }
    assert _keys(files, "t") == [["code", "shop"], ["id"]]


def test_golang_migrate_down_files_are_left_out() -> None:
    files = {
        "migrations/0001_t.up.sql": CREATE,
        "migrations/0001_t.down.sql": "DROP TABLE t;",
        "migrations/0002_key.up.sql": "CREATE UNIQUE INDEX k ON t (code);",
        "migrations/0002_key.down.sql": "DROP INDEX k;",
    }
    assert _keys(files, "t") == [["code"], ["id"]]


@pytest.mark.parametrize(
    ("up", "down"),
    [
        ("-- +goose Up", "-- +goose Down"),
        ("-- migrate:up", "-- migrate:down"),
        ("-- +migrate Up", "-- +migrate Down"),
        ("-- Up Migration", "-- Down Migration"),
        ("-- //", "-- //@UNDO"),
    ],
)
def test_the_part_that_takes_back_is_no_part(up: str, down: str) -> None:
    files = {
        "db/migrations/20240102000000_key.sql": (
            f"{up}\nCREATE UNIQUE INDEX k\n  ON t (code);\n{down}\nDROP INDEX k;\n"
        ),
        "db/migrations/20240101000000_t.sql": f"{up}\n{CREATE}\n{down}\nDROP TABLE t;\n",
    }
    assert _keys(files, "t") == [["code"], ["id"]]
    found = Project(files).find("t")
    assert found is not None
    assert [key.span.start.line for key in found.keys] == [2, 3]


def test_a_folder_for_each_step() -> None:
    files = {
        "prisma/migrations/20240101_a/migration.sql": CREATE,
        "prisma/migrations/20240301_c/migration.sql": "DROP INDEX k;",
        "prisma/migrations/20240201_b/migration.sql": "CREATE UNIQUE INDEX k ON t (code);",
    }
    assert _keys(files, "t") == [["id"]]


def test_two_tables_on_one_line_and_a_dump() -> None:
    files = {"schema.sql": "CREATE TABLE a (x int UNIQUE); CREATE TABLE b (y int UNIQUE);"}
    assert _keys(files, "b") == [["y"]]
    rows = "INSERT INTO a VALUES (1, 'CREATE TABLE a (z int UNIQUE)');\n" * 2000
    assert _keys({"dump.sql": f"{rows}CREATE TABLE a (x int UNIQUE);\n"}, "a") == [["x"]]


def test_scripts_add_to_each_other_in_any_order() -> None:
    files = {
        "sql/constraints.sql": "ALTER TABLE t ADD CONSTRAINT k UNIQUE (code);",
        "sql/tables.sql": f"DROP TABLE IF EXISTS t; {CREATE}",
        "sql/reset.sql": "DROP TABLE t;",
    }
    assert _keys(files, "t") == [["code"], ["id"]]
    files["sql/tuning.sql"] = "ALTER TABLE t DROP CONSTRAINT k;"
    assert _keys(files, "t") == [["code"], ["id"], ["?"]]


def test_declarations_that_differ_are_not_settled() -> None:
    files = {"a.sql": "CREATE TABLE t (x int UNIQUE)", "b.sql": "CREATE TABLE t (y int UNIQUE)"}
    assert _keys(files, "t") == [["x"], ["y"], ["?"]]
    files["b.sql"] = files["a.sql"]
    assert _keys(files, "t") == [["x"]]


def test_another_database_and_tests_say_nothing() -> None:
    files = {"init_mysql.sql": CREATE, "tests/fixtures/schema.sql": CREATE}
    assert _keys(files, "t") is None


def test_only_what_is_asked_for_is_read() -> None:
    project = Project({"schema.sql": CREATE, "migrations/versions/1_a.py": "", "app/models.py": ""})
    assert project.opened == set()


def test_what_a_row_violates() -> None:
    files = {
        "schema.sql": "CREATE TABLE t (id serial PRIMARY KEY, a text, b text DEFAULT 'x', c text,"
        " UNIQUE (a, b), UNIQUE (a, c))"
    }
    found = Project(files).find("t")
    assert found is not None
    assert found.violated(frozenset({"a"})) == (frozenset({"a", "b"}),)
    assert found.violated(frozenset({"a", "c"})) == (
        frozenset({"a", "b"}),
        frozenset({"a", "c"}),
    )
    assert found.violated(frozenset({"b"})) == ()
    assert (found.generated, found.nullable) == (frozenset({"id"}), frozenset({"a", "b", "c"}))


# Alembic --------------------------------------------------------------------------------------


def _revision(name: str, parent: str | None, body: str, down: str = "pass") -> str:
    return (
        "import sqlalchemy as sa\nfrom alembic import op\n\n"
        f'revision: str = "{name}"\n'
        + (f'down_revision = "{parent}"\n' if parent is not None else "down_revision = None\n")
        + "\n\ndef upgrade() -> None:\n"
        + "".join(f"    {line}\n" for line in dedent(body).strip().splitlines())
        + f"\n\ndef downgrade() -> None:\n    {down}\n"
    )


BASE = """
op.create_table(
    "t",
    sa.Column("id", sa.Integer(), nullable=False),
    sa.Column("code", sa.String(36), nullable=False),
    sa.Column("shop", sa.String(36)),
    sa.PrimaryKeyConstraint("id"),
    sa.UniqueConstraint("code", name="uq_code"),
)
"""


def _alembic(*bodies: str) -> list[list[str]] | None:
    """The table after revisions whose files are named against their order."""
    names = [f"r{9 - index}" for index in range(len(bodies) + 1)]
    files = {
        f"alembic/versions/{name}.py": _revision(
            name, names[index - 1] if index else None, body, 'op.drop_table("t")'
        )
        for index, (name, body) in enumerate(zip(names, (BASE, *bodies), strict=True))
    }
    return _keys(files, "t")


ALEMBIC = [
    (
        'op.create_unique_constraint("u", "t", ["shop", "code"])',
        [["code"], ["code", "shop"], ["id"]],
    ),
    ('op.create_index(op.f("ix"), "t", ["shop"], unique=True)', [["code"], ["id"], ["shop"]]),
    ('op.create_index("ix", "t", ["shop"])', [["code"], ["id"]]),
    (
        'op.create_index("ix", "t", ["shop"], unique=True, postgresql_where=sa.text("x"))',
        [["code"], ["id"]],
    ),
    ('op.create_index("ix", "t", [sa.text("lower(shop)")], unique=True)', [["code"], ["id"]]),
    ('op.drop_constraint("uq_code", "t", type_="unique")', [["id"]]),
    ('op.drop_constraint("fk_t_o", "t", type_="foreignkey")', [["code"], ["id"]]),
    ('op.drop_index("ix_other", table_name="t")', [["code"], ["id"]]),
    ('op.add_column("t", sa.Column("n", sa.Integer(), unique=True))', [["code"], ["id"], ["n"]]),
    ('op.drop_column("t", "code")', [["id"]]),
    ('op.alter_column("t", "code", new_column_name="number")', [["id"], ["number"]]),
    ('op.execute("ALTER TABLE t DROP CONSTRAINT uq_code")', [["id"]]),
    ('op.execute(sa.text("CREATE UNIQUE INDEX x ON t (shop)"))', [["code"], ["id"], ["shop"]]),
    ('op.execute("UPDATE t SET shop = 1")', [["code"], ["id"]]),
    ('op.get_bind().execute(sa.text("ALTER TABLE t DROP CONSTRAINT uq_code"))', [["id"]]),
    (
        """
        with op.batch_alter_table("t", schema=None) as batch_op:
            batch_op.drop_constraint("uq_code", type_="unique")
            batch_op.create_unique_constraint("u", ["shop"])
        """,
        [["id"], ["shop"]],
    ),
    (
        """
        for column in ["shop"]:
            op.create_unique_constraint(f"uq_{column}", "t", [column])
        """,
        [["code"], ["id"], ["shop"]],
    ),
    ('op.rename_table("t", "o")', None),
    ('op.drop_table("t")', None),
    # what may or may not be done
    ('if op.get_bind():\n    op.drop_constraint("uq_code", "t")', [["id"], ["?"]]),
    (
        'name = find(op)\nop.execute(f"ALTER TABLE {name} DROP CONSTRAINT uq_code") # t',
        [["code"], ["id"], ["?"]],
    ),
]


@pytest.mark.parametrize(("body", "keys"), ALEMBIC)
def test_alembic(body: str, keys: list[list[str]] | None) -> None:
    assert _alembic(body) == keys


def test_alembic_follows_its_revisions() -> None:
    assert _alembic(
        'op.drop_constraint("uq_code", "t")',
        'op.create_unique_constraint("uq_code", "t", ["code", "shop"])',
    ) == [["code", "shop"], ["id"]]


def test_alembic_reads_what_a_table_was_called_before_and_what_drops_its_keys_by_name() -> None:
    files = {
        "alembic/versions/a.py": _revision("a", None, BASE.replace('"t"', '"old"')),
        "alembic/versions/b.py": _revision("b", "a", 'op.rename_table("old", "t")'),
        "alembic/versions/c.py": _revision("c", "b", 'op.drop_index("uq_code")'),
        "alembic/versions/d.py": _revision("d", "c", 'op.create_table("unrelated")'),
    }
    project = Project(files)
    found = project.find("t")
    assert found is not None
    assert [sorted(key.columns) for key in found.keys] == [["id"]]


def test_alembic_with_a_revision_missing() -> None:
    files = {
        "alembic/versions/b.py": _revision("b", "a", 'op.create_unique_constraint("u", "t", ["x"])')
    }
    assert _keys(files, "t") is None
    files["alembic/versions/c.py"] = _revision("c", "b", BASE.replace('"t"', '"u"'))
    assert _keys(files, "u") == [["code"], ["id"]]


# Models ---------------------------------------------------------------------------------------

SQLALCHEMY = [
    (
        """
        from sqlalchemy import Column, Integer, String, UniqueConstraint
        from sqlalchemy.orm import declarative_base
        Base = declarative_base()
        class Payment(Base):
            __tablename__ = "t"
            id = Column(Integer, primary_key=True)
            key = Column("pay_key", String, unique=True)
            shop = Column(String)
            day = Column("on_day", String)
            __table_args__ = (UniqueConstraint("shop", "on_day", name="u"), {"schema": "x"})
        """,
        [["id"], ["on_day", "shop"], ["pay_key"]],
    ),
    (
        """
        import uuid
        from sqlalchemy import Index
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
        class Base(DeclarativeBase):
            pass
        class Stamped:
            number: Mapped[str] = mapped_column("no", unique=True)
        class Payment(Stamped, Base):
            __tablename__ = "t"
            id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=uuid.uuid4)
            shop: Mapped[str]
            till: Mapped[str | None] = mapped_column(index=True)
        Index("i", Payment.shop, Payment.till, unique=True)
        """,
        [["id"], ["no"], ["shop", "till"]],
    ),
    (
        """
        from sqlalchemy import Index, PrimaryKeyConstraint, text
        from sqlalchemy.orm import Mapped, mapped_column
        from app.base import Base
        class Payment(Base):
            __tablename__ = "t"
            a: Mapped[int] = mapped_column()
            b: Mapped[int] = mapped_column()
            __table_args__ = (
                PrimaryKeyConstraint("a", "b"),
                Index("i", "a", unique=True, postgresql_where=text("b > 1")),
                Index("j", b, unique=True),
            )
        """,
        [["a", "b"], ["b"]],
    ),
    (
        """
        import sqlalchemy as sa
        metadata = sa.MetaData()
        payments = sa.Table(
            "t", metadata,
            sa.Column("id", sa.Integer, primary_key=True),
            sa.Column("a", sa.String, nullable=False),
            sa.Column("b", sa.String),
            sa.UniqueConstraint("a", "b"),
        )
        """,
        [["a", "b"], ["id"]],
    ),
    (
        """
        from typing import Optional
        from sqlmodel import Field, SQLModel
        class T(SQLModel, table=True):
            id: Optional[int] = Field(default=None, primary_key=True)
            code: str = Field(unique=True)
        """,
        [["code"], ["id"]],
    ),
    (
        """
        from flask_sqlalchemy import SQLAlchemy
        db = SQLAlchemy()
        class T(db.Model):
            id = db.Column(db.Integer, primary_key=True)
            code = db.Column(db.String, unique=True)
        """,
        [["code"], ["id"]],
    ),
    (
        """
        from typing import Annotated
        from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
        key = Annotated[str, mapped_column(primary_key=True)]
        class Base(DeclarativeBase): ...
        class T(Base):
            __tablename__ = "t"
            code: Mapped[key]
            shop: Mapped[key]
        """,
        [["code", "shop"]],
    ),
    (
        """
        from sqlalchemy.orm import DeclarativeBase, Mapped
        from elsewhere import pk
        class Base(DeclarativeBase): ...
        class T(Base):
            __tablename__ = "t"
            __table_args__ = make_args("t")
            code: Mapped[str]
        """,
        [["?"]],
    ),
]


@pytest.mark.parametrize(("text", "keys"), SQLALCHEMY)
def test_sqlalchemy(text: str, keys: list[list[str]]) -> None:
    assert _keys({"app/models.py": text}, "t") == keys


def test_database_names_of_attributes() -> None:
    found = Project({"app/models.py": SQLALCHEMY[0][0]}).find("t")
    assert found is not None
    assert (found.column("key"), found.column("shop")) == ("pay_key", "shop")
    assert found.columns == ("id", "pay_key", "shop", "on_day")
    assert found.generated == {"id"}


def test_a_mixin_from_another_module_and_migrations_that_say_otherwise() -> None:
    files = {
        "app/base.py": """
            from sqlalchemy import Column, String
            from sqlalchemy.orm import DeclarativeBase
            class Base(DeclarativeBase): ...
            class Coded:
                code = Column(String(36), unique=True)
        """,
        "app/models.py": """
            from sqlalchemy import Column, Integer
            from app.base import Base, Coded
            class T(Coded, Base):
                __tablename__ = "t"
                id = Column(Integer, primary_key=True)
        """,
    }
    assert _keys(files, "t") == [["code"], ["id"]]
    files["alembic/versions/a.py"] = _revision("a", None, BASE)
    assert _keys(files, "t") == [["code"], ["id"]]
    drop = 'op.drop_constraint("uq_code", "t")'
    files["alembic/versions/b.py"] = _revision("b", "a", drop)
    assert _keys(files, "t") == [["code"], ["id"], ["?"]]


DJANGO = """
    from django.db import models
    import uuid

    class Numbered(models.Model):
        number = models.CharField(max_length=9, unique=True)
        class Meta:
            abstract = True

    class Ballot(Numbered):
        voter = models.ForeignKey("people.Voter", on_delete=models.CASCADE)
        poll = models.OneToOneField("Poll", on_delete=models.CASCADE, db_column="poll_no")
        state = models.CharField(max_length=9, default="new")
        class Meta:
            constraints = [
                models.UniqueConstraint(fields=["voter", "state"], name="once"),
                models.UniqueConstraint(fields=["voter"], condition=models.Q(state="x"), name="p"),
            ]

    class Seal(models.Model):
        id = models.UUIDField(primary_key=True, default=uuid.uuid4)
        tag = models.CharField(max_length=9)
        class Meta:
            db_table = "seals"
            unique_together = ("tag", "id")
"""


def test_django_models() -> None:
    files = {"shop/votes/models.py": DJANGO}
    assert _keys(files, "votes_ballot") == [
        ["id"],
        ["number"],
        ["poll_no"],
        ["state", "voter_id"],
    ]
    assert _keys(files, "seals") == [["id"], ["id", "tag"]]
    assert _keys(files, "votes_numbered") is None
    seals = Project(files).find("seals")
    assert seals is not None
    assert [(sorted(key.columns), key.generated) for key in seals.keys] == [
        (["id"], True),
        (["id", "tag"], True),
    ]


def _migration(*operations: str) -> str:
    inner = "".join(f"        {one},\n" for one in operations)
    return (
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n"
        f"    operations = [\n{inner}    ]\n"
    )


FIRST = (
    'migrations.CreateModel(name="Ballot", fields=['
    '("id", models.BigAutoField(primary_key=True)),'
    '("code", models.CharField(max_length=9, unique=True)),'
    '("voter", models.ForeignKey(on_delete=models.CASCADE, to="x.Voter")),'
    '], options={"unique_together": {("voter", "code")}})'
)
MIGRATIONS = [
    ([], [["code"], ["code", "voter_id"], ["id"]]),
    (
        ['migrations.AlterField("ballot", "code", models.CharField(max_length=9))'],
        [["code", "voter_id"], ["id"]],
    ),
    (
        ['migrations.AlterUniqueTogether(name="ballot", unique_together=set())'],
        [["code"], ["id"]],
    ),
    (
        [
            'migrations.AddField(model_name="ballot", name="n",'
            " field=models.IntegerField(unique=True))",
            'migrations.RemoveField(model_name="ballot", name="code")',
            'migrations.AlterUniqueTogether("ballot", None)',
        ],
        [["id"], ["n"]],
    ),
    (
        [
            'migrations.RenameField(model_name="ballot", old_name="code", new_name="number")',
        ],
        [["id"], ["number"], ["number", "voter_id"]],
    ),
    (
        [
            'migrations.AddConstraint("ballot", models.UniqueConstraint(fields=["voter"], name="u"))',
            'migrations.AddConstraint("ballot", models.UniqueConstraint(fields=["id"], name="w"))',
            'migrations.RemoveConstraint(model_name="ballot", name="u")',
            'migrations.RunSQL("CREATE UNIQUE INDEX x ON votes_ballot (voter_id)", "DROP INDEX x")',
        ],
        [["code"], ["code", "voter_id"], ["id"], ["id"], ["voter_id"]],
    ),
    (['migrations.AlterModelTable("ballot", "ballots")'], None),
    (['migrations.RenameModel("Ballot", "Vote")'], None),
    (['migrations.DeleteModel("Ballot")'], None),
    (["migrations.RunPython(forwards)"], [["code"], ["code", "voter_id"], ["id"]]),
    (["*more"], [["code"], ["code", "voter_id"], ["id"], ["?"]]),
]


@pytest.mark.parametrize(("operations", "keys"), MIGRATIONS)
def test_django_migrations(operations: list[str], keys: list[list[str]] | None) -> None:
    files = {
        "votes/migrations/0002_more.py": _migration(*operations),
        "votes/migrations/0001_initial.py": _migration(FIRST),
        "votes/migrations/__init__.py": "",
    }
    found = _keys(files, "votes_ballot")
    assert found == ([list(k) for k in dict.fromkeys(map(tuple, keys))] if keys else keys)


PEEWEE = """
    import uuid
    from peewee import *
    db = SqliteDatabase("x.db")
    class Base(Model):
        class Meta:
            database = db
    class Ticket(Base):
        code = CharField(column_name="ticket_code", unique=True)
        owner = ForeignKeyField(Owner, backref="tickets")
        seat = CharField()
        class Meta:
            table_name = "tickets"
            indexes = ((("owner", "seat"), True), (("seat",), False))
    class Pair(Base):
        a = CharField()
        b = CharField()
        class Meta:
            primary_key = CompositeKey("a", "b")
    class Log(Base):
        id = UUIDField(primary_key=True, default=uuid.uuid4)
"""


def test_peewee() -> None:
    files = {"app/models.py": PEEWEE}
    assert _keys(files, "tickets") == [["id"], ["owner_id", "seat"], ["ticket_code"]]
    assert _keys(files, "pair") == [["a", "b"]]
    log = Project(files).find("log")
    assert log is not None
    assert [(sorted(key.columns), key.generated) for key in log.keys] == [(["id"], True)]


TORTOISE = """
    from tortoise import fields
    from tortoise.models import Model
    class Stamped(Model):
        code = fields.CharField(max_length=9, unique=True)
        class Meta:
            abstract = True
    class Ticket(Stamped):
        owner = fields.ForeignKeyField("models.Owner")
        seat = fields.CharField(max_length=9, source_field="seat_no")
        class Meta:
            table = "tickets"
            unique_together = (("owner", "seat"),)
    class Pass(Model):
        number = fields.CharField(max_length=9, pk=True)
"""


def test_tortoise() -> None:
    files = {"app/models.py": TORTOISE}
    assert _keys(files, "tickets") == [["code"], ["id"], ["owner_id", "seat_no"]]
    assert _keys(files, "pass") == [["number"]]
    assert _keys(files, "stamped") is None
