"""A Python file that is edited: its text, its lines, and the statement that holds a place."""

from __future__ import annotations

import ast
import functools
import re
import warnings
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from oncelint.model.ir import Place
from oncelint.patches import CannotWrite

MAX_DEPTH = 90
"""Levels of nested expressions in one statement. LibCST visits a tree with several Python frames a
level, and its parser overflows the stack on trees a thousand levels deep."""

MAX_CHARACTERS = 200_000
"""Code points of one statement that are still parsed."""

_LINE_END = re.compile(r"\r\n|\r|\n")
_DELIMITER = re.compile(r"[A-Za-z]{0,2}(\"\"\"|'''|\"|')")


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement, or a compound one's header, at code points `start` to `end` of the file.

    `start` includes decorators. `block` are the statements beside it, itself included, and `top`
    is whether they are the module's own. `holders` are the functions and classes around it, the
    outermost first.
    """

    node: ast.stmt
    start: int
    end: int
    block: Sequence[ast.stmt]
    top: bool
    holders: tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, ...] = ()

    @property
    def compound(self) -> bool:
        return bool(_blocks(self.node))

    @property
    def returns(self) -> str | None:
        """The annotation of what a return statement gives back."""
        holder = self.holders[-1] if self.holders else None
        if not isinstance(self.node, ast.Return) or holder is None:
            return None
        annotation = None if isinstance(holder, ast.ClassDef) else holder.returns
        return ast.unparse(annotation) if annotation is not None else None

    @property
    def keywords(self) -> frozenset[str]:
        """The names of the `**keywords` of the functions around it."""
        return frozenset(
            one.args.kwarg.arg
            for one in self.holders
            if not isinstance(one, ast.ClassDef) and one.args.kwarg is not None
        )

    @property
    def enumeration(self) -> bool:
        """Whether it stands in the body of an enumeration (enum: Enum, IntEnum, StrEnum, Flag)."""
        holder = self.holders[-1] if self.holders else None
        return isinstance(holder, ast.ClassDef) and any(
            ast.unparse(base).rpartition(".")[2].endswith(("Enum", "Flag")) for base in holder.bases
        )


_HOLDERS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Source:
    """One file's text and syntax tree.

    Raises CannotWrite for what this Python cannot parse.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self.tree = parsed(text)
        self.starts = [0, *(match.end() for match in _LINE_END.finditer(text))]

    @functools.cached_property
    def parents(self) -> dict[ast.AST, ast.AST]:
        """What each node of the tree is a part of."""
        return {child: node for node in ast.walk(self.tree) for child in ast.iter_child_nodes(node)}

    @functools.cached_property
    def expressions(self) -> tuple[tuple[int, int, ast.expr], ...]:
        """The tree's expressions with their places, the outer ones first."""
        return tuple(
            (
                self.offset(node.lineno, node.col_offset),
                self.offset(node.end_lineno or 1, node.end_col_offset or 0),
                node,
            )
            for node in ast.walk(self.tree)
            # before Python 3.12 what stands in an f-string may be said to stand behind the file
            if isinstance(node, ast.expr) and (node.end_lineno or 1) <= len(self.starts)
        )

    @functools.cached_property
    def _quotes(self) -> tuple[tuple[int, str], ...]:
        """Where the tree's texts begin that stand in single quotes or in double ones, and in which."""
        found = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.JoinedStr) or (
                isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes))
            ):
                start = self.offset(node.lineno, node.col_offset)
                match = _DELIMITER.match(self.text, start)
                if match and len(match.group(1)) == 1:
                    found.append((start, match.group(1)))
        return tuple(found)

    # Places -----------------------------------------------------------------------------------

    def offsets(self, place: Place) -> tuple[int, int]:
        """The code point offsets of a place.

        Raises CannotWrite for a place that is not in the text.
        """
        line, column, end_line, end_column = place
        lines = len(self.starts)
        if 1 <= line <= end_line <= lines:
            start = self.starts[line - 1] + column - 1
            end = self.starts[end_line - 1] + end_column - 1
            if start <= end <= len(self.text):
                return start, end
        raise CannotWrite("the place is not in the text")

    def offset(self, line: int, utf8_column: int) -> int:
        """The code point offset of a place as `ast` counts: UTF-8 bytes within a line."""
        start = self.starts[line - 1]
        text = self.text[start : start + utf8_column]
        if text.isascii():
            return start + utf8_column
        return start + len(text.encode()[:utf8_column].decode(errors="ignore"))

    def start_of(self, node: ast.stmt) -> int:
        """Where a statement begins, its first decorator's `@` included."""
        decorators = getattr(node, "decorator_list", None)
        if decorators:
            first = decorators[0]
            return self.text.rfind("@", 0, self.offset(first.lineno, first.col_offset))
        return self.offset(node.lineno, node.col_offset)

    def end_of(self, node: ast.stmt) -> int:
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        return self.offset(node.end_lineno, node.end_col_offset)

    def line_start(self, offset: int) -> int:
        """Where the line of an offset begins."""
        return self.starts[bisect_right(self.starts, offset) - 1]

    def line_end(self, offset: int) -> int:
        """Where the line of an offset ends, before its line end."""
        match = _LINE_END.search(self.text, offset)
        return match.start() if match else len(self.text)

    def next_line(self, offset: int) -> int:
        """Where the line after an offset's begins, or the text's end."""
        match = _LINE_END.search(self.text, offset)
        return match.end() if match else len(self.text)

    def leads_line(self, offset: int) -> bool:
        """Whether nothing but blanks stands before an offset on its line."""
        return not self.text[self.line_start(offset) : offset].strip()

    def indent(self, offset: int) -> str:
        """The blanks that begin the line of an offset."""
        line = self.text[self.line_start(offset) : self.line_end(offset)]
        return line[: len(line) - len(line.lstrip())]

    def rest(self, offset: int) -> str:
        """What follows on the line of an offset."""
        return self.text[offset : self.line_end(offset)]

    @property
    def newline(self) -> str:
        """The line end of the file's first line."""
        match = _LINE_END.search(self.text)
        return match.group() if match else "\n"

    def newline_at(self, offset: int) -> str:
        """The line end nearest before an offset, or else the first of the file."""
        start = self.line_start(offset)
        if not start:
            return self.newline
        return "\r\n" if self.text.endswith("\r\n", 0, start) else self.text[start - 1]

    def quote(self, statement: Statement) -> str:
        """The quote that prevails in a statement, else in the file, else a double one."""
        in_file = Counter(quote for _, quote in self._quotes)
        own = Counter(
            quote for start, quote in self._quotes if statement.start <= start < statement.end
        )
        for counted in (own, in_file):
            if counted["'"] != counted['"']:
                return max(counted, key=lambda quote: counted[quote])
        return '"'

    # Statements -------------------------------------------------------------------------------

    def statement_at(self, start: int, end: int) -> Statement:
        """The smallest statement that contains the code points `start` to `end`.

        Raises CannotWrite when none does, or when it stands in a part of one that is not parsed
        by itself.
        """
        block: Sequence[ast.stmt] = self.tree.body
        holders: tuple[ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef, ...] = ()
        found: Statement | None = None
        while True:
            inner = self._holding(block, start, end)
            if inner is None:
                break
            top = block is self.tree.body
            found = Statement(inner, self.start_of(inner), self.end_of(inner), block, top, holders)
            for candidate in _blocks(inner):
                if self._holding(candidate, start, end) is not None:
                    block = candidate
                    if isinstance(inner, _HOLDERS):
                        holders = (*holders, inner)
                    break
            else:
                break
        if found is None:
            raise CannotWrite("no statement stands there")
        return self._header(found, end) if found.compound else found

    def statement_of(self, node: ast.stmt, block: Sequence[ast.stmt]) -> Statement:
        """A simple statement of a block."""
        return Statement(
            node, self.start_of(node), self.end_of(node), block, block is self.tree.body
        )

    def _holding(self, block: Sequence[ast.stmt], start: int, end: int) -> ast.stmt | None:
        for node in block:
            if self.start_of(node) <= start and end <= self.end_of(node):
                return node
        return None

    def _header(self, statement: Statement, end: int) -> Statement:
        if hasattr(statement.node, "cases"):
            raise CannotWrite("it stands in the head of a match statement")
        first = _blocks(statement.node)[0][0]
        header_end = self.start_of(first)
        if end > header_end:
            raise CannotWrite("it stands in the head of a later clause of a compound statement")
        return Statement(
            statement.node,
            statement.start,
            header_end,
            statement.block,
            statement.top,
            statement.holders,
        )


