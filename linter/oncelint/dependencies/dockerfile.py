"""`pip install` commands in Dockerfiles, and in scripts and YAML files that inline one.

The reader knows no more of these languages than where a command ends: what it looks for are the
command's own words, on a line that is no comment.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from oncelint.dependencies import pep508
from oncelint.dependencies.requirements import logical_lines
from oncelint.model.facts import Requirement
from oncelint.text import SourceText

_PIP = r"(?<![\w./-])(?:[\w./-]*/)?pip(?:\d(?:\.\d+)?)?"
_COMMAND = re.compile(rf"{_PIP}(?:\s+-[^\s;&|]*)*\s+install(?=\s)")
# The exec form: ["pip", "install", "kafka-python==2.0.2"].
_EXEC = re.compile(
    r"([\"'])(?:[\w./-]*/)?pip[\d.]*\1(?:\s*,\s*\"-[^\"]*\")*\s*,\s*\1install\1(?P<words>(?:\s*,\s*(?:\"[^\"]*\"|'[^']*'))*)"
)
_EXEC_WORD = re.compile(r"\"([^\"]*)\"|'([^']*)'")
_PRINTS = re.compile(r"(?:^|[;&|(]|\b(?:RUN|then|do|else))\s*(?:@?echo|printf)\b[^;&|]*$")
_DEFINED = re.compile(
    r"(?:(?:^|[;&\s])(?P<name>[A-Za-z_]\w*)=|\bENV\s+(?P<spaced>[A-Za-z_]\w*)\s+)"
    r"(?P<quote>[\"']?)(?P<value>[A-Za-z0-9.+!*]+)(?P=quote)(?=[\s;&]|$)"
)
_QUOTING = re.compile(r"\\.|[\"']")
_WORD_END = frozenset(" \t\f\v\r\n;&|()`<>")
_LONGEST_LINE = 20_000
_MOST_WORDS = 500
_VARIABLE = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_WITH_ARGUMENT = frozenset(
    (
        "-r", "--requirement", "-c", "--constraint", "-i", "--index-url", "--extra-index-url",
        "-f", "--find-links", "-t", "--target", "--trusted-host", "--no-binary", "--only-binary",
        "--platform", "--python-version", "--implementation", "--abi", "--prefix", "--root",
        "--src", "--cache-dir", "--timeout", "--retries", "--proxy", "--cert", "--client-cert",
        "--log", "--progress-bar", "--upgrade-strategy", "-C", "--config-settings", "--python",
        "--use-feature", "--use-deprecated", "--exists-action", "--report", "--group",
    )
)  # fmt: skip


def read(text: SourceText) -> tuple[Requirement, ...]:
    """The requirements on the command lines of `pip install` in any text.

    A variable in a version is replaced where the text defines it once (`ARG`, `ENV`, a shell
    assignment); a version that stays unknown is an empty specifier. Never raises.
    """
    source = text.text
    found: list[Requirement] = []
    defined: dict[str, set[str]] | None = None
    for line, offset in logical_lines(source, through_comments=True):
        if "install" not in line or line.lstrip().startswith(("#", "//")):
            continue
        if len(line) > _LONGEST_LINE:
            continue
        for start, words in _commands(line):
            if _PRINTS.search(line[max(0, start - 500) : start]):
                continue
            for word, begin, end in words:
                if "$" in word:
                    defined = _definitions(source) if defined is None else defined
                    word = _substituted(word, defined)
                found.extend(_requirement(text, word, line, offset, begin, end))
    return tuple(found)


_Word = tuple[str, int, int]


def _commands(line: str) -> Iterator[tuple[int, list[_Word]]]:
    """Each command's start, and the words behind `install` that name a requirement."""
    quote, seen = "", 0
    for match in _COMMAND.finditer(line):
        quote, seen = _open_quote(line, seen, match.start(), quote), match.start()
        yield match.start(), _packages(islice(_words(line, match.end(), quote), _MOST_WORDS))
    for match in _EXEC.finditer(line):
        words = [
            (word.group()[1:-1], word.start() + 1, word.end() - 1)
            for word in _EXEC_WORD.finditer(line, match.start("words"), match.end("words"))
        ]
        yield match.start(), _packages(iter(words))


def _open_quote(line: str, start: int, end: int, quote: str) -> str:
    """The quote character inside which `line[end]` stands, or an empty text, when `line[start]`
    stands inside `quote`."""
    for match in _QUOTING.finditer(line, start, end):
        character = match.group()
        if len(character) == 1 and (not quote or character == quote):
            quote = "" if quote else character
    return quote


def _words(line: str, start: int, outer: str) -> Iterator[_Word]:
    """The shell words from `start` to the end of the command: its value without quotes, and the
    offsets between them. `outer` is the quote the whole command stands in, and it ends there."""
    index = start
    while index < len(line):
        if line[index].isspace():
            index += 1
            continue
        if line[index] == "#":
            return
        begin = index
        parts: list[str] = []
        while (piece := _piece(line, index, outer)) is not None:
            parts.append(piece[0])
            index = piece[1]
        if index == begin:
            return
        yield "".join(parts), begin, index


def _piece(line: str, index: int, outer: str) -> tuple[str, int] | None:
    """The next piece of a shell word: its value and the offset behind it; None where it ends."""
    if index >= len(line) or line[index] == outer or line[index] in _WORD_END:
        return None
    character = line[index]
    if character == "\\" and index + 1 < len(line):
        if line[index + 1] != outer:
            return line[index + 1], index + 2
        # An escaped quote inside the outer one quotes for the inner shell.
        character = "\\" + outer
    if character[-1] in "\"'":
        begin = index + len(character)
        close = line.find(character, begin)
        return (line[begin:close], close + len(character)) if close >= 0 else None
    return character, index + 1


def _packages(words: Iterator[_Word]) -> list[_Word]:
    found: list[_Word] = []
    for word, begin, end in words:
        if word in ("-e", "--editable"):
            continue
        if word in _WITH_ARGUMENT:
            next(words, None)
        elif not word.startswith("-"):
            found.append((word, begin, end))
    return found


def _definitions(source: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for line, _ in logical_lines(source):
        for match in _DEFINED.finditer(line):
            found.setdefault(match["name"] or match["spaced"], set()).add(match["value"])
    return found


def _substituted(word: str, defined: dict[str, set[str]]) -> str:
    def value(match: re.Match[str]) -> str:
        values = defined.get(match.group(1) or match.group(3), set())
        if not values and match.group(2):
            return match.group(2)
        return next(iter(values)) if len(values) == 1 else match.group()

    return _VARIABLE.sub(value, word)


def _requirement(
    text: SourceText, word: str, line: str, offset: int, begin: int, end: int
) -> tuple[Requirement, ...]:
    """The requirement in a word that stands in `line[begin:end]`; where the word is written
    in other characters than it reads as (quotes inside, a variable), the whole is the place."""
    word = word.rstrip(",")
    if "[" not in word:
        # What closes a YAML or JSON list around the command.
        word = word.rstrip("],")
    named = pep508.parse(word)
    if named is None:
        return ()
    inner = line.find(word, begin, end)
    if inner >= 0:
        return pep508.requirements(text, named, offset + inner)
    whole = pep508.Named(named.name, named.extras, named.specifier, begin, end)
    return pep508.requirements(text, whole, offset)
