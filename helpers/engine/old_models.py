"""How Keras 2 and HDF5 files describe a model, in the words of Keras 3.

What differs is little: names that moved, settings that went, and the way in which layers
are linked. The weights stay as they are, and no number may change.
"""

import copy
import functools
import inspect
import re

import keras

from .keras_inside import mask_of

PLACES = "layers models initializers regularizers constraints dtype_policies".split()
RENAMED = {
    "Model": "Functional",
    "BatchNormalizationV1": "BatchNormalization",
    "BatchNormalizationV2": "BatchNormalization",
    "SyncBatchNormalization": "BatchNormalization",
}
MODELS = {
    "Functional": "keras.src.models.functional",
    "Sequential": "keras.src.models.sequential",
}
RECURRENT = (
    "RNN SimpleRNN LSTM GRU ConvLSTM1D ConvLSTM2D ConvLSTM3D Bidirectional".split()
)
LAMBDA = "function_type module output_shape_type output_shape_module".split()
NOT_KEPT = "build_config", "way"
# Settings that Keras 3 does not have, and that change no number, whatever their value
IDLE = """implementation input_length kernel_initializer key_shape query_shape rng_type
trainable value_shape vocabulary_size""".split()
OFF = {"groups": 1}  # that change none with this value; nor does any with None or False
LAYERS_2_13 = "_layer_checkpoint_dependencies"  # the folder that was later layers/
# Functions of TensorFlow that Keras 2 kept as layers: of two tensors, and of one
FUNCTIONS = "TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer"
MERGED = {"add": "Add", "subtract": "Subtract", "multiply": "Multiply"}
MERGED |= {"maximum": "Maximum", "minimum": "Minimum"}
ACTIVATIONS = "relu relu6 sigmoid tanh softmax gelu elu selu silu softplus softsign"
ACTIVATIONS = {name: name for name in ACTIVATIONS.split()}
ACTIVATIONS |= {"identity": "linear", "stop_gradient": "linear"}
USUAL = {  # what these functions are called with, when nothing was chosen
    "gelu": {"approximate": False},
    "silu": {"beta": 1.0},
    "softmax": {"axis": -1},
}
RESCALED = {  # with a constant c: the scale and the offset
    "add": lambda c: (1.0, c),
    "subtract": lambda c: (1.0, -c),
    "multiply": lambda c: (c, 0.0),
    "truediv": lambda c: (1 / c, 0.0),
    "constant minus": lambda c: (-1.0, c),
}


class NoLayer(ValueError):
    """A function of TensorFlow for which Keras 3 has no layer."""


