"""What trained models do: `harness explain`.

Each way of explaining is a module that looks at a trained model, or at what its run stored, and returns numbers
(`gradients`, `explain_example`, `errors`, `probes`); a module beside it draws them (`gradient_figure`, `trace_figure`,
`attribution_figure`, `error_page`, `probe_page`), and `page` puts them into a folder.
"""
