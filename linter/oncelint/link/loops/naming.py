"""What a sink is called in a sentence."""

from __future__ import annotations

from oncelint.model.sinks import Sink


def named(sink: Sink) -> str:
    """A sink in a sentence: `the INSERT into payments`, `the POST`, `the put to orders`."""
    where = sink.table or sink.target
    if sink.kind == "table":
        verb = {
            "orm-add": "add",
            "orm-create": "create",
            "orm-upsert": "upsert",
            "orm-update": "update",
        }.get(sink.operation, sink.operation.upper())
        into = {"UPDATE": "of", "DELETE": "from", "update": "of"}.get(verb, "into")
        return f"the {verb}" + (f" {into} {where}" if where else "")
    if sink.kind in ("http", "payment"):
        verb = sink.operation.upper() if sink.operation in _HTTP else sink.operation
        return f"the {verb}" + (f" to {where}" if where else f" through {sink.library}")
    if sink.kind == "mail":
        return "the mail"
    return f"the {sink.operation}" + (f" to {where}" if where else f" through {sink.library}")


_HTTP = frozenset({"post", "put", "patch", "delete", "get"})
