# The category learner written with PyTorch: the independent implementation that
# learner-torch.R compares with. Reads trials and starting parameters, writes the parameters
# after every trial.
#
#   python3 learner-torch.py folder scale rate_mean rate_scale rate_weight momentum [last]
#
# folder: x.csv (N x D), y.csv (N, from 0), order.csv (trials, from 0), start.csv (parameters);
# writes path.csv (trials x parameters; with `last` only the final row, for fair timing) and
# speed.txt (trials per second of elapsed time, and of processor time).
import sys
import time

import numpy as np
import torch

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)


def read(folder, name):
    return np.loadtxt(f"{folder}/{name}.csv", delimiter=",", ndmin=1)


def lower_positions(d):
    """Row and column of the lower triangle, column by column."""
    return zip(*[(i, j) for j in range(d) for i in range(j, d)])


def unpack(start, d, g, scale):
    t = d * (d + 1) // 2
    rows, columns = (list(v) for v in lower_positions(d))
    mean = torch.tensor(start[: d * g].reshape(g, d), requires_grad=True)
    lower = np.zeros((g, d, d))
    for k in range(g):
        lower[k, rows, columns] = start[d * g + k * t : d * g + (k + 1) * t]
    if scale == "covariance":
        lower = lower + np.tril(lower, -1).transpose(0, 2, 1)
    scale_parameter = torch.tensor(lower, requires_grad=True)
    at = d * g + t * g
    weight = torch.tensor(start[at : at + g * g].reshape(g, g).T.copy(), requires_grad=True)
    return mean, scale_parameter, weight


def densities(x, mean, scale_parameter, scale):
    normal = torch.distributions.MultivariateNormal
    if scale == "covariance":
        return normal(mean, covariance_matrix=scale_parameter)
    lower = torch.tril(scale_parameter)
    if scale == "log_cholesky":
        lower = torch.tril(scale_parameter, -1) + torch.diag_embed(
            torch.exp(torch.diagonal(scale_parameter, dim1=-2, dim2=-1))
        )
    return normal(mean, scale_tril=lower)


def pack(mean, scale_parameter, weight, d):
    rows, columns = (list(v) for v in lower_positions(d))
    with torch.no_grad():
        return np.concatenate([
            mean.numpy().ravel(),
            scale_parameter.numpy()[:, rows, columns].ravel(),
            weight.numpy().T.ravel(),
        ])


def run(folder, scale, rates, momentum, only_last):
    x, y, order = read(folder, "x"), read(folder, "y").astype(int), read(folder, "order").astype(int)
    x = torch.tensor(x.reshape(len(y), -1))
    d, g = x.shape[1], int(y.max()) + 1
    mean, scale_parameter, weight = unpack(read(folder, "start"), d, g, scale)
    target = torch.tensor(y)
    optimizer = torch.optim.SGD(
        [{"params": [p], "lr": r} for p, r in zip((mean, scale_parameter, weight), rates)],
        lr=1.0, momentum=momentum,
    )
    path = []
    clock, processor = time.perf_counter(), time.process_time()
    for i in order:
        optimizer.zero_grad()
        activation = torch.exp(densities(x[i], mean, scale_parameter, scale).log_prob(x[i]))
        logits = torch.nn.functional.linear(activation, weight)
        loss = torch.nn.functional.cross_entropy(logits.unsqueeze(0), target[i : i + 1])
        loss.backward()
        optimizer.step()
        if not only_last:
            path.append(pack(mean, scale_parameter, weight, d))
    speed = len(order) / (time.perf_counter() - clock), len(order) / (time.process_time() - processor)
    if only_last:
        path.append(pack(mean, scale_parameter, weight, d))
    np.savetxt(f"{folder}/path.csv", np.array(path), delimiter=",", fmt="%.17g")
    with open(f"{folder}/speed.txt", "w") as out:
        out.write(f"{speed[0]} {speed[1]}\n")


if __name__ == "__main__":
    run(sys.argv[1], sys.argv[2], [float(v) for v in sys.argv[3:6]], float(sys.argv[6]), "last" in sys.argv[7:])
