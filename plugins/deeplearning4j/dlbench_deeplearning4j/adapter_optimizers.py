"""The task's optimizer as Deeplearning4j's updater."""
from __future__ import absolute_import

from org.nd4j.linalg.learning.config import AdaDelta, AdaGrad, Adam, Nesterovs, RmsProp, Sgd
from org.nd4j.linalg.schedule import InverseSchedule, ScheduleType

from dlbench_worker import Unsupported


def updater_of(optimizer):
    """Return the updater; some of them lack what a task may ask for."""
    return UPDATERS[optimizer.kind](optimizer.parameters)


def rated(builder, given):
    """Return the updater with its learning rate, or the schedule that this follows."""
    rate, decay = given["learning_rate"], given["decay"]
    if decay:
        schedule = InverseSchedule(ScheduleType.ITERATION, rate, decay, 1.0)
        return builder.learningRateSchedule(schedule).build()
    return builder.learningRate(rate).build()


def sgd(given):
    if not given["momentum"]:
        return rated(Sgd.builder(), given)
    if not given["nesterov"]:
        raise Unsupported("Deeplearning4j's momentum is Nesterov's")
    return rated(Nesterovs.builder().momentum(given["momentum"]), given)


def rmsprop(given):
    return rated(RmsProp.builder().rmsDecay(given["rho"]).epsilon(given["epsilon"]), given)


def adadelta(given):
    if given["learning_rate"] != 1 or given["decay"]:
        raise Unsupported("Deeplearning4j's AdaDelta has no learning rate")
    return AdaDelta(given["rho"], given["epsilon"])


def adagrad(given):
    return rated(AdaGrad.builder().epsilon(given["epsilon"]), given)


def adam(given):
    builder = Adam.builder().beta1(given["beta_1"]).beta2(given["beta_2"])
    return rated(builder.epsilon(given["epsilon"]), given)


UPDATERS = {
    "sgd": sgd, "rmsprop": rmsprop, "adadelta": adadelta, "adagrad": adagrad, "adam": adam}


def start_of_updater(graph, optimizer):
    """Set what the updater keeps to where it starts: Deeplearning4j starts some at epsilon."""
    kept = graph.getUpdater().getStateViewArray()
    if kept is not None:
        kept.assign(optimizer.parameters.get("accumulator", 0.0))
