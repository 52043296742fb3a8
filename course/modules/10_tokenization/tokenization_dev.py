# %% [markdown]
# # Tokenization
#
# {{module}}
#
# A model computes with numbers, and text isn't numbers. In this module you turn text into numbers and back, without losing a
# character: first letter by letter, then with the method that most language models use, **byte-pair encoding**. It learns from a text which
# letters belong together, and nothing is unknown to it: no language, no emoji.
#
# | built so far | built here | used for |
# | --- | --- | --- |
# | tensors of numbers | a vocabulary, counting and merging pairs, `learn_merges`, `encode` | embeddings (module 11), and every model of text after it |

# %% [markdown]
# ## 🎯 Module Assumptions
#
# | here | in production | why |
# | --- | --- | --- |
# | a few hundred merges, learnt from 100,000 characters | 50,000 to 200,000 merges, from billions of characters | it takes seconds, and you can read every merge |
# | after each merge all pairs are counted again | only those that have changed | shorter; you will measure what it costs |
# | words are cut by one short rule | by a long rule with many exceptions | the idea is the same: no token crosses words |
# | no special tokens (end of text, padding) | some, with ids of their own | a model of module 13 would add one line |
# | Python | Rust or C++ | the algorithm is the same |

# %% [markdown]
# ## Setup

# %%
#| default_exp core.tokenization
#| export
import re
from itertools import pairwise

# %%
import functools
import time
from collections import Counter

from tinytorch import viz
from tinytorch.datasets import names, shakespeare
from tinytorch.testing import raises, same, true, unit_test

# %% [markdown]
# The texts of this module. Merges are learnt from the first 100,000 characters of Shakespeare's plays; the other lines show what becomes of text that
# was never seen.

# %%
plays = shakespeare()
training_text = plays[:100_000]
OTHER_LINES = ["Über fünf große Brücken.", "We ❤️ tensors 🤗!", "3,141,592,653", "Anneliese and Xzavier"]
print(training_text[:120])

# %% [markdown]
# ## Where this code lives
#
# The cells that start with `#| export` become `tinytorch.core.tokenization`. PyTorch has no tokenizer; as in the libraries for it, users write
#
# ```python
# from tinytorch.core.tokenization import Tokenizer
#
# tokenizer = Tokenizer.learn(text, merges=500)
# ids = tokenizer.encode("To be, or not to be")
# ```

# %% [markdown]
# ## Part 1: A number for each character
#
# The simplest tokenizer gives every character that it knows a number: the list of all pieces with their numbers is the **vocabulary**, a piece of text that
# has a number is a **token**.
#
# By hand: the text `hello` has the distinct characters `e`, `h`, `l`, `o`. In this order they get the numbers 0, 1, 2, 3, and the text becomes
# `[1, 0, 2, 2, 3]`.
#
# The order matters more than it seems. A trained model is a table with a row for each number; if the numbers are given out
# in another order tomorrow, yesterday's model reads gibberish. So the numbers must follow from the text's characters alone: neither from chance nor from where in
# the text a character came first.


# %% nbgrader={"grade_id": "build_vocabulary", "solution": true}
#| export
def build_vocabulary(text):
    """Give each distinct character of a text a number.

    Args:
        text: a string.

    Returns:
        A dict: character -> number. Numbers go from 0 up in the order of the characters.

    TODO: find the distinct characters, sort them, number them.

    APPROACH:
    1. Every character once.
    2. In their order: Python sorts characters by their number in Unicode.
    3. A dict from each one to its place.

    EXAMPLE:
    >>> build_vocabulary("hello")
    {'e': 0, 'h': 1, 'l': 2, 'o': 3}

    HINT: a set has every character once, but no order of its own: sort before you number. `enumerate` gives the places.
    """
    ### BEGIN SOLUTION
    return {character: place for place, character in enumerate(sorted(set(text)))}
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: build_vocabulary

# %% nbgrader={"grade_id": "test_build_vocabulary", "grade": true}
test = unit_test("build_vocabulary")


@test.check("the example by hand", points=3)
def _():
    same(build_vocabulary("hello"), {"e": 0, "h": 1, "l": 2, "o": 3})


### BEGIN HIDDEN TESTS
@test.check("random texts: every character once, numbered in order", points=4, hidden=True)
def _():
    for size in (1, 30, 300):
        codes = test.rng.integers(32, 0x24F, size=size)
        text = "".join(chr(int(code)) for code in codes)
        expected = {}
        for character in sorted(set(text)):
            expected[character] = len(expected)
        same(build_vocabulary(text), expected)


@test.check(
    "the order of the text doesn't matter; capitals, spaces and line ends count; nothing gives nothing",
    points=3,
    hidden=True,
)
def _():
    same(build_vocabulary("cab\n A"), {"\n": 0, " ": 1, "A": 2, "a": 3, "b": 4, "c": 5})
    same(build_vocabulary("A \nbca"), {"\n": 0, " ": 1, "A": 2, "a": 3, "b": 4, "c": 5})
    same(build_vocabulary(""), {})


### END HIDDEN TESTS
test.report()

# %% [markdown]
# With your vocabulary a tokenizer is two look-ups, one for each direction. The class is given.


