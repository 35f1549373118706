"""TensorFlow 2: variables and tf.nn operations in one tf.function a step."""
import numpy as np
import tensorflow as tf
from tensorflow.python.framework import config
from tensorflow.python.util import _pywrap_util_port

from adapter_layers import Layers
from dlbench_worker.updates import slots, update


class Adapter(object):
    features = ()

    def __init__(self, settings):
        self.axes = settings.axes
        self.seed = settings.seed
        if settings.threads:
            tf.config.threading.set_intra_op_parallelism_threads(settings.threads)
            tf.config.threading.set_inter_op_parallelism_threads(settings.threads)
        self.device = settings.device
        self.layout = settings.axes.get("layout", "NHWC")
        self.xla = settings.axes.get("xla", "off") == "on"
        self.last = None

    def versions(self):
        build = tf.sysconfig.get_build_info()
        found = {"tensorflow": tf.__version__, "numpy": np.__version__}
        for name in ("cuda_version", "cudnn_version"):
            if build.get(name):
                found[name.split("_")[0]] = str(build[name])
        return found

    def build(self, task):
        if self.device == "cuda" and not tf.config.list_physical_devices("GPU"):
            raise RuntimeError("TensorFlow finds no GPU")
        tf.config.experimental.enable_tensor_float_32_execution(False)
        tf.random.set_seed(self.seed)
        self.task = task
        # XLA cannot compile BlockLSTM.
        block_lstm = None if self.xla else tf.raw_ops.BlockLSTM
        self.network = Layers(
            task, self.layout, lambda x, rate: tf.nn.dropout(x, rate), loop, block_lstm)
        self.variables = self.network.variables
        if task.optimizer:
            self.count = tf.Variable(0.0)
            self.kept = {
                name: {slot: tf.Variable(tf.fill(variable.shape, start))
                       for slot, start in slots(task.optimizer)}
                for name, variable in self.variables.items()}
        inputs = [
            tf.TensorSpec((task.batch_size,) + self.network.input_shape(one), one.dtype)
            for one in task.inputs]
        target = tf.TensorSpec((task.batch_size,) + task.target.shape, tf.int32)
        self.step = tf.function(self.train, [target] + inputs, jit_compile=self.xla)
        self.infer = tf.function(self.outputs, inputs, jit_compile=self.xla)

    def train(self, target, *inputs):
        with tf.GradientTape() as tape:
            losses = tf.nn.sparse_softmax_cross_entropy_with_logits(
                labels=target, logits=self.network.logits(inputs, True))
            reduce = tf.reduce_mean if self.task.loss.reduction == "mean" else tf.reduce_sum
            loss = reduce(losses)
        gradients = tape.gradient(loss, self.variables)
        for name, variable in self.variables.items():
            self.change(variable, tf.convert_to_tensor(gradients[name]), self.kept[name])
        self.count.assign_add(1.0)
        return loss

    def change(self, variable, gradient, kept):
        optimizer = self.task.optimizer
        if not kept and not optimizer.parameters["decay"]:
            # Plain gradient descent: the framework's own kernel, one pass over memory.
            tf.raw_ops.ResourceApplyGradientDescent(
                var=variable.handle, alpha=optimizer.parameters["learning_rate"], delta=gradient)
            return
        difference, after = update(optimizer, self.count, gradient, kept, tf.sqrt)
        variable.assign_sub(difference)
        for slot, value in after.items():
            kept[slot].assign(value)

    def outputs(self, *inputs):
        logits = self.network.logits(inputs, False)
        return tf.nn.softmax(logits) if self.task.output_activation == "softmax" else logits

    def prepare(self, batch):
        arrays = [batch["target"]] + self.network.input_arrays(batch)
        return [tf.constant(array) for array in arrays]

    def train_step(self, prepared):
        self.last = self.step(*prepared)

    def predict(self, prepared):
        return self.infer(*prepared[1:]).numpy()

    def loss(self):
        return float(self.last)

    def synchronize(self):
        if self.device == "cuda":
            tf.test.experimental.sync_devices()

    def get_weights(self, names=None):
        return {
            name: self.network.back(name, variable.numpy())
            for name, variable in self.variables.items() if names is None or name in names}

    def set_weights(self, arrays):
        for name, array in arrays.items():
            self.variables[name].assign(self.network.there(name, array))

    def settings(self):
        found = {
            "threads": tf.config.threading.get_intra_op_parallelism_threads(),
            "interop_threads": tf.config.threading.get_inter_op_parallelism_threads(),
            "onednn": _pywrap_util_port.IsMklEnabled(),
            "deterministic": config.is_op_determinism_enabled(),
            "devices": sorted({variable.device for variable in self.variables.values()}),
            "precision": sorted({variable.dtype.name for variable in self.variables.values()}),
        }
        if self.device == "cuda":
            found["tf32"] = tf.config.experimental.tensor_float_32_execution_enabled()
        active = self.step if self.task.optimizer else self.infer
        found["traces"] = active.experimental_get_tracing_count()
        if found["traces"]:
            found.update(describe(active))
        return found


def describe(function):
    """Return what TensorFlow made of a traced function: its operations, and XLA's program."""
    concrete = function.get_concrete_function()
    operations = concrete.graph.get_operations()
    images = [one for one in operations if one.type in ("Conv2D", "MaxPool", "AvgPool")]
    products = [one for one in operations if one.type in ("Conv2D", "MatMul")]
    found = {
        "layout": sorted({one.get_attr("data_format").decode() for one in images}),
        "compute_precision": sorted({one.outputs[0].dtype.name for one in products}),
        "operations": len(operations),
        "compiled_programs": 0,
    }
    # The runtime compiles a function with this attribute or fails; what XLA made of it is shown.
    if concrete.function_def.attr["_XlaMustCompile"].b:
        program = function.experimental_get_compiler_ir(*function.input_signature)(
            stage="optimized_hlo")
        found["xla_instructions"] = program.count(" = ")
        found["xla_fusions"] = program.count(" fusion(")
        found["compiled_programs"] = int(found["xla_instructions"] > 0)
    return found


def loop(condition, body, state, steps):
    return tf.while_loop(condition, body, state, maximum_iterations=steps)
