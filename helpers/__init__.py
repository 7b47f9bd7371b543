"""The small module behind the lessons of Inside the Layers.

Each file holds one idea and can be read on its own; ``python -m helpers`` prints
whether this machine is ready, ``helpers.progress()`` which exercises are done.
"""


def __getattr__(name):  # so that importing this needs no package
    if name != "progress":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .exercises.progress import progress

    return progress
