"""Rewritings of where a record is worked on: another module, a class, a constructor's argument."""

from __future__ import annotations

import ast

from tests.rewrites.settings_rewrites import Transformation
from tests.rewrites.source import Source

Changed = dict[str, str | None]


def _worker(source: Source) -> ast.FunctionDef | None:
    """The first plain function of a pipeline, which does its work."""
    first = next(
        (
            one
            for one in source.tree.body
            if isinstance(one, (ast.FunctionDef, ast.AsyncFunctionDef))
        ),
        None,
    )
    if first is None or first.name == "main":
        return None
    return first  # type: ignore[return-value]


def _needed(source: Source, function: ast.AST) -> list[ast.stmt]:
    """The imports and constants that a function mentions."""
    names = {one.id for one in ast.walk(function) if isinstance(one, ast.Name)}
    kept: list[ast.stmt] = []
    for stmt in source.tree.body:
        if isinstance(stmt, (ast.Import, ast.ImportFrom)):
            aliases = [one for one in stmt.names if (one.asname or one.name) in names]
            if aliases and isinstance(stmt, ast.Import):
                kept.append(ast.Import(aliases))
            elif aliases and isinstance(stmt, ast.ImportFrom):
                kept.append(ast.ImportFrom(stmt.module, aliases, stmt.level))
        elif isinstance(stmt, ast.Assign) and isinstance(stmt.targets[0], ast.Name):
            if stmt.targets[0].id in names:
                if "logging" in ast.unparse(stmt.value):
                    kept.append(ast.Import([ast.alias("logging")]))
                kept.append(stmt)
    return kept


def in_another_module(source: Source) -> Changed | None:
    """The work is done one module further."""
    worker = _worker(source)
    if worker is None:
        return None
    path, module = source.neighbour("working")
    moved = ast.Module([*_needed(source, worker), worker], [])
    source.tree.body[source.tree.body.index(worker)] = ast.parse(
        f"from {module} import {worker.name}"
    ).body[0]
    return {
        source.path: source.rendered(),
        path: ast.unparse(ast.fix_missing_locations(moved)) + "\n",
    }


def two_modules_away(source: Source) -> Changed | None:
    """The work is done two modules further, through a function that only calls it."""
    worker = _worker(source)
    if worker is None:
        return None
    path, module = source.neighbour("working")
    between, name = source.neighbour("handling")
    moved = ast.Module([*_needed(source, worker), worker], [])
    given = ", ".join(one.arg for one in worker.args.args)
    is_async = isinstance(worker, ast.AsyncFunctionDef)
    handing = (
        f"from {module} import {worker.name}\n\n\n"
        f"{'async ' if is_async else ''}def handle({given}):\n"
        f"    {'await ' if is_async else ''}{worker.name}({given})\n"
    )
    source.tree.body[source.tree.body.index(worker)] = ast.parse(
        f"from {name} import handle as {worker.name}"
    ).body[0]
    return {
        source.path: source.rendered(),
        path: ast.unparse(ast.fix_missing_locations(moved)) + "\n",
        between: handing,
    }


def in_a_class(source: Source) -> Changed | None:
    """The work is a method of an object that is made beforehand and kept in a name."""
    worker = _worker(source)
    if worker is None:
        return None
    index = source.tree.body.index(worker)
    name = worker.name
    method = worker
    method.name = "run"
    method.args.args.insert(0, ast.arg("self"))
    holder = ast.parse("class Working:\n    def __init__(self):\n        self.done = 0").body[0]
    assert isinstance(holder, ast.ClassDef)
    holder.body.append(method)
    source.tree.body[index] = holder
    made = source.fresh("working")
    source.tree.body.insert(index + 1, ast.parse(f"{made} = Working()").body[0])
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
            node.func = ast.parse(f"{made}.run", mode="eval").body
        for keyword in getattr(node, "keywords", []):
            if isinstance(keyword.value, ast.Name) and keyword.value.id == name:
                keyword.value = ast.parse(f"{made}.run", mode="eval").body
    return {source.path: source.rendered()}


SINKS: dict[str, Transformation] = {
    "the work in another module": in_another_module,
    "the work two modules away": two_modules_away,
    "the work in a class": in_a_class,
}
