"""Where the characters of a string literal stand in the source.

`"INSERT INTO t " 'VALUES (%s)'` is one value in two literals; an edit inside the value has to know
which source characters carry which value characters.
"""

from __future__ import annotations

import ast
import re

from oncelint.model.ir import Place

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
