"""Exercises that answer back: `check`, `compare`, `quiz`; `keep` and `OwnLayers`."""

from .checking import check
from .guesses import compare
from .keep import keep
from .own_layers import OwnLayers
from .quizzes import quiz

__all__ = ["OwnLayers", "check", "compare", "keep", "quiz"]
