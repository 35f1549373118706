"""There is an axis layout, and nothing reads it: everything stays channels last."""

import adapter


class Adapter(adapter.Adapter):
    pass
