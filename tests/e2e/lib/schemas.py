# SPDX-License-Identifier: GPL-2.0-or-later
"""schemas.py - the JSON Schemas of src/man, some of which name others"""
import json
import os

FOLDER = "src/man"


def load(name):
    with open(os.path.join(FOLDER, name), encoding="utf-8") as f:
        return json.load(f)


def moved(x, name, found):
    """A part of the schema of that name, as it is below $defs of another;
    found gets the files that it refers to."""
    if isinstance(x, list):
        return [moved(i, name, found) for i in x]
    if not isinstance(x, dict):
        return x
    y = {k: moved(v, name, found) for k, v in x.items()}
    if isinstance(y.get("$ref"), str):
        file, _, place = y["$ref"].partition("#")
        found.add(file or name)
        y["$ref"] = f"#/$defs/{file or name}{place}"
    return y


def bundle(name):
    """The schema with all that it refers to in one."""
    defs, wanted = {}, {name}
    while wanted - set(defs):
        for file in wanted - set(defs):
            defs[file] = moved(load(file), file, wanted)
            defs[file].pop("$schema")
    return {"$schema": load(name)["$schema"], "$ref": f"#/$defs/{name}",
            "$defs": defs}


def validator(name):
    """None: python3-jsonschema is not installed."""
    try:
        import jsonschema
    except ImportError:
        return None
    schema = bundle(name)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def first_error(check, value):
    """Where and why it does not fit; None: it does."""
    for error in check.iter_errors(value):
        # Of alternatives the one that is wrong farthest inside.
        while error.context:
            error = max(error.context, key=lambda e: len(e.absolute_path))
        path = "/".join(str(p) for p in error.absolute_path)
        return f"{path}: {error.message}"[:300]
    return None


def fits(name, values):
    """What is wrong with the first that does not fit the schema, "" if
    nothing is; None: python3-jsonschema is not installed."""
    check = validator(name)
    if check is None:
        return None
    return next((f"object {i}: {wrong}" for i, wrong in enumerate(
        first_error(check, v) for v in values) if wrong), "")
