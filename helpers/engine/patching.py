"""Where the engine puts itself between Keras and the calls of layers and operations.

``Layer.__call__`` and ``Operation.__call__`` are replaced while a model is recorded.
Calls of other threads go through untouched.
"""

import threading
from contextlib import contextmanager, nullcontext

import keras
import tensorflow as tf

from .keras_inside import has_own_code

active = threading.local()  # .recorder: the one that this thread's calls go to
lock = threading.RLock()  # of the patch
own_codes = threading.RLock()  # models with code of their own run one after the other
patch = None


class Patch:
    """Stands in the place of Keras's two ``__call__`` and tells a Recorder of each call.

    What stood there before is called, also if somebody else has put it there, and is put
    back when the last recording is over. If somebody has meanwhile put his own over it,
    that stays, and ours lets everything through.
    """

    def __init__(self):
        self.users = 0
        self.layer, self.operation = keras.Layer.__call__, keras.Operation.__call__
        self.line_by_line = tf.config.functions_run_eagerly()

        def call_layer(layer, *args, **kwargs):
            recorder = getattr(active, "recorder", None)
            if self.users == 0 or recorder is None or recorder.here is None:
                return self.layer(layer, *args, **kwargs)
            return recorder.layer(layer, args, kwargs)

        def call_operation(operation, *args, **kwargs):
            recorder = getattr(active, "recorder", None)
            if self.users == 0 or recorder is None:
                return self.operation(operation, *args, **kwargs)
            return recorder.operation(operation, args, kwargs)

        self.ours = call_layer, call_operation
        keras.Layer.__call__, keras.Operation.__call__ = self.ours

    def as_keras_does(self, layer=None):
        """Let TensorFlow compile again what Keras itself wants to have compiled.

        Keras says that some convolutions are wrong on a CPU otherwise. A layer in which
        code of somebody else runs is left as it is.
        """
        eagerly = tf.config.functions_run_eagerly() and not self.line_by_line
        if not eagerly or layer is not None and has_own_code(layer):
            return nullcontext()
        return running_eagerly(False)

    def remove(self):
        call_layer, call_operation = self.ours
        if keras.Layer.__call__ is call_layer:
            keras.Layer.__call__ = self.layer
        if keras.Operation.__call__ is call_operation:
            keras.Operation.__call__ = self.operation


@contextmanager
def running_eagerly(yes):
    before = tf.config.functions_run_eagerly()
    tf.config.run_functions_eagerly(yes)
    try:
        yield
    finally:
        tf.config.run_functions_eagerly(before)


@contextmanager
def recording(own_code=False):
    """Let a Recorder see the calls of this thread's models.

    With ``own_code`` a ``@tf.function`` in it runs line by line: otherwise TensorFlow
    would keep what it traces in here for the calls that come later.
    """
    global patch
    with own_codes if own_code else nullcontext():
        with lock:
            if patch is None:
                patch = Patch()
            patch.users += 1
        try:
            with running_eagerly(True) if own_code else nullcontext():
                yield
        finally:
            with lock:
                patch.users -= 1
                if patch.users == 0:
                    patch.remove()
                    patch = None
