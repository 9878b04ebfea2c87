"""Which clients a Java application comes with, by the way its build is told the platform."""

from __future__ import annotations

from textwrap import dedent

import pytest

from oncelint.dependencies import read, reader_for
from oncelint.link.clients import Surroundings
from oncelint.text import SourceText

APPLICATION = "app/src/main/resources/application.yml"
BOOT = "org.springframework.boot"
BOOT_BOM = f"""<dependencyManagement><dependencies><dependency>
<groupId>{BOOT}</groupId><artifactId>spring-boot-dependencies</artifactId>
<version>${{spring-boot.version}}</version><type>pom</type><scope>import</scope>
</dependency></dependencies></dependencyManagement>"""
BOOT_PARENT = f"""<parent><groupId>{BOOT}</groupId>
<artifactId>spring-boot-starter-parent</artifactId><version>3.2.0</version></parent>"""
ROOT_AS_PARENT = "<parent><groupId>com.example</groupId><artifactId>root</artifactId></parent>"
QUARKUS_BOM = """<dependencyManagement><dependencies><dependency>
<groupId>${quarkus.platform.group-id}</groupId>
<artifactId>${quarkus.platform.artifact-id}</artifactId>
<version>${quarkus.platform.version}</version><type>pom</type><scope>import</scope>
</dependency></dependencies></dependencyManagement>"""
QUARKUS_PROPERTIES = """<properties>
<quarkus.platform.artifact-id>quarkus-bom</quarkus.platform.artifact-id>
<quarkus.platform.group-id>io.quarkus.platform</quarkus.platform.group-id>
<quarkus.platform.version>3.15.0</quarkus.platform.version></properties>"""
QUARKUS_GRADLE = """quarkusPlatformGroupId=io.quarkus.platform
quarkusPlatformArtifactId=quarkus-bom
quarkusPlatformVersion=3.15.0
"""
ENFORCED = (
    'enforcedPlatform("${quarkusPlatformGroupId}:${quarkusPlatformArtifactId}'
    ':${quarkusPlatformVersion}")'
)


def _pom(name: str, body: str) -> str:
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0">\n'
        f"{body}\n<artifactId>{name}</artifactId>\n</project>\n"
    )


def _spring_kafka(version: str = "") -> str:
    told = f"<version>{version}</version>" if version else ""
    return (
        "<dependencies><dependency><groupId>org.springframework.kafka</groupId>"
        f"<artifactId>spring-kafka</artifactId>{told}</dependency></dependencies>"
    )


def clients(files: dict[str, str]) -> tuple[str, ...]:
    """The versions of the clients that the application in `app` may have."""
    requirements = {}
    for path, text in files.items():
        kind = reader_for(path)
        assert kind is not None
        requirements[path] = read(kind, SourceText(path, dedent(text)))
    return Surroundings(requirements, tuple(files), {}).knowledge(APPLICATION, "java").versions


