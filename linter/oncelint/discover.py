"""Which files of a project are looked at, and what kind each one is.

Git tells where there is git; elsewhere the tree is walked and .gitignore files are honoured. A
byte-level test drops what no recogniser can fire on; its literals are the recognisers' own.
"""

from __future__ import annotations

import os
import stat
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from oncelint.dependencies import is_unit_file, may_matter, reader_for
from oncelint.frameworks import NEEDLES
from oncelint.model.facts import Skipped

_KINDS = {
    ".py": "python",
    ".pyi": "",
    ".properties": "properties",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".toml": "toml",
    ".env": "dotenv",
    ".ini": "ini",
    ".cfg": "ini",
    ".conf": "ini",
    ".config": "ini",
    ".sql": "sql",
}
_OTHER_LANGUAGES: dict[str, tuple[str, tuple[bytes, ...]]] = {
    ".java": ("Java", (b"org.apache.kafka", b"springframework.kafka")),
    ".kt": ("Kotlin", (b"org.apache.kafka", b"springframework.kafka")),
    ".scala": ("Scala", (b"org.apache.kafka", b"akka.kafka", b"fs2.kafka", b"zio.kafka")),
    ".go": (
        "Go",
        (b"confluent-kafka-go", b"segmentio/kafka-go", b"/sarama", b"twmb/franz-go"),
    ),
    ".js": ("JavaScript", (b"kafkajs", b"node-rdkafka", b"kafka-node", b"kafka-javascript")),
    ".ts": ("TypeScript", (b"kafkajs", b"node-rdkafka", b"kafka-node", b"kafka-javascript")),
}
_SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", ".tox", ".nox", "__pycache__"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache", "site-packages", ".eggs"}
)
_SUPPRESSION = b"oncelint:"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to extract: its kind, its bytes, and which dependency reader wants it, if any."""

    path: str
    kind: str
    data: bytes
    dependency: str | None


@dataclass(slots=True)
class Discovery:
    """What was found: every listed path, the candidates, and what was left out and why."""

    files: list[str] = field(default_factory=list)
    candidates: list[Candidate] = field(default_factory=list)
    python_files: list[str] = field(default_factory=list)
    unit_files: list[str] = field(default_factory=list)
    java_files: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    other_languages: dict[str, int] = field(default_factory=dict)


def project_root(start: Path) -> Path:
    """The git root above `start`; without git the folder itself (a file's folder)."""
    folder = start if start.is_dir() else start.parent
    folder = folder.resolve()
    for candidate in (folder, *folder.parents):
        if (candidate / ".git").exists():
            return candidate
    return folder


def list_files(root: Path, exclude: Sequence[str] = ()) -> list[str]:
    """All files of the project, relative, sorted, with forward slashes.

    `exclude` holds gitignore-style patterns.
    """
    listed = _git_files(root) if (root / ".git").exists() else None
    if listed is None:
        listed = list(_walk(root))
    if exclude:
        from pathspec import PathSpec  # only where something is excluded

        spec = PathSpec.from_lines("gitwildmatch", exclude)
        listed = [path for path in listed if not spec.match_file(path)]
    return sorted(listed)


def _git_files(root: Path) -> list[str] | None:
    try:
        result = subprocess.run(
            ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"],
            capture_output=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except OSError:
        return None
    if result.returncode != 0:
        return None
    names = {os.fsdecode(name) for name in result.stdout.split(b"\0") if name}
    return [
        name for name in names if not any(part in _SKIPPED_FOLDERS for part in name.split("/")[:-1])
    ]


def _walk(root: Path) -> Iterator[str]:
    """Walk without following links to folders, so that loops of them are no danger."""
    ignores: list[tuple[str, object]] = []
    for folder, names, files in os.walk(root):
        relative = os.path.relpath(folder, root).replace(os.sep, "/")
        prefix = "" if relative == "." else relative + "/"
        if ".gitignore" in files:
            ignores.append((prefix, _ignore_file(os.path.join(folder, ".gitignore"))))
        names[:] = sorted(
            name
            for name in names
            if name not in _SKIPPED_FOLDERS
            and not os.path.exists(os.path.join(folder, name, "pyvenv.cfg"))
            and not _ignored(ignores, prefix + name + "/")
        )
        for name in files:
            path = prefix + name
            if not _ignored(ignores, path):
                yield path


def _ignore_file(path: str) -> object:
    from pathspec import PathSpec  # only where there is no git and a .gitignore

    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return PathSpec.from_lines("gitwildmatch", handle)
    except OSError:
        return PathSpec([])


def _ignored(ignores: list[tuple[str, object]], path: str) -> bool:
    from pathspec import PathSpec

    for prefix, spec in ignores:
        if path.startswith(prefix) and isinstance(spec, PathSpec):
            if spec.match_file(path[len(prefix) :]):
                return True
    return False


def kind_of(path: str) -> str | None:
    """The syntax of a file by its name; None when it is of no interest."""
    name = path.rpartition("/")[2]
    if name == ".env" or name.startswith(".env.") or name.endswith(".env"):
        return "dotenv"
    dot = name.rfind(".")
    return _KINDS.get(name[dot:].lower()) or None if dot > 0 else None


def discover(
    root: Path,
    files: Sequence[str],
    *,
    max_size: int,
    overlay: dict[str, bytes],
) -> Discovery:
    """Read and sort the listed files. `max_size` is in bytes; `overlay` replaces contents."""
    found = Discovery()
    listed = list(files)
    listed.extend(path for path in overlay if path not in set(files))
    prefix = str(root)
    for path in listed:
        found.files.append(path)
        name = path.rpartition("/")[2]
        kind = kind_of(path)
        dependency = reader_for(path)
        dot = name.rfind(".")
        other = _OTHER_LANGUAGES.get(name[dot:]) if dot > 0 else None
        if kind is None and dependency is None and other is None:
            continue
        if kind == "python":
            found.python_files.append(path)
        if dependency is not None and is_unit_file(path):
            found.unit_files.append(path)
        data: bytes | str = (
            overlay[path] if path in overlay else _read(prefix + "/" + path, max_size)
        )
        if isinstance(data, str):
            relevant = kind is not None or dependency is not None
            if data:
                found.skipped.append(Skipped(path, data, relevant))
            continue
        if other is not None:
            language, needles = other
            if any(needle in data for needle in needles):
                found.other_languages[language] = found.other_languages.get(language, 0) + 1
                if language in ("Java", "Kotlin", "Scala"):
                    found.java_files.append(path)
            continue
        wanted = kind is not None and _relevant(kind, data)
        if dependency is not None and not may_matter(data):
            dependency = None
        if wanted or dependency is not None:
            found.candidates.append(
                Candidate(path, kind if wanted and kind else "", data, dependency)
            )
    return found


def _relevant(kind: str, data: bytes) -> bool:
    return any(needle in data for needle in NEEDLES.get(kind, ())) or _SUPPRESSION in data


def _read(path: str, max_size: int) -> bytes | str:
    """A regular file's bytes, or the reason why it was not read (empty: not worth a word)."""
    try:
        status = os.stat(path)
    except FileNotFoundError:
        return "broken link" if os.path.islink(path) else ""
    except OSError as error:
        return "loop of symbolic links" if error.errno == 40 else f"unreadable: {error.strerror}"
    if not stat.S_ISREG(status.st_mode):
        return "" if stat.S_ISDIR(status.st_mode) else "not a regular file"
    if status.st_size > max_size:
        return f"larger than {max_size} bytes"
    try:
        with open(path, "rb", buffering=0) as handle:
            return handle.read()
    except FileNotFoundError:
        return "vanished while the project was read"
    except OSError as error:
        return f"unreadable: {error.strerror}"


def read_file(root: Path, path: str, max_size: int) -> bytes | None:
    """One file read on demand; None when it cannot be had."""
    data = _read(f"{root}/{path}", max_size)
    return data if isinstance(data, bytes) else None
