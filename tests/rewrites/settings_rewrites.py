"""Transformations of how a configuration is put together. Each keeps what the client is given."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from typing import TypeAlias

from tests.rewrites import source as s
from tests.rewrites.source import Entries, Given, Source

Changed: TypeAlias = "dict[str, str | None]"
Transformation: TypeAlias = Callable[[Source], "Changed | None"]


def _each(source: Source, rewrite: Callable[[Source, Given], bool]) -> Changed | None:
    """Rewrite every place of settings that `rewrite` can; None when it can none."""
    done = [rewrite(source, given) for given in s.givens(source)]
    return {source.path: source.rendered()} if any(done) else None


def _split(entries: Entries) -> tuple[Entries, Entries] | None:
    """The entries in two parts, the second of written keys alone; None when there is no such part."""
    at = max(1, len(entries) // 2)
    while at < len(entries) and any(key is None for key, _ in entries[at:]):
        at += 1
    return (entries[:at], entries[at:]) if at < len(entries) else None


def _written(entries: Entries) -> list[tuple[str, ast.expr]]:
    return [(key, value) for key, value in entries if key is not None]


# Displays and keywords ----------------------------------------------------------------------------


def keywords_to_display(source: Source) -> Changed | None:
    """`C(a=1)` becomes `C(**{"a": 1})`."""

    def rewrite(source: Source, given: Given) -> bool:
        if given.call is None or s.shape_of(source, given.call).takes_dict:
            return False
        given.put(s.display(given.entries))
        return True

    return _each(source, rewrite)


def display_to_keywords(source: Source) -> Changed | None:
    """`{"acks": 1, "client.id": "a"}` becomes `dict({"client.id": "a"}, acks=1)`; for a client that
    takes keywords beside its mapping they go there: `Producer({"client.id": "a"}, acks=1)`."""

    def rewrite(source: Source, given: Given) -> bool:
        own = [(key, value) for key, value in given.entries if s.is_keyword_name(key)]
        rest = [(key, value) for key, value in given.entries if not s.is_keyword_name(key)]
        if not own or s.has_two_spellings(given.entries) or any(k is None for k, _ in rest):
            return False
        pairs = [ast.keyword(key, value) for key, value in own]
        if given.call is not None and not s.shape_of(source, given.call).takes_dict:
            given.put(ast.Call(s.name("dict"), [], pairs))
        elif (
            given.call is not None
            and s.dotted(given.call.func) is not None
            and (
                source.clients[s.dotted(given.call.func) or ""]
                in ("confluent_kafka.Producer", "confluent_kafka.Consumer")
            )
        ):
            given.put(s.display(rest))
            given.call.keywords.extend(pairs)
        else:
            given.put(ast.Call(s.name("dict"), [s.display(rest)] if rest else [], pairs))
        return True

    return _each(source, rewrite)


def mapping_to_keywords(source: Source) -> Changed | None:
    """`C(**{"a": 1})` and `C(**dict(a=1))` become `C(a=1)`."""

    def rewrite(source: Source, given: Given) -> bool:
        call = given.call
        if call is None or s.shape_of(source, call).takes_dict:
            return False
        if all(pair.arg is not None for pair in call.keywords):
            return False
        keys = [key for key, _ in given.entries]
        if not all(s.is_keyword_name(key) or key is None for key in keys):
            return False
        if s.has_two_spellings(given.entries):
            return False
        others = s.shape_of(source, call).other_keywords
        kept = [pair for pair in call.keywords if pair.arg in others]
        call.keywords = [*kept, *(ast.keyword(key, value) for key, value in given.entries)]
        return True

    return _each(source, rewrite)


# Step by step -------------------------------------------------------------------------------------


def by_items(source: Source) -> Changed | None:
    """The first entries as a display, the others by item assignment."""

    def rewrite(source: Source, given: Given) -> bool:
        parts = _split(given.entries)
        if parts is None:
            return False
        target = source.fresh("settings")
        given.before(
            s.assign(target, s.display(parts[0])),
            *(s.set_item(target, key, value) for key, value in _written(parts[1])),
        )
        given.put(s.name(target))
        return True

    return _each(source, rewrite)


def by_update(source: Source) -> Changed | None:
    """The first entries as a display, the others by `.update()`."""

    def rewrite(source: Source, given: Given) -> bool:
        parts = _split(given.entries)
        if parts is None:
            return False
        target = source.fresh("settings")
        given.before(
            s.assign(target, s.display(parts[0])),
            ast.Expr(s.method(target, "update", s.display(parts[1]))),
        )
        given.put(s.name(target))
        return True

    return _each(source, rewrite)


def by_copy(source: Source) -> Changed | None:
    """A copy of a display that is changed afterwards."""

    def rewrite(source: Source, given: Given) -> bool:
        base, target = source.fresh("base"), source.fresh("settings")
        given.before(
            s.assign(base, s.display(given.entries)),
            s.assign(target, s.method(base, "copy")),
            ast.Expr(s.method(base, "clear")),
        )
        given.put(s.name(target))
        return True

    return _each(source, rewrite)


def by_loop(source: Source) -> Changed | None:
    """Pairs of constants, set one by one in a loop."""

    def rewrite(source: Source, given: Given) -> bool:
        entries = given.entries
        at = len(entries)
        while at and entries[at - 1][0] is not None and s.is_constant(entries[at - 1][1]):
            at -= 1
        if at == len(entries) or given.in_class_body:
            return False
        target, key, value = (source.fresh(one) for one in ("settings", "key", "value"))
        pairs: list[ast.expr] = [
            ast.Tuple([ast.Constant(k), v], ast.Load()) for k, v in _written(entries[at:])
        ]
        loop = ast.For(
            ast.Tuple([ast.Name(key, ast.Store()), ast.Name(value, ast.Store())], ast.Store()),
            ast.List(pairs, ast.Load()),
            [ast.Assign([ast.Subscript(s.name(target), s.name(key), ast.Store())], s.name(value))],
            [],
        )
        given.before(s.assign(target, s.display(entries[:at])), loop)
        given.put(s.name(target))
        return True

    return _each(source, rewrite)


# Out of parts -------------------------------------------------------------------------------------


def _from_parts(source: Source, join: Callable[[str, str], ast.expr]) -> Changed | None:
    def rewrite(source: Source, given: Given) -> bool:
        parts = _split(given.entries)
        if parts is None:
            return False
        base, more = source.fresh("base"), source.fresh("more")
        given.before(s.assign(base, s.display(parts[0])), s.assign(more, s.display(parts[1])))
        given.put(join(base, more))
        return True

    return _each(source, rewrite)


def by_unpacking(source: Source) -> Changed | None:
    """`{**base, **more}`."""
    return _from_parts(
        source, lambda base, more: ast.Dict([None, None], [s.name(base), s.name(more)])
    )


def by_dict_call(source: Source) -> Changed | None:
    """`dict(base, **more)`."""
    return _from_parts(
        source,
        lambda base, more: ast.Call(
            s.name("dict"), [s.name(base)], [ast.keyword(None, s.name(more))]
        ),
    )


def by_union(source: Source) -> Changed | None:
    """`base | more`."""
    return _from_parts(
        source, lambda base, more: ast.BinOp(s.name(base), ast.BitOr(), s.name(more))
    )


# Constants ----------------------------------------------------------------------------------------


def _named_constants(source: Source, given: Given) -> list[tuple[str, ast.expr]]:
    """Replace the constant values of some settings by names; the names and their values."""
    named: list[tuple[str, ast.expr]] = []
    entries: Entries = []
    for key, value in given.entries:
        if key is not None and s.is_constant(value):
            constant = source.fresh("GIVEN")
            named.append((constant, value))
            entries.append((key, s.name(constant)))
        else:
            entries.append((key, value))
    if named:
        given.put(s.display(entries))
    return named


def through_constants(source: Source) -> Changed | None:
    """Constant values through constants of the module."""
    named = [one for given in s.givens(source) for one in _named_constants(source, given)]
    if not named:
        return None
    s.insert_at_head(source, [s.assign(constant, value) for constant, value in named])
    return {source.path: source.rendered()}


def through_another_module(source: Source) -> Changed | None:
    """Constant values through constants of another module of the project."""
    named = [one for given in s.givens(source) for one in _named_constants(source, given)]
    if not named:
        return None
    path, module = source.neighbour(f"{source.stem}_constants")
    imports = f"from {module} import {', '.join(constant for constant, _ in named)}"
    s.insert_at_head(source, s.statements(imports))
    other = ast.Module([s.assign(constant, value) for constant, value in named], [])
    return {
        source.path: source.rendered(),
        path: ast.unparse(ast.fix_missing_locations(other)) + "\n",
    }


def through_a_dataclass(source: Source) -> Changed | None:
    """Constant values through the defaults of a dataclass's fields."""
    return _through_fields(
        source, "from dataclasses import dataclass", "@dataclass\nclass {}:\n    pass"
    )


