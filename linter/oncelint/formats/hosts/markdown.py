"""Examples in documentation: Markdown's fenced code blocks, AsciiDoc's source blocks.

CommonMark, "Fenced code blocks"; Asciidoctor, "Source code blocks". The word behind the fence tells the
format; a block without one is none that is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from oncelint.formats.hosts import Embedded
from oncelint.formats.tree import Document
from oncelint.text import Piece, Region, Text

_KINDS: Mapping[str, str] = {
    "json": "json",
    "jsonc": "json",
    "properties": "properties",
    "ini": "ini",
    "toml": "toml",
    "yaml": "yaml",
    "yml": "yaml",
    "sh": "shell",
    "bash": "shell",
    "shell": "shell",
    "zsh": "shell",
    "sql": "sql",
    "ksql": "sql",
    "hcl": "hcl",
    "terraform": "hcl",
    "tf": "hcl",
    "dockerfile": "dockerfile",
}
_FENCE = re.compile(r"^(?P<indent>[ \t]*)(?P<fence>`{3,}|~{3,})[ \t]*(?P<info>[^`\r\n]*)\r?$")
_SOURCE = re.compile(r"^\[source,[ ]*(?P<info>[\w-]+)[^\]]*\]\r?$")
_DELIMITER = re.compile(r"^-{4,}\r?$")
_NAMED = re.compile(r"""(?:title|filename|file|path)=["']?(?P<name>[^"'\s]+\.\w+)""")
_TITLE = re.compile(r"^\.(?P<name>[\w./-]+\.\w+)\r?$")


def find(document: Document, text: Text) -> Iterator[Embedded]:
    lines = text.text.split("\n")
    starts = [0]
    for line in lines:
        starts.append(starts[-1] + len(line) + 1)
    number, source, title = 0, "", ""
    while number < len(lines):
        line = lines[number]
        fence = _FENCE.match(line)
        if fence is not None:
            end = _closed(lines, number + 1, fence["fence"])
            info = fence["info"].strip()
            yield from _block(text, info, "", lines, starts, number + 1, end, fence["indent"])
            number = end + 1
            continue
        if source and _DELIMITER.match(line):
            end = next(
                (at for at in range(number + 1, len(lines)) if lines[at].strip() == line.strip()),
                len(lines),
            )
            yield from _block(text, source, title, lines, starts, number + 1, end, "")
            number, source, title = end + 1, "", ""
            continue
        named = _TITLE.match(line)
        told = _SOURCE.match(line)
        if named is not None:
            title = named["name"]
        elif told is not None:
            source = told["info"]
        elif line.strip():
            source, title = "", ""
        number += 1


def _closed(lines: list[str], number: int, fence: str) -> int:
    """The line that closes a fence; behind the last one when none does."""
    for at in range(number, len(lines)):
        line = lines[at].strip()
        if line.startswith(fence) and not line.strip(fence[0]):
            return at
    return len(lines)


def _block(
    text: Text,
    info: str,
    title: str,
    lines: list[str],
    starts: list[int],
    begin: int,
    end: int,
    indent: str,
) -> Iterator[Embedded]:
    language = re.split(r"[\s,{:]", info, maxsplit=1)[0].lower()
    kind = _KINDS.get(language)
    if kind is None:
        return
    pieces: list[Piece] = []
    parts: list[str] = []
    own = 0
    for number in range(begin, end):
        line = lines[number] + ("\n" if number + 1 < len(lines) else "")
        cut = min(len(indent), len(line) - len(line.lstrip(" \t")))
        content = line[cut:]
        if content:
            pieces.append(Piece(own, len(content), starts[number] + cut, len(content)))
            parts.append(content)
            own += len(content)
    if not pieces:
        return
    named = _NAMED.search(info)
    name = title or (named["name"] if named is not None else f"example.{kind}")

    def encode(edit: str) -> str:
        return re.sub(r"\n(?!\Z)", lambda _: "\n" + indent, edit)

    yield Embedded(
        kind, name.rpartition("/")[2], Region("".join(parts), text, tuple(pieces), encode)
    )
