"""The Java machine, which starts when this is imported, and what is set before ND4J is loaded.

The image says in CLASSPATH and JAVA_TOOL_OPTIONS where Deeplearning4j and its native libraries lie.
"""
from __future__ import absolute_import

import os

import jpype
import jpype.imports

from dlbench_worker import blas

#: Arrays lie outside Java's heap, bounded by the container alone; those of ND4J 0.4 lie in it.
#: Signals are the worker's.
OPTIONS = (
    "-XX:MaxRAMPercentage=60", "-Xrs", "-Dorg.bytedeco.javacpp.maxbytes=0",
    "-Dorg.bytedeco.javacpp.maxphysicalbytes=0")

#: Where a jar of Deeplearning4j says what it is: one of these, by version.
FACTS = tuple(
    "META-INF/maven/org.deeplearning4j/deeplearning4j-%s/pom.properties" % jar
    for jar in ("nn", "core"))

#: Of ND4J 0.4, which runs its operations in Java.
JAVA_THREADS = "org.nd4j.parallel.threads"

#: Off unless this is false; it is true where a user says nothing.
HELPERS_DISABLED = "org.eclipse.deeplearning4j.helpers.disable"

jpype.startJVM(*OPTIONS)

System = jpype.JClass("java.lang.System")


def is_tuned(settings):
    return settings.axes.get("preset", "tuned") == "tuned"


def choose(threads, tuned, kernels):
    """Set what ND4J and the libraries under it read once, when they are loaded."""
    if threads:
        os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(threads)
        System.setProperty(JAVA_THREADS, str(threads))
    if tuned:
        blas.choose_kernels(kernels)
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        System.setProperty(HELPERS_DISABLED, "false")


def version():
    """Return the version of Deeplearning4j, from its jar, of which no class is loaded for this."""
    loader = jpype.JClass("java.lang.ClassLoader").getSystemClassLoader()
    streams = [loader.getResourceAsStream(name) for name in FACTS]
    facts = jpype.JClass("java.util.Properties")()
    facts.load(next(stream for stream in streams if stream is not None))
    return str(facts.getProperty("version"))
