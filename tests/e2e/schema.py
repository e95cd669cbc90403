#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""schema.py - JSON Lines against the JSON Schema that goes with the manual

What is looked at: the samples of the unit test (something of everything, in
complete form, normal form and without times) and every capture in pcaps/, in
both forms.  Beside the schema the order of the fields is checked: `required`
lists them in order.  The schema of the normal form must be the other one
without what that form leaves out.  Reports of `check`: those of some logs
beside their captures.  Accounts: of captures and a log.
"""
import glob
import json
import os
import re
import subprocess
import sys

FULL = "src/man/smtpwire-transcript.schema.json"
NORMAL = "src/man/smtpwire-transcript-normal.schema.json"
REPORT = "src/man/smtpwire-report.schema.json"
ACCOUNT = "src/man/smtpwire-account.schema.json"
GONE = ("source", "clock", "start", "tcp", "at", "time", "end")


def say(name, wrong=None):
    print(f"not ok {name}: {wrong}" if wrong else f"ok {name}")


def load(path):
    with open(path, encoding="utf-8") as f:
        return json.load(f)


def without(x):
    """A schema without the fields of GONE."""
    if isinstance(x, list):
        return [without(i) for i in x]
    if not isinstance(x, dict):
        return x
    y = {k: without(v) for k, v in x.items()}
    if isinstance(y.get("properties"), dict) and "required" in y:
        y["properties"] = {k: v for k, v in y["properties"].items()
                           if k not in GONE}
        y["required"] = [k for k in y["required"] if k not in GONE]
    return y


def references(x):
    return set(re.findall(r'"#/\$defs/(\w+)"', json.dumps(x)))


def derived(full):
    """The schema of the normal form, with the definitions that it uses."""
    y = without(full)
    defs = y.pop("$defs")
    used, new = set(), references(y)
    while new - used:
        used |= new
        new = set().union(*(references(defs[k]) for k in used))
    y["$defs"] = {k: v for k, v in defs.items() if k in used}
    return y


def order_of(schema, kind=None):
    """The fields of an object in their order."""
    name = "line" if kind == "note" else kind
    return list((schema["$defs"][name] if name else schema)["properties"])


def misordered(fields, wanted):
    places = [wanted.index(k) for k in fields if k in wanted]
    return places != sorted(places)


def order_error(schema, session):
    if misordered(session, order_of(schema)):
        return "session: fields out of order"
    for name, items in (("message", session["messages"]),
                        ("note", session["notes"])):
        wanted = list(schema["$defs"][name]["properties"])
        if any(misordered(i, wanted) for i in items):
            return f"{name}: fields out of order"
    for e in session["events"]:
        if misordered(e, order_of(schema, e["kind"])):
            return f"event {e['n']}: fields out of order"
    return None


def reason(error):
    """Of an event: what its own kind's schema says against it."""
    groups = {}
    for c in error.context or []:
        groups.setdefault(c.relative_schema_path[0], []).append(c)
    for group in groups.values():
        if not any("kind" in c.relative_path for c in group):
            return group[0].message
    return error.message


def first_error(validator, session):
    """Where and why; None when there is nothing to say."""
    for error in validator.iter_errors(session):
        path = "/".join(str(p) for p in error.absolute_path)
        return f"{path}: {reason(error)}"[:300]
    return None


def check(name, text, validators):
    n = 0
    for line in text.splitlines():
        session = json.loads(line)
        schema, validator = validators["source" not in session]
        wrong = first_error(validator, session) or \
            order_error(schema, session)
        if wrong:
            say(name, f"session {n + 1}: {wrong}")
            return
        n += 1
    say(name, None if n else "no session")


def run(*command):
    p = subprocess.run(command, stdout=subprocess.PIPE,
                       stderr=subprocess.DEVNULL, check=False)
    return p.stdout.decode("utf-8")


def samples(validators):
    program = os.path.join(os.environ["O"], "tests/unit/t_jsonl")
    if not os.path.exists(program):
        print("skip samples: the unit tests are not built")
        return
    text = run(program, "--print")
    check("samples", text, validators)
    # The schema is strict: each field is needed, no other may be there.
    session = json.loads(text.splitlines()[0])
    validator = validators[False][1]
    loose = [k for k in session
             if first_error(validator, {j: v for j, v in session.items()
                                        if j != k}) is None]
    if first_error(validator, dict(session, other=1)) is None:
        loose.append("other")
    for i, e in enumerate(session["events"]):
        for k in e:
            events = [dict(x) for x in session["events"]]
            del events[i][k]
            if not k.endswith("_base64") and first_error(
                    validator, dict(session, events=events)) is None:
                loose.append(f"{e['kind']}/{k}")
    say("strict", ", ".join(loose))


def captures(validators):
    command = os.environ["SMTPWIRE"]
    found = sorted(glob.glob("pcaps/*.pcap*"))
    if not found or not os.path.exists(command):
        print("skip captures: nothing to read")
        return
    for path in found:
        for option in ([], ["--normal"]):
            name = " ".join([os.path.basename(path)] + option)
            check(name, run(command, "read", "-q", "--any-port", "-f",
                            "jsonl", *option, path), validators)


def report_order_error(schema, report):
    """Objects whose fields are not in the order of the schema."""
    groups = [(None, [report]), ("side", [report["left"], report["right"]]),
              ("summary", [report["summary"]])]
    groups += [(name, report[k]) for name, k in (
        ("clock", "clock"), ("note", "notes"), ("pair", "pairs"),
        ("only", "left_only"), ("only", "right_only"))]
    groups += [("finding", p["findings"]) for p in report["pairs"]]
    for name, items in groups:
        wanted = list((schema["$defs"][name] if name else
                       schema)["properties"])
        if any(list(i) != wanted for i in items):
            return f"{name or 'report'}: fields out of order"
    return None


def reports(schema, validator):
    command = os.environ["SMTPWIRE"]
    found = sorted(f for scene in ("aborts", "bare", "plain", "starttls")
                   for f in glob.glob(f"pcaps/*-{scene}.server.log"))
    if not found or not os.path.exists(command):
        print("skip reports: nothing to read")
        return
    for log in found:
        pcap = log.replace(".server.log", ".pcap")
        report = json.loads(run(command, "check", "-q", "-f", "json", log,
                                pcap))
        say("report " + os.path.basename(log),
            first_error(validator, report) or
            report_order_error(schema, report))


def accounts(schema, validator):
    command, path = os.environ["SMTPWIRE"], os.path.join(
        os.environ["TMP"], "account")
    for name in ("pcaps/exim-plain.pcap", "pcaps/exim-plain.server.log",
                 "pcaps/postfix-refusals.pcap"):
        run(command, "read", "-q", "--account", path, name)
        account = load(path)
        say("account " + os.path.basename(name),
            first_error(validator, account) or
            ("fields out of order" if misordered(
                account, order_of(schema)) else None))


def main():
    full, normal, report = load(FULL), load(NORMAL), load(REPORT)
    account = load(ACCOUNT)
    same = derived(full)
    same.update(title=normal["title"], description=normal["description"])
    say("normal-form", None if same == normal else
        "the two schemas do not fit")
    try:
        import jsonschema
    except ImportError:
        print("skip schema: python3-jsonschema is not installed")
        return
    make = jsonschema.Draft202012Validator
    for schema in (full, normal, report, account):
        make.check_schema(schema)
    validators = {False: (full, make(full)), True: (normal, make(normal))}
    samples(validators)
    captures(validators)
    reports(report, make(report))
    accounts(account, make(account))


if __name__ == "__main__":
    sys.exit(main())
