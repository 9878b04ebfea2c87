"""SQL of Flink and ksqlDB: the option lists and the settings of its statements.

What is read is `WITH ('key' = 'value', …)` and `SET 'key' = 'value'`; columns and queries are not,
but for what a table is called, whether it has a primary key, and the shape of what is inserted. The
reader is lenient: what is another dialect's yields nothing. It takes time linear in the text.

Flink: documentation, "CREATE Statements", "SET Statements", "INSERT Statement" (a string is in single
quotes, one in it is doubled; identifiers are in backticks). ksqlDB: "Lexical structure", whose
properties may be bare words or in double quotes as well.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from oncelint.formats.guards import MAX_CHARACTERS
from oncelint.formats.tree import Comment, Document, Entry, FormatError, Mapping, Scalar
from oncelint.text import Text

# What is never closed reaches to the end, so that no end is looked for twice.
_TOKEN = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<string>'(?:[^']|'')*(?:'|\Z))"
    r"|(?P<quoted>`(?:[^`]|``)*(?:`|\Z)|\"(?:[^\"]|\"\")*(?:\"|\Z))"
    r"|(?P<dollars>\$\$.*?(?:\$\$|\Z))"
    r"|(?P<word>[\w$][\w$]*(?:[.-][\w$]+)*)"
    r"|(?P<sign>.)",
    re.DOTALL,
)
# As far as needed for finding where a statement ends.
_PIECE = re.compile(
    r"(?P<blank>\s+)"
    r"|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<end>;)"
    r"|'(?:[^']|'')*(?:'|\Z)|`(?:[^`]|``)*(?:`|\Z)|\"(?:[^\"]|\"\")*(?:\"|\Z)"
    r"|\$\$.*?(?:\$\$|\Z)"
    r"|[^\s;'`\"$/-][^;'`\"$/-]*|.",
    re.DOTALL,
)
_HEAD = re.compile(r"(?:CREATE|INSERT|SET|RESET|EXECUTE|STATEMENT|BEGIN)\b", re.IGNORECASE)
# No statement with options comes near this; a dump's insert goes beyond.
_LONGEST = 200_000


@dataclass(frozen=True, slots=True)
class Token:
    """`kind`: string, quoted (an identifier), dollars, word or sign. `text` has its quotes undone."""

    kind: str
    text: str
    start: int
    end: int

    def word(self) -> str:
        """The word in upper case; empty for anything else."""
        return self.text.upper() if self.kind == "word" else ""

    def sign(self, sign: str) -> bool:
        return self.kind == "sign" and self.text == sign


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement of a script.

    `kind` is "create table", "create stream", "create view", "create source connector", "create sink
    connector", "insert", "set", "reset" or "other"; `name` what it creates or inserts into (the last
    part of a qualified name), `start` to `end` where that is written. `options` is the list behind
    WITH, or the one entry of a SET. `primary_key` tells whether the columns declare one, `query` is
    what stands behind AS or the target of an INSERT, `like` whether options are taken from another
    table. `source` is ksqlDB's CREATE SOURCE STREAM or TABLE.
    """

    kind: str
    name: str
    start: int
    end: int
    options: Mapping | None = None
    primary_key: bool = False
    query: tuple[Token, ...] = ()
    like: bool = False
    source: bool = False


def read(text: Text) -> Document:
    """The option lists and settings of a script, a mapping each, in its order.

    Raises FormatError for a text past the limits of `oncelint.formats.guards`.
    """
    source = text.text
    if len(source) > MAX_CHARACTERS:
        raise FormatError(f"longer than {MAX_CHARACTERS} characters", MAX_CHARACTERS)
    comments: list[Comment] = []
    found = _statements(source, comments)
    roots = tuple(one.options for one in found if one.options is not None)
    return Document(roots, tuple(comments))


def statements(source: str) -> tuple[Statement, ...]:
    """The statements of a script that are of interest, in its order."""
    return _statements(source, [])


def _statements(source: str, comments: list[Comment]) -> tuple[Statement, ...]:
    found = (_statement(list(_tokens(source, *part))) for part in _parts(source, comments))
    return tuple(one for one in found if one.kind != "other")


