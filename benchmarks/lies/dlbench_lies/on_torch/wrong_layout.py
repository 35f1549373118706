"""The axis layout is read and then lost: images are channels first whatever was asked for."""

import adapter


class Adapter(adapter.Adapter):
    def __init__(self, settings):
        super().__init__(settings)
        self.channels_last = False
