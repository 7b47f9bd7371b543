"""Exercises, predictions and quiz of lesson 07: Using layer outputs."""

EXERCISES = {}

PREDICTIONS = {}

QUIZ = []
