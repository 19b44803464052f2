"""Means over splits of what uci.py and `softbias_bench uci` wrote, as a Markdown table.

uci_table.py [FOLDER]: reads uci_PEER.csv there (default: target/peers) and compares every peer with softbias on the splits that
both have.
"""

import csv
import sys
from collections import defaultdict
from pathlib import Path

PEERS = ("softbias", "gpytorch", "sklearn")
NUMBERS = ("rmse", "nlpd", "log_evidence", "seconds")


def read(path):
    """{dataset: {split: {column: number}}}"""
    found = defaultdict(dict)
    if path.exists():
        with open(path) as file:
            for row in csv.DictReader(file):
                found[row["dataset"]][int(row["split"])] = {name: float(row[name]) for name in NUMBERS}
    return found


def mean(rows, splits, name):
    return sum(rows[split][name] for split in splits) / len(splits)


def main():
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else "target/peers")
    all_of = {peer: read(folder / f"uci_{peer}.csv") for peer in PEERS}
    print("| data | splits | by | log evidence | RMSE | NLPD | seconds |")
    print("|---|---|---|---|---|---|---|")
    for name, ours in all_of["softbias"].items():
        shared = set(ours)
        for peer in PEERS:
            if all_of[peer][name]:
                shared &= set(all_of[peer][name])
        splits = sorted(shared)
        for peer in PEERS:
            rows = all_of[peer][name]
            if rows and splits:
                evidence, rmse, nlpd, seconds = (
                    mean(rows, splits, column) for column in ("log_evidence", "rmse", "nlpd", "seconds")
                )
                head = f"| {name} | {len(splits)} |" if peer == "softbias" else "| | |"
                print(f"{head} {peer} | {evidence:.2f} | {rmse:.4g} | {nlpd:.3f} | {seconds:.1f} |")


if __name__ == "__main__":
    main()
