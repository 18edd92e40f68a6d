"""What trained models do: `harness explain`.

Each way of explaining is a module that looks at a trained model on examples of its run's data (`examples`) and returns
numbers; a module beside it draws them.
"""
