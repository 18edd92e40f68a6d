"""What trained models do: `harness explain`.

Each way of explaining is a module that looks at a trained model on examples of its run's data (`examples`) and returns
numbers (`gradients`, `explain_example`); modules beside it draw them (`gradient_figure`, `trace_figure`), and `page`
puts them into a folder.
"""