def through_a_model(source: Source) -> Changed | None:
    """Constant values through the defaults of a pydantic model's fields."""
    return _through_fields(
        source, "from pydantic import BaseModel", "class {}(BaseModel):\n    pass"
    )


def _through_fields(source: Source, imports: str, head: str) -> Changed | None:
    named = [one for given in s.givens(source) for one in _named_constants(source, given)]
    if not named:
        return None
    if {"dataclass", "BaseModel"} & source.taken:
        return None
    cls, settings = source.fresh("GivenSettings"), source.fresh("given_settings")
    (definition,) = s.statements(head.format(cls))
    assert isinstance(definition, ast.ClassDef)
    fields: list[ast.stmt] = []
    for constant, value in named:
        type_ = "object"
        if isinstance(value, ast.Constant) and value.value is not None:
            type_ = type(value.value).__name__
        target = ast.Name(constant.lower(), ast.Store())
        fields.append(ast.AnnAssign(target, s.name(type_), value, 1))
    definition.body = fields
    made = s.assign(settings, s.call(s.name(cls)))
    constants = {constant for constant, _ in named}

    class Fields(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.expr:
            if node.id not in constants:
                return node
            return ast.Attribute(s.name(settings), node.id.lower(), ast.Load())

    source.tree = Fields().visit(source.tree)
    s.insert_at_head(source, [*s.statements(imports), definition, made])
    return {source.path: source.rendered()}


# Functions ----------------------------------------------------------------------------------------


def _parameters(
    source: Source, entries: Entries
) -> Iterator[tuple[str | None, ast.expr, str, ast.expr]]:
    """(key, what stands in the helper, its parameter or "", the argument for it) of each entry."""
    for key, value in entries:
        if key is not None and s.is_constant(value):
            yield key, value, "", value
        else:
            parameter = source.fresh("given")
            yield key, s.name(parameter), parameter, value


def _define(source: Source, name: str, parameters: list[str], body: list[ast.stmt]) -> None:
    """A new function of the module, behind its leading imports."""
    (definition,) = s.statements(f"def {name}({', '.join(parameters)}):\n    pass")
    assert isinstance(definition, ast.FunctionDef)
    definition.body = body
    s.insert_at_head(source, [definition])


def by_a_function_that_returns(source: Source) -> Changed | None:
    """The mapping from a function that returns it; what is no constant is handed in."""

    def rewrite(source: Source, given: Given) -> bool:
        rows = list(_parameters(source, given.entries))
        helper = source.fresh("given_settings")
        body: list[ast.stmt] = [ast.Return(s.display([(key, inner) for key, inner, _, _ in rows]))]
        _define(source, helper, [name for _, _, name, _ in rows if name], body)
        arguments = [argument for _, _, name, argument in rows if name]
        given.put(s.call(s.name(helper), *arguments))
        return True

    return _each(source, rewrite)


def by_a_function_that_fills(source: Source) -> Changed | None:
    """An empty mapping that a function fills."""

    def rewrite(source: Source, given: Given) -> bool:
        if any(key is None for key, _ in given.entries):
            return False
        rows = list(_parameters(source, given.entries))
        helper, target = source.fresh("fill_settings"), source.fresh("settings")
        inside = source.fresh("target")
        body = [s.set_item(inside, key or "", inner) for key, inner, _, _ in rows]
        _define(source, helper, [inside, *(name for _, _, name, _ in rows if name)], body)
        arguments = [argument for _, _, name, argument in rows if name]
        given.before(
            s.assign(target, s.display([])),
            ast.Expr(s.call(s.name(helper), s.name(target), *arguments)),
        )
        given.put(s.name(target))
        return True

    return _each(source, rewrite)


def by_a_lambda(source: Source) -> Changed | None:
    """The mapping from a lambda that is called at once."""

    def rewrite(source: Source, given: Given) -> bool:
        if given.in_class_body or _awaits(given.entries):
            return False
        nothing = ast.arguments([], [], None, [], [], None, [])
        given.put(s.call(ast.Lambda(nothing, s.display(given.entries))))
        return True

    return _each(source, rewrite)


def _awaits(entries: Entries) -> bool:
    kinds = (ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)
    return any(isinstance(node, kinds) for _, value in entries for node in ast.walk(value))


# Classes ------------------------------------------------------------------------------------------


def in_a_class_attribute(source: Source) -> Changed | None:
    """The mapping as the attribute of a class."""

    def rewrite(source: Source, given: Given) -> bool:
        if given.in_class_body or _awaits(given.entries):
            return False  # a class's names are not seen by a class inside it
        holder = source.fresh("Given")
        (definition,) = s.statements(f"class {holder}:\n    pass")
        assert isinstance(definition, ast.ClassDef)
        definition.body = [s.assign("settings", s.display(given.entries))]
        given.before(definition)
        given.put(ast.Attribute(s.name(holder), "settings", ast.Load()))
        return True

    return _each(source, rewrite)


def in_an_instance_attribute(source: Source) -> Changed | None:
    """The mapping as an attribute that `__init__` sets; what is no constant is handed in."""

    def rewrite(source: Source, given: Given) -> bool:
        rows = list(_parameters(source, given.entries))
        holder = source.fresh("Given")
        parameters = ", ".join(["self", *(name for _, _, name, _ in rows if name)])
        (definition,) = s.statements(
            f"class {holder}:\n    def __init__({parameters}):\n        self.settings = None"
        )
        assert isinstance(definition, ast.ClassDef)
        init = definition.body[0]
        assert isinstance(init, ast.FunctionDef)
        assigned = init.body[0]
        assert isinstance(assigned, ast.Assign)
        assigned.value = s.display([(key, inner) for key, inner, _, _ in rows])
        s.insert_at_head(source, [definition])
        arguments = [argument for _, _, name, argument in rows if name]
        made = s.call(s.name(holder), *arguments)
        given.put(ast.Attribute(made, "settings", ast.Load()))
        return True

    return _each(source, rewrite)


def in_an_attribute_of_self(source: Source) -> Changed | None:
    """In a method, the mapping as an attribute of its own instance."""

    def rewrite(source: Source, given: Given) -> bool:
        scopes = given.scopes
        if len(scopes) < 2 or not isinstance(scopes[-2], ast.ClassDef):
            return False
        function = scopes[-1]
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            return False
        if function.decorator_list or not function.args.args or function.args.args[0].arg != "self":
            return False
        attribute = source.fresh("given_settings")
        target = ast.Attribute(s.name("self"), attribute, ast.Store())
        given.before(ast.Assign([target], s.display(given.entries)))
        given.put(ast.Attribute(s.name("self"), attribute, ast.Load()))
        return True

    return _each(source, rewrite)


# The construction ---------------------------------------------------------------------------------


def by_partial(source: Source) -> Changed | None:
    """`functools.partial(C, …)()`."""
    calls = s.client_calls(source)
    if not calls or "functools" in source.taken:
        return None
    for call in calls:
        partial = ast.Attribute(s.name("functools"), "partial", ast.Load())
        inner = ast.Call(partial, [call.func, *call.args], call.keywords)
        call.func, call.args, call.keywords = inner, [], []
    s.insert_at_head(source, s.statements("import functools"))
    return {source.path: source.rendered()}


def by_a_factory(source: Source) -> Changed | None:
    """Each construction in a function of its own, which is given the arguments."""
    calls = s.client_calls(source)
    if not calls or not _bound_at_head(source):
        return None
    for call in calls:
        factory = source.fresh("make_client")
        inner = ast.Call(call.func, [ast.Starred(s.name("args"), ast.Load())], [])
        inner.keywords = [ast.keyword(None, s.name("options"))]
        (definition,) = s.statements(f"def {factory}(*args, **options):\n    return None")
        assert isinstance(definition, ast.FunctionDef)
        definition.body = [ast.Return(inner)]
        call.func = s.name(factory)
        s.insert_at_head(source, [definition])
    return {source.path: source.rendered()}


def by_a_subclass(source: Source) -> Changed | None:
    """Each construction of a subclass, which hands its arguments up."""
    calls = s.client_calls(source)
    if not calls or not _bound_at_head(source):
        return None
    for call in calls:
        cls = source.fresh("OwnClient")
        (definition,) = s.statements(
            f"class {cls}(object):\n    def __init__(self, *args, **options):\n"
            "        super().__init__(*args, **options)"
        )
        assert isinstance(definition, ast.ClassDef)
        definition.bases = [call.func]
        call.func = s.name(cls)
        s.insert_at_head(source, [definition])
    return {source.path: source.rendered()}


def _bound_at_head(source: Source) -> bool:
    """Whether the client classes are imported by the leading imports."""
    head = ast.Module(source.tree.body[: s.head_length(source.tree)], [])
    names = set(s.bound_names(ast.unparse(head)))
    used = {(s.dotted(call.func) or "").partition(".")[0] for call in s.client_calls(source)}
    return used <= names


SETTINGS: dict[str, Transformation] = {
    "keyword arguments to **{...}": keywords_to_display,
    "display to keyword arguments": display_to_keywords,
    "**mapping to keyword arguments": mapping_to_keywords,
    "split by item assignment": by_items,
    "split by update": by_update,
    "copied": by_copy,
    "filled in a loop": by_loop,
    "{**base, **more}": by_unpacking,
    "dict(base, **more)": by_dict_call,
    "base | more": by_union,
    "values through constants": through_constants,
    "constants of another module": through_another_module,
    "defaults of a dataclass": through_a_dataclass,
    "defaults of a model": through_a_model,
    "a function that returns it": by_a_function_that_returns,
    "a function that fills it": by_a_function_that_fills,
    "a lambda": by_a_lambda,
    "a class attribute": in_a_class_attribute,
    "an instance attribute": in_an_instance_attribute,
    "an attribute of self": in_an_attribute_of_self,
    "functools.partial": by_partial,
    "a factory": by_a_factory,
    "a subclass": by_a_subclass,
}
