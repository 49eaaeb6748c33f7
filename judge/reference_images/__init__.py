"""Reference images: normal pictures of the same object, chosen by similarity, at random or as given.

An item gets them with the role ``reference``. `pool` reads the normal pictures, `embed` and the modules
after it turn pictures into vectors, `nearest` finds the most similar ones, and `attach` gives them to items.
"""
