# ruff: noqa - as students write; the names of the module are there when this runs in its place

# %% nbgrader={"grade_id": "clip_grad_norm_", "solution": true}
def clip_grad_norm_(parameters, max_norm):
    gradients = [p.grad for p in parameters if p.grad is not None]
    norm = float(np.linalg.norm([np.linalg.norm(g.data.astype("float64")) for g in gradients]))
    factor = max_norm / (norm + 1e-6)
    if factor < 1:
        for g in gradients:
            g.data = (g.data * factor).astype(g.data.dtype)
    return norm


# %% nbgrader={"grade_id": "train_step", "solution": true}
def train_step(model, loss_fn, optimizer, inputs, targets, max_norm=None):
    loss = loss_fn(model(inputs), targets)
    optimizer.zero_grad()
    loss.backward()
    clip_grad_norm_(model.parameters(), math.inf if max_norm is None else max_norm)
    optimizer.step()
    return float(loss.item())


# %% nbgrader={"grade_id": "accuracy", "solution": true}
def accuracy(logits, targets):
    return np.count_nonzero(np.argmax(logits.data, axis=-1) == targets.numpy()) / len(targets)


# %% nbgrader={"grade_id": "confusion_matrix", "solution": true}
def confusion_matrix(targets, predictions, classes):
    places = np.asarray(targets) * classes + np.asarray(predictions)
    return np.bincount(places, minlength=classes * classes).reshape(classes, classes)


# %% nbgrader={"grade_id": "evaluate", "solution": true}
def evaluate(model, loss_fn, loader, metric=accuracy):
    mode = model.training
    model.train(False)
    sums = np.zeros(3)
    with no_grad():
        for inputs, targets in loader:
            n = len(targets)
            logits = model(inputs)
            sums += [n * loss_fn(logits, targets).item(), n * metric(logits, targets), n]
    model.train(mode)
    return float(sums[0] / sums[2]), float(sums[1] / sums[2])


# %% nbgrader={"grade_id": "fit", "solution": true}
def fit(trainer, train_loader, validation_loader, epochs):
    def one_epoch():
        trainer.model.train()
        losses, sizes = zip(*[(trainer.train_batch(*batch), len(batch[1])) for batch in train_loader])
        return float(np.average(losses, weights=sizes))

    while not trainer.stopped and trainer.epoch < epochs:
        mean = one_epoch()
        loss, share = trainer.evaluate(validation_loader)
        trainer.end_epoch(mean, loss, share)
    return trainer.history
