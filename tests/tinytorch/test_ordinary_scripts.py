"""Ordinary PyTorch scripts of the architecture tier: only the imports differ, and the numbers are equal.

Each script defines `make()`, which builds its model, and `run(model)`, which trains it and returns the losses and the
trained model's answers. Our model draws the weights, and PyTorch's model loads them. A bias that batch norm cancels
has only rounding as its gradient, which Adam would turn into steps, so scripts with one use SGD.
"""

import numpy as np
import pytest

import tinytorch

pytestmark = pytest.mark.torch

RNG = np.random.default_rng(0)
DATA = {
    "images": RNG.normal(size=(6, 1, 9, 9)).astype("float32"),
    "texts": np.array(
        [[1, 2, 3, 0, 0], [4, 5, 6, 7, 0], [7, 3, 1, 2, 5], [2, 2, 8, 0, 0], [9, 1, 0, 0, 0], [3, 9, 4, 6, 8]]
    ),
    "labels": np.array([0, 1, 2, 2, 1, 0]),
    "future": np.arange(5) > np.arange(5)[:, None],
}

CNN = """
import torch
import torch.nn as nn
import torch.nn.functional as F

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 4, kernel_size=3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.conv2 = nn.Conv2d(4, 6, 3, stride=2)
        self.average = nn.AvgPool2d(2, stride=1)
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(6, 3)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.norm(self.conv1(x))), 2, stride=2)
        x = self.average(x)
        x = self.pool(F.relu(self.conv2(x)))
        return self.fc(x.flatten(1))

def make():
    return Net()

def run(model):
    x, y = torch.tensor(DATA["images"]), torch.tensor(DATA["labels"])
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=0.01)
    criterion, losses = nn.CrossEntropyLoss(), []
    for epoch in range(5):
        model.train()
        optimizer.zero_grad()
        loss = criterion(model(x), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model.eval()
    with torch.no_grad():
        return losses, model(x)
"""

SEQUENTIAL = """
import torch
from torch import nn

def make():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3, 1, 1), nn.BatchNorm2d(3), nn.GELU(), nn.MaxPool2d(kernel_size=2, stride=2),
        nn.Conv2d(3, 5, (3, 2)), nn.SiLU(), nn.AdaptiveAvgPool2d((1, 2)), nn.Flatten(), nn.LayerNorm(10),
        nn.Linear(10, 8), nn.BatchNorm1d(8), nn.LeakyReLU(0.1), nn.Dropout(0.0), nn.Linear(8, 3),
    )

def run(model):
    x, y = torch.tensor(DATA["images"]), torch.tensor(DATA["labels"])
    optimizer, losses = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9), []
    for _ in range(5):
        loss = nn.functional.cross_entropy(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, model.eval()(x)
"""

EMBEDDING = """
import torch
from torch import nn
from torch.nn import functional as F

class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(10, 8, padding_idx=0)
        self.norm = nn.LayerNorm(8, eps=1e-6)
        self.out = nn.Linear(8, 3)

    def forward(self, texts):
        return self.out(self.norm(self.table(texts).mean(dim=1)))

def make():
    return Classifier()

def run(model):
    texts, y = torch.tensor(DATA["texts"]), torch.tensor(DATA["labels"])
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=0.05), []
    for _ in range(8):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(texts), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, torch.cat([model.table.weight, F.embedding(texts, model.table.weight, padding_idx=0)[0]])
"""

ATTENTION = """
import torch
from torch import nn

class Reader(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens, self.places = nn.Embedding(10, 8), nn.Embedding(5, 8)
        self.attention = nn.MultiheadAttention(8, 2, batch_first=True)
        self.norm, self.out = nn.LayerNorm(8), nn.Linear(8, 3)

    def forward(self, texts):
        x = self.tokens(texts) + self.places(torch.arange(texts.shape[1]))
        found, self.seen = self.attention(x, x, x, key_padding_mask=texts == 0, attn_mask=torch.tensor(DATA["future"]))
        return self.out(self.norm(x + found)[:, -1])

def make():
    return Reader()

def run(model):
    texts, y = torch.tensor(DATA["texts"]), torch.tensor(DATA["labels"])
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=0.02), []
    for _ in range(6):
        optimizer.zero_grad()
        loss = nn.CrossEntropyLoss()(model(texts), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    model(texts)
    return losses, model.seen
"""

