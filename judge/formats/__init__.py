"""Files of other tools, read as Items or Scores. One file each."""
