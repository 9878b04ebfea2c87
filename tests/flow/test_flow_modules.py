"""Names that lead into other modules of the project."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.flow.projects import cases, closed, reasons, run, seen, told

CONF = 'CONF = {"acks": "1"}\nLEVEL = "1"\n\n\ndef conf():\n    return {"acks": LEVEL}\n'
USE = "from confluent_kafka import Producer\n"

IMPORTS: dict[str, tuple[str, str, str, str]] = {
    "a module beside": ("app/main.py", "app/conf.py", "from conf import CONF", "CONF"),
    "a module beside, whole": ("app/main.py", "app/conf.py", "import conf", "conf.CONF"),
    "a module beside, renamed": ("app/main.py", "app/conf.py", "import conf as c", "c.CONF"),
    "relative": ("app/main.py", "app/conf.py", "from .conf import CONF", "CONF"),
    "relative, the module": ("app/main.py", "app/conf.py", "from . import conf", "conf.CONF"),
    "relative, one up": ("app/jobs/main.py", "app/conf.py", "from ..conf import CONF", "CONF"),
    "relative, two up": (
        "app/jobs/nightly/main.py",
        "app/conf/kafka.py",
        "from ...conf.kafka import CONF as GIVEN",
        "GIVEN",
    ),
    "absolute from the root": ("app/main.py", "app/conf.py", "from app.conf import CONF", "CONF"),
    "a dotted import": ("app/main.py", "app/conf.py", "import app.conf", "app.conf.CONF"),
    "a package's __init__": (
        "app/main.py",
        "app/conf/__init__.py",
        "from .conf import CONF",
        "CONF",
    ),
    "a package by name": ("app/main.py", "conf/__init__.py", "import conf", "conf.CONF"),
    "a src folder": ("src/app/main.py", "src/app/conf.py", "from app.conf import CONF", "CONF"),
    "a src folder from outside": (
        "jobs/main.py",
        "src/app/conf.py",
        "from app.conf import CONF",
        "CONF",
    ),
    "a star": ("app/main.py", "app/conf.py", "from .conf import *", "CONF"),
    "a function": ("app/main.py", "app/conf.py", "from .conf import conf", "conf()"),
    "a constant for a value": (
        "app/main.py",
        "app/conf.py",
        "from .conf import LEVEL",
        '{"acks": LEVEL}',
    ),
    "an import inside the function": (
        "app/main.py",
        "app/conf.py",
        "def given():\n    from .conf import CONF\n\n    return CONF\n\n",
        "given()",
    ),
    "an import that may fail": (
        "app/main.py",
        "app/conf.py",
        "try:\n    from .conf import CONF\nexcept ImportError:\n    CONF = {}\n",
        "CONF",
    ),
    "an import for type checkers too": (
        "app/main.py",
        "app/conf.py",
        "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from .conf import CONF\n"
        "else:\n    from .conf import CONF\n",
        "CONF",
    ),
}


@pytest.mark.parametrize(("main", "other", "imports", "value"), cases(IMPORTS))
def test_a_constant_of_another_module(
    tmp_path: Path, main: str, other: str, imports: str, value: str
) -> None:
    client = seen(tmp_path, files={main: f"{USE}{imports}\n\nProducer({value})\n", other: CONF})
    assert told(client, "acks") == {"1"}
    assert told(client, "linger.ms") == {"5"}
    assert closed(client)
    assert client.span.path == main


def test_the_value_points_into_the_other_module(tmp_path: Path) -> None:
    files = {
        "app/main.py": USE + "from .conf import CONF\n\nProducer(CONF)\n",
        "app/conf.py": '"""Settings."""\n\nCONF = {\n    "acks": "1",\n}\n',
    }
    client = seen(tmp_path, files=files)
    (setting,) = client.block.settings
    assert (str(setting.key_span), str(setting.alternatives[0].span)) == (
        "app/conf.py:4:5",
        "app/conf.py:4:13",
    )


REEXPORTS: dict[str, dict[str, str]] = {
    "a client through a module": {
        "app/kafka_client.py": "from confluent_kafka import Producer\n",
        "app/main.py": 'from .kafka_client import Producer\n\nProducer({"acks": "1"})\n',
    },
    "a client through a package": {
        "lib/__init__.py": "from .names import Writer\n",
        "lib/names.py": "from confluent_kafka import Producer as Writer\n",
        "app/main.py": 'from lib import Writer\n\nWriter({"acks": "1"})\n',
    },
    "a client through stars": {
        "app/one.py": "from confluent_kafka import *\n",
        "app/two.py": "from .one import *\n",
        "app/main.py": 'from .two import *\n\nProducer({"acks": "1"})\n',
    },
    "a module attribute": {
        "app/names.py": "import confluent_kafka as ck\n",
        "app/main.py": 'from app import names\n\nnames.ck.Producer({"acks": "1"})\n',
    },
    "a name bound in another module": {
        "app/names.py": "import confluent_kafka\n\nWriter = confluent_kafka.Producer\n",
        "app/main.py": 'from .names import Writer\n\nWriter({"acks": "1"})\n',
    },
    "a subclass in another module": {
        "app/base.py": (
            "from confluent_kafka import Producer\n\n\nclass Base(Producer):\n"
            '    def __init__(self, conf):\n        super().__init__({**conf, "acks": "1"})\n'
        ),
        "app/main.py": "from .base import Base\n\nBase({})\n",
    },
    "a factory in another module": {
        "app/factory.py": (
            "from confluent_kafka import Producer\n\n\ndef make(level):\n"
            '    return Producer({"acks": level})\n'
        ),
        "app/main.py": 'from .factory import make\n\nmake("1")\n',
    },
    "a client made in another module": {
        "app/clients.py": (
            'from confluent_kafka import Producer\n\nproducer = Producer({"acks": "1"})\n'
        ),
        "app/main.py": "from .clients import producer\n\nproducer.produce('orders', b'1')\n",
    },
    "modules that import each other": {
        "app/one.py": "from . import two\n\nLEVEL = '1'\n",
        "app/two.py": (
            "from . import one\nfrom confluent_kafka import Producer\n\n\n"
            'def make():\n    return Producer({"acks": one.LEVEL})\n'
        ),
        "app/main.py": "from . import one, two\n\ntwo.make()\n",
    },
    "a submodule's import": {
        "app/main.py": ('from confluent_kafka.cimpl import Producer\n\nProducer({"acks": "1"})\n'),
    },
    "a constant set from outside": {
        "app/conf.py": 'CONF = {"acks": "0"}\n',
        "app/main.py": (
            'from confluent_kafka import Producer\nfrom app import conf\n\nconf.CONF["acks"] = "1"\n'
            "Producer(conf.CONF)\n"
        ),
    },
}


@pytest.mark.parametrize("files", cases(REEXPORTS))
def test_a_client_class_is_known_through_the_project_s_modules(
    tmp_path: Path, files: dict[str, str]
) -> None:
    client = seen(tmp_path, files=files)
    assert client.client == "confluent-kafka"
    assert told(client, "acks") == {"1"}
    assert closed(client)


def test_a_module_without_a_word_of_kafka_is_read_when_a_name_leads_there(tmp_path: Path) -> None:
    files = {
        "app/main.py": USE + "from .levels import strongest\n\nProducer({'acks': strongest()})\n",
        "app/levels.py": "from .numbers import ONE\n\n\ndef strongest():\n    return str(ONE)\n",
        "app/numbers.py": "ONE = 1\n",
    }
    assert told(seen(tmp_path, files=files), "acks") == {"1"}


def test_a_module_that_is_not_there_is_a_library(tmp_path: Path) -> None:
    files = {"app/main.py": USE + "from company_settings import CONF\n\nProducer(CONF)\n"}
    client = seen(tmp_path, files=files)
    assert not closed(client)
    assert reasons(client, "acks") == {"company_settings.CONF"}


def test_a_name_that_is_not_in_its_module_is_unknown(tmp_path: Path) -> None:
    files = {
        "app/main.py": USE + "from .conf import OTHER\n\nProducer(OTHER)\n",
        "app/conf.py": CONF,
    }
    client = seen(tmp_path, files=files)
    assert not closed(client)
    assert reasons(client, "acks") == {"OTHER is not found in app/conf.py"}


def test_a_module_that_does_not_parse_is_unknown(tmp_path: Path) -> None:
    files = {
        "app/main.py": USE + "from .conf import CONF\n\nProducer(CONF)\n",
        "app/conf.py": "CONF = {'acks': '1'\n",
    }
    report = run(tmp_path, files=files)
    (client,) = report.subjects
    assert not closed(client)
    assert told(client, "acks") == {"?"}
    assert [item.path for item in report.skipped] == ["app/conf.py"]


@pytest.mark.parametrize("name", ["json", "logging", "queue"])
def test_a_module_named_like_the_standard_library_s_is_the_standard_library_s(
    tmp_path: Path, name: str
) -> None:
    files = {
        "app/main.py": USE + f"from {name} import CONF\n\nProducer(CONF)\n",
        f"app/{name}.py": CONF,
    }
    assert not closed(seen(tmp_path, files=files))
