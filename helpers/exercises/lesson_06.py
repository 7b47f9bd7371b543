"""Exercises, predictions and quiz of lesson 06: What training changes."""

EXERCISES = {}

PREDICTIONS = {}

QUIZ = []