class Description:
    """The description of a model as a file holds it, and as Keras 3 reads it.

    Arguments:
        config: dict with ``class_name`` and ``config``, as a file holds it.
        is_old: whether Keras 2 wrote it.

    Attributes:
        config: the same for Keras 3.
        said: list of short texts: what was left out or is done in another way.

    Raises:
        NoLayer: a function of TensorFlow is a part of it that Keras 3 has no layer for.
    """

    def __init__(self, config, is_old):
        self.is_old, self.said = is_old, []
        config = with_layers(copy.deepcopy(config)) if is_old else copy.deepcopy(config)
        masks = r"'mask_zero': True|'class_name': 'Masking'"
        self.is_masked = is_old and bool(re.search(masks, str(config)))
        self.names = slashed_names(config) if is_old else {}
        if self.names:
            self.say("_ stands for / in the names of layers")
        self.config = self.part(config)

    def say(self, text):
        if text not in self.said:
            self.said.append(text)

    def part(self, x):
        """Return a part of a description, whatever it is, with all that is in it."""
        if isinstance(x, list):
            return [self.part(one) for one in x]
        if isinstance(x, str):
            return self.names.get(x, x)
        if not isinstance(x, dict):
            return x
        if isinstance(x.get("config"), dict) and isinstance(x.get("class_name"), str):
            if x["class_name"] == "Policy":  # of data types
                return x["config"].get("name")
            x = self.described(x)
        return {key: self.part(value) for key, value in x.items()}

    def described(self, x):
        """Return one described object: a layer, a model, an initializer and the like."""
        kind = RENAMED.get(x["class_name"], x["class_name"])
        if kind == "RandomCrop" and self.is_old:
            kind, x = "Resizing", self.middle_crop(x)
        if kind.startswith("__"):  # no object: a tensor, a tuple, the code of a Lambda
            return x
        place = MODELS.get(kind) or place_of(kind)
        if self.is_old or "module" not in x:
            given = x.get("registered_name")
            x = {**x, "class_name": kind.rpartition(">")[2]}
            x["module"] = place or moved(x.get("module"))
            x["registered_name"] = None if place else given or kind
        config = self.settings(kind, x["config"]) if self.is_old else {**x["config"]}
        if isinstance(config.get("layers"), list):
            config["layers"] = [*config["layers"]]
            linked = self.linked if "output_layers" in config else self.with_input
            linked(config)
        if not self.is_old:
            return {**x, "config": config}
        kept = {key: value for key, value in x.items() if key not in NOT_KEPT}
        way = x.get("way") or way_of(kind, config)
        if self.is_masked and way:
            kept |= {"module": None, "registered_name": f"{way}>{kind}"}
        return {**kept, "config": config}

    # --- settings of a layer ---

    def settings(self, kind, config):
        """Leave out the settings that Keras 3 does not have and that change no number."""
        taken, kept = arguments(kind), {}
        for name, value in config.items():
            if kind == "InputLayer" and name == "batch_input_shape":
                name = "batch_shape"
            idle = name in IDLE or value in (None, False) or OFF.get(name) == value
            if not taken or name in taken or not idle:
                kept[name] = value
            elif name in OFF or (value is False and name != "ragged"):
                self.say(f"{name}={value} is left out of {kind}")
        if kind in ("Attention", "AdditiveAttention"):
            kept.pop("causal", None)  # an argument of the call
        axis = kept.get("axis")
        if kind == "BatchNormalization" and isinstance(axis, list) and len(axis) == 1:
            kept["axis"] = axis[0]
        elif kind == "GRU":
            kept.setdefault("reset_after", False)  # before there was the choice
        elif kind == "Bidirectional" and kept["layer"]["config"].get("go_backwards"):
            kept.setdefault("backward_layer", turned(kept["layer"]))
        elif kind == "Lambda":
            kept = {name: value for name, value in kept.items() if name not in LAMBDA}
            if isinstance(kept.get("function"), list):
                code = dict(zip(("code", "defaults", "closure"), kept["function"]))
                kept["function"] = {"class_name": "__lambda__", "config": code}
        if kept.get("distribution") == "normal":  # an initializer's, before 2018
            kept["distribution"] = "truncated_normal"
        for name, value in kept.items():
            if name.endswith("activation") and isinstance(value, str):
                kept[name] = RENAMED_ACTIVATIONS.get(value, value)
        return kept

    def middle_crop(self, layer):
        """Return the layer that does what a RandomCrop of Keras 2 did outside training."""
        self.say(
            "RandomCrop is Resizing, which takes the middle as it did after training"
        )
        config = {k: v for k, v in layer["config"].items() if k != "seed"}
        return {**layer, "config": {**config, "crop_to_aspect_ratio": True}}

    # --- how the layers of a model are linked ---

    def with_input(self, config):
        """Let a Sequential begin with an InputLayer, if its first layer knows the shape."""
        for i, layer in enumerate(config["layers"]):
            given = {**layer["config"]}
            shape = given.pop("batch_input_shape", None)
            if layer["class_name"] == "InputLayer" or shape is None:
                continue
            config["layers"][i] = {**layer, "config": given}
            if i == 0:
                begin = {"batch_shape": shape, "dtype": given.get("dtype") or "float32"}
                begin = {"class_name": "InputLayer", "config": begin}
                config["layers"].insert(0, begin)
                return self.with_input(config)

    def linked(self, config):
        """Write the links between the layers of a functional model as Keras 3 does."""
        if not self.is_old:
            return
        calls = {}  # of each layer: the numbers of its calls that are used
        layers = [self.layer_and_calls(layer) for layer in config["layers"]]
        for ends in ("input_layers", "output_layers"):
            if len(config[ends]) == 1 and isinstance(config[ends][0], list):
                config[ends] = config[ends][0]  # one tensor, not a list of one
        for name, number, _ in links(
            [[*nodes] for _, nodes in layers] + [config["output_layers"]]
        ):
            calls[name] = min(number, calls.get(name, number))
        kinds = {layer["name"]: layer["class_name"] for layer, _ in layers}

        def numbered(value):
            """Return links with the numbers that Keras 3 counts, from 0."""
            if is_link(value):
                name, number, output = value
                return [name, number - calls[name], output]
            if isinstance(value, dict):
                return {key: numbered(one) for key, one in value.items()}
            return (
                [numbered(one) for one in value] if isinstance(value, list) else value
            )

        config["layers"] = [
            {**layer, "inbound_nodes": [as_node(*numbered([*node])) for node in nodes]}
            for layer, nodes in layers
        ]
        config["output_layers"] = ends_of(numbered(config["output_layers"]), kinds)
        for layer in config["layers"]:
            if layer["class_name"] != "InputLayer":
                layer["config"] = {**layer["config"]}
                layer["config"].pop("batch_input_shape", None)

    def layer_and_calls(self, layer):
        """Return a layer, and for each call of it its tensors and its named arguments."""
        name = layer.get("name") or layer["config"].get("name")
        layer = {**layer, "name": name}
        nodes = layer.get("inbound_nodes") or []
        if nodes and isinstance(nodes[0][0], str):  # a function's only call
            nodes = [nodes]
        found = []
        for node in nodes:
            tensors = [one[:3] for one in node]
            named = node[0][3] if len(node[0]) > 3 else {}
            named = {key: value for key, value in named.items() if value is not None}
            if layer["class_name"] in RECURRENT and len(tensors) > 1:
                named["initial_state"] = tensors[1:]
                tensors = tensors[:1]
            if layer["config"].get("causal"):  # an Attention's, before Keras 2.10
                named["use_causal_mask"] = True
            if layer["class_name"] in RECURRENT and "initial_state" in named:
                layer["way"] = BESIDE_STATE
            found.append((tensors, named))
        if layer["class_name"] in FUNCTIONS:
            layer, found = self.function_as_layer(layer, found)
        return layer, found

    def function_as_layer(self, layer, calls):
        """Return a layer that does what a function of TensorFlow did, and its calls."""
        function = layer["config"].get("function") or "a function of TensorFlow"
        name = function.rpartition(".")[2]
        if len(calls) != 1:
            raise NoLayer(function)
        [(tensors, named)] = calls
        other = named.pop("y", None)
        named.pop("name", None)
        usual = USUAL.get(name, {})
        if all(usual.get(key) == value for key, value in named.items()):
            named = {}
        if tensors[0][0] == "_CONSTANT_VALUE":  # such as 1 - x
            tensors, other = [other], tensors[0][2]
            name = {"subtract": "constant minus", "truediv": ""}.get(name, name)
        one = len(tensors) == 1
        if one and is_link(other) and name in MERGED and not named:
            kind, given, tensors = MERGED[name], {}, [*tensors, other]
        elif one and isinstance(other, (int, float)) and name in RESCALED and not named:
            scale, offset = RESCALED[name](other)
            kind, given = "Rescaling", {"scale": scale, "offset": offset}
        elif one and other is None and name in ACTIVATIONS and not named:
            kind, given = "Activation", {"activation": ACTIVATIONS[name]}
        elif one and other is None and name == "negative" and not named:
            kind, given = "Rescaling", {"scale": -1.0, "offset": 0.0}
        elif one and name == "leaky_relu" and set(named) <= {"alpha"}:
            kind, given = "LeakyReLU", {"negative_slope": named.get("alpha", 0.2)}
        elif other is None and name == "concat" and set(named) == {"axis"}:
            kind, given = "Concatenate", named
        else:
            raise NoLayer(function)
        self.say(f"tf.{function} is the layer {kind}")
        name = layer["name"]
        layer = {"class_name": kind, "name": name, "config": {"name": name, **given}}
        return {**layer, "way": WITHOUT_MASK}, [(tensors, {})]


