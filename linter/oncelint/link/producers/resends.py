"""Records that a program produces again when their delivery failed.

Only failures of the delivery count: what produce() raises by itself (a full queue, a record that is
too large or cannot be serialised) was never handed to the client's sender. confluent-kafka reports
deliveries to a callback alone; kafka-python's send() gives a future, aiokafka's send() one that is
awaited after the coroutine.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from oncelint.flow.trace import Use
from oncelint.link.outline import (
    Level,
    Node,
    Outline,
    dotted,
    imports,
    last_name,
    names,
    same,
    span,
    walk,
)
from oncelint.model import ir
from oncelint.model.pipelines import Resend
from oncelint.model.project import Step
from oncelint.model.values import Span

_DEPTH = 3
# Raised before a record is handed over, or by a broker that did not write it.
_NOT_WRITTEN = frozenset(
    {"BufferError", "ValueError", "TypeError", "KeyError", "AttributeError", "AssertionError"}
    | {"MessageSizeTooLargeError", "RecordTooLargeError", "SerializationError", "UnicodeError"}
    | {"ValueSerializationError", "KeySerializationError", "JSONDecodeError", "UnicodeEncodeError"}
    | {"NoBrokersAvailable", "ProducerClosed", "BufferExhausted", "BufferErrorException"}
    | {"TopicAuthorizationFailedError", "UnicodeDecodeError", "MessageSizeTooLarge"}
    | {"LeaderNotAvailableError", "NotLeaderForPartitionError", "UnknownTopicOrPartitionError"}
    | {"NotEnoughReplicasError", "InvalidTopicError", "KafkaConnectionError"}
)
_CODES_BEFORE = ("QUEUE_FULL", "MSG_SIZE", "TOO_LARGE", "SERIALIZATION")
_RETRIES = frozenset({"retry", "on_exception", "async_retry", "retry_on_exception"})
_CALLBACKS = frozenset({"callback", "on_delivery"})
_LIBRARIES = frozenset({"kafka", "aiokafka", "confluent_kafka"})
_WAITS = frozenset({"get", "result"})

Write = tuple[Use, tuple[Level, ...]]


def resends_of(writes: Sequence[Write], dialect: str) -> Iterator[Resend]:
    """The records of one producer that are sent again after their delivery failed.

    `writes` are its send calls with the calls that lead there.
    """
    seen: set[tuple[Span, Span]] = set()
    for _, way in writes:
        if not way:
            continue
        found = [*_in_callback(way[-1], writes)]
        if dialect != "librdkafka" and _waited(way[-1]):
            found.extend(_after_wait(way))
        for one in found:
            if (one.first, one.handler) not in seen:
                seen.add((one.first, one.handler))
                yield one


def _after_wait(way: Sequence[Level]) -> Iterator[Resend]:
    """What is sent again by the code that waited for the first delivery."""
    for level in list(reversed(way))[:_DEPTH]:
        found = _around(level, way[-1].span)
        if found is not None:
            yield found
            return
        if _looped_here(level):
            return


def _looped_here(level: Level) -> bool:
    """Whether the call is one of many in its function: what repeats that repeats a batch."""
    return next(level.outline.loops_around(level.call), None) is not None


def _around(level: Level, first: Span) -> Resend | None:
    """What the code around a call does when it fails, in the function of the call."""
    outline, call = level.outline, level.call
    for holder, child in outline.around(call):
        if isinstance(holder, (ir.Function, ir.Lambda)):
            break
        if not isinstance(holder, ir.Try) or not any(child is one for one in holder.body):
            continue
        if _transactional(holder.body):
            return None
        for handler in holder.handlers:
            if not _catches_failures(outline, handler) or _transactional(handler.body):
                continue
            found = _again_in(level, handler, first) or _next_round(level, holder, handler, first)
            if found is not None:
                return found
        if any(_catches_failures(outline, one) for one in holder.handlers):
            return None  # the failure ends here
    return _retried(level, first)


def _again_in(level: Level, handler: ir.Handler, first: Span) -> Resend | None:
    """The same call once more in a handler, or the function calling itself."""
    outline, call, function = level.outline, level.call, level.function
    for stmt in handler.body:
        for node in walk(stmt):
            if not isinstance(node, ir.Call):
                continue
            itself = (
                isinstance(function, ir.Function)
                and last_name(node.func) == function.name
                and _passes_on(node, call)
            )
            if same(node.func, call.func) and same(node.args, call.args):
                itself = True
            if itself:
                return _resend(first, outline.span(node), _line(outline, handler))
    return None


def _passes_on(again: ir.Call, call: ir.Call) -> bool:
    """Whether a recursive call is given what the first one was."""
    given = {name for one in again.args for name in names(one)}
    given |= {name for one in again.keywords for name in names(one.value)}
    sent = {name for one in call.args for name in names(one)} - {"self"}
    sent |= {name for one in call.keywords for name in names(one.value)} - {"self"}
    return bool(sent & given)


def _next_round(level: Level, attempt: ir.Try, handler: ir.Handler, first: Span) -> Resend | None:
    """A loop that ends with the first success, and whose next round sends the same again."""
    outline, call = level.outline, level.call
    loop = next(outline.loops_around(attempt), None)
    if loop is None or any(_ends(one) for one in handler.body):
        return None
    if next(outline.loops_around(call), None) is not loop:
        return None  # many records in one attempt, which a loop inside sends
    own = [*call.args, *(one.value for one in call.keywords)]
    sent = {name for one in own for name in names(one)}
    if sent & _assigned(loop):
        return None
    if not (_ends_after(outline, loop, call) or _flagged(loop, attempt)):
        return None
    return _resend(first, level.span, _line(outline, handler))


def _assigned(loop: ir.Loop) -> set[str]:
    """The names a loop's rounds give other values."""
    found = names(loop.target) if loop.target is not None else set()
    for stmt in loop.body:
        for node in walk(stmt):
            if isinstance(node, ir.Assign):
                found |= {one.id for one in node.targets if isinstance(one, ir.Name)}
                for target in node.targets:
                    if isinstance(target, ir.ListDisplay):
                        found |= names(target)
            elif isinstance(node, ir.Loop) and node.target is not None:
                found |= names(node.target)
    return found


