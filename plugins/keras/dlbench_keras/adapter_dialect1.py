"""What Keras 1 calls layers, their arguments and their weights."""
from __future__ import absolute_import, division, print_function

from keras.layers import (
    LSTM, AveragePooling2D, Convolution2D, Dense, MaxPooling2D, ZeroPadding2D, merge)
from keras.objectives import sparse_categorical_crossentropy as sparse

ONE_EPOCH = {"nb_epoch": 1}

#: Whether a convolution's kernel has its channels first where images have, on every backend.
TURNS_CHANNELS = True

_ATTRIBUTES = {"kernel": "W", "recurrent_kernel": "U", "bias": "b", "embeddings": "W"}


def attributes(kind, role):
    """Return the attributes of a Keras layer that hold a weight; an LSTM has one for each gate."""
    name = _ATTRIBUTES[role]
    return ["%s_%s" % (name, gate) for gate in "ifco"] if kind == "lstm" else [name]


def convolution(given, channels_first):
    rows, columns = given["kernel"]
    return Convolution2D(
        given["filters"], rows, columns, subsample=tuple(given["strides"]),
        border_mode=given["padding"], bias=given["bias"], dim_ordering=ordering(channels_first))


def zero_padding(sides, channels_first):
    """Return the layer that adds zeros: ((top, bottom), (left, right)) of them."""
    return ZeroPadding2D(sides[0] + sides[1], dim_ordering=ordering(channels_first))


def max_pool(given, channels_first):
    return pool(MaxPooling2D, given, channels_first)


def average_pool(given, channels_first):
    return pool(AveragePooling2D, given, channels_first)


def pool(kind, given, channels_first):
    return kind(
        pool_size=tuple(given["size"]), strides=tuple(given["strides"]),
        border_mode=given["padding"], dim_ordering=ordering(channels_first))


def ordering(channels_first):
    return "th" if channels_first else "tf"


def dense(given):
    return Dense(given["units"], bias=given["bias"])


def add(values):
    return merge(values, mode="sum")


def lstm(given, **more):
    return LSTM(
        given["units"], return_sequences=given["return_sequences"],
        inner_activation=given["gate_activation"], **more)
