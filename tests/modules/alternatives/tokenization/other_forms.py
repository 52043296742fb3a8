# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %%
from collections import Counter


# %% nbgrader={"grade_id": "build_vocabulary", "solution": true}
def build_vocabulary(text):
    characters = sorted(dict.fromkeys(text))
    return dict(zip(characters, range(len(characters))))


# %% nbgrader={"grade_id": "count_pairs", "solution": true}
def count_pairs(words):
    counts = Counter()
    for word, times in words.items():
        for left, right in zip(word[:-1], word[1:]):
            counts[left, right] += times
    return counts


# %% nbgrader={"grade_id": "merge_pair", "solution": true}
def merge_pair(word, pair, new_id):
    merged = ()
    waiting = list(word)
    while waiting:
        if len(waiting) >= 2 and tuple(waiting[:2]) == pair:
            merged = merged + (new_id,)
            waiting = waiting[2:]
        else:
            merged = merged + (waiting.pop(0),)
    return merged


# %% nbgrader={"grade_id": "learn_merges", "solution": true}
def learn_merges(text, count):
    words, merges = list(count_words(text).items()), []
    for number in range(count):
        counts = count_pairs(dict(words))
        if not counts:
            break
        most = max(counts.values())
        pair = min(p for p in counts if counts[p] == most)
        words = [(merge_pair(word, pair, 256 + number), times) for word, times in words]
        merges += [pair]
    return merges


# %% nbgrader={"grade_id": "encode", "solution": true}
def encode(text, merges):
    rank = {tuple(pair): number for number, pair in reversed(list(enumerate(merges)))}
    ids = []
    for word in split_words(text):
        tokens = list(word.encode())
        first = 0
        while True:
            # of the merges that are still to come, the earliest that is possible
            later = [n for n, pair in enumerate(merges) if n >= first and tuple(pair) in set(zip(tokens, tokens[1:]))]
            if not later:
                break
            tokens = list(merge_pair(tuple(tokens), tuple(merges[later[0]]), 256 + later[0]))
            first = later[0] + 1
        ids += tokens
    return ids
