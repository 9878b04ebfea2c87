"""One Python file of a document as a tree, with the places where clients get their settings."""

from __future__ import annotations

import ast
import keyword
import posixpath
import symtable
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from tests.rewrites.telling import Files

from oncelint.dialects import table
from oncelint.frameworks.python.clients import CLIENTS, CONSTRUCTORS, ClientShape

Entries: TypeAlias = "list[tuple[str | None, ast.expr]]"
Scope: TypeAlias = "ast.Module | ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef"

# Constructors of clients; CONSTRUCTORS has the topics of admin clients, too, which take no settings
# of a client.
_CONSTRUCTORS = {name: known for name, known in CONSTRUCTORS.items() if known in CLIENTS}
_PACKAGES = frozenset(name.partition(".")[0] for name in _CONSTRUCTORS)


@dataclass(slots=True)
class Source:
    """A file being rewritten; `files` are all files of its document and stay as they are."""

    files: Files
    path: str
    tree: ast.Module
    clients: dict[str, str] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)

    @property
    def text(self) -> str:
        return self.files[self.path]

    @property
    def folder(self) -> str:
        return posixpath.dirname(self.path)

    @property
    def stem(self) -> str:
        return posixpath.basename(self.path)[: -len(".py")]

    def rendered(self) -> str:
        """The tree as source text, which must compile."""
        text = ast.unparse(ast.fix_missing_locations(self.tree)) + "\n"
        compile(text, self.path, "exec")
        return text

    def fresh(self, name: str) -> str:
        """A name that is not used anywhere in the file."""
        number = 0
        candidate = name
        while candidate in self.taken:
            number += 1
            candidate = f"{name}_{number}"
        self.taken.add(candidate)
        return candidate

    def neighbour(self, name: str) -> tuple[str, str]:
        """The path of a new module beside this one and the module name to import it by."""
        beside = f"{self.folder}/{name}.py" if self.folder else f"{name}.py"
        assert beside not in self.files
        return beside, f".{name}" if self.folder else name


def parse(files: Files, path: str) -> Source:
    tree = ast.parse(files[path])
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    names |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    names |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names |= {(item.asname or item.name).partition(".")[0] for item in node.names}
    return Source(files, path, tree, _imported_clients(tree), names)


