"""Makes `tests.sql` importable however pytest is started, and has the servers that tests/fix has."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from tests.fix.test_databases import on_mariadb, on_postgres

__all__ = ["on_mariadb", "on_postgres"]
