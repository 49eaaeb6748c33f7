"""Judges behind an API: our HTTP client, litellm, and what both share (dispatch, pacing, errors, prices)."""
