"""Where the characters of a string literal stand in the source.

`"INSERT INTO t " 'VALUES (%s)'` is one value in two literals; an edit inside the value has to know
which source characters carry which value characters.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from oncelint.model.ir import Place
from oncelint.text import Piece

_TOKEN = re.compile(
    r"(?P<prefix>[rRuUbB]{0,2})(?P<quote>\"\"\"|'''|\"|')"
    r"|(?P<comment>\#[^\n]*)|(?P<gap>\\\n|[\s()]+)"
)
_ESCAPE = re.compile(
    r"\\(?:\n|[0-7]{1,3}|x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|.)", re.S
)


def pieces_of(segment: str, value: str, place: Place) -> tuple[tuple[int, int, Place], ...]:
    """Map a literal's value to its source.

    `segment` is the literal's source text with LF line ends, `place` its place. Each piece is
    (start in the value, length in the value, place in the source); a piece written letter for
    letter is as long in the source, an escape is a piece of its own. Empty when the literal is of
    a form that has no exact map (an f-string), or when the map does not rebuild `value`.
    """
    pieces: list[tuple[int, int, Place]] = []
    rebuilt: list[str] = []
    done = 0
    index = 0
    while index < len(segment):
        token = _TOKEN.match(segment, index)
        if token is None:
            return ()
        index = token.end()
        quote = token.group("quote")
        if quote is None:
            continue
        raw = "r" in token.group("prefix").lower()
        while True:
            if index >= len(segment):
                return ()
            if segment.startswith(quote, index):
                index += len(quote)
                break
            escape = None if raw else _ESCAPE.match(segment, index)
            if escape is not None:
                text = _unescape(escape.group())
                end = escape.end()
            else:
                end = index + 1
                while end < len(segment) and segment[end] not in "\\" + quote[0]:
                    end += 1
                if raw and segment[index] == "\\":
                    end = index + 2
                text = segment[index:end]
            if text:
                pieces.append((done, len(text), _place(segment, index, end, place)))
            rebuilt.append(text)
            done += len(text)
            index = end
    return tuple(pieces) if "".join(rebuilt) == value else ()


def _unescape(escape: str) -> str:
    if escape == "\\\n":
        return ""
    try:
        return str(
            ast.literal_eval('"' + escape.replace('"', '\\"' if escape == '\\"' else '"') + '"')
        )
    except (SyntaxError, ValueError):
        return '"' if escape == '\\"' else escape


def _place(segment: str, start: int, end: int, place: Place) -> Place:
    line, column = _locate(segment, start, place)
    end_line, end_column = _locate(segment, end, place)
    return (line, column, end_line, end_column)


def _locate(segment: str, index: int, place: Place) -> tuple[int, int]:
    before = segment.count("\n", 0, index)
    if not before:
        return place[0], place[1] + index
    return place[0] + before, index - segment.rfind("\n", 0, index)


# Templates -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Literal:
    """One of the literals that a text is written in: `start` and `end` enclose what stands between
    its quotation marks, as offsets in the source of the whole expression."""

    start: int
    end: int
    quote: str
    raw: bool
    formatted: bool


@dataclass(frozen=True, slots=True)
class Template:
    """A text as Python code writes it; what f-strings put in is `{}`.

    `pieces` map `text` to offsets of the source; a hole is one piece, as an escape is.
    """

    text: str
    pieces: tuple[Piece, ...]
    literals: tuple[Literal, ...]
    formatted: bool

    def literal_at(self, offset: int) -> Literal | None:
        """The literal that carries the source's offset; its closing mark belongs to it."""
        return next((one for one in self.literals if one.start <= offset <= one.end), None)


def template_of(source: str) -> Template | None:
    """The text that an expression is: one string literal or several that are written one after the
    other, f-strings among them.

    `source` is the expression as it stands in the file, line ends included. None when it is
    anything else, or when what is read here is not what Python reads.
    """
    value = _value(source)
    scanned = _scan(source) if value is not None else None
    if scanned is None or scanned.text != value:
        return None
    return scanned


