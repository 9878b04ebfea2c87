"""Whether a stream application writes to Kafka or keeps state, as far as its code tells."""

from __future__ import annotations

from oncelint.flow.modules import Modules
from oncelint.flow.trace import Site, Trace
from oncelint.frameworks.python import builders
from oncelint.link.clients import is_test
from oncelint.link.outline import walk
from oncelint.model import ir

YES, MAYBE, NO = "yes", "maybe", "no"


def writes(site: Site, trace: Trace, modules: Modules) -> str:
    """What is known of an application: it is seen to write or to keep state, it may (a call of such
    a name stands in its code, or a part of it is handed to something that is not followed), or it
    does neither."""
    seen = trace.repeats.get(site.index)
    if seen is not None:
        return YES if seen else MAYBE
    folder = _folder(site.at.path, modules)
    others = {one.at.path for one in trace.sites if one.constructor in builders.HANDLES}
    near = [
        one
        for one in modules.loaded()
        if one.path == site.at.path
        or (one.path.startswith(folder) and one.path not in others and not is_test(one.path))
    ]
    return MAYBE if any(_mentions(one, site.constructor) for one in near) else NO


def _folder(path: str, modules: Modules) -> str:
    """Where the code of an application stands: its folder, or the one its package is in."""
    folder = path.rpartition("/")[0]
    while folder and f"{folder}/__init__.py" in modules.files:
        folder = folder.rpartition("/")[0]
    return f"{folder}/" if folder else ""


def _mentions(module: ir.Module, constructor: str) -> bool:
    names = builders.WRITES[constructor]
    # what an agent's sinks are is seen where it is declared, and functions write nothing
    keywords = builders.WRITE_KEYWORDS[builders.QUIX] if constructor == builders.QUIX else ()
    for stmt in module.body:
        for node in walk(stmt):
            if not isinstance(node, ir.Call):
                continue
            if isinstance(node.func, ir.Attribute) and node.func.name in names:
                return True
            if any(one.name in keywords for one in node.keywords):
                return True
    return False


__all__ = ["MAYBE", "NO", "YES", "writes"]
