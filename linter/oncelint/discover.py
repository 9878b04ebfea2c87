"""Which files of a project are looked at, and what kind each one is.

Git tells where there is git; elsewhere the tree is walked and .gitignore files are honoured. A
byte-level test drops what no recogniser can fire on; its literals are the recognisers' own.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from dataclasses import dataclass, field

from oncelint.dependencies import is_unit_file, may_matter, reader_for
from oncelint.frameworks import relevant
from oncelint.patterns import matcher

TYPE_CHECKING = False  # typing costs a third of what an interpreter costs to start
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from oncelint.model.facts import Skipped
    from oncelint.python.imports import Line

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
    ".ksql": "sql",
    ".sh": "shell",
    ".bash": "shell",
    ".tf": "hcl",
    ".dockerfile": "dockerfile",
    ".md": "markdown",
    ".markdown": "markdown",
    ".adoc": "markdown",
    ".asciidoc": "markdown",
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
_JVM = ("Java", "Kotlin", "Scala")
_SKIPPED_FOLDERS = frozenset(
    {".git", ".hg", ".svn", "node_modules", ".venv", "venv", ".tox", ".nox", "__pycache__"}
    | {".mypy_cache", ".ruff_cache", ".pytest_cache", "site-packages", ".eggs"}
)
# What Maven, Gradle and editors make of a project's own files: copies that somebody committed.
_BUILT = re.compile(
    r"(?:^|/)(?:target/(?:test-)?classes|build/resources|bin/(?:main|test)|out/production)/"
)
_SUPPRESSION = b"oncelint:"
# Deleted and still in git's index, or deleted since: the project is complete without it.
_GONE = "gone: listed, but no longer there"
# A FIFO without a writer must not make the open wait.
_READ = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file to extract: its kind, its bytes, and which dependency reader wants it, if any."""

    path: str
    kind: str
    data: bytes
    dependency: str | None


@dataclass(slots=True)
class Discovery:
    """What was found: every listed path, and what was left out and why."""

    files: list[str] = field(default_factory=list)
    python_files: list[str] = field(default_factory=list)
    unit_files: list[str] = field(default_factory=list)
    java_files: list[str] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    other_languages: dict[str, int] = field(default_factory=dict)
    # Of Python files that are dropped, once there is one that is not: they are asked for then.
    # Which these are depends on the order of work; what is not here is read again.
    imports: dict[str, list[Line]] = field(default_factory=dict, compare=False)
    bearing: bool = field(default=False, compare=False)

    def skip(self, path: str, reason: str, *, relevant: bool) -> None:
        """Note a file that was not read; without a reason it is not worth a word."""
        from oncelint.model.facts import Skipped  # rare, and the facts are slow to load

        if reason:
            self.skipped.append(Skipped(path, reason, relevant and reason != _GONE))

    def imported(self, path: str, data: bytes, relevant: bool) -> None:
        """Note what a Python file imports that may lead to one that is relevant."""
        if relevant:
            self.bearing = True
        elif self.bearing:
            from oncelint.python.imports import import_lines  # of no use in most projects

            self.imports[path] = import_lines(data)

    def count(self, path: str, ending: str, data: bytes) -> None:
        """Note a file of a language that is not analysed, if it uses a Kafka client."""
        language, needles = _OTHER_LANGUAGES[ending]
        if any(needle in data for needle in needles):
            self.other_languages[language] = self.other_languages.get(language, 0) + 1
            if language in _JVM:
                self.java_files.append(path)

    def add(self, other: Discovery) -> None:
        """Append what was found among other files."""
        self.files += other.files
        self.python_files += other.python_files
        self.unit_files += other.unit_files
        self.java_files += other.java_files
        self.skipped += other.skipped
        self.imports.update(other.imports)
        for language, count in other.other_languages.items():
            self.other_languages[language] = self.other_languages.get(language, 0) + count


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
        excluded = matcher(exclude)
        listed = [path for path in listed if not excluded(path)]
    return sorted(listed)


def _git_files(root: Path) -> list[str] | None:
    listing = _output(["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z"])
    if listing is None:
        return None
    names = set(os.fsdecode(listing).split("\0")) - {""}
    return [name for name in names if _SKIPPED_FOLDERS.isdisjoint(name.split("/")[:-1])]


