"""What is inside Keras's own composite layers: attention scores, directions, steps."""

import inspect

import keras
import tensorflow as tf

from .keras_inside import is_keras_own, mask_of, set_mask, uses_flash_attention
from .names import Call


class Opened:
    """A layer of Keras that a Recorder looks into while it is called.

    Layers that it calls, such as the two directions of a Bidirectional, are noted like
    others. Added to them are ``name/attention_scores``; of a recurrent layer the states
    behind every step, ``name/h`` and ``name/c``, shape ``(rows, steps, units)``; of a
    TimeDistributed the layers inside, one output for all steps.
    """

    def __init__(self, call, recorder):
        self.layer, self.call, self.recorder = call.layer, call, recorder
        inner = getattr(self.layer, "layer", None)
        self.added_to = Inside(self.layer) if inner is None else inner
        self.start = len(recorder.calls)
        self.cell_calls, self.mask = [], None
        self.recurrent = isinstance(self.layer, keras.layers.RNN)
        self.each_step = isinstance(self.layer, keras.layers.TimeDistributed)

    def before(self, args, kwargs):
        has_scores = gives_scores(self.layer)
        self.own_scores = has_scores and kwargs.get("return_attention_scores")
        if has_scores and not self.own_scores:
            self.attention_scores(args, kwargs)
        if self.each_step:
            self.steps = first_tensor(args, kwargs).shape[1]
            inner = self.layer.layer
            if isinstance(inner, keras.layers.RNN):
                self.refuse(
                    state_names(inner.cell),
                    f"{self.call.path} runs {inner.name} without calling it as a "
                    f"layer. Make it keras.layers.TimeDistributed(keras.Sequential("
                    f"[{inner.name}]))",
                )

    def called_with(self, args, kwargs):
        """Look at the arguments that Keras has filled in."""
        if self.recurrent:
            mask = keras.tree.flatten(kwargs.get("mask"))
            self.mask = mask[0] if mask else None
            self.steps = first_tensor(args, kwargs).shape[1]

    def after(self, output):
        if self.own_scores:
            self.add("attention_scores", output[1])
        if self.recurrent:
            self.stack_inner_calls()
            self.states()
        if self.each_step:
            self.stack_inner_calls()
            self.add(self.layer.layer.name, output)

    def note_step(self, args, output):
        self.cell_calls.append((args[1], output[1]))

    def refuse(self, names, reason):
        for name in names:
            self.recorder.out_of_reach[f"{self.call.path}/{name}"] = reason

    def add(self, name, output):
        outer, recorder = self.call, self.recorder
        path, order = f"{outer.path}/{name}", (*outer.order, len(recorder.calls), 0)
        name, _ = recorder.names.free(f"{outer.name}/{name}")
        call = Call(name, path, self.added_to, order, inside=True)
        call.keys = recorder.names.keys(name, output)
        call.output = call.made = output
        recorder.fixed[path] = (
            f"it is not what the model runs on with. Replace the output of {outer.path!r}"
        )
        recorder.add(call)

    # -------------------------------------------------------------- attention scores

    def attention_scores(self, args, kwargs):
        """Ask the layer for its scores in a call of its own, before the real one.

        Asked in the real call, Keras would compute rows that are masked as a whole in
        another way, and the model's output would change.
        """
        layer, reason = self.layer, why_no_scores(self.layer, self.recorder)
        if reason:
            self.refuse(["attention_scores"], reason)
            return
        tensors = [x for x in keras.tree.flatten((args, kwargs)) if tf.is_tensor(x)]
        masks = [(x, mask_of(x)) for x in tensors]
        scores = {**kwargs, "return_attention_scores": True}
        try:
            output = self.recorder.closed(type(layer).__call__, layer, args, scores)
        finally:
            for x, mask in masks:
                set_mask(x, mask)
        self.add("attention_scores", output[1])

    # ------------------------------------------------------------ what repeats by step

    def stack_inner_calls(self):
        """Put the calls of each step together, step by step along axis 1."""
        calls = self.recorder.calls
        inner, calls[self.start :] = calls[self.start :], []
        # TensorFlow calls the body of a loop once more, first, to learn the shapes
        bodies = len(self.cell_calls) if self.recurrent else self.steps
        together = {}
        for call in inner:
            together.setdefault(call.path, []).append(call)
        for path, group in together.items():
            times, rest = divmod(len(group), bodies) if bodies else (0, 0)
            if rest or not times:
                self.recorder.out_of_reach[path] = (
                    f"{path} is called {len(group)} times in {bodies} steps, so its "
                    "calls cannot be told apart"
                )
                continue
            group = group[times * (bodies - self.steps) :]
            for number in range(times):
                one = group[number]
                name = self.call.name + path[len(self.call.path) :]
                name += f":{number}" * (number > 0)
                one.keys = [name + key[len(one.name) :] for key in one.keys]
                one.name = name
                if one.output is not None:
                    steps = [call.output for call in group[number::times]]
                    one.output = keras.tree.map_structure(
                        lambda *xs: tf.stack(xs, axis=1), *steps
                    )
                calls.append(one)

    def states(self):
        """Note the states behind every step; a masked step hands them on as they were."""
        steps = self.cell_calls[-self.steps :] if self.steps else []
        count = len(keras.tree.flatten(steps[0][1])) if steps else None
        names = state_names(self.layer.cell, count)
        reason = ""
        if not steps:
            reason = (
                "was computed without calling its cell, as on a graphics card. Make the "
                "layer with use_cudnn=False"
            )
        elif self.recorder.is_elsewhere(keras.tree.flatten(steps[-1][1])[0]):
            reason = (
                "is a loop in compiled code, which keeps its steps to itself. "
                "layer_outputs reads them"
            )
        if reason:
            self.refuse(names, f"{self.call.path} {reason}")
            return
        mask = self.mask
        if mask is not None and self.layer.go_backwards:
            mask = tf.reverse(mask, [1])
        behind = []
        for i, (before, after) in enumerate(steps):
            pairs = zip(keras.tree.flatten(before), keras.tree.flatten(after))
            behind.append([carried(mask, i, old, new) for old, new in pairs])
        for name, states in zip(names, zip(*behind)):
            self.add(name, tf.stack(states, axis=1))


