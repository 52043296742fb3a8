"""Mistakes that students make cost points: for each exercise of modules 04 to 08, solutions that are nearly right."""

import pytest

from tests.modules.judging import CURRICULUM, judge_mistake

pytestmark = pytest.mark.modules

# (exercise, what is wrong, the text of the reference, what stands there instead)
MISTAKES = [
    ("mse_loss", "is the absolute error", "(input - target) ** 2", "(input - target).abs()"),
    ("mse_loss", "broadcasts", 'check_same_shape("mse_loss", input, target)', "pass"),
    ("mse_loss", "ignores the reduction", ", reduction)", ', "mean")'),
    ("logsumexp", "overflows", "np.exp(a - m)", "np.exp(a)"),
    ("logsumexp", "takes out the smallest", "np.max(", "np.min("),
    ("logsumexp", "takes out one number for all", "np.max(a, axis=dim, keepdims=True)", "np.max(np.abs(a))"),
    ("logsumexp", "forgets to put it back", "return m + ", "return "),
    ("log_softmax", "ignores the axis", "logsumexp(shifted, dim)", "logsumexp(shifted, -1)"),
    ("log_softmax", "forgets that 1e8 leaves no room", "shifted - logsumexp(shifted, dim)", "a - logsumexp(a, dim)"),
    ("log_softmax", "takes the logarithm of a probability",
     "shifted - logsumexp(shifted, dim)", "np.log(np.exp(shifted - logsumexp(shifted, dim)))"),
    ("cross_entropy", "has the wrong sign", "-picked", "picked"),
    ("cross_entropy", "picks whole columns", "np.arange(len(classes)), classes", ":, classes"),
    ("cross_entropy", "checks nothing", "checked_targets(input, target)", "unwrap(target)"),
    ("cross_entropy", "ignores the reduction", ", reduction)", ', "mean")'),
    ("cross_entropy", "normalises over the batch", "dim=1", "dim=0"),
    ("softplus", "overflows", "np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))", "np.log(1 + np.exp(a))"),
    ("softplus", "loses small numbers", "np.log1p(np.exp(-np.abs(a)))", "np.log(1 + np.exp(-np.abs(a)))"),
    ("binary_cross_entropy_with_logits", "mixes up yes and no", "input * target", "input * (1 - target)"),
    ("binary_cross_entropy_with_logits", "sums", ", reduction)", ', "sum")'),
    ("mul_rule", "gives each its own", "grad * b, grad * a", "grad * a, grad * b"),
    ("mul_rule", "forgets the blame", "grad * b, grad * a", "b + 0 * grad, a + 0 * grad"),
    ("unbroadcast", "forgets the axes in front", "grad = grad.sum(axis=tuple(range(in_front)))", "pass"),
    ("unbroadcast", "drops the repeated axes", "keepdims=True", "keepdims=False"),
    ("unbroadcast", "averages", "return grad.sum(", "return grad.mean("),
    ("matmul_rule", "transposes everything", "b.swapaxes(-1, -2)", "b.T"),
    ("matmul_rule", "works for nothing", " if wanted[0] else None", ""),
    ("matmul_rule", "mixes up the order", "a.swapaxes(-1, -2) @ grad", "(grad.swapaxes(-1, -2) @ a)"),
    ("topological_order", "forgets what it has seen", "elif id(current) not in seen:", "else:"),
    ("topological_order", "is not reversed", "order[::-1]", "order"),
    ("topological_order", "lists before the parents", "stack.append((current, True))", "order.insert(0, current)"),
    ("backpropagate", "overwrites instead of adding",
     "its_gradient if known is None else known + its_gradient", "its_gradient"),
    ("backpropagate", "overwrites a leaf's gradient",
     "grad.copy() if current.grad is None else current.grad.data + grad", "grad.copy()"),
    ("backpropagate", "shares memory between leaves", "grad.copy() if", "grad if"),
    ("log_softmax_rule", "forgets the sum", " * grad.sum(axis=dim, keepdims=True)", ""),
    ("log_softmax_rule", "ignores the axis", "axis=dim", "axis=-1"),
    ("log_softmax_rule", "takes logarithms for probabilities", "np.exp(out)", "out"),
    ("sgd_step", "walks uphill", "p - lr * g", "p + lr * g"),
    ("sgd_step", "changes the parameter in place", "return p - lr * g", "p -= lr * g\n    return p"),
    ("momentum_step", "steps with the old velocity",
     "sgd_step(p, velocity, lr), velocity", "sgd_step(p, (velocity - g) / momentum, lr), velocity"),
    ("momentum_step", "averages the gradient", "velocity + g", "velocity + (1 - momentum) * g"),
    ("momentum_step", "changes the velocity in place",
     "velocity = momentum * velocity + g", "velocity *= momentum\n    velocity += g"),
    ("adam_step", "corrects nothing", "m / (1 - betas[0] ** t)", "m"),
    ("adam_step", "returns corrected averages", "+ eps), m, v", "+ eps), m_corrected, v_corrected"),
    ("adam_step", "adds eps below the root", "np.sqrt(v_corrected) + eps", "np.sqrt(v_corrected + eps)"),
    ("adam_step", "forgets the root", "np.sqrt(v_corrected)", "v_corrected"),
    ("adam_step", "counts from zero", "** t)", "** (t + 1))"),
    ("adam_step", "changes m in place",
     "m = betas[0] * m + (1 - betas[0]) * g", "m *= betas[0]\n    m += (1 - betas[0]) * g"),
    ("adamw_step", "decays through the gradient",
     "adam_step(p * (1 - lr * weight_decay), g,", "adam_step(p, g + weight_decay * p,"),
    ("adamw_step", "forgets the learning rate", "(1 - lr * weight_decay)", "(1 - weight_decay)"),
    ("warmup_cosine", "wastes the first step", "(step + 1) / warmup", "step / warmup"),
    ("warmup_cosine", "rises again after the end", "    if step >= total:\n        return 0.0\n", ""),
    ("warmup_cosine", "falls in a straight line", "0.5 * (1 + math.cos(math.pi * progress))", "1 - progress"),
    ("warmup_cosine", "begins the cosine at step 0", "(step - warmup) / (total - warmup)", "step / total"),
    ("read_idx", "takes any header", 'content[:3] != b"\\x00\\x00\\x08"', "False"),
    ("read_idx", "reads lengths backwards", '"big"', '"little"'),
    ("read_idx", "takes lengths for numbers", "header = 4 + 4 * axes", "header = 4"),
    ("shuffled_order", "draws with repetition", ".permutation(n)", ".integers(0, n, size=n)"),
    ("shuffled_order", "has a generator of its own", "generator()", "np.random.default_rng()"),
    ("shuffled_order", "only turns around", "generator().permutation(n)", "np.arange(n)[::-1]"),
    ("batch_indices", "always drops the rest", "drop_last and batches", "batches"),
    ("batch_indices", "never drops the rest", "batches.pop()", "pass"),
    ("batch_indices", "drops a full batch", " and len(batches[-1]) < batch_size", ""),
    ("default_collate", "makes a flat row", "np.stack(arrays)", "np.concatenate(arrays)"),
    ("default_collate", "takes the first two columns", "zip(*samples, strict=True)", "list(zip(*samples))[:2]"),
    ("load_batches", "never shuffles", "shuffled_order(n) if loader.shuffle else np.arange(n)", "np.arange(n)"),
    ("load_batches", "always shuffles", "shuffled_order(n) if loader.shuffle else np.arange(n)", "shuffled_order(n)"),
    ("load_batches", "forgets the collate function", "loader.collate_fn)", "None)"),
    ("load_batches", "forgets drop_last", ", loader.drop_last", ""),
    ("clip_grad_norm_", "makes short gradients long", "if norm > max_norm:", "if norm > 0:"),
    ("clip_grad_norm_", "forgets the root", "math.sqrt(", "float("),
    ("clip_grad_norm_", "cuts each number", "g.data * (max_norm / norm)", "np.clip(g.data, -max_norm, max_norm)"),
    ("clip_grad_norm_", "limits each gradient by itself", "max_norm / norm", "max_norm / np.linalg.norm(g.data)"),
    ("clip_grad_norm_", "gives the norm afterwards", "return norm", "return min(norm, max_norm)"),
    ("clip_grad_norm_", "walks through a generator twice",
     "for g in gradients:", "for g in [p.grad for p in parameters if p.grad is not None]:"),
    ("train_step", "never clears", "optimizer.zero_grad()", "pass"),
    ("train_step", "ignores max_norm", "if max_norm is not None:", "if False:"),
    ("train_step", "clips after the step",
     "    if max_norm is not None:\n        clip_grad_norm_(model.parameters(), max_norm)\n    optimizer.step()\n",
     "    optimizer.step()\n    if max_norm is not None:\n        clip_grad_norm_(model.parameters(), max_norm)\n"),
    ("train_step", "returns a Tensor", "loss.item()", "loss"),
    ("train_step", "returns the loss after the step", "loss.item()", "loss_fn(model(inputs), targets).item()"),
    ("accuracy", "asks each class for its best row", "axis=1", "axis=0"),
    ("accuracy", "counts", "np.mean", "np.sum"),
    ("confusion_matrix", "has rows for columns", "(targets, predictions)", "(predictions, targets)"),
    ("confusion_matrix", "counts equal pairs once",
     "np.add.at(counts, (targets, predictions), 1)", "counts[targets, predictions] += 1"),
    ("evaluate", "measures with dropout", "model.eval()", "pass"),
    ("evaluate", "keeps the graph", "with no_grad():", "if True:"),
    ("evaluate", "means over batches", "loss_fn(logits, targets).item() * len(targets)",
     "loss_fn(logits, targets).item() * loader.batch_size"),
    ("evaluate", "always goes back to training", "model.train(was_training)", "model.train()"),
    ("evaluate", "leaves the model in evaluation", "model.train(was_training)", "pass"),
    ("fit", "forgets training mode", "trainer.model.train()", "pass"),
    ("fit", "never stops early", " and not trainer.stopped", ""),
    ("fit", "counts by itself", "while trainer.epoch < epochs and not trainer.stopped:",
     "for _ in range(epochs):\n        if trainer.stopped:\n            break"),
    ("fit", "writes down the last batch's loss", "np.mean(losses)", "losses[-1]"),
    ("fit", "measures on what it learned from",
     "trainer.evaluate(validation_loader)", "trainer.evaluate(train_loader)"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("exercise", "wrong", "right_text", "wrong_text"), MISTAKES, ids=[f"{e}: {w}" for e, w, *_ in MISTAKES]
)
def test_a_mistake_costs_points(exercise, wrong, right_text, wrong_text, tmp_path):
    judge_mistake(exercise, wrong, right_text, wrong_text, tmp_path)


def test_every_exercise_has_at_least_two_mistakes():
    exercises = [
        e.name
        for m in CURRICULUM.written
        if m.slug in ("losses", "autograd", "optimizers", "dataloader", "training")
        for e in m.exercises
    ]
    counts = {name: sum(name == exercise for exercise, *_ in MISTAKES) for name in exercises}
    assert {name: count for name, count in counts.items() if count < 2} == {}
