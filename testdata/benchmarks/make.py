"""Writes gradients.json: NumPyro's log density and gradient of each model of benches/models at two points.

    python make.py            (NumPyro 0.22, jax 0.10)

Coordinates are in the order of the sites below, which is that of the Rust models; each site's unconstrained form is NumPyro's.
"""
import json

import jax
import jax.numpy as jnp
import numpy as np
import numpyro
import numpyro.distributions as dist
from jax.scipy.special import logsumexp
from numpyro.distributions import constraints
from numpyro.infer.util import potential_energy

import data

jax.config.update("jax_enable_x64", True)
sample, factor = numpyro.sample, numpyro.factor


def schools(d):
    mu, tau = sample("mu", dist.Normal(0, 5)), sample("tau", dist.HalfCauchy(5))
    z = sample("z", dist.Normal(0, 1).expand([8]))
    sample("y", dist.Normal(mu + tau * z, jnp.array(d["sigma"])), obs=jnp.array(d["y"]))


def logistic(d):
    a = sample("a", dist.Normal(0, 2.5))
    b = sample("b", dist.Normal(0, 2.5).expand([d["D"]]))
    sample("y", dist.Bernoulli(logits=a + d["X"] @ b), obs=d["y"])


def radon(d):
    mean, slope = sample("mean", dist.Normal(0, 10)), sample("slope", dist.Normal(0, 10))
    spread, noise = sample("spread", dist.HalfNormal(1)), sample("noise", dist.HalfNormal(1))
    z = sample("z", dist.Normal(0, 1).expand([d["J"]]))
    level = (mean + spread * z)[d["county_idx"] - 1] + slope * d["floor_measure"]
    sample("y", dist.Normal(level, noise), obs=d["log_radon"])


def forward(transition, emissions):
    def step(state, emission):
        return logsumexp(state[:, None] + jnp.log(transition), axis=0) + emission, None
    return logsumexp(jax.lax.scan(step, emissions[0], emissions[1:])[0])


def hmm_example(d):
    transition = sample("transition", dist.Dirichlet(jnp.ones((2, 2))))
    means = sample("means", dist.ImproperUniform(constraints.positive_ordered_vector, (), (2,)))
    factor("prior", dist.Normal(jnp.array([3.0, 10.0]), 1.0).log_prob(means).sum())
    factor("y", forward(transition, dist.Normal(means, 1.0).log_prob(d["y"][:, None])))


def hmm_semi_supervised(d):
    z, w, u = (d[k] - 1 for k in "zwu")
    transition = sample("transition", dist.Dirichlet(jnp.ones((d["K"], d["K"]))))
    emission = sample("emission", dist.Dirichlet(jnp.full((d["K"], d["W"]), 0.1)))
    sample("next", dist.Categorical(transition[z[:-1]]), obs=z[1:])
    sample("word", dist.Categorical(emission[z]), obs=w)
    factor("unlabelled", forward(transition, jnp.log(emission).T[u]))


def process(d):
    length, amplitude = sample("length", dist.Gamma(25.0, 4.0)), sample("amplitude", dist.HalfNormal(2.0))
    noise, n = sample("noise", dist.HalfNormal(1.0)), d["N"]
    k = amplitude**2 * jnp.exp(-0.5 * ((d["x"][:, None] - d["x"]) / length) ** 2) + noise * jnp.eye(n)
    sample("y", dist.MultivariateNormal(jnp.zeros(n), covariance_matrix=k), obs=d["y"])


def sparse(d):
    n, p, x = d["N"], d["P"], d["X"]
    sigma = sample("sigma", dist.HalfNormal(d["alpha3"]))
    eta = sample("eta", dist.HalfCauchy(sigma * d["S"] / np.sqrt(n) / (p - d["S"])))
    slab = 1 / sample("slab precision", dist.Gamma(d["alpha1"], d["beta1"]))
    ratio = 1 / sample("ratio precision", dist.Gamma(d["alpha2"], d["beta2"]))
    local = sample("local", dist.HalfCauchy(jnp.ones(p)))
    e1, e2 = eta**2, (eta**2 * jnp.sqrt(ratio) / slab) ** 2
    kx = jnp.sqrt(slab) * local / jnp.sqrt(slab + (eta * local) ** 2) * x
    g, g2 = kx @ kx.T, kx**2 @ (kx**2).T
    k = 0.5 * e2 * (1 + g) ** 2 - 0.5 * e2 * g2 + (e1 - e2) * g + (1 - 0.5 * e2) + (1e-4 + sigma**2) * jnp.eye(n)
    sample("y", dist.MultivariateNormal(jnp.zeros(n), covariance_matrix=k), obs=d["Y"])


ROWS = {
    "eight schools, non-centred": (schools, data.eight_schools, {"mu": (), "tau": (), "z": (8,)}),
    "logistic regression 569 x 30": (logistic, data.breast_cancer, {"a": (), "b": (30,)}),
    "radon, 919 houses in 85 counties":
        (radon, data.radon, {"mean": (), "slope": (), "spread": (), "noise": (), "z": (85,)}),
    "HMM, 100 steps, 2 states": (hmm_example, data.hmm_example, {"transition": (2, 1), "means": (2,)}),
    "GP regression, 11 points": (process, data.process_11, {"length": (), "amplitude": (), "noise": ()}),
    "logistic regression 50,000 x 54": (logistic, lambda: data.forest_cover(50_000), {"a": (), "b": (54,)}),
    "semi-supervised HMM, 500 steps":
        (hmm_semi_supervised, data.hmm_semi_supervised, {"transition": (3, 2), "emission": (3, 9)}),
    "sparse interactions, 200 x 100":
        (sparse, data.sparse,
         {"sigma": (), "eta": (), "slab precision": (), "ratio precision": (), "local": (100,)}),
    "GP regression, 500 points": (process, data.process_500, {"length": (), "amplitude": (), "noise": ()}),
}


def points(dim):
    i = np.arange(dim)
    return [0.1 * np.sin(i), 0.5 * np.cos(2 * i + 1)]


def row(model, make, sites):
    d = make()

    def log_density(vector):
        start, values = 0, {}
        for name, shape in sites.items():
            size = int(np.prod(shape))
            values[name] = vector[start:start + size].reshape(shape)
            start += size
        return -potential_energy(model, (d,), {}, values)
    found = []
    for point in points(sum(int(np.prod(shape)) for shape in sites.values())):
        value, gradient = jax.value_and_grad(log_density)(point)
        found.append({"value": float(value), "gradient": [float(g) for g in gradient]})
    return found


if __name__ == "__main__":
    lines = [f'  {json.dumps(name)}: {json.dumps(row(*parts))}' for name, parts in ROWS.items()]
    (data.HERE / "gradients.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
