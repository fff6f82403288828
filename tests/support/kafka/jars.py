"""The official Apache Kafka jars: fetched once with Maven (deploy/kafka/pom.xml), kept in a cache outside the tree."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

DEPLOY = Path(__file__).resolve().parents[3] / "deploy" / "kafka"
JAVA_VERSION_MIN = 17
FETCH_TIMEOUT_S = 600


class KafkaMissing(RuntimeError):
    """Apache Kafka cannot be run here; the message says what is needed."""


def cache_folder() -> Path:
    """`QBO_BRIDGE_KAFKA_CACHE`, or a folder of ours in the user's cache."""
    own = os.environ.get("QBO_BRIDGE_KAFKA_CACHE")
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(own) if own else base / "qbo-bridge" / "kafka"


def find_java() -> str:
    """A Java that Kafka 4 runs on: the one of `JAVA_HOME`, or the first on the path."""
    home = os.environ.get("JAVA_HOME")
    java = shutil.which("java", path=str(Path(home) / "bin")) if home else shutil.which("java")
    if java is None:
        raise KafkaMissing(f"needs Java {JAVA_VERSION_MIN} or newer (Debian: openjdk-17-jre-headless)")
    answer = subprocess.run([java, "-version"], capture_output=True, text=True, check=False).stderr
    version = re.search(r'version "(\d+)', answer)
    if version is None or int(version[1]) < JAVA_VERSION_MIN:
        raise KafkaMissing(f"needs Java {JAVA_VERSION_MIN} or newer, found {answer.splitlines()[:1]}")
    return java


def classpath() -> str:
    """The jars for `java -cp`, fetching them the first time; two processes may ask at once."""
    pom = DEPLOY / "pom.xml"
    version = re.search(r"<artifactId>kafka_2\.13</artifactId>\s*<version>([^<]+)</version>", pom.read_text())
    folder = cache_folder() / (version[1] if version else "unknown")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not folder.exists():
            _fetch(pom, folder)
    return f"{folder}/*"


def _fetch(pom: Path, folder: Path) -> None:
    """Into a temporary folder first, so that an interrupted fetch leaves nothing that looks complete."""
    maven = shutil.which("mvn")
    if maven is None:
        raise KafkaMissing("needs Maven to fetch Apache Kafka once (Debian: maven)")
    with tempfile.TemporaryDirectory(dir=folder.parent) as temporary:
        jars = Path(temporary) / "jars"
        command = [maven, "-q", "-B", "-f", str(pom), "dependency:copy-dependencies"]
        options = ["-DincludeScope=runtime", f"-DoutputDirectory={jars}"]
        fetched = subprocess.run(
            [*command, *options], capture_output=True, text=True, timeout=FETCH_TIMEOUT_S, check=False
        )
        if fetched.returncode != 0:
            raise KafkaMissing(f"Maven could not fetch Apache Kafka: {(fetched.stdout + fetched.stderr)[-500:]}")
        jars.rename(folder)
