"""Fully connected networks on MNIST in Caffe, written as its users wrote them in 2017.

    python fcnn_caffe.py --data FOLDER [--depth 4 --activation tanh] [--depth 1 --width 1024]
"""
import tempfile
import time
from pathlib import Path

import caffe
import numpy as np
from caffe import layers as L
from caffe import params as P
from caffe.proto import caffe_pb2

from epochs import read_options, report

BATCH, TEST_BATCH = 128, 100
GLOROT = dict(type="xavier", variance_norm=P.Filler.AVERAGE)
ACTIVATIONS = {"relu": L.ReLU, "tanh": L.TanH}


def load(folder, part):
    images = np.load(Path(folder, part + "_images.npy")).reshape(-1, 784)
    return images.astype(np.float32) / 255, np.load(Path(folder, part + "_labels.npy"))


def network(options, batch, phase):
    net = caffe.NetSpec()
    net.images = hidden = L.Input(shape=dict(dim=[batch, 784]))
    net.labels = L.Input(shape=dict(dim=[batch]))
    for _ in range(options.depth):
        hidden = L.InnerProduct(hidden, num_output=options.width, weight_filler=GLOROT)
        hidden = ACTIVATIONS[options.activation](hidden, in_place=True)
    net.logits = L.InnerProduct(hidden, num_output=10, weight_filler=GLOROT)
    if phase == caffe.TRAIN:
        net.loss = L.SoftmaxWithLoss(net.logits, net.labels)
    else:
        net.accuracy = L.Accuracy(net.logits, net.labels)
    return net.to_proto()


def make_solver(options):
    solver = caffe_pb2.SolverParameter(
        train_net_param=network(options, BATCH, caffe.TRAIN),
        test_net_param=[network(options, TEST_BATCH, caffe.TEST)],
        test_iter=[1], test_interval=10 ** 9, test_initialization=False,
        type="SGD", base_lr=0.1, lr_policy="fixed",
        random_seed=1, solver_mode=caffe_pb2.SolverParameter.CPU)
    with tempfile.NamedTemporaryFile("w", suffix=".prototxt") as file:
        file.write(str(solver))
        file.flush()
        return caffe.get_solver(file.name)


def feed(net, images, labels):
    net.blobs["images"].data[...] = images
    net.blobs["labels"].data[...] = labels


def test(net, images, labels):
    found = []
    for at in range(0, len(images) - TEST_BATCH + 1, TEST_BATCH):
        feed(net, images[at:at + TEST_BATCH], labels[at:at + TEST_BATCH])
        found.append(float(net.forward()["accuracy"]))
    return np.mean(found)


def main():
    options = read_options(__doc__, epochs=10, depth=2, width=100, activation="relu")
    np.random.seed(1)
    caffe.set_mode_cpu()
    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "test")
    solver = make_solver(options)
    net, test_net = solver.net, solver.test_nets[0]
    test_net.share_with(net)
    steps = min(options.steps, len(images) // BATCH)
    for _ in range(options.epochs):
        order = np.random.permutation(len(images))[:steps * BATCH]
        batches = list(zip(np.split(images[order], steps), np.split(labels[order], steps)))
        start = time.perf_counter()
        for x, y in batches:
            feed(net, x, y)
            solver.step(1)
        seconds = time.perf_counter() - start
        report(options, seconds, net.blobs["loss"].data,
               test(test_net, test_images, test_labels))


if __name__ == "__main__":
    main()
