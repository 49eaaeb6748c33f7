"""Statistical tests are judged by their results: a busy machine is no failure."""

from hypothesis import settings

settings.register_profile("stats", deadline=None)
settings.load_profile("stats")
