#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""planted_formats.py - what is planted into logs that no recording has

The programs that write these logs cannot be recorded with.  So their logs are
made from the transcripts of a recording (lib/writers.py), which must agree
with its capture; and as in planted.py one difference at a time is put into
them, and into the capture, and must be found.  planted_formats.txt gives the
reason for each field of the table that is empty.
"""
import concurrent.futures
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)),
                                'lib'))
# pylint: disable=wrong-import-position  # found by sys.path
import report
from planting import FORMATS, attempt, check_table
from plants import PLANTS
from records import FormRecord, WireRecord
from report import check, found, tell
from writers import WRITERS

RECORDING = 'exim-plain'
CAPTURE = 'pcaps/%s.pcap' % RECORDING


def agree(form, side, writer):
    paths = FormRecord(form, side, writer, RECORDING).paths
    for left, right in (paths, [CAPTURE]), ([CAPTURE], paths):
        r, status = check(left, right)
        if status or found(r) or r['summary']['agrees'] != 2:
            return 'status %d, %d agree, found %s' % (
                status, r['summary']['agrees'],
                [f['kind'] for _, f in found(r)])
    return ''


def log_jobs():
    for form, side, writer in WRITERS:
        for how in PLANTS:
            yield (form, lambda f=form, s=side, w=writer:
                   FormRecord(f, s, w, RECORDING), how, [CAPTURE], 'wire')


def capture_jobs(shown):
    """What the log can show is planted into the capture as well."""
    for form, side, writer in WRITERS:
        paths = FormRecord(form, side, writer, RECORDING).paths
        for how in PLANTS:
            if (form, how) in shown:
                yield ('pcap-' + form, lambda: WireRecord(RECORDING), how,
                       paths, side)


def plant(jobs, pool):
    """Do all; returns what was found, by format and plant."""
    shown = set()
    for job, (name, wrong) in zip(jobs, pool.map(lambda j: attempt(*j),
                                                 jobs)):
        if wrong is not None:
            tell(name, wrong)
            shown.add((job[0], job[2]))
    return shown


def main():
    for form, side, writer in WRITERS:
        FORMATS.append(form)
        tell('formats-agree-' + form, agree(form, side, writer))
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        shown = plant(list(log_jobs()), pool)
        plant(list(capture_jobs(shown)), pool)
    check_table(os.path.join(os.path.dirname(os.path.abspath(__file__)),
                             'planted_formats.txt'))
    sys.exit(report.failed)


main()
