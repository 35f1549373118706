from quiet import Quiet


class Adapter(Quiet):
    pass
