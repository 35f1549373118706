"""The second pool of threads that Intel's TensorFlow 1 has: OpenMP's, for what MKL computes."""
from __future__ import absolute_import, division, print_function

import os

import tensorflow as tf


def is_built_in():
    """Whether this TensorFlow computes with MKL."""
    ask = getattr(tf.pywrap_tensorflow, "IsMklEnabled", None)
    return bool(ask and ask())


def spell_version():
    """Return TensorFlow's version, and whose build it is where it is another distribution's."""
    if not is_built_in():
        return tf.__version__
    import pkg_resources
    vendors = [one.project_name for one in pkg_resources.working_set
               if one.project_name.lower() == "intel-tensorflow"]
    return tf.__version__ + ("+intel" if vendors else "")


def set_threads(count):
    """Have sessions that are made from now on give the pool ``count`` threads.

    Without, they would give it half of them where the machine says that it has hyperthreads.
    """
    os.environ["OMP_NUM_THREADS"] = str(count)
