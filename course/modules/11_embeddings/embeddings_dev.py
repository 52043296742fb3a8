# %% [markdown]
# # Embeddings
#
# {{module}}
#
# A token is a number, but not a quantity: token 17 isn't more than token 16. In this module each token gets a **vector** that the model learns, so that tokens that
# behave alike end up close together. Then you train the first neural language model ever, on 28,000 first names, and let it invent some that don't exist.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | tokens, layers, gradients, optimizers | `embedding` and its gradient, context windows, nearest vectors, positions | attention (module 12) and transformers (13): both begin with these tables |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | the gradient of a table is as large as the table | the same, or `sparse=True`: only the rows that occurred | you will measure what that wastes |
# | a context of three letters, as in 2003 | any length, by attention | the next module; three letters already make names |
# | positions as sines and cosines, computed once | also learned ones, or rotations of the vectors | no weights, and any length is available |
# | an id out of range is refused with a message | the same on the CPU; on a GPU the process ends in an assertion | the most frequent mistake with tables |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.embeddings
#| export
import numpy as np

from tinytorch.core.autograd import rule
from tinytorch.core.layers import Module, Parameter
from tinytorch.core.tensor import Tensor, primitive, unwrap
from tinytorch.random import generator

# %%
import functools
import time

from tinytorch import manual_seed, viz
from tinytorch.core.activations import softmax, tanh
from tinytorch.core.autograd import no_grad
from tinytorch.core.layers import Linear
from tinytorch.core.losses import cross_entropy
from tinytorch.core.optimizers import Adam, LambdaLR, warmup_cosine
from tinytorch.core.tokenization import CharTokenizer
from tinytorch.datasets import names
from tinytorch.profiling import best_of
from tinytorch.testing import check_gradient, close, fixtures, raises, remote, same, true, unchanged, unit_test

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.embeddings`. Users write
#
# ```python
# from tinytorch.nn import Embedding
# from tinytorch.nn.functional import embedding, one_hot
# ```

# %% [markdown]
# ## Part 1: A row for each token
#
# How can a layer read a token? It multiplies numbers, so with the id itself as input, token 20 would always have twice the effect of token 10. Nonsense. The honest way is **one-hot**: a row of zeros, as long as the vocabulary, with a single 1
# at the token's place. Multiplied by a matrix of weights it gives
#
# $$\begin{pmatrix} 0 & 0 & 1 & 0 \end{pmatrix} \begin{pmatrix} 0.1 & 0.2 \\ 0.3 & 0.4 \\ 0.5 & 0.6 \\ 0.7 & 0.8 \end{pmatrix} = \begin{pmatrix} 0.5 & 0.6 \end{pmatrix}$$
#
# All that work, and the result is row 2 of the matrix. So don't multiply: **look the row up**. That table is called an **embedding**; its rows are weights, and they learn as all weights do. It's a
# dictionary, in which the translations are written by training.
#
# A look-up has one danger. An id that isn't in the table must be refused, with words: token 27 in a table of 27 rows is the classic off-by-one, and numpy itself would refuse it. But numpy takes -1 for the last row, and says nothing.


# %% nbgrader={"grade_id": "embedding", "solution": true}
#| export
@primitive
def embedding(ids, weight, padding_idx=None):
    """Look up the row of each id.

    Args:
        ids: an array of integers, of any shape.
        weight: the table, an array (tokens, dim).
        padding_idx: an id whose row gets no gradient. Nothing to do here; the gradient's side takes care of it.

    Returns:
        An array of the shape (*ids.shape, dim).

    TODO: check the ids, then index the table.

    APPROACH:
    1. ids that are not integers: raise a TypeError that names their dtype.
    2. An id below 0 or not below the number of rows: raise an IndexError with the id and the number of rows.
    3. Index the table with the whole array.

    EXAMPLE:
    >>> embedding(Tensor([2, 0]), Tensor([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])).data
    array([[0.5, 0.6],
           [0.1, 0.2]], dtype=float32)

    HINT: ids and weight are arrays here (`primitive` unwraps). An array's `dtype.kind` is "i" or "u" for integers;
    `wrong = ids[(ids < 0) | ...]` collects what is out of range.
    """
    ### BEGIN SOLUTION
    if ids.dtype.kind not in "iu":
        raise TypeError(f"ids are whole numbers, got {ids.dtype}: convert them with .to('int32')")
    wrong = ids[(ids < 0) | (ids >= len(weight))]
    if wrong.size:
        raise IndexError(f"the table has {len(weight)} rows, 0 to {len(weight) - 1}, got the id {wrong[0]}: enlarge it")
    return weight[ids]
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: embedding

# %% nbgrader={"grade_id": "test_embedding", "grade": true}
test = unit_test("embedding")
table = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]], dtype=np.float32)


@test.check("two rows of a table", points=2)
def _():
    same(embedding(Tensor([2, 0]), Tensor(table)).data, table[[2, 0]])


@test.check("an id out of range is refused, with the id and the number of rows", points=3)
def _():
    raises(IndexError, embedding, Tensor([0, 3]), Tensor(table), says="3")
    raises(IndexError, embedding, Tensor([0, -1]), Tensor(table), says="-1")
    raises(IndexError, embedding, Tensor([77]), Tensor(np.ones((5, 2), dtype=np.float32)), says="5")
    same(embedding(Tensor([1]), Tensor(table)).data, table[[1]])


@test.check("ids that are not integers are refused", points=1)
def _():
    raises(TypeError, embedding, Tensor([0.0, 1.0]), Tensor(table), says="float32")
    same(embedding(Tensor([0, 1]), Tensor(table)).data, table[[0, 1]])


### BEGIN HIDDEN TESTS
@test.check("ids of any shape and any integer dtype", points=5, hidden=True)
def _():
    weight = test.rng.normal(size=(9, 4)).astype(np.float32)
    for shape in [(), (7,), (2, 3), (2, 1, 3)]:
        for dtype in ("int8", "uint8", "int32", "int64"):
            ids = test.rng.integers(0, 9, size=shape).astype(dtype)
            result = embedding(Tensor(ids), Tensor(weight))
            same(result.data, weight[ids])
            same(result.dtype, "float32")


