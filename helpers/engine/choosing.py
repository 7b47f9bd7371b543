"""Which layers are meant, and when all of them have been called."""

import operator
from collections.abc import Iterable

import keras
import numpy as np

from .inputs import nearest_names
from .keras_inside import calls_in_graph, is_container, is_graph, operations_of


def check_wanted(layers):
    """Return the wanted layers as a tuple; None stands for all."""
    if layers is None:
        return None
    several = isinstance(layers, Iterable) and not isinstance(layers, (str, type))
    wanted = tuple(map(check_one, layers if several else [layers]))
    if not wanted:
        raise ValueError("layers is empty. Name at least one layer, or leave it out.")
    return wanted


def check_one(layer):
    if isinstance(layer, (str, keras.Operation)):
        return layer
    if isinstance(layer, type) and issubclass(layer, keras.Operation):
        return layer
    if isinstance(layer, (int, np.integer)) and not isinstance(layer, bool):
        return operator.index(layer)
    raise TypeError(
        f"layers must be names, indices, layers or layer classes, but got {layer!r}."
    )


def is_meant(model, call, want, key=None):
    """Whether a call is wanted, or its output of this key; of no key: any of them."""
    if isinstance(want, str):
        one = want == key if key else want.startswith(f"{call.name}/")
        inside = call.inside and call.path.endswith(f"/{want}")
        return one or inside or want in (call.name, call.path)
    if isinstance(want, type):
        return isinstance(call.layer, want) and not call.hidden
    if isinstance(want, int):
        want = layer_at(model, want)
    return call.layer is want


def layer_at(model, index):
    count = len(model.layers)
    if not -count <= index < count:
        raise ValueError(
            f"{model.name} has no layer {index}: its {count} layers are 0 to {count - 1}."
        )
    return model.layers[index]


def choose(model, calls, wanted):
    """List ``(key, output, call)`` of the wanted of these calls; None if one is missing."""
    if wanted is None:
        calls = [call for call in calls if not (call.hidden or call.is_input)]
    found = [(key, output, call) for call in calls for key, output in call.outputs()]
    if wanted is None:
        return found
    chosen = set()
    for want in wanted:
        places = enumerate(found)
        meant = {i for i, (key, _, call) in places if is_meant(model, call, want, key)}
        if not meant:
            return None
        chosen |= meant
    return [found[i] for i in sorted(chosen)]


# ------------------------------------------------------------------- when to stop


def enough(model, wanted):
    """Return a function of the calls so far: whether all wanted ones are among them.

    None where that cannot be known before the end, as in a model with a ``call`` of its
    own, which may call any of its layers once more.
    """
    if wanted is None:
        return None
    found = [path_in_graph(model, want) for want in wanted]
    if None in found:
        return None
    needed = dict(found)  # {path: how often it is called}

    def done(calls):
        if calls[-1].path not in needed:
            return False
        paths = [call.path for call in calls]
        return all(paths.count(path) >= count for path, count in needed.items())

    return done


def path_in_graph(model, want):
    """Return the path of a wanted layer and how often it is called, from graphs alone."""
    if isinstance(want, type) or not is_graph(model):
        return None
    if isinstance(want, int):
        want = layer_at(model, want)
    if not isinstance(want, str):
        # a layer may also be called in another model, or in a layer of one's own
        operations = operations_of(model)
        others = [one for one in operations if one is not want]
        if (
            want not in operations
            or isinstance(want, keras.Model)
            or any(map(is_container, others))
        ):
            return None
        want = want.name
    path, times = [], 1
    for name in want.split("/"):
        if not (isinstance(model, keras.Model) and is_graph(model)):
            return None
        name = name.partition(":")[0]
        operations = operations_of(model)
        named = [one for one in operations if one.name == name]
        if len(named) != 1 or any(":" in one.name for one in operations):
            return None
        if not isinstance(model, keras.Sequential):
            times *= calls_in_graph(model)[id(named[0])] or 1  # an InputLayer: once
        path.append(name)
        model = named[0]
    return "/".join(path), times


# ------------------------------------------------------------------- what is not there


def not_found(model, calls, want, out_of_reach):
    """Say that no call of the wanted layer was recorded, and what to write.

    In the run of these calls Keras's own layers were opened.
    """
    if isinstance(want, type):
        kinds = ", ".join(sorted({type(call.layer).__name__ for call in calls}))
        return f"{model.name} has no layer of class {want.__name__}; it has {kinds}."
    if isinstance(want, int):
        name = layer_at(model, want).name
        return f"{model.name} does not call its layer {want}, {name}, when it runs."
    names = list(dict.fromkeys(call.name for call in calls if not call.hidden))
    name = want if isinstance(want, str) else want.name
    for path, reason in out_of_reach.items():
        if name == path or path.endswith(f"/{name}"):
            return f"{model.name} has a layer {path!r}, but {reason}."
    for call in calls:
        if type(call.layer).__name__ == "TFSMLayer" and isinstance(want, str):
            return (
                f"{model.name} has no layer {want!r}. What is inside {call.name!r} is a "
                "SavedModel, which has no layers left: save the model as a .keras file "
                "where it was made."
            )
    listing = "All names: list(layer_outputs(model, inputs))."
    if isinstance(want, str):
        return f"{model.name} has no layer {want!r}. {nearest_names(want, names)} {listing}"
    return (
        f"This {type(want).__name__} layer {name!r} is not one that {model.name} "
        f"calls. {nearest_names(name, names)} {listing}"
    )
