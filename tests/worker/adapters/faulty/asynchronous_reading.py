"""Works in a thread, and reading a weight does not wait for it either."""
from adapter import Adapter as Oracle
from asynchronous import Adapter as Asynchronous


class Adapter(Asynchronous):
    def get_weights(self, names=None):
        return Oracle.get_weights(self, names)