# %%
#| export
class CharTokenizer:
    """One token for each character of the text that it was made from.

    Args:
        text: holds every character that will ever be asked for.
    """

    def __init__(self, text):
        self.ids = build_vocabulary(text)
        self.characters = {number: character for character, number in self.ids.items()}

    def __len__(self):
        return len(self.ids)

    def encode(self, text):
        unknown = sorted(set(text) - set(self.ids))
        if unknown:
            raise ValueError(f"the vocabulary has {len(self)} characters, these are unknown: {unknown}")
        return [self.ids[character] for character in text]

    def decode(self, ids):
        return "".join(self.characters[int(number)] for number in ids)


# %%
characters = CharTokenizer(plays)
line = "To be, or not to be"
tokens = list(zip(line, characters.encode(line), strict=True))
viz.Tokens({"one token a character": tokens}, line)

# %% [markdown]
# **What's happening**
# 1. Each box is a token, its id below. A dot stands for a space: it's a character like any other.
# 2. Equal characters have equal ids, and so equal colours; `T` and `t` have nothing in common.
# 3. 65 different characters are enough for all the plays, so a model would choose among 65 possible next tokens.

# %% [markdown]
# **Predict, then run**: what does this tokenizer do with `Über`?

# %%
try:
    CharTokenizer(plays).encode("Über")
except ValueError as error:
    print("ValueError:", error)

# %% [markdown]
# <details><summary>Answer</summary>
#
# It refuses. Some tokenizers have a token "unknown" for such cases: then `Über` and `xber` become the same, and what is lost doesn't come back. A larger
# vocabulary would help, but Unicode has about 150,000 characters, and most would never be seen in training. The way out is below the characters: bytes.
# </details>

# %% [markdown]
# ## Part 2: Bytes, words and pairs
#
# Every text in a computer is already a row of numbers: **UTF-8** writes each character as 1 to 4 bytes, numbers from 0 to 255. So with 256 tokens, one for
# each byte, *every* text in the world can be written, and nothing is unknown.
#
# | character | bytes |
# | --- | --- |
# | `t` | 116 |
# | `Ü` | 195, 156 |
# | `🤗` | 240, 159, 164, 151 |
#
# The price is length: a model that reads bytes must read many of them to have seen a sentence, and module 12 will show that reading twice as many
# costs four times as much. **Byte-pair encoding** shortens the row: find the two neighbours that occur together most often, and give the pair a number of its own, 256. Then do it again, with 257, and so
# on. It was invented to compress files (Gage 1994), and brought into translation by Sennrich, Haddow and Birch (2016, arXiv 1508.07909).
#
# One rule first: no token may reach across the border between two words. Otherwise `dog.`, `dog!` and `dog?` would all get tokens of their own. So the text is cut into **words** before anything is
# counted. A space belongs to the word that follows it. These two functions are given; read them.

# %%
#| export
# A run of letters, or of digits, or of other signs, each with one space before it; or a run of white space.
WORD = re.compile(r" ?[^\W\d_]+| ?\d+| ?(?:[^\w\s]|_)+|\s+")


def split_words(text):
    """Cut a text into words; joined they give the text again."""
    return WORD.findall(text)


def count_words(text):
    """Count the words of a text: {bytes of the word, as a tuple of numbers: how often it occurs}."""
    words = {}
    for word in split_words(text):
        ids = tuple(word.encode("utf-8"))
        words[ids] = words.get(ids, 0) + 1
    return words


# %%
print(split_words("The dog, the dogs: 42 dogs!"))
print(count_words("no no nono"))

# %% [markdown]
# A word that occurs a thousand times need not be looked at a thousand times: it's enough to count its pairs once, times 1000. Shakespeare's 100,000 characters
# have a few thousand *different* words.
#
# By hand, with letters for bytes: the words `hug` (3 times) and `hugs` (2 times). The pair `h u` occurs $3 + 2 = 5$ times, `u g` 5 times, `g s` 2 times.


# %% nbgrader={"grade_id": "count_pairs", "solution": true}
#| export
def count_pairs(words):
    """Count how often each pair of neighbours occurs.

    Args:
        words: a dict: word -> how often it occurs. A word is a tuple of ids.

    Returns:
        A dict: (left id, right id) -> how often they stand side by side in this order, in all words.

    TODO: go through the pairs of each word, and count.

    APPROACH:
    1. Start with an empty dict.
    2. For each word, go through its neighbours: places 0 and 1, 1 and 2, and so on. A word with one id has none.
    3. Add how often the *word* occurs, not 1: a word that occurs 30 times brings each of its pairs 30 times.

    EXAMPLE:
    >>> count_pairs({(104, 117, 103): 3, (104, 117, 103, 115): 2})
    {(104, 117): 5, (117, 103): 5, (103, 115): 2}

    HINT: `pairwise(word)` (of itertools, imported above) gives the neighbours; `counts.get(pair, 0)` is 0 where nothing was counted yet.
    """
    ### BEGIN SOLUTION
    counts = {}
    for word, times in words.items():
        for pair in pairwise(word):
            counts[pair] = counts.get(pair, 0) + times
    return counts
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: count_pairs

