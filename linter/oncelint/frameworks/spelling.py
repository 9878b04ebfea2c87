"""How a placement spells a client's own key, and its value: what a fix writes there.

A home names its style; a style makes what stands in the file of the home's prefix, the key as the
client knows it, and the value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from oncelint.model.facts import Home
from oncelint.model.values import Scalar, scalar_text

Style: TypeAlias = Callable[[str, str, Scalar], tuple[str, Scalar]]


def _plain(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
    return prefix + key, value


def _text(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
    return prefix + key, scalar_text(value)


def _environment(prefix: str, key: str, value: Scalar) -> tuple[str, Scalar]:
    """As the images of Kafka read variables: a dot is `_`, `_` is doubled, `-` is trebled
    (cub/`configure` of cp-docker-images, KafkaDockerWrapper of apache/kafka)."""
    name = "".join(_ESCAPES.get(char, char) for char in key)
    return prefix + name.upper(), scalar_text(value)


_ESCAPES = {".": "_", "_": "__", "-": "___"}


STYLES: Mapping[str, Style] = {
    "plain": _plain,
    "text": _text,
    "environment": _environment,
}


def spell(home: Home | None, key: str, value: Scalar) -> tuple[str, Scalar]:
    """The key and the value as a home's file has them; without a home the client's own."""
    if home is None:
        return key, value
    return STYLES[home.style](home.prefix, key, value)
