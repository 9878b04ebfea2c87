"""Python source to IR, through the standard library's `ast`."""

from __future__ import annotations

import ast
import gc
import re
import sys
import warnings
from collections.abc import Callable
from typing import Any

from oncelint.model import ir
from oncelint.python.literals import pieces_of


class PythonError(Exception):
    """The source cannot be analysed; `line` is 1-based, or None."""

    def __init__(self, reason: str, line: int | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.line = line


_PYTHON2 = re.compile(
    r"^\s*(?:print\s+[\"'\w]|exec\s+[\"']|except\s+[\w.]+\s*,\s*\w+\s*:|raise\s+\w+\s*,)", re.M
)
_SQL = re.compile(r"\b(?:insert|replace|merge|create)\b", re.I)


def parse(path: str, source: str) -> ir.Module:
    """Lower one file.

    Raises PythonError for what is no Python 3, or nested deeper than the parser goes.
    """
    collecting = gc.isenabled()
    gc.disable()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source)
        lowering = _Lowering(source)
        body = lowering.block(tree.body)
        return ir.Module(
            path,
            body,
            frozenset(lowering.called),
            frozenset(lowering.packages),
            frozenset(lowering.imported - lowering.named),
        )
    except SyntaxError as error:
        if _PYTHON2.search(source) or "async=" in source:
            raise PythonError("Python 2 source", error.lineno) from None
        raise PythonError(f"{_invalid()}: {error.msg}", error.lineno) from None
    except ValueError as error:
        raise PythonError(f"{_invalid()}: {error}") from None
    except (RecursionError, MemoryError):
        raise PythonError("nested too deeply") from None
    finally:
        if collecting:
            gc.enable()


def _invalid() -> str:
    """Names the Python that reads: what it refuses may be syntax of a newer one."""
    return f"not valid Python {sys.version_info.major}.{sys.version_info.minor}"


