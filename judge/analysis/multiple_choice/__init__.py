"""Multiple-choice answers: letters read out of replies, accuracy, detection measures and position bias."""
