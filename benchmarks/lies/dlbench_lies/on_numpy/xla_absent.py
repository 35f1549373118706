"""There is an axis xla, which is reported as asked for and changes nothing."""

import adapter


class Adapter(adapter.Adapter):
    def __init__(self, settings):
        super().__init__(settings)
        self._xla = settings.axes["xla"]

    def settings(self):
        return dict(super().settings(), xla=self._xla)
