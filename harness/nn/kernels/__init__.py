"""Fused recurrent kernels: the loop over time as one node of autograd's graph, for cells that no library has."""