def _ends_after(outline: Outline, loop: ir.Loop, call: ir.Call) -> bool:
    """Whether the loop is left once the call has succeeded."""
    for holder, child in outline.around(call):
        if isinstance(holder, ir.Return):
            return True
        for name in ("body", "orelse"):
            block = getattr(holder, name, None)
            if not isinstance(block, tuple) or not any(child is one for one in block):
                continue
            after = block[[child is one for one in block].index(True) + 1 :]
            if any(_leaves(one) for one in after):
                return True
            if isinstance(holder, ir.Try) and any(_leaves(one) for one in holder.orelse):
                return True
        if holder is loop:
            return False
    return False


def _leaves(stmt: Node) -> bool:
    return isinstance(stmt, ir.Return) or (isinstance(stmt, ir.Jump) and stmt.kind == "break")


def _flagged(loop: ir.Loop, attempt: ir.Try) -> bool:
    """Whether success sets what the loop's condition waits for."""
    if loop.test is None:
        return False
    waited = names(loop.test)
    return any(
        isinstance(one, ir.Assign)
        and isinstance(one.value, ir.Const)
        and isinstance(one.value.value, bool)
        and any(isinstance(target, ir.Name) and target.id in waited for target in one.targets)
        for one in (*attempt.body, *attempt.orelse)
    )


def _ends(stmt: Node) -> bool:
    """Whether a statement of a handler leaves the loop whatever happened."""
    return isinstance(stmt, (ir.Raise, ir.Return)) or (
        isinstance(stmt, ir.Jump) and stmt.kind == "break"
    )


