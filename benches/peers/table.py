"""Prints the results as Markdown tables: seconds (best of all rounds), steps per second where a task has steps, and ratios to
softbias; checks that work agrees.

table.py RESULTS.jsonl: exit code 1 when two peers disagree on what they computed.
"""

import json
import sys
from collections import defaultdict

PEERS = (
    "softbias",
    "gprx",
    "gpytorch",
    "tinygp",
    "scikit-learn",
    "blackjax",
    "jax",
    "laplace-torch",
    "laplace-torch with BackPACK",
)
# Evidences and gradients to rounding; predictions up to the jitter that tinygp adds; draws up to their own noise. Nets are in float32;
# chains and epochs begin at the same weights but have other batches.
TOLERANCE = {
    "evidence_gradient": 1e-6,
    "evidence_gradient_composite": 1e-6,
    "predict": 1e-5,
    "predict_cached": 1e-5,
    "joint_draws": 0.02,
    "joint_draws_cached": 0.02,
    "sgld_large": 0.02,
    "sgld_small": 0.1,
    "adam_epoch": 0.02,
    "kron_fit": 1e-4,
    "diag_fit_large": 1e-4,
    "last_layer_fit": 1e-4,
    "full_fit": 1e-4,
    "diag_fit": 1e-4,
    "kron_fit_small": 1e-4,
}
NETS = ("sgld_large", "sgld_small", "adam_epoch")
NETS += ("kron_fit", "diag_fit_large", "last_layer_fit", "full_fit", "diag_fit", "kron_fit_small")


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


def cell(line, base, number):
    if line is None:
        return "–"
    ratio = f" ({number(line) / number(base):.2f}x)" if base is not None and base is not line else ""
    return f"{number(line):.4g}{ratio}"


def show(title, rows, number):
    """A table of the peers that have anything in these rows."""
    peers = [peer for peer in PEERS if any(peer in row for row in rows.values())]
    versions = {peer: row[peer]["version"] for row in rows.values() for peer in row}
    head = ["task", "n", *(f"{peer} {versions[peer]}" for peer in peers)]
    print(f"\n{title}{' (ratio to softbias)' if 'softbias' in peers else ''}\n")
    print("| " + " | ".join(head) + " |")
    print("|" + "---|" * len(head))
    for (task, n), row in rows.items():
        cells = [cell(row.get(peer), row.get("softbias"), number) for peer in peers]
        print("| " + " | ".join([task, str(n), *cells]) + " |")


def main(path):
    best = read(path)
    processes = {row: best[row] for row in sorted(best) if row[0] not in NETS}
    nets = {row: best[row] for task in NETS for row in best if row[0] == task}
    for rows in filter(None, (processes, nets)):
        show("Best, seconds", rows, lambda line: line["seconds"])
        show("Median, seconds", rows, lambda line: line["median"])
    steps = {row: peers for row, peers in nets.items() if all("units" in line for line in peers.values())}
    if steps:
        show("Best, steps per second", steps, lambda line: line["units"] / line["seconds"])
    found = list(disagreements(best))
    print("\nThe peers agree on what they computed." if not found else "\nDISAGREE:\n  " + "\n  ".join(found))
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
