"""What the lessons ask: every exercise and every guess, by its name."""

from helpers.exercises import exercise
from helpers.exercises.functions import FunctionExercise

LESSONS = {topic: exercise.lesson(topic) for topic in exercise.TOPICS}
ALL = {f"{t}.{n}": e for t, m in LESSONS.items() for n, e in m.EXERCISES.items()}
FUNCTIONS = {n: e for n, e in ALL.items() if isinstance(e, FunctionExercise)}
EXERCISES = {n: e for n, e in ALL.items() if n not in FUNCTIONS}  # that ask for numbers
GUESSES = {f"{t}.{n}": p for t, m in LESSONS.items() for n, p in m.GUESSES.items()}
