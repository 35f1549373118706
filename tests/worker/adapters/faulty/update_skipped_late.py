"""Updates the weights in the first steps only."""
from adapter import Adapter as Oracle


class Adapter(Oracle):
    _steps = 0

    def train_step(self, prepared):
        self._steps += 1
        kept = self.get_weights()
        Oracle.train_step(self, prepared)
        if self._steps > 3:
            self.set_weights(kept)
