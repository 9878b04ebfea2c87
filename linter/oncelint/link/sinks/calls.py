"""Calls to the outside: HTTP, payments, mail and queues other than Kafka."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from oncelint.flow.library.running import TASK
from oncelint.flow.machine import Machine
from oncelint.flow.trace import Execution
from oncelint.flow.values import Abs, Foreign, Items, Lit, Phi, Unk, describe
from oncelint.frameworks.python.calls import (
    ASKS_PATH,
    ASKS_WORDS,
    AWS_CALLS,
    BY_ID,
    DOES_NAME,
    HTTP_BODIES,
    HTTP_HEADERS,
    HTTP_METHODS,
    HTTP_PACKAGES,
    HTTP_REQUESTS,
    KEY_FIELD,
    KEY_HEADER,
    OBSERVES_NAME,
    READS_NAME,
    SERVICES,
    Calls,
    Service,
)
from oncelint.frameworks.python.stores import AWS_PACKAGES
from oncelint.link.sinks.arguments import (
    argument,
    comes_from,
    entries,
    is_given,
    made_from,
    parts,
    text,
    way,
    whole,
)
from oncelint.link.sinks.partial import Partial
from oncelint.link.sinks.sources import UNKNOWN, source_of
from oncelint.link.sinks.written import handles_failure, keywords_of, stands_alone
from oncelint.model.sinks import SinkKind, Source


@dataclass(frozen=True, slots=True)
class _Key:
    """By what the other side can tell a repetition, and what it is called there."""

    source: Source
    name: str


def recognise(machine: Machine, execution: Execution) -> Partial | None:
    """A request, payment, mail or message that another system receives.

    What only asks (searches, logins, predictions, telemetry) is none, and neither is what tells
    people of a failure.
    """
    path = way(execution.receiver)
    if not path:
        return None
    if path == TASK:
        # what the task does is followed, and judged where it is done
        return Partial(library="a task queue", operation="send", kind="queue", guard="a task")
    found: Partial | None
    if comes_from(path, HTTP_PACKAGES):
        found = _http(machine, execution, path)
    elif comes_from(path, AWS_PACKAGES):
        found = _aws(machine, execution)
    else:
        found = _service(machine, execution, path)
    if found is not None and found.operation in ("post", "call", "send"):
        if handles_failure(machine, execution):
            return None
    return found


# HTTP ----------------------------------------------------------------------------------------------


def asked(execution: Execution) -> str | None:
    """The address that an HTTP GET asks; None for any other call."""
    receiver = execution.receiver
    path = receiver.path if isinstance(receiver, Foreign) else execution.method
    if execution.method.rpartition(".")[2] != "get" or not comes_from(path, HTTP_PACKAGES):
        return None
    return _shown(_address(argument(execution, "url:0")))


_HOST = re.compile(r"^(?:[a-z+]+://)?([^/{}]*)", re.I)


def _http(machine: Machine, execution: Execution, path: str) -> Partial | None:
    verb, url, bodies = _request(machine, execution)
    if verb is None:
        return None
    address = _address(url)
    library = next(one for one in HTTP_PACKAGES if comes_from(path, (one,)))
    if verb == "post":
        if address is not None and BY_ID.search(address):
            verb = "put"
        elif _asks(machine, execution, url, address, bodies) or (
            address is None and _is_read(machine, execution)
        ):
            return None
    key = _http_key(machine, execution, bodies)
    seen = [one for one in bodies if entries(one)]
    return Partial(
        library=library,
        operation=verb,
        kind="http",
        certain=address is not None and bool(seen) and all(whole(one) for one in seen),
        target=_shown(address),
        identity=key.source if key is not None else None,
        identity_name=key.name if key is not None else "",
    )


def _request(
    machine: Machine, execution: Execution
) -> tuple[str | None, Abs | None, tuple[Abs, ...]]:
    """The HTTP method in lower case (None: no request that writes), the URL and the bodies."""
    method = execution.method.rpartition(".")[2]
    given = dict(execution.keywords)
    bodies = tuple(_unpacked(given[name]) for name in HTTP_BODIES if name in given)
    if method in HTTP_METHODS:
        positional = tuple(_unpacked(one) for one in execution.args[1:3])
        return HTTP_METHODS[method], argument(execution, "url:0"), (*bodies, *positional)
    if method == "urlopen" and execution.method == "urllib.request.urlopen":
        return _opened(machine, execution, bodies)
    if method in HTTP_REQUESTS:
        named, url = HTTP_REQUESTS[method]
        verb = (text(argument(execution, named)) or "").lower()
        positional = tuple(_unpacked(one) for one in execution.args[2:3])
        return HTTP_METHODS.get(verb), argument(execution, url), (*bodies, *positional)
    return None, None, ()


def _opened(
    machine: Machine, execution: Execution, bodies: tuple[Abs, ...]
) -> tuple[str | None, Abs | None, tuple[Abs, ...]]:
    """urlopen(url, data) and urlopen(Request(url, data, headers, method=…))."""
    value = argument(execution, "url:0")
    if not (isinstance(value, Foreign) and value.path.endswith("Request()")):
        data = argument(execution, "data:1")
        return ("post" if is_given(data) else None), value, bodies
    named = keywords_of(machine, value)
    positional = value.made_from[: len(value.made_from) - len(named)]
    verb = (text(named.get("method")) or "").lower()
    data = named.get("data", positional[1] if len(positional) > 1 else None)
    if not verb:
        verb = "post" if is_given(data) else "get"
    url = named.get("url", positional[0] if positional else None)
    return HTTP_METHODS.get(verb), url, (_unpacked(data),) if data is not None else ()


def _unpacked(value: Abs) -> Abs:
    """The dict that was dumped to JSON, form data or a message's text."""
    if isinstance(value, Foreign) and re.search(r"dumps\(\)|urlencode\(\)|encoder\(\)", value.path):
        return next((one for one in value.made_from if isinstance(one, Items)), value)
    return value


