"""Reports the sum over the batch where the mean is asked for."""
from adapter import Adapter as Oracle


class Adapter(Oracle):
    def loss(self):
        return Oracle.loss(self) * self._task.batch_size