def _imported_clients(tree: ast.Module) -> dict[str, str]:
    """Names and dotted names by which the file calls client constructors."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for item in node.names:
                dotted = f"{node.module}.{item.name}"
                if dotted in _CONSTRUCTORS:
                    found[item.asname or item.name] = _CONSTRUCTORS[dotted]
        elif isinstance(node, ast.Import):
            for item in node.names:
                if item.name.partition(".")[0] not in _PACKAGES:
                    continue
                for dotted, canonical in _CONSTRUCTORS.items():
                    if dotted.startswith(item.name + "."):
                        short = dotted[len(item.name) :] if item.asname else dotted
                        found[f"{item.asname}{short}" if item.asname else dotted] = canonical
    return found


def dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        base = dotted(node.value)
        return f"{base}.{node.attr}" if base else None
    return None


def client_calls(source: Source) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(source.tree)
        if isinstance(node, ast.Call) and dotted(node.func) in source.clients
    ]


def shape_of(source: Source, call: ast.Call) -> ClientShape:
    return CLIENTS[source.clients[dotted(call.func) or ""]]


# Where settings stand ---------------------------------------------------------------------------


@dataclass(slots=True)
class Given:
    """Settings written down in one expression of a simple statement.

    `stmt` of `body` is the statement, `put` replaces the expression by another that comes to the same
    mapping. `call` is the client call they are given to there, or None for a display that is kept
    under a name. `scopes` are the enclosing definitions, outermost first.
    """

    body: list[ast.stmt]
    stmt: ast.stmt
    scopes: tuple[Scope, ...]
    entries: Entries
    put: Callable[[ast.expr], None]
    call: ast.Call | None = None

    def before(self, *statements: ast.stmt) -> None:
        at = self.body.index(self.stmt)
        self.body[at:at] = statements

    @property
    def in_class_body(self) -> bool:
        return isinstance(self.scopes[-1], ast.ClassDef)


def givens(source: Source) -> list[Given]:
    """All places of settings, the last one first, so that statements can be put before each."""
    found = list(_in_scope(source, source.tree, ()))
    return list(reversed(found))


def _in_scope(source: Source, scope: Scope, outer: tuple[Scope, ...]) -> Iterator[Given]:
    yield from _in_body(source, scope.body, (*outer, scope))


def _in_body(source: Source, body: list[ast.stmt], scopes: tuple[Scope, ...]) -> Iterator[Given]:
    for stmt in body:
        if isinstance(stmt, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            yield from _in_scope(source, stmt, scopes)
            continue
        for holder, name, value in _expressions(stmt):
            kept = isinstance(stmt, (ast.Assign, ast.AnnAssign, ast.Return))
            for entries, put, call in _mappings(source, holder, name, value, kept):
                yield Given(body, stmt, scopes, entries, put, call)
        for inner in _blocks(stmt):
            yield from _in_body(source, inner, scopes)


def _blocks(stmt: ast.stmt) -> Iterator[list[ast.stmt]]:
    for name in ("body", "orelse", "finalbody"):
        block = getattr(stmt, name, None)
        if isinstance(block, list) and block and isinstance(block[0], ast.stmt):
            yield block
    for handler in getattr(stmt, "handlers", ()):
        yield handler.body
    for case in getattr(stmt, "cases", ()):
        yield case.body


def _expressions(stmt: ast.stmt) -> Iterator[tuple[ast.AST, str, ast.expr]]:
    """The expressions of a statement that are evaluated once, as soon as it is reached."""
    if isinstance(stmt, (ast.Assign, ast.AnnAssign, ast.Return, ast.Expr)) and stmt.value:
        yield stmt, "value", stmt.value
    elif isinstance(stmt, (ast.With, ast.AsyncWith)):
        yield stmt.items[0], "context_expr", stmt.items[0].context_expr


_Mapping: TypeAlias = "tuple[Entries, Callable[[ast.expr], None], ast.Call | None]"


def _mappings(
    source: Source, holder: ast.AST | _Item, name: str, value: ast.expr, kept: bool
) -> Iterator[_Mapping]:
    def put(new: ast.expr) -> None:
        if isinstance(holder, _Item):
            holder.items[holder.index] = new
        else:
            setattr(holder, name, new)

    if isinstance(value, ast.Dict):
        entries = _entries(value)
        if kept and entries is not None and _are_settings(entries):
            yield entries, put, None
    elif isinstance(value, (ast.Attribute, ast.Await, ast.Starred)):
        yield from _mappings(source, value, "value", value.value, False)
    elif isinstance(value, ast.Call):
        if dotted(value.func) in source.clients:
            own = _of_call(source, value)
            if own is not None:
                yield own
                return
        yield from _mappings(source, value, "func", value.func, False)
        for index, argument in enumerate(value.args):
            yield from _mappings(source, _Item(value.args, index), "value", argument, False)
        for pair in value.keywords:
            yield from _mappings(source, pair, "value", pair.value, False)


@dataclass(frozen=True, slots=True)
class _Item:
    """An element of a list of expressions, to be replaced."""

    items: list[ast.expr]
    index: int


def _of_call(source: Source, call: ast.Call) -> _Mapping | None:
    """The settings a client call is given as a display or as keywords."""
    shape = shape_of(source, call)
    if shape.takes_dict:
        if not call.args or not isinstance(call.args[0], ast.Dict):
            return None
        entries = _entries(call.args[0])
        if not entries:
            return None

        def put_first(new: ast.expr) -> None:
            call.args[0] = new

        return entries, put_first, call
    own = [pair for pair in call.keywords if pair.arg not in shape.other_keywords]
    rest = [pair for pair in call.keywords if pair.arg in shape.other_keywords]
    if not own or any(isinstance(argument, ast.Starred) for argument in call.args):
        return None
    entries = []
    for pair in own:
        if pair.arg is None and isinstance(pair.value, ast.Dict):
            inner = _entries(pair.value)
            if inner is None:
                return None
            entries.extend(inner)
        else:
            entries.append((pair.arg, pair.value))

    def put_keywords(new: ast.expr) -> None:
        call.keywords = [*rest, ast.keyword(None, new)]

    return entries, put_keywords, call


def _entries(display: ast.Dict) -> Entries | None:
    entries: Entries = []
    for key, value in zip(display.keys, display.values, strict=True):
        if key is None:
            entries.append((None, value))
        elif isinstance(key, ast.Constant) and isinstance(key.value, str):
            entries.append((key.value, value))
        else:
            return None
    return entries


_TABLES = ("librdkafka", "kafka-python", "aiokafka")


def _are_settings(entries: Entries) -> bool:
    names = [key for key, _ in entries if key is not None]
    known = [key for key in names if any(table(one).find(key) for one in _TABLES)]
    return 2 * len(known) > len(names)


def has_two_spellings(entries: Entries) -> bool:
    """Whether a key, or one setting under two spellings, is given twice: then order decides."""
    for name in _TABLES:
        seen: set[str] = set()
        for key, _ in entries:
            if key is None:
                continue
            found = table(name).find(key)
            canonical = found.name if found else key
            if canonical in seen:
                return True
            seen.add(canonical)
    return False


# Building ---------------------------------------------------------------------------------------


def display(entries: Entries) -> ast.Dict:
    keys: list[ast.expr | None] = [
        ast.Constant(key) if key is not None else None for key, _ in entries
    ]
    return ast.Dict(keys, [value for _, value in entries])


def name(id_: str) -> ast.Name:
    return ast.Name(id_, ast.Load())


def assign(target: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Name(target, ast.Store())], value)


def set_item(target: str, key: str, value: ast.expr) -> ast.stmt:
    return ast.Assign([ast.Subscript(name(target), ast.Constant(key), ast.Store())], value)


def call(func: ast.expr, *args: ast.expr, **keywords: ast.expr) -> ast.Call:
    return ast.Call(func, list(args), [ast.keyword(key, value) for key, value in keywords.items()])


def method(target: str, attribute: str, *args: ast.expr) -> ast.Call:
    return ast.Call(ast.Attribute(name(target), attribute, ast.Load()), list(args), [])


def statements(text: str) -> list[ast.stmt]:
    return ast.parse(text).body


def is_constant(value: ast.expr) -> bool:
    if isinstance(value, ast.UnaryOp) and isinstance(value.op, ast.USub):
        return isinstance(value.operand, ast.Constant)
    return isinstance(value, ast.Constant)


def is_keyword_name(key: str | None) -> bool:
    return key is not None and key.isidentifier() and not keyword.iskeyword(key)


def head_length(tree: ast.Module) -> int:
    """How many statements the docstring and the leading imports are."""
    length = 0
    for stmt in tree.body:
        docstring = (
            length == 0
            and isinstance(stmt, ast.Expr)
            and isinstance(stmt.value, ast.Constant)
            and isinstance(stmt.value.value, str)
        )
        if not docstring and not isinstance(stmt, (ast.Import, ast.ImportFrom)):
            break
        length += 1
    return length


def insert_at_head(source: Source, new: Sequence[ast.stmt]) -> None:
    """Put definitions behind the leading imports."""
    at = head_length(source.tree)
    source.tree.body[at:at] = new


def bound_names(text: str) -> list[str]:
    """The names a module binds at its top level."""
    top = symtable.symtable(text, "module", "exec")
    return [
        symbol.get_name()
        for symbol in top.get_symbols()
        if symbol.is_assigned() or symbol.is_imported() or symbol.is_namespace()
    ]


def constructs_clients(files: Files, path: str) -> bool:
    """Whether a file calls a client constructor by an import of its own."""
    if not path.endswith(".py"):
        return False
    try:
        return bool(client_calls(parse(files, path)))
    except SyntaxError:
        return False
