"""Exercises, predictions and quiz of lesson 02: Seeds and initializers."""

EXERCISES = {}

PREDICTIONS = {}

QUIZ = []
