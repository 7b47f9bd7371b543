"""The small module behind the lessons of Inside the Layers.

Each file holds one idea and can be read on its own; ``python -m helpers`` tells
whether this machine is ready.
"""
