"""Prints the results as a Markdown table: seconds (best of all rounds) and ratios to softbias; checks that work agrees.

table.py RESULTS.jsonl: exit code 1 when two peers disagree on what they computed.
"""

import json
import sys
from collections import defaultdict

PEERS = ("softbias", "gprx", "gpytorch", "tinygp", "scikit-learn")
# Evidences and gradients to rounding; predictions up to the jitter that tinygp adds; draws up to their own noise.
TOLERANCE = {
    "evidence_gradient": 1e-6,
    "evidence_gradient_composite": 1e-6,
    "predict": 1e-5,
    "predict_cached": 1e-5,
    "joint_draws": 0.02,
    "joint_draws_cached": 0.02,
}


def read(path):
    """{(task, n): {peer: the line of its fastest round, with the median of the rounds' medians}}"""
    lines = defaultdict(lambda: defaultdict(list))
    with open(path) as file:
        for line in map(json.loads, file):
            lines[line["task"], line["n"]][line["peer"]].append(line)
    best = {}
    for row, peers in lines.items():
        best[row] = {}
        for peer, rounds in peers.items():
            medians = sorted(line["median"] for line in rounds)
            fastest = min(rounds, key=lambda line: line["seconds"])
            best[row][peer] = fastest | {"median": medians[len(medians) // 2]}
    return best


def numbers(line):
    """What was computed, as groups; each group is compared on the scale of its largest entry."""
    groups = {name: [line[name]] for name in ("value", "variance_sum") if name in line}
    if "gradient" in line:
        groups["gradient"] = line["gradient"]
    return groups


def disagreements(best):
    for (task, n), peers in best.items():
        if task not in TOLERANCE:
            continue
        reference, *others = (peer for peer in PEERS if peer in peers)
        for peer in others:
            theirs = numbers(peers[peer])
            for name, ours in numbers(peers[reference]).items():
                if len(theirs.get(name, [])) != len(ours):
                    yield f"{task} n = {n}: {name} of {reference} and {peer} differ in length"
                    continue
                scale = max(abs(a) for a in ours) or 1.0
                worst = max(abs(a - b) / scale for a, b in zip(ours, theirs[name]))
                if not worst <= TOLERANCE[task]:
                    yield f"{task} n = {n}: {name} of {reference} and {peer} differ by {worst:.1e} relative"


def cell(line, base, key):
    if line is None:
        return "–"
    ratio = f" ({line[key] / base[key]:.2f}x)" if base is not None and base is not line else ""
    return f"{line[key]:.4g}{ratio}"


def main(path):
    best = read(path)
    peers = [peer for peer in PEERS if any(peer in row for row in best.values())]
    versions = {peer: row[peer]["version"] for row in best.values() for peer in row}
    head = ["task", "n", *(f"{peer} {versions[peer]}" for peer in peers)]
    for key, title in (("seconds", "Best, seconds"), ("median", "Median, seconds")):
        against = " (ratio to softbias)" if "softbias" in peers else ""
        print(f"\n{title}{against}\n")
        print("| " + " | ".join(head) + " |")
        print("|" + "---|" * len(head))
        for (task, n), row in sorted(best.items()):
            cells = [cell(row.get(peer), row.get("softbias"), key) for peer in peers]
            print("| " + " | ".join([task, str(n), *cells]) + " |")
    found = list(disagreements(best))
    print("\nThe peers agree on what they computed." if not found else "\nDISAGREE:\n  " + "\n  ".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