def _parts(source: str, comments: list[Comment]) -> Iterator[tuple[int, int]]:
    """Where the statements stand that may be of interest; `comments` takes those of the script.

    A script is cut at semicolons first, and most statements of a dump are never looked into.
    """
    start = -1
    for match in _PIECE.finditer(source):
        kind = match.lastgroup
        if kind == "comment":
            content = match.group()[2:].removesuffix("*/").strip()
            comments.append(Comment(match.start(), match.end(), content))
        elif kind == "end":
            if _is_of_interest(source, start, match.start()):
                yield start, match.start()
            start = -1
        elif start < 0 and kind != "blank":
            start = match.start()
    if _is_of_interest(source, start, len(source)):
        yield start, len(source)


def _is_of_interest(source: str, start: int, end: int) -> bool:
    return start >= 0 and end - start < _LONGEST and _HEAD.match(source, start) is not None


def _tokens(source: str, start: int, end: int) -> Iterator[Token]:
    for match in _TOKEN.finditer(source, start, end):
        kind = match.lastgroup or "sign"
        written = match.group()
        if kind in ("blank", "comment"):
            continue
        if kind in ("string", "quoted"):
            quote = written[0]
            inner = written[1:-1] if len(written) > 1 and written.endswith(quote) else written[1:]
            yield Token(kind, inner.replace(quote * 2, quote), match.start(), match.end())
        else:
            yield Token(kind, written, match.start(), match.end())


_NOTHING = Statement("other", "", 0, 0)


def _statement(tokens: Sequence[Token]) -> Statement:
    """One statement; the words that begin a statement set stand before its first one."""
    at = 0
    words = [token.word() for token in tokens[:4]]
    if words[:3] in (["EXECUTE", "STATEMENT", "SET"], ["BEGIN", "STATEMENT", "SET"]):
        at = 3
    elif words[:2] == ["STATEMENT", "SET"]:
        at = 2
    if at < len(tokens) and tokens[at].word() == "BEGIN":
        at += 1
    if at < len(tokens) and tokens[at].word() == "EXECUTE":  # EXECUTE INSERT INTO …
        at += 1
    if at >= len(tokens):
        return _NOTHING
    first = tokens[at].word()
    if first == "CREATE":
        return _create(tokens[at + 1 :])
    if first == "INSERT":
        return _insert(tokens[at + 1 :])
    if first in ("SET", "RESET") and at == 0:
        return _set(first.lower(), tokens[1:])
    return _NOTHING


def _set(kind: str, tokens: Sequence[Token]) -> Statement:
    """`SET 'key' = 'value'`, with or without quotes; `RESET 'key'`, or RESET alone."""
    if kind == "reset":
        name = tokens[0].text if tokens else ""
        return Statement(
            kind, name, tokens[0].start if tokens else 0, tokens[0].end if tokens else 0
        )
    if len(tokens) < 3 or not tokens[1].sign("=") or tokens[0].kind not in _KEYS:
        return _NOTHING
    key, values = tokens[0], tokens[2:]
    if len(values) > 1 and values[0].kind in ("string", "quoted"):
        return _NOTHING
    if any(one.kind not in ("string", "quoted", "word", "sign") for one in values):
        return _NOTHING
    entry = Entry(_scalar(key), _joined(values))
    mapping = Mapping(key.start, values[-1].end, (entry,))
    return Statement("set", key.text, key.start, key.end, mapping)


_KEYS = ("string", "quoted", "word")


def _joined(tokens: Sequence[Token]) -> Scalar:
    """A value; one without quotes may be several words (`SET parallelism.default = 10 min`)."""
    if len(tokens) == 1:
        return _scalar(tokens[0])
    parts = [tokens[0].text]
    for before, token in pairwise(tokens):
        parts.append(" " * (token.start > before.end) + token.text)
    value = "".join(parts)
    return Scalar(tokens[0].start, tokens[-1].end, value, value)


def _scalar(token: Token) -> Scalar:
    style = "single" if token.kind == "string" else "double" if token.kind == "quoted" else "plain"
    return Scalar(token.start, token.end, token.text, token.text, style)  # type: ignore[arg-type]


