"""Checks of the two contracts, for the tests of plug-ins.

`cases` has one small generated problem for every pair of input and target type; `model_checks` and `task_checks`
hold one function for each clause of the contracts. Each raises AssertionError with what was expected and found.
"""
