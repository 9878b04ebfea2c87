"""The operations on one statement."""

from __future__ import annotations

import ast
import keyword
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

from oncelint.patches import CannotWrite
from oncelint.python.editing import sequences
from oncelint.python.editing.annotations import admits, is_mapping, value_type
from oncelint.python.editing.edits import Edits
from oncelint.python.editing.literals import changed, delimiters, is_pure, quoted, written
from oncelint.python.editing.sequences import Element, New
from oncelint.python.editing.source import Source, Statement
from oncelint.python.editing.statement import KeyUse, Parsed
from oncelint.python.operations import (
    AddArgument,
    AddBeside,
    AddEntry,
    Chain,
    ChangeValue,
    GiveValue,
    Operation,
    RemoveKey,
    RenameKey,
    Wrap,
)

if TYPE_CHECKING:
    import libcst as cst

    from oncelint.model.ir import Place


def place_of(operation: Operation) -> Place:
    """The place that an operation names."""
    if isinstance(operation, (AddArgument, Wrap)):
        return operation.call
    if isinstance(operation, AddEntry):
        return operation.display
    if isinstance(operation, AddBeside):
        return operation.beside
    if isinstance(operation, ChangeValue):
        return operation.literal
    if isinstance(operation, (GiveValue, RemoveKey, RenameKey)):
        return operation.key
    assert isinstance(operation, Chain)
    return operation.expression


# What pydantic's Field() holds a value to.
_LIMITS = frozenset({"ge", "gt", "le", "lt", "multiple_of", "pattern", "regex"}) | {
    *("min_length", "max_length", "max_digits", "decimal_places", "strict"),
}
_FIELDS = ("field", "pydantic.field", "dataclasses.field")


