"""A prediction is a training step too; of so little that its outputs agree."""
from adapter import Adapter as Oracle


class Adapter(Oracle):
    def predict(self, prepared):
        outputs = Oracle.predict(self, prepared)
        for name, array in self.get_weights().items():
            self.set_weights({name: array * (1.0 + 1e-9)})
        self.set_weights({"scores/bias": self.get_weights()["scores/bias"] + 1e-9})
        return outputs