# %% nbgrader={"grade_id": "test_count_pairs", "grade": true}
test = unit_test("count_pairs")


@test.check("hug and hugs", points=3)
def _():
    same(count_pairs({(104, 117, 103): 3, (104, 117, 103, 115): 2}), {(104, 117): 5, (117, 103): 5, (103, 115): 2})


@test.check("the order of a pair matters; one id has no pair, three equal ones have two", points=2)
def _():
    same(count_pairs({(1, 2): 1, (2, 1): 1, (7,): 9, (5, 5, 5): 3}), {(1, 2): 1, (2, 1): 1, (5, 5): 6})


### BEGIN HIDDEN TESTS
@test.check("random words, some ids beyond the bytes", points=6, hidden=True)
def _():
    words, expected = {}, {}
    for _ in range(30):
        word = tuple(int(n) for n in test.rng.integers(250, 262, size=int(test.rng.integers(1, 8))))
        words[word] = int(test.rng.integers(1, 50))
    for word in words:
        for place in range(len(word) - 1):
            pair = (word[place], word[place + 1])
            expected[pair] = expected.get(pair, 0) + words[word]
    same(count_pairs(words), expected)


@test.check("equal ids in a row: aaa has the pair aa twice; no words have no pairs", points=4, hidden=True)
def _():
    same(count_pairs({(97, 97, 97): 1}), {(97, 97): 2})
    same(count_pairs({(97, 97, 97, 97): 5, (97, 97): 1}), {(97, 97): 16})
    same(count_pairs({}), {})


### END HIDDEN TESTS
test.report()

# %%
commonest = Counter(count_pairs(count_words(training_text))).most_common(12)
viz.bars(
    [repr(bytes(pair).decode()) for pair, _ in commonest],
    {"times": [times for _, times in commonest]},
    "The commonest pairs in 100,000 characters",
    ylabel="times",
)

# %% [markdown]
# **What's happening**
# 1. A space before `t` and `th` lead: English is full of *the*, *that*, *this*.
# 2. The next pairs are pieces of endings and of small words: `er`, `ou`, `an`.
# 3. A pair such as `e` and a space isn't there at all, though it's the commonest of all in the plain text: the two stand in different words.

# %% [markdown]
# **Predict, then run**: how many bytes does each of the other lines have, and how many characters?

# %%
for text in OTHER_LINES:
    print(f"{len(text):>3} characters, {len(text.encode()):>3} bytes: {text}")

# %% [markdown]
# <details><summary>Answer</summary>
#
# Plain English letters, digits and signs take one byte each, umlauts two, the heart three (and the sign that makes it red three more), the smiling face four.
# A tokenizer that has learnt from English alone is fair to nobody else: the same sentence costs more tokens in other languages, and users pay by the token.
# </details>

# %% [markdown]
# ## Part 3: Merge a pair
#
# Give the pair $(104, 117)$, `hu`, the new number 256. Then `hugs`, which was $(104, 117, 103, 115)$, becomes $(256, 103, 115)$.
#
# Pairs can overlap: in `aaa` the pair `aa` starts at place 0 and at place 1. Both can't be merged, since the middle one can be given away only once. The rule is
# the simplest: go from left to right, and merge what you meet. So `aaa` becomes $(256, 97)$ and `aaaa` becomes $(256, 256)$.


# %% nbgrader={"grade_id": "merge_pair", "solution": true}
#| export
def merge_pair(word, pair, new_id):
    """Replace a pair by one id, wherever it stands in a word.

    Args:
        word: a tuple of ids.
        pair: (left id, right id).
        new_id: what stands in their place.

    Returns:
        A tuple of ids.

    TODO: walk from left to right, and merge each pair that you meet.

    APPROACH:
    1. Start at place 0 with an empty list.
    2. If the ids at this place and the next are the pair: append the new id, and go on *behind both*: two places further.
    3. Otherwise append the id, and go one place further.
    4. Return a tuple: words are keys of dicts.

    EXAMPLE:
    >>> merge_pair((104, 117, 103, 115), (104, 117), 256)
    (256, 103, 115)
    >>> merge_pair((97, 97, 97), (97, 97), 256)
    (256, 97)

    HINT: a `while` loop, since the steps differ; `word[place : place + 2] == pair` compares two tuples, at the end of the word, too.
    """
    ### BEGIN SOLUTION
    merged, place = [], 0
    while place < len(word):
        if word[place : place + 2] == pair:
            merged.append(new_id)
            place += 2
        else:
            merged.append(word[place])
            place += 1
    return tuple(merged)
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: merge_pair

# %% nbgrader={"grade_id": "test_merge_pair", "grade": true}
test = unit_test("merge_pair")


@test.check("hugs, as a tuple", points=3)
def _():
    merged = merge_pair((104, 117, 103, 115), (104, 117), 256)
    same(merged, (256, 103, 115))
    true(isinstance(merged, tuple), "a tuple was expected: words are keys of dicts")


@test.check("aaa and aaaa: from left to right, each id once", points=3)
def _():
    same(merge_pair((97, 97, 97), (97, 97), 256), (256, 97))
    same(merge_pair((97, 97, 97, 97), (97, 97), 256), (256, 256))


