# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "clip_grad_norm_", "solution": true}
def clip_grad_norm_(parameters, max_norm):
    kept = list(parameters)
    total = 0.0
    for p in kept:
        if p.grad is not None:
            for number in p.grad.data.flatten():
                total += float(number) ** 2
    norm = total**0.5
    if norm > max_norm:
        for p in kept:
            if p.grad is not None:
                p.grad = Tensor(p.grad.data / norm * max_norm)
    return norm


# %% nbgrader={"grade_id": "train_step", "solution": true}
def train_step(model, loss_fn, optimizer, inputs, targets, max_norm=None):
    scores = model(inputs)
    loss = loss_fn(scores, targets)
    for p in model.parameters():
        p.grad = None
    loss.backward()
    if max_norm:
        clip_grad_norm_(list(model.parameters()), max_norm)
    optimizer.step()
    return float(loss.data)


# %% nbgrader={"grade_id": "accuracy", "solution": true}
def accuracy(logits, targets):
    right = 0
    for row, target in zip(logits.data, targets.data):
        best = 0
        for k in range(len(row)):
            if row[k] > row[best]:
                best = k
        if best == target:
            right += 1
    return right / len(targets.data)


# %% nbgrader={"grade_id": "confusion_matrix", "solution": true}
def confusion_matrix(targets, predictions, classes):
    counts = np.zeros((classes, classes), dtype=np.int32)
    for t, p in zip(targets, predictions):
        counts[t, p] += 1
    return counts


# %% nbgrader={"grade_id": "evaluate", "solution": true}
def evaluate(model, loss_fn, loader, metric=accuracy):
    before = model.training
    model.eval()
    losses, shares, sizes = [], [], []
    for inputs, targets in loader:
        with no_grad():
            scores = model(inputs)
            losses.append(float(loss_fn(scores, targets).data))
        shares.append(metric(scores, targets))
        sizes.append(inputs.shape[0])
    if before:
        model.train()
    else:
        model.eval()
    return float(np.average(losses, weights=sizes)), float(np.average(shares, weights=sizes))


# %% nbgrader={"grade_id": "fit", "solution": true}
def fit(trainer, train_loader, validation_loader, epochs):
    for epoch in range(trainer.epoch, epochs):
        if trainer.stopped:
            break
        trainer.model.train()
        total, count = 0.0, 0
        for batch in train_loader:
            total += len(batch[1]) * trainer.train_batch(batch[0], batch[1])
            count += len(batch[1])
        loss, share = evaluate(trainer.model, trainer.loss_fn, validation_loader, trainer.metric)
        trainer.end_epoch(total / count, loss, share)
    return trainer.history