def _create(tokens: Sequence[Token]) -> Statement:
    at, source = 0, False
    kinds: list[str] = []
    while at < len(tokens) and tokens[at].word() in _BEFORE_NAMES:
        word = tokens[at].word()
        source = source or word == "SOURCE"
        if word in _CREATED:
            kinds.append(word.lower())
            at += 1
            break
        kinds.append(word.lower())
        at += 1
    created = kinds[-1] if kinds else ""
    if created.upper() not in _CREATED:
        return _NOTHING
    kind = f"create {created}"
    if created == "connector":
        side = next((one for one in kinds if one in ("source", "sink")), "")
        kind = f"create {side} connector" if side else "other"
    while at < len(tokens) and tokens[at].word() in ("IF", "NOT", "EXISTS"):
        at += 1
    name, at = _name(tokens, at)
    if name is None:
        return _NOTHING
    return _body(kind, name, tokens[at:], source)


_CREATED = frozenset({"TABLE", "STREAM", "VIEW", "CONNECTOR"})
_BEFORE_NAMES = _CREATED | {"OR", "REPLACE", "TEMPORARY", "SYSTEM", "SOURCE", "SINK"}


def _name(tokens: Sequence[Token], at: int) -> tuple[Token | None, int]:
    """The last part of a possibly qualified name, and what follows it."""
    found: Token | None = None
    while at < len(tokens) and tokens[at].kind in ("quoted", "word"):
        token = tokens[at]
        last = token.text.rpartition(".")[2] if token.kind == "word" else token.text
        found = Token(token.kind, last, token.start, token.end)
        at += 1
        if at < len(tokens) and tokens[at].sign("."):
            at += 1
            continue
        break
    return found, at


def _body(kind: str, name: Token, tokens: Sequence[Token], source: bool) -> Statement:
    """What follows the name: columns, options, LIKE or a query."""
    options: Mapping | None = None
    key = like = False
    query: tuple[Token, ...] = ()
    depth, at = 0, 0
    while at < len(tokens):
        token = tokens[at]
        word = token.word()
        if token.sign("("):
            depth += 1
        elif token.sign(")"):
            depth -= 1
        elif depth and word == "KEY" and at and tokens[at - 1].word() == "PRIMARY":
            key = True
        elif not depth and word == "WITH" and at + 1 < len(tokens) and tokens[at + 1].sign("("):
            options, at = _options(tokens, at + 1)
            continue
        elif not depth and word == "LIKE":
            like = True
        elif not depth and word == "AS":
            query = tuple(tokens[at + 1 :])
            break
        at += 1
    return Statement(kind, name.text, name.start, name.end, options, key, query, like, source)


def _options(tokens: Sequence[Token], at: int) -> tuple[Mapping | None, int]:
    """The list whose parenthesis opens at `at`, and what follows it. None when it is no list of
    keys and values."""
    opening = tokens[at]
    entries: list[Entry] = []
    at += 1
    while at < len(tokens) and not tokens[at].sign(")"):
        if tokens[at].sign(","):
            at += 1
            continue
        key = tokens[at]
        if key.kind not in _KEYS or at + 2 >= len(tokens) or not tokens[at + 1].sign("="):
            return None, len(tokens)
        stop = at + 2
        while stop < len(tokens) and not (tokens[stop].sign(",") or tokens[stop].sign(")")):
            stop += 1
        values = tokens[at + 2 : stop]
        if not values:
            return None, len(tokens)
        entries.append(Entry(_scalar(key), _joined(values)))
        at = stop
    if at >= len(tokens):
        return None, at
    return Mapping(opening.start, tokens[at].end, tuple(entries)), at + 1


def _insert(tokens: Sequence[Token]) -> Statement:
    if not tokens or tokens[0].word() not in ("INTO", "OVERWRITE"):
        return _NOTHING
    at = 2 if len(tokens) > 1 and tokens[1].word() == "TABLE" else 1
    name, at = _name(tokens, at)
    if name is None:
        return _NOTHING
    return Statement("insert", name.text, name.start, name.end, query=tuple(tokens[at:]))


__all__ = ["Statement", "Token", "read", "statements"]