@test.check("ids in a row of a batch are checked one by one; only integers", points=2, hidden=True)
def _():
    weight = test.rng.normal(size=(4, 2))
    raises(IndexError, embedding, Tensor([[0, 1], [4, 2]]), Tensor(weight), says="4")
    raises(IndexError, embedding, Tensor([[0, 1], [2, -3]]), Tensor(weight), says="-3")
    raises(IndexError, embedding, Tensor([0, 1]), Tensor(weight[:1]), says="1")
    raises(TypeError, embedding, Tensor([0.0, 1.0]), Tensor(weight), says="float32")
    same(embedding(Tensor([3, 0]), Tensor(weight)).data, weight[[3, 0]])


@test.check("the table stays as it is", points=2, hidden=True)
def _():
    weight, ids = remote(test.rng.normal(size=(5, 3))), remote(test.rng.integers(0, 5, size=(4,)))
    with unchanged(weight), unchanged(ids):
        same(embedding(Tensor(ids), Tensor(weight)).shape, (4, 3))
    same(fixtures.recorded_inputs(Tensor, embedding, Tensor(ids), Tensor(weight)), [True, True])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# One-hot is still useful, to check against and to measure. It is given:


# %%
#| export
def one_hot(ids, num_classes=-1):
    """Make a row of zeros for each id with a 1 at its place: shape (*ids.shape, num_classes), int64.

    num_classes=-1 takes the largest id plus 1.
    """
    array = np.asarray(unwrap(ids))
    if array.dtype.kind not in "iu":
        raise TypeError(f"ids are whole numbers, got {array.dtype}: convert them with .to('int32')")
    classes = int(array.max(initial=-1)) + 1 if num_classes == -1 else num_classes
    if array.size and not 0 <= array.min() <= array.max() < classes:
        raise ValueError(f"ids lie in 0..{classes - 1}, got {array.min()}..{array.max()}: enlarge num_classes")
    return Tensor((array[..., None] == np.arange(classes)).astype("int64"))


# %%
small = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6], [0.7, 0.8]], dtype="float32")
word = Tensor([2, 0, 2])
close(embedding(word, Tensor(small)).data, one_hot(word, 4).data @ small)
viz.matmul(one_hot(word, 4).data, small, row=0, column=0)

# %% [markdown]
# **What's happening**
# 1. On the left are the tokens 2, 0, 2 as one-hot rows, on top the table with a row for each of four tokens.
# 2. Each row of the result is a row of the table: the other products are multiplications by 0.
# 3. Equal tokens get equal rows. Where a token stands, the vector doesn't say; Part 5 will.

# %% [markdown]
# **Predict, then run**: a table of 27 rows with 10 numbers each. What is the shape of the result for a batch of 4 rows of 3 ids?

# %%
print(embedding(Tensor(np.zeros((4, 3), dtype="int32")), Tensor(np.zeros((27, 10), dtype="float32"))).shape)

# %% [markdown]
# <details><summary>Answer</summary>
#
# `(4, 3, 10)`: the shape of the ids, and one more axis for the vectors. The number of rows doesn't show in it.
# </details>

# %% [markdown]
# ## Part 2: Who gets the blame
#
# The table is to learn, so it needs a gradient. A row that was looked up once gets the blame of its one copy. A row that was looked up three times, as the `a` of *amanda*, gets the **sum** of the three: used
# thrice, blamed thrice, as in module 05. A row that wasn't looked up gets 0.
#
# By hand: a table of 3 rows, the ids `[2, 0, 2]`, and the blame of the three results:
#
# | id | blame |
# | --- | --- |
# | 2 | $(1, 10)$ |
# | 0 | $(2, 20)$ |
# | 2 | $(3, 30)$ |
#
# Row 2 collects $(1 + 3,\; 10 + 30) = (4, 40)$, row 0 gets $(2, 20)$, row 1 gets $(0, 0)$.
#
# Beware of numpy's shortcut: `for_weight[ids] += grad` counts a repeated id only once. It reads all rows, adds, and writes them back, so that of equal rows the last one wins. In training that is a quiet disaster: everything runs, and the
# model learns a little worse.
#
# The cell below is given. It tells autograd what to do with the ids (nothing: whole numbers have no gradient) and with **padding**: a token that only fills up short rows should learn nothing, so its row of the gradient is cleared.


# %%
#| export
@rule("embedding", reads="indices")
def embedding_gradients(grad, out, ids, weight, padding_idx=None):
    """The gradients for ids (none) and for the table; the row of padding_idx learns nothing."""
    for_weight = embedding_rule(grad, np.asarray(ids), weight)
    if padding_idx is not None:
        for_weight[padding_idx] = 0
    return None, for_weight


# %% nbgrader={"grade_id": "embedding_rule", "solution": true}
#| export
def embedding_rule(grad, ids, weight):
    """Return the gradient of embedding for its table.

    Args:
        grad: the gradient of the result, an array (*ids.shape, dim).
        ids: an array of integers, of any shape.
        weight: the table, an array (tokens, dim).

    TODO: start with zeros, and add each piece of the gradient to the row that it belongs to.

    APPROACH:
    1. Zeros of the table's shape and dtype.
    2. For each id add its piece of the gradient to that row. An id may occur often.

    EXAMPLE:
    >>> embedding_rule(np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]]), np.array([2, 0, 2]), np.zeros((3, 2)))
    array([[ 2., 20.],
           [ 0.,  0.],
           [ 4., 40.]])

    HINT: `np.add.at(array, ids, values)` adds at every place named, also if it is named twice; ids may have any shape.
    """
    ### BEGIN SOLUTION
    for_weight = np.zeros_like(weight)
    np.add.at(for_weight, ids, grad)
    return for_weight
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: embedding_rule

# %% nbgrader={"grade_id": "test_embedding_rule", "grade": true}
test = unit_test("embedding_rule")


