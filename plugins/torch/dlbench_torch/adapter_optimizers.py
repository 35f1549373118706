"""torch's own optimizers where they follow docs/protocol.md, and those written out.  Python 2.7 to 3."""
from __future__ import absolute_import, division, print_function

import torch

from dlbench_worker import Unsupported
from dlbench_worker.updates import slots, update


class Written(torch.optim.Optimizer):
    """An optimizer as docs/protocol.md defines it, for where torch's own is another one."""

    def __init__(self, wanted, parameters):
        super(Written, self).__init__(parameters, {})
        self.wanted = wanted
        self.count = 0.0
        self.kept = dict(
            (parameter, dict((name, torch.full_like(parameter.data, start))
                             for name, start in slots(wanted)))
            for parameter in parameters)

    def step(self):
        for parameter, kept in self.kept.items():
            difference, after = update(
                self.wanted, self.count, parameter.grad.data, kept, torch.sqrt)
            parameter.data.sub_(difference)
            kept.update(after)
        self.count += 1.0


def optimizer(wanted, parameters, written=()):
    """Return an optimizer and the schedule of its decay or None; kinds in ``written`` are not torch's."""
    parameters = [one for one in parameters if one.requires_grad]
    if wanted.kind in written:
        return Written(wanted, parameters), None
    given = wanted.parameters
    if given.get("momentum") and given["decay"]:
        raise Unsupported("torch's momentum leaves the decaying rate out of the velocity")
    rate = {"lr": given["learning_rate"]}
    if wanted.kind != "sgd":
        rate["eps"] = given["epsilon"]
    made = {
        "sgd": lambda: torch.optim.SGD(
            parameters, momentum=given["momentum"], nesterov=bool(given["nesterov"]), **rate),
        "rmsprop": lambda: torch.optim.RMSprop(parameters, alpha=given["rho"], **rate),
        "adadelta": lambda: torch.optim.Adadelta(parameters, rho=given["rho"], **rate),
        "adagrad": lambda: torch.optim.Adagrad(
            parameters, initial_accumulator_value=given["accumulator"], **rate),
        "adam": lambda: torch.optim.Adam(
            parameters, betas=(given["beta_1"], given["beta_2"]), **rate),
    }[wanted.kind]()
    decay = given["decay"]
    if not decay:
        return made, None
    return made, torch.optim.lr_scheduler.LambdaLR(made, lambda step: 1.0 / (1.0 + decay * step))
