"""The engines of ClickHouse tables, as the project's own CREATE TABLE statements name them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from oncelint.flow.machine import Machine
from oncelint.link.clients import Surroundings
from oncelint.link.sinks.arguments import parts, text

_CREATE = re.compile(
    r"\bCREATE\s+(?:OR\s+REPLACE\s+)?TABLE\s+(?:IF\s+NOT\s+EXISTS\s+)?([\w.`\"]+)(.*?)(?=\bCREATE\s|;|\Z)",
    re.I | re.S,
)
_ENGINE = re.compile(r"\)\s*(?:ON\s+CLUSTER\s+\S+\s+)?ENGINE\s*=?\s*(\w+)(.*)\Z", re.I | re.S)
# A table of the plain family that is told to remember its last blocks, or to forget rows.
_WINDOW = re.compile(r"\bnon_replicated_deduplication_window\s*=\s*[1-9]", re.I)
_FILES = 200


class Engines:
    """Looks a table's engine up; `files` are the project's paths, `read` gives one's bytes."""

    def __init__(
        self,
        machine: Machine,
        around: Surroundings,
        files: Iterable[str],
        read: Callable[[str], bytes | None],
    ) -> None:
        self._machine = machine
        self._around = around
        self._files = [path for path in files if path.lower().endswith(".sql")][:_FILES]
        self._read = read
        self._known: list[tuple[str, str, str]] | None = None

    def find(self, table: str, path: str) -> str | None:
        """The engine of a table (lower case) for code at `path`; None when it is not known, or
        when two declarations differ."""
        unit = self._around.unit(path)
        found = {engine for name, where, engine in self._all() if name == table and where == unit}
        return found.pop() if len(found) == 1 else None

    def _all(self) -> list[tuple[str, str, str]]:
        if self._known is None:
            self._known = [
                (name, self._around.unit(path), engine)
                for path, statement in self._texts()
                for name, engine in read_engines(statement)
            ]
        return self._known

    def _texts(self) -> Iterable[tuple[str, str]]:
        for execution in self._machine.trace.executions:
            for one in execution.args[:1]:
                for value in parts(one):
                    found = text(value)
                    if found is not None and "ENGINE" in found.upper():
                        yield execution.at.path, found
        for path in self._files:
            body = self._read(path)
            if body is not None and b"ENGINE" in body.upper():
                yield path, body.decode("utf-8", "replace")


def read_engines(statement: str) -> Iterable[tuple[str, str]]:
    """The tables a text creates with an engine, in lower case and without their database."""
    statement = re.sub(r"--[^\n]*|/\*.*?\*/", " ", statement, flags=re.S)
    for name, rest in _CREATE.findall(statement):
        found = _ENGINE.search(rest)
        if found is None:
            continue
        engine = found.group(1)
        if _WINDOW.search(found.group(2)):
            engine += " with a deduplication window"
        yield re.sub(r"[`\"]", "", name).rpartition(".")[2].lower(), engine
