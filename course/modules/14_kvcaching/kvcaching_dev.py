# %% [markdown]
# # KV caching
#
# {{module}}
#
# The transformer of module 13 writes one character at a time, and for each of them it reads the whole text again. Nearly all of that work was done a moment before, with the same result. In this module you keep that result: the **keys and values** of
# all tokens so far. The text stays the same, letter for letter; what it costs doesn't.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | attention that takes a cache, a GPT, sampling, generation | a count of the repeated work, a cache, reading on, writing with a cache, its bytes | every language model that answers you |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in production | why |
# | --- | --- | --- |
# | one piece of memory for each layer, as long as the context, made before writing | pages of a few tokens, handed out as needed (vLLM) | the same arithmetic; pages matter when many texts of unknown length share a machine |
# | float32 | 16 or 8 bits | 2 or 4 times fewer bytes, by the same formula |
# | positions are a table of 64 rows: past the limit the window slides, and the cache is of no use | rotated keys (RoPE), whose place needn't be added to the token | you'll see in a figure what the table costs |
# | all texts of a batch are equally long | padding, or texts that come and go | the mask would have to know each text's length |
# | nothing is recorded for gradients | the same | a cache is for writing; in training all places are computed at once anyway |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.kvcaching
#| export
import numpy as np

from tinytorch.core.autograd import no_grad
from tinytorch.core.tensor import Tensor
from tinytorch.core.transformers import sample_next
from tinytorch.random import generator

# %%
import time

from tinytorch import manual_seed, viz
from tinytorch.core.losses import cross_entropy
from tinytorch.core.tensor import RECORDER, set_recorder
from tinytorch.core.transformers import Transformer, generate
from tinytorch.datasets import shakespeare, trained_transformer
from tinytorch.profiling import best_of
from tinytorch.testing import close, fixtures, raises, remote, same, shares_memory, true, unchanged, unit_test

# %% [markdown]
# The model that writes in this module was trained earlier (module 13 says how). Its weights are loaded into *your* classes.

# %%
trained = trained_transformer()
gpt = Transformer(**trained.sizes)
gpt.load_state_dict(trained.state)


def encode(text):
    """Turn a text into a list of ids."""
    return [trained.characters.index(character) for character in text]


def decode(ids):
    """Turn ids into a text."""
    return "".join(trained.characters[i] for i in ids)


print(f"{sum(p.numel() for p in gpt.parameters()):,} weights, {len(gpt.blocks)} blocks, a context of {gpt.context}")

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.kvcaching`. PyTorch has no cache of its own; the libraries that write text with it bring one. Users write
#
# ```python
# from tinytorch.core.kvcaching import generate_cached
# ```

# %% [markdown]
# ## Part 1: The same work again
#
# How long does the model take for one more character? It depends on how many there are already:

# %%
line = np.array([encode("ROMEO:\nBut soft, what light through yonder window breaks? It is the")[:64]])
with no_grad():
    for length in (8, 16, 32, 64):
        print(f"one more character after {length:>2}: {best_of(gpt, Tensor(line[:, :length]), seconds=0.1)}")
    shorter, longer = gpt(Tensor(line[:, :20])).data, gpt(Tensor(line[:, :21])).data
print(
    f"scores at the first 20 places, with and without a 21st: they differ by {abs(longer[:, :20] - shorter).max():.1g}"
)

# %% [markdown]
# The last line is the point. Nothing comes from the future (module 12), so a new character changes *nothing* at the places before it: not their scores, and nothing on the way there, in any layer. All of it is computed again, and comes out as before, up to rounding.
#
# What does the new place need from the old ones? Only attention looks at other places, and it looks at their **keys** and **values**. So these are kept. The picture shows attention's table while the text grows: a row for each place that looks, a column for each that is looked at.

# %%
viz.RepeatedWork("ROMEO: But", context=8)

# %% [markdown]
# **What's happening**
# 1. Move the slider (the arrow keys do, too). Without a cache each step fills the whole triangle; all but the last row was there a step before.
# 2. With a cache a step computes one row: the new query against all keys so far.
# 3. The model in the picture has 8 places. The ninth character pushes out the first, and every other one moves one place to the left.
# 4. From then on the cache doesn't help. A place is part of a token's vector (module 11), so all keys and values have changed.

# %% [markdown]
# How much is saved? Count **tokens read**: how many tokens go through the model, over all steps.
#
# By hand: a beginning of 3 tokens, 4 steps.
#
# | | step 1 | step 2 | step 3 | step 4 | in all |
# | --- | --- | --- | --- | --- | --- |
# | tokens there so far | 3 | 4 | 5 | 6 | |
# | read without a cache | 3 | 4 | 5 | 6 | 18 |
# | read with a cache | 3 | 1 | 1 | 1 | 6 |
# | without, the context has 4 places | 3 | 4 | 4 | 4 | 15 |
# | with, the context has 4 places | 3 | 1 | 4 | 4 | 12 |
#
# - With a cache the first step still reads the whole beginning. (It's called **prefill**.)
# - Never are more tokens read than the context has places.
# - Four tokens fit into four places: only when there are *more* than the context holds is everything read again.


# %% nbgrader={"grade_id": "tokens_read", "solution": true}
#| export
def tokens_read(prompt, steps, context, cached):
    """Count the tokens that a model reads to continue a text.

    Args:
        prompt: how many tokens the text begins with, at least 1.
        steps: how many tokens are written; each step reads, then appends one.
        context: how many places the model has; of a longer text it reads the last ones.
        cached: whether keys and values are kept. Then a step reads the newest token only, but for the first step, and
            for those in which the text is longer than the context: they read all that the context holds.

    Returns:
        The sum over all steps, an integer.

    TODO: add up what each step reads.

    APPROACH:
    1. In step number i, counted from 0, prompt + i tokens stand there.
    2. All of them are read, but at most `context`.
    3. With a cache it's 1 instead, unless it's the first step or the text is longer than the context.

    EXAMPLE:
    >>> tokens_read(prompt=3, steps=4, context=10, cached=False), tokens_read(3, 4, 10, cached=True)
    (18, 6)

    HINT: a loop over the steps with one `if` in it.
    """
    ### BEGIN SOLUTION
    total = 0
    for length in range(prompt, prompt + steps):
        everything = not cached or length == prompt or length > context
        total += min(length, context) if everything else 1
    return total
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: tokens_read

# %% nbgrader={"grade_id": "test_tokens_read", "grade": true}
test = unit_test("tokens_read")


@test.check("by hand: 3 tokens and 4 steps, without a cache and with it", points=3)
def _():
    same(tokens_read(3, 4, 10, False), 18)
    same(tokens_read(3, 4, 10, True), 6)


@test.check("by hand: a context of 4 places", points=3)
def _():
    same(tokens_read(3, 4, 4, False), 15)
    same(tokens_read(3, 4, 4, True), 12)


