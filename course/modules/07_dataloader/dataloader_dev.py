# %% [markdown]
# # DataLoader
#
# {{module}}
#
# A model learns from examples, and somebody has to carry them to it: out of a file, in a fresh random order, a few dozen
# at a time, as one block of numbers. In this module you build that carrier, and at the end it feeds the first
# model that you train on real data: your own loss, your own gradients, your own SGD, your own loader.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | tensors, losses, gradients, SGD | `read_idx`, `TensorDataset`, shuffling, batches, `DataLoader` | the `Trainer` of module 08, and every data set after it |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in PyTorch | why |
# | --- | --- | --- |
# | one process: loading waits for training, training for loading | worker processes (`num_workers`) load ahead | the protocol is the same; what workers would gain, you measure |
# | data sets have a length and an item for each index | also streams without a length (`IterableDataset`) | all data of this course fit into memory |
# | the loader shuffles by itself | samplers are objects of their own | one function instead of three classes |
# | collation makes Tensors of numbers and arrays | also of dicts, strings, named tuples | two kinds show the idea |
# | no pinned memory | `pin_memory=True` | it speeds up copies to a GPU |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.dataloader
#| export
import numpy as np

from tinytorch.core.tensor import Tensor, unwrap
from tinytorch.data.bases import equally_long
from tinytorch.random import generator

# %%
import time

from tinytorch import manual_seed, viz
from tinytorch.core.autograd import no_grad
from tinytorch.core.losses import cross_entropy
from tinytorch.core.optimizers import SGD
from tinytorch.datasets import Digits
from tinytorch.profiling import best_of
from tinytorch.testing import close, fixtures, raises, same, true, unit_test

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.dataloader`. Users write
#
# ```python
# from tinytorch.data import DataLoader, TensorDataset      # in PyTorch: torch.utils.data
# ```

# %% [markdown]
# ## Part 1: From bytes to an array
#
# A data set begins as a file, and a file is a row of bytes. What they mean is an agreement. The best-known agreement in machine learning is
# the **idx format**, in which LeCun, Cortes and Burges published MNIST in 1998: a short header, then the numbers.
#
# | bytes | meaning | in MNIST's file of training images |
# | --- | --- | --- |
# | 0, 1 | always zero | `00 00` |
# | 2 | kind of number: `08` is an unsigned byte | `08` |
# | 3 | how many axes | `03` |
# | 4 to 7 | length of the first axis | `00 00 ea 60`, 60,000 images |
# | 8 to 11 | length of the second | `00 00 00 1c`, 28 rows |
# | 12 to 15 | length of the third | `00 00 00 1c`, 28 columns |
# | the rest | the numbers, last axis fastest | one byte for each pixel |
#
# A length takes four bytes, the *most significant first* (big-endian). By hand: `00 00 ea 60` is
# $\mathtt{ea}_{16} \cdot 256 + \mathtt{60}_{16} = 234 \cdot 256 + 96 = 60{,}000$.
#
# To give you something to read, the cell below writes our small digits in this format, as their publishers would have.


# %%
def to_idx(array):
    """Write an array of unsigned bytes in the idx format."""
    header = bytes([0, 0, 8, array.ndim])
    lengths = b"".join(length.to_bytes(4, "big") for length in array.shape)
    return header + lengths + array.astype(np.uint8).tobytes()


digits = Digits(train=True)
file_of_images = to_idx(digits.data)
print(len(file_of_images), "bytes, the first 16 of them:")
print(file_of_images[:16].hex(" "))

# %% [markdown]
# 3,823 images of 8 rows and 8 columns: find the three lengths in the header (`0e ef` is $14 \cdot 256 + 239$).
#
# Never trust a file. A download may have stopped half way, a name may be wrong; then it's better to be told now than to train on
# garbage. So the reader checks that the header really is one, and that as many bytes follow as it promises.


# %% nbgrader={"grade_id": "read_idx", "solution": true}
#| export
def read_idx(content):
    """Read the bytes of an idx file of unsigned bytes.

    Args:
        content: the whole file, as bytes.

    Returns:
        A uint8 array with the shape that the header says.

    TODO: check the header, work out the shape, check the size, and give the numbers their shape.

    APPROACH:
    1. Bytes 0 to 2 must be `b"\\x00\\x00\\x08"`; if not, raise a ValueError that shows what they are.
    2. Byte 3 is the number of axes. Each axis has four bytes after that: big-endian.
    3. What remains after the header must be exactly the product of the lengths; if not, raise a ValueError with both numbers.
    4. `np.frombuffer(content, np.uint8, offset=...)` reads the numbers; reshape them.

    EXAMPLE:
    >>> read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9]))
    array([7, 8, 9], dtype=uint8)

    HINT: `int.from_bytes(content[4:8], "big")` is the first length; the header has 4 + 4 * axes bytes.

    TINYTORCH ASSUMPTIONS: unsigned bytes, as MNIST has them. The format also knows wider numbers.
    """
    ### BEGIN SOLUTION
    if content[:3] != b"\x00\x00\x08":
        raise ValueError(
            f"an idx file of unsigned bytes starts with 00 00 08, got {content[:3].hex(' ')}: fetch it again"
        )
    axes = content[3]
    header = 4 + 4 * axes
    shape = tuple(int.from_bytes(content[4 + 4 * i : 8 + 4 * i], "big") for i in range(axes))
    promised = int(np.prod(shape))
    if len(content) - header != promised:
        raise ValueError(f"the header promises {promised} numbers, got {len(content) - header}: fetch the file again")
    return np.frombuffer(content, np.uint8, offset=header).reshape(shape)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: read_idx

