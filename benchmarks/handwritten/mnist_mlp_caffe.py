"""A multilayer perceptron on MNIST in Caffe, written as its users wrote it in 2017.

    python mnist_mlp_caffe.py --data FOLDER [--epochs 20]
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


def load(folder, part):
    images = np.load(Path(folder, part + "_images.npy")).reshape(-1, 784)
    return images.astype(np.float32) / 255, np.load(Path(folder, part + "_labels.npy"))


def network(batch, phase):
    net = caffe.NetSpec()
    net.images = L.Input(shape=dict(dim=[batch, 784]))
    net.labels = L.Input(shape=dict(dim=[batch]))
    net.dense1 = L.InnerProduct(net.images, num_output=512, weight_filler=GLOROT)
    net.relu1 = L.ReLU(net.dense1, in_place=True)
    net.drop1 = L.Dropout(net.relu1, dropout_ratio=0.2, in_place=True)
    net.dense2 = L.InnerProduct(net.drop1, num_output=512, weight_filler=GLOROT)
    net.relu2 = L.ReLU(net.dense2, in_place=True)
    net.drop2 = L.Dropout(net.relu2, dropout_ratio=0.2, in_place=True)
    net.logits = L.InnerProduct(net.drop2, num_output=10, weight_filler=GLOROT)
    if phase == caffe.TRAIN:
        net.loss = L.SoftmaxWithLoss(net.logits, net.labels)
    else:
        net.accuracy = L.Accuracy(net.logits, net.labels)
    return net.to_proto()


def make_solver():
    solver = caffe_pb2.SolverParameter(
        train_net_param=network(BATCH, caffe.TRAIN),
        test_net_param=[network(TEST_BATCH, caffe.TEST)],
        test_iter=[1], test_interval=10 ** 9, test_initialization=False,
        type="RMSProp", base_lr=0.001, lr_policy="fixed", rms_decay=0.9, delta=1e-8,
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
    options = read_options(__doc__, epochs=20)
    np.random.seed(1)
    caffe.set_mode_cpu()
    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "test")
    solver = make_solver()
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
