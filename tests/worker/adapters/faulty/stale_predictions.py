"""Predicts from a copy of the first weights it was given."""
from adapter import Adapter as Oracle


class Adapter(Oracle):
    _copy = None

    def train_step(self, prepared):
        if self._copy is None:
            self._copy = self.get_weights()
        Oracle.train_step(self, prepared)

    def predict(self, prepared):
        if self._copy is None:
            return Oracle.predict(self, prepared)
        trained = self.get_weights()
        self.set_weights(self._copy)
        outputs = Oracle.predict(self, prepared)
        self.set_weights(trained)
        return outputs