# %% nbgrader={"grade_id": "test_read_idx", "grade": true}
test = unit_test("read_idx")


@test.check("three numbers in a row", points=3)
def _():
    same(read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 7, 8, 9])), [7, 8, 9])


@test.check("two rows of three", points=3)
def _():
    same(read_idx(bytes([0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 1, 2, 3, 4, 5, 6])), [[1, 2, 3], [4, 5, 6]])


@test.check("another kind of file is refused, and one that is too short, with both numbers", points=2)
def _():
    raises(ValueError, read_idx, bytes([31, 139, 8, 1, 0, 0, 0, 1, 7]))
    raises(ValueError, read_idx, bytes([0, 0, 8, 1, 0, 0, 0, 5, 7, 8, 9]), says="5")
    raises(ValueError, read_idx, bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 8, 9]), says="3")
    same(read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 8])), [7, 8])


### BEGIN HIDDEN TESTS
@test.check("random shapes, also longer than 255", points=5, hidden=True)
def _():
    for shape in [(300,), (2, 259), tuple(int(n) for n in test.rng.integers(1, 9, size=3)), (2, 1, 3, 2)]:
        numbers = test.rng.integers(0, 256, size=shape).astype(np.uint8)
        header = bytes([0, 0, 8, len(shape)]) + b"".join(length.to_bytes(4, "big") for length in shape)
        result = read_idx(header + numbers.tobytes())
        same(result, numbers)
        same(str(result.dtype), "uint8")


@test.check("a file of another kind is refused", points=3, hidden=True)
def _():
    raises(ValueError, read_idx, bytes([0, 0, 13, 1, 0, 0, 0, 1, 7]))
    raises(ValueError, read_idx, bytes([31, 139, 8, 1, 0, 0, 0, 1, 7]))
    raises(ValueError, read_idx, bytes([0, 1, 8, 1, 0, 0, 0, 1, 7]))
    same(read_idx(bytes([0, 0, 8, 1, 0, 0, 0, 1, 7])), [7])


@test.check("a file that is too short or too long is refused, with both numbers", points=4, hidden=True)
def _():
    raises(ValueError, read_idx, bytes([0, 0, 8, 1, 0, 0, 0, 5, 7, 8, 9]), says="5")
    raises(ValueError, read_idx, bytes([0, 0, 8, 1, 0, 0, 0, 5, 7, 8, 9]), says="3")
    raises(ValueError, read_idx, bytes([0, 0, 8, 1, 0, 0, 0, 2, 7, 8, 9]))
    raises(ValueError, read_idx, bytes([0, 0, 8, 1, 1, 0, 0, 3, 7, 8, 9]))
    raises(ValueError, read_idx, bytes([0, 0, 8, 2, 0, 0, 0, 1, 1, 0, 0, 3, 7, 8, 9]))
    same(read_idx(bytes([0, 0, 8, 2, 0, 0, 0, 3, 0, 0, 0, 1, 7, 8, 9])), [[7], [8], [9]])


### END HIDDEN TESTS
test.report()

# %%
pictures = read_idx(file_of_images)
viz.images(pictures[:8], titles=[str(label) for label in digits.targets[:8]], title="Read from bytes")

# %% [markdown]
# **What's happening**
# 1. The header gives the shape (3823, 8, 8); the bytes after it are the pixels, row by row.
# 2. `frombuffer` copies nothing: the array looks at the file's own bytes. That is why it's read-only.
# 3. MNIST itself differs only in its lengths. `tinytorch.datasets.MNIST(folder)` reads the official files in the same way.

# %% [markdown]
# **Predict, then run**: how many bytes does the file of MNIST's training images have, unpacked? And how many in memory, as float32?

# %%
bytes_of_mnist = 16 + 60_000 * 28 * 28
print(f"{bytes_of_mnist:,} bytes in the file, {4 * 60_000 * 28 * 28:,} as float32")

# %% [markdown]
# <details><summary>Answer</summary>
#
# $16 + 60{,}000 \cdot 28 \cdot 28 = 47{,}040{,}016$ bytes. As float32 each pixel takes four: 188 MB. Keep bytes as long as
# you can, and turn into floats what you need: a batch.
# </details>

# %% [markdown]
# ## Part 2: A data set, and a random order
#
# Training code should not care where examples come from. So there is a contract of two questions: *how many are there?* (`len(dataset)`) and *what is number i?*
# (`dataset[i]`). Whatever answers them is a data set: arrays in memory, a folder of photographs, a function that makes examples up. These classes are given; read them.


# %%
#| export
class Dataset:
    """Examples by number. A subclass says how many there are and what number i is."""

    def __len__(self):
        raise NotImplementedError(f"{type(self).__name__} must say how many examples it has: define __len__()")

    def __getitem__(self, index):
        raise NotImplementedError(f"{type(self).__name__} must give the example of a number: define __getitem__()")


class TensorDataset(Dataset):
    """Rows of Tensors that belong together: example i is the i-th row of each."""

    def __init__(self, *tensors):
        self.tensors = equally_long([x if isinstance(x, Tensor) else Tensor(x) for x in tensors])

    def __len__(self):
        return len(self.tensors[0])

    def __getitem__(self, index):
        return tuple(Tensor(x.data[index]) for x in self.tensors)

    def take(self, indices):
        """Give a whole batch at once: numpy gathers the rows in one call."""
        return self[np.asarray(indices)]


class Subset(Dataset):
    """Some examples of a data set, by their numbers."""

    def __init__(self, dataset, indices):
        self.dataset, self.indices = dataset, np.asarray(indices)

    def __len__(self):
        return len(self.indices)

    def __getitem__(self, index):
        return self.dataset[int(self.indices[index])]

    def take(self, indices):
        """Give a whole batch at once, as far as the data set can."""
        return fetch_batch(self.dataset, self.indices[np.asarray(indices)])


