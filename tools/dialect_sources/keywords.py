"""What the clients configured by Python keyword arguments share: names, literals and types, read with `ast`.

The sources are parsed, never imported, so every release can be read whatever Python it was written for.
"""

import ast
from typing import Any

VERSION_MARK = "{version}"
"""Stands for the client's own version inside a default such as kafka-python's client id."""

OPAQUE = object()
"""A default that is an object of the client's own (a class, a callable, a set of sockets options)."""

_CANONICAL = {
    # aiokafka's name for what Kafka calls batch.size.
    "max_batch_size": "batch.size",
}

_STRINGS = frozenset(
    {
        "api_version",
        "client_id",
        "client_rack",
        "group_id",
        "group_instance_id",
        "proxy_url",
        "sasl_kerberos_domain_name",
        "sasl_kerberos_name",
        "sasl_mechanism",
        "sasl_plain_username",
        "socks5_proxy",
        "ssl_cafile",
        "ssl_certfile",
        "ssl_ciphers",
        "ssl_crlfile",
        "ssl_keyfile",
        "transactional_id",
    }
)
_INTEGERS = frozenset(
    {
        "max_poll_records",
        "rebalance_timeout_ms",
        "receive_buffer_bytes",
        "retries",
        "consumer_timeout_ms",
        "send_buffer_bytes",
    }
)
_CALLABLES = frozenset(
    {
        "default_offset_commit_callback",
        "kafka_client",
        "key_deserializer",
        "key_serializer",
        "partitioner",
        "sasl_oauth_token_provider",
        "selector",
        "value_deserializer",
        "value_serializer",
    }
)
_ANYTHING = frozenset({"api_version", "loop", "ssl_context"})
_LISTS = frozenset({"bootstrap_servers"})


def canonical_name(keyword: str) -> str:
    """Kafka's dotted name of a keyword argument, for instance `enable_idempotence`."""
    return _CANONICAL.get(keyword, keyword.replace("_", "."))


def setting_type(keyword: str, default: Any, values: tuple[Any, ...] | None) -> str:
    """The type of a setting, by its name where the default does not tell.

    Args:
        keyword: the client's own spelling.
        default: what `literal` made of the declared default.
        values: the values the client accepts by name, if it names them.
    """
    for names, kind in (
        (_ANYTHING, "any"),
        (_CALLABLES, "callable"),
        (_INTEGERS, "int"),
        (_LISTS, "list"),
    ):
        if keyword in names:
            return kind
    if keyword.endswith("_password"):
        return "password"
    if values is not None:
        return "enum"
    if keyword in _STRINGS:
        return "string"
    if isinstance(default, bool):
        return "boolean"
    for python_type, kind in ((int, "int"), (float, "float"), (str, "string"), (list, "list")):
        if isinstance(default, python_type):
            return kind
    return "any"


def json_default(default: Any) -> Any:
    """A default as the tables hold it: objects become null, and so do lists that hold objects."""
    if default is OPAQUE or (isinstance(default, list) and any(x is OPAQUE for x in default)):
        return None
    return default


def literal(node: ast.expr) -> Any:
    """Evaluate the few expressions that defaults are written with.

    Numbers, strings, booleans, None, arithmetic, tuples and lists (as lists), an empty set, infinity
    (as the string "inf") and the client's `__version__` (as VERSION_MARK). Everything else is OPAQUE.
    """
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id="__version__"):
            return VERSION_MARK
        case ast.Tuple(elts=elements) | ast.List(elts=elements):
            return [OPAQUE if _holds_object(x) else literal(x) for x in elements]
        case ast.Call(func=ast.Name(id="float"), args=[ast.Constant(value="inf")]):
            return "inf"
        case ast.Call(func=ast.Name(id="set"), args=[]):
            return []
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = literal(operand)
            return -value if isinstance(value, (int, float)) else OPAQUE
        case ast.BinOp(left=left, op=operator, right=right):
            return _arithmetic(literal(left), operator, literal(right))
    return OPAQUE


def _holds_object(node: ast.expr) -> bool:
    value = literal(node)
    return value is OPAQUE or (isinstance(value, list) and any(x is OPAQUE for x in value))


def _arithmetic(left: Any, operator: ast.operator, right: Any) -> Any:
    if isinstance(left, str) and isinstance(right, str) and isinstance(operator, ast.Add):
        return left + right
    if isinstance(left, (int, float)) and isinstance(right, (int, float)):
        match operator:
            case ast.Mult():
                return left * right
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Pow():
                return left**right
    return OPAQUE
