"""Functions that are called from outside for each request or record, by what marks them."""

from __future__ import annotations

from typing import Literal

from oncelint.link.outline import Outline, dotted, last_name
from oncelint.model import ir

_VERBS = frozenset({"get", "post", "put", "patch", "delete", "route", "websocket", "api_route"})
_TASKS = frozenset({"shared_task", "dramatiq.actor", "periodic_task", "api_view", "receiver"})
_RECORDS = frozenset({"subscriber"})
_METHODS = frozenset(
    {"get", "post", "put", "patch", "delete", "create", "update", "perform_create"}
    | {"on_get", "on_post", "on_put", "on_patch"}
)
_VIEWS = ("View", "ViewSet", "Resource", "Handler", "Endpoint", "Servicer")
_CALLBACKS: tuple[tuple[str, ...], ...] = (
    ("ch", "method", "properties", "body"),
    ("channel", "method", "properties", "body"),
    ("client", "userdata", "msg"),
    ("client", "userdata", "message"),
)


def entry(
    outline: Outline, function: ir.Function | ir.Lambda | None
) -> Literal["record", "request"] | None:
    """For what a function is called from outside, as its decorators, class or parameters tell.

    A command of a command line, a test and a scheduled job run once and are none.
    """
    if not isinstance(function, ir.Function):
        return None
    for decorator in function.decorators:
        found = _decorated(decorator)
        if found is not None:
            return found
    params = tuple(one.name for one in function.params if one.name not in ("self", "cls"))
    if params[:4] in _CALLBACKS or params[:3] in _CALLBACKS:
        return "record"
    if function.name == "lambda_handler" and len(params) == 2:
        return "request"
    cls = outline.owner(function)
    if cls is None:
        views = outline.path.rpartition("/")[2] == "views.py"
        return "request" if views and params[:1] == ("request",) else None
    bases = [last_name(base) or "" for base in cls.bases]
    if function.name in _METHODS and any(base.endswith(_VIEWS) for base in bases):
        return "request"
    if params[:2] == ("req", "resp") and function.name.startswith("on_"):
        return "request"
    if params[:2] == ("request", "context") and any(one.endswith("Servicer") for one in bases):
        return "request"
    return None


def _decorated(decorator: ir.Expr) -> Literal["record", "request"] | None:
    name = dotted(decorator)
    last = name.rpartition(".")[2]
    if name in _TASKS or last in ("shared_task", "actor", "api_view"):
        return "request"
    base = name.rpartition(".")[0].lower()
    if last == "task" and (base == "app" or "celery" in base):
        return "request"
    if not isinstance(decorator, ir.Call) or not base:
        return None
    if last in _RECORDS:
        return "record"
    first = decorator.args[0] if decorator.args else None
    route = isinstance(first, ir.Format) or (
        isinstance(first, ir.Text) and (first.value.startswith("/") or not first.value)
    )
    return "request" if last in _VERBS and route else None
