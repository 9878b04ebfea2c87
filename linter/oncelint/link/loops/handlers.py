"""What handlers of failures do, and which effect a story has first."""

from __future__ import annotations

import re
from collections.abc import Mapping

from oncelint.flow.story import (
    Fork,
    Leaves,
    Story,
    nodes,
)
from oncelint.flow.trace import Execution, Use
from oncelint.flow.values import Foreign
from oncelint.model.pipelines import Effect

# What keeps a record that failed, by its name: a table or queue of its own.
APART = re.compile(
    r"err|fail|dead|dlq|dlt|reject|retry|retri|park|quarant|poison|invalid|log", re.I
)


def tells_apart(handler: Story) -> bool:
    """Whether a handler raises again what it does not tolerate, and goes on with the rest."""
    return any(
        isinstance(node, Fork)
        and any(
            isinstance(one, Leaves) and one.kind == "raise"
            for _, body in node.branches
            for one in body
        )
        for node in handler
    )


# Functions whose name says that they only tell somebody.
QUIET = re.compile(r"log|print|metric|capture|trac|stat|alert|notif|count|observ|report", re.I)


def tells_somebody(node: Execution) -> bool:
    """Whether a call only writes to the console, as a management command's self.stderr does."""
    receiver = node.receiver
    return isinstance(receiver, Foreign) and receiver.path.endswith((".stderr", ".stdout"))


def first_effect(story: Story, effects: Mapping[int, Effect]) -> Effect | None:
    return next((effects[id(node)] for node in nodes(story) if id(node) in effects), None)


# Managers that begin a transaction of a database and commit it at their end: SQLAlchemy's and
# asyncpg's, psycopg's, Django's.
BEGINS = (".begin()", ".transaction()", "transaction.atomic()")


def holder(node: Execution) -> tuple[str, object] | None:
    """What tells the connection or session of a call from others."""
    receiver = node.receiver
    if not isinstance(receiver, Foreign):
        return None
    return receiver.path.partition("()")[0], receiver.made_from


def library_of(node: Use | Execution) -> str:
    if isinstance(node, Use):
        return "kafka"
    from oncelint.link.sinks.origins import origin  # the sinks' package loads what it recognises

    return origin(node.receiver) or ""