@test.check("the example by hand: a repeated id collects", points=5)
def _():
    grad = np.array([[1.0, 10.0], [2.0, 20.0], [3.0, 30.0]])
    table = np.full((3, 2), 7.0)  # its numbers don't matter, only its shape
    same(embedding_rule(grad, np.array([2, 0, 2]), table), [[2.0, 20.0], [0.0, 0.0], [4.0, 40.0]])


@test.check("a batch of rows: ids (2, 2)", points=4)
def _():
    grad = np.arange(8.0).reshape(2, 2, 2)
    same(embedding_rule(grad, np.array([[1, 1], [1, 0]]), np.ones((2, 2))), [[6.0, 7.0], [6.0, 9.0]])


### BEGIN HIDDEN TESTS
@test.check("random ids, against the product with one-hot rows", points=8, hidden=True)
def _():
    for shape in [(12,), (3, 5), (2, 3, 4), ()]:
        weight = test.rng.normal(size=(6, 3))
        ids = test.rng.integers(0, 5, size=shape)
        grad = test.rng.normal(size=(*shape, 3))
        hot = (ids.reshape(-1, 1) == np.arange(6)).astype(np.float64)
        close(embedding_rule(grad, ids, weight), hot.T @ grad.reshape(-1, 3))


@test.check("a new array in the table's dtype; nothing else is changed", points=4, hidden=True)
def _():
    weight = remote(test.rng.normal(size=(4, 2)).astype(np.float32))
    grad, ids = remote(test.rng.normal(size=(3, 2)).astype(np.float32)), remote(np.array([1, 1, 3]))
    with unchanged(weight), unchanged(grad), unchanged(ids):
        result = embedding_rule(grad, ids, weight)
    same(str(result.dtype), "float32")
    close(result[1], grad.read()[0] + grad.read()[1])
    same(result[0], [0.0, 0.0])


@test.check("against central differences, through the tape", points=4, hidden=True)
def _():
    ids = test.rng.integers(0, 4, size=(2, 3))
    check_gradient(lambda w: embedding(ids, w) * 2.0, lambda w: w[ids] * 2.0, [(5, 3)], rng=test.rng)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The layer is given: a table as a parameter. Its rows start as random numbers with a standard deviation of 1, as in PyTorch.


# %%
#| export
class Embedding(Module):
    """A table with a row of `embedding_dim` numbers for each of `num_embeddings` tokens.

    Args:
        padding_idx: a token that only fills up: its row is 0 and stays so.
    """

    def __init__(self, num_embeddings, embedding_dim, padding_idx=None):
        if padding_idx is not None and not -num_embeddings <= padding_idx < num_embeddings:
            raise ValueError(f"padding_idx must be one of {num_embeddings} rows, got {padding_idx}")
        self.num_embeddings, self.embedding_dim = num_embeddings, embedding_dim
        self.padding_idx = padding_idx if padding_idx is None else padding_idx % num_embeddings
        table = generator().standard_normal((num_embeddings, embedding_dim), dtype="float32")
        if self.padding_idx is not None:
            table[self.padding_idx] = 0
        self.weight = Parameter(table)

    def forward(self, ids):
        return embedding(ids, self.weight, padding_idx=self.padding_idx)

    def extra_repr(self):
        padding = "" if self.padding_idx is None else f", padding_idx={self.padding_idx}"
        return f"{self.num_embeddings}, {self.embedding_dim}{padding}"


# %%
manual_seed(0)
layer = Embedding(6, 4, padding_idx=0)
layer(Tensor([[3, 5, 3, 3], [5, 1, 0, 0]])).sum().backward()
viz.matrix(
    layer.weight.grad.data, "Gradient of the table for two short rows", xlabel="number of the vector", ylabel="token"
)

# %% [markdown]
# **What's happening**
# 1. Token 3 was looked up three times, token 5 twice: their rows got three and two times the blame of 1.
# 2. Tokens 2 and 4 didn't occur: nothing.
# 3. Token 0 fills up the second row. It was looked up twice, and still gets nothing, since it is the padding.

# %% [markdown]
# **Predict, then run**: what would row 3 have been with `for_weight[ids] += grad`?

# %%
wrong = np.zeros((6, 4))
wrong[np.array([[3, 5, 3, 3], [5, 1, 0, 0]])] += np.ones((2, 4, 4))
print(wrong[3])

# %% [markdown]
# <details><summary>Answer</summary>
#
# Ones. All three times numpy read the same 0, added 1, and wrote 1 to the same place.
# </details>

# %% [markdown]
# ## Part 3: Windows on a text
#
# In 2003 Bengio, Ducharme, Vincent and Jauvin trained the first neural **language model** (JMLR 3, 1137-1155): from the tokens before, guess the next one. Guessing is all there is to it; a model that guesses well has understood something.
#
# Our tokens are letters, our texts first names. A dot marks the border of a name, with as many dots in front as the model looks back. With a context of three, *eva* gives four examples:
#
# | sees | should say |
# | --- | --- |
# | `...` | `e` |
# | `..e` | `v` |
# | `.ev` | `a` |
# | `eva` | `.` |
#
# Nobody has to label anything: the text is its own answer. That is why language models can learn from everything that was ever written.
#
# A window of $k$ slides over the row, and the answer is what comes right after it. The last window ends one place before the end, since it needs an answer: a row of $n$ tokens has $n - k$ windows.


# %% nbgrader={"grade_id": "context_windows", "solution": true}
#| export
def context_windows(ids, k):
    """Cut a row of tokens into windows and what follows each.

    Args:
        ids: the tokens, a list or an array of n integers.
        k: the length of a window.

    Returns:
        (windows, following): integer arrays (n - k, k) and (n - k,); both empty if n <= k.

    TODO: the windows as rows of one array, the following tokens as another.

    APPROACH:
    1. There are n - k windows; no fewer than 0.
    2. Window number i holds the places i to i + k - 1, and place i + k follows.
    3. Make an array of all places, (n - k, k), and index with it.

    EXAMPLE:
    >>> context_windows([0, 0, 5, 22, 1, 0], 2)
    (array([[ 0,  0],
           [ 0,  5],
           [ 5, 22],
           [22,  1]]), array([ 5, 22,  1,  0]))

    HINT: `np.arange(n - k)[:, None] + np.arange(k)` broadcasts to all places.
    """
    ### BEGIN SOLUTION
    ids = np.asarray(ids)
    count = max(len(ids) - k, 0)
    places = np.arange(count)[:, None] + np.arange(k)
    return ids[places], ids[k:]
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: context_windows

