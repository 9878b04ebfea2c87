"""Literals of Python source: writing them, and telling what may be left out unread."""

from __future__ import annotations

import ast
import math
import re

from oncelint.model.values import Scalar
from oncelint.patches import CannotWrite

_DELIMITER = re.compile(r"([A-Za-z]{0,2})(\"\"\"|'''|\"|')")
_ESCAPES = {"\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}
_PURE_CALLS = {
    "os.environ.get",
    "os.getenv",
    "environ.get",
    "getenv",
    "str",
    "int",
    "float",
    "bool",
}
_PURE_NODES = (
    ast.Constant,
    ast.Name,
    ast.Attribute,
    ast.JoinedStr,
    ast.FormattedValue,
    ast.UnaryOp,
    ast.BinOp,
    ast.BoolOp,
    ast.Compare,
    ast.IfExp,
    ast.Tuple,
    ast.List,
    ast.Set,
    ast.Dict,
    ast.Lambda,
)


def written(value: Scalar, quote: str) -> str:
    """A literal for `value`; text in `quote`, `'` or `"`.

    Raises CannotWrite for a float that has no literal.
    """
    if isinstance(value, str):
        return quoted(value, quote)
    if isinstance(value, float) and not math.isfinite(value):
        raise CannotWrite(f"{value} has no literal")
    return repr(value)


def quoted(value: str, quote: str, prefix: str = "") -> str:
    """A string literal for `value` between `quote` (one or three characters).

    A raw literal stays raw as long as it can say the same, a bytes literal bytes.
    """
    body = "".join(_escaped(character, quote[0]) for character in value)
    if body != value:
        prefix = re.sub("[rR]", "", prefix)
    if "b" in prefix.lower() and not value.isascii():
        raise CannotWrite("the value is no ASCII text, which a bytes literal has to be")
    return f"{prefix}{quote}{body}{quote}"


def _escaped(character: str, quote: str) -> str:
    if character == quote:
        return "\\" + quote
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return (
        f"\\x{code:02x}" if code < 256 else f"\\u{code:04x}" if code < 65536 else f"\\U{code:08x}"
    )


def delimiters(literal: str) -> tuple[str, str]:
    """The prefix and the quote of a string literal; of the first of several that are joined."""
    match = _DELIMITER.match(literal)
    return (match.group(1), match.group(2)) if match else ("", '"')


def changed(old: str, value: Scalar, text: bool, quote: str) -> str:
    """The literal that takes the place of the literal `old`; `old` itself where it says the same.

    With `text`, text stays text: booleans take the old one's case, numbers their digits. `quote`
    is for text where `old` is none.

    Raises CannotWrite for a value that cannot be text where text is wanted.
    """
    now = ast.literal_eval(f"({old})")  # it may go over several lines
    if not isinstance(now, (str, bytes)):
        same = type(now) is type(value) and now == value
        return old if same else _grouped(old, value) or written(value, quote)
    if text:
        value = _as_text(now.decode("latin-1") if isinstance(now, bytes) else now, value)
    if not isinstance(value, str):
        return written(value, quote)
    if now == value or now == value.encode():
        return old
    prefix, own_quote = delimiters(old)
    return quoted(value, own_quote, prefix)


def _grouped(old: str, value: Scalar) -> str | None:
    """A number with its digits in groups, where the old one has them so: `900_000`."""
    if "_" not in old or not isinstance(value, int) or isinstance(value, bool):
        return None
    return f"{value:_}"


def _as_text(now: str, value: Scalar) -> str:
    if value is None:
        raise CannotWrite("the setting is text there, and None has no text")
    if isinstance(value, bool):
        word = str(value)
        return {"True": word, "False": word, "TRUE": word.upper(), "FALSE": word.upper()}.get(
            now, word.lower()
        )
    return str(value)


def is_pure(expression: str) -> bool:
    """Whether an expression may be left out unevaluated: literals, names, attributes, displays
    and operators of those, and a look into the environment."""
    pending: list[ast.AST] = [ast.parse(f"({expression}\n)", mode="eval").body]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.Call):
            if dotted(node.func) not in _PURE_CALLS:
                return False
            pending += [*node.args, *(keyword.value for keyword in node.keywords)]
        elif isinstance(node, ast.Subscript):
            if dotted(node.value) not in ("os.environ", "environ"):
                return False
            pending.append(node.slice)
        elif isinstance(node, _PURE_NODES):
            if not isinstance(node, ast.Lambda):
                pending += (c for c in ast.iter_child_nodes(node) if isinstance(c, ast.expr))
        else:
            return False
    return True


def dotted(node: ast.expr) -> str | None:
    """`a.b.c` of a name or an attribute of names."""
    names: list[str] = []
    while isinstance(node, ast.Attribute):
        names.append(node.attr)
        node = node.value
    if not isinstance(node, ast.Name):
        return None
    return ".".join((node.id, *reversed(names)))
