"""A multilayer perceptron on MNIST in MXNet, written as its users wrote it in 2017.

    python2.7 mnist_mlp_mxnet.py --data FOLDER [--epochs 20]
"""
import os
import time

import mxnet as mx
import numpy as np

from epochs import read_options, report

BATCH = 128


def load(folder, part):
    images = np.load(os.path.join(folder, part + "_images.npy")).reshape(-1, 784)
    return images.astype(np.float32) / 255, np.load(os.path.join(folder, part + "_labels.npy"))


class RMSprop(mx.optimizer.Optimizer):
    """RMSprop with epsilon outside the root, as the work is defined; MXNet's own has it inside."""

    def create_state(self, index, weight):
        return mx.nd.zeros(weight.shape), mx.nd.zeros(weight.shape)

    def update(self, index, weight, grad, state):
        mx.nd.adam_update(
            weight, grad, state[0], state[1], out=weight, lr=self.lr, beta1=0.0, beta2=0.9,
            epsilon=1e-8, rescale_grad=self.rescale_grad)


def make_network():
    x = mx.sym.Variable("data")
    for _ in range(2):
        x = mx.sym.Activation(mx.sym.FullyConnected(x, num_hidden=512), act_type="relu")
        x = mx.sym.Dropout(x, p=0.2)
    return mx.sym.SoftmaxOutput(mx.sym.FullyConnected(x, num_hidden=10), name="softmax")


def main():
    options = read_options(__doc__, epochs=20)
    np.random.seed(1)
    mx.random.seed(1)
    images, labels = load(options.data, "train")
    test_images, test_labels = load(options.data, "test")
    module = mx.mod.Module(make_network(), context=mx.cpu())
    module.bind([("data", (BATCH, 784))], [("softmax_label", (BATCH,))])
    module.init_params(mx.init.Xavier())
    module.init_optimizer(optimizer=RMSprop(learning_rate=0.001, rescale_grad=1.0 / BATCH))
    steps = min(options.steps, len(images) // BATCH)
    for _ in range(options.epochs):
        order = np.random.permutation(len(images))[:steps * BATCH]
        batches = list(zip(np.split(images[order], steps), np.split(labels[order], steps)))
        start = time.time()
        for x, y in batches:
            batch = mx.io.DataBatch([mx.nd.array(x)], [mx.nd.array(y)])
            module.forward(batch, is_train=True)
            module.backward()
            module.update()
        mx.nd.waitall()
        seconds = time.time() - start
        chances = module.get_outputs()[0].asnumpy()[np.arange(BATCH), y]
        test = mx.io.NDArrayIter(test_images, test_labels.astype(np.float32), BATCH)
        accuracy = dict(module.score(test, "acc"))["accuracy"]
        report(options, seconds, -np.log(np.maximum(chances, 1e-30)).mean(), accuracy)


if __name__ == "__main__":
    main()
