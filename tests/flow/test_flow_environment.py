"""What the environment decides: its default is one world, the variable another."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from tests.flow.projects import cases, closed, reasons, run, seen, told

IMPORT = "import os\nfrom confluent_kafka import Producer\n"

WITH_DEFAULT: dict[str, str] = {
    "os.environ.get": 'Producer({"acks": os.environ.get("ACKS", "1")})',
    "os.getenv": 'Producer({"acks": os.getenv("ACKS", "1")})',
    "os.getenv by keyword": 'Producer({"acks": os.getenv("ACKS", default="1")})',
    "environ imported": 'from os import environ\nProducer({"acks": environ.get("ACKS", "1")})',
    "getenv imported": 'from os import getenv\nProducer({"acks": getenv("ACKS", "1")})',
    "or": 'Producer({"acks": os.environ.get("ACKS") or "1"})',
    "a constant": 'ACKS = os.environ.get("ACKS", "1")\nProducer({"acks": ACKS})',
    "a constant as default": 'D = "1"\nProducer({"acks": os.environ.get("ACKS", D)})',
    "a class attribute": (
        'class Conf:\n    ACKS = os.environ.get("ACKS", "1")\n\n\nProducer({"acks": Conf.ACKS})'
    ),
    "a function": 'def env(n, d):\n    return os.environ.get(n, d)\n\n\nProducer({"acks": env("ACKS", "1")})',
    "a copy of the environment": 'E = os.environ.copy()\nProducer({"acks": E.get("ACKS", "1")})',
    "dict(os.environ)": 'E = dict(os.environ)\nProducer({"acks": E.get("ACKS", "1")})',
}


@pytest.mark.parametrize("source", cases(WITH_DEFAULT))
def test_a_default_is_one_world_and_the_environment_another(tmp_path: Path, source: str) -> None:
    client = seen(tmp_path, IMPORT + source + "\n")
    assert told(client, "acks") == {"1", "?"}
    assert reasons(client, "acks") == {"environment variable ACKS"}
    assert closed(client)


WITHOUT_DEFAULT: dict[str, str] = {
    "a subscript": 'Producer({"acks": os.environ["ACKS"]})',
    "a copy's subscript": 'E = dict(os.environ)\nProducer({"acks": E["ACKS"]})',
    "converted": 'Producer({"acks": int(os.environ["ACKS"])})',
}


@pytest.mark.parametrize("source", cases(WITHOUT_DEFAULT))
def test_a_variable_without_default_is_unknown(tmp_path: Path, source: str) -> None:
    client = seen(tmp_path, IMPORT + source + "\n")
    assert told(client, "acks") == {"?"}
    assert reasons(client, "acks") == {"environment variable ACKS"}
    assert closed(client)


def test_get_without_default_is_none_or_the_environment(tmp_path: Path) -> None:
    client = seen(
        tmp_path,
        """
        import os
        from confluent_kafka import Producer

        conf = {}
        if os.environ.get("ACKS"):
            conf["acks"] = os.environ["ACKS"]
        Producer(conf)
        """,
    )
    assert told(client, "acks") == {"all", "?"}
    assert closed(client)


def test_the_same_variable_decides_the_same_way(tmp_path: Path) -> None:
    client = seen(
        tmp_path,
        """
        import os
        from confluent_kafka import Producer

        STRICT = os.environ.get("STRICT", "")
        Producer({
            "acks": "all" if STRICT else "1",
            "enable.idempotence": bool(STRICT),
        })
        """,
    )
    pairs = {
        (str(world.known("acks")), world.known("enable.idempotence")) for world in client.worlds
    }
    assert ("1", True) not in pairs
    assert ("1", False) in pairs


def test_a_converted_default_keeps_both_worlds(tmp_path: Path) -> None:
    source = 'Producer({"linger.ms": int(os.environ.get("LINGER", "7"))})\n'
    assert told(seen(tmp_path, IMPORT + source), "linger.ms") == {"7", "?"}


def test_a_switch_read_from_text(tmp_path: Path) -> None:
    source = (
        'on = os.environ.get("IDEMPOTENCE", "false").lower() == "true"\n'
        'Producer({"enable.idempotence": on})\n'
    )
    assert told(seen(tmp_path, IMPORT + source), "enable.idempotence") == {"false", "?"}


def test_a_host_s_name_is_computed_from_the_host(tmp_path: Path) -> None:
    source = 'Producer({"transactional.id": f"orders-{os.environ[\'HOSTNAME\']}"})\n'
    assert told(seen(tmp_path, IMPORT + source), "transactional.id") == {"orders-{HOSTNAME}"}


PYDANTIC: dict[str, str] = {
    "BaseSettings of pydantic_settings": """
        from pydantic_settings import BaseSettings


        class Settings(BaseSettings):
            kafka_acks: str = "1"


        settings = Settings()
        Producer({"acks": settings.kafka_acks})
    """,
    "BaseSettings of pydantic": """
        from pydantic import BaseSettings, Field


        class Settings(BaseSettings):
            kafka_acks: str = Field("1", description="how many brokers answer")


        Producer({"acks": Settings().kafka_acks})
    """,
    "Field's default by name": """
        from pydantic import Field
        from pydantic_settings import BaseSettings, SettingsConfigDict


        class Settings(BaseSettings):
            model_config = SettingsConfigDict(env_prefix="app_")
            kafka_acks: str = Field(default="1")


        Producer({"acks": Settings().kafka_acks})
    """,
    "a cached getter": """
        from functools import lru_cache

        from pydantic_settings import BaseSettings


        class Settings(BaseSettings):
            kafka_acks: str = "1"


        @lru_cache
        def get_settings() -> Settings:
            return Settings()


        Producer({"acks": get_settings().kafka_acks})
    """,
    "a base class of the house": """
        from pydantic_settings import BaseSettings


        class Base(BaseSettings):
            kafka_acks: str = "1"


        class Settings(Base):
            name: str = "orders"


        Producer({"acks": Settings().kafka_acks})
    """,
    "a property of the settings": """
        from pydantic_settings import BaseSettings


        class Settings(BaseSettings):
            kafka_acks: str = "1"

            @property
            def kafka(self):
                return {"acks": self.kafka_acks}


        Producer(Settings().kafka)
    """,
}


@pytest.mark.parametrize("source", cases(PYDANTIC))
def test_a_settings_class_has_its_default_or_the_environment_s(tmp_path: Path, source: str) -> None:
    client = seen(tmp_path, IMPORT + dedent(source))
    assert told(client, "acks") == {"1", "?"}
    (reason,) = reasons(client, "acks")
    assert reason.startswith("environment variable ")
    assert reason.endswith("KAFKA_ACKS")
    assert closed(client)


def test_a_settings_field_without_default_comes_from_the_environment(tmp_path: Path) -> None:
    source = """
        from pydantic import Field
        from pydantic_settings import BaseSettings


        class Settings(BaseSettings):
            kafka_acks: str
            kafka_linger: int = Field(...)


        settings = Settings()
        Producer({"acks": settings.kafka_acks, "linger.ms": settings.kafka_linger})
    """
    client = seen(tmp_path, IMPORT + dedent(source))
    assert told(client, "acks") == {"?"}
    assert told(client, "linger.ms") == {"?"}
    assert reasons(client, "linger.ms") == {"environment variable KAFKA_LINGER"}


def test_settings_of_another_module(tmp_path: Path) -> None:
    files = {
        "app/settings.py": (
            "from pydantic_settings import BaseSettings\n\n\nclass Settings(BaseSettings):\n"
            '    kafka_acks: str = "1"\n\n\nsettings = Settings()\n'
        ),
        "app/main.py": (
            "from confluent_kafka import Producer\n\nfrom .settings import settings\n\n"
            'Producer({"acks": settings.kafka_acks})\n'
        ),
    }
    assert told(seen(tmp_path, files=files), "acks") == {"1", "?"}


def test_an_argument_of_a_settings_class_overrides_the_environment(tmp_path: Path) -> None:
    source = """
        from pydantic_settings import BaseSettings


        class Settings(BaseSettings):
            kafka_acks: str = "0"


        Producer({"acks": Settings(kafka_acks="1").kafka_acks})
    """
    assert told(seen(tmp_path, IMPORT + dedent(source)), "acks") == {"1"}


def test_the_command_line_is_unknown(tmp_path: Path) -> None:
    source = """
        import argparse
        from confluent_kafka import Producer

        parser = argparse.ArgumentParser()
        parser.add_argument("--acks", default="1")
        options = parser.parse_args()
        Producer({"acks": options.acks})
        """
    report = run(tmp_path, source)
    (client,) = report.subjects
    assert told(client, "acks") <= {"?", "1"}
    assert "?" in told(client, "acks")
    assert [item.what for item in report.unresolved] == ["acks"]