def _retried(level: Level, first: Span) -> Resend | None:
    """A decorator that calls the function again when it raises."""
    function = level.function
    if not isinstance(function, ir.Function) or _looped_here(level):
        return None
    if _transactional(function.body):
        return None
    for decorator in function.decorators:
        if last_name(decorator.func if isinstance(decorator, ir.Call) else decorator) in _RETRIES:
            types = {last_name(one) for one in walk(decorator)} & _NOT_WRITTEN
            if not types:
                at = level.outline.span(decorator)
                return _resend(first, first, at, "medium")
    return None


def _catches_failures(outline: Outline, handler: ir.Handler) -> bool:
    """Whether a handler catches what a failed delivery raises: everything, a timeout, or an error
    of the client's library that leaves open whether the record was written."""
    if not handler.types:
        return True
    for kind in handler.types:
        name = last_name(kind) or ""
        if name in _NOT_WRITTEN:
            continue
        if name in ("Exception", "BaseException") or "Kafka" in name or "Timeout" in name:
            return True
        first = dotted(kind).partition(".")[0]
        if any(
            one.alias == first and one.module.partition(".")[0] in _LIBRARIES
            for one in imports(outline)
        ):
            return True
    return False


def _transactional(body: Iterable[Node]) -> bool:
    """Whether a transaction is begun or aborted, so that a first attempt does not count."""
    for stmt in body:
        for node in walk(stmt):
            if isinstance(node, ir.Call):
                name = last_name(node.func)
                if name in ("begin_transaction", "abort_transaction", "transaction"):
                    return True
    return False


def _waited(level: Level) -> bool:
    """Whether the code of a send waits for its delivery, so that its failure is raised here."""
    parent, awaited = level.outline.parent(level.call), 0
    while isinstance(parent, ir.Await):
        parent, awaited = level.outline.parent(parent), awaited + 1
    if awaited > 1 or (awaited and last_name(level.call.func) == "send_and_wait"):
        return True
    if isinstance(parent, ir.Attribute):
        return parent.name in _WAITS
    if isinstance(parent, ir.Call) and last_name(parent.func) == "wait_for":
        return last_name(level.call.func) == "send_and_wait"
    if not isinstance(parent, ir.Assign) or level.function is None:
        return False
    kept = {one.id for one in parent.targets if isinstance(one, ir.Name)}
    for one in walk(level.function):
        if isinstance(one, ir.Attribute) and one.name in _WAITS and names(one.base) & kept:
            return True
        if isinstance(one, ir.Await) and isinstance(one.value, ir.Name) and one.value.id in kept:
            return True
    return False


# Delivery callbacks ---------------------------------------------------------------------------


def _in_callback(level: Level, writes: Sequence[Write]) -> Iterator[Resend]:
    """A send in a delivery callback, of the record that callback says has failed."""
    function, outline = level.function, level.outline
    if not isinstance(function, ir.Function):
        return
    params = [one.name for one in function.params if one.name not in ("self", "cls")]
    if not params or not _is_callback(outline, function):
        return
    branch = _error_branch(outline, level.call, params[0])
    errback = branch is None and _is_errback(outline, function)
    if branch is None and not errback:
        return
    if branch is not None and _local_code(branch):
        return
    firsts = [way[-1] for _, way in writes if way and way[-1].function is not function]
    original = next((one for one in firsts if _same_record(one.call, level.call)), None)
    message = params[1] if len(params) > 1 else None
    repeats = message is not None and _repeats(level.call, message)
    if original is None and not repeats:
        return
    first = original or next(
        (one for one in firsts if function.name in {last_name(node) for node in walk(one.call)}),
        level,
    )
    handler = branch if branch is not None else function
    yield _resend(first.span, level.span, _line(outline, handler))


