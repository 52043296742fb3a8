# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "build_vocabulary", "solution": true}
def build_vocabulary(text):
    characters = []
    for character in text:
        if character not in characters:
            characters.append(character)
    characters.sort()
    vocabulary = {}
    for i in range(len(characters)):
        vocabulary[characters[i]] = i
    return vocabulary


# %% nbgrader={"grade_id": "count_pairs", "solution": true}
def count_pairs(words):
    counts = {}
    for word in words:
        for i in range(len(word) - 1):
            pair = (word[i], word[i + 1])
            if pair not in counts:
                counts[pair] = 0
            counts[pair] += words[word]
    return counts


# %% nbgrader={"grade_id": "merge_pair", "solution": true}
def merge_pair(word, pair, new_id):
    ids = list(word)
    i = 0
    while i < len(ids) - 1:
        if ids[i] == pair[0] and ids[i + 1] == pair[1]:
            ids[i] = new_id
            del ids[i + 1]
        i += 1
    return tuple(ids)


# %% nbgrader={"grade_id": "learn_merges", "solution": true}
def learn_merges(text, count):
    words = count_words(text)
    merges = []
    while len(merges) < count:
        counts = count_pairs(words)
        if len(counts) == 0:
            return merges
        best = None
        for pair, times in counts.items():
            if best is None or times > counts[best] or (times == counts[best] and pair < best):
                best = pair
        new_words = {}
        for word in words:
            new_words[merge_pair(word, best, 256 + len(merges))] = words[word]
        words = new_words
        merges.append(best)
    return merges


# %% nbgrader={"grade_id": "encode", "solution": true}
def encode(text, merges):
    words = [tuple(word.encode()) for word in split_words(text)]
    for i in range(len(merges)):
        words = [merge_pair(word, tuple(merges[i]), 256 + i) for word in words]
    return sum([list(word) for word in words], [])
