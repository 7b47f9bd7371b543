"""Tests of the lessons with what Colab has."""
