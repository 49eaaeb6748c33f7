"""Steps of `judge init`: which table holds what, how it is read, and the settings that say so."""
