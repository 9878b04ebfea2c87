"""Placement: the calls by which Python code hands work to a relational database.

A driver is told by the library the connection came from, followed through connect(), cursor(),
pools, engines and sessions; the method names here only say which calls are worth writing down.
"""

from __future__ import annotations

# Top package of the library a connection was made with, to the name of its SQL.
DRIVERS: dict[str, str] = {
    "psycopg2": "postgres",
    "psycopg": "postgres",
    "psycopg_pool": "postgres",
    "asyncpg": "postgres",
    "aiopg": "postgres",
    "pg8000": "postgres",
    "sqlite3": "sqlite",
    "aiosqlite": "sqlite",
    "MySQLdb": "mysql",
    "pymysql": "mysql",
    "mysql": "mysql",
    "aiomysql": "mysql",
    "asyncmy": "mysql",
    "mariadb": "mysql",
    "pymssql": "tsql",
    "pyodbc": "",
    "cx_Oracle": "oracle",
    "oracledb": "oracle",
    "sqlalchemy": "",
    "sqlmodel": "",
    "databases": "",
    "records": "",
    "flask_sqlalchemy": "",
    "django": "",
    "duckdb": "duckdb",
}

# Stores whose INSERT is an upsert by key or has no unique keys at all: other rules' matter.
NOT_RELATIONAL = frozenset(
    {"cassandra", "scyllapy", "clickhouse_driver", "clickhouse_connect", "aiochclient", "pyhive"}
)

# Libraries whose sessions take mapped objects.
MAPPERS = frozenset({"sqlalchemy", "sqlmodel", "flask_sqlalchemy"})

STATEMENT_METHODS = frozenset(
    {"execute", "executemany", "executescript", "execute_batch", "execute_many", "exec"}
    | {"fetch", "fetchrow", "fetchval", "fetch_one", "fetch_all", "fetch_val"}
    | {"exec_driver_sql", "scalar", "scalars"}
)
OBJECT_METHODS = frozenset({"add", "add_all", "bulk_save_objects", "bulk_insert_mappings"})
MANAGER_METHODS = frozenset({"create", "acreate", "bulk_create", "abulk_create"})

# How mapped objects are looked up before they are added.
LOOKUP_METHODS = frozenset({"query", "get", "aget", "filter", "exists", "first", "afirst"})

METHODS = STATEMENT_METHODS | OBJECT_METHODS | MANAGER_METHODS | LOOKUP_METHODS

# The keywords by which a statement is passed.
STATEMENT_KEYWORDS = ("query", "statement", "sql", "operation", "clause")

# Functions that take the cursor or connection first and the statement second.
FUNCTIONS = frozenset(
    {
        "psycopg2.extras.execute_values",
        "psycopg2.extras.execute_batch",
        "psycopg2.extras.execute_many",
    }
)
