"""Objects and blobs under names, and files that are appended to."""

from __future__ import annotations

import re

from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, File, Foreign
from oncelint.frameworks.python.calls import OBSERVES_NAME
from oncelint.link.sinks.arguments import (
    made_from,
    text,
    way,
)
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.stores.case import Case, target_of
from oncelint.link.sinks.written import handles_failure


def s3(case: Case) -> Partial | None:
    if case.does.operation == "lookup":
        return None
    if case.method == "put":  # Object(bucket, key).put(…)
        values = made_from(case.execution.receiver)
        return _object(case, values[-1] if values else None, "Key")
    value = case.get("Key")
    if value is None:
        value = case.get(case.does.identity)
    if value is None and "Bucket()" in case.path:
        value = case.get("Key:1")
    return _object(case, value, "Key")


def _object(case: Case, value: Abs | None, name: str) -> Partial:
    identity = case.source(value)
    operation = case.does.operation
    if operation == "put" and identity.repeats() is False:
        operation = "insert"
    return case.partial(operation, identity=identity, name=name, target=target_of(case))


# Google --------------------------------------------------------------------------------------------


def blob(case: Case) -> Partial | None:
    """bucket.blob(name).upload_from_string(…): the name is the last thing it is made from."""
    if not case.path.endswith("blob()"):
        return None
    values = made_from(case.execution.receiver)
    return _object(case, values[-1] if values else None, "the blob's name")


# Files ---------------------------------------------------------------------------------------------

_WRITES = frozenset({"write", "writelines", "writerow", "writerows"})


# Files that tell what went on, and are nobody's data.
_LOG = re.compile(r"\.log$|(?:error|fail|debug|dead)[^/]*$", re.I)


_INTO = frozenset({"json.dump", "pickle.dump", "csv.writer()", "csv.DictWriter()"})


def appended(machine: Machine, execution: Execution) -> Partial | None:
    """What is written to a file that was opened to be appended to; logs and notes of failures left
    out."""
    receiver = execution.receiver
    path = way(receiver)
    if path in _INTO:
        values = execution.args[1:2] if path == execution.method else made_from(receiver)[:1]
        receiver = values[0] if values else receiver
    elif execution.method not in _WRITES:
        return None
    mode, name = _opened(receiver)
    if not mode.startswith("a") or handles_failure(machine, execution):
        return None
    function = execution.path[-1].label.removeprefix("calls ") if execution.path else ""
    if _LOG.search(name or "") or OBSERVES_NAME.match(function):
        return None
    return Partial(library="open()", operation="append", kind="object", target=name)


def _opened(value: Abs) -> tuple[str, str | None]:
    """How a file was opened, and its name as far as it is known."""
    if isinstance(value, File):
        return value.mode, value.path
    if isinstance(value, Foreign) and value.path == "open()" and len(value.made_from) > 1:
        return text(value.made_from[1]) or "", text(value.made_from[0])
    return "", None
