"""One model in the files that the versions of Keras 2 wrote.

tf_keras is the last Keras 2. Its ``.keras`` file is changed into what Keras 2.15 wrote on
Windows, and Keras 2.13 anywhere.
"""

import io
import re
import zipfile

import h5py

FOLDER_2_13 = "_layer_checkpoint_dependencies"


def as_hdf5(model, folder):
    path = folder / "model.h5"
    model.save(path)
    return path


def as_archive(model, folder):
    path = folder / "tf_keras.keras"
    if not path.exists():
        model.save(path)
    return path


def as_archive_of_windows(model, folder):
    """As Keras 2.15 wrote it there: with backslashes in the names of the weights."""
    return rewritten(as_archive(model, folder), "2.15.0", backslashes)


def as_archive_of_2_13(model, folder):
    return rewritten(as_archive(model, folder), "2.13.1", counted_twice)


FILES = as_hdf5, as_archive, as_archive_of_windows, as_archive_of_2_13


def rewritten(path, version, renamed):
    """Write a file of tf_keras as Keras of some version did, and return the new path."""
    other = path.with_name(f"{version}.keras")
    with zipfile.ZipFile(path) as old, zipfile.ZipFile(other, "w") as new:
        for part in old.namelist():
            content = old.read(part)
            if part == "config.json":
                content = content.replace(b"tf_keras.", b"keras.")
            elif part == "metadata.json":
                content = re.sub(rb'"2\.\d+\.\d+"', f'"{version}"'.encode(), content)
            elif part == "model.weights.h5":
                content = with_names(content, renamed)
            elif version == "2.13.1":
                part = part.replace("layers/", f"{FOLDER_2_13}/")
            new.writestr(part, content)
    return other


def with_names(content, renamed):
    """Return a file of weights in which the paths of all arrays are other ones."""
    arrays, buffer = {}, io.BytesIO()
    with h5py.File(io.BytesIO(content), "r") as old, h5py.File(buffer, "w") as new:

        def note(path, it):
            if isinstance(it, h5py.Dataset):
                arrays[path] = it[()]

        old.visititems(note)
        for path, other in renamed([*arrays]).items():
            new[other] = arrays[path]
    return buffer.getvalue()


def backslashes(paths):
    """Return {layers/dense/vars/0: layers\\dense/vars/0}: h5py made the last folders."""
    split = {path: path.rpartition("/vars/") for path in paths}
    return {
        path: layer.replace("/", "\\") + vars + number
        for path, (layer, vars, number) in split.items()
    }


def counted_twice(paths):
    """Keras 2.13 counted a layer twice if it has weights, and once if it has none."""
    return {path: "/".join(old_parts(path.split("/"), paths)) for path in paths}


def old_parts(parts, paths):
    for i, part in enumerate(parts):
        if i and parts[i - 1] == "layers":
            kind, number = re.fullmatch(r"(.+?)(?:_(\d+))?", part).groups()
            before = [kind, *(f"{kind}_{n}" for n in range(1, int(number or 0)))]
            folder = "/".join(parts[:i])
            number = sum(
                2 if has_weights(f"{folder}/{one}", paths) else 1
                for one in before
                if number
            )
            yield f"{kind}_{number}" if number else kind
        else:
            yield FOLDER_2_13 if part == "layers" else part


def has_weights(layer, paths):
    return any(path.startswith(f"{layer}/") for path in paths)
