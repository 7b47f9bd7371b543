"""CIFAR-10 in an .npz of one's own: checked, and refused with the line that fixes it."""

import numpy as np

NAMES = "x_train", "y_train", "x_test", "y_test"
PICTURE = 32, 32, 3
PICTURES = "(images, 32, 32, 3) and uint8"
LABELS = "(images, 1) or (images,) and whole numbers"


def read_npz(path):
    """Return the arrays of an ``.npz`` by `NAMES`, of any number of images, uint8.

    Images are `(images, 32, 32, 3)`, labels come as `(images, 1)` or `(images,)`, both
    in any dtype of whole numbers. A ValueError says what is wrong; where the numbers are
    right and their form is not, with a line of Python that writes them anew.
    """
    stored = arrays_in(path)
    called_so = set(NAMES) <= set(stored)
    found = dict(zip(NAMES, NAMES)) if called_so else by_shape(stored)
    reasons = [] if called_so else [no_array(stored)]
    arrays, codes = {}, []
    for name, other in found.items():
        is_label = name.startswith("y")
        form, expected = (label_form, LABELS) if is_label else (picture_form, PICTURES)
        code = form(stored[other], f"old[{other!r}]", other)
        if code != f"old[{other!r}]":
            reasons.append(unlike(stored[other], other, expected))
        arrays[name] = stored[other]
        codes.append(f"{name}={code}")
    for x, y in (NAMES[:2], NAMES[2:]):
        if len(arrays[x]) != len(arrays[y]):
            raise ValueError(f"it has {len(arrays[x])} {x} and {len(arrays[y])} {y}.")
    if reasons:
        new = path.absolute().with_name(f"{path.stem}_fixed.npz")
        raise ValueError(
            f"{reasons[0]}. This line of Python writes {new.name}, to be named instead: "
            f"`import numpy as np; old = np.load({str(path.absolute())!r}); "
            f"np.savez({str(new)!r}, {', '.join(codes)})`."
        )
    for name in arrays:
        shape = (-1, 1) if name.startswith("y") else (-1, *PICTURE)
        arrays[name] = arrays[name].astype("uint8", copy=False).reshape(shape)
    return arrays


def arrays_in(path):
    """Return the four arrays of an .npz, or all if not all four are there."""
    try:
        with np.load(path, allow_pickle=False) as file:
            names = NAMES if set(NAMES) <= set(file) else file.files
            return {name: np.asarray(file[name]) for name in names}
    except Exception as error:  # a damaged .npz fails in many ways
        reason = str(error).rstrip(".")
    if "allow_pickle" in reason:
        raise ValueError(
            "an array in it holds Python objects. They are pickled, and could run code "
            "when they are read. Save it again with numbers only."
        )
    raise ValueError(f"it cannot be read ({reason}). Copy it or save it again.")


def no_array(stored):
    missing = next(name for name in NAMES if name not in stored)
    has = ", ".join(list(stored)[:6]) + (", ..." if len(stored) > 6 else "")
    return f"it has no array {missing}. It has {has or 'none'}"


def by_shape(stored):
    """Tell which array is which: by the shapes, and then by "test" in a name or by size."""

    def training_last(name):
        is_test = any(word in name.lower() for word in ("test", "val"))
        return not is_test, len(stored[name])

    pictures = [name for name, x in stored.items() if x.ndim and x[:1].size == 3072]
    lengths = {len(stored[name]) for name in pictures}
    rows = {name: y for name, y in stored.items() if y.ndim and len(y) in lengths}
    labels = [name for name, y in rows.items() if y[:1].size in (1, 10)]
    if not len(pictures) == len(labels) == len(lengths) == 2:
        raise ValueError(f"{no_array(stored)}.")
    test_x, x = sorted(pictures, key=training_last)
    test_y, y = sorted(labels, key=training_last)
    return dict(zip(NAMES, (x, y, test_x, test_y)))


def picture_form(x, code, name):
    """Return `code`, which gives array x, with what makes CIFAR-10's pictures of it."""
    if x.dtype.kind not in "iuf" or not x.size:
        raise ValueError(f"{unlike(x, name, PICTURES)}.")
    if x.shape[1:] == (3, 32, 32):
        code += ".transpose(0, 2, 3, 1)"
    elif x.shape[1:] == (3072,):
        raise ValueError(
            f"{unlike(x, name, PICTURES)}. What was flattened from that shape comes back "
            "by .reshape(-1, 32, 32, 3), and what stands in CIFAR-10's batches by "
            ".reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)."
        )
    elif x.shape[1:] != PICTURE:
        raise ValueError(f"{unlike(x, name, PICTURES)}.")
    low, high = x.min(), x.max()
    if not (low >= 0 and high <= 255):  # NaN is neither
        raise ValueError(f"its {name} has values from {low} to {high}, not 0 to 255.")
    if x.dtype.kind in "iu":
        return code
    if 1 < high < 16:
        raise ValueError(
            f"its {name} has values up to {high}: 1 or 255 would be white."
        )
    scaled = f"{code} * 255" if high <= 1 else code
    return f'np.round({scaled}).astype("uint8")'


def label_form(y, code, name):
    """Return `code`, which gives array y, with what makes CIFAR-10's labels of it."""
    if y.dtype.kind not in "biuf" or not y.size:
        raise ValueError(f"{unlike(y, name, LABELS)}.")
    if y.shape[1:] == (10,) and np.isin(y, (0, 1)).all() and (y.sum(axis=1) == 1).all():
        return f"{code}.argmax(axis=1)"
    whole = y.dtype.kind in "iu"
    shaped = y.ndim and y.shape[1:] in ((), (1,))
    if not (shaped and (whole or y.dtype.kind == "f" and (y % 1 == 0).all())):
        raise ValueError(f"{unlike(y, name, LABELS)}.")
    wrong = y[(y < 0) | (y > 9)]
    if wrong.size:
        raise ValueError(f"its {name} has the label {wrong[0]}, expected 0 to 9.")
    return code if whole else f'{code}.astype("uint8")'


def unlike(x, name, expected):
    return f"its {name} has shape {x.shape} and dtype {x.dtype}, expected {expected}"
