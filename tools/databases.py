"""Real PostgreSQL and MariaDB servers for the tests that ask them.

A server is started in a folder of its own, listens on a socket there and nowhere else, and is
stopped and removed at the end. The stage runs where the environment says so:

    ONCELINT_POSTGRES=1 ONCELINT_MARIADB=1 pytest tests/fix/test_databases.py tests/sql/test_failures.py

Instead of 1, ONCELINT_POSTGRES may be a connection string for psql and ONCELINT_MARIADB arguments
for the mariadb program (with a database); then no server is started. Tests only make temporary tables there.
"""

from __future__ import annotations

import os
import pwd
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_WAIT_S = 60
# Where distributions keep the servers' programs beside PATH.
_FOLDERS = ("/usr/sbin", "/usr/local/sbin", *map(str, Path("/usr/lib/postgresql").glob("*/bin")))


class Unavailable(Exception):
    """There is no such server, and why."""


@dataclass(frozen=True, slots=True)
class Database:
    """A database that a command-line program leads to."""

    command: tuple[str, ...]

    def run(self, script: str) -> tuple[list[str], str]:
        """The result rows of a script of statements, and what went wrong (empty: nothing). The
        script ends at the first error."""
        done = subprocess.run(
            self.command, input=script, capture_output=True, text=True, timeout=_WAIT_S
        )
        failed = done.stderr.strip() or f"exit code {done.returncode}"
        return done.stdout.split("\n"), failed if done.returncode else ""


def _program(*names: str) -> str:
    path = os.pathsep.join((os.environ.get("PATH", ""), *_FOLDERS))
    for name in names:
        found = shutil.which(name, path=path)
        if found is not None:
            return found
    raise Unavailable(f"{names[0]} is not installed")


def _user(*names: str) -> str | None:
    """The user a server runs as: no server runs as root."""
    if os.geteuid() != 0:
        return None
    for name in (*names, "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise Unavailable("there is no user but root to run the server")


@contextmanager
def _folder(user: str | None) -> Iterator[Path]:
    """A short path, since the path of a socket may have about a hundred characters."""
    folder = Path(tempfile.mkdtemp(prefix="once-"))
    try:
        if user is not None:
            shutil.chown(folder, user)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _running(command: Sequence[str], user: str | None, ready: Database) -> Iterator[Database]:
    """The server that a command is, from when it answers until it has ended."""
    server = subprocess.Popen(
        command, user=user, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/"
    )
    try:
        deadline = time.monotonic() + _WAIT_S
        while ready.run("SELECT 1;")[1]:
            if server.poll() is not None or time.monotonic() > deadline:
                raise Unavailable(f"{command[0]} does not start")
            time.sleep(0.2)
        yield ready
    finally:
        server.terminate()
        try:
            server.wait(_WAIT_S)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _set_up(command: Sequence[str], user: str | None) -> None:
    done = subprocess.run(
        command, user=user, capture_output=True, text=True, timeout=_WAIT_S * 2, cwd="/"
    )
    if done.returncode:
        raise Unavailable(f"{command[0]}: {done.stderr.strip()[-300:]}")


@contextmanager
def postgres(wanted: str) -> Iterator[Database]:
    """A PostgreSQL database; `wanted` is ONCELINT_POSTGRES.

    Raises Unavailable when it cannot be had.
    """
    psql = (_program("psql"), "-XAtq", "-v", "ON_ERROR_STOP=1", "-d")
    if wanted != "1":
        yield Database((*psql, wanted))
        return
    user = _user("postgres")
    with _folder(user) as folder:
        data = str(folder / "data")
        _set_up(
            (_program("initdb"), "-D", data, "-U", "oncelint", "-A", "trust", "-E", "UTF8"), user
        )
        server = (_program("postgres"), "-D", data, "-k", str(folder), "-c", "listen_addresses=")
        database = Database((*psql, f"host={folder} user=oncelint dbname=postgres"))
        with _running(server, user, database):
            yield database


@contextmanager
def mariadb(wanted: str) -> Iterator[Database]:
    """A MariaDB database; `wanted` is ONCELINT_MARIADB.

    Raises Unavailable when it cannot be had.
    """
    client = (_program("mariadb", "mysql"), "--no-defaults", "--batch", "--skip-column-names")
    if wanted != "1":
        yield Database((*client, *shlex.split(wanted)))
        return
    user = _user("mysql")
    with _folder(user) as folder:
        data = f"--datadir={folder / 'data'}"
        _set_up(
            (_program("mariadb-install-db"), "--no-defaults", data, "--skip-test-db"),
            user,
        )
        server = (
            *(_program("mariadbd"), "--no-defaults", data, f"--socket={folder / 'socket'}"),
            *("--skip-networking", "--skip-grant-tables", f"--pid-file={folder / 'pid'}"),
        )
        database = Database((*client, f"--socket={folder / 'socket'}", "mysql"))
        with _running(server, user, database):
            yield database
