"""Claims of the literature that experiments test: `claim` reads one, `verdicts` judges it, `page` shows it."""