### BEGIN HIDDEN TESTS
def listed(prompt, steps, context, cached):
    """Keep the window that was read last: what is its beginning needn't be read again."""
    text, seen, total = list(range(prompt)), [], 0
    for step in range(steps):
        window = text[-context:]
        held = len(seen) if cached and window[: len(seen)] == seen else 0
        total, seen = total + len(window) - held, window
        text.append(prompt + step)
    return total


@test.check("any beginning, with a context that is reached or not", points=6, hidden=True)
def _():
    for context in (1, 2, 7, int(test.rng.integers(20, 40))):
        for prompt in (1, 2, int(test.rng.integers(3, 60))):
            steps = int(test.rng.integers(2, 50))
            for cached in (False, True):
                same(tokens_read(prompt, steps, context, cached), listed(prompt, steps, context, cached))


@test.check("one step reads the beginning, no step reads nothing", points=3, hidden=True)
def _():
    for cached in (False, True):
        same(tokens_read(5, 1, 9, cached), 5)
        same(tokens_read(9, 1, 5, cached), 5)
        same(tokens_read(5, 0, 9, cached), 0)


### END HIDDEN TESTS
test.report()

# %%
lengths = np.arange(1, 129)
print("64 steps from one token, context 64:", [tokens_read(1, 64, 64, cached) for cached in (False, True)])
viz.lines(
    lengths,
    {
        "without a cache": [tokens_read(1, int(n), 64, False) for n in lengths],
        "with a cache": [tokens_read(1, int(n), 64, True) for n in lengths],
    },
    "Tokens read in all, with a context of 64 places",
    xlabel="tokens written",
    ylabel="tokens read",
)

# %% [markdown]
# **What's happening**
# 1. Without a cache the sum grows with the *square* of the length, as long as the text fits into the context: $1 + 2 + 3 + \dots$
# 2. With a cache it grows by 1 a step, up to the 64th.
# 3. Past the context both rise equally steeply: each step reads all 64 places.
# 4. The lead that was won until then stays.

# %% [markdown]
# **Predict, then run**: a beginning of 60 tokens, 4 steps, a large context. What share of the reading does the cache save?

# %%
plain, kept = tokens_read(60, 4, 1000, False), tokens_read(60, 4, 1000, True)
print(f"{plain} tokens read without, {kept} with a cache: {1 - kept / plain:.0%} saved")

# %% [markdown]
# <details><summary>Answer</summary>
#
# It saves all but the first step: 63 instead of 246. The longer the answer, the more a cache saves; a long question with an answer of one token saves nothing.
# </details>

# %% [markdown]
# ## Part 2: The cache
#
# Your `attention` of module 12 asks a cache for one thing: `k, v = cache.append(k, v)` takes the keys and values of the new tokens, and gives back those of *all* tokens so far.
#
# The simplest cache would lay old and new side by side with `np.concatenate`: a new array for each token, into which everything so far is copied. That is the square again, in bytes. So memory is laid out **once**, for as many tokens as the context has places.
# New keys are written at the next free places, and what's given back is a **view** of the filled part (module 01): the same memory, nothing copied.
#
# By hand, one head with keys of one number, capacity 4:
#
# | call | memory afterwards | used | gives back |
# | --- | --- | --- | --- |
# | (made) | `0 0 0 0` | 0 | |
# | append 5, 6 | `5 6 0 0` | 2 | `5 6` |
# | append 7 | `5 6 7 0` | 3 | `5 6 7` |
# | append 8, 9 | `5 6 7 0` | 3 | an error: two don't fit |
#
# Where it goes wrong:
#
# - Give back the filled places only. The zeros after them are keys, too, as far as attention knows: each query would spend a part of its weights on them.
# - A new token looks at itself as well: what was just written belongs to what is given back.
# - Count on, or the next token overwrites this one.
# - Check the room before you write. numpy doesn't complain when *one* token is written to a slice of no places past the end: the token is lost in silence.
#
# The class is given. It owns the memory; its `append` calls yours.


# %%
#| export
class KVCache:
    """Keys and values of one attention layer, for the tokens read so far.

    Args:
        batch, heads, size: how many texts, heads of the layer, numbers in a head's vector.
        capacity: how many tokens there's room for.

    Attributes:
        keys, values: arrays (batch, heads, capacity, size); what stands from `used` on has no meaning.
        used: how many places are filled. A smaller number forgets the tokens behind it.
    """

    def __init__(self, batch, heads, capacity, size):
        self.keys = np.zeros((batch, heads, capacity, size), dtype="float32")
        self.values = np.zeros((batch, heads, capacity, size), dtype="float32")
        self.used = 0

    def __len__(self):
        return self.used

    def append(self, k, v):
        """Add keys and values of new tokens; return those of all tokens so far."""
        return append(self, k, v)

    def __repr__(self):
        return f"<KVCache: {self.used} of {self.keys.shape[-2]} places used, {self.keys.nbytes + self.values.nbytes:,} bytes>"