### BEGIN HIDDEN TESTS
@test.check("random words of few ids", points=5, hidden=True)
def _():
    for _ in range(20):
        word = tuple(int(n) for n in test.rng.integers(300, 303, size=int(test.rng.integers(1, 12))))
        pair = tuple(int(n) for n in test.rng.integers(300, 303, size=2))
        expected, rest = [], list(word)
        while rest:
            if tuple(rest[:2]) == pair:
                expected, rest = [*expected, 999], rest[2:]
            else:
                expected, rest = [*expected, rest[0]], rest[1:]
        result = merge_pair(word, pair, 999)
        same(result, tuple(expected))
        true(isinstance(result, tuple), "the result is a tuple")


@test.check("at the end, not there, the other way round, one id, none", points=4, hidden=True)
def _():
    same(merge_pair((5, 1, 2), (1, 2), 256), (5, 256))
    same(merge_pair((5, 2, 1), (1, 2), 256), (5, 2, 1))
    same(merge_pair((1,), (1, 2), 256), (1,))
    same(merge_pair((1, 2), (1, 2), 7), (7,))
    same(len(merge_pair((), (1, 2), 256)), 0)


### END HIDDEN TESTS
test.report()

# %%
steps = {"bytes": tuple(b"banana bananas")}
steps["an is 256"] = merge_pair(steps["bytes"], (97, 110), 256)
steps["(an, an) is 257"] = merge_pair(steps["an is 256"], (256, 256), 257)
known = {256: b"an", 257: b"anan"}
viz.Tokens(
    {name: [(known.get(i, bytes([min(i, 255)])), i) for i in ids] for name, ids in steps.items()}, "Two merges by hand"
)

# %% [markdown]
# **What's happening**
# 1. In the first row each byte is a token.
# 2. `an` became one token, in four places.
# 3. The second merge joins two tokens that are already merged: so tokens grow to any length, always from two that were there before.

# %% [markdown]
# **Predict, then run**: five equal letters, `aaaaa`. First `(97, 97)` becomes 256, then `(256, 256)` becomes 257. What remains?

# %%
print(merge_pair(merge_pair((97,) * 5, (97, 97), 256), (256, 256), 257))

# %% [markdown]
# <details><summary>Answer</summary>
#
# After the first merge `(256, 256, 97)`, after the second `(257, 97)`. With the other rule, from right to left, the single letter would stand in front. Either is fine, but learning and encoding must use the same.
# </details>

# %% [markdown]
# ## Part 4: Learn the merges
#
# Now the loop: count all pairs, take the commonest, merge it in all words, and note it. What is noted *is* the tokenizer: the list of pairs, in order. The first pair gets the number 256, the second 257, and so on.
#
# What if two pairs are equally common? Any choice would do, but it must always be the same one, or two people who learn from the same text get two tokenizers. Our rule: **of
# equally common pairs, take the smallest** (tuples are compared by their first number, then by their second).
#
# By hand, with `hug` 3 times and `hugs` 2 times: `h u` and `u g` both occur 5 times. $(104, 117) < (117, 103)$, so `h u` is merged first and becomes 256. Now the words are $(256, 103)$ and $(256, 103, 115)$; the pair
# $(256, 103)$ occurs 5 times, and becomes 257, `hug`. Then only $(257, 115)$ is left, twice.


# %% nbgrader={"grade_id": "learn_merges", "solution": true}
#| export
def learn_merges(text, count):
    """Learn which pairs to merge, the commonest first.

    Args:
        text: a string to learn from.
        count: how many merges to learn.

    Returns:
        A list of pairs, in the order in which they were merged: pair number i became the id 256 + i. It is shorter than
        `count` if no pairs are left.

    TODO: count, choose, note, merge; again and again.

    APPROACH:
    1. `count_words(text)` gives the words as bytes and how often each occurs.
    2. Count the pairs. If there are none, stop.
    3. The commonest pair; of equally common ones the smallest. `max(counts, key=counts.get)` alone takes the one that it
       meets first.
    4. Note the pair, and merge it in every word.

    EXAMPLE:
    >>> learn_merges("hug hug hug", 2)
    [(104, 117), (256, 103)]

    HINT: `min(counts, key=lambda pair: (-counts[pair], pair))`: first by count, the larger the better, then by pair.
    """
    ### BEGIN SOLUTION
    words, merges = count_words(text), []
    for new_id in range(256, 256 + count):
        counts = count_pairs(words)
        if not counts:
            break
        best = min(counts, key=lambda pair: (-counts[pair], pair))
        merges.append(best)
        words = {merge_pair(word, best, new_id): times for word, times in words.items()}
    return merges
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: learn_merges

# %% nbgrader={"grade_id": "test_learn_merges", "grade": true}
test = unit_test("learn_merges")


@test.check("hug and hugs, by hand", points=3)
def _():
    same(learn_merges("hug\nhug\nhug\nhugs\nhugs", 3), [(104, 117), (256, 103), (257, 115)])


@test.check("equally common: the smallest pair first", points=4)
def _():
    same(learn_merges("zy\nab\nzy\nab\ncc", 3), [(97, 98), (122, 121), (99, 99)])


