"""Where the scores of a run come from, in one line."""

from judge.scoring.run import Run


def provenance(run: Run) -> str:
    """Return judge, model as served, rubric, dates and fingerprint of a run."""
    served, rubric = run.served(), run.rubric
    facts = (
        str(run.fact("judge")["model"]),
        f"served as {', '.join(served.models)}" if served.models else "",
        f"rubric {rubric.name} version {rubric.version} ({rubric.digest[:12]})",
        f"judged {served.dates}" if served.dates else "",
        f"fingerprint {run.manifest['fingerprint'][:12]}",
        f"run {run.name}",
    )
    return ", ".join(filter(None, facts))
