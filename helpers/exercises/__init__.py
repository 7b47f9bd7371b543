"""Exercises that answer back: `check`, `predict` and `compare`, `quiz`."""

from .checking import check
from .predictions import compare, predict
from .quizzes import quiz

__all__ = ["check", "compare", "predict", "quiz"]