class _Lowering:
    def __init__(self, source: str) -> None:
        self.source = source
        self.ascii = source.isascii()
        self.lines: list[str] | None = None
        self.yields = False
        self.called: set[str] = set()
        self.packages: set[str] = set()
        self.mentioned: set[str] = set()
        self.imported: set[str] = set()
        self.named: set[str] = set()

    # Places -----------------------------------------------------------------------------------

    def column(self, line: int, utf8_offset: int) -> int:
        if self.ascii:
            return utf8_offset + 1
        if self.lines is None:
            # form feeds and U+2028 do not end a line for the compiler
            self.lines = re.split(r"\r\n|\r|\n", self.source)
        text = self.lines[line - 1]
        if text.isascii():
            return utf8_offset + 1
        return len(text.encode()[:utf8_offset].decode(errors="ignore")) + 1

    def place(self, node: Any) -> ir.Place:
        line, end_line = node.lineno, node.end_lineno
        return (
            line,
            self.column(line, node.col_offset),
            end_line,
            self.column(end_line, node.end_col_offset),
        )

    # Statements -------------------------------------------------------------------------------

    def block(self, body: list[ast.stmt]) -> tuple[ir.Stmt, ...]:
        lowered: list[ir.Stmt] = []
        for node in body:
            handler = _STATEMENTS.get(type(node))
            if handler is None:
                continue
            result = handler(self, node)
            if isinstance(result, list):
                lowered.extend(result)
            else:
                lowered.append(result)
        return tuple(lowered)

    def assign(self, node: ast.Assign) -> ir.Stmt:
        targets = tuple(self.expr(target) for target in node.targets)
        return ir.Assign(targets, self.expr(node.value), None, self.place(node))

    def annotated(self, node: ast.AnnAssign) -> ir.Stmt:
        value = self.expr(node.value) if node.value else None
        annotation = self.expr(node.annotation)
        return ir.Assign((self.expr(node.target),), value, annotation, self.place(node))

    def augment(self, node: ast.AugAssign) -> ir.Stmt:
        op = _OPERATORS.get(type(node.op), "?")
        return ir.Augment(self.expr(node.target), op, self.expr(node.value), self.place(node))

    def evaluate(self, node: ast.Expr) -> ir.Stmt:
        return ir.Evaluate(self.expr(node.value), self.place(node))

    def branch(self, node: ast.If) -> ir.Stmt:
        return ir.If(
            self.expr(node.test), self.block(node.body), self.block(node.orelse), self.place(node)
        )

    def for_loop(self, node: ast.For | ast.AsyncFor) -> ir.Stmt:
        return ir.Loop(
            self.expr(node.target),
            self.expr(node.iter),
            None,
            self.block(node.body),
            self.block(node.orelse),
            isinstance(node, ast.AsyncFor),
            self.place(node),
        )

    def while_loop(self, node: ast.While) -> ir.Stmt:
        return ir.Loop(
            None,
            None,
            self.expr(node.test),
            self.block(node.body),
            self.block(node.orelse),
            False,
            self.place(node),
        )

    def attempt(self, node: Any) -> ir.Stmt:
        handlers = []
        for handler in node.handlers:
            kinds: tuple[ir.Expr, ...] = ()
            if isinstance(handler.type, ast.Tuple):
                kinds = tuple(self.expr(item) for item in handler.type.elts)
            elif handler.type is not None:
                kinds = (self.expr(handler.type),)
            handlers.append(
                ir.Handler(kinds, handler.name, self.block(handler.body), self.place(handler))
            )
        return ir.Try(
            self.block(node.body),
            tuple(handlers),
            self.block(node.orelse),
            self.block(node.finalbody),
            self.place(node),
        )

    def with_block(self, node: ast.With | ast.AsyncWith) -> ir.Stmt:
        items = tuple(
            (
                self.expr(item.context_expr),
                self.expr(item.optional_vars) if item.optional_vars else None,
            )
            for item in node.items
        )
        return ir.With(
            items, self.block(node.body), isinstance(node, ast.AsyncWith), self.place(node)
        )

    def give_back(self, node: ast.Return) -> ir.Stmt:
        return ir.Return(self.expr(node.value) if node.value else None, self.place(node))

    def throw(self, node: ast.Raise) -> ir.Stmt:
        return ir.Raise(self.expr(node.exc) if node.exc else None, self.place(node))

    def jump(self, node: ast.Break | ast.Continue) -> ir.Stmt:
        return ir.Jump("break" if isinstance(node, ast.Break) else "continue", self.place(node))

    def delete(self, node: ast.Delete) -> ir.Stmt:
        return ir.Delete(tuple(self.expr(target) for target in node.targets), self.place(node))

    def check(self, node: ast.Assert) -> ir.Stmt:
        return ir.Evaluate(self.expr(node.test), self.place(node))

    def match(self, node: ast.Match) -> ir.Stmt:
        cases = []
        for case in node.cases:
            names = tuple(
                name
                for part in ast.walk(case.pattern)
                for name in (getattr(part, "name", None), getattr(part, "rest", None))
                if isinstance(name, str)
            )
            cases.append((names, self.block(case.body)))
        return ir.Match(self.expr(node.subject), tuple(cases), self.place(node))

    def imports(self, node: ast.Import) -> list[ir.Stmt]:
        place = self.place(node)
        tops = {item.name.partition(".")[0] for item in node.names}
        self.mentioned |= tops
        self.packages |= tops
        self.imported.update(one.asname or one.name.partition(".")[0] for one in node.names)
        return [
            ir.Import(item.name, None, item.asname or item.name.partition(".")[0], place)
            if item.asname is None
            else ir.Import(item.name, "", item.asname, place)
            for item in node.names
        ]

    def imports_from(self, node: ast.ImportFrom) -> list[ir.Stmt]:
        module = "." * node.level + (node.module or "")
        place = self.place(node)
        self.mentioned.update((module.partition(".")[0], *(item.name for item in node.names)))
        self.imported.update(item.asname or item.name for item in node.names)
        if not node.level:
            self.packages.add(module.partition(".")[0])
        return [
            ir.Import(module, item.name, item.asname or item.name, place) for item in node.names
        ]

    def function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> ir.Stmt:
        outer, self.yields = self.yields, False
        around, self.mentioned = self.mentioned, set()
        params = self.params(node.args)
        body = self.block(node.body)
        generator, self.yields = self.yields, outer
        names, self.mentioned = frozenset(self.mentioned), around
        self.mentioned.update(names)
        return ir.Function(
            node.name,
            params,
            body,
            tuple(self.expr(item) for item in node.decorator_list),
            isinstance(node, ast.AsyncFunctionDef),
            generator,
            self.place(node),
            names,
        )

    def params(self, args: ast.arguments) -> ir.Params:
        positional = [*args.posonlyargs, *args.args]
        defaults: list[ast.expr | None] = [None] * (len(positional) - len(args.defaults))
        lowered = [
            self.param(arg, "positional", default)
            for arg, default in zip(positional, defaults + list(args.defaults), strict=True)
        ]
        if args.vararg:
            lowered.append(self.param(args.vararg, "var-positional", None))
        lowered.extend(
            self.param(arg, "keyword", default)
            for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True)
        )
        if args.kwarg:
            lowered.append(self.param(args.kwarg, "var-keyword", None))
        return tuple(lowered)

    def param(self, arg: ast.arg, kind: str, default: ast.expr | None) -> ir.Param:
        return ir.Param(
            arg.arg,
            kind,
            self.expr(default) if default is not None else None,
            self.expr(arg.annotation) if arg.annotation is not None else None,
        )

    def klass(self, node: ast.ClassDef) -> ir.Stmt:
        return ir.Class(
            node.name,
            tuple(self.expr(base) for base in node.bases),
            self.block(node.body),
            tuple(self.expr(item) for item in node.decorator_list),
            self.place(node),
            next((self.expr(one.value) for one in node.keywords if one.arg == "metaclass"), None),
        )

    def scope(self, node: ast.Global | ast.Nonlocal) -> ir.Stmt:
        return ir.Scope(tuple(node.names), isinstance(node, ast.Global), self.place(node))

    # Expressions ------------------------------------------------------------------------------

    def expr(self, node: ast.expr) -> ir.Expr:
        handler = _EXPRESSIONS.get(type(node))
        if handler is not None:
            return handler(self, node)
        parts = tuple(
            self.expr(child) for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)
        )
        return ir.Other(type(node).__name__, parts, self.place(node))

    def constant(self, node: ast.Constant) -> ir.Expr:
        value = node.value
        if isinstance(value, str):
            place = self.place(node)
            pieces: tuple[tuple[int, int, ir.Place], ...] = ()
            if len(value) > 10 and _SQL.search(value):
                pieces = pieces_of(self.segment(place), value, place)
            return ir.Text(value, place, pieces)
        if value is None or isinstance(value, (bool, int, float)):
            return ir.Const(value, self.place(node))
        if isinstance(value, bytes):
            return ir.Text(value.decode("utf-8", "replace"), self.place(node), ())
        kind = "Ellipsis" if value is ... else "Constant"
        return ir.Other(kind, (), self.place(node))

    def segment(self, place: ir.Place) -> str:
        """The source of a place."""
        if self.lines is None:
            self.lines = re.split(r"\r\n|\r|\n", self.source)
        line, column, end_line, end_column = place
        if line == end_line:
            return self.lines[line - 1][column - 1 : end_column - 1]
        middle = self.lines[line : end_line - 1]
        return "\n".join(
            [
                self.lines[line - 1][column - 1 :],
                *middle,
                self.lines[end_line - 1][: end_column - 1],
            ]
        )

    def name(self, node: ast.Name) -> ir.Expr:
        self.mentioned.add(node.id)
        self.named.add(node.id)
        return ir.Name(node.id, self.place(node))

    def attribute(self, node: ast.Attribute) -> ir.Expr:
        self.mentioned.add(node.attr)
        return ir.Attribute(self.expr(node.value), node.attr, self.place(node))

    def call(self, node: ast.Call) -> ir.Expr:
        if isinstance(node.func, ast.Name):
            self.called.add(node.func.id)
        elif isinstance(node.func, ast.Attribute):
            self.called.add(node.func.attr)
        keywords = []
        for keyword in node.keywords:
            line, column = keyword.lineno, self.column(keyword.lineno, keyword.col_offset)
            width = len(keyword.arg) if keyword.arg else 2
            keywords.append(
                ir.Keyword(
                    keyword.arg, self.expr(keyword.value), (line, column, line, column + width)
                )
            )
        return ir.Call(
            self.expr(node.func),
            tuple(self.expr(arg) for arg in node.args),
            tuple(keywords),
            self.place(node),
        )

    def star(self, node: ast.Starred) -> ir.Expr:
        return ir.Star(self.expr(node.value), self.place(node))

    def mapping(self, node: ast.Dict) -> ir.Expr:
        items = tuple(
            (self.expr(key) if key is not None else None, self.expr(value))
            for key, value in zip(node.keys, node.values, strict=True)
        )
        return ir.Dict(items, self.place(node))

    def listing(self, node: ast.List | ast.Tuple | ast.Set) -> ir.Expr:
        return ir.ListDisplay(tuple(self.expr(item) for item in node.elts), self.place(node))

    def subscript(self, node: ast.Subscript) -> ir.Expr:
        return ir.Subscript(self.expr(node.value), self.expr(node.slice), self.place(node))

    def joined(self, node: ast.JoinedStr) -> ir.Expr:
        parts: list[ir.Expr] = []
        for part in node.values:
            if isinstance(part, ast.FormattedValue):
                parts.append(self.expr(part.value))
            elif isinstance(part, ast.Constant) and isinstance(part.value, str):
                parts.append(ir.Text(part.value, self.place(node), ()))
        return ir.Format(tuple(parts), self.place(node))

    def binary(self, node: ast.BinOp) -> ir.Expr:
        op = _OPERATORS.get(type(node.op), "?")
        return ir.Binary(op, self.expr(node.left), self.expr(node.right), self.place(node))

    def compare(self, node: ast.Compare) -> ir.Expr:
        if len(node.ops) == 1 and type(node.ops[0]) in _COMPARISONS:
            op = _COMPARISONS[type(node.ops[0])]
            left, right = self.expr(node.left), self.expr(node.comparators[0])
            return ir.Binary(op, left, right, self.place(node))
        parts = (self.expr(node.left), *(self.expr(item) for item in node.comparators))
        return ir.Other("Compare", parts, self.place(node))

    def unary(self, node: ast.UnaryOp) -> ir.Expr:
        operand = self.expr(node.operand)
        if isinstance(operand, ir.Const) and isinstance(operand.value, (int, float)):
            if isinstance(node.op, ast.USub):
                return ir.Const(-operand.value, self.place(node))
            if isinstance(node.op, ast.Not):
                return ir.Const(not operand.value, self.place(node))
        return ir.Other(
            "not" if isinstance(node.op, ast.Not) else "unary", (operand,), self.place(node)
        )

    def either(self, node: ast.BoolOp) -> ir.Expr:
        op = "or" if isinstance(node.op, ast.Or) else "and"
        return ir.Either(op, tuple(self.expr(item) for item in node.values), self.place(node))

    def conditional(self, node: ast.IfExp) -> ir.Expr:
        return ir.Conditional(
            self.expr(node.test), self.expr(node.body), self.expr(node.orelse), self.place(node)
        )

    def wait(self, node: ast.Await) -> ir.Expr:
        return ir.Await(self.expr(node.value), self.place(node))

    def give(self, node: ast.Yield) -> ir.Expr:
        self.yields = True
        return ir.Yield(self.expr(node.value) if node.value else None, False, self.place(node))

    def delegate(self, node: ast.YieldFrom) -> ir.Expr:
        self.yields = True
        return ir.Yield(self.expr(node.value), True, self.place(node))

    def anonymous(self, node: ast.Lambda) -> ir.Expr:
        return ir.Lambda(self.params(node.args), self.expr(node.body), self.place(node))

    def comprehension(self, node: Any) -> ir.Expr:
        clauses = tuple((self.expr(gen.target), self.expr(gen.iter)) for gen in node.generators)
        tests = tuple(self.expr(test) for gen in node.generators for test in gen.ifs)
        if isinstance(node, ast.DictComp):
            element, value = self.expr(node.key), self.expr(node.value)
            return ir.Comprehension("dict", element, value, clauses, tests, self.place(node))
        element = self.expr(node.elt)
        return ir.Comprehension("list", element, None, clauses, tests, self.place(node))

    def walrus(self, node: ast.NamedExpr) -> ir.Expr:
        return ir.Walrus(node.target.id, self.expr(node.value), self.place(node))


