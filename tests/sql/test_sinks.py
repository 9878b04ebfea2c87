"""Silence is not blindness: what the near misses of insert-without-conflict-key are seen as."""

from __future__ import annotations

from pathlib import Path

import pytest

import documents
from oncelint.discover import list_files, read_file
from oncelint.link import link
from oncelint.model.sinks import Sink
from oncelint.scan import scan
from oncelint.settings import load

FOLDER = documents.ROOT / "fixtures" / "rules" / "insert-without-conflict-key"


def _sinks(document: Path, folder: Path) -> list[Sink]:
    for name, body in documents.read(document).files.items():
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(body.encode())
    settings = load(folder)
    listed = list_files(folder, settings.exclude)
    discovery, facts = scan(folder, listed, max_size=settings.max_file_size, overlay={}, jobs=1)
    linked = link(
        facts, discovery, settings, lambda path: read_file(folder, path, settings.max_file_size)
    )
    return list(linked.project.sinks)


GUARDS = {
    "on-conflict": ("payments", "ON CONFLICT"),
    "duplicate-key-far-below": ("contacts", "ON DUPLICATE KEY"),
    "statement-grown-later": ("hosts", "on_conflict_do_update"),
    "looked-up-first": ("shipments", "query()"),
}


@pytest.mark.parametrize(("case", "expected"), GUARDS.items(), ids=GUARDS)
def test_the_guard_is_what_keeps_it_silent(
    case: str, expected: tuple[str, str], tmp_path: Path
) -> None:
    found = [(sink.table, sink.guard) for sink in _sinks(FOLDER / f"{case}.md", tmp_path)]
    assert found == [expected]


def test_django_tables_are_named_after_their_application(tmp_path: Path) -> None:
    found = [(sink.table, sink.guard) for sink in _sinks(FOLDER / "ignore-conflicts.md", tmp_path)]
    assert found == [("votes_ballot", "ignore_conflicts"), ("votes_voter", "get_or_create()")]


def test_a_caught_violation_of_a_known_key(tmp_path: Path) -> None:
    (sink,) = _sinks(FOLDER / "violation-caught.md", tmp_path)
    assert (sink.guard, sink.caught, sink.keys) == (None, True, (frozenset({"code"}),))


def test_a_table_of_processed_events_guards_what_follows(tmp_path: Path) -> None:
    found = {sink.table: sink.guard for sink in _sinks(FOLDER / "inbox-first.md", tmp_path)}
    assert found == {
        "processed_events": "ON CONFLICT",
        "movements": "an entry in processed_events",
    }


@pytest.mark.parametrize("case", ["cassandra", "outside-the-loop", "clause-unknown"])
def test_no_sink_of_this_rule(case: str, tmp_path: Path) -> None:
    found = _sinks(FOLDER / f"{case}.md", tmp_path)
    assert [sink for sink in found if sink.kind == "table"] == []


def test_where_a_key_comes_from(tmp_path: Path) -> None:
    (sink,) = _sinks(FOLDER / "schema-file-key.md", tmp_path)
    assert sink.keys == (frozenset({"trip_id"}),)
    assert sink.keys_span is not None
    assert str(sink.keys_span) == "db/schema.sql:2:14"


def test_generated_and_random_keys_are_no_keys_of_the_record(tmp_path: Path) -> None:
    (serial,) = _sinks(FOLDER / "serial-key-only.md", tmp_path / "serial")
    (random,) = _sinks(FOLDER / "random-primary-key.md", tmp_path / "random")
    (mapped,) = _sinks(FOLDER / "sqlalchemy-add.md", tmp_path / "mapped")
    assert [serial.keys, random.keys, mapped.keys] == [(), (), ()]
    assert mapped.columns == ("order_id", "shelf")
    assert mapped.sql == "postgres"