@pytest.mark.parametrize(
    ("files", "version"),
    [
        pytest.param(
            {
                "build.gradle": f"plugins {{ id '{BOOT}' version '3.2.0' apply false }}",
                "app/build.gradle": f"plugins {{\n  id 'java'\n  id '{BOOT}'\n}}",
            },
            "3.6.0",
            id="a plugin whose version the root has",
        ),
        pytest.param(
            {
                "settings.gradle": f"""\
                    pluginManagement {{
                        plugins {{ id '{BOOT}' version "$springBootVersion" }}
                    }}
                    """,
                "gradle.properties": "springBootVersion=3.2.0\n",
                "app/build.gradle": f"plugins {{ id '{BOOT}' }}",
            },
            "3.6.0",
            id="a plugin whose version the settings have",
        ),
        pytest.param(
            {
                "buildSrc/build.gradle.kts": f"""\
                    dependencies {{
                        implementation("{BOOT}:spring-boot-gradle-plugin:3.2.0")
                    }}
                    """,
                "app/build.gradle.kts": 'plugins { id("com.example.service") }',
            },
            "3.6.0",
            id="a convention plugin",
        ),
        pytest.param(
            {
                "gradle/libs.versions.toml": f"""\
                    [versions]
                    spring-boot = "3.2.0"
                    [plugins]
                    spring-boot = {{ id = "{BOOT}", version.ref = "spring-boot" }}
                    """,
                "app/build.gradle.kts": "plugins { alias(libs.plugins.spring.boot) }",
            },
            "3.6.0",
            id="a version catalog",
        ),
        pytest.param(
            {
                "build.gradle": f"""\
                    subprojects {{
                        dependencyManagement {{
                            imports {{
                                mavenBom "{BOOT}:spring-boot-dependencies:$springBootVersion"
                            }}
                        }}
                    }}
                    """,
                "gradle.properties": "springBootVersion=3.2.0\n",
                "app/build.gradle": "dependencies { }",
            },
            "3.6.0",
            id="the dependency management of the root",
        ),
        pytest.param(
            {
                "app/build.gradle": f"""\
                    buildscript {{
                        ext {{ springBootVersion = '3.2.0' }}
                        dependencies {{
                            classpath("{BOOT}:spring-boot-gradle-plugin:${{springBootVersion}}")
                        }}
                    }}
                    apply plugin: '{BOOT}'
                    """,
            },
            "3.6.0",
            id="a build script's class path",
        ),
        pytest.param(
            {
                "app/build.gradle.kts": f"""\
                    plugins {{ id("{BOOT}") version "3.2.0" }}
                    extra["kafka.version"] = "3.4.0"
                    """,
            },
            "3.4.0",
            id="what Boot manages, overridden",
        ),
        pytest.param(
            {
                "app/build.gradle": f"dependencies {{ implementation {ENFORCED} }}",
                "app/gradle.properties": QUARKUS_GRADLE,
            },
            "3.7.1",
            id="Quarkus as it generates a Gradle project",
        ),
        pytest.param(
            {
                "gradle.properties": QUARKUS_GRADLE,
                "app/build.gradle.kts": f"""\
                    plugins {{ id("io.quarkus") }}
                    val quarkusPlatformGroupId: String by project
                    val quarkusPlatformArtifactId: String by project
                    val quarkusPlatformVersion: String by project
                    dependencies {{ implementation({ENFORCED}) }}
                    """,
            },
            "3.7.1",
            id="a module of such a project, in Kotlin",
        ),
        pytest.param(
            {"app/pom.xml": _pom("app", BOOT_PARENT + _spring_kafka())},
            "3.6.0",
            id="Boot as parent",
        ),
        pytest.param(
            {
                "pom.xml": _pom("root", BOOT_PARENT),
                "app/pom.xml": _pom(
                    "app",
                    f"{ROOT_AS_PARENT}<dependencyManagement><dependencies><dependency>"
                    "<groupId>org.springframework.cloud</groupId>"
                    "<artifactId>spring-cloud-dependencies</artifactId><version>2023.0.0</version>"
                    "<type>pom</type><scope>import</scope></dependency></dependencies>"
                    f"</dependencyManagement><build><plugins><plugin><groupId>{BOOT}</groupId>"
                    "<artifactId>spring-boot-maven-plugin</artifactId></plugin></plugins></build>",
                ),
            },
            "3.6.0",
            id="Boot's plugin beside the import of another platform",
        ),
        pytest.param(
            {
                "pom.xml": _pom(
                    "root",
                    "<properties><spring-boot.version>3.2.0</spring-boot.version></properties>"
                    f"{BOOT_BOM}",
                ),
                "app/pom.xml": _pom("app", ROOT_AS_PARENT + _spring_kafka()),
            },
            "3.6.0",
            id="Boot imported by the parent",
        ),
        pytest.param(
            {
                "pom.xml": _pom(
                    "root",
                    f"{BOOT_PARENT}<properties><kafka.version>3.4.0</kafka.version></properties>",
                ),
                "app/pom.xml": _pom("app", ROOT_AS_PARENT + _spring_kafka()),
            },
            "3.4.0",
            id="what Boot manages, overridden by the parent",
        ),
        pytest.param(
            {
                "pom.xml": _pom("root", QUARKUS_PROPERTIES),
                "app/pom.xml": _pom("app", ROOT_AS_PARENT + QUARKUS_BOM),
            },
            "3.7.1",
            id="Quarkus with the parent's properties",
        ),
        pytest.param(
            {"app/pom.xml": _pom("app", _spring_kafka("2.8.11"))},
            "3.0.2",
            id="Spring Kafka without Boot",
        ),
        pytest.param(
            {"app/pom.xml": _pom("app", BOOT_PARENT + _spring_kafka("3.0.2"))},
            "3.6.0",
            id="another Spring Kafka with Boot",
        ),
        pytest.param(
            {
                "app/build.gradle": "dependencies {\n"
                "  implementation 'org.apache.kafka:kafka-clients:6.0.0-ccs'\n}",
            },
            "2.6.0",
            id="Confluent's own build",
        ),
        pytest.param(
            {
                "app/build.gradle": f"plugins {{ id '{BOOT}' version '2.7.0' }}",
                "other/build.gradle": f"plugins {{ id '{BOOT}' version '3.2.0' }}",
            },
            "3.1.1",
            id="a sibling with another one",
        ),
    ],
)
def test_the_version_is_known(files: dict[str, str], version: str) -> None:
    assert clients(files) == (version,)


@pytest.mark.parametrize(
    "files",
    [
        pytest.param(
            {"app/build.gradle": f"plugins {{ id '{BOOT}' }}"}, id="a plugin of which nothing tells"
        ),
        pytest.param(
            {
                "app/build.gradle": f"""\
                    plugins {{ id '{BOOT}' }}
                    dependencies {{
                        implementation 'org.springframework.kafka:spring-kafka:3.0.2'
                    }}
                    """
            },
            id="Boot of any version manages the clients of Spring Kafka",
        ),
        pytest.param(
            {"app/pom.xml": _pom("app", f"{ROOT_AS_PARENT}{_spring_kafka()}")},
            id="a parent that is not there",
        ),
        pytest.param(
            {"app/build.gradle": f"dependencies {{ implementation {ENFORCED} }}"},
            id="properties that are not there",
        ),
        pytest.param(
            {"samples/build.gradle": f"plugins {{ id '{BOOT}' version '3.2.0' }}"},
            id="a program of another folder",
        ),
        pytest.param(
            {
                "samples/build.gradle": "dependencies {\n"
                "  implementation 'org.apache.kafka:kafka-clients:2.8.1'\n}"
            },
            id="the clients of another folder",
        ),
    ],
)
def test_the_version_is_open(files: dict[str, str]) -> None:
    assert len(clients(files)) > 20
