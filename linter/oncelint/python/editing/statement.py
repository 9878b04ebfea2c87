"""One statement as LibCST reads it: its calls, dicts, keys and literals, and where they stand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from oncelint.patches import CannotWrite
from oncelint.python.editing.sequences import Element, Elements
from oncelint.python.editing.source import Source, Statement, guard

if TYPE_CHECKING:
    import libcst as cst

Span: TypeAlias = "tuple[int, int]"


@dataclass(frozen=True, slots=True)
class KeyUse:
    """Where a key stands: an element `index` of a call's or a dict's elements (`node` is it), or,
    with `elements` None, the key of an item assignment or of `setdefault`, the whole statement.

    `value` is what the key is given, its parentheses included.
    """

    node: cst.Call | cst.Dict | None
    index: int
    expression: cst.BaseExpression
    value: Span


class Parsed:
    """A statement parsed alone; all spans are code point offsets of the file.

    Raises CannotWrite for one that is nested too deeply, or that LibCST does not read.
    """

    def __init__(self, source: Source, statement: Statement) -> None:
        guard(statement)
        import libcst as cst  # a sixth of a second, for edits only
        from libcst.metadata import MetadataWrapper, PositionProvider

        self.cst = cst
        self.source = source
        self.statement = statement
        prefix, text = _alone(source, statement)
        try:
            self.module = cst.parse_module(prefix + text)
            ranges = MetadataWrapper(self.module, unsafe_skip_copy=True).resolve(PositionProvider)
        except cst.ParserSyntaxError:
            raise CannotWrite("LibCST cannot read the statement by itself") from None
        except RecursionError:
            raise CannotWrite("the statement is nested too deeply") from None
        if self.module.code != prefix + text:
            raise CannotWrite("LibCST does not rebuild the statement exactly")
        base = statement.start - len(prefix)
        alone = _line_starts(prefix + text)
        self.spans: dict[cst.CSTNode, Span] = {
            node: (
                base + alone[where.start.line - 1] + where.start.column,
                base + alone[where.end.line - 1] + where.end.column,
            )
            for node, where in ranges.items()
        }
        self.at: dict[Span, list[cst.CSTNode]] = defaultdict(list)
        for node, span in self.spans.items():
            self.at[span].append(node)

    # Finding ----------------------------------------------------------------------------------

    def expression(self, span: Span) -> cst.BaseExpression:
        """The expression at a span. Raises CannotWrite when none stands there."""
        for node in self.at.get(span, ()):
            if isinstance(node, self.cst.BaseExpression):
                return node
        raise CannotWrite("no expression stands there")

    def call(self, span: Span) -> cst.Call:
        """The call at a span. Raises CannotWrite when none stands there."""
        node = self.expression(span)
        if not isinstance(node, self.cst.Call):
            raise CannotWrite("no call stands there")
        return node

    def display(self, span: Span) -> cst.Dict | cst.Call:
        """The dict display or the `dict(…)` call at a span. Raises CannotWrite for others."""
        node = self.expression(span)
        if isinstance(node, self.cst.Dict):
            return node
        if isinstance(node, self.cst.Call) and self.code(node.func) == "dict":
            return node
        raise CannotWrite("neither a dict display nor a dict(…) call stands there")

    def key(self, span: Span) -> KeyUse:
        """What the key at a span belongs to. Raises CannotWrite when it is none."""
        cst = self.cst
        for node in self.spans:
            if isinstance(node, cst.Call):
                for index, argument in enumerate(node.args):
                    keyword = argument.keyword
                    if keyword is not None and self.spans[keyword] == span:
                        return KeyUse(node, index, keyword, self.outer(argument.value))
            elif isinstance(node, cst.Dict):
                for index, entry in enumerate(node.elements):
                    if isinstance(entry, cst.DictElement) and self.spans[entry.key] == span:
                        return KeyUse(node, index, entry.key, self.outer(entry.value))
        statement = self._small()
        if isinstance(statement, cst.Assign) and len(statement.targets) == 1:
            target = statement.targets[0].target
            if isinstance(target, cst.Subscript) and len(target.slice) == 1:
                item = target.slice[0].slice
                if isinstance(item, cst.Index) and self.spans[item.value] == span:
                    return KeyUse(None, 0, item.value, self.outer(statement.value))
        if isinstance(statement, cst.Expr) and isinstance(statement.value, cst.Call):
            call = statement.value
            if isinstance(call.func, cst.Attribute) and call.func.attr.value == "setdefault":
                if len(call.args) == 2 and not any(a.keyword or a.star for a in call.args):
                    if self.spans[call.args[0].value] == span:
                        value = self.outer(call.args[1].value)
                        return KeyUse(None, 0, call.args[0].value, value)
        raise CannotWrite(
            "the key belongs to no keyword argument, dict entry or plain item assignment"
        )

    def target_base(self) -> cst.BaseExpression | None:
        """What the item assignment or the `setdefault` that is the statement acts on."""
        statement = self._small()
        if isinstance(statement, self.cst.Assign):
            target = statement.targets[0].target
            return target.value if isinstance(target, self.cst.Subscript) else None
        if isinstance(statement, self.cst.Expr) and isinstance(statement.value, self.cst.Call):
            func = statement.value.func
            return func.value if isinstance(func, self.cst.Attribute) else None
        return None

    @property
    def is_default(self) -> bool:
        """Whether the statement is a `setdefault(…)`, after which the caller has the last word."""
        return isinstance(self._small(), self.cst.Expr)

    def imported(self) -> cst.ImportFrom:
        """The `from … import …` that the statement is."""
        statement = self._small()
        assert isinstance(statement, self.cst.ImportFrom)
        return statement

    def _small(self) -> cst.CSTNode | None:
        line = self.module.body[0] if self.module.body else None
        if isinstance(line, self.cst.SimpleStatementLine) and len(line.body) == 1:
            return line.body[0]
        return None

    def parent(self, child: cst.CSTNode) -> cst.CSTNode | None:
        """The node that `child` is a direct part of."""
        start, end = self.spans[child]
        for node, (left, right) in self.spans.items():
            if left <= start and end <= right and node is not child:
                if any(one is child for one in node.children):
                    return node
        return None

    # Reading ----------------------------------------------------------------------------------

    def text(self, span: Span) -> str:
        return self.source.text[span[0] : span[1]]

    def code(self, node: cst.CSTNode) -> str:
        """The node's own text, without parentheses around it."""
        return self.text(self.spans[node])

    def outer(self, node: cst.BaseExpression) -> Span:
        """The node's span with the parentheses around it."""
        start, end = self.spans[node]
        if node.lpar:
            start, end = self.spans[node.lpar[0]][0], self.spans[node.rpar[-1]][1]
        return start, end

    def elements(self, node: cst.Call | cst.Dict) -> Elements:
        """A call's arguments, or a dict display's entries."""
        if isinstance(node, self.cst.Call):
            blank = self.module.code_for_node(node.whitespace_after_func)
            opened = self.outer(node.func)[1] + len(blank) + 1
            return Elements(opened, self.spans[node][1] - 1, tuple(self._arguments(node)), "=")
        start, end = self.spans[node]
        return Elements(start + 1, end - 1, tuple(self._entries(node)), ":")

    def _arguments(self, call: cst.Call) -> Iterator[Element]:
        for one in call.args:
            # the keyword's own span would take the blanks around a starred value along
            start = self.spans[one.keyword][0] if one.keyword else self.spans[one][0]
            key = self.spans[one.keyword] if one.keyword else None
            value, end = self.outer(one.value)
            yield Element(start, end, self._comma(one.comma), key, value, len(one.star))

    def _entries(self, display: cst.Dict) -> Iterator[Element]:
        for one in display.elements:
            value, end = self.outer(one.value)
            comma = self._comma(one.comma)
            if isinstance(one, self.cst.DictElement):
                start = self.outer(one.key)[0]
                yield Element(start, end, comma, self.spans[one.key], value)
            else:
                yield Element(self.spans[one][0], end, comma, None, value, 2)

    def names(self, statement: cst.ImportFrom) -> Elements:
        """The names that a `from … import …` imports."""
        assert not isinstance(statement.names, self.cst.ImportStar)
        every = []
        for one in statement.names:
            start = self.spans[one.name][0]
            end = self.spans[one.asname.name if one.asname else one.name][1]
            every.append(Element(start, end, self._comma(one.comma), None, start))
        if statement.lpar is None or statement.rpar is None:
            return Elements(every[0].start, every[-1].end, tuple(every), "", lines=False)
        opened, closed = self.spans[statement.lpar][0] + 1, self.spans[statement.rpar][1] - 1
        return Elements(opened, closed, tuple(every), "")

    def _comma(self, comma: cst.Comma | cst.MaybeSentinel) -> int | None:
        return self.spans[comma][0] if isinstance(comma, self.cst.Comma) else None


def _alone(source: Source, statement: Statement) -> tuple[str, str]:
    """A statement's text as a module of its own: what has to stand before it, and itself.

    A header gets `pass` as its body. Its later lines keep their indentation, so that an indented
    one goes into a block of that indentation.
    """
    text = source.text[statement.start : statement.end]
    if not statement.compound:
        return "", text + "\n"
    indent = source.text[source.line_start(statement.start) : statement.start]
    if indent.strip():
        raise CannotWrite("a compound statement begins in the middle of a line")
    prefix = f"if 1:\n{indent}" if indent else ""
    if text.startswith("elif"):
        prefix += f"if 1: pass\n{indent}"
    return prefix, text + "pass\n"


def _line_starts(text: str) -> list[int]:
    starts = [0]
    for index, character in enumerate(text):
        if character == "\n" or (character == "\r" and text[index + 1 : index + 2] != "\n"):
            starts.append(index + 1)
    return starts
