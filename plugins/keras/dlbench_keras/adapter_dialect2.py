"""What Keras 2 calls layers, their arguments and their weights."""
from __future__ import absolute_import, division, print_function

from keras.layers import LSTM, AveragePooling2D, Conv2D, Dense, MaxPooling2D, ZeroPadding2D
from keras.layers import add
from keras.losses import sparse_categorical_crossentropy as sparse

ONE_EPOCH = {"epochs": 1}

#: Whether a convolution's kernel has its channels first where images have, on every backend.
TURNS_CHANNELS = False


def attributes(kind, role):
    """Return the attributes of a Keras layer that hold a weight."""
    return [role]


def convolution(given, channels_first):
    return Conv2D(
        given["filters"], tuple(given["kernel"]), strides=tuple(given["strides"]),
        padding=given["padding"], use_bias=given["bias"], data_format=ordering(channels_first))


def zero_padding(sides, channels_first):
    """Return the layer that adds zeros: ((top, bottom), (left, right)) of them."""
    return ZeroPadding2D(sides, data_format=ordering(channels_first))


def max_pool(given, channels_first):
    return pool(MaxPooling2D, given, channels_first)


def average_pool(given, channels_first):
    return pool(AveragePooling2D, given, channels_first)


def pool(kind, given, channels_first):
    return kind(
        pool_size=tuple(given["size"]), strides=tuple(given["strides"]),
        padding=given["padding"], data_format=ordering(channels_first))


def ordering(channels_first):
    return "channels_first" if channels_first else "channels_last"


def dense(given):
    return Dense(given["units"], use_bias=given["bias"])


def lstm(given, **more):
    return LSTM(
        given["units"], return_sequences=given["return_sequences"],
        recurrent_activation=given["gate_activation"], **more)
