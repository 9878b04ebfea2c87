"""What a type annotation says of the values that may stand beside it."""

from __future__ import annotations

import ast

from oncelint.model.values import Scalar

_MAPPINGS = frozenset({"dict", "Dict", "Mapping", "MutableMapping"})
_TYPES: dict[str, type] = {"int": int, "str": str, "bool": bool, "float": float}


def admits(annotation: str, value: Scalar) -> bool:
    """Whether a value is of an annotated type; True where the annotation names one that is not
    known here.

    `int` takes no text, `int | str` does, `Literal[0, 1, "all"]` takes what it lists.
    """
    try:
        tree = ast.parse(annotation, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return admits(tree.value, value)  # an annotation in quotes
    return _admits(tree, value)


def value_type(annotation: str) -> str | None:
    """The annotation of the values of an annotated dict: `str` of `dict[str, str]`; None where
    that cannot be told."""
    try:
        tree = ast.parse(annotation, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return value_type(tree.value)
    if not isinstance(tree, ast.Subscript) or _name(tree.value) not in _MAPPINGS:
        return None
    inner = tree.slice.elts if isinstance(tree.slice, ast.Tuple) else []
    return ast.unparse(inner[1]) if len(inner) == 2 else None


def is_mapping(annotation: str) -> bool:
    """Whether an annotation is one of the types that any dict is of."""
    try:
        tree = ast.parse(annotation, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return True
    if isinstance(tree, ast.Constant) and isinstance(tree.value, str):
        return is_mapping(tree.value)
    node = tree.value if isinstance(tree, ast.Subscript) else tree
    return _name(node) in (*_MAPPINGS, "Any", "object", "Final", "ClassVar", "")


def _admits(node: ast.expr, value: Scalar) -> bool:
    if isinstance(node, ast.BinOp):
        return _admits(node.left, value) or _admits(node.right, value)
    if isinstance(node, ast.Subscript):
        name = _name(node.value)
        inner = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
        if name == "Literal":
            listed = [one.value for one in inner if isinstance(one, ast.Constant)]
            return any(one == value and type(one) is type(value) for one in listed)
        if name == "Annotated":
            return _admits(inner[0], value)
        if name in ("Union", "Optional", "Final", "ClassVar"):
            return (name == "Optional" and value is None) or any(_admits(i, value) for i in inner)
        return True
    if isinstance(node, ast.Constant) and node.value is None:
        return value is None
    name = _name(node)
    if name not in _TYPES:
        return True
    if isinstance(value, bool) or value is None:
        return name == "bool" and value is not None
    return isinstance(value, _TYPES[name]) or (name == "float" and isinstance(value, int))


def _name(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""
