"""Byte-pair encoding: nothing is lost, learning and encoding split alike, and an unbuilt module says what to do."""

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.examples import examples
from tinytorch.core.tokenization import Tokenizer, encode, learn_merges, pieces, split_words
from tinytorch.datasets import shakespeare

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)  # UTF-8 has no surrogates
FEW = st.text("ab c\n", max_size=40)
some = settings(deadline=None, max_examples=examples(60))


@pytest.fixture(scope="module")
def tokenizer():
    return Tokenizer.learn(shakespeare()[:5000], merges=80)


@some
@given(text=TEXTS)
def test_any_text_comes_back(tokenizer, text):
    assert "".join(split_words(text)) == text
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert tokenizer.encode(text) == encode(text, tokenizer.merges)


@some
@given(text=FEW, count=st.integers(0, 12))
def test_a_text_is_encoded_as_it_was_cut_when_its_merges_were_learnt(text, count):
    merges = learn_merges(text, count)
    ids, table = encode(text, merges), pieces(merges)
    words = {word.encode() for word in split_words(text)}
    assert all(any(table[number] in word for word in words) for number in ids)
    counted = [
        pair for word in split_words(text) for pair in zip(*[encode(word, merges)[i:] for i in (0, 1)], strict=False)
    ]
    assert len(merges) == count or not counted


@some
@given(text=FEW)
def test_merges_are_the_same_whatever_the_order_of_the_words(text):
    backwards = "".join(reversed(split_words(text)))
    if sorted(split_words(backwards)) == sorted(split_words(text)):
        assert learn_merges(backwards, 6) == learn_merges(text, 6)


def test_more_merges_begin_with_the_same_ones():
    text = shakespeare()[:3000]
    assert learn_merges(text, 30)[:10] == learn_merges(text, 10)


def test_importing_what_is_not_built_says_who_builds_it(tmp_path):
    code = (
        "import tinytorch.core as core; core.__path__ = [r'" + str(tmp_path) + "']\n"
        "for name in ('tokenization', 'embeddings'):\n"
        "    try: __import__('tinytorch.core.' + name)\n"
        "    except ImportError as error: print(error)\n"
        "try: from tinytorch.nn import Embedding\n"
        "except ImportError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    embeddings = "tinytorch.core.embeddings is built in module 11_embeddings: run `tito module start embeddings`"
    assert done.stdout.splitlines() == [
        "tinytorch.core.tokenization is built in module 10_tokenization: run `tito module start tokenization`",
        embeddings,
        embeddings,
    ]
