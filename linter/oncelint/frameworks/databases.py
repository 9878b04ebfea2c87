"""Placement: the calls by which Python code hands work to a relational database.

A driver is told by the library the connection came from, followed through connect(), cursor(),
pools, engines and sessions; the method names here only say which calls are worth writing down.
"""

from __future__ import annotations

# Top package of the library a connection was made with, to sqlglot's name of its SQL.
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
    "django": "",
}

# Stores whose INSERT is an upsert by key or has no unique keys at all: other rules' matter.
NOT_RELATIONAL = frozenset(
    {"cassandra", "scyllapy", "clickhouse_driver", "clickhouse_connect", "aiochclient", "pyhive"}
)

STATEMENT_METHODS = frozenset(
    {
        "execute",
        "executemany",
        "execute_batch",
        "exec",
        "fetch",
        "fetchrow",
        "fetchval",
        "fetch_one",
    }
    | {"fetch_all", "fetch_val", "execute_many", "exec_driver_sql", "scalar", "scalars"}
)
OBJECT_METHODS = frozenset({"add", "add_all", "bulk_save_objects", "bulk_insert_mappings"})
MANAGER_METHODS = frozenset({"create", "acreate", "bulk_create", "abulk_create"})

METHODS = STATEMENT_METHODS | OBJECT_METHODS | MANAGER_METHODS

# Functions that take the cursor or connection first and the statement second.
FUNCTIONS = frozenset(
    {
        "psycopg2.extras.execute_values",
        "psycopg2.extras.execute_batch",
        "psycopg2.extras.execute_many",
    }
)