def with_layers(x):
    """Let each Sequential hold its layers by name: to Keras 2.2.2 it was their list."""
    if isinstance(x, list):
        return [with_layers(one) for one in x]
    if not isinstance(x, dict):
        return x
    x = {key: with_layers(value) for key, value in x.items()}
    if x.get("class_name") == "Sequential" and isinstance(x.get("config"), list):
        x["config"] = {"name": x.get("name"), "layers": x["config"]}
    return x


def slashed_names(x):
    """Return the names of layers in a description that have a /, each with a new one."""
    if isinstance(x, list):
        return {old: new for one in x for old, new in slashed_names(one).items()}
    if not isinstance(x, dict):
        return {}
    found = slashed_names([*x.values()])
    name = x.get("name")
    if isinstance(name, str) and "/" in name:
        found[name] = name.replace("/", "_")
    return found


def turned(layer):
    """Return the description of a recurrent layer that goes the other way."""
    config = layer["config"]
    name = f"backward_{config['name']}"
    return {**layer, "config": {**config, "name": name, "go_backwards": False}}


def links(value):
    """Yield all links to tensors in a part of a description."""
    if is_link(value):
        yield value
    elif isinstance(value, (list, tuple, dict)):
        for one in value.values() if isinstance(value, dict) else value:
            yield from links(one)


