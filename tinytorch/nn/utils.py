"""What is done to parameters beside layers: PyTorch's `torch.nn.utils`."""

from tinytorch.faces import make_face, same_words

WORDS = same_words("clip_grad_norm_")

__getattr__, __dir__ = make_face(__name__, WORDS)