@functools.lru_cache(maxsize=4)
def source(text: str) -> Source:
    """The file of a text, kept for the next ones who ask: the fixes of a file are made one by one.

    Raises CannotWrite for what this Python cannot parse.
    """
    return Source(text)


def parsed(text: str) -> ast.Module:
    """The syntax tree of a file.

    Raises CannotWrite for what this Python cannot parse.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (RecursionError, MemoryError):
        raise CannotWrite("the source is nested too deeply") from None
    except (SyntaxError, ValueError) as error:
        if "too many nested" in str(error):
            raise CannotWrite("the source is nested too deeply") from None
        raise CannotWrite("the source is no valid Python") from None


def guard(statement: Statement) -> None:
    """Refuse a statement that could harm the parser.

    Brackets are no concern: Python itself refuses more than 200 levels of them.

    Raises CannotWrite for one that is nested too deeply or too long.
    """
    if statement.end - statement.start > MAX_CHARACTERS:
        raise CannotWrite(f"the statement is longer than {MAX_CHARACTERS} characters")
    pending: list[tuple[ast.AST, int]] = [(child, 1) for child in _own_children(statement)]
    while pending:
        node, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise CannotWrite("the statement is nested too deeply")
        if isinstance(node, ast.BoolOp):  # a flat list here, a chain of pairs in LibCST
            depth += len(node.values)
        pending += ((child, depth + 1) for child in ast.iter_child_nodes(node))


def _own_children(statement: Statement) -> Iterator[ast.AST]:
    """The parts of a statement, without the statements inside it."""
    within = {id(node) for block in _blocks(statement.node) for node in block}
    for child in ast.iter_child_nodes(statement.node):
        if id(child) not in within and not isinstance(child, (ast.ExceptHandler, ast.match_case)):
            yield child


def _blocks(node: ast.AST) -> list[list[ast.stmt]]:
    """The blocks of statements directly inside a statement, in order."""
    blocks: list[list[ast.stmt]] = []
    for part in (node, *getattr(node, "handlers", ()), *getattr(node, "cases", ())):
        for name in ("body", "orelse", "finalbody"):
            block = getattr(part, name, None)
            if isinstance(block, list) and block:
                blocks.append(block)
    return blocks
