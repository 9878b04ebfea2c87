"""A script's words and here-documents as texts of their own, with their quoting undone and done."""

from __future__ import annotations

import re
from collections.abc import Callable

from oncelint.formats.shell import Word
from oncelint.patches import CannotWrite
from oncelint.text import Piece, Region, Text


def region(word: Word, text: Text, *, json: bool = False) -> Region | None:
    """A word or a here-document as a text in its script, with its quoting undone.

    With `json`, an expansion outside a JSON string becomes a string of its own, so that the text
    around it stays JSON. None when nothing of it stands there.
    """
    pieces: list[Piece] = []
    texts: list[str] = []
    own, in_string, loose = 0, False, False
    for part in word.parts:
        told = part.text
        if json and part.quoting == "expansion":
            if not in_string:
                told = f'"{told}"'
                loose = loose or part.inside == "plain"
        elif json:
            in_string = _in_string(told, in_string)
        if told:
            pieces.append(Piece(own, len(told), part.start, part.length))
            texts.append(told)
            own += len(told)
    if not pieces:
        return None
    return Region("".join(texts), text, tuple(pieces), _encoder(word, loose))


def _in_string(text: str, inside: bool) -> bool:
    for token in re.finditer(r'\\.|"', text, re.DOTALL):
        if token.group() == '"':
            inside = not inside
    return inside


def _encoder(word: Word, loose: bool) -> Callable[[str], str]:
    """What turns a text into the script's own spelling of it."""
    quotings = {part.quoting for part in word.parts if part.text and part.quoting != "expansion"}
    quoting = quotings.pop() if len(quotings) == 1 and not loose else None

    def encode(edit: str) -> str:
        if quoting is None or quoting == "plain":
            raise CannotWrite("the text is put together by the shell")
        quoted = _QUOTED[quoting](edit)
        return re.sub(r"\n(?!\Z)", lambda _: "\n" + word.margin, quoted)

    return encode


_QUOTED: dict[str, Callable[[str], str]] = {
    "single": lambda edit: edit.replace("'", "'\\''"),
    "ansi": lambda edit: re.sub(r"([\\'])", r"\\\1", edit),
    "double": lambda edit: re.sub(r'([\\"$`])', r"\\\1", edit),
    "here": lambda edit: re.sub(r"([\\$`])", r"\\\1", edit),
    "verbatim": lambda edit: edit,
}