def _is_callback(outline: Outline, function: ir.Function) -> bool:
    """Whether a function is given to a send as what is called with its result."""
    for call in outline.calls:
        for keyword in call.keywords:
            if keyword.name in _CALLBACKS and _means(keyword.value, function):
                return True
        if _registers(call) and any(_means(one, function) for one in call.args):
            return True
        at = 4
        if last_name(call.func) == "produce" and len(call.args) > at:
            if _means(call.args[at], function):
                return True
    return False


def _registers(call: ir.Call) -> bool:
    return last_name(call.func) in ("add_errback", "add_callback", "add_both", "add_done_callback")


def _is_errback(outline: Outline, function: ir.Function) -> bool:
    return any(
        last_name(call.func) == "add_errback" and any(_means(one, function) for one in call.args)
        for call in outline.calls
    )


def _means(node: Node, function: ir.Function) -> bool:
    if isinstance(node, ir.Call):  # partial(function, …)
        return (
            bool(node.args) and last_name(node.func) == "partial" and _means(node.args[0], function)
        )
    if isinstance(node, ir.Lambda):
        body = node.body
        return isinstance(body, ir.Call) and last_name(body.func) == function.name
    return isinstance(node, (ir.Name, ir.Attribute)) and last_name(node) == function.name


def _error_branch(outline: Outline, call: ir.Call, error: str) -> ir.If | None:
    """The `if` that leads to a call only when there is an error."""
    for holder, child in outline.around(call):
        if isinstance(holder, ir.Function):
            return None
        if not isinstance(holder, ir.If) or error not in names(holder.test):
            continue
        absent = _tests_absence(holder.test)
        in_body = any(child is one for one in holder.body)
        if in_body != absent:
            return holder
    return None


def _tests_absence(test: Node) -> bool:
    """`err is None`, `not err`."""
    if isinstance(test, ir.Other) and test.kind == "not":
        return True
    return (
        isinstance(test, ir.Binary)
        and test.op in ("is", "==")
        and isinstance(test.right, ir.Const)
        and test.right.value is None
    )


def _local_code(branch: ir.If) -> bool:
    """Whether the code of the error is one of a record that was never sent."""
    for node in (*walk(branch.test), *(one for stmt in branch.body for one in walk(stmt))):
        if isinstance(node, ir.Attribute) and any(code in node.name for code in _CODES_BEFORE):
            return True
    return False


def _same_record(one: ir.Call, other: ir.Call) -> bool:
    """Whether two sends give the same values to the same topic."""
    if not one.args or not other.args or not same(one.func, other.func):
        return False
    if not same(one.args, other.args):
        return False
    wanted = {k.name: k.value for k in one.keywords if k.name not in _CALLBACKS}
    given = {k.name: k.value for k in other.keywords if k.name not in _CALLBACKS}
    return wanted.keys() == given.keys() and all(same(wanted[n], given[n]) for n in wanted)


def _repeats(call: ir.Call, message: str) -> bool:
    """Whether a send takes topic and value from the failed message."""
    topic = next((k.value for k in call.keywords if k.name == "topic"), None)
    if topic is None and call.args:
        topic = call.args[0]
    if topic is None or dotted(topic) != f"{message}.topic":
        return False
    own = [*call.args[1:], *(one.value for one in call.keywords)]
    return any(dotted(node) == f"{message}.value" for one in own for node in walk(one))


def _line(outline: Outline, node: Node) -> Span:
    """The first line of a handler, a branch or a function."""
    line, column = node.place[:2]
    shown = getattr(node, "test", None)
    if shown is not None:
        return span(outline.path, (line, column, shown.place[2], shown.place[3]))
    word = {"Handler": "except", "Function": "def"}.get(type(node).__name__, "if")
    return span(outline.path, (line, column, line, column + len(word)))


def _resend(first: Span, again: Span, handler: Span, confidence: str = "high") -> Resend:
    path = (
        Step(first, "sent here"),
        Step(handler, "its delivery fails here"),
        Step(again, "sent again here"),
    )
    return Resend(first, again, handler, path, "medium" if confidence == "medium" else "high")
