"""Compile one of the Java programs beside this file, in the image it is for, and start it.

    python java_program.py mnist_mlp_deeplearning4j --data FOLDER

The image has a Java runtime and no JDK, but that has the compiler as a module.  The program gets what
dlbench's adapter has by default: the BLAS kernels of this processor, oneDNN for convolutions,
threads that wait passively, and arrays outside Java's heap bounded by the container alone.
"""
import glob
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
COMPILER = ("java", "-m", "jdk.compiler/com.sun.tools.javac.Main", "-nowarn", "-proc:none")
SHARED = ("Epochs.java", "Turns.java")
OPTIONS = (
    "-Xmx2g", "-Dorg.bytedeco.javacpp.maxbytes=0", "-Dorg.bytedeco.javacpp.maxphysicalbytes=0",
    "-Dorg.eclipse.deeplearning4j.helpers.disable=false")

#: Features of a processor, and OpenBLAS' kernels for it: those of 2016 end with Haswell's.
KERNELS = (("avx512f", "SkylakeX"), ("avx2", "Haswell"))


def choose_kernels(old):
    with open("/proc/cpuinfo") as facts:
        features = set(re.findall(r"\w+", facts.read()))
    known = [kernels for feature, kernels in KERNELS[1 if old else 0:] if feature in features]
    if known:
        os.environ.setdefault("OPENBLAS_CORETYPE", known[0])


def main():
    source = os.path.join(HERE, sys.argv[1] + ".java")
    with open(source) as text:
        program = re.search(r"^(?:final )?class (\w+)", text.read(), re.MULTILINE).group(1)
    folder = tempfile.mkdtemp()
    shared = [os.path.join(HERE, name) for name in SHARED]
    jars = ":".join(sorted(glob.glob("/opt/jars/*.jar")))
    subprocess.check_call(COMPILER + ("-d", folder, "-cp", jars, source) + tuple(shared))
    choose_kernels("nd4j-x86" in jars)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if "--threads" in sys.argv:
        os.environ["OMP_NUM_THREADS"] = sys.argv[sys.argv.index("--threads") + 1]
    path = ":".join((folder, "/opt/shim", jars))
    turns = "-Dturns=" + os.path.join(HERE, "turns.txt")
    os.execvp("java", ("java",) + OPTIONS + (turns, "-cp", path, program) + tuple(sys.argv[2:]))


if __name__ == "__main__":
    main()