def is_link(value):
    """Tell whether this names a tensor: a layer, the number of its call, of its output."""
    return (
        isinstance(value, list)
        and len(value) == 3
        and isinstance(value[0], str)
        and all(type(one) is int for one in value[1:])
    )


def as_node(tensors, named):
    """Return a call of a layer as Keras 3 writes it."""
    first = tensors[0] if len(tensors) == 1 else tensors
    return {"args": [tensor(first)], "kwargs": tensor(named)}


def tensor(value):
    """Return links to tensors, alone, in lists or by name, as Keras 3 writes them."""
    if is_link(value):
        config = {"shape": [None], "dtype": "float32", "keras_history": value}
        return {"class_name": "__keras_tensor__", "config": config}
    if isinstance(value, dict):
        return {key: tensor(one) for key, one in value.items()}
    return [tensor(one) for one in value] if isinstance(value, list) else value


def ends_of(value, kinds):
    """Return output_layers, which count the calls of a functional model from 1."""
    if is_link(value):
        name, number, output = value
        return [name, number + (kinds.get(name) in ("Functional", "Model")), output]
    if isinstance(value, dict):
        return {key: ends_of(one, kinds) for key, one in value.items()}
    return [ends_of(one, kinds) for one in value]


# --- the names of weights in a .keras archive -----------------------------------------


def weight_paths(paths):
    """Return the paths of weights in a ``.keras`` archive of Keras 2, and of Keras 3.

    On Windows they have backslashes. Keras 2.13 counts a layer that has weights twice:
    the second Dense is dense_2, or dense_1 if the first one has none.

    Arguments:
        paths: the paths of all arrays in ``model.weights.h5``.

    Returns:
        Dict of them, each with its path in Keras 3.
    """
    split = {path: re.split(r"[\\/]", path) for path in paths}
    names = {}  # of each folder: those in it
    for parts in split.values():
        for i, part in enumerate(parts):
            names.setdefault(tuple(parts[:i]), set()).add(part)
    renamed = {}
    for path, parts in split.items():
        new = []
        for i, part in enumerate(parts):
            if parts[:i] and parts[i - 1] == LAYERS_2_13:
                part = counted_once(part, names[tuple(parts[:i])])
            new.append("layers" if part == LAYERS_2_13 else part.lstrip("_"))
        renamed[path] = "/".join(new)
    return renamed


