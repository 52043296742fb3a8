"""Faster implementations: the numbers of the slower ones, and a way back."""

import numpy as np

from tinytorch.integration import integration_test


@integration_test("tensor", "layers", "losses", "autograd", "optimizers", "spatial", "acceleration")
def accelerated_training_goes_where_the_other_goes() -> None:
    """Training with convolutions, loss, gelu and Adam accelerated gives the weights of training without acceleration"""
    import tinytorch as tt
    from tinytorch import nn, optim
    from tinytorch.core.acceleration import FAST, accelerated

    def trained(names: dict) -> np.ndarray:
        tt.manual_seed(16)
        model = nn.Sequential(nn.Conv2d(1, 3, 3, padding=1), nn.GELU(), nn.Flatten(), nn.Linear(108, 4))
        optimizer = optim.SGD(model.parameters(), lr=0.1)
        x, y = tt.randn(9, 1, 6, 6), tt.tensor([0, 1, 2, 3, 0, 1, 2, 3, 0])
        with accelerated(**names):
            for _ in range(3):
                optimizer.zero_grad()
                nn.functional.cross_entropy(model(x), y).backward()
                optimizer.step()
        return np.concatenate([p.data.reshape(-1) for p in model.parameters()])

    apart = float(np.abs(trained(FAST) - trained(dict.fromkeys(FAST, "default"))).max())
    assert apart < 1e-5, f"the weights differ by {apart}"


@integration_test("tensor", "layers", "losses", "autograd", "optimizers", "acceleration")
def adam_in_place_gives_the_same_bits_and_resumes() -> None:
    """Adam in place, saved and resumed in the middle, ends at exactly the weights of an Adam that makes new arrays"""
    import tinytorch as tt
    from tinytorch import nn, optim
    from tinytorch.core.acceleration import accelerated

    def trained(name: str, pause: bool) -> np.ndarray:
        tt.manual_seed(17)
        layer, x, y = nn.Linear(5, 3), tt.randn(8, 5), tt.randn(8, 3)
        optimizer = optim.Adam(layer.parameters(), lr=0.01)
        with accelerated(adam_step=name):
            for step in range(6):
                if pause and step == 3:
                    saved = optimizer.state_dict()
                    optimizer = optim.Adam(layer.parameters(), lr=0.5)
                    optimizer.load_state_dict(saved)
                optimizer.zero_grad()
                nn.functional.mse_loss(layer(x), y).backward()
                optimizer.step()
        return layer.weight.data

    apart = float(np.abs(trained("in_place", True) - trained("default", False)).max())
    assert apart == 0, f"the weights differ by {apart}"