_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.BitOr: "|",
}
_COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Is: "is",
    ast.IsNot: "is not",
    ast.In: "in",
    ast.NotIn: "not in",
}
_STATEMENTS: dict[type[ast.stmt], Callable[[_Lowering, Any], ir.Stmt | list[ir.Stmt]]] = {
    ast.Assign: _Lowering.assign,
    ast.AnnAssign: _Lowering.annotated,
    ast.AugAssign: _Lowering.augment,
    ast.Expr: _Lowering.evaluate,
    ast.If: _Lowering.branch,
    ast.For: _Lowering.for_loop,
    ast.AsyncFor: _Lowering.for_loop,
    ast.While: _Lowering.while_loop,
    ast.Try: _Lowering.attempt,
    ast.With: _Lowering.with_block,
    ast.AsyncWith: _Lowering.with_block,
    ast.Return: _Lowering.give_back,
    ast.Raise: _Lowering.throw,
    ast.Break: _Lowering.jump,
    ast.Continue: _Lowering.jump,
    ast.Delete: _Lowering.delete,
    ast.Assert: _Lowering.check,
    ast.Match: _Lowering.match,
    ast.Import: _Lowering.imports,
    ast.ImportFrom: _Lowering.imports_from,
    ast.FunctionDef: _Lowering.function,
    ast.AsyncFunctionDef: _Lowering.function,
    ast.ClassDef: _Lowering.klass,
    ast.Global: _Lowering.scope,
    ast.Nonlocal: _Lowering.scope,
}
if hasattr(ast, "TryStar"):  # Python 3.11 and later
    _STATEMENTS[ast.TryStar] = _Lowering.attempt