def _output(command: list[str]) -> bytes | None:
    """What a command writes to stdout; None when it cannot be run or fails."""
    if not hasattr(os, "posix_spawnp"):
        return _output_anywhere(command)
    reading, writing = os.pipe()  # not inherited, so that only the command holds the writing end
    actions = (
        (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
        (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        (os.POSIX_SPAWN_DUP2, writing, 1),
    )
    try:
        pid = os.posix_spawnp(command[0], command, os.environ, file_actions=actions)
    except OSError:
        os.close(reading)
        return None
    finally:
        os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        output = pipe.read()
    return output if os.waitpid(pid, 0)[1] == 0 else None


def _output_anywhere(command: list[str]) -> bytes | None:
    import subprocess  # as slow to load as a tenth of a small project's run

    try:
        result = subprocess.run(command, capture_output=True, check=False, stdin=subprocess.DEVNULL)
    except OSError:
        return None
    return result.stdout if result.returncode == 0 else None


def _walk(root: Path) -> Iterator[str]:
    """Walk without following links to folders, so that loops of them are no danger.

    A folder that cannot be read is listed itself, with a slash at its end.
    """
    ignores: list[tuple[str, Callable[[str], bool]]] = []
    unreadable: list[OSError] = []
    for folder, names, files in os.walk(root, onerror=unreadable.append):
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
    for error in unreadable:
        yield os.path.relpath(error.filename, root).replace(os.sep, "/") + "/"


def _ignore_file(path: str) -> Callable[[str], bool]:
    try:
        with open(path, encoding="utf-8", errors="replace") as handle:
            return matcher(handle.readlines())
    except OSError:
        return lambda path: False


def _ignored(ignores: list[tuple[str, Callable[[str], bool]]], path: str) -> bool:
    return any(
        path.startswith(prefix) and ignores_it(path[len(prefix) :])
        for prefix, ignores_it in ignores
    )


def kind_of(path: str, data: bytes | None = None) -> str | None:
    """The syntax of a file by its name, and by `data` where the name alone does not tell; None when
    it is of no interest."""
    name = path.rpartition("/")[2]
    if name == ".env" or name.startswith(".env.") or name.endswith(".env"):
        return "dotenv"
    if name == "spark-defaults.conf":
        return "properties"  # Spark reads it so (Utils.getPropertiesFromFile)
    if name.startswith(("Dockerfile", "Containerfile")):
        return "dockerfile"
    dot = name.rfind(".")
    ending = name[dot:].lower() if dot > 0 else ""
    if ending in (".conf", ".config") and data is not None:
        from oncelint.formats.conf import HEAD, conf_kind

        return conf_kind(data[:HEAD].decode("latin-1"))
    return _KINDS.get(ending) or None


def candidates(
    root: Path,
    files: Iterable[str],
    found: Discovery,
    *,
    max_size: int,
    overlay: Mapping[str, bytes],
    documents: bool = False,
) -> Iterator[Candidate]:
    """Read and sort the listed files: those to extract are yielded, the others noted in `found`.

    `max_size` is in bytes; `overlay` replaces contents; with `documents` pages of documentation are
    looked into.
    """
    prefix = f"{root}/"
    for path in files:
        if path.endswith("/"):
            found.skip(path.rstrip("/"), "unreadable: the folder cannot be listed", relevant=True)
            continue
        found.files.append(path)
        if _BUILT.search(path) is not None:
            found.skip(path, "output of a build", relevant=False)
            continue
        kind, dependency, language = kind_of(path), reader_for(path), _language_of(path)
        if kind == "markdown" and not documents:
            kind = None
        if kind is None and dependency is None and language is None:
            continue
        if kind == "python":
            found.python_files.append(path)
        if dependency is not None and is_unit_file(path):
            found.unit_files.append(path)
        data = overlay[path] if path in overlay else _read(prefix + path, max_size)
        if isinstance(data, str):
            found.skip(path, data, relevant=kind is not None or dependency is not None)
        elif language is not None:
            found.count(path, language, data)
        else:
            if path.endswith((".conf", ".config")):
                kind = kind_of(path, data)
            wanted = kind is not None and relevant(kind, data)
            if kind == "python":
                found.imported(path, data, wanted)
            wanted = wanted or (kind is not None and _SUPPRESSION in data)
            if dependency is not None and not may_matter(data):
                dependency = None
            if wanted or dependency is not None:
                yield Candidate(path, kind if wanted and kind else "", data, dependency)


def _language_of(path: str) -> str | None:
    """The ending of a file in a language that is not analysed but counted, else None."""
    ending = path[path.rfind(".") :]
    return ending if ending in _OTHER_LANGUAGES else None


def _read(path: str, max_size: int) -> bytes | str:
    """A regular file's bytes, or the reason why it was not read (empty: not worth a word)."""
    try:
        descriptor = os.open(path, _READ)
    except FileNotFoundError:
        return "broken link" if os.path.islink(path) else _GONE
    except OSError as error:
        if error.errno == errno.ELOOP:
            return "loop of symbolic links"
        return f"unreadable: {error.strerror}"
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return "" if stat.S_ISDIR(status.st_mode) else "not a regular file"
        if status.st_size > max_size:
            return f"larger than {max_size} bytes"
        data = os.read(descriptor, status.st_size + 1)
        while len(data) < status.st_size and (more := os.read(descriptor, status.st_size)):
            data += more
        return data
    except OSError as error:
        return f"unreadable: {error.strerror}"
    finally:
        os.close(descriptor)


def read_file(root: Path, path: str, max_size: int) -> bytes | None:
    """One file read on demand; None when it cannot be had."""
    data = _read(f"{root}/{path}", max_size)
    return data if isinstance(data, bytes) else None
