"""Which files tell a schema's history, and in which order, told by their names alone."""

from __future__ import annotations

import re
from collections.abc import Iterable

# Folders whose .sql files are a history even where their names are not numbered.
_FOLDERS = frozenset(
    {"migrations", "migration", "migrate", "versions", "changelog", "changelogs", "changesets"}
)
_FLYWAY = re.compile(r"^(?P<kind>[VBUR])(?P<version>\d+(?:[._]\d+)*)?__", re.I)
_NUMBERED = re.compile(r"^(?P<version>\d+(?:[._-]\d+)*)(?:[._-]|$)")
_TAKES_BACK = re.compile(
    r"(?:^|[._-])(?:down|rollback|undo|revert|teardown|cleanup|drop)(?:[._-]|$)", re.I
)
# The lines that begin the part that is run, and the part that takes it back: goose, dbmate,
# sql-migrate, node-pg-migrate, MyBatis.
_UP = re.compile(
    r"^[ \t]*--[ \t]*(?:\+goose[ \t]+up|migrate:up|\+migrate[ \t]+up|up[ \t]+migration)\b.*$",
    re.I | re.M,
)
_DOWN = re.compile(
    r"^[ \t]*--[ \t]*(?:\+goose[ \t]+down|migrate:down|\+migrate[ \t]+down|down[ \t]+migration"
    r"|//@undo|//[ \t]*@undo)\b.*$",
    re.I | re.M,
)


def is_history(path: str) -> bool:
    """Whether a .sql file is a step of a history, and no whole schema."""
    parts = path.split("/")
    name = parts[-1]
    return (
        _FLYWAY.match(name) is not None
        or _NUMBERED.match(name) is not None
        or any(part.lower() in _FOLDERS for part in parts[-4:-1])
    )


def takes_back(path: str) -> bool:
    """Whether a .sql file undoes what another does (0001_x.down.sql, U1__x.sql, down.sql)."""
    name = path.rpartition("/")[2]
    flyway = _FLYWAY.match(name)
    if flyway is not None:
        return flyway["kind"] in "Uu"
    return _TAKES_BACK.search(name.removesuffix(".sql")) is not None


def histories(paths: Iterable[str]) -> list[list[str]]:
    """The steps of each folder's history in their order."""
    folders: dict[str, list[str]] = {}
    for path in paths:
        if is_history(path) and not takes_back(path):
            folders.setdefault(_folder(path), []).append(path)
    return [sorted(steps, key=_order) for _, steps in sorted(folders.items())]


def _folder(path: str) -> str:
    """The folder that holds a history: above the step's own, where each step has one."""
    parts = path.split("/")[:-1]
    while parts and _NUMBERED.match(parts[-1]) and len(parts[-1]) > 3:
        parts.pop()
    return "/".join(parts)


def _order(path: str) -> tuple[int, tuple[int, ...], str]:
    """Baselines and versions by number, then what has none (Flyway's repeatable ones)."""
    folder = _folder(path)
    rest = path[len(folder) + 1 :] if folder else path
    name = rest.partition("/")[0]
    found = _FLYWAY.match(name) or _NUMBERED.match(name)
    if found is None or found["version"] is None:
        return 1, (), path
    numbers = tuple(int(one) for one in re.findall(r"\d+", found["version"]))
    return 0, numbers, path


def forward(text: str) -> str:
    """A step's text with the parts that take it back blanked, so that places stay true."""
    if not _DOWN.search(text):
        return text
    marks = [(match.start(), False) for match in _DOWN.finditer(text)]
    marks += [(match.start(), True) for match in _UP.finditer(text)]
    marks.sort()
    pieces: list[str] = []
    at, keep = 0, True
    for start, up in marks:
        pieces.append(text[at:start] if keep else _blank(text[at:start]))
        at, keep = start, up
    pieces.append(text[at:] if keep else _blank(text[at:]))
    return "".join(pieces)


def _blank(text: str) -> str:
    return re.sub(r"[^\r\n]", " ", text)


def is_revision_path(path: str) -> bool:
    """Whether a Python file lies where Alembic's revisions do."""
    parts = path.lower().split("/")
    return (
        path.endswith(".py")
        and parts[-1] != "__init__.py"
        and bool({"versions", "alembic", "migrations"} & set(parts[-4:-1]))
    )


def is_django_path(path: str) -> bool:
    """Whether a Python file lies where Django's migrations do."""
    parts = path.split("/")
    return (
        path.endswith(".py")
        and len(parts) > 1
        and parts[-2].endswith("migrations")
        and parts[-1][:1].isdigit()
    )


_MAY_MAP = re.compile(
    r"model|schema|table|entit|orm|database|(?:^|[/_.])db(?:[/_.]|$)|persist|storage|domain|repo",
    re.I,
)


def may_map(path: str) -> bool:
    """Whether a Python file's name says that it may map classes to tables."""
    return path.endswith(".py") and _MAY_MAP.search(path) is not None