_EXPRESSIONS: dict[type[ast.expr], Callable[[_Lowering, Any], ir.Expr]] = {
    ast.Constant: _Lowering.constant,
    ast.Name: _Lowering.name,
    ast.Attribute: _Lowering.attribute,
    ast.Call: _Lowering.call,
    ast.Starred: _Lowering.star,
    ast.Dict: _Lowering.mapping,
    ast.List: _Lowering.listing,
    ast.Tuple: _Lowering.listing,
    ast.Set: _Lowering.listing,
    ast.Subscript: _Lowering.subscript,
    ast.JoinedStr: _Lowering.joined,
    ast.BinOp: _Lowering.binary,
    ast.Compare: _Lowering.compare,
    ast.UnaryOp: _Lowering.unary,
    ast.BoolOp: _Lowering.either,
    ast.IfExp: _Lowering.conditional,
    ast.Await: _Lowering.wait,
    ast.Yield: _Lowering.give,
    ast.YieldFrom: _Lowering.delegate,
    ast.Lambda: _Lowering.anonymous,
    ast.ListComp: _Lowering.comprehension,
    ast.SetComp: _Lowering.comprehension,
    ast.GeneratorExp: _Lowering.comprehension,
    ast.DictComp: _Lowering.comprehension,
    ast.NamedExpr: _Lowering.walrus,
}
