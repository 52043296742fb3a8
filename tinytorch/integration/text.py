"""Text as tokens, tokens as vectors, and a model of them."""

import numpy as np

from tinytorch.integration import integration_test


@integration_test("tokenization")
def a_text_comes_back_from_its_tokens() -> None:
    """Any text comes back from its tokens, no matter what the merges were learned from"""
    from tinytorch.core.tokenization import Tokenizer

    tokenizer = Tokenizer.learn("the cat sat on the mat, and that was that", merges=12)
    for text in ("the mat", "Über 42 ☕\n\n  zwei", ""):
        back = tokenizer.decode(tokenizer.encode(text))
        assert back == text, f"{text!r} came back as {back!r}"
    assert len(tokenizer.encode("the mat")) < 7, "twelve merges shortened nothing"


@integration_test("tensor", "layers", "losses", "autograd", "optimizers", "tokenization", "embeddings")
def a_table_learns_which_letter_follows() -> None:
    """A table of scores, trained on a text, knows which letter follows which"""
    import tinytorch as tt
    from tinytorch import nn, optim
    from tinytorch.core.embeddings import context_windows
    from tinytorch.core.tokenization import CharTokenizer

    tt.manual_seed(7)
    text = "abcabcabcabc"
    windows, following = context_windows(CharTokenizer(text).encode(text), 1)
    table = nn.Embedding(3, 3)
    optimizer = optim.Adam(table.parameters(), lr=0.1)
    for _ in range(60):
        optimizer.zero_grad()
        scores = table(tt.tensor(windows[:, 0]))
        nn.functional.cross_entropy(scores, tt.tensor(following)).backward()
        optimizer.step()
    answers = np.argmax(table.weight.data, axis=1).tolist()
    assert answers == [1, 2, 0], f"after a, b, c the model expects {answers} instead of [1, 2, 0]"
