"""The judge of a pilot with several judges."""

import numpy as np

from judge.analysis.agreement.inputs import AgreementInputs
from judge.analysis.agreement.pilot import pilot_ratings


def test_the_first_of_several_judges_is_compared(tmp_path):
    path = tmp_path / "r.csv"
    rows = ["a,ann,human,x,1", "a,bot,judge,x,3", "a,cat,judge,x,2", "b,ann,human,x,2", "b,cat,judge,x,1"]
    path.write_text("\n".join(["item_id,rater,rater_kind,dimension,value", *rows]) + "\n")
    found = pilot_ratings(AgreementInputs(str(path), scale="1-3"), with_judge=True).ratings
    assert np.array_equal(found, [[3, 1], [np.nan, 2]], equal_nan=True)
