"""The data of benches/models in Python: tables, and numbers from the same recurrence.

Names and numbering are those that posteriordb and NumPyro's examples use for these models.
"""
import csv
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent


class Recurrence:
    def __init__(self):
        self.state = 1

    def uniform(self):
        self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2**64
        return (self.state >> 11) / 2.0**53

    def normal(self):
        return sum(self.uniform() for _ in range(12)) - 6.0

    def normals(self, n):
        return np.array([self.normal() for _ in range(n)])

    def category(self, probabilities):
        left = self.uniform()
        for place, p in enumerate(probabilities):
            left -= p
            if left < 0:
                return place
        return len(probabilities) - 1


def table(path):
    with open(path) as file:
        return np.array([[float(x) for x in row] for row in list(csv.reader(file))[1:]])


def standardised(x):
    return (x - x.mean(0)) / x.std(0)


def eight_schools():
    return {"J": 8, "y": [28.0, 8.0, -3.0, 7.0, -1.0, 1.0, 18.0, 12.0],
            "sigma": [15.0, 10.0, 16.0, 11.0, 9.0, 11.0, 10.0, 18.0]}


def breast_cancer():
    t = table(HERE.parent / "breast_cancer.csv")
    return {"N": len(t), "D": 30, "X": standardised(t[:, :-1]), "y": t[:, -1].astype(int)}


def forest_cover(n, columns=54):
    r = Recurrence()
    slopes = r.normals(columns)
    # The recurrence in blocks: state -> a state + c, jumped by powers.
    block = 1 << 14
    a, c, powers, sums = 6364136223846793005, 1442695040888963407, [1], [0]
    for _ in range(block):
        powers.append(powers[-1] * a % 2**64)
        sums.append((sums[-1] * a + c) % 2**64)
    powers, sums = np.array(powers[1:], np.uint64), np.array(sums[1:], np.uint64)
    total, parts = n * (columns + 1), []
    while sum(map(len, parts)) < total:
        states = powers * np.uint64(r.state) + sums
        parts.append(states)
        r.state = int(states[-1])
    u = (np.concatenate(parts)[:total] >> np.uint64(11)).astype(float) / 2.0**53
    u = u.reshape(n, columns + 1)
    x = np.where(u[:, :-1] < 0.1, 3.0, -1.0 / 3.0)
    x[:, :10] = (u[:, :10] - 0.5) * 12.0**0.5
    logit = 0.3 + 0.5 * (x @ slopes)
    return {"N": n, "D": columns, "X": x, "y": (u[:, -1] < 1.0 / (1.0 + np.exp(-logit))).astype(int)}


def radon(houses=919, counties=85):
    r = Recurrence()
    effects = 1.4 + 0.3 * r.normals(counties)
    county = sorted([*range(counties), *(int(counties * r.uniform() ** 2) for _ in range(houses - counties))])
    floor = np.array([float(r.uniform() < 0.17) for _ in range(houses)])
    y = effects[county] - 0.7 * floor + 0.75 * r.normals(houses)
    return {"J": counties, "N": houses, "county_idx": np.array(county) + 1, "floor_measure": floor, "log_radon": y}


def hmm_example():
    return {"N": 100, "K": 2, "y": table(HERE / "hmm.csv")[:, 0]}


def hmm_semi_supervised(states=3, words=10, known=100, unknown=500):
    r = Recurrence()

    def rows(size, weight):
        found = np.array([[weight(r.uniform()) for _ in range(size)] for _ in range(states)])
        return found / found.sum(1, keepdims=True)

    def text(n):
        state, found = r.category(np.full(states, 1 / states)), []
        for step in range(n):
            if step:
                state = r.category(transition[state])
            found.append((state, r.category(emission[state])))
        return np.array(found) + 1
    transition, emission = rows(states, lambda u: 0.1 + u), rows(words, lambda u: u**8)
    labelled, unlabelled = text(known), text(unknown)
    return {"K": states, "W": words, "T": known, "U": unknown, "z": labelled[:, 0], "w": labelled[:, 1],
            "u": unlabelled[:, 1], "alpha": np.ones(states), "beta": np.full(words, 0.1)}


def process_11():
    t = table(HERE / "process.csv")
    return {"N": 11, "x": t[:, 0], "y": t[:, 1]}


def process_500():
    r = Recurrence()
    x = np.sort([20.0 * r.uniform() for _ in range(500)])
    return {"N": 500, "x": x, "y": np.sin(x) + 0.5 * np.sin(3 * x) + 0.3 * r.normals(500)}


def sparse(n=200, p=100, s=5):
    r = Recurrence()
    x = r.normals(n * p).reshape(n, p)
    slopes = np.array([0.5 + 2.5 * r.uniform() for _ in range(s)])
    y = x[:, :s] @ slopes + x[:, 0] * x[:, 1] + 0.1 * r.normals(n)
    return {"N": n, "P": p, "X": x, "Y": standardised(y), "S": float(s), "alpha1": 3.0, "beta1": 1.0,
            "alpha2": 3.0, "beta2": 1.0, "alpha3": 1.0, "c": 1.0}
