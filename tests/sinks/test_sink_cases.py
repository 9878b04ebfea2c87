"""Each library's calls are taken for what they are."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.sinks.sink_cases import CASES

from oncelint.discover import list_files, read_file
from oncelint.link import link
from oncelint.model.sinks import Sink
from oncelint.scan import scan
from oncelint.settings import load

_REPEATS = {True: "yes", False: "no", None: "?"}
# Mapped classes in modules of their own.
_MODELS = {
    "shop/statements.py": 'INTO = "INSERT INTO orders"\n',
    "models.py": """\
import beanie


class Order(beanie.Document):
    user: str
""",
    "shop/models.py": """\
from django.db import models


class Order(models.Model):
    user_id = models.IntegerField()
""",
    "shop/tortoises.py": """\
from tortoise import fields
from tortoise.models import Model


class Order(Model):
    user_id = fields.IntField()
""",
}


def sinks_of(folder: Path) -> list[Sink]:
    settings = load(folder)
    listed = list_files(folder, settings.exclude)
    discovery, facts = scan(folder, listed, max_size=settings.max_file_size, overlay={}, jobs=1)
    linked = link(
        facts, discovery, settings, lambda path: read_file(folder, path, settings.max_file_size)
    )
    return list(linked.project.sinks)


def told(sink: Sink) -> str:
    key = "none"
    if sink.identity is not None:
        key = f"{sink.identity_name}:{_REPEATS[sink.identity.repeats()]}"
    words = [sink.library, sink.kind, sink.operation, sink.target or "?", key]
    words += [f"{one.column}:{one.how}" for one in sink.changes if one.how in ("add", "append")]
    if sink.guard is not None:
        words.append(f"guard={sink.guard}")
    if sink.engine is not None:
        words.append(f"engine={sink.engine}")
    if sink.keys:
        words.append("keys=" + ",".join(sorted(name for key in sink.keys for name in key)))
    return " ".join(words)


@pytest.mark.parametrize("name", CASES)
def test_a_call_is_taken_for_what_it_is(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    (tmp_path / "shop").mkdir()
    for path, body in _MODELS.items():
        (tmp_path / path).write_text(body)
    (tmp_path / "consume.py").write_text(case.program())
    found = tuple(told(one) for one in sinks_of(tmp_path))
    assert found == case.expected
