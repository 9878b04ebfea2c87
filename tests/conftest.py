"""How the tests are dealt out to processes: `-n auto` stands in pyproject.toml."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

# A module's tests of these folders ask one client after the other; what it answers is asked for once.
_ASKED_ONCE = ("tests/java/", "tests/fix/clients/", "tests/dialects/")
_RELEASE = ("installation", "version")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """One process for a few tests, which are done before others have started, and for the broker's,
    which start processes themselves and wait for them. Else xdist's own number, that of the cores."""
    folders = [one for one in config.args if Path(one.partition("::")[0]).is_dir()]
    few = not folders or config.option.keyword or config.option.collectonly
    return 0 if few or os.environ.get("ONCELINT_BROKER") == "1" else None


@pytest.hookimpl(tryfirst=True)  # xdist reads the marks in this hook
def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Tests that share what a release of a client answers stay in one process (`--dist loadgroup`)."""
    for item in items:
        module = item.nodeid.partition("::")[0]
        if module.startswith(_ASKED_ONCE):
            asked = getattr(item, "callspec", None)
            params = asked.params if asked is not None else {}
            release = next((f" {params[name]}" for name in _RELEASE if name in params), "")
            item.add_marker(pytest.mark.xdist_group(f"{module}{release}"))