def _value(source: str) -> str | None:
    """What Python reads, with `{}` for what an f-string puts in."""
    try:
        node = ast.parse(f"(\n{source}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else None
    if not isinstance(node, ast.JoinedStr):
        return None
    parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
    return "".join(part for part in parts if isinstance(part, str))


_OPENS = re.compile(
    r"(?P<prefix>[rRuUfF]{0,2})(?P<quote>\"\"\"|'''|\"|')"
    r"|\#[^\r\n]*|\\\r?\n|[\s()]+"
)
_LINE = re.compile(r"\r\n|\r|\n")


def _scan(source: str) -> Template | None:
    pieces: list[Piece] = []
    literals: list[Literal] = []
    texts: list[str] = []
    done = index = 0
    while index < len(source):
        opening = _OPENS.match(source, index)
        if opening is None:
            return None
        index = opening.end()
        quote = opening["quote"]
        if quote is None:
            continue
        prefix = opening["prefix"].lower()
        start, raw, formatted = index, "r" in prefix, "f" in prefix
        closed = False
        for begin, end, text in _units(source, index, quote, raw, formatted):
            if text is None:
                literals.append(Literal(start, begin, quote, raw, formatted))
                index, closed = end, True
                break
            if text:
                pieces.append(Piece(done, len(text), begin, end - begin))
            texts.append(text)
            done += len(text)
        if not closed:
            return None
    formatted = any(one.formatted for one in literals)
    return Template("".join(texts), tuple(pieces), tuple(literals), formatted)


def _units(
    source: str, index: int, quote: str, raw: bool, formatted: bool
) -> Iterator[tuple[int, int, str | None]]:
    """The units between two quotation marks: where each stands and the text it is; the last one is
    the closing mark, which is no text. It is missing when the literal does not close."""
    plain = re.compile(r"[^\\\r\n{}" + quote[0] + "]+")
    while index < len(source):
        if source.startswith(quote, index):
            yield index, index + len(quote), None
            return
        escape = None if raw else _ESCAPE.match(source, index)
        run = plain.match(source, index)
        if escape is not None:
            continued = escape.group() in ("\\\n", "\\\r")
            end = escape.end()
            if escape.group() == "\\\r" and source.startswith("\n", end):
                end += 1
            text = "" if continued else _unescape(escape.group())
        elif run is not None:
            end, text = run.end(), run.group()
        elif (line := _LINE.match(source, index)) is not None:
            end, text = line.end(), "\n"
        elif formatted and source.startswith(("{{", "}}"), index):
            end, text = index + 2, source[index]
        elif formatted and source[index] == "{":
            end, text = _hole_end(source, index), "{}"
        elif raw and source[index] == "\\":
            end = min(index + 2, len(source))
            if _LINE.match(source, index + 1):
                end = index + 1
            text = source[index:end]
        else:
            end, text = index + 1, source[index]
        yield index, end, text
        index = end


_INNER = re.compile(r"(\"\"\"|'''|\"|')(?:\\.|(?!\1).)*?\1", re.S)


def _hole_end(source: str, index: int) -> int:
    """The offset behind the brace that closes the one at `index`."""
    depth = 0
    while index < len(source):
        inner = _INNER.match(source, index)
        if inner is not None:
            index = inner.end()
            continue
        depth += (source[index] == "{") - (source[index] == "}")
        index += 1
        if depth == 0:
            break
    return index


def escaped(text: str, literal: Literal, line_end: str) -> str | None:
    """How `text` is written inside a literal; None where it cannot be.

    `line_end` is the file's, for literals of several lines; one between single marks takes `\\n`.
    Text that ends a literal must not end with its quotation mark.
    """
    if "\\" in text:
        return None
    several = len(literal.quote) == 3
    if "\n" in text and not several and literal.raw:
        return None
    mark = literal.quote[0]
    if mark in text and literal.raw and (not several or text.endswith(mark)):
        return None
    written = text
    if not several:
        written = written.replace(mark, "\\" + mark)
        written = written if literal.raw else written.replace("\t", "\\t")
    elif written.endswith(mark):
        written = written[:-1] + "\\" + mark
    if literal.formatted:
        written = written.replace("{", "{{").replace("}", "}}")
    return written.replace("\n", line_end if several else "\\n")
