"""Stands for Colab's own package. ``google`` stays a namespace: TensorFlow has a part."""