class Writer:
    """The operations on one statement."""

    def __init__(self, file: Source, edits: Edits, statement: Statement) -> None:
        self.file = file
        self.edits = edits
        self.statement = statement
        self.parsed = Parsed(file, statement)
        self.cst = self.parsed.cst
        self.removed = False
        self._quote: str | None = None

    @property
    def quote(self) -> str:
        if self._quote is None:
            self._quote = self.file.quote(self.statement)
        return self._quote

    def write(self, operations: Sequence[Operation]) -> None:
        taken: dict[cst.Call | cst.Dict, set[int]] = defaultdict(set)
        added: dict[cst.Call | cst.Dict, list[tuple[str, New]]] = defaultdict(list)
        names: dict[cst.Call | cst.Dict, dict[int, str]] = defaultdict(dict)
        wraps: dict[cst.BaseExpression, list[New]] = defaultdict(list)
        for one in operations:
            if isinstance(one, Chain):
                self._chain(one)
            elif isinstance(one, ChangeValue):
                self._change(one)
            elif isinstance(one, GiveValue):
                self._give(one)
            elif isinstance(one, RenameKey):
                use = self.parsed.key(self.file.offsets(one.key))
                self._rename(use, one.name)
                if use.node is not None:
                    names[use.node][use.index] = one.name
            elif isinstance(one, RemoveKey):
                use = self.parsed.key(self.file.offsets(one.key))
                self._check_removal(use)
                if use.node is None:
                    if any(other != one for other in operations):
                        raise CannotWrite("two changes contradict each other")
                    self.removed = True
                else:
                    taken[use.node].add(use.index)
            elif isinstance(one, AddArgument):
                call = self.parsed.call(self.file.offsets(one.call))
                added[call].append((one.key, self._argument(one.key, one)))
            elif isinstance(one, AddEntry):
                display = self.parsed.display(self.file.offsets(one.display))
                added[display].append((one.key, self._entry(display, one)))
            elif isinstance(one, AddBeside):
                use = self.parsed.key(self.file.offsets(one.beside))
                if use.node is None:
                    self._assign(one)
                else:
                    added[use.node].append((one.key, self._entry(use.node, one)))
            elif isinstance(one, Wrap):
                value = self._configuration(one)
                if isinstance(value, self.cst.Dict):
                    added[value].append((one.key, self._pair(one)))
                else:
                    wraps[value].append(self._pair(one))
        for node, indexes in taken.items():
            elements = self.parsed.elements(node).elements
            self._check_contradictions([elements[index] for index in indexes], operations)
        for value, news in wraps.items():
            self._wrap(value, news)
        # an inner one first: what it adds at its end stands before what its holder adds there
        for node in sorted({*taken, *added, *names}, key=lambda node: self.parsed.spans[node][1]):
            self._distinct(node, taken[node], [key for key, _ in added[node]], names[node])
            self._sequence(node, frozenset(taken[node]), [new for _, new in added[node]])

    def _check_contradictions(
        self, removed: Sequence[Element], operations: Sequence[Operation]
    ) -> None:
        for one in operations:
            start, end = self.file.offsets(place_of(one))
            for element in removed:
                inside = element.start <= start and end <= element.end
                if inside and not (isinstance(one, RemoveKey) and element.key == (start, end)):
                    raise CannotWrite("two changes contradict each other")

    # Sequences --------------------------------------------------------------------------------

    def _sequence(
        self, node: cst.Call | cst.Dict, removed: frozenset[int], added: Sequence[New]
    ) -> None:
        cst = self.cst
        if not removed and not added:
            return
        elements = self.parsed.elements(node)
        if added and isinstance(node, cst.Call) and len(node.args) == 1:
            only = node.args[0].value
            if isinstance(only, cst.GeneratorExp) and not only.lpar:
                # only a sole argument may be a generator without parentheses
                self.edits.insert(elements.elements[0].start, "(")
                self.edits.insert(elements.elements[0].end, ")")
        before = len(elements.elements)
        if isinstance(node, cst.Dict):
            before = 1 if self._ends_in_keywords(node) else 0
        sequences.edit(self.edits, elements, removed, added, before=before)

    def _ends_in_keywords(self, node: cst.Dict) -> bool:
        """Whether a display ends in the function's own `**keywords`: the caller has the last word."""
        last = node.elements[-1] if node.elements else None
        return (
            isinstance(last, self.cst.StarredDictElement)
            and self.parsed.code(last.value) in self.statement.keywords
        )

    def _distinct(
        self,
        node: cst.Call | cst.Dict,
        taken: set[int],
        added: Sequence[str],
        renamed: dict[int, str],
    ) -> None:
        """Refuse a key twice."""
        is_call = isinstance(node, self.cst.Call)
        keys = [
            renamed.get(index, old)
            for index, old in enumerate(self._keys(node))
            if index not in taken and (index in renamed or old is not None)
        ]
        wanted = [*added, *renamed.values()]
        for key in wanted:
            if [*keys, *added].count(key) > 1:
                raise CannotWrite(f"the {'call' if is_call else 'dict'} has the key {key} already")

    def _keys(self, node: cst.Call | cst.Dict) -> list[str | None]:
        if isinstance(node, self.cst.Call):
            return [one.keyword.value if one.keyword else None for one in node.args]
        assert isinstance(node, self.cst.Dict)
        return [
            self._text(one.key) if isinstance(one, self.cst.DictElement) else None
            for one in node.elements
        ]

    def _text(self, node: cst.BaseExpression) -> str | None:
        """The text of a string literal."""
        if not isinstance(node, (self.cst.SimpleString, self.cst.ConcatenatedString)):
            return None
        try:
            value = node.evaluated_value
        except (ValueError, SyntaxError):
            return None
        return value if isinstance(value, str) else None

    def _argument(self, key: str, one: AddArgument | AddEntry | AddBeside) -> New:
        _check_identifier(key)
        return New(key, written(one.value, self.quote))

    def _pair(self, one: AddEntry | AddBeside | Wrap) -> New:
        return New(quoted(one.key, self.quote), written(one.value, self.quote))

    def _assign(self, one: AddBeside) -> None:
        """An item assignment on a line of its own, behind the statement."""
        base = self.parsed.target_base()
        if not isinstance(base, (self.cst.Name, self.cst.Attribute)):
            raise CannotWrite("what takes the setting is computed")
        file, end = self.file, self.statement.end
        rest = file.rest(end).strip()
        if not file.leads_line(self.statement.start) or (rest and not rest.startswith("#")):
            raise CannotWrite("other statements stand on its line")
        key, value = quoted(one.key, self.quote), written(one.value, self.quote)
        item = f".setdefault({key}, {value})" if self.parsed.is_default else f"[{key}] = {value}"
        line = f"{file.indent(self.statement.start)}{self.parsed.code(base)}{item}"
        self.edits.insert(file.line_end(end), file.newline_at(end) + line)

    def _entry(self, display: cst.Dict | cst.Call, one: AddEntry | AddBeside) -> New:
        if not isinstance(display, self.cst.Call):
            return New(quoted(one.key, self.quote), self._value_in(display, one))
        if any(argument.star == "**" for argument in display.args):
            raise CannotWrite("the dict(…) call takes ** arguments, which may have the key as well")
        return self._argument(one.key, one)

    def _value_in(self, display: cst.BaseExpression, one: AddEntry | AddBeside | GiveValue) -> str:
        """A value of a type that the display's annotation takes."""
        annotation = self._annotation(display) or self.statement.returns
        kind = value_type(annotation) if annotation is not None else None
        if kind is None and annotation is not None and not is_mapping(annotation):
            raise CannotWrite(f"the dict is annotated as {annotation}")
        if kind is None and annotation is None and self._only_texts(display):
            kind = "str" if one.text else None
        text = str(one.value).lower() if isinstance(one.value, bool) else str(one.value)
        for value in (one.value, text if one.text else None):
            if value is not None and (kind is None or admits(kind, value)):
                return written(value, self.quote)
        raise CannotWrite(f"the values are annotated as {kind}")

    def _only_texts(self, display: cst.BaseExpression) -> bool:
        """Whether all literals among a display's values are text, and there are some: to a type
        checker it is a dict of texts, which a boolean would change."""
        cst = self.cst
        texts = (cst.SimpleString, cst.ConcatenatedString, cst.FormattedString)
        values = [
            one.value
            for one in getattr(display, "elements", ())
            if isinstance(one, cst.DictElement)
        ]
        if isinstance(self.parsed.parent(display), cst.Arg):
            return False  # nobody else has it, and what takes it takes booleans
        numbers = (cst.Integer, cst.Float, cst.UnaryOperation)
        names = [self.parsed.code(one) for one in values if isinstance(one, cst.Name)]
        return any(isinstance(one, texts) for one in values) and not (
            any(isinstance(one, numbers) for one in values)
            or any(name in ("True", "False", "None") for name in names)
        )

    # Wrapping ---------------------------------------------------------------------------------

    def _configuration(self, one: Wrap) -> cst.BaseExpression:
        arguments = self.parsed.call(self.file.offsets(one.call)).args
        if arguments and not arguments[0].keyword and not arguments[0].star:
            value = arguments[0].value
            if isinstance(value, self.cst.GeneratorExp):
                raise CannotWrite("the call's first argument is no configuration")
            return value
        for argument in arguments:
            if argument.keyword and argument.keyword.value in one.keywords:
                return argument.value
        raise CannotWrite("the call is given no configuration as one argument")

    def _wrap(self, value: cst.BaseExpression, news: Sequence[New]) -> None:
        cst = self.cst
        start, end = self.parsed.outer(value)
        plain = (cst.Name, cst.Attribute, cst.Call, cst.Subscript)
        opening, closing = ("", "") if value.lpar or isinstance(value, plain) else ("(", ")")
        entries = "".join(f", {new.key}: {new.value}" for new in news)
        self.edits.insert(start, f"{{**{opening}")
        self.edits.insert(end, f"{closing}{entries}}}")

    # Values and keys --------------------------------------------------------------------------

    def _change(self, one: ChangeValue) -> None:
        node = self.parsed.expression(self.file.offsets(one.literal))
        self._check_literal(node)
        if self.statement.enumeration:
            raise CannotWrite("the value is a member of an enumeration")
        parent = self.parsed.parent(node)
        cst = self.cst
        part = (cst.BinaryOperation, cst.UnaryOperation, cst.Attribute, cst.Comparison)
        if isinstance(parent, part) or (
            isinstance(parent, (cst.Call, cst.Subscript))
            and node in (getattr(parent, "func", None), getattr(parent, "value", None))
        ):
            raise CannotWrite("the value is computed from the literal")
        start, end = self.parsed.spans[node]
        old = self.file.text[start:end]
        new = self._annotated(one, node, old)
        if new != old:
            self.edits.replace(start, end, new)

    def _give(self, one: GiveValue) -> None:
        use = self.parsed.key(self.file.offsets(one.key))
        node = next(
            (
                n
                for n in self.parsed.at.get(use.value, ())
                if isinstance(n, self.cst.BaseExpression)
            ),
            None,
        )
        if not isinstance(node, (self.cst.Name, self.cst.Attribute)):
            raise CannotWrite("the value is no name that a literal could take the place of")
        display = use.node if isinstance(use.node, self.cst.Dict) else None
        value = (
            self._value_in(display, one) if display is not None else written(one.value, self.quote)
        )
        self.edits.replace(*use.value, value)

    def _annotated(self, one: ChangeValue, node: cst.BaseExpression, old: str) -> str:
        """The new literal, of a type that the annotation of the name it is given to takes."""
        annotation = self._annotation(node) or self._annotation_of_entry(node)
        for value in (one.value, one.otherwise):
            new = changed(old, value, one.text, self.quote) if value is not None else ""
            if new and (annotation is None or admits(annotation, ast.literal_eval(f"({new})"))):
                return new
        if annotation is None or one.value is None:
            return changed(old, one.value, one.text, self.quote)
        raise CannotWrite(f"the value is annotated as {annotation}")

    def _annotation_of_entry(self, node: cst.BaseExpression) -> str | None:
        """The annotation of the values of the dict display that a value is an entry of."""
        entry = self.parsed.parent(node)
        display = self.parsed.parent(entry) if isinstance(entry, self.cst.DictElement) else None
        if not isinstance(display, self.cst.Dict):
            return None
        annotation = self._annotation(display) or self.statement.returns
        return value_type(annotation) if annotation is not None else None

    def _annotation(self, node: cst.BaseExpression) -> str | None:
        """The annotation of the variable or parameter that a value is the default of, given
        directly or to pydantic's or dataclasses' field()."""
        cst = self.cst
        call = self.parsed.parent(node)
        if isinstance(call, cst.Arg):
            call = self.parsed.parent(call)
            if not isinstance(call, cst.Call) or self.parsed.code(call.func).lower() not in _FIELDS:
                return None
            if any(one.keyword is not None and one.keyword.value in _LIMITS for one in call.args):
                raise CannotWrite("a limit is set for the value beside it")
            node = call
        for one in self.parsed.spans:
            value = one.value if isinstance(one, cst.AnnAssign) else None
            value = one.default if isinstance(one, cst.Param) else value
            if value is node and isinstance(one, (cst.AnnAssign, cst.Param)):
                return self.parsed.code(one.annotation.annotation) if one.annotation else None
        return None

    def _check_literal(self, node: cst.BaseExpression) -> None:
        cst = self.cst
        if isinstance(node, cst.UnaryOperation):
            if isinstance(node.operator, (cst.Minus, cst.Plus)):
                numbers = (cst.Integer, cst.Float)
                if isinstance(node.expression, numbers) and not node.expression.lpar:
                    return
        elif isinstance(node, cst.ConcatenatedString):
            self._check_joined(node)
            return
        elif isinstance(node, (cst.SimpleString, cst.Integer, cst.Float)) or (
            self.parsed.code(node) in ("True", "False", "None")
        ):
            return
        if isinstance(node, (cst.Name, cst.Attribute)):
            raise CannotWrite(f"the value is given by {self.parsed.code(node)}")
        raise CannotWrite("the value is no literal")

    def _check_joined(self, node: cst.ConcatenatedString) -> None:
        parts: list[cst.BaseExpression] = [node]
        while parts:
            part = parts.pop()
            if isinstance(part, self.cst.ConcatenatedString):
                if "#" in self.parsed.module.code_for_node(part.whitespace_between):
                    raise CannotWrite("a comment stands inside the literal")
                parts += (part.left, part.right)
            elif not isinstance(part, self.cst.SimpleString):
                raise CannotWrite("the value is no literal")

    def _rename(self, use: KeyUse, name: str) -> None:
        cst = self.cst
        key = use.expression
        start, end = self.parsed.spans[key]
        if isinstance(use.node, cst.Call):
            _check_identifier(name)
            new = name
        elif isinstance(key, (cst.Name, cst.Attribute)):
            raise CannotWrite(f"the key is the constant {self.parsed.code(key)}")
        else:
            now = self._text(key)
            if now is None:
                raise CannotWrite("the key is computed")
            if isinstance(key, cst.ConcatenatedString):
                self._check_joined(key)
            prefix, quote = delimiters(self.parsed.code(key))
            new = self.parsed.code(key) if now == name else quoted(name, quote, prefix)
        if new != self.file.text[start:end]:
            self.edits.replace(start, end, new)

    def _check_removal(self, use: KeyUse) -> None:
        texts = [self.parsed.text(use.value)]
        if not isinstance(use.node, self.cst.Call):
            texts.append(self.parsed.text(self.parsed.outer(use.expression)))
        if use.node is None:
            base = self.parsed.target_base()
            if base is not None:
                texts.append(self.parsed.text(self.parsed.outer(base)))
        if not all(is_pure(text) for text in texts):
            raise CannotWrite("what would go with the key may have effects of its own")

    # Chaining ---------------------------------------------------------------------------------

    def _chain(self, one: Chain) -> None:
        cst = self.cst
        node = self.parsed.expression(self.file.offsets(one.expression))
        if not isinstance(node, (cst.Name, cst.Attribute, cst.Call, cst.Subscript)):
            raise CannotWrite("no call, name or attribute stands there to call a method of")
        if isinstance(node, cst.Name) and node.value in ("True", "False", "None"):
            raise CannotWrite("no call, name or attribute stands there to call a method of")
        end = self.parsed.spans[node][1]
        dot = self._dot_line(node)
        if dot is None:
            self.edits.insert(end, one.call)
            return
        start = self.file.newline_at(dot) + self.file.indent(dot)
        above = self.file.text[: self.file.line_start(dot)].rstrip("\r\n")
        if above.endswith("\\"):
            self.edits.insert(end, f" \\{start}{one.call}")
            return
        rest = self.file.rest(end)
        if rest.strip().startswith("#"):
            end += len(rest)
        self.edits.insert(end, start + one.call)

    def _dot_line(self, node: cst.BaseExpression) -> int | None:
        """Where the dot of a method chain stands first on its line: before the chain's last link,
        or else behind it."""
        cst = self.cst
        link = node.func if isinstance(node, cst.Call) else node
        following = self.parsed.parent(node)
        for attribute in (link, following):
            if isinstance(attribute, cst.Attribute) and attribute.attr is not node:
                dot = self.parsed.spans[attribute.dot][0]
                if self.file.leads_line(dot):
                    return dot
        return None


def _check_identifier(key: str) -> None:
    """Raises CannotWrite for a key that no keyword argument can have."""
    if not key.isidentifier() or keyword.iskeyword(key):
        raise CannotWrite(f"{key} is no name that a keyword argument can have")