ENCODER = """
import torch
from torch import nn

class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.tokens = nn.Embedding(10, 8, padding_idx=0)
        options = dict(d_model=8, nhead=2, dim_feedforward=16, dropout=0.0, batch_first=True)
        self.layers = nn.ModuleList([
            nn.TransformerEncoderLayer(**options),
            nn.TransformerEncoderLayer(**options, activation="gelu", norm_first=True),
        ])
        self.out = nn.Linear(8, 3)

    def forward(self, texts):
        x = self.tokens(texts)
        for layer in self.layers:
            x = layer(x, src_key_padding_mask=texts == 0)
        return self.out(x[:, 0])

def make():
    return Encoder()

def run(model):
    texts, y = torch.tensor(DATA["texts"]), torch.tensor(DATA["labels"])
    optimizer, losses = torch.optim.Adam(model.parameters(), lr=0.01), []
    for _ in range(6):
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(texts), y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, model(texts)
"""

GPT = """
import torch
import torch.nn as nn
import torch.nn.functional as F

class Block(nn.Module):
    def __init__(self, dim, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(dim, 3 * dim), nn.Linear(dim, dim)
        self.ln1, self.ln2 = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.mlp = nn.Sequential(nn.Linear(dim, 4 * dim), nn.GELU(), nn.Linear(4 * dim, dim))

    def forward(self, x):
        B, T, C = x.shape
        qkv = self.qkv(self.ln1(x))
        q, k, v = (qkv[..., i * C : (i + 1) * C].reshape(B, T, self.heads, -1).transpose(1, 2) for i in range(3))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        x = x + self.proj(y.transpose(1, 2).reshape(B, T, C))
        return x + self.mlp(self.ln2(x))

class GPT(nn.Module):
    def __init__(self):
        super().__init__()
        self.wte, self.wpe = nn.Embedding(10, 8), nn.Embedding(5, 8)
        self.blocks = nn.Sequential(Block(8, 2), Block(8, 2))
        self.head = nn.Linear(8, 10, bias=False)

    def forward(self, ids):
        x = self.blocks(self.wte(ids) + self.wpe(torch.arange(ids.shape[1])))
        return self.head(F.layer_norm(x, (8,)))

def make():
    return GPT()

def run(model):
    ids = torch.tensor(DATA["texts"])
    optimizer, losses = torch.optim.AdamW(model.parameters(), lr=0.01), []
    for _ in range(6):
        logits = model(ids[:, :-1])
        loss = F.cross_entropy(logits.reshape(-1, 10), ids[:, 1:].reshape(-1))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, F.softmax(model(ids), dim=-1)
"""

SCRIPTS = {
    "cnn": CNN, "sequential": SEQUENTIAL, "embedding": EMBEDDING,
    "attention": ATTENTION, "encoder": ENCODER, "gpt": GPT,
}  # fmt: skip


@pytest.mark.parametrize("name", SCRIPTS)
def test_a_script_gives_equal_numbers_under_both_frameworks(name):
    import torch

    ours, theirs = {"DATA": DATA}, {"DATA": DATA}
    exec(SCRIPTS[name].replace("torch", "tinytorch"), ours)
    exec(SCRIPTS[name], theirs)
    tinytorch.manual_seed(0)
    our_model, their_model = ours["make"](), theirs["make"]()
    state = {key: torch.tensor(t.numpy()) for key, t in our_model.state_dict().items()}
    missing, unexpected = their_model.load_state_dict(state, strict=False)
    assert (unexpected, [key for key in missing if not key.endswith("num_batches_tracked")]) == ([], [])
    our_losses, our_answer = ours["run"](our_model)
    their_losses, their_answer = theirs["run"](their_model)
    np.testing.assert_allclose(our_losses, their_losses, rtol=1e-4, atol=1e-5)
    assert our_losses[-1] < our_losses[0]
    np.testing.assert_allclose(our_answer.data, their_answer.detach().numpy(), rtol=2e-3, atol=1e-4)
