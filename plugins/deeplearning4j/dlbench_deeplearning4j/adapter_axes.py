"""A vertex that turns the axes of an array; Deeplearning4j has none, its users write one."""
from __future__ import absolute_import

import jpype
from org.deeplearning4j.nn.workspace import ArrayType
from org.nd4j.common.primitives import Pair


def turning(axes):
    """Return an InputPreProcessor; ``axes`` has, for each axis made, the one taken (batch: 0)."""
    return jpype.JProxy("org.deeplearning4j.nn.conf.InputPreProcessor", inst=Turning(axes))


class Turning(object):
    def __init__(self, axes):
        self.axes = axes
        self.back = [axes.index(axis) for axis in range(len(axes))]

    def preProcess(self, array, items, workspaces):
        return turned(array, self.axes, workspaces, ArrayType.ACTIVATIONS)

    def backprop(self, gradient, items, workspaces):
        return turned(gradient, self.back, workspaces, ArrayType.ACTIVATION_GRAD)

    def clone(self):
        return turning(self.axes)

    def feedForwardMaskArray(self, mask, state, items):
        return Pair(mask, state)


def turned(array, axes, workspaces, kind):
    return workspaces.dup(kind, array.permute(*axes), "c")
