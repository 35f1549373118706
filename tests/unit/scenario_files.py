"""Scenario files that several unit tests read: every network that the vocabulary must fit."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

PLANS = """
plans:
  full: {epochs: 2}
  quick: {epochs: 1}
"""

MLP = (
    """
format: 1
name: mlp
data:
  dataset: mnist
  item: image
  inputs: {image: {shape: [784], divide_by: 255}}
  target: {classes: 10}
network:
  - dense: 100
  - relu
  - dense: 10
  - softmax
loss: cross_entropy
optimizer: {sgd: {learning_rate: 0.1}}
batch_size: 128
"""
    + PLANS
)

FCNN_DEPTH = (
    """
format: 1
name: fcnn-depth
metric: epoch
parameters:
  depth: {default: 1, values: [1, 2, 3, 4], summary: hidden layers}
  activation: {default: tanh, values: [tanh, relu]}
  input_scale: {default: unit, values: {unit: 255, raw: 1}}
data:
  dataset: mnist
  item: image
  inputs: {image: {shape: [784], divide_by: $input_scale}}
  target: {classes: 10}
network:
  - times:
      count: $depth
      layers:
        - dense: 100
        - activation: $activation
  - dense: 10
  - softmax
loss: {cross_entropy: {reduction: mean}}
optimizer: {sgd: {learning_rate: 0.1}}
batch_size: 128
"""
    + PLANS
)

VGG_TOY = (
    """
format: 1
name: vgg-toy
data:
  dataset: synthetic
  item: image
  items: 10
  inputs: {image: {shape: [850, 649, 1]}}
  target: {classes: 21, shape: [850, 649]}
network:
  - convolution: {filters: 64, kernel: 3, padding: same}
  - relu
  - convolution: {filters: 64, kernel: [3, 3], padding: same}
  - relu
  - convolution: {filters: 21, kernel: 3, padding: same}
  - relu
  - softmax
loss: {cross_entropy: {reduction: sum}}
optimizer: {adagrad: {learning_rate: 0.01, accumulator: 0, epsilon: 1e-6}}
batch_size: 10
"""
    + PLANS
)

CIFAR10_CNN = (
    """
format: 1
name: cifar10-cnn
parameters:
  augmentation: {default: on, values: [off, on]}
data:
  dataset: cifar10
  item: image
  inputs: {image: {shape: [32, 32, 3], divide_by: 255}}
  target: {classes: 10}
  augment: {when: $augmentation, flip: horizontal, shift: 0.1}
network:
  - convolution: {filters: 32, kernel: 3, padding: same}
  - relu
  - convolution: {filters: 32, kernel: 3}
  - relu
  - max_pool: 2
  - dropout: 0.25
  - convolution: {filters: 64, kernel: 3, padding: same}
  - relu
  - convolution: {filters: 64, kernel: 3}
  - relu
  - max_pool: 2
  - dropout: 0.25
  - flatten
  - dense: 512
  - relu
  - dropout: 0.5
  - dense: 10
  - softmax
loss: cross_entropy
optimizer: {rmsprop: {learning_rate: 0.0001, decay: 1e-6}}
batch_size: 32
"""
    + PLANS
)

MNIST_HRNN = (
    """
format: 1
name: mnist-hrnn
parameters:
  gate_activation: {default: sigmoid, values: [sigmoid, hard_sigmoid]}
data:
  dataset: mnist
  item: image
  inputs: {image: {shape: [28, 28, 1], divide_by: 255}}
  target: {classes: 10}
network:
  - time_distributed:
      name: rows
      layers:
        - lstm: {units: 128, gate_activation: $gate_activation, name: row}
  - lstm: {units: 128, gate_activation: $gate_activation}
  - dense: 10
  - softmax
loss: cross_entropy
optimizer: {rmsprop: {learning_rate: 0.001}}
batch_size: 32
"""
    + PLANS
)

BABI_RNN = (
    """
format: 1
name: babi-rnn
data:
  dataset: babi-qa2
  item: question
  validation: 0.05
  inputs:
    story: {shape: [552], dtype: int32, vocabulary: 36}
    question: {shape: [5], dtype: int32, vocabulary: 36}
  target: {classes: 36}
network:
  - embedding: {vocabulary: 36, units: 50, inputs: story}
  - dropout: {rate: 0.3, name: read_story}
  - embedding: {vocabulary: 36, units: 50, inputs: question}
  - dropout: 0.3
  - lstm: 50
  - repeat: {times: 552, name: asked}
  - add: [read_story, asked]
  - lstm: 50
  - dropout: 0.3
  - dense: 36
  - softmax
loss: cross_entropy
optimizer: {adam: {learning_rate: 0.001}}
batch_size: 32
"""
    + PLANS
)


def write_scenario(folder: Path, text: str, name: str = "toy.yaml") -> Path:
    """Write a scenario file and return its path."""
    path = folder / name
    path.write_text(dedent(text), encoding="utf-8")
    return path
