"""Keras on CNTK: a mend of its folding, its threads, and what its functions say of themselves."""
from __future__ import absolute_import, division, print_function

import cntk as C
import numpy as np
from keras import backend as K

from dlbench_worker import mkl

#: CNTK's convolution is the cross-correlation that a task means.
TURNS_KERNELS = False

#: Whether kernels have their channels first where images have, whatever the version of Keras.
TURNS_CHANNELS = False

#: Whether a convolution that keeps the size pads by half of its kernel on both sides, whatever it is.
PADS_BY_HALF = True

#: Further arguments of an LSTM: CNTK stops the default in "incorrect memory sharing".
LSTM = {"implementation": 1}


def versions():
    return {"cntk": C.__version__}


def start(seed, threads):
    """Have CNTK use so many threads, and drop out by this seed."""
    mend_folding()
    C.cntk_py.set_fixed_random_seed(seed)
    if threads:
        C.cntk_py.set_max_num_cputhreads(threads)


def mend_folding():
    """Have Keras fold an axis into the batch, and out of it, by CNTK's own operations.

    Keras 2.0.5 does it by a function in Python that CNTK of its time took; CNTK 2.7 stops there in
    "dynamic axis is inconsistent".  Keras itself did as here a few versions later.
    """
    from keras.backend import cntk_backend

    stock = cntk_backend.reshape

    def reshape(x, shape):
        shape = tuple(shape)
        folds = (shape[:1] == (-1,) and cntk_backend._get_dynamic_axis_num(x) == 1
                 and np.prod(x.shape) != np.prod(shape[1:]))
        if not folds:
            return stock(x, shape)
        return C.to_batch(C.reshape(C.unpack_batch(x), (-1,) + shape[1:]))

    K.reshape = reshape


def gated(kind):
    """Return the class as it is: CNTK has all gradients before its learner changes a weight."""
    return kind


def read(model, variables):
    """Return the arrays of variables."""
    return K.batch_get_value(variables)


def found(model):
    """Return what is active: MKL and its threads, and what the operations of the model are.

    ``folding`` says whether the mend of it is in the model: Keras' own has another operation.
    """
    made = [one for one in C.logging.depth_first_search(model.outputs[0], lambda _: True)
            if isinstance(one, C.Function)]
    images = [one for one in made if one.op_name in ("Convolution", "Pooling")]
    products = [one for one in made if one.op_name in ("Convolution", "Times")]
    mended = any(one.op_name == "ToBatchAxis" for one in made)
    return dict(
        mkl.settings(), updates="gated", operations=len(made),
        folding="mended: to_batch" if mended else "none",
        compute_precision=sorted(set(np.dtype(one.dtype).name for one in products)),
        # These operations exist for images with channels first alone.
        layout=["NCHW"] if images else [])
