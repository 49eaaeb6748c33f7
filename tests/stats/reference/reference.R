# Writes reference.txt (name value, one a line) from ratings.csv. Run: Rscript reference.R > reference.txt
# R 4.2.2 with psych 2.2.9, lme4 1.1-31, vcd 1.4-11 (Debian 12).
suppressPackageStartupMessages({library(psych); library(lme4); library(vcd)})
say <- function(name, value) cat(sprintf("%s %.12g\n", name, value))
x <- as.matrix(read.csv("ratings.csv"))
complete <- x[stats::complete.cases(x), ]

# Two raters, complete pairs: vcd::Kappa (Fleiss-Cohen-Everitt standard errors), stats::cor.
pair <- x[!is.na(x[, 1]) & !is.na(x[, 2]), 1:2]
cross <- table(factor(pair[, 1], 1:5), factor(pair[, 2], 1:5))
for (w in c("Equal-Spacing", "Fleiss-Cohen")) {
  k <- vcd::Kappa(cross, weights = w)
  say(paste0("cohen.", w, ".value"), k$Weighted[["value"]])
  say(paste0("cohen.", w, ".se"), k$Weighted[["ASE"]])
}
say("cohen.none.value", k$Unweighted[["value"]])
say("cohen.none.se", k$Unweighted[["ASE"]])
say("pearson", cor(pair[, 1], pair[, 2]))
ct <- cor.test(pair[, 1], pair[, 2])
say("pearson.low", ct$conf.int[1])
say("pearson.high", ct$conf.int[2])
say("spearman", cor(pair[, 1], pair[, 2], method = "spearman"))
say("kendall_tau_b", cor(pair[, 1], pair[, 2], method = "kendall"))

# Analysis of variance on complete items: psych::ICC (Shrout-Fleiss forms, McGraw-Wong limits).
icc <- psych::ICC(complete, lmer = FALSE)$results
forms <- c("ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)")
for (i in 1:6) {
  say(paste0(forms[i], ".value"), icc$ICC[i])
  say(paste0(forms[i], ".low"), icc$`lower bound`[i])
  say(paste0(forms[i], ".high"), icc$`upper bound`[i])
}

# All ratings, by restricted maximum likelihood: lme4.
long <- data.frame(y = as.vector(x), item = factor(rep(seq_len(nrow(x)), ncol(x))),
                   rater = factor(rep(seq_len(ncol(x)), each = nrow(x))))
long <- long[!is.na(long$y), ]
fit <- lmer(y ~ 1 + (1 | item) + (1 | rater), long, REML = TRUE,
            control = lmerControl(optimizer = "bobyqa", optCtrl = list(rhoend = 1e-12)))
v <- as.data.frame(VarCorr(fit))
for (i in 1:3) say(paste0("reml.", v$grp[i]), v$vcov[i])

# Kendall's W with ties, from Friedman's statistic: W = Q / (k (n - 1)).
q <- friedman.test(t(complete))$statistic
say("kendall_w", q[[1]] / (ncol(complete) * (nrow(complete) - 1)))
