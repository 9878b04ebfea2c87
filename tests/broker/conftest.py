"""One broker for all tests of this folder, and `tests.broker` importable however pytest is started."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))


@pytest.fixture(scope="session")
def servers() -> Iterator[str]:
    """The bootstrap address of a broker; skips where there is none."""
    from tests.broker.server import Unavailable, broker, missing

    reason = missing()
    if reason is not None:
        pytest.skip(reason)
    context = broker()
    try:
        address = context.__enter__()
    except Unavailable as problem:
        pytest.skip(f"ONCELINT_BROKER is set, but {problem}")
    try:
        yield address
    finally:
        context.__exit__(None, None, None)
