"""On Colab, every Python has imported this from the start."""

import google.colab  # noqa: F401