@test.check("as many as were asked for, fewer where no pairs are left", points=3)
def _():
    same(learn_merges("hug hug hug", 2), [(104, 117), (256, 103)])
    same(learn_merges("hi", 5), [(104, 105)])


### BEGIN HIDDEN TESTS
@test.check("random texts, merge by merge", points=6, hidden=True)
def _():
    letters = test.rng.choice(list("aab c"), size=120)
    text = "".join(str(letter) for letter in letters)
    words, expected = [list(word.encode()) for word in split_words(text)], []
    for new_id in range(256, 264):
        counts = {}
        for word in words:
            for place in range(len(word) - 1):
                pair = (word[place], word[place + 1])
                counts[pair] = counts.get(pair, 0) + 1
        best = sorted((-times, pair) for pair, times in counts.items())[0][1]
        expected.append(best)
        for word in words:
            place = 0
            while place < len(word) - 1:
                if (word[place], word[place + 1]) == best:
                    word[place : place + 2] = [new_id]
                place += 1
    same(learn_merges(text, 8), expected)


@test.check("as often as each word occurs; never across words", points=3, hidden=True)
def _():
    text = "ab ab ab " + "xy" + " cd" * 5
    same(learn_merges(text, 2), [(32, 99), (256, 100)])
    same(learn_merges("a b a b a b a b", 1), [(32, 98)])


@test.check("ties among merged ids, too", points=3, hidden=True)
def _():
    same(learn_merges("bb\nbb\nba\nba", 2), [(98, 97), (98, 98)])
    same(learn_merges("abc\nabc\nzyx\nzyx", 4), [(97, 98), (121, 120), (122, 257), (256, 99)])


@test.check("stops when no pairs are left; none wanted, none learnt; an empty text", points=3, hidden=True)
def _():
    same(learn_merges("abc", 10), [(97, 98), (256, 99)])
    same(len(learn_merges("abc abc", 0)), 0)
    same(len(learn_merges("", 5)), 0)
    same(learn_merges("🤗", 1), [(159, 164)])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Learn 500 merges from Shakespeare. It takes a few seconds, so later cells ask for the same result by `learnt()`, which learns only once. What a token
# stands for follows from the merges; `pieces` is given.


# %%
#| export
def pieces(merges):
    """Give the bytes that each id stands for: {id: bytes}."""
    table = {number: bytes([number]) for number in range(256)}
    for number, (left, right) in enumerate(merges, start=256):
        table[number] = table[left] + table[right]
    return table


# %%
@functools.cache
def learnt(count=500):
    """Learn from the training text, once for each count."""
    return learn_merges(training_text, count)


def token_row(ids, merges):
    """Pair each id with its piece, for viz.Tokens."""
    table = pieces(merges)
    return [(table[number], number) for number in ids]


start = time.perf_counter()
learnt()
print(f"{len(learnt())} merges in {time.perf_counter() - start:.1f} s")
viz.Tokens({f"from {first}": token_row(range(first, first + 14), learnt()) for first in (256, 350, 500, 742)}, "Learnt")

# %% [markdown]
# **What's happening**
# 1. The first merges are pairs of letters; ` t` and `he` make ` the`.
# 2. Then come endings and frequent short words, with the space in front of them.
# 3. The last ones are mostly whole words of these plays, such as ` wound`; other texts would have taught others.
# 4. Nobody told it what a word stem or an ending is: it only counted.

# %% [markdown]
# Each merged token has two parents. So each is the root of a tree, with single bytes as leaves:


# %%
def merge_tree(number, merges):
    """Describe how a token grew together, for viz.GraphView: (nodes, edges)."""
    table, nodes, edges = pieces(merges), [], []

    def grow(token):
        place = len(nodes)
        kind = "operation" if token >= 256 else "input"
        nodes.append({"id": place, "label": table[token].decode().replace(" ", "·"), "kind": kind, "note": str(token)})
        edges.extend((grow(part), place) for part in (merges[token - 256] if token >= 256 else ()))
        return place

    grow(number)
    return nodes, edges


longest = max(range(256, 256 + len(learnt())), key=lambda number: len(pieces(learnt())[number]))
viz.GraphView(*merge_tree(longest, learnt()), "The longest token").picture()

# %% [markdown]
# **What's happening**
# 1. On the left are the bytes, on the right the token; below each piece is its id.
# 2. A smaller id was learnt earlier, since it was more common. So ids grow along every path to the right.
# 3. Each piece on the way is a token of its own, and is used in other words, too.

# %% [markdown]
# **Predict, then run**: how many of the 500 merged tokens begin with a space?

# %%
table = pieces(learnt())
print(sum(table[number].startswith(b" ") for number in range(256, 756)), "of 500 begin with a space")

# %% [markdown]
# <details><summary>Answer</summary>
#
# About four in ten: whole words and beginnings of words. The others are endings and middles. A token that a longer one has swallowed stays in the list, however seldom it is still used: nothing is ever taken back. In large vocabularies
# such tokens are a nuisance: their vectors are hardly trained, and a model that meets one may behave oddly.
# </details>

