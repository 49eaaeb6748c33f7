"""Multiple-choice answers: letters read from replies, accuracy, detection measures and position bias."""
