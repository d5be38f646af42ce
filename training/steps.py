"""Training steps for so many minutes."""
import time
from torch.nn.utils import clip_grad_norm_


def train(model, optimiser, loss_of, keep, minutes, warmup, every):
    """The rate of each group rises over `warmup` steps and falls to zero with the time. `loss_of()` draws a batch; its mean is printed every so many steps; `keep()` checks and saves,
    every 400 steps and at the end."""
    rates = [group["lr"] for group in optimiser.param_groups]
    began, average, step = time.time(), None, 0
    while (progress := (time.time() - began) / 60 / minutes) < 1:
        for group, rate in zip(optimiser.param_groups, rates):
            group["lr"] = rate * min(1, (step + 1) / warmup) * (1 - progress)
        loss = loss_of()
        optimiser.zero_grad()
        loss.backward()
        clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        average = loss.item() if average is None else 0.99 * average + 0.01 * loss.item()
        step += 1
        if step % every == 0:
            print(f"step {step} loss {average:.3f} {time.time() - began:.0f}s", flush=True)
        if step % 400 == 0:
            keep()
    keep()