# %% [markdown]
# > 💡 **Production Reality**: GPT-2 has 50,257 tokens: 256 bytes, 50,000 merges, and one that ends a text. Later models have 100,000 to 250,000, with a rule that cuts numbers into groups of three
# > digits, since a number that is torn in a different way each time is hard to compute with. Learning the merges is done once; encoding runs for every request, so its loops are written in Rust, and the tokens of frequent words are cached.

# %% [markdown]
# ## Part 5: Encode
#
# A new text is encoded as the training text was treated: cut into words, words into bytes, and then the merges, **in the order in which they were learnt**. A merge of two merged tokens can only happen after these two have
# come into being.
#
# By hand, with the merges 256 = `h u`, 257 = `256 g`: the text `hug` is $(104, 117, 103)$, then $(256, 103)$, then $(257)$.
#
# This time there is no list of steps: you have built all the parts.


# %% nbgrader={"grade_id": "encode", "solution": true}
#| export
def encode(text, merges):
    """Turn a text into ids.

    Args:
        text: a string; any characters.
        merges: pairs in the order in which they were learnt; number i becomes the id 256 + i.

    Returns:
        A list of ids.

    TODO: words, bytes, merges. Write down the steps before you write code.

    EXAMPLE:
    >>> encode("hug hugs", [(104, 117), (256, 103)])
    [257, 32, 257, 115]

    HINT: cut the text with `split_words`, as learning did: a merge must not fire across the border of two words. A word
    is a tuple, `tuple(word.encode("utf-8"))`; bytes or a list never equal a pair.
    """
    ### BEGIN SOLUTION
    ids = []
    for piece in split_words(text):
        word = tuple(piece.encode("utf-8"))
        for new_id, pair in enumerate(merges, start=256):
            word = merge_pair(word, pair, new_id)
        ids.extend(word)
    return ids
    ### END SOLUTION


# %% [markdown]
# ### 🧪 Unit Test: encode

# %% nbgrader={"grade_id": "test_encode", "grade": true}
test = unit_test("encode")


@test.check("hug hugs", points=3)
def _():
    same(encode("hug hugs", [(104, 117), (256, 103)]), [257, 32, 257, 115])


@test.check("a word that occurs twice is there twice; a letter of two bytes", points=4)
def _():
    same(encode("hug hugs hugs ü", [(104, 117), (256, 103)]), [257, 32, 257, 115, 32, 257, 115, 32, 195, 188])


@test.check("no merge across the border of two words", points=2)
def _():
    same(encode("the end", [(101, 32), (116, 104)]), [257, 101, 32, 101, 110, 100])


@test.check("merges in the order in which they were learnt", points=2)
def _():
    same(encode("abc", [(98, 99), (97, 98)]), [97, 256])


### BEGIN HIDDEN TESTS
@test.check("without merges: the bytes of UTF-8, whatever the text", points=4, hidden=True)
def _():
    for text in ("Ü🤗 ß", " a  b\n\nc\t", "", "42,000!"):
        same(list(encode(text, [])), list(text.encode("utf-8")))


@test.check("random texts and merges", points=6, hidden=True)
def _():
    for _ in range(4):
        text = "".join(str(letter) for letter in test.rng.choice(list("aabbc ,ü"), size=40))
        merges = []
        for _ in range(8):
            merges.append(
                tuple(int(n) for n in test.rng.choice([32, 97, 98, 99, *range(256, 256 + len(merges))], size=2))
            )
        expected = []
        for piece in split_words(text):
            ids = list(piece.encode("utf-8"))
            for number, pair in enumerate(merges):
                place = 0
                while place < len(ids) - 1:
                    if (ids[place], ids[place + 1]) == pair:
                        ids[place : place + 2] = [256 + number]
                    place += 1
            expected += ids
        same(list(encode(text, merges)), expected)


@test.check("overlapping pairs from left to right; white space stays as it is", points=4, hidden=True)
def _():
    same(encode("aaaaa", [(97, 97), (256, 256)]), [257, 97])
    same(encode("a\n\n b", [(10, 10), (32, 98)]), [97, 256, 32, 98])


### END HIDDEN TESTS
test.report()

# %% [markdown]
# Back again is easy: the bytes of all ids in a row are the UTF-8 of the text. Decoding and the shell are given. The shell keeps what a word became: the 5,000 most frequent words are nearly all of a language, and
# encoding one again is a look-up.


# %%
#| export
def decode(ids, merges):
    """Turn ids into text. Bytes that are no whole character (a model may write such) become the sign for that."""
    table = pieces(merges)
    return b"".join(table[int(number)] for number in ids).decode("utf-8", errors="replace")


class Tokenizer:
    """Byte-pair encoding with the merges of one training.

    Args:
        merges: pairs in the order in which they were learnt.
    """

    def __init__(self, merges):
        self.merges = [tuple(pair) for pair in merges]
        self.known = {}  # word -> its ids

    @classmethod
    def learn(cls, text, merges):
        """Learn so many merges from a text."""
        return cls(learn_merges(text, merges))

    def __len__(self):
        return 256 + len(self.merges)

    def encode(self, text):
        words = split_words(text)
        for word in set(words) - self.known.keys():
            self.known[word] = encode(word, self.merges)
        return [number for word in words for number in self.known[word]]

    def decode(self, ids):
        return decode(ids, self.merges)


