"""What stands for Torch7's packages nn and optim, which are in Lua: their calls, on their kernels.

PyTorch 1.0.0 carries THNN, which Torch7 ran on.  The scripts that import this are written as
Torch7's users wrote theirs; like nn and optim themselves, this is none of their source lines.
"""
import torch
import torch._thnn

THNN = torch._thnn.type2backend["torch.FloatTensor"]
STATE = THNN.library_state


class Module(object):
    weight = bias = None
    train = True

    def __init__(self):
        self.output, self.grad_input = torch.Tensor(), torch.Tensor()


class Linear(Module):
    def __init__(self, inputs, outputs):
        Module.__init__(self)
        limit = inputs ** -0.5
        self.weight = torch.Tensor(outputs, inputs).uniform_(-limit, limit)
        self.bias = torch.Tensor(outputs).uniform_(-limit, limit)
        self.ones = torch.Tensor()

    def forward(self, x):
        if len(self.ones) != len(x):
            self.ones.resize_(len(x)).fill_(1)
        torch.mm(x, self.weight.t(), out=self.output)
        return self.output.addr_(self.ones, self.bias)

    def backward(self, x, grad):
        torch.mm(grad, self.weight, out=self.grad_input)
        self.grad_weight.addmm_(grad.t(), x)
        self.grad_bias.addmv_(grad.t(), self.ones)
        return self.grad_input


class SpatialConvolution(Module):
    def __init__(self, inputs, outputs, kernel, stride=1, padding=0):
        Module.__init__(self)
        fan_in = inputs * kernel * kernel
        limit = fan_in ** -0.5
        self.weight = torch.Tensor(outputs, fan_in).uniform_(-limit, limit)
        self.bias = torch.Tensor(outputs).uniform_(-limit, limit)
        self.finput, self.fgrad_input = torch.Tensor(), torch.Tensor()
        self.sizes = (kernel, kernel, stride, stride, padding, padding)

    def forward(self, x):
        THNN.SpatialConvolutionMM_updateOutput(
            STATE, x, self.output, self.weight, self.bias, self.finput, self.fgrad_input,
            *self.sizes)
        return self.output

    def backward(self, x, grad):
        THNN.SpatialConvolutionMM_updateGradInput(
            STATE, x, grad, self.grad_input, self.weight, self.finput, self.fgrad_input,
            *self.sizes)
        THNN.SpatialConvolutionMM_accGradParameters(
            STATE, x, grad, self.grad_weight, self.grad_bias, self.finput, self.fgrad_input,
            *(self.sizes + (1,)))
        return self.grad_input


class SpatialMaxPooling(Module):
    def __init__(self, size):
        Module.__init__(self)
        self.sizes = (size, size, size, size, 0, 0, 1, 1, False)
        self.indices = torch.LongTensor()

    def forward(self, x):
        THNN.SpatialDilatedMaxPooling_updateOutput(
            STATE, x, self.output, self.indices, *self.sizes)
        return self.output

    def backward(self, x, grad):
        THNN.SpatialDilatedMaxPooling_updateGradInput(
            STATE, x, grad, self.grad_input, self.indices, *self.sizes)
        return self.grad_input


class ReLU(Module):
    def __init__(self, inplace=False):
        Module.__init__(self)
        self.inplace = inplace

    def forward(self, x):
        THNN.HardTanh_updateOutput(STATE, x, self.output, 0, float("inf"), self.inplace)
        return self.output

    def backward(self, x, grad):
        THNN.HardTanh_updateGradInput(
            STATE, x, grad, self.grad_input, 0, float("inf"), self.inplace)
        return self.grad_input


class Tanh(Module):
    def forward(self, x):
        THNN.Tanh_updateOutput(STATE, x, self.output)
        return self.output

    def backward(self, x, grad):
        THNN.Tanh_updateGradInput(STATE, grad, self.grad_input, self.output)
        return self.grad_input


class Dropout(Module):
    def __init__(self, p):
        Module.__init__(self)
        self.p = p
        self.noise = torch.Tensor()

    def forward(self, x):
        if not self.train:
            return x
        self.noise.resize_(x.shape).bernoulli_(1 - self.p).div_(1 - self.p)
        return torch.mul(x, self.noise, out=self.output)

    def backward(self, x, grad):
        return torch.mul(grad, self.noise, out=self.grad_input)


class View(Module):
    def __init__(self, size):
        Module.__init__(self)
        self.size = size

    def forward(self, x):
        return x.view(-1, self.size)

    def backward(self, x, grad):
        return grad.view(x.shape)


class LogSoftMax(Module):
    def forward(self, x):
        self.output = torch.log_softmax(x, 1)
        return self.output

    def backward(self, x, grad):
        return torch._log_softmax_backward_data(grad, self.output, 1, x)


class Sequential(Module):
    def __init__(self):
        Module.__init__(self)
        self.modules = []

    def add(self, module):
        self.modules.append(module)
        return self

    def forward(self, x):
        self.inputs = []
        for module in self.modules:
            self.inputs.append(x)
            x = module.forward(x)
        return x

    def backward(self, x, grad):
        for module, given in zip(reversed(self.modules), reversed(self.inputs)):
            grad = module.backward(given, grad)
        return grad

    def training(self):
        for module in self.modules:
            module.train = True

    def evaluate(self):
        for module in self.modules:
            module.train = False

    def get_parameters(self):
        owners = [one for one in self.modules if one.weight is not None]
        arrays = [array for one in owners for array in (one.weight, one.bias)]
        params = torch.cat([array.view(-1) for array in arrays])
        grads = torch.zeros(len(params))
        lengths = [array.numel() for array in arrays]
        views = [(mine.view(array.shape), grad.view(array.shape)) for array, mine, grad
                 in zip(arrays, params.split(lengths), grads.split(lengths))]
        for one, kernel, bias in zip(owners, views[::2], views[1::2]):
            (one.weight, one.grad_weight), (one.bias, one.grad_bias) = kernel, bias
        return params, grads


class ClassNLLCriterion(object):
    def __init__(self):
        self.output, self.grad_input = torch.Tensor(), torch.Tensor()
        self.total_weight, self.one = torch.Tensor(), torch.ones(1)

    def forward(self, x, target):
        THNN.ClassNLLCriterion_updateOutput(
            STATE, x, target, self.output, 1, None, self.total_weight, -100)
        return self.output.item()

    def backward(self, x, target):
        THNN.ClassNLLCriterion_updateGradInput(
            STATE, x, target, self.one, self.grad_input, 1, None, self.total_weight, -100)
        return self.grad_input


def sgd(feval, params, config):
    loss, grads = feval(params)
    params.add_(-config["learning_rate"], grads)
    return params, loss


def rmsprop(feval, params, config, state):
    loss, grads = feval(params)
    if not state:
        state.update(m=torch.zeros(len(params)), tmp=torch.zeros(len(params)))
    alpha = config["alpha"]
    state["m"].mul_(alpha).addcmul_(1 - alpha, grads, grads)
    torch.sqrt(state["m"], out=state["tmp"]).add_(config["epsilon"])
    params.addcdiv_(-config["learning_rate"], grads, state["tmp"])
    return params, loss
