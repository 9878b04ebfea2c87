"""Configuration files that Python code reads by a literal name."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest
from tests.flow.projects import cases, closed, reasons, run, seen, told

USE = "from confluent_kafka import Producer\n"
INI = "[kafka]\nacks = 1\nretries = 7\n\n[http]\nport = 80\n"

READ: dict[str, tuple[str, dict[str, str]]] = {
    "ConfigParser, dict of a section": (
        'from configparser import ConfigParser\nparser = ConfigParser()\nparser.read("kafka.ini")\n'
        'Producer(dict(parser["kafka"]))',
        {"app/kafka.ini": INI},
    ),
    "ConfigParser, items of a section": (
        'import configparser\nparser = configparser.ConfigParser()\nparser.read("kafka.ini")\n'
        'Producer(dict(parser.items("kafka")))',
        {"app/kafka.ini": INI},
    ),
    "ConfigParser, read_file": (
        "from configparser import ConfigParser\nparser = ConfigParser()\n"
        'with open("kafka.ini") as file:\n    parser.read_file(file)\n'
        'Producer(dict(parser["kafka"]))',
        {"app/kafka.ini": INI},
    ),
    "ConfigParser, single options": (
        'from configparser import ConfigParser\nparser = ConfigParser()\nparser.read("kafka.ini")\n'
        'Producer({"acks": parser.get("kafka", "acks"), '
        '"retries": parser.getint("kafka", "retries")})',
        {"app/kafka.ini": INI},
    ),
    "json, a with block": (
        'import json\nwith open("kafka.json") as file:\n    conf = json.load(file)\nProducer(conf)',
        {"app/kafka.json": '{"acks": "1", "retries": 7}\n'},
    ),
    "json of a text": (
        'import json\nfrom pathlib import Path\nconf = json.loads(Path("kafka.json").read_text())\n'
        "Producer(conf)",
        {"app/kafka.json": '{"acks": "1", "retries": 7}\n'},
    ),
    "json, nested": (
        'import json\nconf = json.load(open("conf.json"))\nProducer(conf["kafka"]["producer"])',
        {"app/conf.json": '{"kafka": {"producer": {"acks": "1", "retries": 7}}}\n'},
    ),
    "yaml": (
        'import yaml\nwith open("kafka.yaml") as file:\n    conf = yaml.safe_load(file)\n'
        'Producer(conf["producer"])',
        {"app/kafka.yaml": "producer:\n  acks: 1\n  retries: 7\n"},
    ),
    "yaml with a loader": (
        'import yaml\nconf = yaml.load(open("kafka.yml"), Loader=yaml.SafeLoader)\n'
        'Producer(conf["producer"])',
        {"app/kafka.yml": "producer: {acks: 1, retries: 7}\n"},
    ),
    "tomllib": (
        'import tomllib\nwith open("conf.toml", "rb") as file:\n    conf = tomllib.load(file)\n'
        'Producer(conf["kafka"])',
        {"app/conf.toml": '[kafka]\nacks = "1"\n"retries" = 7\n'},
    ),
    "tomli of a text": (
        'import tomli\nfrom pathlib import Path\nconf = tomli.loads(Path("conf.toml").read_text())\n'
        'Producer(conf["kafka"])',
        {"app/conf.toml": '[kafka]\nacks = "1"\n"retries" = 7\n'},
    ),
    "jproperties": (
        "from jproperties import Properties\nprops = Properties()\n"
        'with open("kafka.properties", "rb") as file:\n    props.load(file)\n'
        "Producer({key: value.data for key, value in props.items()})",
        {"app/kafka.properties": "acks=1\nretries=7\n"},
    ),
    "jproperties, its own dict": (
        "from jproperties import Properties\nprops = Properties()\n"
        'with open("kafka.properties", "rb") as file:\n    props.load(file)\n'
        "Producer(props.properties)",
        {"app/kafka.properties": "acks=1\nretries=7\n"},
    ),
    "dotenv_values": (
        'from dotenv import dotenv_values\nenv = dotenv_values("kafka.env")\n'
        'Producer({"acks": env["ACKS"], "retries": env["LINGER"]})',
        {"app/kafka.env": "ACKS=1\nLINGER=7\n"},
    ),
    "beside the module": (
        "import json\nfrom pathlib import Path\n"
        'conf = json.loads((Path(__file__).parent / "kafka.json").read_text())\nProducer(conf)',
        {"app/kafka.json": '{"acks": "1", "retries": 7}\n'},
    ),
    "a folder above the module": (
        "import json\nfrom pathlib import Path\n"
        'ROOT = Path(__file__).resolve().parent.parent\nconf = json.loads((ROOT / "conf" / '
        '"kafka.json").read_text())\nProducer(conf)',
        {"conf/kafka.json": '{"acks": "1", "retries": 7}\n'},
    ),
    "os.path": (
        "import json, os\n"
        'NAME = os.path.join(os.path.dirname(os.path.abspath(__file__)), "kafka.json")\n'
        "with open(NAME) as file:\n    Producer(json.load(file))",
        {"app/kafka.json": '{"acks": "1", "retries": 7}\n'},
    ),
    "from where the program starts": (
        'import json\nconf = json.load(open("conf/kafka.json"))\nProducer(conf)',
        {"conf/kafka.json": '{"acks": "1", "retries": 7}\n'},
    ),
    "a name in a constant": (
        'import json\nNAME = "kafka.json"\n\n\ndef load(name):\n    with open(name) as file:\n'
        "        return json.load(file)\n\n\nProducer(load(NAME))",
        {"app/kafka.json": '{"acks": "1", "retries": 7}\n'},
    ),
}


@pytest.mark.parametrize(("source", "files"), cases(READ))
def test_a_file_named_by_a_literal_is_read(
    tmp_path: Path, source: str, files: dict[str, str]
) -> None:
    client = seen(tmp_path, USE + source + "\n", files)
    assert told(client, "acks") == {"1"}
    assert told(client, "retries") == {"7"}
    assert closed(client)


def test_the_value_points_into_the_file(tmp_path: Path) -> None:
    source = (
        USE + "from configparser import ConfigParser\nparser = ConfigParser()\n"
        'parser.read("kafka.ini")\nProducer(dict(parser["kafka"]))\n'
    )
    client = seen(tmp_path, source, {"app/kafka.ini": INI})
    assert [(s.key, str(s.key_span)) for s in client.block.settings] == [
        ("acks", "app/kafka.ini:2:1"),
        ("retries", "app/kafka.ini:3:1"),
    ]


def test_a_file_that_code_reads_is_no_client_of_its_own(tmp_path: Path) -> None:
    source = USE + 'import json\nProducer(json.load(open("producer.json")))\n'
    files = {"app/producer.json": '{"bootstrap.servers": "b:9092", "acks": "1"}\n'}
    assert seen(tmp_path, source, files).span.path == "app/main.py"


UNREADABLE: dict[str, tuple[str, dict[str, str]]] = {
    "a file named on the command line": (
        "import json, sys\nProducer(json.load(open(sys.argv[1])))",
        {"app/kafka.json": '{"acks": "1"}\n'},
    ),
    "a file that is not there": ('import json\nProducer(json.load(open("kafka.json")))', {}),
    "an absolute path": (
        'import json\nProducer(json.load(open("/etc/kafka.json")))',
        {"etc/kafka.json": '{"acks": "1"}\n'},
    ),
    "a file that does not parse": (
        'import json\nProducer(json.load(open("kafka.json")))',
        {"app/kafka.json": '{"acks": "1"\n'},
    ),
    "a section that is not there": (
        'from configparser import ConfigParser\nparser = ConfigParser()\nparser.read("kafka.ini")\n'
        'Producer(dict(parser["producer"]))',
        {"app/kafka.ini": INI},
    ),
    "text from the network": (
        "import json, urllib.request\n"
        'Producer(json.loads(urllib.request.urlopen("http://settings/kafka").read()))',
        {},
    ),
    "a pattern of names": (
        "import glob, json\nfor name in glob.glob('*.json'):\n    Producer(json.load(open(name)))",
        {"app/kafka.json": '{"acks": "1"}\n'},
    ),
}


@pytest.mark.parametrize(("source", "files"), cases(UNREADABLE))
def test_what_cannot_be_read_is_unknown(tmp_path: Path, source: str, files: dict[str, str]) -> None:
    report = run(tmp_path, USE + source + "\n", files)
    client = next(one for one in report.subjects if one.span.path == "app/main.py")
    assert told(client, "acks") == {"?"}
    assert not closed(client)
    assert report.unresolved


def test_the_file_s_name_is_in_the_reason(tmp_path: Path) -> None:
    client = seen(tmp_path, USE + 'import json\nProducer(json.load(open("kafka.json")))\n')
    (reason,) = reasons(client, "acks")
    assert "kafka.json" in reason


def test_a_template_is_not_read_as_configuration(tmp_path: Path) -> None:
    source = USE + 'import yaml\nProducer(yaml.safe_load(open("kafka.yaml"))["producer"])\n'
    files = {
        "app/kafka.yaml": dedent("""
        producer:
        {% if strict %}
          acks: all
        {% else %}
          acks: 1
        {% endif %}
        """)
    }
    client = seen(tmp_path, source, files)
    assert told(client, "acks") == {"?"}


def test_an_environment_placeholder_in_the_file_is_unknown(tmp_path: Path) -> None:
    source = USE + 'import yaml\nProducer(yaml.safe_load(open("kafka.yaml"))["producer"])\n'
    files = {"app/kafka.yaml": "producer:\n  acks: ${ACKS}\n  retries: 7\n"}
    client = seen(tmp_path, source, files)
    assert told(client, "retries") == {"7"}
    assert told(client, "acks") == {"?"}


def test_a_reader_of_the_house_is_not_guessed_at(tmp_path: Path) -> None:
    source = """
        from confluent_kafka import Producer


        def load(name):
            conf = {}
            with open(name) as file:
                for line in file:
                    line = line.strip()
                    if line and not line.startswith("#"):
                        key, value = line.split("=", 1)
                        conf[key] = value.strip()
            return conf


        Producer(load("kafka.properties"))
        """
    client = next(
        one
        for one in run(tmp_path, source, {"app/kafka.properties": "acks=1\n"}).subjects
        if one.span.path == "app/main.py"
    )
    assert told(client, "acks") <= {"1", "?"}