def _address(value: Abs | None) -> str | None:
    """The URL as far as it is known; None when nothing of its path is."""
    if isinstance(value, Phi):
        return next(filter(None, (_address(one) for _, one in value.branches)), None)
    found = text(value)
    if found is None and isinstance(value, Foreign):
        found = next(filter(None, map(text, reversed(value.made_from))), None)
    return found if found and re.search(r"[A-Za-z]{2}", re.sub(r"\{[^}]*\}", "", found)) else None


def _shown(address: str | None) -> str | None:
    """An address without what may be secret in it: a password, a query, a webhook's token."""
    if address is None:
        return None
    bare = re.sub(r"//[^/@]*@", "//", address.partition("?")[0])
    return re.sub(r"(hooks\.[\w.]+/[\w-]+|/webhooks?)/.*", r"\1/…", bare)


def _asks(
    machine: Machine,
    execution: Execution,
    url: Abs | None,
    address: str | None,
    bodies: Iterable[Abs],
) -> bool:
    """Whether a POST only asks: by its path, its host, the names around it, or its query."""
    query = next((text(entries(one).get("query")) for one in bodies if "query" in entries(one)), "")
    if query and query.lstrip().lower().startswith("mutation"):
        return False
    if query or (address is None and query is None):
        return True
    if address is not None:
        bare = address.partition("?")[0]
        tail = "/".join([one for one in _HOST.sub("", bare, count=1).split("/") if one][-2:])
        if ASKS_PATH.search("/" + tail):
            return True
        host = _HOST.match(bare)
        if host is not None and ASKS_WORDS.search(host.group(1)):
            return True
    if url is not None and any(
        isinstance(one, Unk) and ASKS_WORDS.search(describe(one)) for one in parts(url)
    ):
        return True
    if isinstance(url, Phi) and ASKS_WORDS.search(url.choice):
        return True
    if address is not None and any(
        ASKS_WORDS.search(hole) for hole in re.findall(r"\{([^}]+)\}", address) if hole != "record"
    ):
        return True
    name = execution.path[-1].label.removeprefix("calls ") if execution.path else ""
    if OBSERVES_NAME.match(name):
        return True
    return bool(READS_NAME.match(name)) and not stands_alone(machine, execution.at)


_READING = frozenset({"json", "text", "read", "iter_lines", "iter_content", "aiter_lines"})


def _is_read(machine: Machine, execution: Execution) -> bool:
    """Whether what the request brings back is read, as one does who asked for it."""
    return any(
        one.method in _READING
        and isinstance(one.receiver, Foreign)
        and one.receiver.at is not None
        and one.receiver.at.path == execution.at.path
        and one.receiver.at.place == execution.at.place
        for one in machine.trace.executions
    )


def _http_key(machine: Machine, execution: Execution, bodies: tuple[Abs, ...]) -> _Key | None:
    named = dict(execution.keywords)
    if any(name.startswith("\0") for name in named):
        return _Key(UNKNOWN, "")  # **options may bring one
    headers = named.get(HTTP_HEADERS)
    if headers is None:
        request = argument(execution, "url:0")
        if isinstance(request, Foreign) and request.path.endswith("Request()"):
            headers = keywords_of(machine, request).get(HTTP_HEADERS)
    for one in _alternatives(headers):
        found = _entry(machine, entries(one), KEY_HEADER)
        if found is not None:
            return found
    if any(is_given(one) and not whole(one) for one in _alternatives(headers)):
        return _Key(UNKNOWN, "headers")
    for value in (*bodies, named.get("params")):
        found = _entry(machine, entries(value), KEY_FIELD)
        if found is not None:
            return found
    return None


def _alternatives(value: Abs | None) -> Iterator[Abs | None]:
    """What a value may be; itself where it is no choice."""
    if isinstance(value, Phi):
        for _, one in value.branches:
            yield from _alternatives(one)
    else:
        yield value


