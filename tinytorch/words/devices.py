"""Where numbers are: here, always on the CPU. The words are PyTorch's, so that its scripts run unchanged."""


class device(str):
    """The name of a device; it equals the text "cpu", which is what a Tensor says."""

    def __new__(cls, name, index=None):
        kind, _, number = str(name).partition(":")
        if kind not in ("cpu", "cuda", "mps"):
            raise RuntimeError(f"a device must be 'cpu' here, got {name!r}")
        made = super().__new__(cls, kind)
        made.type, made.index = kind, int(number) if number else index
        return made


CPU = device("cpu")


class Absent:
    """A kind of device that this machine does not have."""

    def __init__(self, name):
        self.name = name

    def is_available(self):
        return False

    def device_count(self):
        return 0

    def manual_seed(self, seed):
        """Do nothing: there is no generator there."""

    manual_seed_all = manual_seed

    def synchronize(self):
        """Do nothing: nothing runs there."""

    empty_cache = synchronize

    def __getattr__(self, word):
        raise AttributeError(
            f"there is no GPU here, so tinytorch.{self.name} has no {word!r}: ask is_available() first"
        )


cuda, mps = Absent("cuda"), Absent("mps")


class backends:
    """What PyTorch computes with; here it's numpy alone."""

    cuda, mps = cuda, mps


def set_printoptions(precision=None, threshold=None, edgeitems=None, linewidth=None, sci_mode=None):
    """Say how numbers are shown, in PyTorch's words: numpy shows them."""
    import numpy as np

    chosen = {"precision": precision, "threshold": threshold, "edgeitems": edgeitems, "linewidth": linewidth}
    suppress = None if sci_mode is None else not sci_mode
    np.set_printoptions(suppress=suppress, **{name: value for name, value in chosen.items() if value is not None})


def set_num_threads(count):
    """Refuse: how many threads numpy uses is decided when it is loaded."""
    raise RuntimeError("numpy's threads are counted when it is loaded: set OPENBLAS_NUM_THREADS before Python starts")


def compile(model=None, **options):
    """Return the model as it is: nothing is compiled here, and it computes the same."""
    return model if model is not None else lambda function: function
