"""Whatever a call is given, a recogniser answers and does not fail."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from oncelint.flow.machine import Machine
from oncelint.flow.modules import Modules
from oncelint.flow.trace import Execution
from oncelint.flow.values import (
    Abs,
    At,
    Bound,
    Comp,
    Ext,
    File,
    Foreign,
    Items,
    Lit,
    Phi,
    Rec,
    Ref,
    Unk,
)
from oncelint.frameworks.python import calls, stores
from oncelint.frameworks.python.clients import CONSTRUCTORS, CONSUMERS
from oncelint.link.files import ProjectFiles
from oncelint.link.sinks import calls as called
from oncelint.link.sinks import stores as stored

_AT = At("a.py", (1, 1, 1, 9))
_WAYS = sorted(
    {
        *(one for store in stores.STORES for one in store.packages),
        *(one for service in calls.SERVICES for one in service.packages),
        *calls.HTTP_PACKAGES,
        *stores.AWS_PACKAGES,
        "x_pb2_grpc.XStub",
        "builtins.open",
    }
)
_STEPS = ("()", "[]", ".client()", ".collection()", ".document()", ".blob()", ".write.mode()")
_METHODS = sorted(
    {
        *(name for store in stores.STORES for name in store.methods),
        *(name.rpartition(".")[2] for service in calls.SERVICES for name in service.methods),
        *(name for _, table in stores.AWS_STORES.values() for name in table),
        *(name for table in calls.AWS_CALLS.values() for name in table),
        *calls.HTTP_METHODS,
        *calls.HTTP_REQUESTS,
        "write",
        "writerow",
        "CreateOrder",
    }
)
_WORDS = ("_id", "$inc", "append", "a", "dynamodb", "sqs", "s3", "INSERT INTO t (id) VALUES (?)")
_NAMES = (
    *("json", "headers", "id", "nx", "mode", "if_exists", "Item", "Key", "Entries", "options"),
    *("identity", "properties", "message", "UpdateExpression", "\0record", "settings", "upsert"),
)
_LEAVES: st.SearchStrategy[Abs] = st.one_of(
    st.sampled_from([None, True, 1, *_WORDS]).map(lambda one: Lit(one)),
    st.just(Rec(frozenset((0,)), "value")),
    st.just(Unk("a value")),
    st.just(Ref(1)),
    st.just(Comp("{uuid4()}", frozenset(("random",)))),
    st.just(File("a.jsonl", True, mode="a")),
    st.sampled_from([Ext("x.Y"), Ext("pymongo.UpdateOne")]),
)


def _deeper(inner: st.SearchStrategy[Abs]) -> st.SearchStrategy[Abs]:
    return st.one_of(
        st.lists(inner, max_size=3).map(lambda found: Items(tuple(found), True)),
        st.dictionaries(st.sampled_from((*_WORDS, *_NAMES)), inner, max_size=3).map(
            lambda found: Items(tuple(found.values()), True, tuple(found))
        ),
        st.tuples(st.sampled_from(_WAYS), st.lists(inner, max_size=3)).map(
            lambda pair: Foreign(pair[0] + "()", tuple(pair[1]), _AT)
        ),
        st.tuples(inner, inner).map(lambda pair: Phi("x", (("a", pair[0]), ("b", pair[1])))),
        inner.map(lambda one: Bound(one, "x", _AT)),
    )


_VALUES = st.recursive(_LEAVES, _deeper, max_leaves=8)


@st.composite
def _executions(draw: st.DrawFn) -> Execution:
    path = draw(st.sampled_from(_WAYS)) + "".join(
        draw(st.lists(st.sampled_from(_STEPS), max_size=3))
    )
    method = draw(st.sampled_from(_METHODS))
    receiver: Abs = Foreign(path, tuple(draw(st.lists(_VALUES, max_size=3))), _AT)
    if draw(st.booleans()):
        receiver = draw(st.one_of(_VALUES, st.just(Bound(receiver, "service", _AT))))
    elif draw(st.booleans()):
        method = f"{path}.{method}"
        receiver = Ext(method)
    keywords = draw(st.dictionaries(st.sampled_from(_NAMES), _VALUES, max_size=3))
    return Execution(
        receiver,
        method,
        tuple(draw(st.lists(_VALUES, max_size=4))),
        tuple(keywords.items()),
        _AT,
        (),
        (),
        (),
        True,
        "a.py",
    )


@settings(max_examples=400, deadline=None)
@given(st.lists(_executions(), min_size=1, max_size=3))
def test_nothing_makes_a_recogniser_fail(executions: list[Execution]) -> None:
    machine = Machine(
        Modules(frozenset(), lambda path: None),
        CONSTRUCTORS,
        CONSUMERS,
        frozenset(),
        frozenset(),
        ProjectFiles(frozenset(), lambda path: None),
    )
    machine.trace.executions.extend(executions)
    for execution in executions:
        for partial in (
            stored.recognise(machine, execution),
            called.recognise(machine, execution),
        ):
            assert partial is None or (partial.library and partial.operation)
        table, told = stored.looked_up(machine, execution)
        assert table is None or told
