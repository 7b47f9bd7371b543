"""Exercises that answer back: `check`, `predict` and `compare`, `quiz`."""

from helpers.exercises.checking import check
from helpers.exercises.predictions import compare, predict
from helpers.exercises.quizzes import quiz

__all__ = ["check", "compare", "predict", "quiz"]
