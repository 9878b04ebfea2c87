"""Flink's tables: what the Kafka connector's documentation says of them, release by release."""

from __future__ import annotations

import pytest

from oncelint.dialects import match, table, table_name
from oncelint.effective import MATTER


def test_a_table_is_found_by_its_role() -> None:
    assert table_name("flink", "flink-sink") == table_name("flink", "flink-source") == "flink-table"
    assert table_name("flink", "flink-job") == "flink-job"


@pytest.mark.parametrize("role", ["flink-sink", "flink-job"])
def test_what_matters_is_there(role: str) -> None:
    assert set(MATTER[role]) <= set(table(table_name("flink", role)).settings)


@pytest.mark.parametrize("version", ["1.14.6", "1.17.2", "2.0.0"])
def test_the_guarantee_is_at_least_once_by_default(version: str) -> None:
    settings = table("flink-table").settings
    assert settings["sink.delivery-guarantee"].default(version) == "at-least-once"
    assert settings["sink.transactional-id-prefix"].default(version) is None
    assert table("flink-job").settings["execution.checkpointing.interval"].default(version) is None


@pytest.mark.parametrize(
    ("key", "version", "there"),
    [
        ("sink.semantic", "1.20.0", True),
        ("sink.semantic", "2.0.0", True),
        ("scan.bounded.mode", "1.16.3", False),
        ("scan.bounded.mode", "1.17.2", True),
        ("sink.transaction-naming-strategy", "1.20.0", False),
        ("sink.transaction-naming-strategy", "2.0.0", True),
    ],
)
def test_options_come_and_go(key: str, version: str, there: bool) -> None:
    assert table("flink-table").settings[key].exists(version) is there


@pytest.mark.parametrize("key", ["properties.acks", "json.ignore-parse-errors", "value.format"])
def test_what_is_handed_on_is_accounted_for(key: str) -> None:
    assert match("flink-table", key) is not None