# %%
images, labels = digits.arrays()
train_set = TensorDataset(images.reshape(-1, 64), labels)
image, label = train_set[0]
print(len(train_set), "examples; number 0 is an image", image.shape, "and the label", label.item())

# %% [markdown]
# ### Why shuffle?
#
# Data often come sorted: first all zeros, then all ones. A model that sees only zeros for a while learns to answer "zero", and forgets it
# as soon as the ones come. Each step should see a fair sample of everything, so before each **epoch**, one pass through the data, a new order is drawn.
# Like dealing cards: shuffle the whole deck, then deal. Each card is dealt exactly once.
#
# Randomness comes from one place in this framework, `generator()`, so that `manual_seed(0)` repeats a whole training to the bit.


# %% nbgrader={"grade_id": "shuffled_order", "solution": true}
#| export
def shuffled_order(n):
    """Return the numbers 0 to n - 1 in a random order.

    TODO: draw a permutation from the framework's generator. No steps this time: you will find them.

    EXAMPLE:
    >>> manual_seed(0)
    >>> shuffled_order(5)          # some order of 0, 1, 2, 3, 4

    HINT: drawing n random integers is not enough: some would come twice, others never.
    """
    ### BEGIN SOLUTION
    return generator().permutation(n)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: shuffled_order

# %% nbgrader={"grade_id": "test_shuffled_order", "grade": true}
test = unit_test("shuffled_order")


@test.check("each number exactly once; the same seed gives the same order", points=3)
def _():
    same(np.sort(shuffled_order(10)), np.arange(10))
    manual_seed(7)
    first, second = shuffled_order(50), shuffled_order(50)
    manual_seed(7)
    same(shuffled_order(50), first)
    true(not np.array_equal(first, second), "two epochs have different orders")


### BEGIN HIDDEN TESTS
@test.check("each number once, for random lengths", points=3, hidden=True)
def _():
    for n in (1, 2, int(test.rng.integers(50, 500))):
        same(np.sort(shuffled_order(n)), np.arange(n))


@test.check("the same seed gives the same order, the next epoch another one", points=2, hidden=True)
def _():
    seed = int(test.rng.integers(1000))
    manual_seed(seed)
    first, second = shuffled_order(200), shuffled_order(200)
    manual_seed(seed)
    same(shuffled_order(200), first)
    true(not np.array_equal(first, second), "two epochs have different orders")


@test.check("every number comes to the front about equally often", points=2, hidden=True)
def _():
    manual_seed(int(test.rng.integers(1000)))
    fronts = np.bincount([int(shuffled_order(4)[0]) for _ in range(400)], minlength=4)
    true(fronts.min() > 60, "each of 4 numbers is first in 100 of 400 orders on average, and in more than 60")


### END HIDDEN TESTS
test.report()

# %%
manual_seed(0)
places = np.linspace(0, len(labels) - 1, 20).astype(int)  # twenty places along the epoch
as_sorted = np.sort(labels)
as_shuffled = as_sorted[shuffled_order(len(labels))]
viz.matrix(
    np.stack([as_sorted[places], as_shuffled[places]]),
    title="The label at 20 places of an epoch: sorted (row 0), shuffled (row 1)",
    numbers=True,
)

# %% [markdown]
# **What's happening**
# 1. Above, the labels of sorted data: a model that learns along this row sees one digit for a long time, then never again.
# 2. Below, the same data in the order that your function drew: every stretch has a bit of everything.
# 3. Each example still comes exactly once an epoch; only its place is random.

# %% [markdown]
# **Predict, then run**: instead of a permutation, somebody draws `n` random numbers from 0 to n - 1, with repetition. What share of the data does an epoch miss?