# %%
@functools.cache
def tokenizer_of(count):
    """Make the tokenizer with the first `count` merges, once."""
    return Tokenizer(learnt()[:count])


def cut(text, count):
    """Give the tokens of a text after `count` merges, as pairs (piece, id)."""
    tokenizer = tokenizer_of(count)
    return token_row(tokenizer.encode(text), tokenizer.merges)


viz.TokensByMerges(cut, (0, 100, 500), "The king is dead, long live the king!")

# %% [markdown]
# **What's happening**
# 1. The first row has one token for each byte; below, tokens grow longer and the row shorter. The line above the rows says how many there are.
# 2. Type a sentence of your own: plain English words shrink, names and other languages hardly at all.
# 3. Type an emoji: it's torn into its bytes, since no play of Shakespeare's has one. Yet nothing is lost.
# 4. Type `1000` and `1001`: digits are rare in the plays, so each stays alone.

# %% [markdown]
# **Predict, then run**: which of the other lines profits from merges that were learnt from Shakespeare?

# %%
viz.Tokens({text: cut(text, 500) for text in OTHER_LINES}, "Torn")

# %% [markdown]
# **What's happening**
# 1. The names share pieces with English words; a rare one such as `Xzavier` falls into many.
# 2. The German line finds a few pieces that both languages have; each umlaut is two bytes.
# 3. The number and the emoji are as long as their bytes.

# %% [markdown]
# <details><summary>Answer</summary>
#
# Hardly any: a tokenizer shortens what is like its training text. Multilingual models learn their merges from a mixture of languages, and the share of a language in that mixture decides how expensive it is afterwards.
# </details>

# %% [markdown]
# ### On your own: a tokenizer of whole words
#
# Not graded, and without a test: write a class `WordTokenizer(text, size)`. It gives the `size` most frequent words of `split_words(text)` an id each, and one more id to everything else. Methods: `encode` and `decode`. Then see in the
# cell below what it loses.

# %%
# class WordTokenizer:

# %%
if "WordTokenizer" in globals():
    own = WordTokenizer(training_text, 700)  # noqa: F821
    print(own.decode(own.encode("The king is dead, long live Anneliese!")))

# %% [markdown]
# <details><summary>One way</summary>
#
# ```python
# class WordTokenizer:
#     def __init__(self, text, size):
#         common = Counter(split_words(text)).most_common(size)
#         self.words = [word for word, _ in common] + [" <unknown>"]
#         self.ids = {word: number for number, word in enumerate(self.words)}
#
#     def encode(self, text):
#         return [self.ids.get(word, len(self.words) - 1) for word in split_words(text)]
#
#     def decode(self, ids):
#         return "".join(self.words[number] for number in ids)
# ```
#
# The same number of ids as our 700 tokens, shorter rows, and every rare word is gone for good.
# </details>

# %% [markdown]
# ## Systems Analysis
#
# **What a larger vocabulary buys.** More merges make rows shorter, which saves work for every token that a model reads. But each token needs a row in the model's table of vectors (module 11). Measure both on a piece of the plays that the merges weren't learnt
# from.

# %%
unseen = plays[500_000:510_000]
counts = [0, 50, 100, 200, 350, 500]
lengths = [len(Tokenizer(learnt()[:count]).encode(unseen)) for count in counts]
table_kilobytes = [4 * 64 * (256 + count) / 1000 for count in counts]
for count, length, kilobytes in zip(counts, lengths, table_kilobytes, strict=True):
    print(
        f"{256 + count} tokens: {len(unseen) / length:.2f} characters per token, table of 64 numbers each {kilobytes:.0f} kB"
    )
viz.lines(
    [256 + count for count in counts],
    {"characters per token": [len(unseen) / length for length in lengths]},
    "What merges buy, on text they weren't learnt from",
    xlabel="size of the vocabulary",
    ylabel="characters per token",
    markers=True,
)

# %% [markdown]
# **What's happening**
# 1. The first 50 merges save most: they are the commonest pairs of all.
# 2. Each further one saves less, while each costs the same: one row of the table.
# 3. The curve goes on rising, ever more slowly: each further merge is of a rarer pair.
# 4. Attention (module 12) costs the square of a row's length: half as many tokens are a quarter of that work.

# %% [markdown]
# **What learning costs.** All pairs are counted again after each merge, though hardly any have changed.

# %%
sizes, seconds = [12_500, 25_000, 50_000], []
for size in sizes:
    start = time.perf_counter()
    learn_merges(training_text[:size], 50)
    seconds.append(time.perf_counter() - start)
different = [len(count_words(training_text[:size])) for size in sizes]
for size, words, time_taken in zip(sizes, different, seconds, strict=True):
    print(f"{size:>6} characters, {words:>5} different words: {1000 * time_taken / 50:.1f} ms for each merge")
rate = seconds[-1] / 50 / different[-1]  # for each merge and word
print(f"at this rate 50,000 merges of a million different words take {50_000 * 1_000_000 * rate / 3600:,.0f} hours")
viz.lines(different, {"50 merges": seconds}, "Learning", xlabel="different words", ylabel="seconds", markers=True)