class Inside:
    """Stands for what a layer of Keras computes inside, where no layer does it."""

    def __init__(self, layer):
        self.name, self.outer = layer.name, layer


def carried(mask, step, old, new):
    if mask is None:
        return new
    shape = [-1] + [1] * (len(new.shape) - 1)
    return tf.where(tf.reshape(mask[:, step], shape), new, old)


def state_names(cell, count=None):
    """Name the states of a cell: h, and c for what an LSTM hands on beside it."""
    if isinstance(cell, keras.layers.StackedRNNCells):
        return [f"{one.name}/{name}" for one in cell.cells for name in state_names(one)]
    if count is None:
        sizes = cell.state_size
        count = len(sizes) if isinstance(sizes, (list, tuple)) else 1
    if count == 1:
        return ["h"]
    if "LSTM" in type(cell).__name__ and count == 2:
        return ["h", "c"]
    return [f"state_{i}" for i in range(count)]


def first_tensor(args, kwargs):
    return next(x for x in keras.tree.flatten((args, kwargs)) if tf.is_tensor(x))


def gives_scores(layer):
    if not is_keras_own(layer):
        return False
    return "return_attention_scores" in inspect.signature(layer.call).parameters


def why_no_scores(layer, recorder):
    """Say why the scores of a call cannot be told; None if they can."""
    if recorder.request.tensors:
        return (
            "the scores come from a call of their own, so no gradient goes through them. "
            "Read them without tensors=True"
        )
    if recorder.request.training and layer.get_config().get("dropout"):
        return (
            "with training=True Dropout changes the scores in every call, so those of "
            "a second call are others. Ask for them without training"
        )
    if uses_flash_attention(layer):
        return (
            f"{layer.name} uses flash attention, which never makes the scores. Make the "
            "layer with flash_attention=False"
        )
