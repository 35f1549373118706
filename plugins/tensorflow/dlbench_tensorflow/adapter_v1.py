"""TensorFlow 1: one graph, one session, one session.run a step.  Python 2.7 to 3."""
from __future__ import absolute_import, division, print_function

import os

import numpy as np
import tensorflow as tf

import adapter_graph
import adapter_mkl
from adapter_layers import Layers
from adapter_recurrent import has_own_gates
from dlbench_worker import mkl
from dlbench_worker.updates import slots, update


class Adapter(object):
    features = ()

    def __init__(self, settings):
        self.seed = settings.seed
        self.device = settings.device
        self.layout = settings.axes.get("layout", "NHWC")
        self.config = tf.ConfigProto()
        if settings.axes.get("xla", "off") == "on":
            self.config.graph_options.optimizer_options.global_jit_level = (
                tf.OptimizerOptions.ON_1)
        if settings.threads:
            self.config.intra_op_parallelism_threads = settings.threads
            self.config.inter_op_parallelism_threads = settings.threads
            if adapter_mkl.is_built_in():
                adapter_mkl.set_threads(settings.threads)
        self.last = None

    def versions(self):
        return {"tensorflow": adapter_mkl.spell_version(), "numpy": np.__version__}

    def build(self, task):
        self.task = task
        self.graph = tf.Graph()
        with self.graph.as_default():
            tf.set_random_seed(self.seed)
            self.make(task)
            start = tf.global_variables_initializer()
        self.session = tf.Session(graph=self.graph, config=self.config)
        self.session.run(start)

    def make(self, task):
        """Make the whole graph: training and prediction share the variables."""
        network = self.network = Layers(
            task, self.layout,
            lambda tensor, rate: tf.nn.dropout(tensor, 1.0 - rate),
            lambda condition, body, state, steps: tf.while_loop(condition, body, state),
            load_block_lstm() if has_own_gates(task.layers) else None)
        self.variables = network.variables
        self.inputs = [
            tf.placeholder(one.dtype, (task.batch_size,) + network.input_shape(one))
            for one in task.inputs]
        self.target = tf.placeholder(tf.int32, (task.batch_size,) + task.target.shape)
        logits = network.logits(self.inputs, False)
        softmax = task.output_activation == "softmax"
        self.outputs = tf.nn.softmax(logits) if softmax else logits
        #: What is computed once more to see what XLA makes of it; it changes no weight.
        self.traced = self.outputs
        losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
            labels=self.target, logits=network.logits(self.inputs, True))
        reduce = tf.reduce_mean if task.loss.reduction == "mean" else tf.reduce_sum
        # TensorFlow 1 adds one by one: half a million losses at once are 1e-4 off.
        for _ in task.target.shape:
            losses = reduce(losses, axis=-1)
        self.loss_tensor = reduce(losses)
        if task.optimizer:
            self.train = self.updates(task.optimizer)

    def updates(self, optimizer):
        """Return the operation that changes every weight, after all gradients are there.

        Nothing else orders an assignment against the gradients that still read the weight.
        """
        names = sorted(self.variables)
        variables = [self.variables[name] for name in names]
        if optimizer.kind == "sgd" and not any(
                optimizer.parameters[name] for name in ("momentum", "decay")):
            plain = tf.train.GradientDescentOptimizer(optimizer.parameters["learning_rate"])
            pairs = plain.compute_gradients(self.loss_tensor, variables)
            self.traced = [tf.reduce_sum(gradient) for gradient, _ in pairs]
            return plain.apply_gradients(pairs)
        count = tf.Variable(0.0, trainable=False)
        kept = [dict((slot, tf.Variable(tf.fill(variable.get_shape().as_list(), start)))
                     for slot, start in slots(optimizer)) for variable in variables]
        gradients = [
            tf.convert_to_tensor(one)
            for one in tf.gradients(self.loss_tensor, variables, gate_gradients=True)]
        self.traced = [tf.reduce_sum(gradient) for gradient in gradients]
        changes = []
        with tf.control_dependencies(gradients + [self.loss_tensor]):
            for variable, gradient, arrays in zip(variables, gradients, kept):
                changes.extend(change(optimizer, count, variable, gradient, arrays))
        with tf.control_dependencies(changes):
            return count.assign_add(1.0).op

    def prepare(self, batch):
        self.prepared = dict(zip(self.inputs, self.network.input_arrays(batch)))
        self.prepared[self.target] = batch["target"]
        return self.prepared

    def train_step(self, prepared):
        self.last = self.session.run([self.loss_tensor, self.train], prepared)[0]

    def predict(self, prepared):
        return self.session.run(self.outputs, prepared)

    def loss(self):
        return float(self.last)

    def synchronize(self):
        """Nothing is left to wait for: session.run returns when the step is done."""

    def get_weights(self, names=None):
        names = sorted(self.variables) if names is None else list(names)
        arrays = self.session.run([self.variables[name] for name in names])
        return dict((name, self.network.back(name, array)) for name, array in zip(names, arrays))

    def set_weights(self, arrays):
        for name, array in arrays.items():
            self.variables[name].load(self.network.there(name, array), self.session)

    def settings(self):
        found = {
            "interop_threads": self.config.inter_op_parallelism_threads or "default",
            "omp_num_threads": os.environ.get("OMP_NUM_THREADS", "unset"),
            "mkl": adapter_mkl.is_built_in(),
            "precision": sorted(set(
                variable.dtype.base_dtype.name for variable in self.variables.values())),
            "devices": sorted(set(
                variable.device or "unplaced" for variable in self.variables.values())),
        }
        found.update(adapter_graph.describe(self.graph))
        if self.config.intra_op_parallelism_threads:
            found["threads"] = self.config.intra_op_parallelism_threads
        if found["mkl"]:
            found.update(mkl.settings())
        if self.last is not None:
            found["compiled_programs"] = adapter_graph.count_programs(
                self.session, self.traced, self.prepared)
        return found


def load_block_lstm():
    """Return the operation BlockLSTM; contrib is large, so only networks that need it load it."""
    if hasattr(tf, "raw_ops"):
        return tf.raw_ops.BlockLSTM
    from tensorflow.contrib.rnn.python.ops import lstm_ops
    return lstm_ops._lstm_ops_so.block_lstm


def change(optimizer, count, variable, gradient, kept):
    """Return the operations that change one weight and the arrays kept beside it."""
    before = dict((slot, kept[slot].value()) for slot in kept)
    difference, after = update(optimizer, count, gradient, before, tf.sqrt)
    with tf.control_dependencies([difference] + list(after.values())):
        return [variable.assign_sub(difference).op] + [
            kept[slot].assign(value).op for slot, value in after.items()]