def counted_once(name, names):
    """Return the name that Keras 3 gives to a layer that Keras 2.13 gave this name."""
    kind, number = re.fullmatch(r"(.+?)(?:_(\d+))?", name).groups()
    at, count = 0, 0
    while at < int(number or 0):
        at += 2 if (f"{kind}_{at}" if at else kind) in names else 1
        count += 1
    return f"{kind}_{count}" if count else kind


# --- what Keras 3 has -----------------------------------------------------------------


def place_of(kind):
    """Return the module in which Keras 3 has a class, as text; None if it has none."""
    for place in PLACES:
        if inspect.isclass(getattr(getattr(keras, place), kind, None)):
            return f"keras.{place}"
    return None


def moved(module):
    """Return a module's name without what was Keras's own inside; None for none."""
    return None if re.match(r"(tf_)?keras\b", module or "keras") else module


def arguments(kind):
    """Return the names that a class of Keras can be made with; none if it has no such."""
    place = place_of(kind)
    if place is None:
        return set()
    names = set()
    for one in getattr(getattr(keras, place[6:]), kind).__mro__:
        if "__init__" in vars(one):
            given = inspect.signature(one.__init__).parameters
            names |= set(given)
            if not any(it.kind is it.VAR_KEYWORD for it in given.values()):
                break
    return names - {"self", "args", "kwargs"}


# --- what Keras 2 computed in another way ---------------------------------------------
# Its masks went other ways: a description with a mask in it gets the layers below.


@keras.saving.register_keras_serializable(package="keras_2")
def hard_sigmoid(x):
    """0 below -2.5, 1 above 2.5, a line between: Keras 2's, another one than Keras 3's."""
    return keras.ops.clip(0.2 * x + 0.5, 0, 1)


RENAMED_ACTIVATIONS = {
    "hard_sigmoid": keras.saving.serialize_keras_object(hard_sigmoid),
    "log_softmax_v2": "log_softmax",
    "softmax_v2": "softmax",
}


class MergeOfMasked:
    """It merges what is masked too; a step is masked where it is in one of the inputs."""

    def call(self, inputs):
        return super().call([keras.ops.copy(x) for x in inputs])  # copies have no mask

    def compute_mask(self, inputs, mask=None):
        masks = [one for one in mask or () if one is not None]
        return functools.reduce(keras.ops.logical_and, masks) if masks else None


class WithoutMask:
    """No mask goes on from here."""

    def compute_mask(self, inputs, mask=None):
        return None


class BesideState:
    """The mask of a sequence counts, also where an initial state comes with it."""

    def call(self, sequences, initial_state=None, mask=None, training=None):
        if mask is None:
            mask = mask_of(sequences)
        return super().call(
            sequences, initial_state=initial_state, mask=mask, training=training
        )


MERGE_OF_MASKED, WITHOUT_MASK, BESIDE_STATE = (
    "keras_2_merge_of_masked",
    "keras_2_without_mask",
    "keras_2_beside_state",
)
MERGES = {*MERGED.values(), "Average", "Concatenate"}


def way_of(kind, config):
    """Return in which way a layer heeded masks, if not in that of Keras 3; else None."""
    if kind in ("Rescaling", "Normalization"):
        return WITHOUT_MASK
    one_by_one = kind != "Concatenate" or config.get("axis", -1) == -1
    return MERGE_OF_MASKED if kind in MERGES and one_by_one else None


def register(way, kind, *bases):
    """Give Keras a layer class that heeds masks in one of these ways."""
    one = type(kind, (*bases, getattr(keras.layers, kind)), {})
    keras.saving.register_keras_serializable(way)(one)


for kind in MERGES:
    register(MERGE_OF_MASKED, kind, MergeOfMasked)
    register(WITHOUT_MASK, kind, WithoutMask, MergeOfMasked)
for kind in ("Activation", "LeakyReLU", "Normalization", "Rescaling"):
    register(WITHOUT_MASK, kind, WithoutMask)
for kind in RECURRENT:
    register(BESIDE_STATE, kind, BesideState)
