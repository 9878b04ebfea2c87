"""Dockerfiles, as far as they say what an image is made of and what its environment is.

Each stage is a root: a mapping from instruction to argument, in file order. `ENV` and `ARG` have a
mapping of variables for an argument, `COPY` and `ADD` of a heredoc one from the file's path to its
text; every other argument is one text. What stands before the first `FROM` is a root of its own.
The grammar is that of BuildKit's frontend (dockerfile/parser, dockerfile/shell).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from oncelint.formats.guards import check, check_count
from oncelint.formats.tree import (
    Comment,
    Document,
    Entry,
    FormatError,
    Mapping,
    Node,
    Scalar,
    Style,
)
from oncelint.text import Text

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|\Z)")
_ESCAPE = re.compile(r"#\s*escape\s*=\s*([\\`])\s*$", re.IGNORECASE)
_INSTRUCTION = re.compile(r"\s*([A-Za-z]+)(?=\s|\Z)")
_HEREDOC = re.compile(r"(?<!\S)<<(-?)([\"']?)([A-Za-z_][\w.]*)\2(?=\s|\Z)")
_NAME = re.compile(r"[^\s=\\\"']+")
_FLAG = re.compile(r"\s*--[\w-]+(?:=\S*)?")


@dataclass(frozen=True, slots=True)
class _Instruction:
    """An instruction: `word` to the end of its last line, with its heredocs' bodies."""

    word: Scalar
    start: int
    end: int
    heredocs: tuple[tuple[int, int], ...]


def read(text: Text) -> Document:
    """Read a Dockerfile; a line that is no instruction is skipped.

    Raises FormatError past the limits of `oncelint.formats.guards`.
    """
    source = text.text
    check(source, "dockerfile")
    parser = _Parser(source)
    stages: list[list[Entry]] = [[]]
    for count, instruction in enumerate(parser.instructions()):
        check_count(count, instruction.start)
        if instruction.word.text == "FROM":
            stages.append([])
        stages[-1].append(Entry(instruction.word, parser.argument(instruction)))
    roots = tuple(
        Mapping(entries[0].key.start, max(entry.value.end for entry in entries), tuple(entries))
        for entries in stages
        if entries
    )
    return Document(roots, tuple(parser.comments))