# %% [markdown]
# **What's happening**
# 1. Time grows with the number of *different* words, and with the number of merges: their product.
# 2. Twice the text has fewer than twice the different words, so long texts are cheaper than they look.
# 3. A large vocabulary would take as many hours as the last line says. Programs that learn one keep track of the words in which each pair occurs, and after a merge look only at those.

# %% [markdown]
# **What remembering words saves.** Encode the unseen text twice with the same tokenizer.

# %%
tokenizer, times = Tokenizer(learnt()), []
for _ in range(2):
    start = time.perf_counter()
    tokenizer.encode(unseen)
    times.append(time.perf_counter() - start)
words = split_words(unseen)
print(f"first {1000 * times[0]:.0f} ms, then {1000 * times[1]:.1f} ms: {len(words)} words, {len(set(words))} different")

# %% [markdown]
# ## 🧪 Module Integration Test
#
# Whatever goes in comes out again.

# %%
tokenizer = Tokenizer.learn(training_text[:5000], merges=60)
for text in [*OTHER_LINES, training_text[:400], "", "  two  spaces\n\n\tand a tab ", names()[0]]:
    same(tokenizer.decode(tokenizer.encode(text)), text)
    same(tokenizer.encode(text), encode(text, tokenizer.merges))
same(len(tokenizer), 316)
same(learn_merges(training_text[:5000], 60), tokenizer.merges)
true(len(tokenizer.encode(training_text)) < 0.75 * len(training_text), "60 merges save more than a quarter")
same(decode([240, 159], []), "\ufffd")
raises(ValueError, lambda: CharTokenizer("abc").encode("d"), says="d")
same(CharTokenizer(plays).decode(CharTokenizer(plays).encode("All the world")), "All the world")
print("characters, bytes, merges and back: nothing is lost")

# %% [markdown]
# ## 🤔 Checkpoint
#
# ### Question 1: how large a vocabulary?
#
# Cite your characters per token for 256, 456 and 756 tokens. A model has a table with 64 numbers of 4 bytes for each token and reads 256 tokens at a time. How many characters of text does it see at once in each of the three cases, and how large is its table? The
# step from 256 to 456 and that from 456 to 756: what does each buy for each kilobyte? When would you stop?
#
# Rubric (5 points): 0, no measured numbers; half, characters seen and sizes of the table right for all three; full, also the falling gain for each kilobyte, and a reason to stop that
# weighs length against table (or rarely trained tokens).

# %% [markdown] nbgrader={"grade_id": "checkpoint_length", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# I measured 1.00, 1.79 and 2.12 characters per token. With 256 tokens in view that is 256, 458 and 543 characters; the tables have 66, 117 and 194 kB. The first step buys 202 characters for 51 kB, 4.0 for each kilobyte, the second 85 for 77 kB, 1.1 each: it falls.
# I would stop where a new token occurs too rarely in the training text to be trained, or where the table outweighs the rest of the model; since attention costs the square of the length, large models go much further than small ones.
# ### END SOLUTION

# %% [markdown]
# ### Question 2: reading PyTorch
#
# PyTorch itself has no tokenizer; these lines are found in many programs that train with it. Which of your functions do the same work? Here the pair is chosen by `rank` instead of by walking through the merges: why is the result the same as yours? For which texts is this way faster?
#
# ```python
# def mystery(word: bytes, rank: dict[tuple[int, int], int]) -> torch.Tensor:
#     ids = list(word)
#     while len(ids) > 1:
#         pair = min(zip(ids, ids[1:]), key=lambda p: rank.get(p, float("inf")))
#         if pair not in rank:
#             break
#         ids = merge(ids, pair, 256 + rank[pair])
#     return torch.tensor(ids)
# ```
#
# Rubric (5 points): 0, not recognised; half, `encode` of one word with `merge_pair`, and `rank` as the place in the list of merges; full, also why the order is the same (a merge makes only pairs that were learnt later), and that its
# time depends on the length of the word, not on the number of merges.

# %% [markdown] nbgrader={"grade_id": "checkpoint_reading", "grade": true, "solution": true}
# ### BEGIN SOLUTION
# It is encode for one word, merge is merge_pair. rank is the place of a pair in our list. It always takes the earliest merge that is possible. Merging pair i makes the id 256 + i, and pairs with that id were learnt after i, so nothing earlier can become possible: both go through
# the merges in the same order. A word of n bytes needs at most n - 1 rounds, whether there are 500 merges or 50,000; ours walks through all merges for each word.
# ### END SOLUTION

# %% [markdown]
# ## Module Summary
#
# - A vocabulary gives pieces of text numbers; it must not depend on chance or order, or a saved model reads gibberish.
# - On bytes nothing is unknown; merges make the rows shorter again.
# - Byte-pair encoding counts pairs within words, merges the commonest, and notes it. The list of merges is the whole tokenizer.
# - Encoding repeats the merges in the order in which they were learnt.
# - More merges: shorter rows, larger tables, and each one buys less than the one before.
#
# **Next**: module 11 gives each token a vector that it learns, and your framework writes its first words.
