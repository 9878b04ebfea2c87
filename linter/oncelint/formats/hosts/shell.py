"""Texts in shell scripts: JSON, SQL and whole files in arguments and here-documents."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from oncelint.formats.hosts import Embedded
from oncelint.formats.hosts.words import region
from oncelint.formats.shell import Command, Word, commands, value_of
from oncelint.formats.tree import Document
from oncelint.text import Text

_FILES: Mapping[str, str] = {
    ".properties": "properties",
    ".yaml": "yaml",
    ".yml": "yaml",
    ".json": "json",
    ".toml": "toml",
    ".ini": "ini",
    ".env": "dotenv",
    ".sh": "shell",
    ".sql": "sql",
    ".ksql": "sql",
    ".conf": "conf",
}
_JSON = re.compile(r"\s*[{\[]\s*[\"{\[]")
_SQL = re.compile(
    r"\s*(?:CREATE\s+(?:OR\s+REPLACE\s+)?(?:SINK|SOURCE|STREAM|TABLE|TEMPORARY|CATALOG|VIEW)\b"
    r"|SET\s+'|INSERT\s+INTO\b|EXECUTE\s+STATEMENT\b)",
    re.IGNORECASE,
)
_PROPERTIES = re.compile(r"^[ \t]*(?:connector\.class|bootstrap\.servers)[ \t]*[=:]", re.MULTILINE)
_SHELLS = frozenset({"bash", "sh", "zsh", "ash", "dash"})


def find(document: Document, text: Text) -> Iterator[Embedded]:
    for command in commands(text):
        target = _target(command)
        for body in command.heredocs:
            kind = _FILES.get(_ending(target)) or _kind(body, heredoc=True)
            found = _embedded(kind, target, body, text)
            if found is not None:
                yield found
        printed = target if _prints(command) else ""
        scripts = _scripts(command.words)
        for word in (*(value_of(one) for one in command.assignments), *command.words):
            if word.start in scripts:
                found = _embedded("shell", "", word, text)
            else:
                found = _embedded(_kind(word), printed, word, text)
            if found is not None:
                yield found


def _embedded(kind: str | None, target: str, word: Word, text: Text) -> Embedded | None:
    if kind is None:
        return None
    found = region(word, text, json=kind == "json")
    if found is None or not found.text.strip():
        return None
    name = target.rpartition("/")[2] if _ending(target) else f"script.{kind}"
    return Embedded(kind, name, found)


def _kind(word: Word, *, heredoc: bool = False) -> str | None:
    """The format of a text by how it begins; None for what is none that is read."""
    told = word.text
    if _JSON.match(told) and ":" in told:
        return "json"
    if _SQL.match(told) and (heredoc or word.quoted):
        return "sql"
    if heredoc and _PROPERTIES.search(told):
        return "properties"
    return None


def _target(command: Command) -> str:
    """The file that a command writes what it is given to; empty when it tells none."""
    for redirect in command.redirects:
        if redirect.operator.startswith((">", "&>")):
            return redirect.target.text
    argv = command.argv
    if "tee" in argv:
        files = [one for one in argv[argv.index("tee") + 1 :] if not one.startswith("-")]
        return files[0] if files else ""
    return ""


def _ending(name: str) -> str:
    dot = name.rfind(".")
    return name[dot:].lower() if dot >= 0 and "/" not in name[dot:] else ""


def _prints(command: Command) -> bool:
    argv = command.argv
    return bool(argv) and argv[0] in ("echo", "printf")


def _scripts(words: Sequence[Word]) -> frozenset[int]:
    """Where words begin that are scripts of their own: `bash -c '…'`."""
    found: set[int] = set()
    shell = False
    for before, word in pairwise(words):
        option = before.text
        if shell and option.endswith("c") and option.startswith("-") and option[:2] != "--":
            found.add(word.start)
        shell = shell or option.rpartition("/")[2] in _SHELLS
    return frozenset(found)