def empty_caches(model, batch=1):
    """Make a cache for each block of a Transformer, with room for its whole context."""
    caches = []
    for block in model.blocks:
        heads, dim = block.attention.num_heads, block.attention.key.weight.shape[0]
        caches.append(KVCache(batch, heads, model.context, dim // heads))
    return caches


# %% nbgrader={"grade_id": "append", "solution": true}
#| export
def append(cache, k, v):
    """Write keys and values of new tokens at the next free places of a cache.

    Args:
        cache: a KVCache; its memory is changed in place.
        k, v: Tensors (batch, heads, new, size).

    Returns:
        Two Tensors (batch, heads, used, size): keys and values of all tokens so far, the new ones included. They are
        views of the cache's memory.

    TODO: refuse what doesn't fit; write; count; give back views.

    APPROACH:
    1. The new ones go to the places from `cache.used` to `cache.used` plus their number.
    2. If the end lies beyond the capacity, raise a ValueError that says how many places there are, and change nothing.
    3. Write the arrays of k and v into these places of `cache.keys` and `cache.values`.
    4. Set `cache.used`.
    5. Return the filled part of both, as Tensors.

    EXAMPLE:
    >>> cache = KVCache(batch=1, heads=1, capacity=4, size=1)
    >>> k, v = append(cache, Tensor([[[[5.0], [6.0]]]]), Tensor([[[[50.0], [60.0]]]]))
    >>> k.shape, cache.used
    ((1, 1, 2, 1), 2)

    HINT: `cache.keys[..., start:end, :] = k.data` writes; the same brackets on the right of `=` give a view, and `Tensor(view)`
    doesn't copy. The number of new tokens is `k.shape[-2]`.
    """
    ### BEGIN SOLUTION
    start, end, capacity = cache.used, cache.used + k.shape[-2], cache.keys.shape[-2]
    if end > capacity:
        raise ValueError(
            f"the cache has {capacity} places, {start} are filled and {end - start} more don't fit: "
            "make a larger one, or begin anew with the last tokens"
        )
    cache.keys[..., start:end, :] = k.data
    cache.values[..., start:end, :] = v.data
    cache.used = end
    return Tensor(cache.keys[..., :end, :]), Tensor(cache.values[..., :end, :])
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: append

# %% nbgrader={"grade_id": "test_append", "grade": true}
test = unit_test("append")


def numbers(*values):
    """One text, one head, vectors of one number."""
    return Tensor(np.array(values, dtype="float32").reshape(1, 1, -1, 1))


@test.check("by hand: two tokens, then one", points=4)
def _():
    cache = KVCache(1, 1, 4, 1)
    k, v = append(cache, numbers(5, 6), numbers(50, 60))
    same(k.data, [[[[5.0], [6.0]]]])
    same(v.data, [[[[50.0], [60.0]]]])
    k, v = append(cache, numbers(7), numbers(70))
    same(k.data, [[[[5.0], [6.0], [7.0]]]])
    same(v.data, [[[[50.0], [60.0], [70.0]]]])
    same(len(cache), 3)


@test.check("views of the cache's memory, which stays where it is", points=3)
def _():
    cache = KVCache(1, 1, 4, 1)
    keys, values = cache.keys, cache.values
    for number in (5, 6):
        k, v = append(cache, numbers(number), numbers(10 * number))
        true(shares_memory(k.data, keys), "the keys given back are a view of the memory that the cache was made with")
        true(shares_memory(v.data, values), "so are the values")
    same(cache.keys, [[[[5.0], [6.0], [0.0], [0.0]]]])


@test.check("one token too many is refused, and the number of places named", points=3)
def _():
    cache = KVCache(1, 1, 2, 1)
    append(cache, numbers(5, 6), numbers(50, 60))
    raises(ValueError, append, cache, numbers(7), numbers(70), says="2 places")
    same(cache.keys, [[[[5.0], [6.0]]]])


### BEGIN HIDDEN TESTS
@test.check("batches and heads in pieces of any size, up to the last place", points=6, hidden=True)
def _():
    for cuts in ((1, 1, 1), (4, 1, 2), (3, 4)):
        total = sum(cuts)
        k, v = (test.rng.normal(size=(3, 2, total, 5)).astype("float32") for _ in range(2))
        cache, start = KVCache(3, 2, total, 5), 0
        for count in cuts:
            k_now, v_now = (remote(x[:, :, start : start + count]) for x in (k, v))
            with unchanged(k_now), unchanged(v_now):
                k_all, v_all = append(cache, Tensor(k_now), Tensor(v_now))
            start += count
            same(k_all.data, k[:, :, :start])
            same(v_all.data, v[:, :, :start])
            same(cache.used, start)


@test.check("what is refused changes nothing, and there's still room for less", points=4, hidden=True)
def _():
    cache = KVCache(1, 1, 3, 1)
    append(cache, numbers(5, 6), numbers(50, 60))
    raises(ValueError, append, cache, numbers(7, 8), numbers(70, 80), says="3 places")
    same(cache.used, 2)
    same(cache.keys, [[[[5.0], [6.0], [0.0]]]])
    same(append(cache, numbers(9), numbers(90))[0].data, [[[[5.0], [6.0], [9.0]]]])
    same(cache.values, [[[[50.0], [60.0], [90.0]]]])


@test.check("after going back, new tokens take the places of the forgotten ones", points=5, hidden=True)
def _():
    cache = KVCache(1, 1, 4, 1)
    append(cache, numbers(1, 2, 3), numbers(10, 20, 30))
    cache.used = 1
    k, v = append(cache, numbers(7), numbers(70))
    same(k.data, [[[[1.0], [7.0]]]])
    same(v.data, [[[[10.0], [70.0]]]])
    same(cache.used, 2)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# What does each way of keeping cost? Count the bytes written while 64 tokens arrive one by one, for one layer of our model: once by `np.concatenate`, once into memory that is there already.

# %%
grown, written = np.zeros((1, 4, 0, 16), dtype="float32"), {"concatenate": [], "into place": []}
cache = KVCache(1, 4, 64, 16)
for _ in range(64):
    new = Tensor(np.ones((1, 4, 1, 16), dtype="float32"))
    grown = np.concatenate([grown, new.data], axis=-2)
    before = cache.keys.copy()
    append(cache, new, new)
    written["concatenate"].append(grown.nbytes)
    written["into place"].append(int((cache.keys != before).sum()) * 4)
sums = {name: int(np.sum(sizes)) for name, sizes in written.items()}
print(f"keys written: {sums['concatenate']:,} bytes by concatenate, {sums['into place']:,} into place")
print(f"{sums['concatenate'] / sums['into place']:.1f} times as many; the cache itself: {cache}")

# %% [markdown]
# **Predict, then run**: three blocks need three caches. What is wrong with `[KVCache(1, 4, 64, 16)] * 3`?

# %%
three = [KVCache(1, 4, 64, 16)] * 3
append(three[0], new, new)
print([len(cache) for cache in three])

# %% [markdown]
# <details><summary>Answer</summary>
#
# It's a list with the *same* cache three times: each block would write its keys after those of the others and look at all of them. `*` repeats a reference, it doesn't make objects. `empty_caches` makes one in each round of its loop.
# </details>

# %% [markdown]
# ## Part 3: Reading on
#
# Now the model. `Transformer` takes `caches`, a list with one for each block, and `start`, the place of the first token that it's given. Handed a text of which the caches hold the first part, we want the scores for the rest, and only the rest computed:
#
# | the text | the caches hold | handed to the model | start | scores for |
# | --- | --- | --- | --- | --- |
# | `R O M E O` | nothing | `R O M E O` | 0 | 5 places (the prefill) |
# | `R O M E O :` | `R O M E O` | `:` | 5 | 1 place |
# | `R O M E O : B u t` | `R O M E O :` | `B u t` | 6 | 3 places |
#
# - A cache knows by itself how much it holds: its length. (All blocks have read the same tokens.)
# - Without `start` each new token would believe that it stands at place 0, and get the position vector of the first one.
# - The whole text handed on again would be written behind what's held already: each token twice.
# - If the caches hold the whole text, nothing is left to read, and there are no scores to give: refuse.
#
# Who hides the future, if several new tokens come at once? Your `causal_mask(queries, keys)` of module 12, which takes the queries for the *last* places; `MultiHeadAttention` calls it with the length of the cache. For a single new token it hides nothing.
#
# This one you do alone.


# %% nbgrader={"grade_id": "read_on", "solution": true}
#| export
def read_on(model, ids, caches):
    """Let a model read those tokens of a text that its caches don't hold yet.

    Args:
        model: a Transformer: model(ids, caches=..., start=...).
        ids: an integer array (batch, time): the whole text, from its first token on.
        caches: one for each block; they hold the first tokens of this text, or nothing. They are filled.

    Returns:
        A Tensor (batch, new, vocabulary): the scores at the places that were read now. Nothing is recorded for gradients.

    TODO: the tokens that are new, at their places. Refuse, with a ValueError, a text of which nothing is left to read.

    EXAMPLE:
    >>> caches = empty_caches(gpt)
    >>> read_on(gpt, np.array([encode("ROMEO")]), caches).shape
    (1, 5, 65)
    >>> read_on(gpt, np.array([encode("ROMEO:")]), caches).shape
    (1, 1, 65)

    HINT: each row of the table above is one call.
    """
    ### BEGIN SOLUTION
    held = len(caches[0])
    if held >= ids.shape[-1]:
        raise ValueError(f"the caches hold {held} tokens, the text has {ids.shape[-1]}: nothing is left to read")
    with no_grad():
        return model(Tensor(ids[:, held:]), caches=caches, start=held)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: read_on

# %% nbgrader={"grade_id": "test_read_on", "grade": true}
test = unit_test("read_on")


@test.check("token by token gives the scores of the whole text at once", points=4)
def _():
    manual_seed(int(test.rng.integers(1000)))
    model = Transformer(10, 8, dim=8, heads=2, layers=2)
    ids = test.rng.integers(0, 10, size=(1, 5))
    whole, caches = model(Tensor(ids)).data, empty_caches(model)
    for place in range(5):
        scores = read_on(model, ids[:, : place + 1], caches).data
        close(scores, whole[:, place : place + 1], rtol=1e-4, atol=1e-5)


@test.check("each token is read once, at its place", points=2)
def _():
    model = fixtures.caching_model(Tensor, vocabulary=10, context=8)
    caches, ids = empty_caches(model), np.array([[3, 1, 4, 1, 5, 9]])
    for length in (3, 4, 6):
        read_on(model, ids[:, :length], caches)
    same(list(model.reads), [(0, 3), (3, 1), (4, 2)])


@test.check("a text that the caches hold already is refused", points=2)
def _():
    model = fixtures.caching_model(Tensor, vocabulary=10, context=8)
    caches, ids = empty_caches(model), np.array([[3, 1, 4]])
    same(read_on(model, ids, caches).shape, (1, 3, 10))
    raises(ValueError, read_on, model, ids, caches, says="3")
    raises(ValueError, read_on, model, ids[:, :2], caches)


### BEGIN HIDDEN TESTS
@test.check("three texts, a beginning of 1 and of several tokens, up to the last place", points=6, hidden=True)
def _():
    manual_seed(int(test.rng.integers(1000)))
    model = Transformer(12, 9, dim=12, heads=3, layers=3)
    ids = test.rng.integers(0, 12, size=(3, 9))
    whole = model(Tensor(ids)).data
    for ends in ((1, 2, 3, 4, 5, 6, 7, 8, 9), (6, 7, 9), (9,), (2, 5, 6, 9)):
        caches, start = empty_caches(model, batch=3), 0
        for end in ends:
            given = remote(ids[:, :end])
            with unchanged(given):
                close(read_on(model, given, caches).data, whole[:, start:end], rtol=1e-4, atol=1e-5)
            start = end
        same([len(cache) for cache in caches], [9, 9, 9])


@test.check("a text longer than the context is refused, by the model or its caches", points=3, hidden=True)
def _():
    model = Transformer(10, 4, dim=4, heads=1, layers=1)
    caches, ids = empty_caches(model), test.rng.integers(0, 10, size=(1, 5))
    close(read_on(model, ids[:, :4], caches).data, model(Tensor(ids[:, :4])).data, rtol=1e-4, atol=1e-5)
    raises(ValueError, read_on, model, ids, caches, says="4 places")


@test.check("no graph is kept, and gradients are recorded again afterwards", points=3, hidden=True)
def _():
    model = fixtures.caching_model(Tensor, vocabulary=10, context=8)
    caches, ids = empty_caches(model), test.rng.integers(0, 10, size=(1, 4))
    read_on(model, ids[:, :3], caches)
    read_on(model, ids, caches)
    same(list(model.recorded), [False, False])
    model(Tensor(ids))
    same(list(model.recorded), [False, False, True])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The check that matters, on the trained model: the scores of 64 places, read at once and read token by token. Numbers are added up in a different order, so the last digits may differ.

# %%
caches = empty_caches(gpt)
one_by_one = np.concatenate([read_on(gpt, line[:, : place + 1], caches).data for place in range(64)], axis=1)
with no_grad():
    at_once = gpt(Tensor(line)).data
print(
    f"scores lie between {at_once.min():.1f} and {at_once.max():.1f}; they differ by {abs(one_by_one - at_once).max():.0e}"
)

# %% [markdown]
# **Predict, then run**: the text goes wrong at place 40, and you want another continuation from there. What has to be computed again?

# %%
for cache in caches:
    cache.used = 40
other = np.concatenate([line[:, :40], np.array([encode("moon")])], axis=1)
scores = read_on(gpt, other, caches).data
with no_grad():
    whole = gpt(Tensor(other)).data
print(
    f"read {scores.shape[1]} tokens; the scores differ by {abs(scores - whole[:, 40:]).max():.0e} from those of the whole text"
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Nothing before place 40: the keys there don't depend on what comes after them. Setting `used` back is enough; what comes after it is overwritten. In this way a service keeps the cache of a long introduction that thousands of requests begin with ("prompt caching").
# But the held tokens must be the same *from the first one on*: a single letter changed at place 3 makes every later key a different one.
# </details>

# %% [markdown]
# ## Part 4: Writing with a cache
#
# The loop of `generate` stays: read, choose, append. But what's read is only what's new, and one thing has to be decided: what happens when the text outgrows the context?
#
# By hand, with a context of 4 places and the text `7 8 9`:
#
# | step | text | window | the caches hold | read |
# | --- | --- | --- | --- | --- |
# | 1 | `7 8 9` | `7 8 9` | nothing | `7 8 9` |
# | 2 | `7 8 9 a` | `7 8 9 a` | `7 8 9` | `a` |
# | 3 | `7 8 9 a b` | `8 9 a b` | `7 8 9 a` at other places: useless | `8 9 a b`, into empty caches |
# | 4 | `7 8 9 a b c` | `9 a b c` | `8 9 a b` at other places: useless | `9 a b c`, into empty caches |
#
# - The caches live as long as the text grows within the context. New ones in each step would give the right text, and save nothing.
# - Once the text is longer than the context, each step needs empty caches: the window has moved, and the old keys belong to other places.
#
# So the text is the same as that of `generate`, under any seed. For each token draw *one* number by `generator().random()`, as there.


# %% nbgrader={"grade_id": "generate_cached", "solution": true}
#| export
def generate_cached(model, ids, steps, temperature=1.0, top_k=None):
    """Continue a text as `generate` does, and read each token once while the text fits into the context.

    Args:
        model: a Transformer; `model.context` is the longest text that it can read.
        ids: the text so far, a list or an array of at least one id. It isn't changed.
        steps: how many tokens to append.
        temperature, top_k: as in sample_next.

    Returns:
        A list: ids, and the new ones after them.

    TODO: the loop of `generate`, with caches that are kept as long as they are right.

    APPROACH:
    1. Copy the list, and make empty caches.
    2. In each step take the last `model.context` ids as the window.
    3. If there are more ids than the context has places, make new empty caches.
    4. Read on: the window as an array of one text.
    5. Choose by the scores at the last place that was read, with a fresh `generator().random()`; append.

    EXAMPLE:
    >>> generate_cached(gpt, encode("ROMEO:"), steps=3, temperature=0) == generate(gpt, encode("ROMEO:"), steps=3, temperature=0)
    True

    HINT: `read_on(model, np.array([window]), caches).data[0, -1]` is the array of scores.
    """
    ### BEGIN SOLUTION
    ids, caches = list(ids), empty_caches(model)
    for _ in range(steps):
        window = ids[-model.context :]
        if len(ids) > model.context:
            caches = empty_caches(model)
        scores = read_on(model, np.array([window]), caches).data[0, -1]
        ids.append(sample_next(scores, generator().random(), temperature, top_k))
    return ids
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: generate_cached

# %% nbgrader={"grade_id": "test_generate_cached", "grade": true}
test = unit_test("generate_cached")


@test.check("the text of generate, within the context", points=4)
def _():
    manual_seed(13)
    model = Transformer(10, 12, dim=8, heads=2, layers=2)
    expected = generate(model, [3, 1, 4], 9, temperature=0)
    same(generate_cached(model, [3, 1, 4], 9, temperature=0), expected)


@test.check("what is read: the beginning, then one token a step, past the context all of it", points=4)
def _():
    model = fixtures.caching_model(Tensor, vocabulary=10, context=4)
    generate_cached(model, [7, 8, 9], 4)
    same(list(model.reads), [(0, 3), (3, 1), (0, 4), (0, 4)])


### BEGIN HIDDEN TESTS
def following(start, steps, context, vocabulary):
    """What the model of the fixture writes: each place of the window times its number, added up."""
    ids = list(start)
    for _ in range(steps):
        ids.append(sum((place + 1) * number for place, number in enumerate(ids[-context:])) % vocabulary)
    return ids


@test.check("a model that needs all numbers and their places, to the context and beyond", points=4, hidden=True)
def _():
    for context, length in ((6, 1), (6, 4), (5, 5), (4, 9), (1, 1)):
        start = [int(i) for i in test.rng.integers(0, 11, size=length)]
        model = fixtures.caching_model(Tensor, vocabulary=11, context=context)
        same(generate_cached(model, start, 9, temperature=0), following(start, 9, context, 11))
        lengths = [length + i for i in range(9)]
        read = [1 if length < n <= context else min(n, context) for n in lengths]
        same([count for _, count in model.reads], read)


@test.check("under a seed the text of generate, with temperature and top k", points=4, hidden=True)
def _():
    manual_seed(int(test.rng.integers(1000)))
    model = Transformer(20, 10, dim=8, heads=2, layers=1)
    for options in ({}, {"temperature": 2.0}, {"top_k": 3}, {"temperature": 0.5, "top_k": 8}):
        seed = int(test.rng.integers(1000))
        manual_seed(seed)
        expected = generate(model, [1, 2, 3], 14, **options)
        manual_seed(seed)
        same(generate_cached(model, [1, 2, 3], 14, **options), expected)


@test.check(
    "one random number for each token; the list that was handed in stays; no steps, no tokens", points=4, hidden=True
)
def _():
    model = fixtures.caching_model(Tensor, vocabulary=10, context=5, sureness=0.0)
    seed = int(test.rng.integers(1000))
    manual_seed(seed)
    drawn = [float(generator().random()) for _ in range(12)]
    manual_seed(seed)
    same(generate_cached(model, [0], 12), [0, *(int(u * 10) for u in drawn)])
    given = remote(np.array([4, 2]))
    with unchanged(given):
        same(generate_cached(model, given, 0), [4, 2])
        same(len(generate_cached(model, given, 3)), 5)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# And now in earnest: the same seed, the same speech twice, up to the end of the context. (`process_time` counts the time of the processor that this program had; other programs don't count.)

# %%
texts, seconds = {}, {}
for name, write in (("without a cache", generate), ("with a cache", generate_cached)):
    manual_seed(1)
    start = time.process_time()
    texts[name] = write(gpt, encode("ROMEO:\n"), steps=57, temperature=0.7, top_k=20)
    seconds[name] = time.process_time() - start
    print(f"{name}: {1000 * seconds[name] / 57:.2f} ms for each character")
print("the texts are the same:", texts["without a cache"] == texts["with a cache"])
print(decode(texts["with a cache"]))


# %% [markdown]
# A clock says something different each time; a count doesn't. The recorder of module 01 is told about every operation, so it can count the multiplications in matrix products, for each token that is written. (The context has 64 places, and we write beyond it.)


# %%
def counted(run, count):
    """Run a function, and add up `count(call)` over all operations on tensors that it calls."""
    total, before = 0, (RECORDER.record, RECORDER.backward)

    def record(call, out):
        nonlocal total
        total += count(call)

    set_recorder(record, None)
    try:
        run()
    finally:
        set_recorder(*before)
    return total


def multiplications(call):
    """Count the products of numbers in one matrix product; other operations have none."""
    return call.result.size * call.arrays[0].shape[-1] if call.operation == "matmul" else 0


def each_token(write, model, ids, steps):
    """Write token by token; list the multiplications that the writing of each one took (the n-th: n steps minus n - 1)."""
    totals = [counted(lambda n=n: write(model, ids, n, temperature=0), multiplications) for n in range(steps + 1)]
    return np.diff(totals)


small = Transformer(20, context=16, dim=32, heads=4, layers=2)
places = np.arange(1, 25)
counts = {
    "without a cache": each_token(generate, small, [3], 24),
    "with a cache": each_token(generate_cached, small, [3], 24),
}
for place in (1, 8, 16, 17):
    without, with_cache = (int(row[place - 1]) for row in counts.values())
    print(
        f"token {place:>2}: {without:>9,} multiplications without, {with_cache:>9,} with: {without / with_cache:.1f} times"
    )
viz.lines(
    places, counts, "A small model with 16 places", xlabel="token written", ylabel="multiplications", markers=True
)

# %% [markdown]
# **What's happening**
# 1. Without a cache each token costs more than the one before it: all that is there goes through the model.
# 2. With a cache the line is nearly flat. Nearly: the one new query is still compared with all keys, and that row grows by one key a token.
# 3. At the 17th token the text outgrows the context, and the cached line jumps up to the other one: everything is read again, in each step.
# 4. That is the price of positions from a table. Models that rotate keys instead (RoPE) can drop the oldest key and go on.

# %% [markdown]
# **Predict, then run**: why are keys and values kept, and not queries?

# %%
new_query, all_keys = np.ones((1, 16)), np.ones((64, 16))
print("the row of scores that the newest token needs:", (new_query @ all_keys.T).shape)

# %% [markdown]
# <details><summary>Answer</summary>
#
# A query is used once, by the row of its own place, when that place is computed. Later places ask with their own queries; they look at the old keys and values, never at old queries. So the cache has two arrays, not three.
# </details>

# %% [markdown]
# ### Find the fault (not graded)
#
# Somebody wrote a `Conversation`: it keeps its caches from turn to turn, so that what was said before needn't be read again. What it says is right, to the letter. But one line makes it slow, and slower with each turn.
# Find the line with `counted`: how many tokens are looked up in each turn, and how many should it be?


# %%
class Conversation:
    """A text that two write in turn: one by `hear`, the model by `answer`."""

    def __init__(self, model):
        self.model, self.ids, self.caches = model, [], empty_caches(model)

    def hear(self, ids):
        self.ids += ids

    def answer(self, steps):
        for _ in range(steps):
            window = self.ids[-self.model.context :]
            if len(window) != len(self.caches[0]) + 1:
                self.caches = empty_caches(self.model)
            scores = read_on(self.model, np.array([window]), self.caches).data[0, -1]
            self.ids.append(sample_next(scores, 0.5, temperature=0.7))
        return self.ids[-steps:]


def tokens_looked_up(call):
    """Count the tokens that one operation looks up in the table of the trained model."""
    return call.arrays[0].size if call.operation == "embedding" and call.arrays[1] is gpt.tokens.weight.data else 0


# %%
talk = Conversation(gpt)
for heard in ("Who is", " he? ", "And why", "so? "):
    talk.hear(encode(heard))
    tokens = counted(lambda: talk.answer(7), tokens_looked_up)
    print(f"{heard!r:>10} -> {decode(talk.ids[-7:])!r:<12} {len(heard) + 7} tokens are new, {tokens} were looked up")

# %% [markdown]
# <details><summary>The fault</summary>
#
# The line with `!=`. It was meant for the window that slides, but anyone who says more than one token at once makes the window grow by more than one, and the caches are thrown away at the beginning of each turn: the numbers printed rise with the length of the whole conversation.
# `read_on` reads any number of new tokens. `if len(self.ids) > self.model.context:` is what's needed. (The last token of each answer is read with the next turn, so a turn looks up `len(turn) + 7`, the first turn one fewer.) No check of the text could have found this: it's right.
# </details>

# %% [markdown]
# ## Part 5: What it costs
#
# Time was bought with memory. How much? For each token, each layer and each head keep one key and one value:
#
# $$\text{bytes} = 2 \cdot \text{layers} \cdot \text{heads} \cdot \text{size} \cdot \text{tokens} \cdot \text{batch} \cdot \text{bytes of a number}$$
#
# By hand, for our model: 2 layers, 4 heads, 16 numbers, 64 tokens, 4 bytes: $2 \cdot 2 \cdot 4 \cdot 16 \cdot 64 \cdot 4 = 65536$, that is 64 KB.
#
# - Keys *and* values: there are two arrays.
# - Each text of a batch has a cache of its own. Weights are shared by all texts, caches aren't.
# - A number in 16 bits has 2 bytes: the last factor is not always 4. (`array.nbytes` has it in already.)


# %% nbgrader={"grade_id": "cache_bytes", "solution": true}
#| export
def cache_bytes(layers, heads, size, tokens, batch=1, bytes_each=4):
    """Return how many bytes the keys and values of a transformer take.

    Args:
        layers: blocks with attention; each has a cache.
        heads: heads with keys and values of their own, in each layer.
        size: numbers in a head's vector.
        tokens: places in each text; for memory laid out beforehand its capacity, filled or not.
        batch: texts at once.
        bytes_each: bytes of a number: 4 for float32, 2 for float16.

    TODO: the formula.

    APPROACH:
    1. Count the numbers of the keys of one layer, as the shape of `KVCache.keys` has it.
    2. As many for the values, and all that for each layer.
    3. Times the bytes of a number.

    EXAMPLE:
    >>> cache_bytes(layers=2, heads=4, size=16, tokens=64)
    65536

    HINT: the result is an integer, a product of seven.
    """
    ### BEGIN SOLUTION
    numbers = batch * heads * tokens * size
    return 2 * layers * numbers * bytes_each
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: cache_bytes

# %% nbgrader={"grade_id": "test_cache_bytes", "grade": true}
test = unit_test("cache_bytes")


@test.check("our model by hand, for one text and for three, in 4 and in 2 bytes", points=4)
def _():
    same(cache_bytes(2, 4, 16, 64), 65536)
    same(cache_bytes(2, 4, 16, 64, batch=3), 3 * 65536)
    same(cache_bytes(2, 4, 16, 64, bytes_each=2), 65536 // 2)


### BEGIN HIDDEN TESTS
@test.check("as many bytes as the arrays of real caches have", points=4, hidden=True)
def _():
    for layers, heads, size, tokens, batch in ((1, 1, 1, 1, 1), (2, 3, 5, 7, 1), (3, 2, 4, 6, 5)):
        model = Transformer(4, tokens, dim=heads * size, heads=heads, layers=layers)
        caches = empty_caches(model, batch)
        same(len(caches), layers)
        real = sum(caches[i].keys.nbytes + caches[i].values.nbytes for i in range(layers))
        same(cache_bytes(layers, heads, size, tokens, batch), real)


@test.check("a large model: 80 layers, 8 heads of 128 numbers, 2 bytes", points=2, hidden=True)
def _():
    same(cache_bytes(80, 8, 128, 1, bytes_each=2), 327680)
    tokens = int(test.rng.integers(1000, 100000))
    same(cache_bytes(80, 8, 128, tokens, 4, bytes_each=2), 4 * 327680 * tokens)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# For a large model take Llama 3 with 70 billion weights (Grattafiori et al. 2024, arXiv 2407.21783, table 3): 80 layers, 64 heads for queries, vectors of 128 numbers, in 2 bytes. But only 8 heads have keys and values; each is shared by 8 query heads
# ("grouped queries", Ainslie et al. 2023, arXiv 2305.13245). What would it be without sharing?

# %%
tokens = [2**i for i in range(6, 18)]
ours = [cache_bytes(2, 4, 16, n) for n in tokens]
shared, single = ([cache_bytes(80, heads, 128, n, bytes_each=2) for n in tokens] for heads in (8, 64))
weights = 70e9 * 2
for n, small_one, with_sharing, without in zip(tokens, ours, shared, single, strict=True):
    print(
        f"{n:>7,} tokens: ours {small_one / 1e6:7.2f} MB, 70 billion {with_sharing / 1e9:6.2f} GB, not shared {without / 1e9:6.1f} GB"
    )
print(
    f"its weights have {weights / 1e9:.0f} GB; as much cache, not shared, at {weights / cache_bytes(80, 64, 128, 1, bytes_each=2):,.0f} tokens"
)
viz.lines(
    tokens,
    {
        "70 billion, 64 heads": [size / 1e9 for size in single],
        "70 billion, 8 heads shared": [size / 1e9 for size in shared],
        "ours": [size / 1e9 for size in ours],
        "weights of the 70 billion": [weights / 1e9] * len(tokens),
    },
    "Keys and values of one text",
    xlabel="tokens",
    ylabel="GB",
    log="xy",
)

# %% [markdown]
# **What's happening**
# 1. All lines rise with the length, and equally steeply: the cache grows by the same amount for each token. (The square of module 12 is gone: only one row of the table of weights exists at a time.)
# 2. Sharing divides by 8, and moves the line down; it doesn't change its slope.
# 3. The weights are the level line. Without sharing, one long text would need more memory than the whole model.
# 4. And that is *one* text. A service that answers 32 people at once has 32 caches, and one set of weights.

# %% [markdown]
# **Predict, then run**: a card has 80 GB. With 8-bit weights the large model takes 70 of them. How many tokens fit into the rest, over all texts?

# %%
room, each = 80e9 - 70e9, cache_bytes(80, 8, 128, 1, bytes_each=2)
print(f"{each:,} bytes a token: {room / each:,.0f} tokens, or {room / each / 2000:.0f} texts of 2,000 tokens")

# %% [markdown]
# <details><summary>Answer</summary>
#
# 10 GB divided by 328 KB: about thirty thousand tokens. It's the cache, not arithmetic, that limits how many can be served at once; so it's kept in pages that are handed out only when tokens really arrive.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: sharing one key and value head among all query heads was proposed for exactly this reason (Shazeer 2019, arXiv 1911.02150). vLLM (Kwon et al. 2023, arXiv 2309.06180) lays caches out in pages, as an operating system does with memory,
# > since memory laid out for the longest possible answer is mostly empty: in the systems that they measured, 20 to 38 % of it held a token. And prices for "cached input" are your `read_on`: a beginning that was read before is not read again.

# %% [markdown]
# ### On your own: a cache that forgets (Advanced, optional)
#
# Not graded, and without a test: a **sliding window**. Write a class `Window` whose memory doesn't grow: it keeps the last `places - 1` tokens, so that a new one looks at `places` tokens, itself included. It needs what attention asks for:
#
# - `__init__(self, places)`: nothing is kept yet;
# - `append(self, k, v)`, for one new token at a time: give back Tensors of what's kept, with the new one after it; then keep no more than the last `places - 1`;
# - `__len__`: how many are kept. (The mask is made with it.)
#
# `np.concatenate` on the axis -2 is good enough here. The next cell measures on unseen text what the model loses when it can't look back further.

# %%
# class Window:


# %%
def loss_with(make_cache, rows):
    """Read texts token by token with caches of some kind; return the loss in nats for each character."""
    caches, scores = [make_cache() for _ in gpt.blocks], []
    with no_grad():
        for place in range(rows.shape[1] - 1):
            now = Tensor(rows[:, place : place + 1])
            scores.append(gpt(now, caches=caches, start=place).data)
    scores = np.concatenate(scores, axis=1)
    return cross_entropy(Tensor(scores.reshape(-1, scores.shape[-1])), Tensor(rows[:, 1:].reshape(-1))).item()


plays = shakespeare()
unseen = plays[len(plays) * 9 // 10 :]
rows = np.array([encode(unseen[start : start + 65]) for start in range(0, 30000, 1000)])
print(f"all that was read: {loss_with(lambda: KVCache(len(rows), 4, 64, 16), rows):.3f} nats a character")
if "Window" in globals():
    for places in (1, 2, 4, 8, 16, 32):
        print(f"the last {places:>2} tokens: {loss_with(lambda n=places: Window(n), rows):.3f}")  # noqa: F821

# %% [markdown]
# <details><summary>One way</summary>
#
# ```python
# class Window:
#     def __init__(self, places):
#         self.places, self.kept = places, None
#
#     def __len__(self):
#         return 0 if self.kept is None else self.kept[0].shape[-2]
#
#     def append(self, k, v):
#         new = [k.data, v.data]
#         if self.kept is not None:
#             new = [np.concatenate([old, x], axis=-2) for old, x in zip(self.kept, new)]
#         self.kept = [x[..., max(0, x.shape[-2] - self.places + 1) :, :] for x in new]
#         return Tensor(new[0]), Tensor(new[1])
# ```
#
# With only itself to look at, a model that was never trained that way does badly. A few letters give it most of what it knows, and the last half of the 64 places gives little. (A window of 8 in each of two layers reaches back further than 8: the kept keys of the second layer
# were made by tokens that had looked back themselves.) Mistral 7B is trained that way from the start (Jiang et al. 2023, arXiv 2310.06825).
# </details>

# %% [markdown]
# ## Systems Analysis
#
# **Predict**: a model with 512 places. How does the time of *one* token grow with its place, without and with a cache? Draw both lines before you run the cell.

# %%
manual_seed(0)
long = Transformer(65, context=512, dim=64, heads=4, layers=2)
text = np.random.default_rng(0).integers(0, 65, size=(1, 512))
caches = empty_caches(long)
read_on(long, text, caches)


def newest(length):
    """Read the last of `length` tokens; the caches hold those before it."""
    for cache in caches:
        cache.used = length - 1
    return read_on(long, text[:, :length], caches)


def everything(length):
    """Read all of `length` tokens."""
    with no_grad():
        return long(Tensor(text[:, :length]))


places = [8, 16, 32, 64, 128, 256, 512]
times = {
    name: [best_of(read, place, seconds=0.1).median for place in places]
    for name, read in (("without a cache", everything), ("with a cache", newest))
}
for place, without, with_cache in zip(places, *times.values(), strict=True):
    print(f"token {place:>3}: {without:7.2f} ms without, {with_cache:5.2f} ms with: {without / with_cache:5.1f} times")
print("operations called for one token:", counted(lambda: newest(512), lambda call: 1))
viz.lines(places, times, "Time of one token", xlabel="its place", ylabel="ms", markers=True)

# %% [markdown]
# **What's happening**
# 1. Without a cache the time rises with the place, and bends upwards: attention's table grows with the square.
# 2. With a cache it's a flat line: one token goes through the layers. The row of scores grows, but it's small beside the rest.
# 3. On the left the lines meet. The calls of operations, whose number is printed, take their time whatever the size, and for a few tokens that is most of the total: there a cache saves nothing that you could measure.
# 4. The flat line is made of such calls, too: the arithmetic of one token is so little that Python's part dominates. In a large model, reading the weights does.

# %% [markdown]
# And for a whole text? Each token costs more than the one before it, so the sum should grow with the square without a cache, and with the first power with it. On logarithmic axes the powers are slopes.

# %%
lengths = [32, 64, 128, 256]
totals = {"without a cache": [], "with a cache": []}
for name, write in (("without a cache", generate), ("with a cache", generate_cached)):
    for length in lengths:
        start = time.process_time()
        write(long, [0], length, temperature=0)
        totals[name].append(time.process_time() - start)
for name, seconds in totals.items():
    slope = np.polyfit(np.log(lengths), np.log(seconds), 1)[0]
    print(f"{name:>15}: {', '.join(f'{s:.2f}' for s in seconds)} s; grows with the power {slope:.2f}")
last = totals["without a cache"][-1], totals["with a cache"][-1]
spent = cache_bytes(2, 4, 16, 512)
print(f"{lengths[-1]} tokens: {last[0] / last[1]:.1f} times as fast, for {spent / 1e6:.2f} MB of memory")
viz.lines(lengths, totals, "Time of a whole text", xlabel="tokens", ylabel="seconds", log="xy", markers=True)

# %% [markdown]
# **What's happening**
# 1. With a cache the slope is about 1: twice the text, twice the time.
# 2. Without it the slope lies between 1 and 2, and it grows to the right: for short texts the calls, which cost the same for every length, still hide the square.
# 3. The prize grows with the length, and so does the price: memory for time is the oldest trade of all.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# The cache against the model without it: within the context, at its end and beyond, for one text and three; and the counts.

# %%
manual_seed(0)
model = Transformer(vocabulary=12, context=10, dim=16, heads=4, layers=3)
ids = np.random.default_rng(0).integers(0, 12, size=(3, 10))
for ends in (range(1, 11), (7, 8, 9, 10), (10,)):
    caches, pieces = empty_caches(model, batch=3), []
    for end in ends:
        pieces.append(read_on(model, ids[:, :end], caches).data)
    close(np.concatenate(pieces, axis=1), model(Tensor(ids)).data, rtol=1e-4, atol=1e-5)
    same([len(cache) for cache in caches], [10, 10, 10])
raises(
    ValueError, lambda: caches[0].append(Tensor(np.ones((3, 4, 1, 4))), Tensor(np.ones((3, 4, 1, 4)))), says="10 places"
)
same(sum(cache.keys.nbytes + cache.values.nbytes for cache in caches), cache_bytes(3, 4, 4, 10, batch=3))

for beginning in ([5], [1, 2, 3], list(range(12))):
    manual_seed(3)
    expected = generate(model, beginning, 20)
    manual_seed(3)
    same(generate_cached(model, beginning, 20), expected)


def looked_up(call):
    """Count the tokens that are looked up in this model's table."""
    return call.arrays[0].size if call.operation == "embedding" and call.arrays[1] is model.tokens.weight.data else 0


for beginning, steps in (([5], 8), ([1, 2, 3, 4], 20), (list(range(12)), 5)):
    plain = counted(lambda text=beginning, n=steps: generate(model, text, n), looked_up)
    kept = counted(lambda text=beginning, n=steps: generate_cached(model, text, n), looked_up)
    same(plain, tokens_read(len(beginning), steps, model.context, False))
    same(kept, tokens_read(len(beginning), steps, model.context, True))
print("counts, cache, reading on, writing and bytes work together")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: memory for time
#
# Cite your measured times of token 512 without and with a cache, and the bytes that the cache of that model takes. Now suppose that the model gets twice as many layers, and heads of twice the size, and writes for 16 people at once, 512 tokens each. How many bytes do the caches take now? For which of these two would you
# rather *not* keep a cache: (a) one question of 500 tokens that is answered by a single token, (b) one word, continued by 500 tokens? Why?
#
# Rubric (5 points): 0, no measured numbers; half, both times and the bytes (524,288), and the new number with the factors 2, 2 and 16 (33.6 MB); full, also (a), because a single step reads the whole question with or without a cache: nothing is read twice, so the memory would buy nothing.

# %% [markdown] nbgrader={"grade_id": "checkpoint_memory", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured 60 ms for token 512 without a cache and 1 ms with it. The cache of that model takes 2 x 2 x 4 x 16 x 512 x 4 = 524,288 bytes. Twice the layers, twice the size of a head and 16 texts: 2 x 2 x 16 = 64 times as much, 33,554,432 bytes, 33.6 MB. I would not keep one in case (a): there's only one
# step, the prefill, which reads 500 tokens either way, and what it kept would never be used. In case (b) without a cache 1 + 2 + ... + 500 tokens are read, with it 500.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# This class is written for a compiler, which wants arrays whose shapes never change. Which of your functions is `update`? What does it give back, and how does that differ from yours? What would attention do wrong with it, and which line of `attend` prevents that?
#
# ```python
# class Mystery(nn.Module):
#     def __init__(self, b, h, room, d):
#         super().__init__()
#         self.register_buffer("ks", torch.zeros(b, h, room, d))
#         self.register_buffer("vs", torch.zeros(b, h, room, d))
#
#     def update(self, where, k, v):                # where: the places of the new tokens
#         self.ks.index_copy_(2, where, k)
#         self.vs.index_copy_(2, where, v)
#         return self.ks, self.vs
#
# def attend(q, k, v, cache, where):
#     k, v = cache.update(where, k, v)
#     seen = torch.arange(k.size(2)) <= where[:, None]
#     return F.scaled_dot_product_attention(q, k, v, attn_mask=seen)
# ```
#
# Rubric (5 points): 0, not recognised; half, update is append and gives back the whole memory, even places that aren't filled, where ours gives a view of the filled part; full, also that the zeros after them would get weights ($e^0$ is not 0), and that `seen` is True up to each query's own place only, so that it hides both
# the future and the empty places (True means "may be looked at" in PyTorch).

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# update is my append: it writes k and v at the new places. It gives back all `room` places, filled or not, and the caller says where to write; mine counts by itself and gives back a view of the filled part. Attention would give weight to the empty places: their scores are 0, and exp(0) = 1 is a share.
# The line with `seen` prevents it: place j may be looked at only if j <= the place of the query, so the future and the places that aren't filled are hidden by the same mask. With my view, the mask needs to know only the tokens so far.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - Nothing comes from the future, so what was computed for a place stays true while the text grows.
# - Attention needs the keys and values of old places, never their queries: two arrays a layer, laid out once, filled place by place, handed out as views.
# - A new token must know its place. Past the end of the context all places move, and a cache of absolute positions is worth nothing.
# - A token costs what one token costs, instead of what the whole text costs; the text is the same under any seed.
# - The price is memory: $2 \cdot$ layers $\cdot$ heads $\cdot$ size for each token of each text.
#
# **Next**: module 15 measures where the time of *one* step goes, before module 16 makes it shorter.
