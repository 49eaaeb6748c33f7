"""The papers behind the statistics of a report, and how to find out which of them a report uses."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Reference:
    """A paper, and the statistic or method that it describes.

    Attributes
    ----------
    key : str
        Name in LaTeX: author and year.
    authors, title, source : str
        As in a list of references; `source` ends with the year.
    link : str
        DOI or address; empty where none was checked.
    phrase : str
        Name of the method in a sentence.
    pattern : str
        Regular expression for the names of the method in sentences of a report.
    shown_as : tuple of str
        Keys of columns and tables, and beginnings of the names of estimates, that show the statistic.
    """

    key: str
    authors: str
    title: str
    source: str
    link: str
    phrase: str
    pattern: str
    shown_as: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the entry of a list of references."""
        return f"{self.authors}. {self.title}. {self.source}." + (f" {self.link}" if self.link else "")

    def end_in(self, text: str) -> int | None:
        """Return where the first mention of the method ends; None where there is none."""
        found = re.search(self.pattern, text)
        return None if found is None else found.end()


REFERENCES = (
    Reference(
        "cohen1960", "Cohen J", "A coefficient of agreement for nominal scales",
        "Educational and Psychological Measurement 20(1):37-46, 1960", "doi:10.1177/001316446002000104",
        "Cohen's kappa", r"Cohen's kappa|[Uu]nweighted kappa", ("kappa", "pass.kappa"),
    ),
    Reference(
        "cohen1968", "Cohen J",
        "Weighted kappa: nominal scale agreement with provision for scaled disagreement or partial credit",
        "Psychological Bulletin 70(4):213-220, 1968", "doi:10.1037/h0026256",
        "quadratic kappa", r"[Qq]uadratic kappa", ("kappa_quadratic",),
    ),
    Reference(
        "lin1989", "Lin LI", "A concordance correlation coefficient to evaluate reproducibility",
        "Biometrics 45(1):255-268, 1989", "doi:10.2307/2532051",
        "Lin's concordance correlation coefficient", r"Lin's concordance correlation coefficient",
        ("concordance",),
    ),
    Reference(
        "fleiss1971", "Fleiss JL", "Measuring nominal scale agreement among many raters",
        "Psychological Bulletin 76(5):378-382, 1971", "doi:10.1037/h0031619",
        "Fleiss' kappa", r"Fleiss' kappa", ("fleiss",),
    ),
    Reference(
        "krippendorff2011", "Krippendorff K", "Computing Krippendorff's alpha-reliability",
        "University of Pennsylvania, 2011", "https://repository.upenn.edu/asc_papers/43",
        "Krippendorff's alpha", r"Krippendorff's (\w+ )?alpha|Alpha was checked", ("alpha",),
    ),
    Reference(
        "gwet2008", "Gwet KL",
        "Computing inter-rater reliability and its variance in the presence of high agreement",
        "British Journal of Mathematical and Statistical Psychology 61(1):29-48, 2008",
        "doi:10.1348/000711006X126600", "Gwet's AC1", r"Gwet's AC[12]", ("ac1", "ac2"),
    ),
    Reference(
        "brennan1981", "Brennan RL, Prediger DJ", "Coefficient kappa: some uses, misuses, and alternatives",
        "Educational and Psychological Measurement 41(3):687-699, 1981", "",
        "Brennan and Prediger's coefficient", r"Brennan and Prediger's coefficient", ("brennan_prediger",),
    ),
    Reference(
        "shrout1979", "Shrout PE, Fleiss JL", "Intraclass correlations: uses in assessing rater reliability",
        "Psychological Bulletin 86(2):420-428, 1979", "doi:10.1037/0033-2909.86.2.420",
        "intraclass correlations", r"[Ii]ntraclass correlations?|ICC\(|single-rater ICC",
        ("icc", "icc1", "icc2", "icc3"),
    ),
    Reference(
        "patterson1971", "Patterson HD, Thompson R",
        "Recovery of inter-block information when block sizes are unequal", "Biometrika 58(3):545-554, 1971",
        "", "variance components by restricted maximum likelihood", r"restricted maximum likelihood",
        ("table:rater_variance",),
    ),
    Reference(
        "spearman1904", "Spearman C", "The proof and measurement of association between two things",
        "American Journal of Psychology 15(1):72-101, 1904", "",
        "rank correlation and correction for attenuation",
        r"rank correlation and correction for attenuation|Spearman's", ("spearman", "disattenuated"),
    ),
    Reference(
        "kendall1945", "Kendall MG", "The treatment of ties in ranking problems",
        "Biometrika 33(3):239-251, 1945", "", "Kendall's tau-b", r"tau-b", ("tau", "tau_b"),
    ),
    Reference(
        "kendall1939", "Kendall MG, Babington Smith B", "The problem of m rankings",
        "Annals of Mathematical Statistics 10(3):275-287, 1939", "", "Kendall's W", r"Kendall's W", ("w",),
    ),
    Reference(
        "deutsch2023", "Deutsch D, Foster G, Freitag M",
        "Ties matter: meta-evaluating modern metrics with pairwise accuracy and tie calibration",
        "EMNLP, 2023", "arXiv:2305.14324",
        "pairwise accuracy with tie calibration", r"[Pp]airwise accuracy with tie calibration", ("tied",),
    ),
    Reference(
        "thompson2024", "Thompson B, Mathur N, Deutsch D, Khayrallah H",
        "Improving statistical significance in human evaluation of automatic metrics via soft pairwise "
        "accuracy", "WMT, 2024", "arXiv:2409.09598",
        "soft pairwise accuracy", r"[Ss]oft pairwise accuracy", ("soft",),
    ),
    Reference(
        "gneiting2007", "Gneiting T, Raftery AE", "Strictly proper scoring rules, prediction, and estimation",
        "Journal of the American Statistical Association 102(477):359-378, 2007",
        "doi:10.1198/016214506000001437",
        "ranked probability score", r"[Rr]anked probability scores?", ("table:prediction",),
    ),
    Reference(
        "ferro2014", "Ferro CAT", "Fair scores for ensemble forecasts",
        "Quarterly Journal of the Royal Meteorological Society 140(683):1917-1923, 2014",
        "doi:10.1002/qj.2270", "fair scores for finite ensembles", r"fair scores?", ("table:prediction",),
    ),
    Reference(
        "brier1950", "Brier GW", "Verification of forecasts expressed in terms of probability",
        "Monthly Weather Review 78(1):1-3, 1950", "doi:10.1175/1520-0493(1950)078<0001:VOFEIT>2.0.CO;2",
        "Brier score", r"Brier scores?", ("table:probabilities",),
    ),
    Reference(
        "dimitriadis2021", "Dimitriadis T, Gneiting T, Jordan AI",
        "Stable reliability diagrams for probabilistic classifiers",
        "Proceedings of the National Academy of Sciences 118(8):e2016191118, 2021",
        "doi:10.1073/pnas.2016191118",
        "miscalibration and discrimination by isotonic regression",
        r"miscalibration", ("table:probabilities",),
    ),
    Reference(
        "calderon2025", "Calderon N, Reichart R, Dror R",
        "The alternative annotator test for LLM-as-a-judge: how to statistically justify replacing human "
        "annotators with LLMs", "ACL, 2025", "doi:10.18653/v1/2025.acl-long.782",
        "alternative annotator test", r"[Aa]lternative annotator test", ("table:alt_test", "table:omega"),
    ),
    Reference(
        "wilson1927", "Wilson EB", "Probable inference, the law of succession, and statistical inference",
        "Journal of the American Statistical Association 22(158):209-212, 1927", "",
        "Wilson's interval", r"Wilson",
    ),
    Reference(
        "agresti1998", "Agresti A, Coull BA",
        "Approximate is better than \"exact\" for interval estimation of binomial proportions",
        "The American Statistician 52(2):119-126, 1998", "",
        "two items added", r"two items added",
    ),
    Reference(
        "miller1974", "Miller RG", "The jackknife: a review", "Biometrika 61(1):1-15, 1974", "",
        "jackknife", r"[Jj]ackknife",
    ),
    Reference(
        "miller2024", "Miller E",
        "Adding error bars to evals: a statistical approach to language model evaluations", "2024",
        "arXiv:2411.00640", "cluster-robust intervals", r"cluster-robust",
    ),
    Reference(
        "efron1987", "Efron B", "Better bootstrap confidence intervals",
        "Journal of the American Statistical Association 82(397):171-185, 1987",
        "doi:10.1080/01621459.1987.10478410", "BCa bootstrap", r"BCa( bootstrap)?",
    ),
    Reference(
        "newcombe1998a", "Newcombe RG",
        "Interval estimation for the difference between independent proportions: comparison of eleven "
        "methods", "Statistics in Medicine 17(8):873-890, 1998", "",
        "Newcombe's interval for independent samples", r"Newcombe's interval for independent samples",
        ("table:gap",),
    ),
    Reference(
        "newcombe1998b", "Newcombe RG",
        "Improved confidence intervals for the difference between binomial proportions based on paired data",
        "Statistics in Medicine 17(22):2635-2650, 1998", "",
        "Newcombe's interval", r"Newcombe's interval(?! for independent)",
    ),
    Reference(
        "fagerland2013", "Fagerland MW, Lydersen S, Laake P",
        "The McNemar test for binary matched-pairs data: mid-p and asymptotic are better than exact "
        "conditional", "BMC Medical Research Methodology 13:91, 2013", "doi:10.1186/1471-2288-13-91",
        "McNemar's mid-p test", r"McNemar's mid-p test",
    ),
    Reference(
        "holm1979", "Holm S", "A simple sequentially rejective multiple test procedure",
        "Scandinavian Journal of Statistics 6(2):65-70, 1979", "", "Holm's correction", r"Holm(-adjusted)?",
    ),
    Reference(
        "ernst2004", "Ernst MD", "Permutation methods: a basis for exact inference",
        "Statistical Science 19(4):676-685, 2004", "doi:10.1214/088342304000000396",
        "sign-flip permutation test", r"[Ss]ign-flip permutation",
    ),
    Reference(
        "zhao2025", "Zhao Y, Liu H, Yu D, Kung S, Chen M, Mi H, Yu D", "One token to fool LLM-as-a-judge",
        "2025", "arXiv:2507.08794", "master keys", r"[Mm]aster keys",
    ),
    Reference(
        "benjamini2001", "Benjamini Y, Yekutieli D",
        "The control of the false discovery rate in multiple testing under dependency",
        "Annals of Statistics 29(4):1165-1188, 2001", "doi:10.1214/aos/1013699998",
        "Benjamini and Yekutieli's correction", r"Benjamini and Yekutieli|Benjamini-Yekutieli",
    ),
    Reference(
        "sarndal1992", "Särndal CE, Swensson B, Wretman J", "Model assisted survey sampling",
        "Springer, 1992", "", "Hájek's estimator", r"Hájek|[Tt]wo-phase",
    ),
    Reference(
        "rust1996", "Rust KF, Rao JNK",
        "Variance estimation for complex surveys using replication techniques",
        "Statistical Methods in Medical Research 5(3):283-310, 1996", "",
        "jackknife within the strata", r"jackknife within the strata",
    ),
    Reference(
        "kish1965", "Kish L", "Survey sampling", "Wiley, 1965", "",
        "Kish's effective sample size", r"Kish's effective sample size",
    ),
    Reference(
        "angelopoulos2023", "Angelopoulos AN, Duchi JC, Zrnic T",
        "PPI++: efficient prediction-powered inference", "2023", "arXiv:2311.01453",
        "prediction-powered inference (PPI++)", r"PPI\+\+",
    ),
    Reference(
        "rogan1978", "Rogan WJ, Gladen B", "Estimating prevalence from the results of a screening test",
        "American Journal of Epidemiology 107(1):71-76, 1978", "doi:10.1093/oxfordjournals.aje.a112510",
        "Rogan-Gladen estimator", r"Rogan-Gladen",
    ),
    Reference(
        "mogstad2024", "Mogstad M, Romano JP, Shaikh AM, Wilhelm D",
        "Inference for ranks with applications to mobility across neighbourhoods and academic achievement "
        "across countries",
        "Review of Economic Studies 91(1):476-518, 2024", "doi:10.1093/restud/rdad006",
        "simultaneous confidence sets for ranks", r"simultaneous (95 % )?confidence sets",
    ),
)  # fmt: skip
"""Every paper that a report can cite, statistics first."""
