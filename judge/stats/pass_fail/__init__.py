"""Pass rates, error rates of a judge's verdicts, and pass rates corrected by people's labels."""
