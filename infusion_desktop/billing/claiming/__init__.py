"""Claims from the checks to the file, the form and the packet behind them."""