# %% nbgrader={"grade_id": "test_context_windows", "grade": true}
test = unit_test("context_windows")


@test.check("six tokens, windows of two: two arrays", points=4)
def _():
    windows, following = context_windows([0, 0, 5, 22, 1, 0], 2)
    same(windows, [[0, 0], [0, 5], [5, 22], [22, 1]])
    same(following, [5, 22, 1, 0])
    for part in (windows, following):
        true(
            isinstance(part, np.ndarray), "an array was expected: a list has no shape, and no batch can be cut from it"
        )


@test.check("a row that is too short has no windows, and these are two columns wide", points=2)
def _():
    windows, following = context_windows([4], 2)
    same(np.shape(windows), (0, 2))
    same(np.shape(following), (0,))


### BEGIN HIDDEN TESTS
@test.check("random rows and lengths", points=6, hidden=True)
def _():
    for k in (1, 2, 3, 7):
        ids = test.rng.integers(0, 50, size=int(test.rng.integers(10, 30)))
        windows, following = context_windows(ids, k)
        same(windows, [[int(n) for n in ids[i : i + k]] for i in range(len(ids) - k)])
        same(following, [int(n) for n in ids[k:]])


@test.check("just long enough, and too short", points=3, hidden=True)
def _():
    windows, following = context_windows([4, 5, 6], 2)
    same(windows, [[4, 5]])
    same(following, [6])
    for ids in ([4, 5], [4]):
        windows, following = context_windows(ids, 2)
        same(windows.shape, (0, 2))
        same(following.shape, (0,))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The names, cut: 28,000 to learn from, the rest to measure with. The tokenizer is that of module 10. Making the windows of all names takes a moment, so `name_windows` does it only once.

# %%
BORDER, CONTEXT = 0, 3
letters = CharTokenizer(".abcdefghijklmnopqrstuvwxyz")
all_names = names()
shuffled = np.random.default_rng(0).permutation(len(all_names))
parts = {"train": [all_names[i] for i in shuffled[:28_000]], "unseen": [all_names[i] for i in shuffled[28_000:]]}


@functools.cache
def name_windows(part):
    """Cut all names of a part: windows (N, CONTEXT) and the letters that follow (N,)."""
    rows = [letters.encode("." * CONTEXT + name + ".") for name in parts[part]]
    windows, following = zip(*(context_windows(row, CONTEXT) for row in rows), strict=True)
    return np.concatenate(windows), np.concatenate(following)


windows, following = name_windows("train")
print(len(windows), "examples. The first name gives:")
for window, answer in zip(windows[:6], following[:6], strict=True):
    print(f"   {letters.decode(window)} -> {letters.decode([answer])}")

# %% [markdown]
# **Predict, then run**: a model that knows nothing gives each of 27 letters the same probability. What is its loss, the mean surprise of module 04? And if it knows how frequent each letter is, and nothing else?

