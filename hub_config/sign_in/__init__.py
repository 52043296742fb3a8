"""How people log in: the available ways, and the authenticators behind them."""
