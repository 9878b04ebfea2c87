"""Logstash pipelines: `input { kafka { topics => ["x"] } }`, with `if` and `else` around plugins.

Source: "Structure of a pipeline" and "Accessing event data and fields in the configuration" of
Logstash's reference. What is no pipeline is read as far as it resembles one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from oncelint.formats.guards import MAX_DEPTH, check, without_lone_surrogates
from oncelint.formats.tree import (
    Comment,
    Document,
    Entry,
    FormatError,
    Mapping,
    Node,
    Scalar,
    Sequence,
    Style,
)
from oncelint.model.values import Scalar as ScalarValue
from oncelint.text import Text

_TOKEN = re.compile(
    r"""(?P<comment>\#[^\r\n]*)|(?P<double>"(?:\\.|[^"\\])*")|(?P<single>'(?:\\.|[^'\\])*')"""
    r"""|(?P<arrow>=>)|(?P<mark>[{}\[\],])|(?P<word>[^\s{}\[\],"'=\#]+|=(?!>))""",
    re.DOTALL,
)
_INTEGER = re.compile(r"-?\d{1,18}")


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    start: int
    end: int
    text: str


def read(text: Text) -> Document:
    """Read a pipeline; its root maps each section to a mapping of its plugins.

    A plugin's name, `if`, `else if` and `else` are keys whose values are mappings; what stands
    between `if` and its brace is left out. A plugin used twice is a key twice.

    Raises FormatError for braces that do not match and past the limits of `oncelint.formats.guards`.
    """
    source = without_lone_surrogates(text.text)
    check(source, "logstash")
    tokens, comments = _tokens(source)
    parser = _Parser(tokens, len(source))
    root = parser.block(0, 0, closed=False)
    return Document((root,), comments)


def _tokens(source: str) -> tuple[list[_Token], tuple[Comment, ...]]:
    tokens: list[_Token] = []
    comments: list[Comment] = []
    for match in _TOKEN.finditer(source):
        kind = match.lastgroup or ""
        if kind == "comment":
            comments.append(Comment(match.start(), match.end(), match.group()[1:].strip()))
        else:
            tokens.append(_Token(kind, match.start(), match.end(), match.group()))
    return tokens, tuple(comments)


@dataclass(slots=True)
class _Parser:
    tokens: list[_Token]
    length: int
    at: int = field(default=0)

    def _peek(self, ahead: int = 0) -> _Token | None:
        index = self.at + ahead
        return self.tokens[index] if index < len(self.tokens) else None

    def _is(self, text: str, ahead: int = 0) -> bool:
        token = self._peek(ahead)
        return token is not None and token.kind in ("mark", "arrow") and token.text == text

    def block(self, start: int, depth: int, *, closed: bool) -> Mapping:
        """The entries up to the brace that closes the block, which is taken."""
        if depth > MAX_DEPTH:
            raise FormatError("nested too deep", start)
        entries: list[Entry] = []
        while (token := self._peek()) is not None:
            if self._is("}"):
                if not closed:
                    raise FormatError("a brace that closes nothing", token.start)
                self.at += 1
                return Mapping(start, token.end, tuple(entries))
            entry = self._entry(token, depth)
            if entry is not None:
                entries.append(entry)
        if closed:
            raise FormatError("a brace that is never closed", start)
        return Mapping(start, self.length, tuple(entries))

    def _entry(self, token: _Token, depth: int) -> Entry | None:
        key = _scalar(token)
        self.at += 1
        if self._is("=>"):
            self.at += 1
            value = self._value(depth)
            return Entry(key, value) if value is not None else None
        if token.kind == "word" and token.text in ("if", "else"):
            while self._peek() is not None and not self._is("{"):
                self.at += 1
        if self._is("{"):
            brace = self.tokens[self.at]
            self.at += 1
            return Entry(key, self.block(brace.start, depth + 1, closed=True))
        return None

    def _value(self, depth: int) -> Node | None:
        token = self._peek()
        if token is None or token.kind == "arrow" or self._is("}"):
            return None
        self.at += 1
        if token.text == "{" and token.kind == "mark":
            return self.block(token.start, depth + 1, closed=True)
        if token.text == "[" and token.kind == "mark":
            return self._array(token, depth + 1)
        following = self._peek()
        if following is not None and self._is("{") and token.kind == "word":
            # a codec is a plugin of its own: json { charset => "…" }
            self.at += 1
            return self.block(following.start, depth + 1, closed=True)
        return _scalar(token)

    def _array(self, opening: _Token, depth: int) -> Sequence:
        if depth > MAX_DEPTH:
            raise FormatError("nested too deep", opening.start)
        items: list[Node] = []
        while (token := self._peek()) is not None:
            if self._is("]"):
                self.at += 1
                return Sequence(opening.start, token.end, tuple(items))
            if self._is(",") or token.kind == "arrow":
                self.at += 1
                continue
            item = self._value(depth)
            if item is None:
                break
            items.append(item)
        raise FormatError("a bracket that is never closed", opening.start)


def _scalar(token: _Token) -> Scalar:
    if token.kind in ("single", "double"):
        style: Style = "single" if token.kind == "single" else "double"
        # escapes stay as written: config.support_escapes is off unless somebody switches it on
        inner = token.text[1:-1]
        return Scalar(token.start, token.end, inner, inner, style)
    value: ScalarValue = token.text
    if token.text in ("true", "false"):
        value = token.text == "true"
    elif _INTEGER.fullmatch(token.text):
        value = int(token.text)
    return Scalar(token.start, token.end, value, token.text)