class _Parser:
    def __init__(self, source: str) -> None:
        self.source = source
        self.comments: list[Comment] = []
        first = _ESCAPE.match(source.lstrip("\ufeff").split("\n", 1)[0].strip())
        self.escape = first.group(1) if first else "\\"

    def instructions(self) -> Iterator[_Instruction]:
        place = 0
        while place < len(self.source):
            line = self._line(place)
            if not line.strip() or self._comment(place, line):
                place += len(line)
                continue
            yield_, place = self._instruction(place)
            if yield_ is not None:
                yield yield_

    def _line(self, place: int) -> str:
        match = _LINE.match(self.source, place)
        return match.group() if match else ""

    def _comment(self, place: int, line: str) -> bool:
        written = line.strip()
        if not written.startswith("#"):
            return False
        start = place + line.index("#")
        self.comments.append(Comment(start, start + len(written), written[1:].strip()))
        return True

    def _instruction(self, place: int) -> tuple[_Instruction | None, int]:
        """The instruction of the line at `place`, and the offset behind it."""
        word = _INSTRUCTION.match(self.source, place)
        end = place
        while end < len(self.source):
            line = self._line(end)
            if end > place and (not line.strip() or self._comment(end, line)):
                # neither ends a continued line
                end += len(line)
                continue
            end += len(line)
            if not line.rstrip().endswith(self.escape):
                break
        stop = end
        bodies: list[tuple[int, int]] = []
        if word is not None and word.group(1).upper() in ("COPY", "ADD", "RUN"):
            for found in _HEREDOC.finditer(self.source[place:end]):
                body, stop = self._heredoc(stop, found.group(3), bool(found.group(1)))
                bodies.append(body)
        if word is None:
            return None, stop
        token = word.group(1)
        key = Scalar(word.start(1), word.end(1), token.upper(), token.upper())
        content = self.source[word.end(1) : end]
        last = word.end(1) + len(content.rstrip())
        return _Instruction(key, word.end(1), max(last, word.end(1)), tuple(bodies)), stop

    def _heredoc(self, place: int, word: str, tabs: bool) -> tuple[tuple[int, int], int]:
        start = place
        while place < len(self.source):
            line = self._line(place)
            written = line.rstrip("\r\n")
            if (written.lstrip("\t") if tabs else written) == word:
                return (start, place), place + len(line)
            place += len(line)
        raise FormatError(f"the heredoc {word} does not end", start)

    def argument(self, instruction: _Instruction) -> Node:
        word = instruction.word.text
        if word in ("ENV", "ARG"):
            entries = tuple(self._variables(instruction, word == "ARG"))
            if entries:
                return Mapping(entries[0].key.start, entries[-1].value.end, entries)
        if word in ("COPY", "ADD") and instruction.heredocs:
            files = tuple(self._files(instruction))
            if files:
                return Mapping(instruction.start, files[-1].value.end, files)
        start = self._skip(instruction.start, instruction.end)
        if word == "FROM":
            while flag := _FLAG.match(self.source, start, instruction.end):
                start = self._skip(flag.end(), instruction.end)
            found = re.compile(r"\S+").match(self.source, start, instruction.end)
            end = found.end() if found else start
        else:
            end = max(instruction.end, start)
        written = self.source[start:end]
        return Scalar(start, end, written, written)

    def _files(self, instruction: _Instruction) -> Iterator[Entry]:
        """The files that a COPY of one heredoc makes: with several of them the last word is a
        folder, and the heredocs' names are the files'."""
        words = self.source[instruction.start : instruction.end].split()
        target = words[-1]
        names = [found.group(3) for found in _HEREDOC.finditer(" ".join(words))]
        at = self.source.rindex(target, instruction.start, instruction.end)
        for name, (start, end) in zip(names, instruction.heredocs, strict=False):
            path = f"{target.rstrip('/')}/{name}" if len(names) > 1 else target
            body = self.source[start:end]
            yield Entry(
                Scalar(at, at + len(target), path, path), Scalar(start, end, body, body, "block")
            )

    def _variables(self, instruction: _Instruction, arguments: bool) -> Iterator[Entry]:
        start = self._skip(instruction.start, instruction.end)
        name = _NAME.match(self.source, start, instruction.end)
        if name is None:
            return
        behind = self.source[name.end() : name.end() + 1]
        if behind != "=" and not arguments:
            # `ENV NAME:"value"` has neither form: BuildKit refuses it
            if not behind.strip() or self._skip(name.end(), instruction.end) != name.end():
                yield self._spaced(name, instruction.end)
            return
        while name is not None:
            key = Scalar(name.start(), name.end(), name.group(), name.group())
            if self.source[name.end() : name.end() + 1] == "=":
                value = self._word(name.end() + 1, instruction.end)
                yield Entry(key, value)
                place = value.end
            elif arguments:
                yield Entry(key, Scalar(name.end(), name.end(), None, ""))
                place = name.end()
            else:
                return
            start = self._skip(place, instruction.end)
            name = _NAME.match(self.source, start, instruction.end)

    def _spaced(self, name: re.Match[str], end: int) -> Entry:
        """`ENV key value`: the rest of the line as it is, but for quotes around all of it."""
        start = self._skip(name.end(), end)
        written = self.source[start:end]
        value = self._word(start, end)
        style: Style = "plain"
        text = written
        if value.end == end:
            style, text = value.style, value.text
        key = Scalar(name.start(), name.end(), name.group(), name.group())
        return Entry(key, Scalar(start, end, text, text, style))

    def _skip(self, place: int, end: int) -> int:
        """The next character that is neither blank nor part of a continued line's end."""
        while place < end:
            if self.source[place] == self.escape:
                rest = re.compile(r"[ \t]*(?:\r\n|\r|\n)").match(self.source, place + 1, end)
                if rest is None:
                    return place
                place = rest.end()
                while place < end and (
                    not (line := self._line(place)).strip() or line.lstrip().startswith("#")
                ):
                    place += len(line)
            elif self.source[place].isspace():
                place += 1
            else:
                return place
        return end

    def _word(self, start: int, end: int) -> Scalar:
        """A shell word from `start` on, its quotes and escapes taken off."""
        quote = ""
        parts: list[str] = []
        place = start
        while place < end:
            char = self.source[place]
            following = self.source[place + 1 : place + 2]
            if char == self.escape and quote != "'":
                if following in "\r\n" or self._skip(place, end) != place:
                    if not quote:
                        break
                    place = self._skip(place, end)
                    continue
                kept = not quote or following in ('"', "$", self.escape)
                parts.append(following if kept else char + following)
                place += 2
                continue
            if quote:
                if char == quote:
                    quote = ""
                else:
                    parts.append(char)
            elif char in "\"'":
                quote = char
            elif char.isspace():
                break
            else:
                parts.append(char)
            place += 1
        written = self.source[start:place]
        text = "".join(parts)
        style: Style = "plain"
        if (
            len(written) > 1
            and written[0] in "\"'"
            and written.find(written[0], 1) == place - start - 1
        ):
            style = "double" if written[0] == '"' else "single"
        return Scalar(start, place, text, text, style)
