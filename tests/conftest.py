"""How laws are searched: the same examples in each run, or new ones each time.

``pytest --hypothesis-profile=search`` draws anew.  No example is judged by the time it takes.
"""

from hypothesis import settings

settings.register_profile("steady", deadline=None, derandomize=True)
settings.register_profile("search", deadline=None, print_blob=True)
settings.load_profile("steady")