# %%
shares = np.bincount(name_windows("train")[1], minlength=27) / len(name_windows("train")[1])
print(f"knows nothing: {np.log(27):.2f}, knows frequencies: {-(shares * np.log(shares)).sum():.2f}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# $\log 27 \approx 3.30$; and the entropy of the frequencies, about 2.8. Everything below that comes from having looked at the letters before.
# </details>

# %% [markdown]
# ### The model of 2003
#
# Look up the vectors of three letters, put them side by side, add one hidden layer, and get 27 scores. Read `forward`: there is nothing in it that you didn't build. The vectors start small, so that what you will see in them is what they have learned.


# %%
class NextLetter(Module):
    """Guess the next letter from CONTEXT letters before it (Bengio et al. 2003)."""

    def __init__(self, dim=10, hidden=100):
        self.letters = Embedding(27, dim)
        self.letters.weight.data = 0.1 * self.letters.weight.data
        self.hidden, self.scores = Linear(CONTEXT * dim, hidden), Linear(hidden, 27)

    def forward(self, windows):
        vectors = self.letters(windows)
        return self.scores(tanh(self.hidden(vectors.reshape(len(windows), -1))))


def loss_on(model, part):
    """Measure the mean surprise on a part of the names, without recording."""
    windows, following = name_windows(part)
    with no_grad():
        return cross_entropy(model(Tensor(windows)), Tensor(following)).item()


def train(model, epochs, batch_size=512, lr=0.01, after_epoch=None):
    """Train on the names with Adam; after each epoch call after_epoch(epoch, loss on unseen names)."""
    windows, following = name_windows("train")
    steps = len(windows) // batch_size
    optimizer = Adam(model.parameters(), lr=lr)
    schedule = LambdaLR(optimizer, lambda step: warmup_cosine(step, warmup=20, total=epochs * steps))
    for epoch in range(1, epochs + 1):
        order = generator().permutation(len(windows))
        for rows in order[: steps * batch_size].reshape(steps, batch_size):
            optimizer.zero_grad()
            cross_entropy(model(Tensor(windows[rows])), Tensor(following[rows])).backward()
            optimizer.step()
            schedule.step()
        if after_epoch is not None:
            after_epoch(epoch, loss_on(model, "unseen"))


# %% [markdown]
# Eight epochs, about ten seconds. The table of letters is kept after each epoch, and `trained()` gives the same model to later cells.


# %%
@functools.cache
def trained():
    """Train once; return the model, the losses on unseen names, and the table of letters before and after each epoch."""
    manual_seed(0)
    model = NextLetter()
    losses, tables = [loss_on(model, "unseen")], [model.letters.weight.data.copy()]

    def keep(epoch, loss):
        losses.append(loss)
        tables.append(model.letters.weight.data.copy())

    train(model, epochs=8, after_epoch=keep)
    return model, losses, tables


start = time.perf_counter()
losses = trained()[1]
print(f"trained in {time.perf_counter() - start:.0f} s")
viz.lines(
    None,
    {"the model": losses, "knows nothing": [np.log(27)] * len(losses)},
    "Surprise at the next letter, on names it has not seen",
    xlabel="epoch",
    ylabel="loss (nats)",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. Before training the model knows nothing: the loss starts at $\log 27$.
# 2. After one epoch it is far below the 2.8 of mere frequencies: it looks at the letters before.
# 3. A loss of 2.2 means: on average as unsure as between $e^{2.2} \approx 9$ equally likely letters. Names are free; nobody could know the next letter for sure.

# %% [markdown]
# And now let it write. Begin with three borders; draw the next letter with the probabilities that the model gives; move the window on by one; stop at a border.


# %%
def invent(model, longest=15):
    """Draw a name, letter by letter."""
    window, name = [BORDER] * CONTEXT, []
    with no_grad():
        while len(name) < longest:
            probabilities = softmax(model(Tensor([window]))).data[0].astype("float64")
            letter = int(generator().choice(27, p=probabilities / probabilities.sum()))
            if letter == BORDER:
                break
            name.append(letter)
            window = [*window[1:], letter]
    return letters.decode(name)


manual_seed(3)
untrained = NextLetter()
print("untrained:", ", ".join(invent(untrained) for _ in range(6)))
invented = [invent(trained()[0]) for _ in range(40)]
print("trained, and not in any list:", ", ".join(name for name in invented if len(name) > 2 and name not in all_names))

# %% [markdown]
# **Names that don't exist**, from a model with 6,000 weights, written by your own framework. It has never been told what a vowel is, that names rarely end in `q`, or that `u` follows `q`. (Run it again with another seed.)

# %% [markdown]
# ## Part 4: Who is near whom
#
# What has the table learned? Two vectors are alike if they point in the same direction, whatever their length: the **cosine** of the angle between them,
#
# $$\cos(a, b) = \frac{a \cdot b}{\lVert a \rVert \, \lVert b \rVert}$$
#
# is 1 for the same direction, 0 at a right angle, -1 for opposite ones. Why not the plain product $a \cdot b$? A long vector has a large product with everything, and would be everybody's neighbour.
#
# By hand: $a = (1, 0)$, $b = (10, 10)$, $c = (0.5, 0.1)$. The products with $a$ are 10 and 0.5, the cosines 0.71 and 0.98: $c$ is nearer to $a$.
#
# This exercise has no list of steps. Think of three things: each vector is nearest to itself: leave it out; a row of zeros (the padding) has no direction; and the order is from near to far.


# %% nbgrader={"grade_id": "nearest", "solution": true}
#| export
def nearest(vectors, row, k=5):
    """Find the rows whose direction is most like that of one row.

    Args:
        vectors: an array (n, dim); it stays as it is.
        row: the number of the row to compare with.
        k: how many to find; if there are fewer others, all of them.

    Returns:
        An integer array: the numbers of the other rows, the most similar first. A row of zeros has the cosine 0 with
        every other.

    TODO: cosines with all rows, without the row itself, sorted. Write down the steps before you write code.

    EXAMPLE:
    >>> nearest(np.array([[1.0, 0.0], [10.0, 10.0], [0.5, 0.1]]), row=0, k=2)
    array([2, 1])

    HINT: `np.argsort` sorts from small to large; a length that you divide by should not be 0.
    """
    ### BEGIN SOLUTION
    unit = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    similarity = unit @ unit[row]
    similarity[row] = -np.inf
    return np.argsort(-similarity)[: min(k, len(vectors) - 1)]
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: nearest

# %% nbgrader={"grade_id": "test_nearest", "grade": true}
test = unit_test("nearest")


@test.check("direction counts, neither length nor distance", points=3)
def _():
    same(nearest(np.array([[1.0, 0.0], [10.0, 10.0], [0.5, 0.1]]), row=0, k=2), [2, 1])
    same(nearest(np.array([[1.0, 0.0], [10.0, 10.0], [5.0, 1.0], [1.0, 0.9]]), row=0, k=3), [2, 3, 1])


@test.check("itself is left out, also beside a twin and an opposite; the vectors stay as they are", points=3)
def _():
    vectors = remote(np.array([[1.0, 0.0], [2.0, 0.0], [0.0, 1.0], [-1.0, 0.0]]))
    with unchanged(vectors):
        same(nearest(vectors, row=1, k=9), [0, 2, 3])


### BEGIN HIDDEN TESTS
@test.check("random vectors of very different lengths", points=4, hidden=True)
def _():
    for dim in (2, 5):
        vectors = test.rng.normal(size=(12, dim)) * np.exp(test.rng.uniform(-8, 8, size=(12, 1)))
        for row in (0, 7):
            cosines = []
            for other in range(12):
                if other != row:
                    a, b = vectors[row], vectors[other]
                    cosines.append((-float(a @ b / np.sqrt((a @ a) * (b @ b))), other))
            same(nearest(vectors, row, k=4), [other for _, other in sorted(cosines)[:4]])


@test.check("opposite ones come last; k larger than there are others; k left out", points=3, hidden=True)
def _():
    angles = np.array([0.0, 3.1, 0.5, 1.0, 2.0, 2.5, 1.5, 0.2])
    vectors = remote(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    with unchanged(vectors):
        same(nearest(vectors, 0, k=100), [7, 2, 3, 6, 4, 5, 1])
        same(nearest(vectors, 0), [7, 2, 3, 6, 4])
        same(nearest(vectors, 1, k=2), [5, 4])


@test.check("a row of zeros stands between acute and obtuse angles", points=2, hidden=True)
def _():
    vectors = np.array([[1.0, 0.1], [0.0, 0.0], [-1.0, 0.0], [3.0, 3.0]])
    same(nearest(vectors, 0, k=3), [3, 1, 2])
    same(len(nearest(vectors, 1, k=3)), 3)


### END HIDDEN TESTS
test.report()

# %%
table_of_letters = trained()[2][-1]
for letter in "aeiobdkmsz":
    neighbours = nearest(table_of_letters, letters.ids[letter], k=4)
    print(f"{letter}: {' '.join(letters.decode([n]) for n in neighbours)}")

# %% [markdown]
# The vectors have ten numbers. To see them, turn them so that as much as possible of their spread falls into two (principal axes, computed from the last epoch, and used for all):


# %%
def in_a_plane(tables):
    """Project each table (rows, dim) onto the two principal axes of the last one: an array (tables, rows, 2)."""
    centre = tables[-1].mean(axis=0)
    axes = np.linalg.svd(tables[-1] - centre, full_matrices=False)[2][:2]
    return np.stack([(table - centre) @ axes.T for table in tables])


frames = in_a_plane(trained()[2])
vowels = [1 if character in "aeiouy" else 0 for character in letters.ids]
viz.PointsOverTime(frames, list(letters.ids), groups=vowels, title="Letters, as the model sees them")

# %% [markdown]
# **What's happening**
# 1. At epoch 0 the letters are a heap: small random vectors. Move the slider (the arrow keys do, too), and they move apart.
# 2. The vowels gather, though nobody said which letters are vowels: the same kinds of letters follow a vowel, and that is all the model can know about them.
# 3. The dot, which is the border, lies between the two groups: it's followed by the beginnings of names, and those may be either.
# 4. The rare `q` stands far out: it is nearly always followed by a `u` or the end, and that is true of no other letter.

# %% [markdown]
# **Predict, then run**: which letter is nearest to `c`? Think of what follows a `c` in names.

# %%
print(letters.decode(nearest(trained()[2][-1], letters.ids["c"], k=3)))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Letters that are followed by the same ones (h, a, l, r): the other consonants that begin a syllable. It's the company that counts, not the sound: "You shall know a word by the company it keeps" (Firth 1957).
# </details>

# %% [markdown]
# > 💡 **Production Reality**: the same happens with words. word2vec (Mikolov et al. 2013) trained nothing but such a table, on a billion words, and *king - man + woman* landed near *queen*. Search engines today
# > turn whole documents into vectors and find the nearest among billions, with indexes that look at only a few of them. In language models the table is also the last layer: scores are products with its rows ("tied weights").

# %% [markdown]
# ### On your own: the smallest language model
#
# Not graded, and without a test: write a class `Bigram(Module)`, a model that looks at *one* letter only. All it knows is a table of 27 x 27 numbers: each row is a letter, its columns the scores of the next one. What
# is that table? You need an `__init__` of one line and a `forward(windows)` of one or two.

# %%
# class Bigram(Module):

# %%
if "Bigram" in globals():
    manual_seed(0)
    own = Bigram()  # noqa: F821
    train(own, epochs=2, lr=0.1)
    print(f"one letter: {loss_on(own, 'unseen'):.2f}; three letters: {trained()[1][-1]:.2f}")

# %% [markdown]
# <details><summary>One way</summary>
#
# ```python
# class Bigram(Module):
#     def __init__(self):
#         self.table = Embedding(27, 27)
#
#     def forward(self, windows):
#         return self.table(windows[:, -1])
# ```
#
# An embedding whose vectors are the scores themselves. Its loss is about 2.45, against 2.18 with three letters.
# </details>

# %% [markdown]
# ## Part 5: Where a token stands
#
# Our model puts three vectors side by side, so it knows which one came first. The attention of module 12 doesn't: it sees its tokens as a *set*, and *dog bites man* is *man bites dog*. So the place must be in the vector itself: a second vector, one for each
# **position**, is added to that of the token.
#
# Which vectors? Vaswani et al. (2017, arXiv 1706.03762) took clocks. A single hand that turns quickly tells neighbours apart, but returns soon; a slow one tells far from near. So take many hands, from fast to slow, and note the sine and the cosine of each. For position $p$ and pair $i$ of the numbers:
#
# $$\text{angle}_{p,i} = \frac{p}{10000^{\,2i/\text{dim}}}, \qquad \text{number } 2i: \sin(\text{angle}_{p,i}), \quad \text{number } 2i + 1: \cos(\text{angle}_{p,i})$$
#
# The sine and cosine of a pair stand **side by side**: numbers 0 and 1, numbers 2 and 3; not all sines first and then all cosines.
#
# By hand, with dim 4: the hands turn by 1 and by $1/100$ for each position. Position 0 is $(0, 1, 0, 1)$, position 1 is $(\sin 1, \cos 1, \sin 0.01, \cos 0.01) = (0.841, 0.540, 0.010, 1.000)$.


# %% nbgrader={"grade_id": "sinusoidal_positions", "solution": true}
#| export
def sinusoidal_positions(length, dim):
    """Make a vector for each position, of sines and cosines.

    Args:
        length: how many positions.
        dim: how many numbers for each; even, since sine and cosine come in pairs.

    Returns:
        A float32 array (length, dim).

    TODO: the angles of all positions and hands, their sines and cosines in alternating columns.

    APPROACH:
    1. An odd dim: raise a ValueError that shows it.
    2. Hand i turns by 1 / 10000^(2i / dim) for each position, i = 0, 1, ..., dim/2 - 1.
    3. Angles (length, dim/2): positions as a column times the hands as a row.
    4. Columns 0, 2, 4, ... of the table are the sines, columns 1, 3, 5, ... the cosines.

    EXAMPLE:
    >>> sinusoidal_positions(2, 4).round(3)
    array([[0.   , 1.   , 0.   , 1.   ],
           [0.841, 0.54 , 0.01 , 1.   ]], dtype=float32)

    HINT: `np.arange(0, dim, 2)` is 2i for each hand; `table[:, 0::2] = ...` writes every second column.
    """
    ### BEGIN SOLUTION
    if dim % 2:
        raise ValueError(f"sines and cosines come in pairs, so dim must be even, got {dim}: take {dim + 1}")
    angles = np.arange(length)[:, None] / 10000 ** (np.arange(0, dim, 2) / dim)
    table = np.zeros((length, dim), dtype="float32")
    table[:, 0::2] = np.sin(angles)
    table[:, 1::2] = np.cos(angles)
    return table
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: sinusoidal_positions

# %% nbgrader={"grade_id": "test_sinusoidal_positions", "grade": true}
test = unit_test("sinusoidal_positions")


@test.check("two positions of four numbers, by hand", points=6)
def _():
    close(
        sinusoidal_positions(2, 4),
        np.array([[0.0, 1.0, 0.0, 1.0], [np.sin(1.0), np.cos(1.0), np.sin(0.01), np.cos(0.01)]]),
    )


@test.check("an odd size has no pairs, and is refused", points=2)
def _():
    raises(ValueError, sinusoidal_positions, 2, 5, says="5")
    same(sinusoidal_positions(3, 2).shape, (3, 2))


### BEGIN HIDDEN TESTS
@test.check("random lengths and sizes, number by number", points=7, hidden=True)
def _():
    for length, dim in [(7, 2), (int(test.rng.integers(3, 40)), 2 * int(test.rng.integers(3, 9)))]:
        expected = np.zeros((length, dim))
        for p in range(length):
            for i in range(dim // 2):
                expected[p, 2 * i] = np.sin(p / 10000 ** (2 * i / dim))
                expected[p, 2 * i + 1] = np.cos(p / 10000 ** (2 * i / dim))
        close(sinusoidal_positions(length, dim), expected)


@test.check("far positions stay exact; float32; one position is enough", points=3, hidden=True)
def _():
    table = sinusoidal_positions(5000, 6)
    same(str(table.dtype), "float32")
    close(table[4999], [f(4999 / 10000 ** (2 * i / 6)) for i in range(3) for f in (np.sin, np.cos)], atol=1e-5)
    close(sinusoidal_positions(1, 6), [[0.0, 1.0] * 3])


@test.check("every odd size is refused", points=2, hidden=True)
def _():
    for dim in (1, 7):
        raises(ValueError, sinusoidal_positions, 3, dim, says=str(dim))
    same(sinusoidal_positions(4, 8).shape, (4, 8))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The layer that adds them is given. It knows how many positions it has, and says so if a text is longer.


# %%
#| export
class PositionalEncoding(Module):
    """Add to each vector the one of its position.

    Args:
        max_length: the longest row that will come.
        dim: the size of the vectors.
    """

    def __init__(self, max_length, dim):
        self.table = sinusoidal_positions(max_length, dim)

    def forward(self, x):
        length = x.shape[-2]
        if length > len(self.table):
            raise ValueError(
                f"there are {len(self.table)} positions, got a row of {length}: cut it or enlarge max_length"
            )
        return x + self.table[:length]

    def extra_repr(self):
        return f"max_length={len(self.table)}, dim={self.table.shape[1]}"


# %%
viz.matrix(sinusoidal_positions(64, 32), "Positions 0 to 63", xlabel="number of the vector", ylabel="position")

# %% [markdown]
# **What's happening**
# 1. Each row is the vector of a position. On the left the hands turn quickly: red and blue change every three positions.
# 2. To the right they turn more and more slowly; the last ones hardly move in 64 positions.
# 3. No two rows are equal: fast hands tell neighbours apart, slow ones those far apart.

# %% [markdown]
# How alike are two positions? Take the products of the vector of position 32 with its neighbours, up to 20 places away, and the same for position 20:

# %%
positions = sinusoidal_positions(64, 32)
viz.lines(
    np.arange(-20, 21),
    {"with position 32": positions[12:53] @ positions[32], "with position 20": positions[:41] @ positions[20]},
    "Product of two positions",
    xlabel="distance",
    ylabel="product",
)

# %% [markdown]
# **What's happening**
# 1. The product is largest at distance 0, 16 for 16 pairs: $\sin^2 + \cos^2 = 1$ for each hand.
# 2. It falls with the distance, in ripples, and equally on both sides: near positions are alike.
# 3. The second curve covers the first: the product depends on the distance alone, not on where the two stand.

# %% [markdown]
# **Predict, then run**: what is the angle between the hands of a pair at positions $p$ and $p + d$, and why does its cosine not depend on $p$?

# %%
table_2 = sinusoidal_positions(100, 2)
print([round(float(table_2[p] @ table_2[p + 5]), 4) for p in (0, 17, 60)], round(float(np.cos(5.0)), 4))

# %% [markdown]
# <details><summary>Answer</summary>
#
# Both hands turn at the same speed, so the angle between them is always the one through which a hand turns in $d$ positions: $\sin a \sin b + \cos a \cos b = \cos(a - b)$.
# </details>

# %% [markdown]
# ## Systems Analysis
#
# **Look up or multiply?** A vocabulary of 20,000 tokens with 64 numbers each, and 64 tokens. Count what has to be read, and measure.

# %%
tokens, dim, batch = 20_000, 64, 64
big = np.random.default_rng(0).normal(size=(tokens, dim)).astype("float32")
some = np.random.default_rng(1).integers(0, tokens, size=batch).astype("int32")
hot = one_hot(Tensor(some), tokens).data.astype("float32")
looked_up = best_of(embedding, Tensor(some), Tensor(big)).median
multiplied = best_of(np.matmul, hot, big).median
print(f"look up:  {batch * dim * 4:>10,} bytes read, {looked_up:.3f} ms")
print(
    f"one-hot:  {hot.nbytes + big.nbytes:>10,} bytes read, {multiplied:.3f} ms, {multiplied / looked_up:.0f} times as long"
)

# %% [markdown]
# **The gradient of a table.** A vocabulary of 50,000 tokens with 256 numbers each; a batch of 64 tokens comes by.

# %%
large = np.zeros((50_000, 256), dtype="float32")
ids, grad = np.random.default_rng(0).integers(0, 50_000, size=64), np.ones((64, 256), dtype="float32")
gradient = embedding_rule(grad, ids, large)
touched = int((gradient != 0).any(axis=1).sum())
print(
    f"the gradient has {gradient.nbytes / 1e6:.1f} MB, {touched} of its 50,000 rows are not zero: {touched / 500:.2f} %"
)
print(
    f"made in {best_of(embedding_rule, grad, ids, large).median:.1f} ms; its {touched} rows alone are {grad.nbytes / 1e3:.0f} kB"
)

# %% [markdown]
# **What Adam does to rows that don't occur.** One row occurs in the first step only, one in every step, one never. What happens to their weights?

# %%
manual_seed(0)
layer = Embedding(3, 1)
optimizer, started = Adam(layer.parameters(), lr=0.01), layer.weight.data.copy()
moved = [np.zeros(3)]
for step in range(20):
    optimizer.zero_grad()
    layer(Tensor([0, 1] if step == 0 else [1])).sum().backward()
    optimizer.step()
    moved.append((layer.weight.data - started)[:, 0])
viz.lines(
    None,
    {
        "only in the first step": [m[0] for m in moved],
        "in every step": [m[1] for m in moved],
        "never": [m[2] for m in moved],
    },
    "How far Adam has moved a row",
    xlabel="step",
    ylabel="moved",
)

# %% [markdown]
# **What's happening**
# 1. The row that occurs in every step moves steadily by the learning rate.
# 2. The row that occurred once goes on moving for a few steps without any new evidence: its momentum hasn't died away.
# 3. The row that never occurs stays. Yet Adam reads and writes its weight and both averages in each step: with 50,000 rows nearly all the optimizer's work is on zeros.
# 4. PyTorch's answer is `Embedding(sparse=True)` with `SparseAdam`, which looks only at the rows that occurred.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# Tokens to vectors, positions, scores, loss, gradient, and a step.

# %%
manual_seed(0)
tokenizer = CharTokenizer("abcdefgh")
rows, answers = context_windows(tokenizer.encode("abcdefgh" * 3), 4)
table, head, place = Embedding(8, 6), Linear(24, 8), PositionalEncoding(4, 6)
optimizer = Adam([*table.parameters(), *head.parameters()], lr=0.05)
first_loss = None
for _ in range(60):
    optimizer.zero_grad()
    loss = cross_entropy(head(place(table(Tensor(rows))).reshape(len(rows), -1)), Tensor(answers))
    first_loss = first_loss or loss.item()
    loss.backward()
    optimizer.step()
true(loss.item() < 0.1 * first_loss, "the alphabet is learnt")
same(table.weight.grad.shape, (8, 6))
padded = Embedding(4, 2, padding_idx=-1)
padded(Tensor([3, 3, 1])).sum().backward()
same(padded.weight.grad.data, [[0.0, 0.0], [1.0, 1.0], [0.0, 0.0], [0.0, 0.0]])
same(padded.weight.data[3], [0.0, 0.0])
close(embedding(Tensor(rows), table.weight).data, one_hot(Tensor(rows), 8).data @ table.weight.data)
raises(ValueError, lambda: place(table(Tensor([[0] * 5]))), says="5")
raises(ValueError, lambda: one_hot(Tensor([3]), 3), says="0..2")
true(trained()[1][-1] < 2.3, "the model of names is less surprised than 2.3 nats a letter")
print("tokens, vectors, positions, gradient and training work together")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: what a table costs
#
# Cite your bytes and times for looking up and for multiplying, and the size of the dense gradient for 64 tokens. A model has 50,000 tokens with 256 numbers each and is trained with Adam. How many megabytes do table, gradient and both averages take together, and how many of those
# does a batch of 64 tokens really need? What would you store instead of the dense gradient, and what must Adam then do differently?
#
# Rubric (5 points): 0, no measured numbers; half, the four sizes (51 MB each, 205 MB) and that at most 64 rows matter; full, also a sparse form (ids and rows), and that Adam must treat rows that didn't occur in
# another way (no decay of their averages, or one made up for later).

# %% [markdown] nbgrader={"grade_id": "checkpoint_memory", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured 0.01 ms and 16 kB for looking up, 1.6 ms and 10 MB for multiplying. The dense gradient of 50,000 x 256 has 51.2 MB, so table, gradient and two averages have 205 MB; a batch of 64 tokens needs 64 rows of each, 0.26 MB. I'd store the ids and
# their rows, with equal ids added up. Adam would update only these rows; the averages of the others must either stay as they are (lazy Adam) or be decayed for the missed steps when the row comes next.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# Which of your functions is `backward` here, and which line of yours is `index_add_`? Why are the ids reshaped, and why is the first gradient `None`? What would go wrong with `out[ids] += grad`?
#
# ```python
# class Mystery(torch.autograd.Function):
#     @staticmethod
#     def forward(ctx, ids, weight):
#         ctx.save_for_backward(ids)
#         ctx.rows = weight.shape[0]
#         return weight[ids]
#
#     @staticmethod
#     def backward(ctx, grad):
#         (ids,) = ctx.saved_tensors
#         out = grad.new_zeros(ctx.rows, grad.shape[-1])
#         out.index_add_(0, ids.reshape(-1), grad.reshape(-1, grad.shape[-1]))
#         return None, out
# ```
#
# Rubric (5 points): 0, not recognised; half, `embedding_rule` and `np.add.at`; full, also that `index_add_` wants a row of ids where ours takes any shape, that whole numbers have no
# gradient, and that with `+=` a repeated id would count once.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# backward is embedding_rule (with embedding_gradients around it), index_add_ is np.add.at. index_add_ takes a vector of ids and a matrix of rows, so both are made flat; ours takes ids of any shape. ids are whole numbers, there is no small change of them, so no gradient.
# out[ids] += grad would write each row once: for a token that occurs three times, two thirds of the blame would be lost.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - An embedding is a table with a row for each token: a product with one-hot rows, without the product.
# - Its gradient goes to the rows that were looked up; a token that occurs often collects.
# - A language model guesses the next token from those before; the text is its own answer.
# - What occurs in the same company gets similar vectors; cosines find the neighbours.
# - Positions are vectors, too: many hands, from fast to slow.
#
# **Next**: our model sees three letters, always the same three places. In module 12 tokens choose for themselves where to look: attention.
