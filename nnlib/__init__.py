"""The small neural-network library of the book Backprop, Live."""
