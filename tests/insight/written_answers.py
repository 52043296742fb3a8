"""A class's answers to one longer exercise, in many styles, with planted copies and look-alikes.

Every answer is correct. Ordinary students combine ways that everybody knows; a few have their own ideas. A copy takes
one of these with other names, other comments and its lines in other places; a look-alike writes what the reference,
or many in the class, write.
"""

import itertools
import random
import re

EXERCISE = "smooth"
CELLS = """# %% nbgrader={"grade_id": "smooth", "solution": true}
#| export
{stub}    ### BEGIN SOLUTION
{reference}    ### END SOLUTION


# %% nbgrader={"grade_id": "test_smooth", "grade": true}
test = unit_test("smooth")


@test.check("means of neighbours", points=20)
def _():
    close(smooth([1.0, 2.0, 4.0, 8.0], 1), [1.5, 7 / 3, 14 / 3, 6.0])


@test.check("a negative width is an error", points=10)
def _():
    raises(ValueError, smooth, [1.0], -1)


test.report()

"""
STUB = '''def smooth(values, width):
    """Return the mean of each value and its neighbours, up to `width` on each side."""
'''
REFERENCE = """    values = np.asarray(values, dtype=float)
    if width < 0:
        raise ValueError(f"width is at least 0, got {width}")
    result = np.zeros(len(values))
    for index in range(len(values)):
        first = max(0, index - width)
        last = min(len(values), index + width + 1)
        result[index] = values[first:last].sum() / (last - first)
    return result
"""
READ = (
    """    data = np.asarray(values, dtype=float)
""",
    """    data = np.array(values, dtype=np.float64).copy()
""",
    """    data = np.array([float(value) for value in values])
""",
    """    if isinstance(values, np.ndarray):
        data = values.astype(float)
    else:
        data = np.array(values, float)
""",
)
CHECK = (
    """    if width < 0:
        raise ValueError('negative width')
""",
    """    if not width >= 0:
        raise ValueError('the width must not be negative: ' + str(width))
""",
    """    assert_is_fine = width >= 0
    if not assert_is_fine:
        raise ValueError(width)
""",
    """    half = int(width)
    if half < 0:
        raise ValueError(f'width {half} is negative')
    width = half
""",
)
BODY = (
    """    out = np.empty(len(data))
    for i in range(len(data)):
        low, high = max(i - width, 0), min(i + width + 1, len(data))
        out[i] = data[low:high].mean()
""",
    """    out = []
    for i in range(data.size):
        start = i - width if i > width else 0
        out.append(np.mean(data[start:i + width + 1]))
""",
    """    out, i = [0.0] * len(data), 0
    while i < len(data):
        near = [data[j] for j in range(len(data)) if abs(i - j) <= width]
        out[i] = sum(near) / len(near)
        i += 1
""",
    """    sums = np.concatenate([[0.0], np.cumsum(data)])
    at = np.arange(len(data))
    low = np.maximum(at - width, 0)
    high = np.minimum(at + width + 1, len(data))
    out = (sums[high] - sums[low]) / (high - low)
""",
)
GIVE = (
    """    return np.array(out)
""",
    """    answer = np.asarray(out, dtype=float)
    return answer
""",
    """    return np.asarray(out).reshape(len(data))
""",
    """    smoothed = np.zeros_like(data)
    smoothed[:] = out
    return smoothed
""",
)
IDEAS = (
    """    row = np.asarray(values, float)
    if width < 0:
        raise ValueError("no")
    shifts = [s for s in range(-width, width + 1) if abs(s) < len(row)]
    totals, counts = np.zeros(len(row)), np.zeros(len(row), dtype=int)
    for s in shifts:
        source = slice(max(0, s), len(row) + min(0, s))
        target = slice(max(0, -s), len(row) + min(0, -s))
        totals[target] += row[source]
        counts[target] += 1
    return np.divide(totals, counts, out=totals, where=counts > 0)
""",
    """    if width < 0:
        raise ValueError("negative")
    track = [float(v) for v in values]
    window, found = track[:width], []
    for position, _ in enumerate(track):
        if position + width < len(track):
            window.append(track[position + width])
        if position > width:
            window.pop(0)
        found.append(sum(window) / float(len(window)))
    return np.fromiter(found, dtype=float, count=len(found))
""",
    """    signal = np.asarray(values, dtype=float)
    if width < 0:
        raise ValueError("width")
    span = len(signal)
    distance = np.abs(np.subtract.outer(np.arange(span), np.arange(span)))
    mask = np.where(distance <= width, 1.0, 0.0)
    weights = mask / mask.sum(axis=1, keepdims=True)
    return weights.dot(signal.reshape(-1, 1)).ravel() if span else signal * 1.0
""",
)
OTHER_NAMES = {
    "row": "xs", "shifts": "offs", "totals": "acc", "counts": "num", "source": "src", "target": "dst", "s": "d",
    "track": "numbers", "window": "current", "found": "means", "position": "k", "signal": "series", "span": "n",
    "distance": "away", "mask": "near", "weights": "w",
}  # fmt: skip
LOOK_ALIKES = 10


def with_exercise(source: str, module: str) -> tuple[str, str]:
    """Add the exercise to the tests' module; it gets half of the points of `scale`."""
    cells = CELLS.replace("{stub}", STUB).replace("{reference}", REFERENCE)
    source = source.replace("import same, unit_test", "import close, raises, same, unit_test")
    source = source.replace("points=40, hidden", "points=10, hidden").replace(
        "# %% [markdown]\n# **Q", cells + "# %% [markdown]\n# **Q"
    )
    module = module.replace("points: 60", "points: 30").replace("]\nexercises", ", smooth]\nexercises")
    return source, module.replace("written:", "  - {name: smooth, points: 30, uses: []}\nwritten:")


def class_of_answers(names: list[str], seed: int = 7) -> tuple[dict[str, str], list[tuple[str, str]], list[str]]:
    """Return each student's answer, the pairs of copies (one in a small class), and look-alikes who copied nothing."""
    copied = IDEAS if len(names) > 2 * len(IDEAS) + LOOK_ALIKES else IDEAS[:1]
    pairs = [(names[2 * n], names[2 * n + 1]) for n in range(len(copied))]
    rest = names[2 * len(copied) :]
    alike, ordinary = rest[:LOOK_ALIKES], rest[LOOK_ALIKES:]
    rng = random.Random(seed)
    ways = list(itertools.product(READ, CHECK, BODY, GIVE))
    answers = {name: STUB + "".join(rng.choice(ways)) for name in ordinary}
    # Five write the reference's way, five a very usual one: with many answers it is known what is usual.
    usual = READ[0] + CHECK[0] + BODY[0] + GIVE[0] if ordinary else REFERENCE
    for number, name in enumerate(alike):
        answers[name] = STUB + (REFERENCE if number % 2 else usual)
    for idea, (first, second) in zip(copied, pairs, strict=True):
        answers[first], answers[second] = STUB + idea, STUB + _disguised(idea)
    return answers, pairs, alike


def _disguised(idea: str) -> str:
    """Change what costs a copier nothing: names, comments, blank lines, an error's text."""
    text = re.sub(r"\b[a-z]+\b", lambda word: OTHER_NAMES.get(word[0], word[0]), idea)
    text = re.sub(r'ValueError\("\w+"\)', 'ValueError("my own words")', text)
    return "".join(f"{line}  # step {n}\n\n" for n, line in enumerate(text.splitlines()))