# %%
drawn = np.random.default_rng(0).integers(0, 10_000, size=10_000)
viz.Prediction(
    "missed_by_an_epoch",
    "What percentage of the data does such an epoch miss?",
    lambda: 100 * (1 - len(np.unique(drawn)) / 10_000),
    within=0.05,
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Each draw misses a given example with probability $1 - 1/n$; all n draws miss it with $(1 - 1/n)^n \approx 1/e = 37\,\%$. More than a third of the data would not be seen in an epoch.
# </details>

# %% [markdown]
# ## Part 3: Batches
#
# Why not give the model one example at a time? Count what happens for one example: Python calls a few dozen functions, each call costs about a microsecond,
# and the arithmetic of one small image takes less than that. The machine spends its time on *calling*. With 64 images in one matrix the calls are the same,
# and the arithmetic, which is what we want, is 64 times as much. That is a **mini-batch**.
#
# It's the lorry that you hire to move house: driving once per book would take forever, whatever its speed.
#
# By hand, 7 examples in batches of 3: `[0 1 2]`, `[3 4 5]`, `[6]`. The last batch is smaller; `drop_last=True` leaves it out. Their number is
# $\lceil 7 / 3 \rceil = 3$, or $\lfloor 7 / 3 \rfloor = 2$ without the last.


# %% nbgrader={"grade_id": "batch_indices", "solution": true}
#| export
def batch_indices(order, batch_size, drop_last=False):
    """Cut an order into batches.

    Args:
        order: the numbers of examples, a sequence or an array.
        batch_size: how many belong into a batch, at least 1.
        drop_last: leave out the last batch if it is smaller than the others.

    Returns:
        A list of pieces of `order`, in its order.

    TODO: cut, and keep or drop the remainder. Refuse a batch size below 1 with a ValueError that shows it.

    APPROACH:
    1. Batches start at 0, batch_size, 2 * batch_size, ...
    2. `order[start : start + batch_size]` is one of them; at the end Python gives what is left.
    3. With drop_last keep only those that are full.

    EXAMPLE:
    >>> batch_indices([4, 0, 3, 1, 2], batch_size=2)
    [[4, 0], [3, 1], [2]]
    >>> batch_indices([4, 0, 3, 1, 2], batch_size=2, drop_last=True)
    [[4, 0], [3, 1]]

    HINT: `range(0, len(order), batch_size)` gives the starts.
    """
    ### BEGIN SOLUTION
    if batch_size < 1:
        raise ValueError(f"a batch holds at least 1 example, got batch_size={batch_size}: choose 32 or 64")
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    if drop_last and batches and len(batches[-1]) < batch_size:
        batches.pop()
    return batches
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: batch_indices

# %% nbgrader={"grade_id": "test_batch_indices", "grade": true}
test = unit_test("batch_indices")


@test.check("seven in threes", points=3)
def _():
    same([list(batch) for batch in batch_indices(list(range(7)), 3)], [[0, 1, 2], [3, 4, 5], [6]])


@test.check("without the small last one", points=3)
def _():
    same([list(batch) for batch in batch_indices(list(range(7)), 3, drop_last=True)], [[0, 1, 2], [3, 4, 5]])


@test.check("a full last batch is kept; a batch size below 1 is refused", points=2)
def _():
    same([list(batch) for batch in batch_indices(list(range(4)), 2, drop_last=True)], [[0, 1], [2, 3]])
    raises(ValueError, batch_indices, [1, 2], -1, says="-1")
    raises(ValueError, batch_indices, [1, 2], 0, says="0")


### BEGIN HIDDEN TESTS
@test.check("random orders come out whole and in order", points=4, hidden=True)
def _():
    n, size = int(test.rng.integers(20, 60)), int(test.rng.integers(2, 9))
    order = test.rng.permutation(n)
    batches = [list(batch) for batch in batch_indices(order, size)]
    same([int(i) for batch in batches for i in batch], [int(i) for i in order])
    same(len(batches), -(-n // size))
    same([len(batch) for batch in batches[:-1]], [size] * (len(batches) - 1))


@test.check("a full last batch is not dropped", points=4, hidden=True)
def _():
    size, count = int(test.rng.integers(3, 9)), int(test.rng.integers(2, 6))
    order = list(range(size * count))
    same(
        [list(batch) for batch in batch_indices(order, size, drop_last=True)],
        [order[i * size : (i + 1) * size] for i in range(count)],
    )


@test.check("fewer examples than a batch, none at all, and no batch size", points=4, hidden=True)
def _():
    same([list(batch) for batch in batch_indices([2, 5], 4)], [[2, 5]])
    same([list(batch) for batch in batch_indices([2, 5], 1)], [[2], [5]])
    same(len(batch_indices([2, 5], 4, drop_last=True)), 0)
    same(len(batch_indices([], 4)), 0)
    same(len(batch_indices([], 4, drop_last=True)), 0)
    raises(ValueError, batch_indices, [1, 2], 0, says="0")
    raises(ValueError, batch_indices, [1, 2], -1)


### END HIDDEN TESTS
test.report()

# %% [markdown]
# What does a batch buy? Multiply images by a matrix of weights, one image at a time and in batches of growing size, and count images per second.

# %%
weights = np.random.default_rng(0).normal(size=(64, 32)).astype("float32")
rows = images.reshape(-1, 64)[:2048]


def images_per_second(batch_size):
    """Run 2,048 images through one matrix product per batch."""
    batches = [Tensor(rows[i : i + batch_size]) for i in range(0, len(rows), batch_size)]
    matrix = Tensor(weights)
    return 1e3 * len(rows) / best_of(lambda: [batch @ matrix for batch in batches]).median


sizes = [1, 2, 4, 8, 16, 32, 64, 128, 256]
speeds = [images_per_second(size) for size in sizes]
viz.lines(
    sizes,
    {"images per second": speeds},
    "One matrix product, by batch size",
    xlabel="batch size",
    ylabel="images per second",
    log="xy",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. On the left the line climbs as fast as the batch grows: the cost is the call, and it's shared by more images.
# 2. To the right it bends: now the arithmetic itself takes the time, and a larger batch brings little more.
# 3. Where it bends depends on the machine and on the model; the more arithmetic one example needs, the sooner.

# %% [markdown]
# **Predict, then run**: if larger is faster, why not all 3,823 images in one batch?

# %%
print("steps per epoch:", {size: len(batch_indices(range(len(train_set)), size)) for size in (1, 64, 512, 3823)})

# %% [markdown]
# <details><summary>Answer</summary>
#
# An epoch would be *one* step. In the time of 60 steps with 64 images each it makes one, only slightly better directed. And the whole of it, with all that backward
# needs, must fit into memory: 60,000 photographs of 224x224 pixels are 36 GB as float32. Batches of 32 to 512 are usual.
# </details>

# %% [markdown]
# ## Part 4: From examples to a block
#
# A batch is a list of examples: `[(image, label), (image, label), ...]`. The model wants one block of images and one of labels. Putting them together is called **collation**:
#
# | a list of | becomes |
# | --- | --- |
# | numbers | a Tensor `(batch,)` |
# | arrays or Tensors of one shape `(a, b)` | a Tensor `(batch, a, b)` |
# | pairs | a pair: all the firsts collated, all the seconds collated |
#
# By hand: `[([1., 2.], 0), ([3., 4.], 1)]` are two pairs of a vector and a number. The firsts become the matrix `[[1, 2], [3, 4]]`, the seconds the vector `[0, 1]`.
# The rule for pairs refers to the rule itself: a function that calls itself is the natural way to write it.


# %% nbgrader={"grade_id": "default_collate", "solution": true}
#| export
def default_collate(samples):
    """Combine a list of examples into one batch.

    Args:
        samples: at least one example; all numbers, or all arrays or Tensors of one shape, or all tuples of such.

    Returns:
        A Tensor with one more axis in front, or a tuple of these.

    TODO: handle tuples by collating each place, and everything else by stacking.

    APPROACH:
    1. If the first sample is a tuple or a list, collate each column, and return a tuple of the results.
    2. If it is a number, make a Tensor of the list of all.
    3. Otherwise take the arrays out (`unwrap(sample)`; an array stays as it is). If their shapes differ, raise a ValueError
       that shows them. Stack the arrays, and make a Tensor.

    EXAMPLE:
    >>> images, labels = default_collate([(np.array([1.0, 2.0]), 0), (np.array([3.0, 4.0]), 1)])
    >>> images.shape, labels.data
    ((2, 2), array([0, 1], dtype=int32))

    HINT: `zip(*samples)` turns a list of pairs into two columns.
    """
    ### BEGIN SOLUTION
    if isinstance(samples[0], (tuple, list)):
        return tuple(default_collate(column) for column in zip(*samples, strict=True))
    if isinstance(samples[0], (int, float)):
        return Tensor(list(samples))
    arrays = [unwrap(sample) for sample in samples]
    shapes = sorted({array.shape for array in arrays})
    if len(shapes) > 1:
        raise ValueError(f"examples of one batch must have the same shape, got {shapes}: crop or pad them first")
    return Tensor(np.stack(arrays))
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: default_collate

# %% nbgrader={"grade_id": "test_default_collate", "grade": true}
test = unit_test("default_collate")


@test.check("numbers", points=3)
def _():
    same(default_collate([3, 1, 2]).data, [3, 1, 2])


@test.check("pairs of a vector and a number", points=5)
def _():
    vectors, numbers = default_collate([(np.array([1.0, 2.0]), 0), (np.array([3.0, 4.0]), 1)])
    same(vectors.data, [[1.0, 2.0], [3.0, 4.0]])
    same(numbers.data, [0, 1])


@test.check("Tensors are stacked; shapes that differ are refused, and shown", points=2)
def _():
    same(default_collate([Tensor([1.0, 2.0]), Tensor([3.0, 4.0])]).data, [[1.0, 2.0], [3.0, 4.0]])
    raises(ValueError, default_collate, [np.zeros(3), np.zeros(4)], says="(3,)")


### BEGIN HIDDEN TESTS
@test.check("random arrays and Tensors, one axis more in front", points=5, hidden=True)
def _():
    shape = tuple(int(n) for n in test.rng.integers(1, 5, size=3))
    arrays = [test.rng.normal(size=shape).astype(np.float32) for _ in range(4)]
    same(default_collate(arrays).data, np.stack(arrays))
    same(default_collate([Tensor(array) for array in arrays]).data, np.stack(arrays))
    same(default_collate(arrays[:1]).data, arrays[0][None])


@test.check("tuples of three and pairs inside pairs", points=4, hidden=True)
def _():
    rows = [(float(i), np.full(2, i, dtype=np.float32), -i) for i in range(3)]
    first, second, third = default_collate(rows)
    same(first.data, [0.0, 1.0, 2.0])
    same(second.data, [[0.0, 0.0], [1.0, 1.0], [2.0, 2.0]])
    same(third.data, [0, -1, -2])
    (inner, other), label = default_collate([((1, 2), 5), ((3, 4), 6)])
    same([list(inner.data), list(other.data), list(label.data)], [[1, 3], [2, 4], [5, 6]])


@test.check("dtypes: labels are int32, pixels float32, bytes stay bytes", points=3, hidden=True)
def _():
    pixels, labels = default_collate([([0.5, 1.0][i], i) for i in range(2)])
    same([pixels.dtype, labels.dtype], ["float32", "int32"])
    same(default_collate([np.zeros(3, dtype=np.uint8)] * 2).dtype, "uint8")


@test.check("different shapes are refused, and shown", points=3, hidden=True)
def _():
    raises(ValueError, default_collate, [np.zeros(3), np.zeros(4)], says="(3,)")
    raises(ValueError, default_collate, [(np.zeros(3), 1), (np.zeros(4), 1)], says="(4,)")
    same(default_collate([np.zeros(3), np.ones(3)]).data, [[0.0] * 3, [1.0] * 3])


### END HIDDEN TESTS
test.report()

# %%
batch_images, batch_labels = default_collate([train_set[i] for i in range(16)])
viz.images(
    batch_images.data.reshape(-1, 8, 8),
    titles=[str(label) for label in batch_labels.data],
    title=f"One batch: images {batch_images.shape}, labels {batch_labels.shape}",
)

# %% [markdown]
# **What's happening**
# 1. Sixteen pairs went in; two Tensors came out, one row for each pair.
# 2. Image and label stay together: row i of the one belongs to row i of the other.
# 3. The images are copied into one block, since a matrix product needs its numbers side by side.

# %% [markdown]
# **Predict, then run**: sentences have different lengths. What does `default_collate` say to them, and what would you do?

# %%
try:
    default_collate([np.array([5, 2, 9]), np.array([5, 2])])
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# <details><summary>Answer</summary>
#
# It refuses: rows of a block have one length. So give the loader a `collate_fn` of your own that fills up the short ones (padding) and remembers which places are real. Module 12 will need that.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: collation runs for every batch, so it shows in profiles. PyTorch's version writes batches of worker processes straight into shared memory, so that the training
# > process doesn't copy them again. Where data sets are huge, examples are packed into large files (TFRecord, WebDataset) that are read in sequence, because a disk, like our `for` loop, pays for each single access.

# %% [markdown]
# ## Part 5: The DataLoader
#
# Now put the parts together. Iterating over a loader *is* one epoch: draw an order, cut it into batches, fetch each one. The shell is given.
#
# `fetch_batch` is the place where examples are collected. If the data set can gather many rows with one call (`take`), it does; if not, examples are asked for one by one and collated.


# %%
#| export
class DataLoader:
    """Give a data set's examples in batches; each `for` over it is one epoch.

    Args:
        dataset: anything with a length and an item for each index.
        batch_size: examples in a batch.
        shuffle: draw a new order for each epoch.
        collate_fn: makes a batch of a list of examples.
        drop_last: leave out a smaller last batch.
    """

    def __init__(self, dataset, batch_size=1, shuffle=False, collate_fn=None, drop_last=False):
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle
        self.collate_fn, self.drop_last = collate_fn, drop_last
        batch_indices(range(0), batch_size)  # refuses a wrong batch size now, not in the middle of a training

    def __len__(self):
        return len(batch_indices(range(len(self.dataset)), self.batch_size, self.drop_last))

    def __iter__(self):
        return iter(load_batches(self))


def fetch_batch(dataset, indices, collate_fn=None):
    """Collect the examples of one batch."""
    if collate_fn is None and hasattr(dataset, "take"):
        return dataset.take(indices)
    return (collate_fn or default_collate)([dataset[int(i)] for i in indices])


def random_split(dataset, lengths):
    """Split a data set at random into parts of these lengths, without overlap."""
    if sum(lengths) != len(dataset):
        raise ValueError(f"the parts must add up to the data set's {len(dataset)} examples, got {list(lengths)}")
    order = generator().permutation(len(dataset))
    ends = np.cumsum(lengths)
    return [Subset(dataset, order[end - length : end]) for length, end in zip(lengths, ends, strict=True)]


# %% [markdown]
# Your part is the epoch. Write it as a **generator function**: with `yield` a batch is handed out, and the function sleeps until the next one is asked for. So
# only one batch is in memory at a time, however large the data set.


# %% nbgrader={"grade_id": "load_batches", "solution": true}
#| export
def load_batches(loader):
    """Yield the batches of one epoch.

    Args:
        loader: a DataLoader; it has dataset, batch_size, shuffle, drop_last and collate_fn.

    TODO: order, batches, fetch, yield.

    APPROACH:
    1. The order is `shuffled_order(n)` if the loader shuffles, else 0 to n - 1 (`np.arange(n)`).
    2. Cut it with `batch_indices`.
    3. Yield `fetch_batch(...)` for each batch.

    EXAMPLE:
    >>> loader = DataLoader(TensorDataset(Tensor([1.0, 2.0, 3.0])), batch_size=2)
    >>> [x.tolist() for (x,) in load_batches(loader)]
    [[1.0, 2.0], [3.0]]

    HINT: `yield` inside the `for` loop; collecting a list and returning it would load everything before the first step.

    TINYTORCH ASSUMPTIONS: one process, so training waits while a batch is made. PyTorch's workers load ahead.
    """
    ### BEGIN SOLUTION
    n = len(loader.dataset)
    order = shuffled_order(n) if loader.shuffle else np.arange(n)
    for indices in batch_indices(order, loader.batch_size, loader.drop_last):
        yield fetch_batch(loader.dataset, indices, loader.collate_fn)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: load_batches

# %% nbgrader={"grade_id": "test_load_batches", "grade": true}
test = unit_test("load_batches")


@test.check("five examples in twos, in order", points=4)
def _():
    loader = DataLoader(fixtures.counting_dataset(Dataset, 5), batch_size=2)
    batches = [labels.data for _, labels in load_batches(loader)]
    same([list(batch) for batch in batches], [[0, 1], [2, 3], [4]])


@test.check("nothing is read before it is asked for", points=2)
def _():
    dataset = fixtures.counting_dataset(Dataset, 100)
    next(iter(load_batches(DataLoader(dataset, batch_size=10))))
    same(list(dataset.asked), list(range(10)))


### BEGIN HIDDEN TESTS
@test.check("shuffled: everything once, rows and labels together, another order each epoch", points=5, hidden=True)
def _():
    n = int(test.rng.integers(30, 60))
    manual_seed(int(test.rng.integers(1000)))
    loader = DataLoader(fixtures.counting_dataset(Dataset, n), batch_size=7, shuffle=True)
    epochs = []
    for _ in range(2):
        rows, labels = [], []
        for batch_rows, batch_labels in load_batches(loader):
            rows += [float(row[0]) for row in batch_rows.data]
            labels += [int(label) for label in batch_labels.data]
        same(sorted(labels), list(range(n)))
        same(rows, [float(label) for label in labels])
        epochs.append(labels)
    true(epochs[0] != epochs[1], "the second epoch has another order than the first")


@test.check("drop_last and the data set's own gathering are used", points=2, hidden=True)
def _():
    numbers = test.rng.normal(size=(11, 3)).astype(np.float32)
    batches = [
        x.data for (x,) in load_batches(DataLoader(TensorDataset(Tensor(numbers)), batch_size=4, drop_last=True))
    ]
    same(len(batches), 2)
    same(np.concatenate(batches), numbers[:8])


@test.check("nothing is read before it is asked for; the collate function is used", points=2, hidden=True)
def _():
    dataset, collate = fixtures.counting_dataset(Dataset, 100), fixtures.recording()
    batches = iter(load_batches(DataLoader(dataset, batch_size=10, collate_fn=collate)))
    first = next(batches)
    same(len(first), 10)
    same(len(collate.seen), 1)
    same(list(dataset.asked), list(range(10)))


### END HIDDEN TESTS
test.report()

# %% [markdown]
# The loader at work: three batches of a shuffled epoch.

# %%
manual_seed(1)
loader = DataLoader(train_set, batch_size=8, shuffle=True)
shown = [batch for _, batch in zip(range(3), loader, strict=False)]
viz.images(
    np.concatenate([batch_images.data for batch_images, _ in shown]).reshape(-1, 8, 8),
    titles=[f"batch {i}: {label}" for i, (_, batch_labels) in enumerate(shown) for label in batch_labels.data],
    title=f"Three of {len(loader)} batches",
)

# %% [markdown]
# **What's happening**
# 1. `for ... in loader` calls `load_batches`; each round of the loop wakes it up for one batch.
# 2. We stopped after three: the other batches were never made.
# 3. Run the cell without the seed, and the pictures change; with it they never do.

# %% [markdown]
# **Predict, then run**: does the first batch of the second epoch equal the first batch of the first epoch?


# %%
def first_batches_agree():
    manual_seed(1)
    loader = DataLoader(train_set, batch_size=8, shuffle=True)
    first, second = (next(iter(loader))[1].tolist() for _ in range(2))
    return first == second


viz.Prediction(
    "order_of_epochs", "Do the first batches of two epochs agree?", first_batches_agree, choices=["yes", "no"]
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# No: each epoch draws a new order. After `manual_seed` with the same seed the *whole sequence* of epochs repeats.
# </details>

# %% [markdown]
# ### Softmax regression: everything you have built, on real digits
#
# The smallest model that reads digits: one weight for each pixel and each digit, $64 \cdot 10$ of them, and ten biases. Image times weights gives ten scores; cross-entropy says how wrong they are; your gradients and your
# SGD make them better. There's no `Trainer` yet: the loop is four lines, and you know each of them.


# %%
def accuracy(weight, bias, dataset):
    """Return the share of images whose largest score is the right one."""
    with no_grad():
        inputs, targets = dataset.tensors
        return float(np.mean((inputs @ weight + bias).data.argmax(axis=1) == targets.data))


def train_softmax_regression(epochs=15, batch_size=64, lr=0.5):
    """Train on the digits; return weight, bias and the accuracy on new writers after each epoch."""
    weight, bias = (
        Tensor(np.zeros((64, 10), "float32"), requires_grad=True),
        Tensor(np.zeros(10, "float32"), requires_grad=True),
    )
    optimizer, loader = SGD([weight, bias], lr=lr), DataLoader(train_set, batch_size=batch_size, shuffle=True)
    history = []
    for _ in range(epochs):
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = cross_entropy(inputs @ weight + bias, targets)
            loss.backward()
            optimizer.step()
        history.append(accuracy(weight, bias, test_set))
    return weight, bias, history


test_images, test_labels = Digits(train=False).arrays()
test_set = TensorDataset(test_images.reshape(-1, 64), test_labels)
manual_seed(0)
start = time.perf_counter()
weight, bias, history = train_softmax_regression()
print(
    f"{len(history)} epochs in {time.perf_counter() - start:.1f} s; right on {history[-1]:.1%} of {len(test_set)} digits by writers it has never seen"
)
viz.images(
    weight.data.T.reshape(10, 8, 8),
    titles=[str(n) for n in range(10)],
    title="What it learned: the weights of each digit",
    columns=10,
)

# %% [markdown]
# **What's happening**
# 1. Each little picture shows the 64 weights of one digit: where ink speaks for it (bright) and where it speaks against it (dark).
# 2. The 0 wants a ring and no ink in the middle; the 1 wants a stroke.
# 3. One such template per digit is all that this model can have. A 7 with a bar and one without must share theirs. That's the limit that a second layer (modules 03 and 08) removes.

# %% [markdown]
# **Predict, then run**: train the same model on *sorted* data without shuffling. Which digits does it know at the end?

# %%
by_label = np.argsort(labels, kind="stable")
sorted_set = TensorDataset(images.reshape(-1, 64)[by_label], labels[by_label])
weight, bias = (
    Tensor(np.zeros((64, 10), "float32"), requires_grad=True),
    Tensor(np.zeros(10, "float32"), requires_grad=True),
)
optimizer = SGD([weight, bias], lr=0.5)
for inputs, targets in DataLoader(sorted_set, batch_size=64):
    optimizer.zero_grad()
    cross_entropy(inputs @ weight + bias, targets).backward()
    optimizer.step()
print(f"sorted, one epoch: {accuracy(weight, bias, test_set):.1%} right")

# %% [markdown]
# <details><summary>Answer</summary>
#
# The last steps of each epoch saw nothing but nines, so it says nine far too often; the digits from the beginning are forgotten. Nothing is wrong with model, loss or optimizer: only the order.
# </details>

# %% [markdown]
# ### A class of your own (ungraded)
#
# A data set may change what another one gives, differently each time: this is how photographs are turned, cropped and brightened while a network learns. `Mirrored` hands on what it gets. Let `__getitem__` swap left and right in the 8 x 8 pixels
# (and perhaps only half the time, by `generator()`). For which digits would that be a bad idea?


# %%
class Mirrored(Dataset):
    """Another data set, with left and right swapped in each image."""

    def __init__(self, dataset):
        self.dataset = dataset

    def __len__(self):
        return len(self.dataset)

    def __getitem__(self, index):
        image, label = self.dataset[index]
        return image, label


for dataset in (train_set, Mirrored(train_set)):
    print(dataset[7][0].data.reshape(8, 8)[2])

# %% [markdown]
# ## Systems Analysis
#
# Where does loading time go? Read all 3,823 images in batches of 64, in two ways: one by one with collation, and gathered by `take`.


# %%
class OneByOne(Dataset):
    """The same data without `take`: examples are asked for one by one."""

    def __len__(self):
        return len(train_set)

    def __getitem__(self, index):
        return train_set[index]


def samples_per_second(dataset, batch_size=64):
    """Time whole epochs without any training."""
    loader = DataLoader(dataset, batch_size=batch_size, shuffle=True)
    return 1e3 * len(dataset) / best_of(lambda: [len(targets) for _, targets in loader]).median


loading = {"one by one, collated": samples_per_second(OneByOne()), "gathered at once": samples_per_second(train_set)}
for way, speed in loading.items():
    print(f"{way:>21}: {speed:12,.0f} examples per second, MNIST's 60,000 in {60_000 / speed:.2f} s")
microseconds = [1e6 / speed for speed in loading.values()]
viz.bars(list(loading), {"time": microseconds}, "Loading one digit", ylabel="microseconds")

# %% [markdown]
# **What's happening**
# 1. One by one, each example costs two Tensors, a function call or three, and its share of collating: a few microseconds, mostly Python.
# 2. Gathered, numpy copies 64 rows in one call. The same bytes move; what is saved is the calls: $n / 64$ calls for an epoch instead of $n$. Both are $O(n)$: what differs is the constant, and here it decides.
# 3. It matters if training a batch takes less time than loading it. Then the arithmetic waits for the data: the step is *input-bound*, and a faster GPU would not help at all.
# 4. PyTorch's answer to slow examples (photographs that must be decoded) is to load them in other processes while this one trains.

# %% [markdown]
# ## 🧪 Module Integration Test
#
# From bytes to a trained model, with parts that you wrote.

# %%
read_back = read_idx(to_idx(digits.data)).reshape(-1, 64).astype("float32") / 16
whole = TensorDataset(read_back, read_idx(to_idx(digits.targets.astype(np.uint8))).astype(np.int32))
manual_seed(0)
training, validation = random_split(whole, [3000, 823])
same(len(training) + len(validation), 3823)
same(np.sort(np.concatenate([training.indices, validation.indices])), np.arange(3823))
first = [targets.tolist() for _, targets in DataLoader(validation, batch_size=100)]
again = [targets.tolist() for _, targets in DataLoader(validation, batch_size=100)]
same(first, again)
close(next(iter(DataLoader(whole, batch_size=5)))[0].data, images.reshape(-1, 64)[:5])
raises(ValueError, lambda: TensorDataset(Tensor([1.0]), Tensor([1.0, 2.0])), says="equally many")
raises(ValueError, lambda: random_split(whole, [1, 2]), says="3823")
raises(ValueError, lambda: DataLoader(whole, batch_size=0), says="batch_size=0")
true(history[-1] > 0.9, "softmax regression reads more than 90 % of the digits")
print("bytes, data set, order, batches, loader and training work together")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: who waits for whom
#
# Cite your two loading speeds. A GPU trains 20,000 examples per second of a certain model. For each of your two ways of loading: who waits for whom, and how many examples per second come out? What would four loading processes change?
#
# Rubric: 0: no measured number; half: the slower of loading and training decides, with both cases right; full: also that four processes load up to four times as much, which helps only as long as loading is the slower side.

# %% [markdown] nbgrader={"grade_id": "checkpoint_throughput", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured about 100,000 examples per second one by one and several millions gathered (numbers vary with the machine). The pipeline runs at the smaller of loading and training. Both of mine are above 20,000, so the GPU decides and
# the loader waits; if decoding a photograph took 1 ms, loading would give 1,000 per second and the GPU would wait 95 % of the time. Four processes multiply loading by up to four: useful in that case, useless in mine.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# These lines follow a sampler and a fetcher of PyTorch's loader. Which of your functions is `first`, which is `second`? What does `third` do that yours leave to `default_collate`, and why are `first` and `second` written with `yield`?
#
# ```python
# def first(sampler, size, drop_last):
#     batch = []
#     for index in sampler:
#         batch.append(index)
#         if len(batch) == size:
#             yield batch
#             batch = []
#     if batch and not drop_last:
#         yield batch
#
# def second(dataset, batches, third):
#     for batch in batches:
#         if hasattr(dataset, "__getitems__"):
#             yield third(dataset.__getitems__(batch))
#         else:
#             yield third([dataset[i] for i in batch])
# ```
#
# Rubric: 0: not recognised; half: `batch_indices`, and `load_batches` with `fetch_batch`; full: also that `third` is the collate function, which PyTorch calls even for gathered examples (a list), while our `take` gives the block at once; and that with `yield` a sampler without an end, or one larger
# than memory, can be used, since only one batch exists at a time.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# first is batch_indices (it cuts an order into lists and drops a small last one); second is load_batches with fetch_batch inside. third is collate_fn: PyTorch always collates a list of examples; our take gives a block without a list.
# With yield a batch is made when it is asked for: the sampler may be endless, and memory holds one batch.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - A file is bytes and an agreement; a reader checks both before it trusts them.
# - A data set answers two questions: how many, and what is number i.
# - Shuffling makes every stretch of an epoch a fair sample; a permutation shows each example exactly once.
# - Batches share the cost of calling; past a certain size they only cost steps and memory.
# - Collation makes one block of many examples; gathering many rows at once is faster than asking one by one.
# - The slower of loading and training sets the speed of both.
#
# **Next**: your training loop had four lines and no memory of what happened. Module 08 makes it a `Trainer`: clipping, validation, checkpoints, early stopping.