def _entry(machine: Machine, seen: Mapping[str, Abs], like: re.Pattern[str]) -> _Key | None:
    """The entry that is named like a key; one that comes from the record before any other."""
    keys = [
        _Key(source_of(machine, value), name)
        for name, value in seen.items()
        if like.search(name) and is_given(value)
    ]
    keys = [one for one in keys if one.source.kinds != frozenset(("constant",))]
    return min(keys, key=lambda one: one.source.repeats() is False, default=None)


# AWS -----------------------------------------------------------------------------------------------


def _aws(machine: Machine, execution: Execution) -> Partial | None:
    service = next(
        (
            str(one.value)
            for one in made_from(execution.receiver)
            if isinstance(one, Lit) and str(one.value) in AWS_CALLS
        ),
        None,
    )
    does = AWS_CALLS[service].get(execution.method) if service is not None else None
    if service is None or does is None:
        return None
    if service == "lambda" and text(argument(execution, "InvocationType")) != "Event":
        return None  # it waits for the answer
    target = text(argument(execution, does.target))
    if target is None and way(execution.receiver).endswith(_NAMED):
        target = text(made_from(execution.receiver)[-1])
    key = _given_key(machine, execution, does)
    if key is None and service in ("sqs", "sns") and _is_fifo(execution, does, target):
        key = _Key(UNKNOWN, "the content")  # a FIFO queue that takes none goes by the content
    kind: SinkKind = does.kind
    if service == "sns" and is_given(argument(execution, "PhoneNumber")):
        kind = "mail"
    return _sent(f"boto3 {service}", does, kind, target, key)


# Resources that are asked for by the queue's address or name, or the topic's.
_NAMED = (".Queue()", ".Topic()", ".get_queue_by_name()")


def _is_fifo(execution: Execution, does: Calls, target: str | None) -> bool:
    grouped = argument(execution, "MessageGroupId") or (
        entries(argument(execution, does.inside)).get("MessageGroupId") if does.inside else None
    )
    return is_given(grouped) or bool(target and target.endswith(".fifo"))


# Libraries of services -----------------------------------------------------------------------------


def _service(machine: Machine, execution: Execution, path: str) -> Partial | None:
    full = path if path == execution.method else f"{path}.{execution.method}"
    for service, does in _matching(full, path):
        target = text(argument(execution, does.target))
        return _sent(service.name, does, does.kind, target, _given_key(machine, execution, does))
    if "zeep.Client()" in path and ".service" in path and DOES_NAME.match(execution.method):
        return _sent("zeep", Calls("http", "call"), "http", execution.method, None)
    if re.search(r"_pb2_grpc\.\w+Stub\(\)$", path) and DOES_NAME.match(execution.method):
        return _sent("grpc", Calls("http", "call"), "http", execution.method, None)
    return None


def _matching(full: str, path: str) -> Iterator[tuple[Service, Calls]]:
    for service in SERVICES:
        for pattern, does in service.functions.items():
            if full == path and _fits(full, pattern):
                yield service, does
        if comes_from(path, service.packages):
            for ending, does in service.methods.items():
                if full.endswith(f".{ending}"):
                    yield service, does


def _fits(name: str, pattern: str) -> bool:
    one, other = name.split("."), pattern.split(".")
    return len(one) == len(other) and all(b in ("*", a) for a, b in zip(one, other, strict=True))


def _given_key(machine: Machine, execution: Execution, does: Calls) -> _Key | None:
    """The key of a call: in its place, or in a field or header that is named like one."""
    named = dict(execution.keywords)
    if any(name.startswith("\0") for name in named):
        return _Key(UNKNOWN, "")
    if does.identity == "*":
        return _entry(machine, named, KEY_FIELD)
    given = named.get(does.identity)
    if given is None and does.inside:
        given = _inside(machine, argument(execution, does.inside)).get(does.identity)
    if given is None and "options" in named:
        given = entries(named["options"]).get(does.identity)
    if is_given(given):
        return _Key(source_of(machine, given), does.identity)
    if does.kind == "payment" and not execution.args and not named:
        return None
    for value in (*execution.args, *named.values()):
        seen = entries(_unpacked(value))
        found = _entry(machine, seen, KEY_FIELD) or _entry(machine, seen, KEY_HEADER)
        if found is not None and does.kind in ("queue", "payment"):
            return found
    return None


def _inside(machine: Machine, value: Abs | None) -> dict[str, Abs]:
    """The entries of a mapping, or the keywords an object was made with."""
    if isinstance(value, Phi):
        value = next((one for _, one in value.branches if is_given(one)), None)
    if isinstance(value, Items) and not value.keys and value.items:
        value = value.items[0]
    return keywords_of(machine, value) if isinstance(value, Foreign) else entries(value)


def _sent(
    library: str, does: Calls, kind: SinkKind, target: str | None, key: _Key | None
) -> Partial:
    return Partial(
        library=library,
        operation=does.operation,
        kind=kind,
        target=target,
        identity=key.source if key is not None else None,
        identity_name=key.name if key is not None else "",
    )
