"""Patterns in answers and reasons that reviews of anomalies look for."""

import re

# Only the beginning of an answer counts: "the label cannot be read" further on is a finding.
REFUSAL = re.compile(
    r"\W*(?:(?:i['’]?m|i am|we are) (?:very |so |really )?sorry|sorry\b|i apologi[sz]e|as an ai\b|"
    r"i(?:['’]m| am) (?:unable|not able|not comfortable)\b|i (?:can ?not|can['’]t|won['’]t)\b)",
    re.I,
)
_STATED_SCORE = (
    r"\b(?:scores?|scored|rating|rated)(?: is| of| as| at|:| =)? *(\d+)\b|"
    r"\b(\d+) *(?:/|out of) *{max}\b"
)


def stated_score(most: float) -> re.Pattern[str]:
    """Pattern of a score that a text states, such as "I rate it 2 out of 5", on a scale that ends at `most`.

    >>> stated_score(5).findall("It scores 3, or 4 out of 5.")
    [('3', ''), ('', '4')]
    """
    return re.compile(_STATED_SCORE.format(max=most), re.I)
