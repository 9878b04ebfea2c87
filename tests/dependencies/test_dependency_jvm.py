"""Maven and Gradle files: versions, the properties that hold them, and their exact places."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from oncelint.dependencies import DependencyError, read
from oncelint.dependencies.jvm import specifier
from oncelint.text import SourceText

Row = tuple[str, str, str, str]
Reader = Callable[[str, str], list[Row]]

CLIENTS = "org.apache.kafka:kafka-clients"
STREAMS = "org.apache.kafka:kafka-streams"
BOOT = "org.springframework.boot"
SPRING_KAFKA = "org.springframework.kafka:spring-kafka"


def _dependency(group: str, artifact: str, version: str | None = None) -> str:
    written = f"<version>{version}</version>" if version is not None else ""
    return (
        f"<dependency><groupId>{group}</groupId><artifactId>{artifact}</artifactId>{written}"
        "</dependency>\n"
    )


def test_pom(rows: Reader) -> None:
    source = (
        '<?xml version="1.0" encoding="ISO-8859-1"?>\n'
        '<!-- Größe --><project xmlns="http://maven.apache.org/POM/4.0.0">\n'
        "<properties>\n"
        "  <kafka.version> 3.5.1\n </kafka.version><own>${kafka.version}</own>\n"
        "</properties>\n"
        "<dependencyManagement><dependencies>\n"
        + _dependency("org.apache.kafka", "kafka-clients", "${own}")
        + "</dependencies></dependencyManagement>\n<dependencies>\n"
        + _dependency("org.apache.kafka", "kafka-clients")
        + _dependency("org.apache.kafka", "kafka-streams", "${parent.version}")
        + _dependency("org.apache.kafka", "connect-api", "é 7.4.0-ccs")
        + _dependency("org.apache.kafka", "connect-runtime", "<!-- x -->7.4.0-ccs")
        + _dependency("com.example", "kafka-clients", "1.0")
        + "</dependencies></project>\n"
    )
    assert rows("pom.xml", source) == [
        (CLIENTS, "==3.5.1", "3.5.1", "4:19"),
        ("property:kafka.version", "==3.5.1", "3.5.1", "4:19"),
        (CLIENTS, "", "kafka-clients", "11:60"),
        (STREAMS, "${parent.version}", "${parent.version}", "12:95"),
        ("org.apache.kafka:connect-api", "", "é 7.4.0-ccs", "13:93"),
        ("org.apache.kafka:connect-runtime", "==3.4.0", "7.4.0-ccs", "14:107"),
    ]


def test_pom_with_spring_boot_as_parent(rows: Reader) -> None:
    source = (
        "<project><parent><groupId>org.springframework.boot</groupId>\n"
        "<artifactId>spring-boot-starter-parent</artifactId><version>2.7.5</version></parent>\n"
        "<properties><kafka.version>3.2.3</kafka.version></properties>\n<dependencies>\n"
        "<dependency><groupId>org.springframework.kafka</groupId>\n"
        "<artifactId>spring-kafka</artifactId><exclusions><exclusion>"
        "<groupId>org.apache.kafka</groupId><artifactId>kafka-streams</artifactId>"
        "</exclusion></exclusions></dependency></dependencies>\n"
        "<build><plugins><plugin><artifactId>x</artifactId><dependencies>\n"
        + _dependency("org.apache.kafka", "kafka-streams", "1.0")
        + "</dependencies></plugin></plugins></build></project>\n"
    )
    assert rows("pom.xml", source) == [
        (BOOT, "==2.7.5", "2.7.5", "2:61"),
        (CLIENTS, "==3.2.3", "3.2.3", "3:28"),
        ("property:kafka.version", "==3.2.3", "3.2.3", "3:28"),
        (SPRING_KAFKA, "", "spring-kafka", "6:13"),
    ]


def test_pom_of_quarkus(rows: Reader) -> None:
    source = (
        "<project><properties><g>io.quarkus.platform</g>"
        "<quarkus.platform.version>3.2.0.Final</quarkus.platform.version></properties>\n"
        "<dependencyManagement><dependencies>"
        + _dependency("${g}", "quarkus-bom", "${quarkus.platform.version}")
        + "</dependencies></dependencyManagement></project>\n"
    )
    assert rows("pom.xml", source) == [
        ("io.quarkus", "==3.2.0.Final", "3.2.0.Final", "1:74"),
        ("property:quarkus.platform.version", "==3.2.0.Final", "3.2.0.Final", "1:74"),
    ]


def test_a_pom_names_itself_and_its_parent(rows: Reader) -> None:
    source = (
        "<project><parent><groupId>com.example</groupId><artifactId>root</artifactId></parent>\n"
        "<artifactId>svc</artifactId><dependencies>\n"
        + _dependency("org.apache.kafka", "kafka-clients")
        + "</dependencies></project>\n"
    )
    assert rows("svc/pom.xml", source) == [
        ("project:svc", "root", "svc", "2:13"),
        (CLIENTS, "${managed}", "kafka-clients", "3:60"),
    ]


def test_a_pom_whose_property_refers_to_itself(rows: Reader) -> None:
    source = "<project><properties><kafka.v>${kafka.v}</kafka.v></properties><dependencies>" + (
        _dependency("org.apache.kafka", "kafka-clients", "${kafka.v}") + "</dependencies></project>"
    )
    assert rows("pom.xml", source) == [(CLIENTS, "${kafka.v}", "${kafka.v}", "1:31")]


def test_a_pom_with_entities_is_refused() -> None:
    source = (
        '<?xml version="1.0"?>\n'
        '<!DOCTYPE project [<!ENTITY a "kafka"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>\n'
        "<project>&b;</project>"
    )
    with pytest.raises(DependencyError, match="document type declaration"):
        read("maven", SourceText("pom.xml", source))


def test_a_pom_nested_without_end_is_refused() -> None:
    with pytest.raises(DependencyError, match="nested too deeply"):
        read("maven", SourceText("pom.xml", "<kafka>" * 100_000))


def test_a_malformed_pom_says_where() -> None:
    source = "<project>é\n<kafka></project>"
    with pytest.raises(DependencyError, match="mismatched tag") as caught:
        read("maven", SourceText("pom.xml", source))
    assert caught.value.offset == source.index("</project>") + 2


def test_a_pom_that_ends_early_is_malformed() -> None:
    with pytest.raises(DependencyError, match="no element found"):
        read("maven", SourceText("pom.xml", "<project><artifactId>kafka</artifactId>"))


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("3.5.1", "==3.5.1"),
        ("[3.5.1]", "==3.5.1"),
        ("[3.0,4.0)", ">=3.0,<4.0"),
        ("(3.0, 4.0]", ">3.0,<=4.0"),
        ("]3.0,4.0[", ">3.0,<4.0"),
        ("[3.0,)", ">=3.0"),
        ("(,4.0)", "<4.0"),
        ("(,1.0],[1.2,)", ""),
        ("3.+", "==3.*"),
        ("3.5.+", "==3.5.*"),
        ("+", ""),
        ("latest.release", ""),
        ("LATEST", ""),
        ("3.5.1!!", "==3.5.1"),
        ("3.5.0.redhat-00001", "==3.5.0.redhat-00001"),
        ("5.5.1-ccs", "==2.5.*"),
        ("6.2.0-ccs", "==2.8.0"),
        ("7.4.0-ce", "==3.4.0"),
        ("7.4.1-ccs", "==3.4.*"),
        ("8.0.0-ccs", "==4.0.0"),
        ("${kafka.version}", "${kafka.version}"),
        ("", ""),
    ],
)
def test_versions_as_specifiers(version: str, expected: str) -> None:
    assert specifier(version) == expected


def test_groovy_build_script(rows: Reader) -> None:
    source = (
        "// 'org.apache.kafka:kafka-clients:1.0'\n"
        'def site = "https://example.org" /* "org.apache.kafka:kafka-clients:1.1"\n*/\n'
        "plugins { id 'org.springframework.boot' version '2.7.5' }\n"
        "ext { kafkaVersion = '3.5.1' }\n"
        "ext.versions = [kafka: '3.6.0', junit: \"5\"]\n"
        "dependencies {\n"
        '  implementation "org.apache.kafka:kafka-clients:$kafkaVersion"\n'
        '  implementation "org.apache.kafka:kafka-streams:${versions.kafka}"\n'
        "  implementation group: 'org.apache.kafka', name: 'connect-api', version: '3.5.1'\n"
        "  implementation 'org.springframework.kafka:spring-kafka'\n"
        "  implementation 'org.apache.kafka:connect-runtime:' + rootProject.ext.kafkaVersion\n"
        "  runtimeOnly('org.apache.kafka:kafka-streams') { version { strictly '[3.0,4.0)' } }\n"
        "  implementation \"org.apache.kafka:connect-api:${project.property('api.version')}\"\n"
        "  compileOnly 'org.apache.kafka:connect-api:3.4.0:javadoc@jar'\n"
        "  exclude group: 'org.apache.kafka', module: 'kafka-clients'\n"
        "}\n"
    )
    assert rows("build.gradle", source) == [
        (BOOT, "==2.7.5", "2.7.5", "4:50"),
        ("org.apache.kafka:connect-runtime", "==3.5.1", "3.5.1", "5:23"),
        (CLIENTS, "==3.5.1", "3.5.1", "5:23"),
        ("property:kafkaVersion", "==3.5.1", "3.5.1", "5:23"),
        (STREAMS, "==3.6.0", "3.6.0", "6:25"),
        ("property:versions.kafka", "==3.6.0", "3.6.0", "6:25"),
        ("org.apache.kafka:connect-api", "==3.5.1", "3.5.1", "10:76"),
        (SPRING_KAFKA, "", "spring-kafka", "11:45"),
        (STREAMS, ">=3.0,<4.0", "[3.0,4.0)", "13:71"),
        (
            "org.apache.kafka:connect-api",
            "${api.version}",
            "${project.property('api.version')}",
            "14:48",
        ),
        ("org.apache.kafka:connect-api", "==3.4.0", "3.4.0", "15:45"),
    ]


def test_kotlin_build_script(rows: Reader) -> None:
    source = (
        'plugins { id("io.quarkus") version "3.2.0.Final"; id("org.springframework.boot") }\n'
        'val kafkaVersion by extra("3.5.1")\n'
        'val streams: String = "3.+"\n'
        'extra["kafka.version"] = "3.4.0"\n'
        'implementation("org.apache.kafka:kafka-streams:$streams")\n'
        'implementation("org.apache.kafka:connect-api:${libs.versions.kafka.get()}")\n'
        'implementation(group = "org.apache.kafka", name = "kafka-clients", version = kafkaVersion)\n'
    )
    assert rows("build.gradle.kts", source) == [
        ("io.quarkus", "==3.2.0.Final", "3.2.0.Final", "1:37"),
        (BOOT, "${managed}", "org.springframework.boot", "1:55"),
        (CLIENTS, "==3.5.1", "3.5.1", "2:28"),
        ("property:kafkaVersion", "==3.5.1", "3.5.1", "2:28"),
        (STREAMS, "==3.*", "3.+", "3:24"),
        ("property:streams", "==3.*", "3.+", "3:24"),
        (CLIENTS, "==3.4.0", "3.4.0", "4:27"),
        ("property:kafka.version", "==3.4.0", "3.4.0", "4:27"),
        ("org.apache.kafka:connect-api", "${kafka}", "${libs.versions.kafka.get()}", "6:46"),
    ]


def test_a_gradle_dependency_without_a_version_and_without_a_platform(rows: Reader) -> None:
    source = 'implementation("org.apache.kafka:kafka-clients")\n'
    assert rows("build.gradle.kts", source) == [(CLIENTS, "${managed}", "kafka-clients", "1:34")]


def test_a_variable_with_two_values_is_unknown(rows: Reader) -> None:
    source = (
        "kafkaVersion = '3.5.1'\nif (old) { kafkaVersion = '2.8.0' }\n"
        'implementation "org.apache.kafka:kafka-clients:$kafkaVersion"\n'
    )
    assert rows("build.gradle", source) == [(CLIENTS, "${kafkaVersion}", "$kafkaVersion", "3:48")]


def test_gradle_properties(rows: Reader) -> None:
    source = "org.gradle.jvmargs=-Xmx1g\nkafkaVersion=3.5.1\nspringBoot : 2.7.1 \nkafka=${kafkaVersion}\n"
    assert rows("gradle.properties", source) == [
        ("property:kafkaVersion", "==3.5.1", "3.5.1", "2:14"),
        ("property:springBoot", "==2.7.1", "2.7.1", "3:14"),
    ]


def test_version_catalog(rows: Reader) -> None:
    source = (
        "[versions]\n"
        'kafka = "3.5.1"\n'
        'boot = { strictly = "2.7.5" }\n'
        "[libraries]\n"
        'clients = { module = "org.apache.kafka:kafka-clients", version.ref = "kafka" }\n'
        'streams = "org.apache.kafka:kafka-streams:3.4.0"\n'
        'spring = { group = "org.springframework.kafka", name = "spring-kafka" }\n'
        'other = { module = "com.example:kafka", version = "1" }\n'
        "[plugins]\n"
        'boot = { id = "org.springframework.boot", version.ref = "boot" }\n'
        'quarkus = "io.quarkus:3.2.0"\n'
    )
    assert rows("gradle/libs.versions.toml", source) == [
        (CLIENTS, "==3.5.1", "3.5.1", "2:10"),
        ("property:kafka", "==3.5.1", "3.5.1", "2:10"),
        (BOOT, "==2.7.5", "2.7.5", "3:22"),
        (STREAMS, "==3.4.0", "3.4.0", "6:43"),
        (SPRING_KAFKA, "", "spring", "7:1"),
        ("io.quarkus", "==3.2.0", "3.2.0", "11:23"),
    ]
