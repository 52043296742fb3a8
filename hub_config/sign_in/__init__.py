"""How people log in: the ways there are, and the authenticators behind them."""
